"""Exchange rates of an agency's own, and what follows when it counts in another currency."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.accounts.actions import rates as quoting
from apps.accounts.actions.rates import RateLine
from apps.accounts.models import AgencySettings, Client, FxRate, OwnRate
from apps.accounts.queries import RATE_DAYS, quotes, rates
from apps.core.models import Entry, Finding
from apps.core.money import Rates
from apps.core.permissions import Role
from apps.core.templatetags.figures import conversion, money
from apps.core.undo import undo
from apps.health.models import AlertRule, Incident
from tests.world import NOW

DAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def reference(db):
    FxRate.objects.update_or_create(currency="EUR", valid_from="2020-01-01", defaults={"per_usd": "0.5"})
    FxRate.objects.filter(currency="EUR").exclude(valid_from="2020-01-01").delete()


def quoted(world, value, day=DAY, currency="EUR"):
    with world:
        line = RateLine(currency, day, Decimal(value), "our bank")
        return quoting.set_rates([line], by=world.seats[Role.FINANCE], at=NOW)


def test_an_own_rate_counts_from_its_day_and_in_its_agency_only(acme, zeta):
    quoted(acme, "0.8")
    with acme:
        assert rates("USD", DAY)["EUR"] == Decimal("1.25")
        assert rates("USD", DAY - timedelta(days=1))["EUR"] == 2  # the reference's
        assert quotes(DAY)["EUR"].own
    with zeta:
        assert rates("USD", DAY)["EUR"] == 2


def test_a_rate_is_set_by_the_page_and_taken_back_from_the_ledger(acme, client):
    client.force_login(acme.user(Role.FINANCE))
    form = {"currency": "EUR", "per_usd": "0.8", "valid_from": "2026-03-01", "source": "our bank"}
    assert client.post(acme.url("settings/currency/rate/"), form).status_code == 302
    assert client.post(acme.url("settings/currency/rate/"), form | {"per_usd": "0.9"}).status_code == 302
    page = client.get(acme.url("settings/currency/")).content.decode()
    assert "our bank" in page
    with acme:
        assert OwnRate.objects.get().per_usd == Decimal("0.9")
        first, second = Entry.objects.filter(verb="rate.set").order_by("number")
        undo(second, by=acme.seats[Role.FINANCE], at=NOW)
        assert OwnRate.objects.get().per_usd == Decimal("0.8")
        undo(first, by=acme.seats[Role.FINANCE], at=NOW)
        assert not OwnRate.objects.exists()


def test_who_may_not_set_rates_may_not_take_them_back(acme, client):
    quoted(acme, "0.8")
    with acme:
        number = Entry.objects.get(verb="rate.set").number
    for role in (Role.SENIOR, Role.FINANCE):
        client.force_login(acme.user(role))
        client.post(acme.url(f"changes/undo/?numbers={number}"))
        with acme:
            assert OwnRate.objects.exists() is (role is Role.SENIOR)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"per_usd": "0"}, "greater than or equal"),
        ({"currency": "USD"}, "valid choice"),
        ({"currency": "XXX"}, "valid choice"),
        ({"valid_from": "soon"}, "valid date"),
    ],
)
def test_a_wrong_rate_is_refused(acme, client, values, said):
    client.force_login(acme.user(Role.OWNER))
    form = {"currency": "EUR", "per_usd": "0.8", "valid_from": "2026-03-01"} | values
    answer = client.post(acme.url("settings/currency/rate/"), form)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def brought(client, world, text):
    file = SimpleUploadedFile("rates.csv", text.encode())
    return client.post(world.url("settings/currency/rates/"), {"file": file})


def test_a_file_is_taken_whole_or_not_at_all(acme, client):
    client.force_login(acme.user(Role.OWNER))
    head = "currency,valid_from,per_usd,source\n"
    wrong = brought(client, acme, f"{head}EUR,2026-03-01,0.8,\nGBP,yesterday,0.7,\nJPY,2026-03-01,-3,\n")
    assert wrong.status_code == 422
    assert "Line 3" in wrong.content.decode()
    assert "Line 4" in wrong.content.decode()
    assert "header" in brought(client, acme, "a;b\n1;2\n").content.decode()
    assert brought(client, acme, f"{head}EUR,2026-03-01,0.8,\neur,2026-04-01,0.81,bank\n").status_code == 302
    with acme:
        assert OwnRate.objects.count() == 2
        entry = Entry.objects.get(verb="rate.import")
        assert set(entry.after["rates"]) == {"EUR 2026-03-01", "EUR 2026-04-01"}
        undo(entry, by=acme.seats[Role.OWNER], at=NOW)
        assert not OwnRate.objects.exists()


def test_an_old_rate_opens_an_item_for_who_may_set_rates_and_a_new_one_closes_it(acme, client):
    now = timezone.now()
    with acme:
        quoting.review(at=now)
        assert set(Finding.objects.filter(kind="rate-old").values_list("store__slug", "subject")) == {
            ("north", "CAD"),
            ("europe", "EUR"),
        }
    client.force_login(acme.user(Role.FINANCE))
    assert "converted by a rate of EUR from 2020-01-01" in client.get(acme.url("inbox/")).content.decode()
    assert client.get(acme.url("stores/europe/rates/"))["Location"] == acme.url("settings/currency/")
    with acme:
        line = RateLine("EUR", now.date() - timedelta(days=RATE_DAYS), Decimal("0.8"))
        quoting.set_rates([line], by=acme.seats[Role.FINANCE], at=now)
        assert not Finding.objects.filter(kind="rate-old", subject="EUR", state="open").exists()


def ranked(world, **more):
    return Finding.objects.create(
        kind="rate-old", store=world.store, opened_at=NOW, changed_at=NOW, at_stake=1000, currency="EUR", **more
    )


def test_another_currency_of_the_agency_retells_what_is_at_stake_at_once(acme, client):
    FxRate.objects.update_or_create(currency="JPY", valid_from="2020-01-01", defaults={"per_usd": "150"})
    FxRate.objects.filter(currency="JPY").exclude(valid_from="2020-01-01").delete()
    with acme:
        open_, done = ranked(acme, rank=2000), ranked(acme, rank=700, state="done", subject="B")
        resting = ranked(acme, rank=900, state="snoozed", snoozed_rank=900, subject="C")
        rule = AlertRule.objects.create(
            name="ODR", fact="health", metric="odr", condition="band", steps=[[60, "store"]]
        )
        incident = Incident.objects.create(
            number=1, store=acme.store, cause="odr", day=NOW.date(), rule=rule, rank=500, opened_at=NOW, changed_at=NOW
        )
    client.force_login(acme.user(Role.OWNER))
    form = {"currency": "JPY", "language": "en", "time_zone": "Asia/Shanghai"}
    assert client.post(acme.url("settings/currency/save/"), form).status_code == 302
    with acme:
        assert AgencySettings.objects.get().currency == "JPY"
        for row, rank in ((open_, 3000), (done, 1050), (resting, 1350), (incident, 750)):
            row.refresh_from_db()
            assert row.rank == rank
        assert resting.snoozed_rank == 1350


def test_a_clients_portal_currency_is_kept(acme, client):
    client.force_login(acme.user(Role.OWNER))
    form = {"name": "Harbour", "fee_currency": "USD", "currency": "EUR"}
    client.post(acme.url("settings/clients/new/"), form)
    with acme:
        made = Client.objects.get(name="Harbour")
        assert made.currency == "EUR"
    client.post(acme.url(f"settings/clients/{made.pk}/save/"), form | {"currency": "CAD"})
    with acme:
        assert Client.objects.get(name="Harbour").currency == "CAD"
        assert Entry.objects.get(verb="client.edit").after == {"currency": "CAD"}


def test_converted_money_tells_its_rate_and_day_and_what_has_none():
    worth = Rates("USD", {"USD": Decimal(1), "EUR": Decimal("1.25"), "GBP": Decimal("1.3")}, {"EUR": DAY})
    assert worth.converted(800, "EUR") == 1000
    assert worth.converted(800, "XYZ") is None
    assert conversion(worth) == "1 EUR = 1.25 USD · since 2026-03-01\nNo rate, so left out: XYZ"
    shown = money(1000, "USD", rates=worth, least=worth.missing)
    assert "≥ $10.00" in shown
    assert 'title="1 EUR = 1.25 USD' in shown
    assert "title" not in money(1000, "USD", rates=Rates("USD", {}))

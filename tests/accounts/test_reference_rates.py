"""The platform's reference rates by file in the console: looked at, loaded whole, in its log, taken back."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import FxRate
from apps.core.permissions import Role
from tests.factories import UserFactory
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])

ADDRESS = "/platform/accounts/fxrate/load/"
HEAD = "currency,per_usd,valid_from\n"
GOOD = f"{HEAD}EUR,0.8,2026-03-01\njpy,150,2026-03-01\n"


@pytest.fixture
def world(transactional_db) -> World:
    return World("acme")


@pytest.fixture
def console(world) -> Client:
    FxRate.objects.update_or_create(currency="EUR", valid_from="2020-01-01", defaults={"per_usd": "0.5"})
    FxRate.objects.update_or_create(
        currency="EUR", valid_from="2026-03-01", defaults={"per_usd": "0.7", "source": "a bank"}
    )
    client = Client()
    client.force_login(UserFactory(email="staff@example.com", is_staff=True, is_superuser=True))
    return client


def looked_at(console, text, name="march.csv"):
    return console.post(ADDRESS, {"deed": "look", "file": SimpleUploadedFile(name, text.encode())})


def loaded(console, text=GOOD, name="march.csv"):
    return console.post(ADDRESS, {"deed": "load", "name": name, "text": text}, follow=True).content.decode()


def taken_back(console):
    number = LogEntry.objects.filter(object_id="load").order_by("-pk").first().pk
    return console.post(ADDRESS, {"deed": "undo", "number": number}, follow=True).content.decode()


def standing() -> dict:
    rows = FxRate.objects.filter(valid_from__year=2026).values_list("currency", "per_usd", "source")
    return {currency: (rate, source) for currency, rate, source in rows}


BEFORE = {"EUR": (Decimal("0.7"), "a bank")}
AFTER = {"EUR": (Decimal("0.8"), ""), "JPY": (Decimal("150"), "")}


def test_a_file_is_looked_at_before_anything_is_loaded(console):
    assert ADDRESS in console.get("/platform/accounts/fxrate/").content.decode()
    page = looked_at(console, GOOD)
    text = page.content.decode()
    assert page.status_code == 200
    assert "0.7 (2026-03-01)" in text
    assert "+14.29 %" in text
    assert "replaces one" in text
    assert "Load 2 rates" in text
    assert standing() == BEFORE
    assert "2 rates loaded" in loaded(console, page.context["text"])
    assert standing() == AFTER


@pytest.mark.parametrize("step", [looked_at, lambda console, text: console.post(
    ADDRESS, {"deed": "load", "name": "march.csv", "text": text}
)])  # fmt: skip
def test_what_is_wrong_is_said_by_line_and_nothing_is_loaded(console, step):
    wrong = step(console, f"{HEAD}EUR,0.8,2026-03-01\nGBP,0.7,yesterday\nJPY,-3,2026-03-01\nUSD,1,2026-03-01\n")
    text = wrong.content.decode()
    assert all(f"Line {number}" in text for number in (3, 4, 5))
    assert "Line 2" not in text
    assert "Load 4 rates" not in text
    assert "header" in step(console, "a;b\n1;2\n").content.decode()
    assert "two rates" in step(console, f"{GOOD}EUR,0.9,2026-03-01\n").content.decode()
    assert standing() == BEFORE
    assert not LogEntry.objects.exists()


def test_a_load_stands_in_the_consoles_log_and_one_that_changes_nothing_does_not(console):
    loaded(console)
    assert "stand already" in loaded(console)
    entry = LogEntry.objects.get()
    assert (entry.user.email, entry.object_repr) == ("staff@example.com", "march.csv")
    page = console.get("/platform/admin/logentry/").content.decode()
    assert "Loaded from a file. Changed EUR 2026-03-01, JPY 2026-03-01." in page


def test_the_last_load_is_taken_back_once(console):
    loaded(console)
    assert "march.csv" in console.get(ADDRESS).content.decode()
    assert "2 rates taken back" in taken_back(console)
    assert standing() == BEFORE
    assert "A load was taken back." in console.get("/platform/admin/logentry/").content.decode()
    assert "taken back already" in taken_back(console)
    assert "march.csv" not in console.get(ADDRESS).content.decode()


def test_loads_are_taken_back_from_the_last_one_on(console):
    loaded(console)
    first = LogEntry.objects.get().pk
    loaded(console, f"{HEAD}EUR,0.9,2026-04-01\n", "april.csv")
    page = console.post(ADDRESS, {"deed": "undo", "number": first}).content.decode()
    assert "another one came after it" in page
    assert "april.csv" in page
    taken_back(console)
    assert "march.csv" in console.get(ADDRESS).content.decode()
    console.post(ADDRESS, {"deed": "undo", "number": first})
    assert standing() == BEFORE


def test_what_was_changed_since_is_named_and_nothing_is_taken_back(console):
    loaded(console)
    FxRate.objects.filter(currency="JPY", valid_from="2026-03-01").update(per_usd="151")
    assert "changed since. JPY 2026-03-01" in taken_back(console)
    assert standing() == AFTER | {"JPY": (Decimal("151"), "")}


def test_nobody_but_platform_staff_loads_rates(console, world):
    stranger = Client()
    stranger.force_login(world.user(Role.OWNER))
    assert stranger.post(ADDRESS, {"deed": "load", "name": "x.csv", "text": GOOD}).status_code in {302, 403}
    assert standing() == BEFORE

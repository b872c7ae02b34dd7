"""Ways to tell people that have failed for days are themselves told of, and no more once something arrives."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as SchemaEditor
from django.utils import timezone, translation

from apps.accounts.models import Store, StoreGrant
from apps.core.findings import update_findings
from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.health.actions import sending
from apps.health.models import AlertChannel, AlertDelivery
from apps.health.tasks import evaluate_alerts
from apps.sync.actions import webhooks
from apps.sync.actions.reviewing import review
from apps.sync.models import WebhookDelivery, WebhookEndpoint
from apps.team import actions
from apps.team.queries.inbox import at_stake_by_store, visible_findings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


def message(channel, now, *, age, error="HTTP 404", **values):
    row = AlertDelivery.objects.create(
        key=f"k{AlertDelivery.objects.count()}", channel=channel, event="opened", language="en", due_at=now,
        error=error, attempts=3, **values,
    )  # fmt: skip
    AlertDelivery.objects.filter(pk=row.pk).update(created_at=now - age)
    return row


@pytest.fixture
def bot(acme, now):
    """A chat bot whose messages have failed for five days, since one arrived a week ago."""
    with acme:
        bot = AlertChannel.objects.create(kind="feishu", name="Ops", failures=9, last_ok_at=now - 7 * DAY)
        message(bot, now, age=8 * DAY, error="an older trouble")
        message(bot, now, age=5 * DAY)
    return bot


def told(world, kind="channel-failing"):
    with world:
        return list(Finding.objects.filter(kind=kind, state="open"))


def look(world):
    evaluate_alerts.apply([], {"agency_id": world.agency.pk}).get()


def test_a_channel_that_fails_for_days_is_told_of_with_its_page(acme, bot, client):
    look(acme)
    look(acme)
    (found,) = told(acme)
    assert (found.subject, found.detail["days"], found.detail["error"]) == ("Ops", 5, "HTTP 404")
    client.force_login(acme.user(Role.OWNER))
    page = client.get(acme.url("inbox/")).content.decode()
    assert "Nothing has arrived by “Ops” for 5 days: HTTP 404" in page
    assert f'href="{acme.url(f"alerts/channels/{bot.pk}/")}"' in page
    assert client.get(acme.url(f"alerts/channels/{bot.pk}/")).status_code == 200


def test_it_closes_by_itself_when_something_arrives(acme, bot, now):
    look(acme)
    with acme:
        row = message(bot, now, age=timedelta(0), error="")
        sending._note(row, 200, "", at=now)
    look(acme)
    assert told(acme) == []
    with acme:
        assert Finding.objects.get(kind="channel-failing").state == "recovered"


@pytest.mark.parametrize("change", [{"failures": 0}, {"active": False}, {"last_ok_at": "now"}])
def test_well_switched_off_or_young_troubles_are_not(acme, bot, now, change):
    with acme:
        AlertChannel.objects.filter(pk=bot.pk).update(**{k: now if v == "now" else v for k, v in change.items()})
        message(bot, now, age=timedelta(hours=-1))
    look(acme)
    assert told(acme) == []


def test_two_of_one_name_are_two_and_other_agencies_know_nothing(acme, zeta, bot, now):
    with acme:
        other = AlertChannel.objects.create(kind="slack", name="Ops", failures=3)
        message(other, now, age=3 * DAY)
    look(acme)
    look(zeta)
    assert {each.detail["channel_id"] for each in told(acme)} == {str(bot.pk), str(other.pk)}
    assert told(zeta) == []


def test_only_who_may_change_channels_is_told(acme, bot):
    look(acme)
    with acme:
        seen = {role for role in Role if visible_findings(acme.seats[role]).filter(kind="channel-failing").exists()}
    assert Role.OWNER in seen
    assert not seen & {Role.JUNIOR, Role.CLIENT}


def test_it_belongs_to_no_store_and_stays_where_all_of_them_go(acme, bot):
    look(acme)
    with acme:
        Store.objects.update(active=False)
    look(acme)
    (found,) = told(acme)
    assert (found.store_id, found.at_stake, found.rank) == (None, None, 0)
    with acme:
        assert Finding.objects.filter(kind="channel-failing").count() == 1


@pytest.fixture
def ours(acme, bot):
    look(acme)
    (found,) = told(acme)
    return found


def test_no_grant_is_asked_for_but_the_right_to_mend_it(acme, ours):
    """A senior operator changes channels, also one without a store; who sees all stores does not for that."""
    with acme:
        StoreGrant.objects.all().delete()
        seen = {role for role in Role if visible_findings(acme.seats[role]).filter(store=None).exists()}
    assert seen == {Role.OWNER, Role.MANAGER, Role.SENIOR}


def test_the_portal_cannot_read_it_whatever_is_asked(acme, ours):
    with acme:
        Finding.objects.create(kind="sync-late", store=acme.store, opened_at=NOON, changed_at=NOON)
    with tenant(acme.agency.pk, stores=[acme.store.pk, acme.other_store.pk]):
        assert list(Finding.objects.values_list("kind", flat=True)) == ["sync-late"]


def test_the_inbox_has_a_group_and_a_filter_for_the_agency(acme, ours, client):
    with acme:
        Finding.objects.create(
            kind="sync-late", store=acme.store, rank=100, at_stake=100, currency="USD", opened_at=NOON, changed_at=NOON
        )
    client.force_login(acme.user(Role.OWNER))
    grouped = client.get(acme.url("inbox/?group=store"))
    heads = [(str(head.label), head.count, head.at_stake) for head, _card in grouped.context["headed"] if head]
    assert heads == [(acme.store.name, 1, 100), ("Agency", 1, 0)]
    assert [each.finding for each in client.get(acme.url("inbox/?store=~")).context["cards"]] == [ours]
    north = client.get(acme.url(f"inbox/?store={acme.store.slug}")).context["cards"]
    assert [each.finding.kind for each in north] == ["sync-late"]
    assert client.get(acme.url("inbox/?owner=me")).status_code == 200
    assert "Nothing has arrived by" in client.get(acme.url("")).content.decode(), "the overview's first steps"
    with acme:
        assert set(at_stake_by_store(acme.seats[Role.OWNER])) == {acme.store.pk}


def test_who_may_see_none_is_not_offered_the_filter(acme, client):
    for role, offered in ((Role.OWNER, True), (Role.ANALYST, False)):
        client.force_login(acme.user(role))
        assert (("~", "Agency") in client.get(acme.url("inbox/")).context["stores"]) == offered


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        ({"action": "assign"}, "open"),
        ({"action": "snooze", "days": "7"}, "snoozed"),
        ({"action": "dismiss", "reason": "Known"}, "dismissed"),
        ({"action": "finish"}, "done"),
    ],
    ids=["assign", "snooze", "dismiss", "finish"],
)
def test_it_is_worked_on_and_taken_back_as_any_other(acme, ours, client, asked, state):
    """By a senior operator, who has no store granted."""
    with acme:
        StoreGrant.objects.all().delete()
    senior = acme.seats[Role.SENIOR]
    client.force_login(acme.user(Role.SENIOR))
    more = {"to": str(senior.pk)} if asked["action"] == "assign" else {}
    assert client.post(acme.url("inbox/act/"), asked | more | {"ids": [str(ours.pk)]}).status_code == 200
    with acme:
        ours.refresh_from_db()
        assert (ours.state, ours.assigned_id) == (state, senior.pk if more else None)
        entry = Entry.objects.filter(target=str(ours.pk)).get()
        assert entry.store_id is None
    client.post(acme.url(f"changes/undo/?numbers={entry.number}"))
    with acme:
        ours.refresh_from_db()
        assert (ours.state, ours.assigned_id) == ("open", None)


def test_the_ledger_tells_of_it_who_may_see_it(acme, ours, client):
    with acme:
        actions.dismiss([ours], actions.Deed(acme.seats[Role.OWNER], NOON, "Known"))
    for role, told_of in ((Role.OWNER, True), (Role.MANAGER, True), (Role.ANALYST, False), (Role.FINANCE, False)):
        client.force_login(acme.user(role))
        verbs = [each.entry.verb for each in client.get(acme.url("changes/")).context["changes"]]
        assert ("inbox.dismiss" in verbs) == told_of, role


def test_a_dismissed_one_stays_away_and_there_is_one_of_each(acme, ours):
    with acme:
        actions.dismiss([ours], actions.Deed(acme.seats[Role.OWNER], NOON, "Known"))
    look(acme)
    assert told(acme) == []
    with acme, pytest.raises(IntegrityError, match="one_living_finding"), transaction.atomic():
        Finding.objects.create(kind=ours.kind, subject=ours.subject, opened_at=NOON, changed_at=NOON)


def test_only_kinds_about_the_agency_have_no_store(acme):
    with acme:
        for kind, store in (("sync-late", None), ("channel-failing", acme.store)):
            with pytest.raises(ValueError, match="store"):
                update_findings(kind, store, [], at=NOON)
        with pytest.raises(IntegrityError, match="agency_finding_without_money"), transaction.atomic():
            Finding.objects.create(kind="channel-failing", rank=1, at_stake=1, opened_at=NOON, changed_at=NOON)


def test_what_stood_with_a_store_was_moved_with_what_people_did(acme, zeta):
    """And goes back to the oldest store that is looked after."""
    values = {"kind": "webhook-failing", "subject": "erp.example.com", "opened_at": NOON, "changed_at": NOON}
    for world in (acme, zeta):
        with world:
            Finding.objects.create(store=world.store, state="dismissed", reason="Known", **values)
            Finding.objects.create(store=world.store, **values | {"kind": "sync-late"})
    moving = import_module("apps.core.migrations.0007_findings_of_the_agency")
    for move, homes in ((moving.move, [None, None]), (moving.put_back, [acme.store.pk, zeta.store.pk])):
        move(apps, SchemaEditor(connection))
        for world, home in zip((acme, zeta), homes, strict=True):
            with world:
                found = dict(Finding.objects.values_list("kind", "store_id"))
                assert found == {"webhook-failing": home, "sync-late": world.store.pk}
                assert Finding.objects.get(kind="webhook-failing").reason == "Known"


def test_the_usual_channel_has_its_name_in_the_readers_language(acme, now):
    with acme:
        usual = AlertChannel.objects.create(kind="email", name="E-mail", default="email", failures=3)
        message(usual, now, age=3 * DAY)
    look(acme)
    (found,) = told(acme)
    from apps.health.findings import CHANNEL

    with translation.override("zh-hans"):
        assert CHANNEL.words(found.detail)["channel"] == translation.gettext("E-mail") != "E-mail"


# -- webhooks of our own systems


@pytest.fixture
def hook(acme, now):
    with acme:
        hook = webhooks.add_endpoint(
            url="https://erp.example.com/in?key=secret", events=[], by=acme.seats[Role.OWNER], at=now
        )[0]
        WebhookEndpoint.objects.filter(pk=hook.pk).update(failures=12)
        delivery(hook, now, age=4 * DAY)
    return hook


def delivery(hook, now, *, age, **values):
    values = {"attempts": 5, "error": "HTTP 500"} | values
    row = WebhookDelivery.objects.create(endpoint=hook, event="run.done", payload={}, due_at=now, **values)
    WebhookDelivery.objects.filter(pk=row.pk).update(created_at=now - age)
    return row


def test_a_webhook_that_fails_for_days_is_told_of_without_what_its_address_hides(acme, hook, now, client):
    with acme:
        review(at=now)
    (found,) = told(acme, "webhook-failing")
    assert (found.subject, found.detail["days"]) == ("erp.example.com", 4)
    client.force_login(acme.user(Role.OWNER))
    page = client.get(acme.url("inbox/")).content.decode()
    assert "Nothing has arrived at erp.example.com for 4 days: HTTP 500" in page
    assert acme.url(f"settings/webhooks/{hook.pk}/") in page
    assert "secret" not in str(found.detail)
    with acme:
        attempt = webhooks.Attempt(delivery(hook, now, age=timedelta(0), error=""), hook)
        webhooks.delivered(attempt, 200, at=now)
        review(at=now)
    assert told(acme, "webhook-failing") == []


def test_one_that_we_switched_off_is_told_of_at_once_one_that_a_person_did_is_not(acme, hook, now, client):
    with acme:
        WebhookDelivery.objects.update(created_at=now)
        WebhookEndpoint.objects.update(active=False, failures=50)
        review(at=now)
    client.force_login(acme.user(Role.OWNER))
    assert "Webhooks to erp.example.com were switched off" in client.get(acme.url("inbox/")).content.decode()
    with acme:
        for active in (True, False):
            hook.refresh_from_db()
            owner = acme.seats[Role.OWNER]
            webhooks.change_endpoint(hook, url=hook.url, events=[], active=active, by=owner, at=now)
            review(at=now)
            assert not Finding.objects.filter(kind="webhook-failing", state="open").exists()

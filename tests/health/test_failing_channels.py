"""Ways to tell people that have failed for days are themselves told of, and no more once something arrives."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from apps.core.models import Finding
from apps.core.permissions import Role
from apps.health.actions import sending
from apps.health.models import AlertChannel, AlertDelivery
from apps.health.tasks import evaluate_alerts
from apps.sync.actions import webhooks
from apps.sync.actions.reviewing import review
from apps.sync.models import WebhookDelivery, WebhookEndpoint
from apps.team.queries.inbox import visible_findings

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


def test_it_moves_to_another_store_with_its_own(acme, bot):
    look(acme)
    with acme:
        acme.store.active = False
        acme.store.save()
    look(acme)
    assert [each.store_id for each in told(acme)] == [acme.other_store.pk]


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

"""Messages that really arrive: mail at an SMTP server, signed posts at bots, webhooks; late ones, and none lost."""

import base64
import io
import json
from datetime import time, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from standardwebhooks import Webhook

from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.health.actions import channels
from apps.health.actions import incidents as people
from apps.health.actions.evaluating import escalate, evaluate
from apps.health.actions.telling import ring_due
from apps.health.models import AlertChannel, AlertDelivery, Incident, IncidentEvent
from apps.health.tasks import deliver_alert
from apps.sync.actions import webhooks
from apps.sync.models import WebhookDelivery
from apps.sync.tasks import deliver
from tests.health.ground import TODAY, later, offer, ready, report, rule
from tests.health.receivers import SECRET, Chat, Post
from tests.world import NOW

BOTS = ("feishu", "dingtalk", "wecom", "slack")


@pytest.fixture
def post(settings):
    with Post().open() as made:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
        settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
        yield made


@pytest.fixture
def chat(settings):
    settings.ALLOW_HTTP_OUTSIDE = True
    with Chat().open() as made:
        yield made


def bot(world, chat, kind, secret=SECRET):
    owner = world.seats[Role.OWNER]
    query = "?access_token=t" if kind == "dingtalk" else ""
    return channels.add(kind, name=kind, url=f"{chat.url}/{kind}{query}", secret=secret, by=owner, at=NOW)


def mail(**values):
    return AlertChannel.objects.create(kind="email", name="Mail", **values)


def send(world):
    """Whatever their pause: all that waits is due now."""
    with world:
        AlertDelivery.objects.filter(state="due").update(due_at=timezone.now() - timedelta(seconds=1))
        ids = list(AlertDelivery.objects.filter(state="due").order_by("created_at").values_list("pk", flat=True))
    return [deliver_alert(str(each), world.agency.pk) for each in ids]


@pytest.fixture
def here(acme):
    """People whose clock is not that of the server."""
    for seat in acme.seats.values():
        seat.user.time_zone = "Asia/Shanghai"
        seat.user.save(update_fields=["time_zone"])
    with acme:
        ready(acme, acme.seats[Role.MANAGER])
        offer(acme.store, 800_000)
    return acme


def test_a_shock_reaches_inbox_mail_and_webhook_is_taken_escalated_and_recovers(here, post, chat):
    """The whole way, over real sockets."""
    owner = here.seats[Role.OWNER]
    with here:
        _endpoint, secret = webhooks.add_endpoint(url=chat.url + "/hook", events=[], by=owner, at=NOW)
        hook = AlertChannel.objects.create(kind="webhook", name="Hooks")
        rule(channels=[str(mail().pk), str(hook.pk)], steps=[[60, "owner"]])
        report(here.store, 24_000)
        for _again in range(3):
            evaluate(at=NOW)
        assert Incident.objects.count() == Finding.objects.filter(kind="incident-odr").count() == 1
        hooks = list(WebhookDelivery.objects.filter(event="incident.opened").values_list("pk", flat=True))
    assert send(here) == ["sent"]
    to, letter = post.mails[0]
    assert to == [here.user(Role.MANAGER).email]
    assert "New incident: Order defects" in letter["subject"]
    text = letter.get_body(("plain",)).get_content()
    assert "Order defect rate (FBA): 2.40%, limit 1.00%" in text
    assert "US$8,000.00" in text or "$8,000.00" in text
    assert "/acme/alerts/1/" in letter.get_body(("html",)).get_content()
    with here:
        WebhookDelivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert [deliver(str(each), here.agency.pk) for each in hooks] == ["sent"]
    _kind, _path, said, body, headers = chat.got[0]
    assert Webhook(secret).verify(body, headers)
    assert (said["type"], said["data"]["severity"], said["data"]["at_stake"]) == ("incident.opened", "high", 800_000)

    with here:
        assert escalate(at=later(minutes=61)) == 1
    send(here)
    assert post.mails[1][0] == [here.user(Role.OWNER).email]
    assert "Nobody has taken it yet" in post.mails[1][1]["subject"]
    with here:
        people.acknowledge(Incident.objects.get(), by=owner, at=later(minutes=70))
        assert escalate(at=later(days=1)) == 0
        report(here.store, 3_000, day=TODAY + timedelta(days=1))
        assert evaluate(at=later(days=1)).resolved == 1
        kinds = list(IncidentEvent.objects.order_by("id").values_list("kind", flat=True))
        assert [k for k in kinds if k != "told"] == ["opened", "escalated", "acknowledged", "eased", "resolved"]
        assert Finding.objects.get(kind="incident-odr").state == "recovered"
        assert WebhookDelivery.objects.filter(event="incident.resolved").count() == 1
    send(here)
    assert "Recovered by itself" in post.mails[2][1]["subject"]
    assert len(post.mails) == 3, "nothing was told twice"


@pytest.mark.parametrize("kind", BOTS)
def test_each_bot_takes_what_it_is_sent(here, chat, kind):
    with here:
        rule(channels=[str(bot(here, chat, kind).pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
    assert send(here) == ["sent"]
    got, _path, said, body, _headers = chat.got[0]
    assert got == kind
    words = json.dumps(said, ensure_ascii=False)
    assert "订单缺陷率" in words, "the agency reads Chinese"
    assert "2.40%" in words
    assert "/acme/alerts/1/" in words
    shapes = {"feishu": "card", "dingtalk": "markdown", "wecom": "markdown", "slack": "blocks"}
    assert shapes[kind] in said
    assert len(body) < 4096
    with here:
        assert AlertDelivery.objects.get().state == "sent"


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_a_wrong_secret_is_seen_although_the_chat_says_200(here, chat, kind):
    with here:
        rule(channels=[str(bot(here, chat, kind, secret="another").pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
    assert send(here) == ["failed"]
    with here:
        row = AlertDelivery.objects.select_related("channel").get()
        assert (row.state, row.attempts, row.channel.failures) == ("due", 1, 1)
        assert "not taken" in row.error
        assert row.due_at > timezone.now()


def test_an_outage_loses_nothing(here, chat, post):
    chat.broken = post.refuse = True
    with here:
        rule(channels=[str(bot(here, chat, "slack").pk), str(mail().pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
        assert Finding.objects.filter(kind="incident-odr", state="open").exists()
    assert set(send(here)) == {"failed"}
    chat.broken = post.refuse = False
    assert set(send(here)) == {"sent"}
    assert len(chat.got) == len(post.mails) == 1


def test_what_is_given_up_is_listed_and_can_be_sent_again(here, chat):
    chat.broken = True
    with here:
        rule(channels=[str(bot(here, chat, "slack").pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
    for _attempt in range(20):
        if not send(here):
            break
    with here:
        row = AlertDelivery.objects.get()
        assert (row.state, row.attempts) == ("dead", 10)
        channels.again(row, by=here.seats[Role.OWNER], at=timezone.now())
    chat.broken = False
    assert send(here) == ["sent"]


def test_two_workers_send_one_message_once(here, post):
    with here:
        rule(channels=[str(mail().pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
        row = AlertDelivery.objects.get()
        AlertDelivery.objects.update(due_at=timezone.now(), lease_until=timezone.now() + timedelta(seconds=30))
    assert deliver_alert(str(row.pk), here.agency.pk) == ""
    with here:
        AlertDelivery.objects.update(lease_until=None)
    assert [deliver_alert(str(row.pk), here.agency.pk) for _n in range(2)] == ["sent", ""]
    assert len(post.mails) == 1


def test_told_again_only_when_the_band_changes(here, post):
    with here:
        rule(channels=[str(mail().pk)])
        for hours, rate in enumerate([8_000, 8_500, 9_000, 12_000, 13_000, 8_000]):
            report(here.store, rate)
            evaluate(at=later(hours=hours))
        events = list(AlertDelivery.objects.order_by("created_at").values_list("event", flat=True))
    assert events == ["opened", "raised", "eased"]


def test_quiet_hours_by_the_readers_clock_unless_it_is_critical(here):
    manager = here.seats[Role.MANAGER]
    with here:  # NOW is 12:00 in London, 20:00 in Shanghai
        channels.set_hours(manager, quiet_from=time(19), quiet_to=time(8, 30), urgent=True, email=True)
        assert manager.user.time_zone == "Asia/Shanghai"
        mine = rule(channels=[str(mail().pk)])
        report(here.store, 24_000)
        evaluate(at=NOW)
        row = AlertDelivery.objects.get()
        assert row.due_at.isoformat() == "2026-03-03T00:30:00+00:00"
        assert ring_due(at=later(hours=1)) == 0
        assert ring_due(at=later(hours=13)) == 1
        mine.critical = mine.high = mine.notable = 1
        mine.save()
        report(here.store, 24_000, site="CA")
        offer(here.store, 500_000, site="CA")
        evaluate(at=NOW)
        assert AlertDelivery.objects.exclude(pk=row.pk).get().due_at == NOW


def test_secrets_are_sealed_and_not_in_the_ledger(here, chat):
    with here:
        made = bot(here, chat, "dingtalk")
        assert SECRET not in made.sealed and "access_token" not in made.sealed
        assert channels.opened(made)["secret"] == SECRET
        channels.change(made, secret="newer", name="other", by=here.seats[Role.OWNER], at=NOW)
        assert channels.opened(made) == {"url": f"{chat.url}/dingtalk?access_token=t", "secret": "newer"}
        told = json.dumps(list(Entry.objects.values("before", "after")), default=str)
        assert SECRET not in told and "access_token" not in told and "newer" not in told


def test_keys_are_rotated_for_bots_too(here, chat, settings):
    fresh = "k9:" + base64.b64encode(bytes(32)).decode()
    with here:
        made = bot(here, chat, "slack")
    settings.CREDENTIAL_KEYS = [fresh, *settings.CREDENTIAL_KEYS]
    call_command("rotate_credentials", stdout=io.StringIO())
    settings.CREDENTIAL_KEYS = [fresh]
    with here:
        assert channels.opened(AlertChannel.objects.get(pk=made.pk))["url"].endswith("/slack")


def test_a_bot_in_our_own_network_is_never_called(here, settings):
    settings.ALLOW_HTTP_OUTSIDE = False
    with here:
        made = channels.add("slack", name="s", url="https://10.0.0.7/x", by=here.seats[Role.OWNER], at=NOW)
        channels.test(made, by=here.seats[Role.OWNER], at=timezone.now())
    assert send(here) == ["failed"]
    with here:
        assert "private network" in AlertDelivery.objects.get().error


def test_the_test_button_sends_mail_to_whoever_pressed_it(here, post):
    with here:
        channels.test(mail(), by=here.seats[Role.SENIOR], at=timezone.now())
    assert send(here) == ["sent"]
    assert post.mails[0][0] == [here.user(Role.SENIOR).email]


# -- no stale news


def night(world) -> None:
    channels.set_hours(world.seats[Role.MANAGER], quiet_from=time(19), quiet_to=time(8, 30), urgent=True, email=True)


def due(world, **span: float) -> list[str]:
    """What workers do when the night is over."""
    with world:
        ids = list(AlertDelivery.objects.filter(state="due").order_by("created_at").values_list("pk", flat=True))
    return [deliver_alert(str(each), world.agency.pk) for each in ids]


def test_what_came_in_the_night_is_one_letter_in_the_morning_without_what_is_over(here, post):
    with here:  # NOW is 20:00 in Shanghai
        night(here)
        rule(channels=[str(mail().pk)])
        for site in ("US", "CA"):
            report(here.store, 24_000, site=site)
        report(here.other_store, 24_000, site="DE")
        type(here.store).objects.update(owner=here.seats[Role.MANAGER])
        evaluate(at=NOW)
        report(here.store, 1_000, day=TODAY + timedelta(days=1))
        evaluate(at=later(hours=2))
        assert list(AlertDelivery.objects.filter(state="merged").values_list("event", flat=True)) == ["opened"]
        AlertDelivery.objects.filter(state="due").update(due_at=timezone.now())
    assert due(here) == ["sent", "", ""]
    ((to, letter),) = post.mails
    assert to == [here.user(Role.MANAGER).email]
    text = letter.get_body(("plain",)).get_content()
    assert "3 messages meanwhile" in letter["subject"]
    assert text.count("New incident: Order defects") == 2
    assert text.count("Recovered by itself: Order defects") == 1
    assert "/acme/alerts/" in text
    with here:
        states = sorted(AlertDelivery.objects.values_list("state", flat=True))
    assert states == ["merged", "merged", "merged", "sent"]


def test_a_letter_of_several_is_tried_again_as_it_was(here, post):
    with here:
        night(here)
        rule(channels=[str(mail().pk)])
        for site in ("US", "CA"):
            report(here.store, 24_000, site=site)
        evaluate(at=NOW)
    post.refuse = True
    assert sorted(send(here)) == ["", "failed"]
    post.refuse = False
    assert send(here) == ["sent"]
    assert "2 messages meanwhile" in post.mails[0][1]["subject"]


def test_one_message_of_the_night_is_no_digest_and_the_newest_word_is_told(here, post):
    with here:
        night(here)
        rule(channels=[str(mail().pk)])
        report(here.store, 8_000)
        evaluate(at=NOW)
        report(here.store, 24_000)
        evaluate(at=later(hours=1))
    assert send(here) == ["sent"]
    assert "over the limit" in post.mails[0][1]["subject"]
    assert len(post.mails) == 1


def test_more_than_a_few_at_once_are_one_message_by_day(here, post):
    with here:
        rule(channels=[str(mail().pk)], fact="metric", metric="stock_available", condition="threshold", grain="sku",
             operator="le", value=0)  # fmt: skip
        from apps.inventory.models import StockDay

        for n in range(8):
            offer(here.store, 1_000, sku=f"S{n}", units_30d=3)
            StockDay.objects.create(
                store=here.store, marketplace_id="US", sku=f"S{n}", date=TODAY - timedelta(days=1), available=0,
                as_of=NOW,
            )  # fmt: skip
        evaluate(at=NOW)
        assert Incident.objects.count() == 8
    assert send(here).count("sent") == 1
    assert "8 messages meanwhile" in post.mails[0][1]["subject"]
    assert "S3" in post.mails[0][1].get_body(("plain",)).get_content()

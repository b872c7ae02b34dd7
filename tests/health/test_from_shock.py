"""From the market to the people: more negative feedback at the sandbox, and who is told of it, by real processes.

The sandbox is four days behind and catches up. The report of a day counts orders placed 75 to 16 days before it, so
trouble with the oldest four of these days is in the first report, and has left the one four days later.
"""

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from apps.core.models import Finding
from apps.core.permissions import Role
from apps.health.actions import channels
from apps.health.models import AlertChannel, AlertDelivery, Defect, HealthDay, Incident, IncidentEvent, Signal
from apps.sync.actions import webhooks
from apps.sync.models import Run, Stream, WebhookDelivery
from tests.health.ground import ready, rule
from tests.health.receivers import SECRET, Chat, Post
from tests.sync.live import OVER, running

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ACCOUNT, PLACE = "lumora:NA", {"account": "lumora:NA", "programme": "afn"}
TAKEN, LEFT = "US", "CA"  # the site whose incident somebody takes, and the one that nobody looks at
BEHIND = timedelta(days=4)
AT_ONCE = 8  # evaluations rung for at the same time
EVENTS = ["incident.opened", "incident.raised", "incident.eased", "incident.escalated", "incident.resolved"]


@pytest.fixture
def post():
    with Post().open() as made:
        yield made


@pytest.fixture
def chat():
    with Chat().open() as made:
        yield made


class Desk:
    """The agency at its pages, and what reaches it."""

    def __init__(self, post, chat):
        self.post, self.chat = post, chat

    def furnish(self, world) -> None:
        """An owner of the store, three ways to be told, and two rules about one rate."""
        self.world, boss = world, world.seats[Role.OWNER]
        ready(world, world.seats[Role.MANAGER])
        hook = f"{self.chat.url}/hook"
        _endpoint, self.secret = webhooks.add_endpoint(url=hook, events=EVENTS, by=boss, at=timezone.now())
        bot = channels.add(
            "feishu", name="Bot", url=f"{self.chat.url}/feishu", secret=SECRET, by=boss, at=timezone.now()
        )
        ways = [AlertChannel.objects.create(kind=kind, name=kind) for kind in ("email", "webhook")]
        said = {"programme": "afn", "channels": [str(each.pk) for each in (*ways, bot)], "steps": [[0, "owner"]]}
        rule(name="ODR near its limit", **said)
        rule(name="ODR about to break its limit", condition="forecast", **said)

    @staticmethod
    def quieten(box) -> None:
        """Not one defect until the shock."""
        for site in (TAKEN, LEFT):
            box.desk("health", {**PLACE, "marketplace": site, "metric": "orderDefectRate", "count": 0})

    def as_(self, role: Role) -> Client:
        client = Client()
        client.force_login(self.world.user(role))
        return client

    def mails(self) -> Counter:
        """(to, first words of the subject, site): how often."""
        return Counter(
            (to[0].partition("@")[0], letter["subject"].strip().partition(":")[0], site)
            for to, letter in self.post.mails
            for site in (TAKEN, LEFT)
            if f"acme north {site}" in letter["subject"]
        )

    def posts(self) -> Counter:
        """(event, site) of the webhook's signed posts."""
        found = Counter()
        for kind, _path, said, body, headers in list(self.chat.got):
            if kind == "hook":
                assert Webhook(self.secret).verify(body, headers)
                found[said["type"], said["data"]["marketplace"]] += 1
        return found

    def chats(self) -> int:
        return sum(kind == "feishu" for kind, *_ in list(self.chat.got))


class Days:
    """The product's days, driven by its own doors: people press, processes do the work."""

    def __init__(self, live, desk):
        self.live, self.desk, self.world = live, desk, live.world

    def sync(self) -> None:
        """Bring account health and feedback again, as the pages do it."""
        days = {"since": str((timezone.now() - timedelta(days=80)).date()), "until": str(timezone.now().date())}
        with self.world:
            streams = list(Stream.objects.filter(dataset__in=["health", "feedback"]).values_list("pk", flat=True))
            before = Run.objects.filter(state__in=OVER).count()
        boss = self.desk.as_(Role.OWNER)
        for each in streams:
            assert boss.post(self.world.url(f"sync/streams/{each}/pull/"), days).status_code == 302
        self.live.ring("apps.sync.tasks.sweep", queue="sync")  # the pages' own bell rings at the tests' Valkey
        self.live.wait_for_runs(before + len(streams), 120)

    def look(self) -> None:
        """Forecasts and findings anew, then the rules: many times at once. Back when all of it is done."""
        ids = {"agency_id": self.world.agency.pk}
        self.done("apps.health.tasks.refresh_store", 1, **ids, store_id=self.live.store.pk)
        self.done("apps.health.tasks.evaluate_alerts", AT_ONCE, **ids)

    def done(self, task: str, times: int, **kwargs) -> None:
        before = self.live.succeeded(task)
        self.live.ring(task, queue="bulk", times=times, **kwargs)
        self.live.wait(lambda: self.live.succeeded(task) >= before + times, 90)

    def rate(self, site: str) -> HealthDay:
        with self.world:
            rows = HealthDay.objects.filter(store=self.live.store, marketplace_id=site, metric="odr", programme="afn")
            return rows.latest("date")

    def arrived(self) -> None:
        """Nothing that was written waits any more."""

        def empty() -> bool:
            with self.world:
                return not AlertDelivery.objects.exclude(state="sent").exists() and not (
                    WebhookDelivery.objects.exclude(state="sent").exists()
                )

        self.live.wait(empty, 90)

    def incident(self, site: str) -> Incident:
        """The one there is."""
        with self.world:
            return Incident.objects.get(marketplace=site)

    def card(self, site: str) -> Finding:
        """The one that speaks of the rate: the incident's, also where account health had opened one before."""
        with self.world:
            about = Finding.objects.filter(marketplace=site, store=self.live.store)
            assert not about.filter(kind="health-breach", subject="odr:afn", state="open").exists(), (
                "one card for one cause"
            )
            return about.get(kind="incident-odr")


def test_a_shock_in_the_market_reaches_people_once_and_ends_by_itself(tmp_path, post, chat, settings):
    settings.ALLOW_HTTP_OUTSIDE = True
    desk = Desk(post, chat)
    more = {"EMAIL_URL": f"smtp://127.0.0.1:{post.port}", "BASE_URL": "https://desk.example.com"}
    with running(
        tmp_path, ACCOUNT, lease=4, scale=0.5, behind=BEHIND, more=more, sites=(TAKEN, LEFT),
        datasets={"orders": 100, "listings": 0, "health": 0, "feedback": 100}, calm=desk.quieten, furnish=desk.furnish,
    ) as live:  # fmt: skip
        days = Days(live, desk)
        live.wait_until_settled(180)
        days.look()
        assert [(days.rate(site).status, days.rate(site).count) for site in (TAKEN, LEFT)] == [("good", 0)] * 2
        with live.world:
            assert not Incident.objects.exists()
        nobody_is_told_of_calm(desk)

        with live.paused("beat"):  # escalation is due at once: the clock waits until one of them is taken
            shocked(days)
            opened_once(days)
            taken_by_the_owner_of_the_store(days)
        escalated_where_nobody_took_it(days)

        live.box.desk("clock", {"advance_days": 1})
        days.sync()
        days.look()
        assert all(days.rate(site).status == "bad" for site in (TAKEN, LEFT))
        still_the_same(days)

        live.box.desk("clock", {"advance_days": BEHIND.days - 1})
        days.sync()
        days.look()
        recovered_by_itself(days)
        days.look()
        recovered_by_itself(days)


def nobody_is_told_of_calm(desk) -> None:
    assert not desk.post.mails
    assert not desk.chat.got


def shocked(days) -> None:
    """Buyers of four old days were not content: each of them said so weeks ago, and the product now hears it."""
    first = str((days.live.now() - timedelta(days=75)).date())
    for site in (TAKEN, LEFT):
        trouble = {"kind": "negative_feedback", "share": 1, "from": first, "days": BEHIND.days}
        assert days.live.box.desk("health", {**PLACE, "marketplace": site, **trouble})["struck_so_far"] > 10
    days.sync()
    days.look()
    for site in (TAKEN, LEFT):
        found = days.rate(site)
        assert (found.status, found.rate > 15_000) == ("bad", True), "over 1 %"
        with days.world:
            defects = Defect.objects.filter(marketplace_id=site, withdrawn_on=None)
            assert defects.filter(kind="feedback").count() >= found.count, "and the reasons came with it"


def opened_once(days) -> None:
    """One incident for one cause, with two rules under it; one card, one mail, one signed post, one word by the bot."""
    desk, manager = days.desk, days.world.seats[Role.MANAGER]
    days.arrived()
    with days.world:
        assert dict(Incident.objects.values_list("marketplace", "cause")) == {TAKEN: "odr", LEFT: "odr"}
        assert Signal.objects.filter(living=True).values("rule").distinct().count() == 2
        assert Signal.objects.filter(living=True).count() == 4, "both rules on both sites"
        assert set(Incident.objects.values_list("owner", "band", "step")) == {(manager.pk, 2, 0)}
        assert Incident.objects.aggregate(sum=Sum("at_stake"))["sum"] > 0, "with the sales that hang on it"
    assert desk.mails() == {("acme-manager", "New incident", site): 1 for site in (TAKEN, LEFT)}
    assert desk.posts() == {("incident.opened", site): 1 for site in (TAKEN, LEFT)}
    assert desk.chats() == 2
    letter = next(letter for _to, letter in desk.post.mails if f"north {TAKEN}" in letter["subject"])
    shown = f"{days.rate(TAKEN).rate / 10_000:.2f}%, limit 1.00%"
    assert shown in letter.get_body(("plain",)).get_content()
    number = days.incident(TAKEN).number
    assert f"https://desk.example.com/acme/alerts/{number}/" in letter.get_body(("html",)).get_content()
    for site in (TAKEN, LEFT):
        card = days.card(site)
        query = f"?kind={card.kind}&mp={site}&q={card.subject}"
        page = desk.as_(Role.MANAGER).get(days.world.url(f"inbox/{query}")).content.decode()
        assert page.count('data-announce="1 item"') == 1, "one card for one cause"
    junior = desk.as_(Role.JUNIOR).get(days.world.url(f"alerts/{number}/"))
    assert shown in junior.content.decode()


def taken_by_the_owner_of_the_store(days) -> None:
    page = days.world.url(f"alerts/{days.incident(TAKEN).number}/act/")
    assert days.desk.as_(Role.MANAGER).post(page, {"action": "acknowledge"}).status_code == 302
    assert days.incident(TAKEN).state == "acknowledged"
    assert days.incident(LEFT).state == "open"


def escalated_where_nobody_took_it(days) -> None:
    """By the clock's own sweep, once."""
    days.live.wait(lambda: days.incident(LEFT).step == 1, 90)
    for _again in range(3):
        days.live.ring("apps.health.tasks.sweep_alerts", queue="interactive", times=4)
    days.arrived()
    days.look()
    assert (days.incident(TAKEN).step, days.incident(TAKEN).state) == (0, "acknowledged")
    assert days.desk.mails()["acme-owner", "Nobody has taken it yet", LEFT] == 1
    assert days.desk.posts()["incident.escalated", LEFT] == 1
    still_the_same(days)


def still_the_same(days) -> None:
    """Whatever was looked at how often: two mails that it began, one that nobody took it."""
    days.arrived()
    with days.world:
        assert Incident.objects.count() == 2
        assert Counter(IncidentEvent.objects.values_list("kind", flat=True)) >= Counter(opened=4, acknowledged=1)
    assert sum(days.desk.mails().values()) == len(days.desk.post.mails) == 3
    assert sum(days.desk.posts().values()) == days.desk.chats() == 3


def recovered_by_itself(days) -> None:
    desk = days.desk
    days.arrived()
    for site in (TAKEN, LEFT):
        assert days.rate(site).status == "good", "the defects have left the window"
        assert days.incident(site).state == "resolved"
        assert days.card(site).state == "recovered"
    assert desk.mails() == {
        **{
            ("acme-manager", what, site): 1
            for what in ("New incident", "Recovered by itself")
            for site in (TAKEN, LEFT)
        },
        ("acme-owner", "Nobody has taken it yet", LEFT): 1,
    }
    told = {(f"incident.{what}", site): 1 for what in ("opened", "resolved") for site in (TAKEN, LEFT)}
    assert desk.posts() == {**told, ("incident.escalated", LEFT): 1}
    assert desk.chats() == 5
    page = desk.as_(Role.MANAGER).get(days.world.url(f"alerts/{days.incident(LEFT).number}/")).content.decode()
    assert "Recovered" in page

"""Findings are seen by site: in the inbox, its counts and its money, on the overview, in the ledger and by keys."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from apps.accounts.models import StoreGrant
from apps.core import undo
from apps.core.models import Finding
from apps.core.permissions import Role
from apps.team import actions
from apps.team.actions import Deed
from apps.team.queries import inbox
from tests.core.test_rest import Api, key_for

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEEN = {"mine", "pool", "whole"}
MONEY = {"mine": 100, "theirs": 1000, "pool": 10, "far-pool": 10_000, "whole": 1}


def opened(store, subject, site, **detail):
    return Finding.objects.create(
        kind="restock-urgent", store=store, marketplace=site, subject=subject, rank=MONEY[subject], at_stake=1,
        detail={"sku": subject, "title": subject, **detail}, opened_at=AT, changed_at=AT, due=AT.date(), currency="USD",
    )  # fmt: skip


@pytest.fixture
def north(acme):
    """The juniors and seniors of `north` keep their grant for US only; FR and DE stand for a pool of sites."""
    with acme:
        found = [
            opened(acme.store, "mine", "US", sites=["US"]),
            opened(acme.store, "theirs", "CA", sites=["CA"]),
            opened(acme.store, "pool", "CA", pool="NARF", sites=["CA", "US"]),
            opened(acme.store, "far-pool", "CA", pool="OTHER", sites=["CA", "MX"]),
            opened(acme.store, "whole", ""),
        ]
        StoreGrant.objects.filter(store=acme.store).update(marketplace="US")
        acme.found = {each.subject: each for each in found}
    return acme


def test_the_inbox_its_counts_and_its_money_hold_the_granted_sites_only(north):
    junior, owner = north.seats[Role.JUNIOR], north.seats[Role.OWNER]
    with north:
        assert {each.subject for each in inbox.visible_findings(junior)} == SEEN
        totals = inbox.inbox_totals(junior, today=AT.date())
        assert (totals.open, totals.at_stake, totals.due_today, sum(totals.by_kind.values())) == (3, 111, 3, 3)
        assert inbox.at_stake_by_store(junior) == {north.store.pk: (3, 111)}
        assert inbox.at_stake_by_store(owner) == {north.store.pk: (5, 11_111)}


def test_the_pages_say_nothing_of_the_others(north, client):
    client.force_login(north.user(Role.JUNIOR))
    for path in ("inbox/", ""):
        answer = client.get(north.url(path))
        assert {card.finding.subject for card in answer.context["cards"]} == SEEN
        assert answer.context["totals"].at_stake == 111
    assert "theirs" not in client.get(north.url("inbox/")).content.decode()


def test_nobody_works_on_what_they_do_not_see(north, client):
    client.force_login(north.user(Role.JUNIOR))
    ids = [north.found[name].pk for name in ("mine", "theirs", "far-pool")]
    client.post(north.url("inbox/act/"), {"action": "dismiss", "reason": "No", "ids": ids})
    with north:
        dismissed = Finding.objects.filter(state="dismissed").values_list("subject", flat=True)
        assert list(dismissed) == ["mine"]


def test_items_given_to_somebody_who_lost_the_site_are_not_counted(north, client):
    with north:
        Finding.objects.update(assigned=north.seats[Role.JUNIOR])
    client.force_login(north.user(Role.JUNIOR))
    inbox_link = next(link for link in client.get(north.url("")).context["nav"].entries if link.key == "inbox")
    assert inbox_link.count == 3


def test_the_ledger_is_silent_about_them_also_when_undone(north, client):
    with north:
        deed = Deed(north.seats[Role.OWNER], timezone.now(), "No")
        entries = actions.dismiss(north.found.values(), deed)
        for entry in entries:
            undo.undo(entry, by=deed.by, at=deed.at)
    junior = client
    junior.force_login(north.user(Role.JUNIOR))
    told = [change.entry.title.split()[1] for change in junior.get(north.url("changes/")).context["changes"]]
    assert sorted(told) == sorted(2 * list(SEEN))
    hidden = next(e for e in entries if "theirs" in e.title)
    assert junior.post(north.url(f"changes/undo/?numbers={hidden.number}")).status_code == 404
    api = Api(key_for(north, "changes:read", stores=[north.store]))
    with north:
        StoreGrant.objects.filter(member__name="ERP").update(marketplace_id="US")
    titles = {each["title"].split()[1] for each in api.get("/api/v1/changes").json()["items"]}
    assert titles == SEEN
    everybody = Api(key_for(north, "changes:read", "stores:all"))
    assert len(everybody.get("/api/v1/changes").json()["items"]) == 10

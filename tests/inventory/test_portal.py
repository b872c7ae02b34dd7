"""What clients see and decide: their own stores, as the portal's database role."""

import pytest
from django.db import ProgrammingError
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Client, FxRate
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.inventory.actions import Turn, create_plans
from apps.inventory.actions import plans as steps
from apps.inventory.models import OwnStock, Plan, PlanLine, Policy, Replenishment
from apps.inventory.queries.portal import decision
from tests.inventory.lines import fill


@pytest.fixture
def acme(acme):
    with acme:
        fill(acme.store, 6)
        fill(acme.other_store, 2, pool="DE", currency="EUR")
        owner, now = acme.seats[Role.OWNER], timezone.now()
        acme.plans = create_plans(list(Replenishment.objects.all()), by=owner, at=now)
        acme.mine = next(p for p in acme.plans if p.store_id == acme.store.pk)
        acme.theirs = next(p for p in acme.plans if p.store_id == acme.other_store.pk)
        for plan in acme.plans:
            steps.ask_client(plan, Turn(owner, now))
            plan.refresh_from_db()
    return acme


def at(world, name, **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


@pytest.fixture
def guest(client, acme):
    client.force_login(acme.user(Role.CLIENT))
    return client


def test_a_client_sees_the_lines_of_the_granted_store_and_no_costs(guest, acme):
    page = guest.get(at(acme, "portal-replenishment")).content.decode()
    assert "Title of N-S0" in page
    assert "E-S0" not in page
    for secret in ("46.80", "Mill", "acme-owner", "Acme-Owner"):
        assert secret not in page
    assert "N-S2" in guest.get(at(acme, "portal-replenishment") + "?status=excess").content.decode()


def test_another_clients_plan_does_not_exist(guest, acme):
    assert str(acme.theirs.pk) not in guest.get(at(acme, "portal-plans")).content.decode()
    for name in ("portal-plan", "portal-plan-document"):
        assert guest.get(at(acme, name, plan=acme.theirs.pk)).status_code == 404
        assert guest.get(at(acme, name, plan=acme.mine.pk)).status_code == 200
    answer = guest.post(at(acme, "portal-plan-decide", plan=acme.theirs.pk), {"version": 2, "verdict": "approve"})
    assert answer.status_code == 404


def test_a_client_decides_knowing_cost_sales_kept_and_the_day(guest, acme):
    """In the client's own currency, as of today's rates; an unknown cost makes the sum a lower bound."""
    with acme:
        FxRate.objects.filter(currency="CNY").delete()
        FxRate.objects.create(currency="CNY", valid_from="2020-01-01", per_usd="10")
        Client.objects.filter(pk=acme.client.pk).update(currency="CNY")
        lines = list(PlanLine.objects.filter(plan=acme.mine))
        skus = [line.sku for line in lines]
        cost = sum(line.units for line in lines) * 4680
        first = Replenishment.objects.filter(store=acme.store, sku__in=skus).aggregate(first=Min("order_by"))["first"]
        told = decision(acme.mine, acme.seats[Role.CLIENT], on=timezone.localdate())
        assert (told.cost.value, told.cost.currency, told.cost.missing) == (cost, "CNY", 0)
        assert told.avoided.value == sum(line.at_stake or 0 for line in lines) * 10 > 0
        assert told.decide_by == first
    page = guest.get(at(acme, "portal-plan", plan=acme.mine.pk)).content.decode()
    assert f"{cost // 100:,}" in page
    assert "Decide by" in page
    with acme:
        PlanLine.objects.filter(pk=lines[0].pk).update(unit_cost=None)
    page = guest.get(at(acme, "portal-plan", plan=acme.mine.pk)).content.decode()
    assert "≥ " in page
    assert "1 line has no cost" in page


def test_a_draft_is_not_for_clients(guest, acme):
    with acme:
        Plan.objects.filter(pk=acme.mine.pk).update(state="draft")
    assert guest.get(at(acme, "portal-plan", plan=acme.mine.pk)).status_code == 404


def test_a_client_approves_with_a_note_and_the_ledger_knows_who(guest, acme):
    url = at(acme, "portal-plan-decide", plan=acme.mine.pk)
    values = {"version": acme.mine.version, "verdict": "approve", "note": "Go ahead"}
    assert guest.post(url, values).status_code == 302
    with acme:
        plan = Plan.objects.get(pk=acme.mine.pk)
        assert (plan.state, plan.decided_by, plan.decision_note) == ("approved", acme.seats[Role.CLIENT], "Go ahead")
        entry = Entry.objects.get(verb="plan.client_approve")
        assert (entry.by, entry.reason) == (acme.seats[Role.CLIENT], "Go ahead")


def test_a_client_declines_and_the_agency_has_the_plan_again(guest, acme):
    url = at(acme, "portal-plan-decide", plan=acme.mine.pk)
    answer = guest.post(url, {"version": acme.mine.version, "verdict": "decline", "note": "Too much"})
    assert answer.headers["Location"] == at(acme, "portal-plans")
    with acme:
        assert Plan.objects.get(pk=acme.mine.pk).state == "draft"


def test_a_plan_decided_meanwhile_is_a_409_and_nonsense_a_422(guest, acme):
    url = at(acme, "portal-plan-decide", plan=acme.mine.pk)
    assert guest.post(url, {"version": acme.mine.version, "verdict": "maybe"}).status_code == 422
    assert guest.post(url, {"version": acme.mine.version - 1, "verdict": "approve"}).status_code == 409


def test_staff_have_no_portal_and_clients_no_staff_pages(client, guest, acme):
    assert guest.get(at(acme, "plans")).status_code == 404
    client.force_login(acme.user(Role.OWNER))
    assert client.get(at(acme, "portal-plans")).status_code == 404


def test_the_database_itself_keeps_clients_in_their_store(acme):
    with tenant(acme.agency.pk, stores=[acme.store.pk]):
        assert set(Replenishment.objects.values_list("store", flat=True)) == {acme.store.pk}
        assert set(PlanLine.objects.values_list("store", flat=True)) == {acme.store.pk}
        assert Plan.objects.filter(pk=acme.theirs.pk).update(state="approved") == 0


@pytest.mark.parametrize("model", [Policy, Replenishment, PlanLine, OwnStock])
def test_clients_may_not_write_what_they_read(acme, model):
    with pytest.raises(ProgrammingError, match="permission denied"), tenant(acme.agency.pk, stores=[acme.store.pk]):
        model.objects.filter(store=acme.store).delete()

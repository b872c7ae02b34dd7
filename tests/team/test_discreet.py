"""Unit costs are in the ledger, and told to those only who may see costs."""

from datetime import date

import pytest
from django.utils import timezone

from apps.core import undo
from apps.core.models import Entry
from apps.core.permissions import SCOPES, Role
from apps.sales.actions import CostLine, set_costs
from apps.sales.models import Cost
from tests.core.test_rest import Api, key_for


@pytest.fixture
def costly(acme):
    with acme:
        at, owner = timezone.now(), acme.seats[Role.OWNER]
        entry = set_costs(acme.store, [CostLine("A", date(2026, 1, 1), 7919, "USD")], by=owner, at=at)
        undo.undo(entry, by=owner, at=at)
        set_costs(acme.store, [CostLine("A", date(2026, 1, 1), 7919, "USD")], by=owner, at=at)
    return acme


@pytest.mark.parametrize(("role", "told"), [(Role.OWNER, 3), (Role.SENIOR, 3), (Role.JUNIOR, 0), (Role.ANALYST, 0)])
def test_staff_without_the_right_to_costs_do_not_read_them_in_the_ledger(costly, client, role, told):
    client.force_login(costly.user(role))
    answer = client.get("/acme/changes/")
    assert len(answer.context["changes"]) == told
    assert ("7919" in answer.content.decode() or "79.19" in answer.content.decode()) is bool(told)


def test_clients_do_not_read_them(costly, client):
    client.force_login(costly.user(Role.CLIENT))
    answer = client.get("/portal/acme/changes/")
    assert answer.status_code == 200
    assert answer.context["deeds"] == []


def test_a_key_without_the_scope_does_not_read_them(costly):
    seen = [
        len(Api(key_for(costly, *scopes)).get("/api/v1/changes").json()["items"])
        for scopes in (tuple(SCOPES), tuple(set(SCOPES) - {"costs:read", "costs:write"}))
    ]
    assert seen == [3, 0]


def test_whoever_only_sees_costs_cannot_change_them_by_undoing(costly, client):
    with costly:
        last = Entry.objects.filter(verb="costs.set").latest("number").number
    client.force_login(costly.user(Role.SENIOR))
    assert client.post(f"/acme/changes/undo/?numbers={last}").status_code == 204
    with costly:
        assert Cost.objects.filter(sku="A").exists()
    client.force_login(costly.user(Role.OWNER))
    client.post(f"/acme/changes/undo/?numbers={last}")
    with costly:
        assert not Cost.objects.filter(sku="A").exists()

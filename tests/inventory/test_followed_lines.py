"""A program that follows plan lines by `updated_since` hears of every step of their plan."""

import pytest
from django.db import ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.core import undo
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.tenancy import tenant
from apps.inventory.actions import Turn, create_plans
from apps.inventory.actions import plans as steps
from apps.inventory.models import PlanLine, Replenishment
from tests.core.test_rest import Api, key_for
from tests.inventory.lines import fill


@pytest.fixture
def planned(acme):
    with acme:
        fill(acme.store, 6)
        acme.plan = create_plans(list(Replenishment.objects.all()), by=acme.seats[Role.OWNER], at=timezone.now())[0]
    return acme


def heard(world, since) -> list[str]:
    answer = Api(key_for(world, "plans:read", "stores:all")).get("/api/v1/plan-lines", {"updated_since": since})
    return sorted({line["state"] for line in answer.json()["items"]})


def test_editing_submitting_and_undoing_are_news(planned):
    turn = Turn(planned.seats[Role.OWNER], timezone.now())
    for step, state in (
        (lambda: steps.edit_lines(planned.plan, {str(PlanLine.objects.first().pk): 11}, turn), "draft"),
        (lambda: steps.submit(planned.plan, turn), "submitted"),
        (lambda: undo.undo(Entry.objects.latest("number"), by=turn.by, at=turn.at), "draft"),
    ):
        since = timezone.now().isoformat()
        with planned:
            step()
        assert heard(planned, since) == [state]


def test_a_clients_yes_is_news(planned, client):
    with planned:
        steps.ask_client(planned.plan, Turn(planned.seats[Role.OWNER], timezone.now()))
        planned.plan.refresh_from_db()
    since = timezone.now().isoformat()
    client.force_login(planned.user(Role.CLIENT))
    decide = reverse("portal-plan-decide", kwargs={"agency": "acme", "plan": planned.plan.pk})
    client.post(decide, {"version": planned.plan.version, "verdict": "approve"})
    assert heard(planned, since) == ["approved"]


def test_that_is_all_a_client_may_write_to_a_line(planned):
    with tenant(planned.agency.pk, stores=[planned.store.pk]):
        assert PlanLine.objects.update(updated_at=timezone.now())
        with pytest.raises(ProgrammingError), transaction.atomic():
            PlanLine.objects.update(units=1)

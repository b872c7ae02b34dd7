"""REST: incidents, and what is done with them."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.permissions import Permission
from apps.core.rest import Conflict, Resource, refusal
from apps.health.actions import incidents as actions
from apps.health.api.people import Colleague, OwnedRow
from apps.health.models import Incident, Signal
from apps.health.queries.alerts import incidents_for

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `US,DE`."))


class SignalRow(serializers.ModelSerializer):
    """One sign of an incident. `band` 1 is amber, 2 red; shares as 0.01 for 1 %.

    `bad` of `total` and the `room` before a breach where orders are so few that counts say more than the rate, else null.
    """

    class Meta:
        model = Signal
        fields = ("metric", "programme", "sku", "band", "value", "limit", "bad", "total", "room", "chance", "living")
        fields += ("began_at", "ended_at")


class IncidentRow(OwnedRow, serializers.ModelSerializer):
    """One cause on one site, or of one product there (`part`). Money in minor units of `currency`."""

    store = serializers.CharField(source="store.slug")
    signals = SignalRow(many=True)

    class Meta:
        model = Incident
        fields = ("number", "store", "marketplace", "cause", "day", "band", "severity", "state", "at_stake", "currency")
        fields += (
            "grade",
            "part",
            "sku",
            "owner",
            "owner_name",
            "step",
            "snoozed_until",
            "opened_at",
            "changed_at",
            "resolved_at",
            "signals",
        )


class IncidentChange(serializers.Serializer):
    """What is done with an incident: its state, whose it is, and whether it was useful.

    `snoozed_until` goes with the state "snoozed"; null or left out: until the metric changes. `owner` is a colleague's
    e-mail address, null for nobody.
    """

    STATES = (Incident.State.ACKNOWLEDGED.value, Incident.State.SNOOZED.value, Incident.State.OPEN.value)

    state = serializers.ChoiceField(choices=STATES, required=False)
    snoozed_until = serializers.DateField(required=False, allow_null=True)
    owner = Colleague()
    useful = serializers.BooleanField(required=False)

    def validate_snoozed_until(self, day: date | None) -> date | None:
        if day is not None and day <= timezone.localdate():
            raise refusal("snoozed_until", _("A day to come."))
        return day

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "snoozed_until" in attrs and attrs.get("state") != Incident.State.SNOOZED:
            raise refusal("snoozed_until", _("Goes with the state snoozed only."))
        return attrs


class NoteChange(serializers.Serializer):
    """A line for an incident's story."""

    text = serializers.CharField(max_length=2000)


@extend_schema_view(
    list=extend_schema(operation_id="list_incidents", summary=_("Incidents"), tags=["alerts"]),
    retrieve=extend_schema(operation_id="get_incident", summary=_("One incident"), tags=["alerts"]),
)
class Incidents(Resource):
    permissions = {
        "list": Permission.HEALTH_VIEW,
        "retrieve": Permission.HEALTH_VIEW,
        "partial_update": Permission.HEALTH_EDIT,
        "note": Permission.HEALTH_EDIT,
    }
    row = IncidentRow
    order = ("changed_at", "id")
    changed = "changed_at"
    parameters = {
        "list": [
            STORE,
            SITE,
            OpenApiParameter("state", str, description=_("Only in this state."), enum=Incident.State.values),
        ]
    }

    def rows(self) -> QuerySet[Incident]:
        rows = incidents_for(self.member).select_related("store", "owner__user").prefetch_related("signals")
        if state := self.choice("state", Incident.State.values):
            rows = rows.filter(state=state)
        return self.only_sites(self.only_stores(rows))

    def get_object(self) -> Incident:
        return get_object_or_404(self.rows(), number=self.kwargs["number"])

    @extend_schema(
        operation_id="change_incident",
        summary=_("Take, snooze, reopen or assign an incident, or say whether it was useful"),
        tags=["alerts"],
        request=IncidentChange,
        responses=IncidentRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of it or nothing; 409 if the incident has recovered meanwhile. A body that names nothing changes nothing.

        Snoozing asks for the scope `alerts:write`.
        """
        found = self.get_object()
        self.must_match(found)
        wanted = IncidentChange(found, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        if values.get("state") == Incident.State.SNOOZED and not self.member.can(Permission.HEALTH_DECIDE):
            raise PermissionDenied
        try:
            with transaction.atomic():
                self._do(found, values)
        except actions.Over as over:
            raise Conflict(str(over)) from None
        return Response(self.shown(self.get_object()))

    def _do(self, found: Incident, values: dict[str, Any]) -> None:
        by, at = self.member, timezone.now()
        match values.get("state"):
            case Incident.State.ACKNOWLEDGED:
                actions.acknowledge(found, by=by, at=at)
            case Incident.State.SNOOZED:
                actions.snooze(found, values.get("snoozed_until"), by=by, at=at)
            case Incident.State.OPEN:
                actions.reopen(found, by=by, at=at)
        if "owner" in values:
            actions.assign(found, values["owner"], by=by, at=at)
        if "useful" in values:
            actions.judge(found, values["useful"], by=by, at=at)

    @extend_schema(
        operation_id="note_incident",
        summary=_("Add a line to an incident's story"),
        tags=["alerts"],
        request=NoteChange,
        responses={201: NoteChange},
    )
    def note(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Also when it is over."""
        found = self.get_object()
        wanted = NoteChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        actions.write(found, wanted.validated_data["text"], by=self.member, at=timezone.now())
        return Response(wanted.data, status=201)

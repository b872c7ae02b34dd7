"""REST: incidents, and taking them."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.permissions import Permission
from apps.core.rest import Conflict, Resource
from apps.health.actions import incidents as actions
from apps.health.models import Incident, Signal
from apps.health.queries.alerts import incidents_for

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `US,DE`."))


class SignalRow(serializers.ModelSerializer):
    """One sign of an incident. `band` 1 is amber, 2 red; shares as 0.01 for 1 %."""

    class Meta:
        model = Signal
        fields = ("metric", "programme", "band", "value", "limit", "chance", "living", "began_at", "ended_at")


class IncidentRow(serializers.ModelSerializer):
    """One cause on one site. Money in minor units of `currency`."""

    store = serializers.CharField(source="store.slug")
    owner = serializers.CharField(source="owner.__str__", allow_null=True, default=None)
    signals = SignalRow(many=True)

    class Meta:
        model = Incident
        fields = ("number", "store", "marketplace", "cause", "day", "band", "severity", "state", "at_stake", "currency")
        fields += (
            "grade",
            "sku",
            "owner",
            "step",
            "snoozed_until",
            "opened_at",
            "changed_at",
            "resolved_at",
            "signals",
        )


class IncidentChange(serializers.Serializer):
    """The one thing programs may do with an incident."""

    state = serializers.ChoiceField(choices=[Incident.State.ACKNOWLEDGED.value])


@extend_schema_view(
    list=extend_schema(operation_id="list_incidents", summary=_("Incidents"), tags=["alerts"]),
    retrieve=extend_schema(operation_id="get_incident", summary=_("One incident"), tags=["alerts"]),
)
class Incidents(Resource):
    permissions = {
        "list": Permission.HEALTH_VIEW,
        "retrieve": Permission.HEALTH_VIEW,
        "partial_update": Permission.HEALTH_EDIT,
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
        operation_id="acknowledge_incident",
        summary=_("Take an incident: nobody else is told any more"),
        tags=["alerts"],
        request=IncidentChange,
        responses=IncidentRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """409 if it has recovered meanwhile. A body that names no state changes nothing."""
        found = self.get_object()
        wanted = IncidentChange(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        if "state" not in wanted.validated_data:
            return Response(self.shown(found))
        try:
            actions.acknowledge(found, by=self.member, at=timezone.now())
        except actions.Over as over:
            raise Conflict(str(over)) from None
        return Response(self.shown(self.get_object()))

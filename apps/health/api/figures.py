"""REST: figures of our own beside the marketplace's reports, and CSat."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from apps.accounts.queries import site_filter
from apps.core.permissions import Permission
from apps.core.rest import Resource
from apps.health.api.facts import DAY, SITE, STORE
from apps.health.models import CsatDay, Figure

RECENT = timedelta(days=7)
FROM = OpenApiParameter("from", DAY, description=_("Of this day or later; without both days those of the last week."))
TO = OpenApiParameter("to", DAY, description=_("Of this day or earlier."))


class FigureRow(serializers.ModelSerializer):
    """One metric of one site and day as we count it, or as a person or a file told it: see `origin`.

    Rates in millionths; `rate` null: not rated, which is not 0. `unknown`: so many more packages without a delivery scan.
    """

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")

    class Meta:
        model = Figure
        fields = ("store", "marketplace", "metric", "programme", "date", "origin", "total", "count", "rate", "unknown")
        fields += ("status", "window_first", "window_last", "as_of", "changed_at")


class _Days(Resource):
    """Rows of sites by day."""

    permissions = {"list": Permission.HEALTH_VIEW}
    changed, stamped = "changed_at", True

    def of_days(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the stores, sites and days asked for; who follows changes gets all days."""
        rows = self.only_sites(self.only_stores(rows.filter(site_filter(self.member)).select_related("store")))
        first, last = self.day("from"), self.day("to")
        if not first and not last and not {"updated_since", "cursor"} & set(self.request.query_params):
            first = timezone.localdate() - RECENT
        if first:
            rows = rows.filter(date__gte=first)
        return rows.filter(date__lte=last) if last else rows


@extend_schema_view(
    list=extend_schema(
        operation_id="list_health_figures",
        summary=_("Health figures of our own: counted from our orders, entered by people, brought by files"),
        tags=["health"],
    ),
)
class Figures(_Days):
    row = FigureRow
    order = ("changed_at", "store_id", "marketplace_id", "metric", "programme", "date", "origin")
    parameters = {
        "list": [
            STORE,
            SITE,
            FROM,
            TO,
            OpenApiParameter("metric", str, description=_("Only these metrics, e.g. `odr,lsr`.")),
            OpenApiParameter("origin", str, enum=Figure.Origin.values, description=_("Only figures told so.")),
        ]
    }

    def rows(self) -> QuerySet[Figure]:
        rows = self.of_days(Figure.objects.all())
        if names := [name for name in self.request.query_params.get("metric", "").split(",") if name]:
            rows = rows.filter(metric__in=[name.replace("\x00", "") for name in names])
        return rows.filter(origin=origin) if (origin := self.choice("origin", Figure.Origin.values)) else rows


class CsatRow(serializers.ModelSerializer):
    """CSat of one site at the end of one UTC day: internal, not an Amazon metric. `score` of 100; null: nothing it is
    made of is known. `ncx`, `feedback` and `replies` are shares in millionths; null: not known."""

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")
    score = serializers.SerializerMethodField()

    class Meta:
        model = CsatDay
        fields = ("store", "marketplace", "date", "score", "orders", "ncx", "ncx_told", "feedback", "replies")
        fields += ("changed_at",)

    def get_score(self, day: CsatDay) -> float | None:
        return None if day.score is None else day.score / 100


@extend_schema_view(
    list=extend_schema(
        operation_id="list_csat", summary=_("CSat by site and day: internal, not an Amazon metric"), tags=["health"]
    ),
)
class CsatDays(_Days):
    row = CsatRow
    order = ("changed_at", "store_id", "marketplace_id", "date")
    parameters = {"list": [STORE, SITE, FROM, TO]}

    def rows(self) -> QuerySet[CsatDay]:
        return self.of_days(CsatDay.objects.all())

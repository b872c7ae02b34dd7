"""REST: how accounts stand, order defects, notices, and the door for Amazon's notifications."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actions.refusal import Refused
from apps.accounts.queries import site_filter, stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.health.actions.notices import PROGRAM, create
from apps.health.actions.work import work_on
from apps.health.api.people import Colleague, OwnedRow
from apps.health.domain.letters import kind_of
from apps.health.domain.mail import MOST_TEXT
from apps.health.models import Defect, HealthDay, Notice
from apps.health.models.facts import CLOSED, Work
from apps.health.queries.latest import latest
from apps.health.queries.leaving import between
from apps.health.queries.work import defects_for, notices_for

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `US,DE`."))
DAY = {"format": "date", "type": "string"}


class HealthRow(serializers.ModelSerializer):
    """One metric of one site in the marketplace's report of one day. Rates and their targets in millionths.

    `rate` null: not rated, which is not 0. A metric without a row is unknown.
    """

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")
    status = serializers.CharField()

    class Meta:
        model = HealthDay
        fields = ("store", "marketplace", "metric", "programme", "date", "total", "count", "rate", "target", "operator")
        fields += ("status", "window_first", "window_last", "as_of", "changed_at")


@extend_schema_view(
    list=extend_schema(
        operation_id="list_health",
        summary=_("Account health: the newest report of every site, or all reports between two days"),
        tags=["health"],
    ),
)
class Health(Resource):
    permissions = {"list": Permission.HEALTH_VIEW}
    row = HealthRow
    order = ("changed_at", "store_id", "marketplace_id", "metric", "programme", "date")
    changed, stamped = "changed_at", True
    parameters = {
        "list": [
            STORE,
            SITE,
            OpenApiParameter("metric", str, description=_("Only these metrics, e.g. `odr,lsr`.")),
            OpenApiParameter("from", DAY, description=_("Reports of this day or later, instead of the newest.")),
            OpenApiParameter("to", DAY, description=_("Reports of this day or earlier, instead of the newest.")),
        ]
    }

    def rows(self) -> QuerySet[HealthDay]:
        rows = HealthDay.objects.filter(site_filter(self.member)).select_related("store")
        rows = self.only_sites(self.only_stores(rows))
        if names := [name for name in self.request.query_params.get("metric", "").split(",") if name]:
            rows = rows.filter(metric__in=[name.replace("\x00", "") for name in names])
        first, last = self.day("from"), self.day("to")
        if first:
            rows = rows.filter(date__gte=first)
        if last:
            rows = rows.filter(date__lte=last)
        return rows if first or last else latest(rows)


class DefectRow(OwnedRow, serializers.ModelSerializer):
    """Something one order did wrong in Amazon's eyes, and what is done about it. `ordered_on` is a UTC day.

    `leaves_on` is the first report, by UTC day, that no longer counts it; null: not known, or withdrawn.
    """

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")
    leaves_on = serializers.DateField(allow_null=True)

    class Meta:
        model = Defect
        fields = ("store", "order_id", "kind", "marketplace", "programme", "sku", "ordered_on", "reported_on")
        fields += ("withdrawn_on", "leaves_on", "state", "owner", "owner_name", "note", "changed_at")


class DefectChange(serializers.Serializer):
    """What is done about a defect. `owner` is a colleague's e-mail address, null for nobody; clients do not see `note`."""

    state = serializers.ChoiceField(choices=Work.choices, required=False)
    owner = Colleague()
    note = serializers.CharField(max_length=5000, required=False, allow_blank=True)


@extend_schema_view(
    list=extend_schema(
        operation_id="list_defects", summary=_("Order defects, longest unchanged here first"), tags=["health"]
    ),
    retrieve=extend_schema(operation_id="get_defect", summary=_("One order defect"), tags=["health"]),
)
class Defects(Resource):
    permissions = {
        "list": Permission.HEALTH_VIEW,
        "retrieve": Permission.HEALTH_VIEW,
        "partial_update": Permission.HEALTH_EDIT,
    }
    row = DefectRow
    order = ("changed_at", "store_id", "order_id", "kind")
    changed, stamped = "changed_at", True
    parameters = {
        "list": [
            STORE,
            SITE,
            OpenApiParameter("kind", str, enum=Defect.Kind.values, description=_("Only defects of this kind.")),
            OpenApiParameter("from", DAY, description=_("Ordered on this UTC day or later.")),
            OpenApiParameter("leaves_from", DAY, description=_("Leaves its window on this UTC day or later.")),
            OpenApiParameter("leaves_to", DAY, description=_("Leaves its window on this UTC day or earlier.")),
        ]
    }

    def rows(self) -> QuerySet[Defect]:
        rows = self.only_sites(self.only_stores(defects_for(self.member)))
        rows = between(rows, self.day("leaves_from"), self.day("leaves_to"))
        if kind := self.choice("kind", Defect.Kind.values):
            rows = rows.filter(kind=kind)
        return rows.filter(ordered_on__gte=first) if (first := self.day("from")) else rows

    def get_object(self) -> Defect:
        names = self.kwargs
        return get_object_or_404(self.rows(), store__slug=names["store"], order_id=names["number"], kind=names["kind"])

    @extend_schema(
        operation_id="change_defect",
        summary=_("Say whose an order defect is, how far it is, and what we know"),
        tags=["health"],
        request=DefectChange,
        responses=DefectRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A body that names nothing changes nothing."""
        found = self.get_object()
        self.must_match(found)
        wanted = DefectChange(found, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        work_on([found], wanted.validated_data, by=self.member, at=timezone.now())
        return Response(self.shown(self.get_object()))


class NoticeRow(OwnedRow, serializers.ModelSerializer):
    """Something a marketplace wrote to the seller, and how far the answer is."""

    store = serializers.CharField(source="store.slug")
    detail = serializers.DictField()

    class Meta:
        model = Notice
        fields = ("id", "store", "marketplace", "kind", "at", "sku", "asin", "subject", "detail", "due", "state")
        fields += ("owner", "owner_name", "answer", "text", "case_id", "origin", "changed_at")


class NoticeChange(serializers.Serializer):
    """What is done about a notice. `owner` is a colleague's e-mail address, null for nobody; `due` null: no day."""

    kind = serializers.ChoiceField(choices=Notice.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=Work.choices, required=False)
    owner = Colleague()
    due = serializers.DateField(required=False, allow_null=True)
    case_id = serializers.CharField(max_length=40, required=False, allow_blank=True)
    answer = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class NewNoticeRow(serializers.Serializer):
    """A notice that a program brings. `reference` is what the program calls it: told twice, it is one notice.

    `kind` empty: guessed from the subject's words. Names and e-mail addresses of buyers are taken out.
    """

    store = serializers.CharField(max_length=40)
    marketplace = serializers.CharField(max_length=2, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=Notice.Kind.choices, required=False, allow_blank=True, default="")
    at = serializers.DateTimeField()
    subject = serializers.CharField(max_length=300)
    text = serializers.CharField(max_length=MOST_TEXT, required=False, allow_blank=True, default="")
    sku = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    asin = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    case_id = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    due = serializers.DateField(required=False, allow_null=True, default=None)
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


@extend_schema_view(
    list=extend_schema(
        operation_id="list_notices", summary=_("Notices, longest unchanged here first"), tags=["health"]
    ),
    retrieve=extend_schema(operation_id="get_notice", summary=_("One notice"), tags=["health"]),
)
class Notices(Resource):
    permissions = {
        "list": Permission.HEALTH_VIEW,
        "retrieve": Permission.HEALTH_VIEW,
        "create": Permission.HEALTH_EDIT,
        "partial_update": Permission.HEALTH_EDIT,
    }
    row = NoticeRow
    order = ("changed_at", "id")
    changed, stamped = "changed_at", True
    parameters: dict[str, Any] = {
        "list": [
            STORE,
            SITE,
            OpenApiParameter("state", str, enum=Work.values, description=_("Only notices in this state.")),
        ]
    }

    def rows(self) -> QuerySet[Notice]:
        rows = self.only_sites(self.only_stores(notices_for(self.member)))
        return rows.filter(state=state) if (state := self.choice("state", Work.values)) else rows

    def get_object(self) -> Notice:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    @extend_schema(
        operation_id="change_notice",
        summary=_("Say what a notice is, whose, until when, how far, and what is answered"),
        tags=["health"],
        request=NoticeChange,
        responses=NoticeRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of it or nothing. A body that names nothing changes nothing.

        Closing one (`done`, `none`) asks for the scope `alerts:write`.
        """
        found = self.get_object()
        self.must_match(found)
        wanted = NoticeChange(found, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        closes = values.get("state", found.state) != found.state and values["state"] in CLOSED
        if closes and not self.member.can(Permission.HEALTH_DECIDE):
            raise PermissionDenied
        work_on([found], values, by=self.member, at=timezone.now())
        return Response(self.shown(self.get_object()))

    @extend_schema(
        operation_id="create_notice",
        summary=_("Bring a notice; the same reference twice is one notice"),
        description=_(
            "For notices that Amazon's notifications do not bring. 201 for a new one; 200 with the notice there is for a"
            " reference that was used before in this store, which stays as it is."
        ),
        tags=["health"],
        request=NewNoticeRow,
        responses={201: NoticeRow, 200: NoticeRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep a notice; 422 for a store or site that the key may not see."""
        asked = NewNoticeRow(data=request.data)
        asked.is_valid(raise_exception=True)
        said = dict(asked.validated_data)
        store = stores_for(self.member).filter(slug=said.pop("store"), active=True).first()
        if store is None:
            raise Unprocessable(gettext("There is no such store."))
        said |= {"marketplace": said["marketplace"].upper(), "asin": said["asin"].upper()}
        said["kind"] = said["kind"] or kind_of(said["subject"], said["text"])
        at, key = timezone.now(), said.pop("reference")
        try:
            made, new = create(store, said, origin=PROGRAM, key=key, by=self.member, at=at)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return Response(NoticeRow(made).data, status=201 if new else 200)

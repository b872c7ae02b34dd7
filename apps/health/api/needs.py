"""REST: what products need, what they are, what they are excused from, and what clients are asked for."""

from typing import Annotated, Any, ClassVar

import msgspec
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actions.refusal import Refused
from apps.accounts.queries import stores_for
from apps.core.bulk import RawJson, RawNdjson, refuse, rows_of
from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.health.actions import needs, products
from apps.health.actions.papers import Turn
from apps.health.actions.reminders import mail_request
from apps.health.api.papers import STORE, store_of
from apps.health.models import Coverage, CoverState, PaperRequest, PaperWaiver, SkuTraits
from apps.health.queries.coverage import blockers, coverage_for, line_of
from apps.health.queries.papers import kinds, requests_for, rules, waivers_for
from apps.health.queries.traits import traits

SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `UK,DE`."))
SKU = OpenApiParameter("sku", str, description=_("Only this SKU."))
COVER = OpenApiParameter("state", str, enum=CoverState.values, many=False, description=_("Only those in this state."))
ASKED = OpenApiParameter("state", str, enum=PaperRequest.State.values, description=_("Only those in this state."))
WAIVED = OpenApiParameter("state", str, enum=PaperWaiver.State.values, description=_("Only those in this state."))


class CoverageRow(serializers.ModelSerializer):
    """How one SKU stands on one site. `at_stake`: sales of 30 days in minor units, if it is or will be blocked.

    `coming`: requirements that hold from a later day on. The state `new` says that nothing is worked out yet.
    """

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")
    state = serializers.CharField()
    requirements = serializers.SerializerMethodField()
    coming = serializers.SerializerMethodField()
    blockers = serializers.SerializerMethodField()

    class Meta:
        model = Coverage
        fields = ("store", "marketplace", "sku", "asin", "state", "requirements", "coming", "blockers", "until")
        fields += ("at_stake", "currency", "computed_at")

    def get_requirements(self, line: Coverage) -> dict[str, str]:
        return {code: cell["s"] for code, cell in line.cells.items()}

    def get_coming(self, line: Coverage) -> dict[str, str]:
        return {code: cell["f"] for code, cell in line.cells.items() if cell.get("f")}

    def get_blockers(self, line: Coverage) -> list[dict[str, Any]]:
        found = blockers(line.cells, self.context["rules"], self.context["kinds"])
        names = ("rule", "name", "state", "kinds", "missing", "hard")
        return [{name: getattr(each, name) for name in names} for each in found]


@extend_schema_view(
    list=extend_schema(operation_id="list_coverage", summary=_("What blocks a SKU on a site"), tags=["compliance"]),
    retrieve=extend_schema(
        operation_id="get_coverage",
        summary=_("What blocks one SKU on one site"),
        description=_("Also of an offer that is new: its state is then `new`, and nothing of it is free yet."),
        tags=["compliance"],
    ),
)
class Coverages(Resource):
    permissions = {"list": Permission.PAPERS_VIEW, "retrieve": Permission.PAPERS_VIEW}
    row = CoverageRow
    order = ("store_id", "marketplace_id", "sku")
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, SITE, SKU, COVER]}

    def rows(self) -> QuerySet[Coverage]:
        rows = self.only_sites(self.only_stores(coverage_for(self.member)))
        if sku := self.request.query_params.get("sku", ""):
            rows = rows.filter(sku=sku.replace("\x00", ""))
        state = self.choice("state", [str(value) for value in CoverState.values])
        return rows.filter(state=state) if state else rows

    def get_object(self) -> Coverage:
        where = (self.kwargs["store"], self.kwargs["site"].upper(), self.kwargs["sku"].replace("\x00", ""))
        found = line_of(self.member, *where)
        if found is None:
            raise Http404
        return found

    def get_serializer_context(self) -> dict[str, Any]:
        """The rules and kinds, once for a page."""
        if not hasattr(self, "_words"):
            self._words = {"rules": rules(), "kinds": kinds()}
        return super().get_serializer_context() | self._words


class RequestRow(serializers.ModelSerializer):
    """What a client is asked for. `paper`: what it was answered with."""

    store = serializers.CharField(source="store.slug")
    paper = serializers.UUIDField(source="paper_id", allow_null=True)

    class Meta:
        model = PaperRequest
        fields = (
            "id",
            "store",
            "kind",
            "marketplaces",
            "skus",
            "text",
            "due",
            "state",
            "asked_at",
            "answered_at",
            "paper",
        )


class NewRequest(serializers.Serializer):
    """What a client is to hand over: which paper, for what, until when. `text` is what they read."""

    store = serializers.CharField(max_length=40)
    kind = serializers.CharField(max_length=40)
    text = serializers.CharField(max_length=500)
    marketplaces = serializers.ListField(child=serializers.CharField(max_length=2), required=False, default=list)
    skus = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, default=list, max_length=200
    )
    due = serializers.DateField(required=False, allow_null=True, default=None)


@extend_schema_view(
    list=extend_schema(
        operation_id="list_paper_requests", summary=_("What clients were asked for"), tags=["compliance"]
    ),
    retrieve=extend_schema(
        operation_id="get_paper_request", summary=_("One thing a client was asked for"), tags=["compliance"]
    ),
)
class Requests(Resource):
    permissions = {
        "list": Permission.PAPERS_VIEW,
        "retrieve": Permission.PAPERS_VIEW,
        "create": Permission.PAPERS_EDIT,
        "cancel": Permission.PAPERS_EDIT,
    }
    row = RequestRow
    order = ("asked_at", "id")
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, ASKED]}

    def rows(self) -> QuerySet[PaperRequest]:
        rows = self.only_stores(requests_for(self.member))
        state = self.choice("state", [str(value) for value in PaperRequest.State.values])
        return rows.filter(state=state) if state else rows

    @extend_schema(
        operation_id="ask_for_paper",
        summary=_("Ask a client for a paper: it stands in their portal, and a mail tells them"),
        tags=["compliance"],
        request=NewRequest,
        responses={201: RequestRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 for a kind or store there is not."""
        asked = NewRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        store, turn = store_of(self.member, said["store"]), Turn(self.member, timezone.now(), said["text"])
        about = {"skus": said["skus"], "due": said["due"]}
        about["marketplaces"] = [code.upper() for code in said["marketplaces"]]
        try:
            made = needs.ask_client(store, said["kind"], turn, **about)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        mail_request(made)
        return Response(RequestRow(made).data, status=201)

    @extend_schema(
        operation_id="cancel_paper_request",
        summary=_("It is no longer wanted"),
        tags=["compliance"],
        request=None,
        responses={200: RequestRow},
    )
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 for one that is done or was cancelled."""
        found = self.get_object()
        if found.state not in {"open", "answered"}:
            raise Unprocessable(_("It has moved on: it is now “%s”.") % found.get_state_display())
        needs.cancel_request(found, Turn(self.member, timezone.now()))
        return Response(RequestRow(self.get_object()).data)


class WaiverRow(serializers.ModelSerializer):
    """“This product does not need that paper”. `marketplace` empty: on every site."""

    store = serializers.CharField(source="store.slug")

    class Meta:
        model = PaperWaiver
        fields = ("id", "store", "marketplace", "sku", "rule", "state", "reason", "asked_at", "decided_at", "decision")


class NewWaiver(serializers.Serializer):
    """Which requirement a product does not need, and why. `marketplace` empty: on every site."""

    store = serializers.CharField(max_length=40)
    sku = serializers.CharField(max_length=60)
    rule = serializers.CharField(max_length=40)
    marketplace = serializers.CharField(max_length=2, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500)


class WaiverDecision(serializers.Serializer):
    """Agree or not; whoever asked cannot."""

    verdict = serializers.ChoiceField(choices=["grant", "refuse"])
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


@extend_schema_view(
    list=extend_schema(operation_id="list_paper_waivers", summary=_("Exceptions of products"), tags=["compliance"]),
    retrieve=extend_schema(operation_id="get_paper_waiver", summary=_("One exception"), tags=["compliance"]),
)
class Waivers(Resource):
    permissions = {
        "list": Permission.PAPERS_VIEW,
        "retrieve": Permission.PAPERS_VIEW,
        "create": Permission.PAPERS_EDIT,
        "decide": Permission.PAPERS_REVIEW,
    }
    row = WaiverRow
    order = ("asked_at", "id")
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, SITE, SKU, WAIVED]}

    def rows(self) -> QuerySet[PaperWaiver]:
        rows = self.only_sites(self.only_stores(waivers_for(self.member)))
        if sku := self.request.query_params.get("sku", ""):
            rows = rows.filter(sku=sku.replace("\x00", ""))
        state = self.choice("state", [str(value) for value in PaperWaiver.State.values])
        return rows.filter(state=state) if state else rows

    @extend_schema(
        operation_id="ask_for_waiver",
        summary=_("Say that a product does not need a paper; somebody else has to agree"),
        tags=["compliance"],
        request=NewWaiver,
        responses={201: WaiverRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 for what cannot be excused, or is already."""
        asked = NewWaiver(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        store, turn = store_of(self.member, said["store"]), Turn(self.member, timezone.now(), said["reason"])
        try:
            made = needs.ask_waiver(store, said["sku"], said["rule"], said["marketplace"].upper(), turn)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return Response(WaiverRow(made).data, status=201)

    @extend_schema(
        operation_id="decide_waiver",
        summary=_("Agree to an exception, or not"),
        tags=["compliance"],
        request=WaiverDecision,
        responses={200: WaiverRow},
    )
    def decide(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 for one that was decided, and for who asked."""
        found = self.get_object()
        asked = WaiverDecision(data=request.data)
        asked.is_valid(raise_exception=True)
        said, at = asked.validated_data, timezone.now()
        try:
            decided = needs.decide_waiver(
                found, grant=said["verdict"] == "grant", turn=Turn(self.member, at, said["note"])
            )
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return Response(WaiverRow(decided).data)


class TraitsRow(serializers.ModelSerializer):
    """What one product is, by a word of its own; what is not named is as its category, or unknown."""

    store = serializers.CharField(source="store.slug")
    traits = serializers.DictField(child=serializers.BooleanField())

    class Meta:
        model = SkuTraits
        fields = ("store", "sku", "traits", "updated_at")


class TraitsItem(msgspec.Struct, forbid_unknown_fields=True):
    store: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    traits: dict[str, bool | None]


class TraitsItemBody(serializers.Serializer):
    """`traits`: yes or no by the codes of `list_paper_traits`; null makes one unknown again, others stay."""

    store = serializers.CharField(max_length=40)
    sku = serializers.CharField(max_length=60)
    traits = serializers.DictField(child=serializers.BooleanField(allow_null=True))


class TraitsBody(serializers.Serializer):
    items = TraitsItemBody(many=True)


class TraitsTaken(serializers.Serializer):
    """How many rows were taken: all of them."""

    received = serializers.IntegerField()


@extend_schema_view(
    list=extend_schema(operation_id="list_sku_traits", summary=_("What products are"), tags=["compliance"]),
)
class Traits(Resource):
    permissions = {"list": Permission.PAPERS_VIEW, "upsert": Permission.PAPERS_EDIT}
    row = TraitsRow
    order = ("updated_at", "id")
    changed = "updated_at"
    parser_classes: ClassVar[list[Any]] = [RawJson, RawNdjson]
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, SKU]}

    def rows(self) -> QuerySet[SkuTraits]:
        rows = self.only_stores(SkuTraits.objects.filter(store__in=stores_for(self.member)).select_related("store"))
        sku = self.request.query_params.get("sku", "").replace("\x00", "")
        return rows.filter(sku=sku) if sku else rows

    @extend_schema(
        operation_id="put_sku_traits",
        summary=_("Say what products are; coverage follows"),
        tags=["compliance"],
        request=TraitsBody,
        responses=TraitsTaken,
    )
    def upsert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All rows, or none: 422 names those that cannot be taken."""
        items = rows_of(request, TraitsItem)
        known = traits()
        stores = {store.slug: store for store in stores_for(self.member).filter(active=True)}
        errors, seen = [], set()
        for index, item in enumerate(items):
            unknown = sorted(set(item.traits) - set(known))
            if item.store not in stores:
                errors.append({"index": index, "field": "store", "detail": _("There is no such store.")})
            elif (item.store, item.sku) in seen:
                errors.append({"index": index, "field": "sku", "detail": _("The same thing is named twice.")})
            elif unknown or "\x00" in item.sku:
                said = _("There is no such trait: %(names)s.") % {"names": ", ".join(unknown)}
                errors.append({"index": index, "field": "traits", "detail": said})
            seen.add((item.store, item.sku))
        refuse(errors)
        answers = [(stores[item.store], item.sku, item.traits) for item in items]
        products.add_to_skus(answers, Turn(self.member, timezone.now()))
        return Response({"received": len(items)})


class TraitRow(serializers.Serializer):
    """Something products may be. `words` in titles hint at it."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    words = serializers.ListField(child=serializers.CharField())


class KindRow(serializers.Serializer):
    """A kind of paper. `parts` are the files it is made of; `unsure`: check it with a lawyer."""

    code = serializers.CharField()
    group = serializers.CharField()
    short = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    needs_number = serializers.BooleanField()
    number_hint = serializers.CharField()
    needs_person = serializers.BooleanField()
    months = serializers.IntegerField(allow_null=True)
    parts = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    source = serializers.CharField()
    unsure = serializers.BooleanField()


class TraitList(serializers.Serializer):
    items = TraitRow(many=True)


class KindList(serializers.Serializer):
    items = KindRow(many=True)


class KnownTraits(Resource):
    """All there are, at once: few enough for one answer."""

    permissions = {"every": Permission.PAPERS_VIEW}
    row = TraitRow

    @extend_schema(
        operation_id="list_paper_traits",
        summary=_("What products may be: the traits that requirements ask for"),
        tags=["compliance"],
        responses=TraitList,
    )
    def every(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.tagged({"items": self.shown(list(traits().values()), many=True)})


class KnownKinds(Resource):
    """All there are, at once: few enough for one answer."""

    permissions = {"every": Permission.PAPERS_VIEW}
    row = KindRow

    @extend_schema(
        operation_id="list_paper_kinds",
        summary=_("Kinds of papers, and the parts each is made of"),
        tags=["compliance"],
        responses=KindList,
    )
    def every(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.tagged({"items": self.shown(list(kinds(active=True).values()), many=True)})

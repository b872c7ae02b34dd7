"""REST: papers and coverage."""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actions.refusal import Refused
from apps.accounts.queries import stores_for
from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.health.actions import files
from apps.health.actions import papers as actions
from apps.health.actions.papers import Content, Handed, Turn
from apps.health.domain.validity import standing
from apps.health.forms.papers import listed
from apps.health.models import Coverage, CoverState, Paper
from apps.health.queries.coverage import blockers, coverage_for
from apps.health.queries.papers import kinds, papers_for, rules

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SITE = OpenApiParameter("marketplace", str, description=_("Only these sites, e.g. `UK,DE`."))
SKU = OpenApiParameter("sku", str, description=_("Only this SKU."))
STATE = OpenApiParameter("state", str, enum=Paper.State.values, many=False, description=_("Only those in this state."))
COVER = OpenApiParameter("state", str, enum=CoverState.values, many=False, description=_("Only those in this state."))


class PaperRow(serializers.ModelSerializer):
    """One version of a paper. `standing` is its state by its days: also pending, expiring and expired."""

    store = serializers.CharField(source="store.slug")
    standing = serializers.SerializerMethodField()

    class Meta:
        model = Paper
        fields = ("id", "store", "kind", "series", "version", "state", "standing", "number", "issuer", "person")
        fields += ("marketplaces", "scope", "reach", "valid_from", "valid_to", "parts", "decision", "updated_at")

    def get_standing(self, paper: Paper) -> str:
        return standing(paper.state, paper.valid_from, paper.valid_to, timezone.localdate())


class PaperUpload(serializers.Serializer):
    """A paper with one file of one part. Lists are comma separated. It waits for review."""

    store = serializers.CharField(max_length=40)
    kind = serializers.CharField(max_length=40)
    file = serializers.FileField(required=False, allow_empty_file=True)
    part = serializers.CharField(max_length=40, required=False, default="document")
    number = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    issuer = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    person = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    marketplaces = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    scope = serializers.ChoiceField(choices=Paper.Scope.choices, required=False, default=Paper.Scope.SKU)
    reach = serializers.CharField(max_length=100_000, required=False, allow_blank=True, default="")
    valid_from = serializers.DateField(required=False, default=None)
    valid_to = serializers.DateField(required=False, default=None)


@extend_schema_view(
    list=extend_schema(operation_id="list_papers", summary=_("Compliance papers"), tags=["compliance"]),
    retrieve=extend_schema(operation_id="get_paper", summary=_("One paper"), tags=["compliance"]),
)
class Papers(Resource):
    permissions = {
        "list": Permission.PAPERS_VIEW,
        "retrieve": Permission.PAPERS_VIEW,
        "create": Permission.PAPERS_EDIT,
    }
    row = PaperRow
    order = ("updated_at", "id")
    changed = "updated_at"
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, STATE]}
    parser_classes: ClassVar[list[Any]] = [MultiPartParser]

    def rows(self) -> QuerySet[Paper]:
        rows = self.only_stores(papers_for(self.member))
        state = self.choice("state", [str(value) for value in Paper.State.values])
        return rows.filter(state=state) if state else rows

    @extend_schema(
        operation_id="upload_paper",
        summary=_("Upload a paper; it waits for review"),
        tags=["compliance"],
        request={"multipart/form-data": PaperUpload},
        responses={201: PaperRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep the paper and its file, or nothing of it and say why (422)."""
        asked = PaperUpload(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        store = stores_for(self.member).filter(slug=said["store"], active=True).first()
        if store is None:
            raise Unprocessable(_("There is no such store."))
        try:
            with ExitStack() as stack, transaction.atomic():
                handed = _handed(said, stack)
                turn = Turn(self.member, timezone.now())
                made = actions.create(store, _content(said), handed, turn, send=True)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return Response(PaperRow(made).data, status=201)


def _handed(said: dict[str, Any], stack: ExitStack) -> list[Handed]:
    file = said.get("file")
    if file is None:
        return []
    kind = kinds().get(said["kind"])
    parts = {part["key"] for part in (kind.parts if kind else ())} or {"document"}
    if said["part"] not in parts:
        raise Refused(_("This paper has no such part. It has: %(parts)s.") % {"parts": ", ".join(sorted(parts))})
    return [Handed(said["part"], stack.enter_context(files.spooled(file.chunks())), file.name or "paper")]


def _content(said: dict[str, Any]) -> Content:
    names = ("kind", "number", "issuer", "person", "scope", "valid_from", "valid_to")
    sites = tuple(code.upper() for code in listed(said["marketplaces"]))
    return Content(**{name: said[name] for name in names}, marketplaces=sites, reach=listed(said["reach"]))


class CoverageRow(serializers.ModelSerializer):
    """How one SKU stands on one site. `at_stake`: sales of 30 days in minor units, if it is or will be blocked."""

    store = serializers.CharField(source="store.slug")
    marketplace = serializers.CharField(source="marketplace_id")
    requirements = serializers.SerializerMethodField()
    blockers = serializers.SerializerMethodField()

    class Meta:
        model = Coverage
        fields = ("store", "marketplace", "sku", "asin", "state", "requirements", "blockers", "until", "at_stake")
        fields += ("currency", "computed_at")

    def get_requirements(self, line: Coverage) -> dict[str, str]:
        return {code: cell["s"] for code, cell in line.cells.items()}

    def get_blockers(self, line: Coverage) -> list[dict[str, Any]]:
        found = blockers(line.cells, self.context["rules"], self.context["kinds"])
        names = ("rule", "name", "state", "kinds", "missing", "hard")
        return [{name: getattr(each, name) for name in names} for each in found]


@extend_schema_view(
    list=extend_schema(operation_id="list_coverage", summary=_("What blocks a SKU on a site"), tags=["compliance"]),
)
class Coverages(Resource):
    permissions = {"list": Permission.PAPERS_VIEW}
    row = CoverageRow
    order = ("store_id", "marketplace_id", "sku")
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, SITE, SKU, COVER]}

    def rows(self) -> QuerySet[Coverage]:
        rows = self.only_sites(self.only_stores(coverage_for(self.member)))
        if sku := self.request.query_params.get("sku", ""):
            rows = rows.filter(sku=sku.replace("\x00", ""))
        state = self.choice("state", [str(value) for value in CoverState.values])
        return rows.filter(state=state) if state else rows

    def get_serializer_context(self) -> dict[str, Any]:
        """The rules and kinds, once for a page."""
        if not hasattr(self, "_words"):
            self._words = {"rules": rules(), "kinds": kinds()}
        return super().get_serializer_context() | self._words

"""REST: papers, their files, and the steps they take."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.core.http import attachment
from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.core.storage import Missing, documents
from apps.health.actions import files
from apps.health.actions import papers as actions
from apps.health.actions.papers import Content, Handed, Turn
from apps.health.domain.validity import standing
from apps.health.forms.papers import listed
from apps.health.models import Paper, PaperFile
from apps.health.queries.papers import kinds, papers_for

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
STATE = OpenApiParameter("state", str, enum=Paper.State.values, many=False, description=_("Only those in this state."))
SHORT, LONG = 40, 100_000


class PaperFileRow(serializers.ModelSerializer):
    """A file of a paper. `found`: numbers and days read from its text, suggestions only."""

    found = serializers.DictField()

    class Meta:
        model = PaperFile
        fields = ("id", "part", "name", "size", "digest", "media", "found", "uploaded_at")


class PaperRow(serializers.ModelSerializer):
    """One version of a paper. `standing` is its state by its days: also pending, expiring and expired."""

    store = serializers.CharField(source="store.slug")
    standing = serializers.SerializerMethodField()
    files = PaperFileRow(many=True)

    class Meta:
        model = Paper
        fields = ("id", "store", "kind", "series", "version", "state", "standing", "number", "issuer", "person")
        fields += (
            "marketplaces",
            "scope",
            "reach",
            "valid_from",
            "valid_to",
            "parts",
            "files",
            "decision",
            "updated_at",
        )

    def get_standing(self, paper: Paper) -> str:
        return standing(paper.state, paper.valid_from, paper.valid_to, timezone.localdate())


class FilesOfPart(serializers.Serializer):
    """Files, and of which part each is: as many words as files, in the same order."""

    file = serializers.ListField(child=serializers.FileField(allow_empty_file=True), required=False, default=list)
    part = serializers.ListField(child=serializers.CharField(max_length=SHORT), required=False, default=list)


class PaperUpload(FilesOfPart):
    """A paper with files of its parts. Lists are comma separated. It waits for review, or with `send=false` is a draft."""

    store = serializers.CharField(max_length=SHORT)
    kind = serializers.CharField(max_length=SHORT)
    send = serializers.BooleanField(required=False, default=True)
    number = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    issuer = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    person = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    marketplaces = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    scope = serializers.ChoiceField(choices=Paper.Scope.choices, required=False, default=Paper.Scope.SKU)
    reach = serializers.CharField(max_length=LONG, required=False, allow_blank=True, default="")
    valid_from = serializers.DateField(required=False, default=None)
    valid_to = serializers.DateField(required=False, default=None)


class PaperChange(serializers.Serializer):
    """What a paper says, while nobody has decided on this version. What is not named stays."""

    number = serializers.CharField(max_length=80, allow_blank=True)
    issuer = serializers.CharField(max_length=120, allow_blank=True)
    person = serializers.CharField(max_length=300, allow_blank=True)
    marketplaces = serializers.ListField(child=serializers.CharField(max_length=2), max_length=40)
    scope = serializers.ChoiceField(choices=Paper.Scope.choices)
    reach = serializers.ListField(child=serializers.CharField(max_length=100), max_length=10_000)
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)


class PaperStep(serializers.Serializer):
    """Submit for review, withdraw, or begin the next version (`renew` answers that)."""

    step = serializers.ChoiceField(choices=["submit", "withdraw", "renew"])
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class PaperReview(serializers.Serializer):
    """Accept or reject; the client reads the note, and a rejection needs one."""

    verdict = serializers.ChoiceField(choices=["accept", "reject"])
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class PaperResource(Resource):
    """Papers of the stores a key may see."""

    row = PaperRow
    parser_classes: ClassVar[list[Any]] = [JSONParser, MultiPartParser]

    def rows(self) -> QuerySet[Paper]:
        return papers_for(self.member).prefetch_related("files")

    def moved(self, name: str, note: str) -> Response:
        """The paper after a step. Unprocessable (422) where it cannot take it."""
        found = self.get_object()
        try:
            with transaction.atomic():
                done = actions.STEPS[name](found, Turn(self.member, timezone.now(), note))
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return self.one(done)

    def one(self, found: Paper, *, status: int = 200) -> Response:
        """A paper as it is now, with its tag."""
        fresh = self.rows().get(pk=found.pk)
        return Response(PaperRow(fresh).data, status=status, headers={"ETag": self.etag(fresh)})


@extend_schema_view(
    list=extend_schema(operation_id="list_papers", summary=_("Compliance papers"), tags=["compliance"]),
    retrieve=extend_schema(operation_id="get_paper", summary=_("One paper"), tags=["compliance"]),
)
class Papers(PaperResource):
    permissions = {
        "list": Permission.PAPERS_VIEW,
        "retrieve": Permission.PAPERS_VIEW,
        "create": Permission.PAPERS_EDIT,
        "partial_update": Permission.PAPERS_EDIT,
    }
    order = ("updated_at", "id")
    changed, matched = "updated_at", True
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE, STATE]}

    def rows(self) -> QuerySet[Paper]:
        rows = self.only_stores(super().rows())
        state = self.choice("state", [str(value) for value in Paper.State.values])
        return rows.filter(state=state) if state else rows

    @extend_schema(
        operation_id="upload_paper",
        summary=_("Upload a paper"),
        description=_(
            "With one or several files, each with the part it is of: as many `part` as `file`, in the same order. It waits"
            " for review at once; with `send=false` it stays a draft that more files may be added to."
        ),
        tags=["compliance"],
        request={"multipart/form-data": PaperUpload},
        responses={201: PaperRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep the paper and its files, or nothing of it and say why (422)."""
        asked = PaperUpload(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        store = store_of(self.member, said["store"])
        try:
            with ExitStack() as stack, transaction.atomic():
                given = _handed(said, said["kind"], stack)
                turn = Turn(self.member, timezone.now())
                made = actions.create(store, _content(said), given, turn, send=said["send"])
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return self.one(made, status=201)

    @extend_schema(
        operation_id="change_paper",
        summary=_("Change what a paper says, before it is decided"),
        tags=["compliance"],
        request=PaperChange(partial=True),
        responses=PaperRow,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 for a version that was decided: begin the next one."""
        locked = Paper.objects.select_for_update(of=("self",)).filter(pk=self.get_object().pk).first()
        found = self.get_object() if locked else None
        if found is None:
            raise Http404
        self.must_match(found)
        change = PaperChange(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                turn = Turn(self.member, timezone.now())
                actions.edit(found, _changed(found, change.validated_data), turn, owner=found.owner)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return self.one(found)


@extend_schema_view(
    create=extend_schema(
        operation_id="add_paper_files",
        summary=_("Add files to a paper, before it is decided"),
        tags=["compliance"],
        request={"multipart/form-data": FilesOfPart},
        responses={201: PaperRow},
    )
)
class PaperFiles(PaperResource):
    permissions = {"create": Permission.PAPERS_EDIT}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of the files, or none and say why (422)."""
        found = self.get_object()
        asked = FilesOfPart(data=request.data)
        asked.is_valid(raise_exception=True)
        turn = Turn(self.member, timezone.now())
        try:
            with ExitStack() as stack, transaction.atomic():
                given = _handed(asked.validated_data, found.kind, stack)
                if not given:
                    raise Refused(_("Choose a file."))
                for each in given:
                    actions.add_file(found, each, turn)
        except Refused as refusal:
            raise Unprocessable(str(refusal)) from None
        return self.one(found, status=201)


@extend_schema_view(
    create=extend_schema(
        operation_id="move_paper",
        summary=_("Submit a paper, withdraw it, or begin its next version"),
        tags=["compliance"],
        request=PaperStep,
        responses={200: PaperRow},
    )
)
class PaperSteps(PaperResource):
    permissions = {"create": Permission.PAPERS_EDIT}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.get_object()
        asked = PaperStep(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.moved(asked.validated_data["step"], asked.validated_data["note"])


@extend_schema_view(
    create=extend_schema(
        operation_id="review_paper",
        summary=_("Accept or reject a paper that waits for review"),
        tags=["compliance"],
        request=PaperReview,
        responses={200: PaperRow},
    )
)
class PaperReviews(PaperResource):
    permissions = {"create": Permission.PAPERS_REVIEW}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.get_object()
        asked = PaperReview(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.moved(asked.validated_data["verdict"], asked.validated_data["note"])


class Bytes(BaseRenderer):
    """Says that the answer is the file's own bytes; the answer itself is made without it."""

    media_type, format, render_style = "application/octet-stream", "bytes", "binary"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Problem details: everything else is streamed."""
        return JSONRenderer().render(data)


@extend_schema_view(
    retrieve=extend_schema(
        operation_id="download_paper_file",
        summary=_("The bytes of a file of a paper"),
        tags=["compliance"],
        parameters=[OpenApiParameter("format", exclude=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
)
class PaperFileBytes(Resource):
    permissions = {"retrieve": Permission.PAPERS_VIEW}
    row = PaperFileRow
    renderer_classes: ClassVar[list[Any]] = [JSONRenderer, Bytes]

    def rows(self) -> QuerySet[PaperFile]:
        return PaperFile.objects.filter(paper__in=papers_for(self.member))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """As it was handed over. 404 if the storage has lost it."""
        kept = get_object_or_404(self.rows(), pk=self.kwargs["pk"])
        try:
            return attachment(documents().open(kept.key), kept.name)
        except Missing:
            raise Http404 from None


def store_of(member: Any, slug: str) -> Store:
    """A living store of the key's by its name. Unprocessable (422) without one."""
    store = stores_for(member).filter(slug=slug, active=True).first()
    if store is None:
        raise Unprocessable(_("There is no such store."))
    return store


def _handed(said: dict[str, Any], code: str, stack: ExitStack) -> list[Handed]:
    """Files with their parts, spooled for as long as the stack is open. Raises Refused."""
    kind = kinds().get(code)
    known = [part["key"] for part in (kind.parts if kind else ())] or ["document"]
    given, parts = said["file"], said["part"]
    if not parts and len(known) == 1:
        parts = known * len(given)
    if len(parts) != len(given) or not set(parts) <= set(known):
        raise Refused(_("Name the part of each file, one of: %(parts)s.") % {"parts": ", ".join(known)})
    return [
        Handed(part, stack.enter_context(files.spooled(file.chunks())), file.name or "paper")
        for part, file in zip(parts, given, strict=True)
    ]


def _content(said: dict[str, Any]) -> Content:
    names = ("kind", "number", "issuer", "person", "scope", "valid_from", "valid_to")
    sites = tuple(code.upper() for code in listed(said["marketplaces"]))
    return Content(**{name: said[name] for name in names}, marketplaces=sites, reach=listed(said["reach"]))


def _changed(paper: Paper, said: dict[str, Any]) -> Content:
    """What the paper says now, with what is said anew."""
    now = Content(**{name: getattr(paper, name) for name in actions.FIELDS})
    words = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    if "marketplaces" in words:
        words["marketplaces"] = tuple(code.upper() for code in words["marketplaces"])
    return replace(now, **words)

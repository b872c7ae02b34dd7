"""REST: documents, runs, and the door through which ERPs push rows."""

import datetime as dt
from collections import defaultdict
from typing import Any, ClassVar

import msgspec
import polars as pl
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.core.bulk import RawJson, RawNdjson, refuse, rows_of
from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.sync.actions import uploads
from apps.sync.actions.pushing import push
from apps.sync.models import Run, StoredDocument, Subscription
from apps.sync.queries.boards import visible_documents
from apps.sync.queries.subscriptions import visible_subscriptions
from apps.sync.rows import RowType
from apps.sync.source import Unreadable

STORE = OpenApiParameter("store", str, description=_("Only these stores, comma separated."))
SHORT, LONG = msgspec.Meta(min_length=1, max_length=60), msgspec.Meta(max_length=200)


class PushedSerializer(serializers.Serializer):
    """What a bulk call did. All rows were taken; unchanged ones wrote nothing."""

    received = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()


class PushResource(Resource):
    """A list that ERPs fill: PUT with `{"items": [...]}` or NDJSON; every row names its store."""

    parser_classes: ClassVar[list[Any]] = [RawJson, RawNdjson]
    item: ClassVar[type[msgspec.Struct]]
    row_type: ClassVar[RowType]

    def upsert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        items = rows_of(request, self.item)
        at, totals = timezone.now(), {"received": len(items), "new": 0, "changed": 0}
        for store, rows in self._by_store(items).items():
            frame = pl.DataFrame([self.values(row, at) for row in rows], schema=self.row_type.schema, orient="row")
            loaded = push(store, self.row_type, frame, request._request.body, by=self.member, at=at)
            totals["new"] += loaded.new
            totals["changed"] += loaded.changed
        return Response(totals)

    def values(self, row: Any, at: dt.datetime) -> tuple[Any, ...]:
        """The row's columns in the order of the row type; a missing day is today."""
        today = at.date()
        found = {name: getattr(row, name) for name in self.row_type.schema}
        return tuple(
            today if value is None and name in {"date", "valid_from"} else value for name, value in found.items()
        )

    def _by_store(self, items: list[Any]) -> dict[Store, list[Any]]:
        """Rows by store. Unprocessable for a store the key may not see, and for two rows about the same thing."""
        known = {store.slug: store for store in stores_for(self.member).filter(active=True)}
        found: dict[Store, list[Any]] = defaultdict(list)
        errors, seen = [], set()
        for index, item in enumerate(items):
            key = (item.store, *(getattr(item, name) for name in self.row_type.key))
            if item.store not in known:
                errors.append({"index": index, "field": "store", "detail": _("There is no such store.")})
            elif key in seen:
                errors.append({"index": index, "field": "", "detail": _("The same thing is named twice.")})
            else:
                seen.add(key)
                found[known[item.store]].append(item)
        refuse(errors)
        return found


class DocumentRow(serializers.ModelSerializer):
    """A file as it came in. `quarantine` says why it could not be loaded; then no row of it was.

    `columns`: which of its columns was what (our name: the file's), where a person had said so.
    """

    store = serializers.CharField(source="store.slug")

    class Meta:
        model = StoredDocument
        fields = ("id", "store", "name", "row", "digest", "size", "encoding", "marketplaces", "as_of", "rows")
        fields += ("received_at", "applied_at", "quarantine", "errors", "columns", "changed_at")


class RunRow(serializers.ModelSerializer):
    """One piece of sync work."""

    store = serializers.CharField(source="store.slug")
    dataset = serializers.CharField(source="stream.dataset")
    marketplace = serializers.CharField(source="stream.marketplace")

    class Meta:
        model = Run
        fields = ("id", "store", "dataset", "marketplace", "slot", "state", "since", "until", "due_at", "attempts")
        fields += ("step", "rows", "changed", "documents", "error_kind", "error", "created_at", "started_at")
        fields += ("finished_at", "changed_at")


class UploadSerializer(serializers.Serializer):
    """A file: an Amazon report, or a table of costs, own stock or products; TSV, CSV, XLSX, also in gz or zip."""

    store = serializers.CharField(max_length=40)
    file = serializers.FileField(allow_empty_file=True)  # an empty one is answered as any that says nothing: 422
    kind = serializers.CharField(required=False, allow_blank=True, max_length=30)
    marketplace = serializers.CharField(required=False, allow_blank=True, max_length=2)


@extend_schema_view(
    list=extend_schema(operation_id="list_documents", summary=_("Files that came in"), tags=["documents"]),
    retrieve=extend_schema(operation_id="get_document", summary=_("One file"), tags=["documents"]),
)
class Documents(Resource):
    permissions = {
        "list": Permission.SYNC_VIEW,
        "retrieve": Permission.SYNC_VIEW,
        "create": Permission.IMPORT,
    }
    row = DocumentRow
    order = ("changed_at", "id")
    changed, stamped = "changed_at", True
    parameters: ClassVar[dict[str, Any]] = {"list": [STORE]}
    parser_classes: ClassVar[list[Any]] = [MultiPartParser]

    @extend_schema(
        operation_id="upload_document",
        summary=_("Upload a file; its run shows the progress"),
        description=_("The file is kept and loaded: all of it or nothing. 422 with the first wrong lines."),
        tags=["documents"],
        request={"multipart/form-data": UploadSerializer},
        responses={202: RunRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep the file and begin to load it: all of it or nothing. 422 with the first wrong lines."""
        asked = UploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        store = stores_for(self.member).filter(slug=asked.validated_data["store"], active=True).first()
        if store is None:
            raise Unprocessable(_("There is no such store."))
        file = asked.validated_data["file"]
        try:
            with uploads.spooled(file.chunks(), most=settings.UPLOAD_MOST_BYTES) as path:
                kind = asked.validated_data.get("kind") or ""
                run = uploads.bring(store, path, name=file.name, kind=kind, by=self.member, at=timezone.now())
        except (uploads.CannotImport, Unreadable) as error:
            lines = [{"index": e.line, "field": e.column, "detail": e.problem} for e in getattr(error, "errors", ())]
            raise Unprocessable(str(error), lines) from None
        return Response(RunRow(run).data, status=202)

    def rows(self) -> QuerySet[StoredDocument]:
        rows = visible_documents(self.member).select_related(None).select_related("store").order_by()
        return self.only_stores(rows)


@extend_schema_view(
    list=extend_schema(operation_id="list_runs", summary=_("Sync runs"), tags=["runs"]),
    retrieve=extend_schema(operation_id="get_run", summary=_("One sync run"), tags=["runs"]),
)
class Runs(Resource):
    permissions = {"list": Permission.SYNC_VIEW, "retrieve": Permission.SYNC_VIEW}
    row = RunRow
    order = ("changed_at", "id")
    changed, stamped = "changed_at", True
    parameters: ClassVar[dict[str, Any]] = {
        "list": [
            STORE,
            OpenApiParameter(
                "state", str, enum=[str(s) for s in Run.State.values], description=_("Only those in this state.")
            ),
        ]
    }

    def rows(self) -> QuerySet[Run]:
        rows = Run.objects.filter(store__in=stores_for(self.member)).select_related("store", "stream")
        if state := self.choice("state", Run.State.values):
            rows = rows.filter(state=state)
        return self.only_stores(rows)


class SubscriptionRow(serializers.Serializer):
    """One subscription of a store's account at Amazon. `lost_at`: Amazon had forgotten an older one, this replaced it."""

    id = serializers.UUIDField()
    store = serializers.CharField(source="store.slug")
    type = serializers.CharField()
    state = serializers.ChoiceField(choices=Subscription.State.choices)
    subscription_id = serializers.CharField(source="number")
    destination_id = serializers.CharField(source="destination")
    created_at = serializers.DateTimeField()
    heard_at = serializers.DateTimeField(allow_null=True)
    tried_at = serializers.DateTimeField(allow_null=True)
    lost_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


@extend_schema_view(
    list=extend_schema(
        operation_id="list_subscriptions",
        summary=_("Subscriptions to Amazon's notifications"),
        description=_("What each store is subscribed to, since when, and when it was last heard of."),
        tags=["runs"],
    )
)
class Subscriptions(Resource):
    permissions = {"list": Permission.SYNC_VIEW}
    row = SubscriptionRow
    order = ("created_at", "id")
    parameters: ClassVar[dict[str, Any]] = {
        "list": [
            STORE,
            OpenApiParameter(
                "state",
                str,
                enum=[str(s) for s in Subscription.State.values],
                description=_("Only those in this state."),
            ),
        ]
    }

    def rows(self) -> QuerySet[Subscription]:
        rows = visible_subscriptions(self.member)
        if state := self.choice("state", Subscription.State.values):
            rows = rows.filter(state=state)
        return self.only_stores(rows)

"""Imports: a file is dropped, looked at, then loaded like everything else."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import LABELS, Permission
from apps.sync.actions import column_maps, uploads
from apps.sync.forms import ColumnsForm, LoadForm, UploadForm
from apps.sync.models import StoredDocument
from apps.sync.queries import boards, setting_up
from apps.sync.reading.kinds import BY_KEY, likeliest
from apps.sync.source import Unreadable
from apps.sync.sources import SOURCES
from apps.sync.sources.files import Preview

COLUMNS = (lists.ListColumn("at", "", order="received_at"),)
COSTS = "costs"


@require_safe
@requires(Permission.SYNC_VIEW)
def imports(request: MemberRequest) -> HttpResponse:
    return _imports(request, _upload_form(request, initial={"store": request.GET.get("store", "")}))


@require_POST
@requires(Permission.IMPORT, Permission.IMPORT_COSTS)
def import_new(request: MemberRequest) -> HttpResponse:
    """Keep a file, and show what it is."""
    form = _upload_form(request, request.POST, request.FILES)
    if form.is_valid():
        file, store, at = form.cleaned_data["file"], form.cleaned_data["store"], timezone.now()
        door = uploads.door_of(store, by=request.member, at=at)
        try:
            with uploads.spooled(file.chunks(), most=settings.UPLOAD_MOST_BYTES) as path:
                kept = uploads.stage(store, door, path, name=file.name, by=request.member, at=at, said=column_maps.said)
            return redirect("import", agency=request.agency.slug, pk=kept.pk)
        except (uploads.CannotImport, Unreadable) as error:
            form.add_error("file", _(str(error)))
    return _imports(request, form, status=422)


@requires(Permission.IMPORT, Permission.IMPORT_COSTS)
def import_one(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The preview of a staged file; POST loads it."""
    kept = get_object_or_404(boards.imports(request.member), pk=pk)
    if kept.run_id:
        return redirect("run", agency=request.agency.slug, pk=kept.run_id)
    asked = request.POST.get("kind") or request.GET.get("kind", "")
    preview = uploads.preview_of(kept, kind=asked)
    kinds = _kinds(request)
    chosen = preview.report.key if preview.report else ""
    form = LoadForm(request.POST or None, kinds=kinds, initial={"kind": chosen})
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            run = uploads.load(kept, kind=values["kind"], by=request.member, at=timezone.now(), as_of=values["as_of"])
            return redirect("run", agency=request.agency.slug, pk=run.pk)
        except uploads.CannotImport as error:
            form.add_error(None, _(str(error)))
    context = {
        "document": kept,
        "preview": preview,
        "form": form,
        "allowed": chosen in dict(kinds),
        "errors": [(e.line, e.column, e.value, _(e.problem)) for e in preview.errors[:100]],
        "problem": _(preview.problem) if preview.problem else "",
        "columns": list(preview.first[0]) if preview.first else [],
        "lines": [list(row.values()) for row in preview.first],
        "named": [(_heading(preview, name), cell) for name, cell in preview.columns.items()],
        "mappable": bool(preview.header) and (preview.report is None or bool(preview.report.cells)),
        "chosen": chosen or asked,
    }
    return page(request, "sync/import.html", context, status=422 if form.errors else 200)


@requires(Permission.IMPORT, Permission.IMPORT_COSTS)
def import_columns(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Which column of a staged file is what, for one kind of file; POST remembers it for all files with this header."""
    kept = get_object_or_404(boards.imports(request.member), pk=pk, run=None)
    kinds = [(key, label) for key, label in _kinds(request) if BY_KEY[key].cells]
    preview = uploads.preview_of(kept)
    if not preview.header or not kinds:
        raise Http404
    said = column_maps.said(preview.header)
    if said and said.dataset not in dict(kinds):
        raise PermissionDenied(LABELS[Permission.IMPORT])
    asked = request.POST.get("kind") or request.GET.get("kind") or (said.dataset if said else "")
    report = BY_KEY[asked if asked in dict(kinds) else likeliest(preview.header, dict(kinds))]
    known = said.columns if said and said.dataset == report.key else {}
    found = {name: preview.header[index] for name, index in report.mapped(known).positions(preview.header).items()}
    form = ColumnsForm(request.POST or None, report=report, header=preview.header, initial=found, prefix="column")
    if request.method == "POST" and form.is_valid():
        values = {"dataset": report.key, "columns": form.columns, "by": request.member, "at": timezone.now()}
        column_maps.remember(kept, preview.header, **values)
        messages.success(request, _("Remembered for every file with these columns. This is how it is read."))
        return redirect("import", agency=request.agency.slug, pk=kept.pk)
    context = {"document": kept, "form": form, "kinds": kinds, "kind": report.key}
    return page(request, "sync/import_columns.html", context, status=422 if form.errors else 200)


def _heading(preview: Preview, name: str) -> str:
    """One of our columns, as the form of columns calls it."""
    form = ColumnsForm(report=BY_KEY[preview.report.key], header=preview.header) if preview.report else None
    return str(form.fields[name].label) if form and name in form.fields else name


@require_POST
@requires(Permission.IMPORT, Permission.IMPORT_COSTS)
def import_discard(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    kept = get_object_or_404(boards.imports(request.member), pk=pk)
    try:
        uploads.discard(kept, by=request.member, at=timezone.now())
    except uploads.CannotImport as error:
        messages.warning(request, _(str(error)))
    return redirect("sync-imports", agency=request.agency.slug)


def _kinds(request: MemberRequest) -> list[tuple[str, Any]]:
    """Datasets the member may bring: everything, or costs only."""
    plans = SOURCES["upload"].datasets.values()
    every = request.member.can(Permission.IMPORT)
    return [(plan.key, plan.label) for plan in plans if every or plan.key == COSTS]


def _upload_form(request: MemberRequest, *data: Any, **more: Any) -> UploadForm:
    return UploadForm(*data, stores=stores_for(request.member).filter(active=True), **more)


def _imports(request: MemberRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    query = lists.parse(request.GET, COLUMNS, sort="-at", today=timezone.localdate())
    rows = boards.imports(request.member)
    context = {
        "form": form,
        "query": query,
        "rows": lists.paged(rows, query),
        "kinds": SOURCES["upload"].datasets.values(),
        "may_import": boards.may_import(request.member),
        "moving": StoredDocument.objects.filter(pk__in=rows.values("pk"), run__state__in=["due", "running"]).exists(),
    }
    store = stores_for(request.member).filter(slug=request.GET.get("store", ""), setting_up=True).first()
    if store is not None:  # one of the first steps of this store
        context |= {"steps": setting_up.steps(request.agency.slug, store), "store": store}
        context["step"] = "costs" if request.GET.get("kind") == COSTS else "data"
    return page(request, "sync/imports.html", context, status=status)

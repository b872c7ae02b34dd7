"""Data sync: can I trust the numbers, and who must act? Matrix, streams, runs, dead letters, documents."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, target_id
from apps.core.permissions import Permission
from apps.core.storage import Missing
from apps.core.storage import documents as storage
from apps.sync import actions
from apps.sync.forms import PullForm
from apps.sync.models import Run, Stream
from apps.sync.queries import boards
from apps.sync.queries.lag import lags
from apps.sync.queries.silences import quiet_for
from apps.sync.sources import SOURCES

COLUMNS = (lists.ListColumn("at", "", order="created_at"),)
SHOWN_RUNS = 30


@require_safe
@requires(Permission.SYNC_VIEW)
def sync(request: MemberRequest) -> HttpResponse:
    board = boards.board(request.member)
    context = {
        "board": board,
        "dead": boards.dead_letters(request.member).count(),
        "quiet": quiet_for(request.member),
        "now": timezone.now(),
        "lags": [] if target_id(request) else lags(request.member, at=timezone.now()),
        "runs": boards.visible_runs(request.member).filter(state=Run.State.RUNNING)[:SHOWN_RUNS],
        "may_retry": request.member.can(Permission.SYNC_RETRY),
    }
    return page(request, "sync/sync.html", context)


@require_safe
@requires(Permission.SYNC_VIEW)
def stream(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    return _stream(request, _stream_of(request, pk), PullForm())


@require_POST
@requires(Permission.SYNC_RETRY)
def stream_pull(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Bring a range of days again."""
    row, form = _stream_of(request, pk), PullForm(request.POST)
    if not form.is_valid():
        return _stream(request, row, form, status=422)
    since, until = form.range()
    run_ = actions.pull(row, since=since, until=until, by=request.member, at=timezone.now())
    return redirect("run", agency=request.agency.slug, pk=run_.pk)


@require_safe
@requires(Permission.SYNC_VIEW)
def run(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(boards.visible_runs(request.member), pk=pk)
    documents = boards.visible_documents(request.member).filter(run=row).order_by("received_at")
    context = {
        "run": row,
        "label": _label(row.stream),
        "documents": documents,
        "undoable": boards.undoable(request.member, documents),
        "moving": row.state in (Run.State.DUE, Run.State.RUNNING),
        "may_retry": request.member.can(Permission.SYNC_RETRY) and row.state in actions.OVER,
        "may_import": boards.may_import(request.member),
    }
    return page(request, "sync/run.html", context)


@require_POST
@requires(Permission.SYNC_RETRY)
def run_replay(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(boards.visible_runs(request.member), pk=pk)
    if not actions.replay(row.pk, by=request.member, at=timezone.now()):
        messages.warning(request, _("This run has not ended yet."))
    return redirect("run", agency=request.agency.slug, pk=row.pk)


@require_safe
@requires(Permission.SYNC_VIEW)
def dead_letters(request: MemberRequest) -> HttpResponse:
    query = _query(request)
    context = {
        "query": query,
        "rows": lists.paged(boards.dead_letters(request.member), query),
        "may_retry": request.member.can(Permission.SYNC_RETRY),
    }
    return page(request, "sync/dead_letters.html", context)


@require_POST
@requires(Permission.SYNC_RETRY)
def dead_letters_act(request: MemberRequest) -> HttpResponse:
    """Replay the chosen ones (or all that are shown), or settle them."""
    rows = boards.dead_letters(request.member)
    if request.POST.get("scope") != "all":
        rows = rows.filter(pk__in=[i for i in request.POST.getlist("ids") if lists.is_id(i)])
    ids, at = list(rows.values_list("pk", flat=True)), timezone.now()
    if request.POST.get("action") == "drop":
        count = sum(actions.drop(each, by=request.member, at=at) for each in ids)
        messages.success(request, ngettext("%d run settled.", "%d runs settled.", count) % count)
    else:
        count = actions.replay_many(ids, by=request.member, at=at)
        messages.success(request, ngettext("%d run will be done again.", "%d runs will be done again.", count) % count)
    return redirect("sync-dead-letters", agency=request.agency.slug)


@require_safe
@requires(Permission.SYNC_VIEW)
def documents(request: MemberRequest) -> HttpResponse:
    query = _query(request)
    rows = boards.visible_documents(request.member)
    if query.q:
        rows = rows.filter(name__icontains=query.q)
    if query.get("store"):
        rows = rows.filter(store__slug=query.get("store"))
    match query.status:
        case "quarantined":
            rows = rows.exclude(quarantine="")
        case "waiting":
            rows = rows.filter(applied_at=None, quarantine="")
        case "applied":
            rows = rows.filter(applied_at__isnull=False)
    context = {
        "query": query,
        "rows": lists.paged(rows, query),
        "stores": [(store.slug, store.name) for store in stores_for(request.member)],
        "may_import": boards.may_import(request.member),
    }
    return page(request, "sync/documents.html", context)


@require_safe
@requires(Permission.SYNC_VIEW)
def document_file(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The raw bytes, exactly as they came. Never shown in the browser: a source is not to be trusted."""
    row = get_object_or_404(boards.visible_documents(request.member), pk=pk)
    if row.row == "cost" and not request.member.can(Permission.COST_VIEW):
        raise Http404
    try:
        file = storage().open(row.path)
    except Missing:
        raise Http404 from None
    answer = FileResponse(file, as_attachment=True, filename=f"{row.name}.txt" if "." not in row.name else row.name)
    answer["Content-Type"] = "application/octet-stream"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _stream_of(request: MemberRequest, pk: uuid.UUID) -> Stream:
    rows = Stream.objects.filter(store__in=stores_for(request.member)).select_related("store", "connection")
    return get_object_or_404(rows, pk=pk)


def _stream(request: MemberRequest, row: Stream, form: PullForm, *, status: int = 200) -> HttpResponse:
    query = _query(request)
    runs = boards.visible_runs(request.member).filter(stream=row)
    context: dict[str, Any] = {
        "stream": row,
        "label": _label(row),
        "query": query,
        "rows": lists.paged(runs, query),
        "moving": runs.filter(state=Run.State.RUNNING).exists(),
        "form": form,
        "may_retry": request.member.can(Permission.SYNC_RETRY) and row.every > 0,
    }
    return page(request, "sync/stream.html", context, status=status)


def _label(row: Stream) -> Any:
    kind = SOURCES.get(row.connection.kind)
    return kind.datasets[row.dataset].label if kind and row.dataset in kind.datasets else row.dataset


def _query(request: MemberRequest) -> lists.ListQuery:
    return lists.parse(request.GET, COLUMNS, sort="-at", today=timezone.localdate())

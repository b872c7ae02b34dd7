"""What the shell offers on every page: search or jump, running jobs, saved views."""

import uuid
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import (
    content_disposition_header,
    url_has_allowed_host_and_scheme,
)
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import jobs as working
from apps.accounts.actions import saved_views as keeping
from apps.accounts.actions.refusal import Refused
from apps.accounts.palette import found
from apps.accounts.queries import jobs_of
from apps.accounts.queries import saved_views as views_of
from apps.core import jobs as core_jobs
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.models import Job, SavedView
from apps.core.permissions import Permission
from apps.core.storage import Missing, documents

TRAY = 8  # jobs in the header's tray
LISTED = 100


@require_safe
@requires(Permission.OVERVIEW_VIEW)
@never_cache
def palette(request: MemberRequest) -> HttpResponse:
    """Entries for what was typed, in groups."""
    q = request.GET.get("q", "")
    groups = [(group, list(entries)) for group, entries in groupby(found(request, q), key=lambda e: str(e.group))]
    return page(request, "accounts/palette.html", {"groups": groups, "q": q})


# -- jobs


@require_safe
@requires(Permission.OVERVIEW_VIEW)
@never_cache
def jobs(request: MemberRequest) -> HttpResponse:
    """What is running for me, and what came out?"""
    rows = [_shown(job) for job in jobs_of(request.member)[:LISTED]]
    return page(request, "accounts/jobs.html", {"rows": rows})


@require_safe
@requires(Permission.OVERVIEW_VIEW)
@never_cache
def job_tray(request: MemberRequest) -> HttpResponse:
    """The newest jobs, for the bell."""
    rows = [_shown(job) for job in jobs_of(request.member).filter(by=request.member)[:TRAY]]
    return page(request, "accounts/job_tray.html", {"rows": rows})


@require_safe
@requires(Permission.OVERVIEW_VIEW)
@never_cache
def job(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """How far is it? Asked every second while it runs; the answer then comes without a trigger."""
    row = _shown(get_object_or_404(jobs_of(request.member), pk=pk))
    template = "accounts/job_card.html" if request.headers.get("HX-Request") == "true" else "accounts/job.html"
    return page(request, template, {"row": row})


@require_POST
@requires(Permission.OVERVIEW_VIEW)
def cancel_job(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(jobs_of(request.member), pk=pk)
    if not row.finished:
        working.cancel_job(row)
        row.refresh_from_db()
    if request.headers.get("HX-Request") == "true":
        return toast(
            page(request, "accounts/job_card.html", {"row": _shown(row)}),
            _("Cancelled."),
            kind="info",
        )
    return redirect("job", agency=request.agency.slug, pk=pk)


@require_safe
@requires(Permission.EXPORT)
@never_cache
def job_file(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The file a job made, for the one who started it (and for owners)."""
    row = get_object_or_404(jobs_of(request.member), pk=pk, state=Job.State.DONE, file__gt="")
    try:
        body = documents().open(row.file)
    except Missing as gone:
        raise Http404 from gone
    response = FileResponse(body, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, row.file_name or row.title)
    response["X-Content-Type-Options"] = "nosniff"
    return response  # type: ignore[return-value]


def _shown(row: Job) -> dict[str, Any]:
    return {"job": row, "progress": core_jobs.progress(row)}


# -- saved views


@require_safe
@requires(Permission.OVERVIEW_VIEW)
def saved_views(request: MemberRequest) -> HttpResponse:
    """The views of one list page, as a menu."""
    name = request.GET.get("page", "")
    context = {
        "views": views_of(request.member, name),
        "list_url": _safe(request, "list"),
    }
    return page(request, "accounts/saved_views.html", context)


@require_POST
@requires(Permission.OVERVIEW_VIEW)
def save_view(request: MemberRequest) -> HttpResponse:
    """Keep the filters of a list page: `page`, `name`, `query`, and `next` to return to."""
    data = request.POST
    try:
        view = keeping.save_view(
            data.get("page", ""),
            data.get("name", ""),
            data.get("query", ""),
            by=request.member,
        )
        messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(_safe(request, "next"))


@require_POST
@requires(Permission.OVERVIEW_VIEW)
def share_view(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Offer a view to everybody, or with `shared=0` no longer."""
    view = get_object_or_404(SavedView.objects.filter(member=request.member), pk=pk)
    shared = request.POST.get("shared") != "0"
    keeping.share_view(view, shared=shared, by=request.member, at=timezone.now())
    return redirect(_safe(request, "next"))


@require_POST
@requires(Permission.OVERVIEW_VIEW)
def delete_view(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    keeping.delete_view(
        get_object_or_404(SavedView.objects.filter(member=request.member), pk=pk),
        by=request.member,
    )
    return redirect(_safe(request, "next"))


def _safe(request: MemberRequest, name: str) -> str:
    """An address of ours that the request names, else the agency's front page."""
    target = request.POST.get(name) or request.GET.get(name) or ""
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target and ours else f"/{request.agency.slug}/"

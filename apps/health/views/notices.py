"""Notices by the other two doors: written down by hand, and out of files."""

import tempfile
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import StoreMarketplace
from apps.accounts.queries import site_filter, stores_for
from apps.core.http import MemberRequest, attachment, page, requires
from apps.core.permissions import Permission
from apps.core.storage import Missing, documents
from apps.health.actions import notices as actions
from apps.health.forms.notices import BringForm, Fields, NewNotice
from apps.health.models import Notice, NoticeFile
from apps.health.queries import notices as queries
from apps.health.queries.work import notices_for

NEW, BRING, ONE = "health/notices/new.html", "health/notices/import.html", "health/notices/brought.html"
SHOWN = 100  # lines of a table on the page
PASTED = "pasted.txt"


@requires(Permission.HEALTH_EDIT)
def new(request: MemberRequest) -> HttpResponse:
    """What did Amazon write, to which store, and until when is it to be answered?"""
    initial = {"store": request.GET.get("store", ""), "at": timezone.localtime(), "owner": request.member.pk}
    form = NewNotice(request.POST or None, initial=initial, **_ground(request))
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        store = values.pop("store")
        try:
            said = {"origin": actions.PERSON, "key": "", "by": request.member, "at": timezone.now()}
            made, _new = actions.create(store, values, **said)
            messages.success(request, _("Notice kept."))
            return redirect("health-notice", agency=request.agency.slug, pk=made.pk)
        except Refused as why:
            form.add_error("marketplace", str(why))
    return page(request, NEW, {"form": form, "tab": "notices"}, status=422 if form.errors else 200)


def _ground(request: MemberRequest) -> dict[str, Any]:
    """The stores and sites that may be chosen."""
    sites = StoreMarketplace.objects.filter(site_filter(request.member), active=True)
    codes = sites.order_by("marketplace__position").values_list("marketplace_id", flat=True)
    return {"stores": stores_for(request.member).filter(active=True), "sites": list(dict.fromkeys(codes))}


@requires(Permission.HEALTH_EDIT)
def bring(request: MemberRequest) -> HttpResponse:
    """Which letter, or which table of notices?"""
    stores = stores_for(request.member).filter(active=True)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = BringForm(*data, stores=stores, initial={"store": request.GET.get("store", "")})
    if request.method == "POST" and form.is_valid():
        try:
            kept = _staged(request, form.cleaned_data)
            return redirect("notice-import-one", agency=request.agency.slug, pk=kept.pk)
        except Refused as why:
            form.add_error("file" if form.cleaned_data["file"] else "text", str(why))
    context = {"form": form, "tab": "notices", "waiting": _waiting(request)}
    return page(request, BRING, context, status=422 if form.errors else 200)


def _waiting(request: MemberRequest) -> list[NoticeFile]:
    """What was brought and not loaded yet."""
    rows = queries.files_for(request.member).filter(loaded_at=None).select_related("uploaded_by__user")
    return list(rows.order_by("-uploaded_at")[:20])


def _staged(request: MemberRequest, values: dict[str, Any]) -> NoticeFile:
    file = values["file"]
    chunks: Iterable[bytes] = file.chunks() if file else [values["text"].encode()]
    with tempfile.TemporaryDirectory(prefix="notice-") as folder, transaction.atomic():
        path = Path(folder) / "notice"
        with path.open("wb") as target:
            target.writelines(chunks)
        name = file.name if file else PASTED
        return actions.stage(values["store"], path, name=name, by=request.member, at=timezone.now())


@requires(Permission.HEALTH_EDIT)
def brought(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Is it read rightly, and what will it make? POST loads it, whole or not at all."""
    kept = get_object_or_404(queries.files_for(request.member), pk=pk)
    if kept.loaded_at:
        return _already(request, kept)
    try:
        found = actions.preview(kept, by=request.member)
    except Refused as why:
        return page(request, ONE, {"kept": kept, "problem": str(why), "tab": "notices"}, status=422)
    form = _form(request, kept, found)
    problem = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            with transaction.atomic():
                taken = actions.load(kept, form.cleaned_data if form else {}, by=request.member, at=timezone.now())
            return _told(request, kept, taken)
        except Refused as why:
            problem = str(why)
    wrong = bool(problem or (form and form.errors))
    context = {"kept": kept, "found": found, "rows": found.rows[:SHOWN], "form": form, "problem": problem}
    context |= {"kinds": dict(Notice.Kind.choices), "shown": SHOWN, "tab": "notices"}
    return page(request, ONE, context, status=422 if wrong else 200)


def _form(request: MemberRequest, kept: NoticeFile, found: actions.Preview) -> Fields | None:
    """What a letter suggests, to be corrected; a table is corrected in the table."""
    if not found.letter:
        return None
    owner = request.member.pk if request.member.user_id else None
    initial = {**found.values, "at": timezone.localtime(found.values["at"]), "owner": owner}
    data = request.POST if request.method == "POST" else None
    return Fields(data, initial=initial, sites=actions.sites_of(kept.store, request.member))


def _already(request: MemberRequest, kept: NoticeFile) -> HttpResponse:
    """A file that was loaded: its one notice, or the list."""
    made = list(notices_for(request.member).filter(file=kept)[:2])
    if len(made) == 1:
        return redirect("health-notice", agency=request.agency.slug, pk=made[0].pk)
    return redirect("health-notices", agency=request.agency.slug, store=kept.store.slug)


def _told(request: MemberRequest, kept: NoticeFile, taken: actions.Taken) -> HttpResponse:
    count = len(taken.made)
    said = ngettext("%(count)d notice kept.", "%(count)d notices kept.", count) % {"count": count}
    if taken.known:
        again = ngettext("%(count)d was there already.", "%(count)d were there already.", taken.known)
        said = f"{said} {again % {'count': taken.known}}"
    messages.success(request, said)
    kept.loaded_at = timezone.now()
    return _already(request, kept)


@require_POST
@requires(Permission.HEALTH_EDIT)
def discard(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """Forget a file that was only looked at."""
    kept = get_object_or_404(queries.files_for(request.member), pk=pk)
    try:
        actions.discard(kept, by=request.member, at=timezone.now())
    except Refused as why:
        messages.warning(request, str(why))
    return redirect("notice-import", agency=request.agency.slug)


@require_safe
@requires(Permission.HEALTH_VIEW)
def original(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """The document a notice came in."""
    notice = get_object_or_404(notices_for(request.member).select_related("file"), pk=pk)
    kept = queries.original_of(notice, request.member)
    if kept is None:
        raise Http404
    try:
        return attachment(documents().open(kept.path), kept.name)
    except Missing as gone:
        raise Http404 from gone

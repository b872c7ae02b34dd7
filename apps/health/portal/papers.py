"""What clients see of compliance: what is asked of them, their own papers, and a place to hand one over."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.core import lists
from apps.core.http import MemberRequest, attachment, page, requires
from apps.core.permissions import Permission
from apps.core.storage import Missing, documents
from apps.health.actions import needs
from apps.health.actions import papers as actions
from apps.health.actions.papers import Turn
from apps.health.forms.papers import PaperForm, grouped, handed, parts_of
from apps.health.models import Paper, PaperFile, PaperRequest
from apps.health.queries import papers as queries

HOME = "health/papers/portal.html"
UPLOAD = "health/papers/portal_upload.html"


@require_safe
@requires(Permission.PORTAL_VIEW)
def papers(request: MemberRequest) -> HttpResponse:
    """What does my agency need from me, and how do my papers stand?"""
    today, known = timezone.localdate(), queries.kinds()
    query = lists.parse(request.GET, (), sort="", today=today)
    asked = queries.requests_for(request.member).filter(state__in=["open", "answered"])
    mine = queries.stood(queries.papers_for(request.member), today).filter(state__in=queries.LIVING)
    rows = lists.paged(mine.order_by("valid_to", "kind", "id"), query)
    context = {
        "asked": [(each, known.get(each.kind)) for each in asked],
        "rows": rows,
        "lines": [queries.row_of(each, known, {}, today) for each in rows],
        "files": _files([each.pk for each in rows]),
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
        "may_upload": request.member.can(Permission.PORTAL_UPLOAD),
        "today": today,
    }
    return page(request, HOME, context)


def _files(papers: list[UUID]) -> dict[UUID, list[PaperFile]]:
    found: dict[UUID, list[PaperFile]] = {}
    for file in PaperFile.objects.filter(paper__in=papers).order_by("part", "uploaded_at"):
        found.setdefault(file.paper_id, []).append(file)
    return found


@requires(Permission.PORTAL_UPLOAD)
def upload(request: MemberRequest) -> HttpResponse:
    """Hand over a paper: what was asked for, or another one. The agency looks at it and says if it will do."""
    asked = _asked(request)
    stores = list(stores_for(request.member).filter(active=True))
    slug = asked.store.slug if asked else request.GET.get("store", "") or (stores[0].slug if len(stores) == 1 else "")
    store = next((each for each in stores if each.slug == slug), None)
    kind = queries.kinds(active=True).get(asked.kind if asked else request.GET.get("kind", ""))
    if store is None or kind is None:
        context = {"stores": stores, "store": store, "groups": list(grouped(queries.kinds(active=True)))}
        return page(request, UPLOAD, context, status=422 if request.method == "POST" else 200)
    sites = sorted(store.sites.filter(active=True).values_list("marketplace_id", flat=True))
    posted = [request.POST] if request.method == "POST" else []
    form = PaperForm(*posted, kind=kind, sites=sites, staff=False, initial=_initial(asked))
    if request.method == "POST" and form.is_valid() and _handed_over(request, store, form, asked):
        messages.success(request, _("Thank you. Your agency will look at it and tell you here if it will do."))
        return redirect("portal-papers", agency=request.agency.slug)
    zh = (get_language() or "").startswith("zh")
    context = {"store": store, "kind": kind, "form": form, "asked": asked, "parts": parts_of(kind, zh)}
    return page(request, UPLOAD, context, status=422 if form.errors else 200)


def _asked(request: MemberRequest) -> PaperRequest | None:
    """The request that is answered, if the address names one. It must be this client's, and open."""
    key = request.GET.get("asked", "")
    if not key:
        return None
    try:
        return get_object_or_404(queries.requests_for(request.member), pk=UUID(key), state="open")
    except ValueError:
        raise Http404 from None


def _initial(asked: PaperRequest | None) -> dict[str, Any]:
    if asked is None:
        return {"scope": Paper.Scope.ALL}
    scope = Paper.Scope.SKU if asked.skus else Paper.Scope.ALL
    return {"scope": scope, "reach": "\n".join(asked.skus), "marketplaces": asked.marketplaces}


def _handed_over(request: MemberRequest, store: Store, form: PaperForm, asked: PaperRequest | None) -> bool:
    """Keep it for review; False if it was refused, and the form says why."""
    turn = Turn(request.member, timezone.now())
    try:
        with ExitStack() as stack, transaction.atomic():
            given = handed(request.FILES, form.kind, stack)
            if not given and form.kind.parts:
                raise Refused(_("Choose a file."))
            made = actions.create(store, form.content(), given, turn, send=True)
            if asked:
                needs.answer(asked, made, at=turn.at)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@require_safe
@requires(Permission.PORTAL_VIEW)
def file(request: MemberRequest, pk: UUID) -> HttpResponse:
    """A file of one's own papers."""
    mine = queries.papers_for(request.member)
    kept = get_object_or_404(PaperFile, pk=pk, paper__in=mine)
    try:
        return attachment(documents().open(kept.key), kept.name)
    except Missing:
        raise Http404 from None

"""Papers: what there is, what it says, who has looked at it; and new ones."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.audit import history, verb_words
from apps.core.http import MemberRequest, attachment, page, requires
from apps.core.permissions import LABELS, Permission
from apps.core.storage import Missing, documents
from apps.health.actions import needs
from apps.health.actions import papers as actions
from apps.health.actions.papers import Turn
from apps.health.actions.reminders import mail_request
from apps.health.forms.papers import AskForm, PaperForm, StepForm, grouped, handed, parts_of
from apps.health.models import Paper, PaperFile
from apps.health.queries import papers as queries

PAGE = "paper-list"
LIST = "health/papers/papers.html"
NEW = "health/papers/new.html"
ONE = "health/papers/paper.html"
ASK = "health/papers/ask.html"
FILTERS = {"q", "store", "status", "kind", "site", "owner"}
REVIEWS = ("accept", "reject")


@require_safe
@requires(Permission.PAPERS_VIEW)
@pages.opens_views(PAGE)
def papers(request: MemberRequest, store: str = "") -> HttpResponse:
    """Which papers are there, until when do they hold, and what hangs on them?"""
    member, today = request.member, timezone.localdate()
    found = get_object_or_404(stores_for(member), slug=store) if store else None
    query = lists.parse(request.GET, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=today)
    mine = queries.papers_for(member).select_related("store", "owner__user")
    mine = queries.chosen(mine.filter(store=found) if found else mine, query, member)
    counts = queries.counts(mine, today)
    every = queries.stood(mine, today)
    wanted = every.filter(standing_now=query.status) if query.status in queries.STANDINGS else every
    if query.status not in queries.STANDINGS:
        wanted = wanted.filter(state__in=queries.LIVING)
    rows = lists.paged(lists.ordered(wanted, query, "kind", "id"), query)
    shown = pages.frame(request, query, name=PAGE, slug=store, kept=("status", "sort")) | {
        "store": found,
        "rows": rows,
        "lines": queries.paper_rows(list(rows), member, today=today),
        "segments": _segments(query, counts),
        "filtered": bool(set(query.params) & FILTERS),
        "kinds": [(code, kind.label) for code, kind in queries.kinds().items()],
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "requests": _asked(request, found),
        "may_edit": member.can(Permission.PAPERS_EDIT),
        "may_export": False,
    }
    return page(request, LIST, shown)


def _segments(query: lists.ListQuery, counts: dict[str, int]) -> list[dict[str, Any]]:
    status = query.status if query.status in queries.STANDINGS else ""
    living = sum(n for key, n in counts.items() if key not in {"superseded", "withdrawn"})
    told = [("", _("All"), living), *((key, label, counts.get(key, 0)) for key, label in queries.STANDINGS.items())]
    return pages.segments(query, status, told)


def _asked(request: MemberRequest, store: Store | None) -> list[Any]:
    found = queries.requests_for(request.member).filter(state__in=["open", "answered"])
    known = queries.kinds()
    return [(each, known.get(each.kind)) for each in (found.filter(store=store) if store else found)[:20]]


@requires(Permission.PAPERS_EDIT)
def new(request: MemberRequest, store: str = "") -> HttpResponse:
    """A paper: its kind first, then its files and what it says; one file may be for several products at once."""
    stores = list(stores_for(request.member).filter(active=True))
    slug = store or request.GET.get("store", "")
    found = next((each for each in stores if each.slug == slug), None)
    if store and found is None:
        raise Http404
    kind = queries.kinds(active=True).get(request.GET.get("kind", ""))
    if found is None or kind is None:
        choices = list(grouped(queries.kinds(active=True)))
        status = 422 if request.method == "POST" else 200
        return page(request, NEW, {"store": found, "stores": stores, "groups": choices}, status=status)
    form = PaperForm(
        *([request.POST] if request.method == "POST" else []), kind=kind, sites=_sites(found), initial=_initial(request)
    )
    if request.method == "POST" and form.is_valid():
        made = _made(request, found, form)
        if made:
            messages.success(request, _("Paper kept. Check what was read from it, then submit it for review."))
            return redirect("paper", agency=request.agency.slug, store=found.slug, pk=made.pk)
    context = {"store": found, "kind": kind, "form": form, "parts": parts_of(kind, _zh())}
    return page(request, NEW, context, status=422 if form.errors else 200)


def _made(request: MemberRequest, store: Store, form: PaperForm) -> Paper | None:
    """The paper with its files, or none of it and the form says why."""
    turn = Turn(request.member, timezone.now())
    try:
        with ExitStack() as stack, transaction.atomic():
            given = handed(request.FILES, form.kind, stack)
            return actions.create(store, form.content(), given, turn, owner=form.cleaned_data.get("owner"))
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None


def _initial(request: MemberRequest) -> dict[str, Any]:
    sku, site = request.GET.get("sku", "")[:60], request.GET.get("site", "")
    return {"scope": "sku", "reach": sku, "marketplaces": [site] if site else []}


def _sites(store: Store) -> list[str]:
    return sorted(store.sites.filter(active=True).values_list("marketplace_id", flat=True))


def _zh() -> bool:
    return (get_language() or "").startswith("zh")


def _paper(request: MemberRequest, slug: str, key: UUID) -> Paper:
    mine = queries.papers_for(request.member).select_related("store", "owner__user")
    return get_object_or_404(mine, store__slug=slug, pk=key)


@require_safe
@requires(Permission.PAPERS_VIEW)
def paper(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """What does this paper say, for which products, until when, and who has looked at it?"""
    return page(request, ONE, _context(request, _paper(request, store, pk)))


def _context(request: MemberRequest, found: Paper, form: PaperForm | None = None, problem: str = "") -> dict[str, Any]:
    member, today, known = request.member, timezone.localdate(), queries.kinds()
    kind = known.get(found.kind)
    row = queries.row_of(found, known, queries.stakes_of([found.pk], member).get(found.pk, {}), today)
    kept = list(PaperFile.objects.filter(paper=found).order_by("part", "uploaded_at"))
    editable = found.state in {"draft", "rejected", "review"} and member.can(Permission.PAPERS_EDIT)
    if form is None and editable and kind:
        form = PaperForm(kind=kind, sites=_sites(found.store), initial=_said(found))
    return {
        "paper": found,
        "row": row,
        "kind": kind,
        "files": [(file, queries.part_name(kind, file.part, _zh())) for file in kept],
        "found": queries.found_in(kept, found),
        "lacks": actions.lacks(found, kind),
        "form": form if editable else None,
        "parts": parts_of(kind, _zh()) if kind and editable else [],
        "versions": queries.versions(found),
        "history": [(entry, verb_words(entry.verb)) for entry in history(found)],
        "mails": queries.mails_about(found.pk),
        "problem": problem,
        "may_edit": member.can(Permission.PAPERS_EDIT),
        "may_review": member.can(Permission.PAPERS_REVIEW),
    }


def _said(found: Paper) -> dict[str, Any]:
    values = {name: getattr(found, name) for name in actions.FIELDS}
    return values | {"reach": "\n".join(found.reach), "owner": found.owner_id}


@require_POST
@requires(Permission.PAPERS_EDIT)
def edit(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """What a paper says, while nobody has accepted it; and who looks after it."""
    found = _paper(request, store, pk)
    kind = queries.kinds().get(found.kind)
    if kind is None:
        raise Http404
    form = PaperForm(request.POST, kind=kind, sites=_sites(found.store))
    if not form.is_valid():
        return page(request, ONE, _context(request, found, form), status=422)
    try:
        turn = Turn(request.member, timezone.now())
        actions.edit(found, form.content(), turn, owner=form.cleaned_data.get("owner"))
    except Refused as refusal:
        return page(request, ONE, _context(request, found, form, str(refusal)), status=422)
    messages.success(request, _("Saved"))
    return _back(request, found)


@require_POST
@requires(Permission.PAPERS_EDIT)
def add_file(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """One more file of a paper."""
    found = _paper(request, store, pk)
    kind = queries.kinds().get(found.kind)
    if kind is None:
        raise Http404
    turn = Turn(request.member, timezone.now())
    try:
        with ExitStack() as stack, transaction.atomic():
            given = handed(request.FILES, kind, stack)
            if not given:
                raise Refused(_("Choose a file."))
            for each in given:
                actions.add_file(found, each, turn)
    except Refused as refusal:
        return page(request, ONE, _context(request, found, problem=str(refusal)), status=422)
    return _back(request, found)


@require_POST
@requires(Permission.PAPERS_EDIT, Permission.PAPERS_REVIEW)
def step(request: MemberRequest, store: str, pk: UUID, step: str) -> HttpResponse:
    """Submit, accept, reject, withdraw, or begin the next version."""
    needed = Permission.PAPERS_REVIEW if step in REVIEWS else Permission.PAPERS_EDIT
    if not request.member.can(needed):
        raise PermissionDenied(str(LABELS[needed]))
    found, form = _paper(request, store, pk), StepForm(request.POST)
    act = actions.STEPS.get(step)
    if act is None:
        raise Http404
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        with transaction.atomic():
            moved = act(found, Turn(request.member, timezone.now(), note))
    except Refused as refusal:
        return page(request, ONE, _context(request, found, problem=str(refusal)), status=422)
    return _back(request, moved)


def _back(request: MemberRequest, found: Paper) -> HttpResponse:
    return redirect("paper", agency=request.agency.slug, store=found.store.slug, pk=found.pk)


@require_safe
@requires(Permission.PAPERS_VIEW)
def file(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """The file as it was handed over. Never shown in the browser: whoever made it is not to be trusted."""
    mine = queries.papers_for(request.member).filter(store__slug=store)
    kept = get_object_or_404(PaperFile, pk=pk, paper__in=mine)
    try:
        return attachment(documents().open(kept.key), kept.name)
    except Missing:
        raise Http404 from None


@requires(Permission.PAPERS_EDIT)
def ask(request: MemberRequest, store: str) -> HttpResponse:
    """Ask the client for a paper: it stands in their portal, and a mail tells them."""
    found = get_object_or_404(stores_for(request.member), slug=store)
    first = {name: request.GET.get(name, "")[:60] for name in ("kind", "skus", "marketplaces")}
    form = AskForm(*([request.POST] if request.method == "POST" else []), initial=first)
    if request.method == "POST" and form.is_valid():
        turn = Turn(request.member, timezone.now(), form.cleaned_data["text"])
        made = needs.ask_client(found, form.cleaned_data["kind"], turn, **form.about())
        told = mail_request(made)
        if told:
            messages.success(request, _("Asked. A mail went to %(who)s.") % {"who": ", ".join(told)})
        else:
            messages.warning(
                request, _("Asked in the portal. No mail went out: nobody of this client could be reached.")
            )
        return redirect(pages.address(request, PAGE, store))
    return page(request, ASK, {"store": found, "form": form}, status=422 if form.errors else 200)


@require_POST
@requires(Permission.PAPERS_EDIT)
def unask(request: MemberRequest, store: str, pk: UUID) -> HttpResponse:
    """It is no longer wanted."""
    found = get_object_or_404(queries.requests_for(request.member), store__slug=store, pk=pk)
    needs.cancel_request(found, Turn(request.member, timezone.now()))
    return redirect(pages.address(request, PAGE, store))

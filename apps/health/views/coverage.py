"""Coverage: which paper blocks which sale, and what to do about it."""

from collections.abc import Mapping
from textwrap import shorten
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.jobs import start_job
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Marketplace, Member, Store
from apps.accounts.queries import rates, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import Permission
from apps.health.actions import needs, packs, products
from apps.health.actions.papers import Turn
from apps.health.forms.needs import TraitsForm
from apps.health.forms.papers import WaiverForm
from apps.health.models import Coverage, CoverState, PaperWaiver
from apps.health.queries import coverage as queries
from apps.health.queries.papers import Kind, Rule, kinds, rule_name, rules, waivers_for
from apps.health.queries.traits import effective
from apps.health.queries.traits import traits as known_traits

PAGE = "papers"
TEMPLATE = "health/papers/coverage.html"
CELL = "health/papers/cell.html"
FILTERS = {"q", "store", "status", "mp", "rule"}


@require_safe
@requires(Permission.PAPERS_VIEW)
@pages.opens_views(PAGE)
def papers(request: MemberRequest, store: str = "") -> HttpResponse:
    """Which paper blocks which sale, and which expires?"""
    return page(request, TEMPLATE, context(request, store))


def context(request: MemberRequest, slug: str) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member = request.member
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query = lists.parse(request.GET, queries.COLUMNS, sort=queries.DEFAULT_SORT, today=timezone.localdate())
    totals = queries.totals(member, store=store, slug=query.get("store"))
    mine = queries.coverage_for(member)
    known, every = kinds(), rules()
    found = queries.chosen(mine.filter(store=store) if store else mine, query, every)
    status = queries.state_of(query)
    rows = lists.paged(queries.ordered(found, query), query, count=_count(member, query, store, totals))
    return pages.frame(request, query, name=PAGE, slug=slug, kept=("status", "sort")) | {
        "store": store,
        "rows": rows,
        "lines": queries.rows_of(rows, every, known),
        "totals": totals,
        **_money(request, totals),
        "segments": _segments(query, status, totals),
        "filtered": bool(set(query.params) & FILTERS),
        "rules": _choices(every, known),
        "sites": [(code, code) for code in Marketplace.objects.filter(active=True).values_list("code", flat=True)],
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "may_edit": member.can(Permission.PAPERS_EDIT),
    }


def _count(member: Member, query: lists.ListQuery, store: Store | None, totals: queries.Totals) -> int | None:
    """How many rows there are, from the sums; None if they do not tell."""
    if query.q:
        return None
    rule = queries.rule_of(query)
    if rule or query.markets:
        totals = queries.totals(member, store=store, slug=query.get("store"), rule=rule, sites=query.markets)
    status = queries.state_of(query)
    return totals.counts[status] if status else totals.total


def _money(request: MemberRequest, totals: queries.Totals) -> dict[str, Any]:
    """What is blocked and what ends soon, in the agency's own money."""
    currency = request.agency.settings.currency
    worth = rates(currency, timezone.localdate())
    sums = {"blocked": totals.blocked, "expiring": totals.expiring, "coming": totals.coming}
    return {"currency": currency} | {name: queries.in_money(kept, currency, worth) for name, kept in sums.items()}


def _segments(query: lists.ListQuery, status: str, totals: queries.Totals) -> list[dict[str, Any]]:
    counts = [("", _("All"), totals.total)]
    counts += [(state.value, state.label, totals.counts[state.value]) for state in CoverState]
    return pages.segments(query, status, counts)


def _choices(every: Mapping[str, Rule], known: Mapping[str, Kind]) -> list[tuple[str, str]]:
    names = {code: f"{rule_name(rule, known)} · {code}" for code, rule in every.items() if rule.active}
    return [(code, shorten(name, 34, placeholder="…")) for code, name in names.items()]


@require_safe
@requires(Permission.PAPERS_VIEW)
def cell(request: MemberRequest, store: str, site: str, sku: str) -> HttpResponse:
    """What does this product need on this site, and what is missing?"""
    return page(request, CELL, _cell(request, _line(request, store, site, sku)))


def _line(request: MemberRequest, slug: str, site: str, sku: str) -> Coverage:
    """The offer, also one whose coverage is not worked out yet."""
    line = queries.line_of(request.member, slug, site, sku)
    if line is None:
        raise Http404
    return line


def _cell(request: MemberRequest, line: Coverage, problem: str = "") -> dict[str, Any]:
    known, every = kinds(), rules()
    zh = (get_language() or "").startswith("zh")
    said = effective(line.store_id, line.sku, line.category)
    waivers = {each.rule: each for each in waivers_for(request.member).filter(store=line.store_id, sku=line.sku)}
    needs_ = [
        {
            "cell": queries.cell_of(code, told, every, known),
            "rule": every.get(code),
            "kinds": [known[kind] for kind in (every[code].kinds if code in every else ()) if kind in known],
            "lacks": _parts(known, every, code, told.get("m", ()), zh),
            "waiver": waivers.get(code),
        }
        for code, told in sorted(
            line.cells.items(), key=lambda pair: every[pair[0]].position if pair[0] in every else 999
        )
    ]
    return {
        "line": line,
        "needs": needs_,
        "label": queries.label_of(line),
        "reckoned": line.state != queries.UNRECKONED,
        "tone": queries.TONES[line.state],
        "blockers": queries.blockers(line.cells, every, known),
        "traits": [
            (code, trait.name, said["own"].get(code), said["category"].get(code))
            for code, trait in known_traits().items()
        ],
        "problem": problem,
        "may_edit": request.member.can(Permission.PAPERS_EDIT),
        "may_review": request.member.can(Permission.PAPERS_REVIEW),
    }


def _parts(known: Any, every: Any, code: str, missing: Any, zh: bool) -> list[str]:
    """Missing parts by name."""
    parts = {
        p["key"]: p for kind in (every[code].kinds if code in every else ()) if kind in known for p in known[kind].parts
    }
    return [parts[key]["zh" if zh else "en"] for key in missing if key in parts]


@require_POST
@requires(Permission.PAPERS_EDIT)
def waive(request: MemberRequest, store: str, site: str, sku: str) -> HttpResponse:
    """Say that a product does not need a paper; somebody else has to agree."""
    line, form = _line(request, store, site, sku), WaiverForm(request.POST)
    if not form.is_valid():
        return page(request, CELL, _cell(request, line, _("Say why the product does not need it.")), status=422)
    turn = Turn(request.member, timezone.now(), form.cleaned_data["reason"])
    try:
        needs.ask_waiver(line.store, sku, form.cleaned_data["rule"], form.cleaned_data["site"] and site, turn)
    except Refused as refusal:
        return page(request, CELL, _cell(request, line, str(refusal)), status=422)
    return _done(request, line, _("Asked for review"))


@require_POST
@requires(Permission.PAPERS_EDIT)
def traits(request: MemberRequest, store: str, site: str, sku: str) -> HttpResponse:
    """Say what this product is: its own word stands before its category's."""
    line = _line(request, store, site, sku)
    form = TraitsForm(request.POST, known=known_traits())
    products.set_sku(line.store, sku, form.traits(), Turn(request.member, timezone.now()))
    return _done(request, line, _("%s: saved. Coverage is being worked out anew.") % sku)


def _done(request: MemberRequest, line: Coverage, said: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return toast(page(request, CELL, _cell(request, line)), said)
    messages.success(request, said)
    kwargs = {"store": line.store.slug, "site": line.marketplace_id, "sku": line.sku}
    return redirect("paper-cell", agency=request.agency.slug, **kwargs)


@require_POST
@requires(Permission.PAPERS_REVIEW)
def decide_waiver(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Agree that a product does not need a paper, or not."""
    found = get_object_or_404(waivers_for(request.member), pk=pk)
    verdict = request.POST.get("verdict", "")
    if verdict not in {"grant", "refuse"}:
        return HttpResponse(_("Choose yes or no."), status=422)
    turn = Turn(request.member, timezone.now(), request.POST.get("note", "")[:500])
    try:
        decided: PaperWaiver = needs.decide_waiver(found, grant=verdict == "grant", turn=turn)
        messages.success(request, f"{decided.sku}: {decided.get_state_display()}")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("paper-rules", agency=request.agency.slug)


@require_safe
@requires(Permission.PAPERS_VIEW)
def pack(request: MemberRequest, store: str, site: str, sku: str) -> FileResponse:
    """The papers of a SKU on a site in one archive, with a list of what is in it and what is missing."""
    mine = queries.coverage_for(request.member)
    line = get_object_or_404(mine, store__slug=store, marketplace=site, sku=sku)
    archive = packs.pack(line, at=timezone.now())
    answer = FileResponse(archive, as_attachment=True, filename=packs.pack_name(line))
    answer["Content-Type"] = "application/zip"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@requires(Permission.PAPERS_EDIT)
def recalculate(request: MemberRequest, store: str = "") -> HttpResponse:
    """Work coverage out anew, for the stores the member may see."""
    stores = stores_for(request.member).filter(active=True)
    if store:
        stores = stores.filter(pk=get_object_or_404(stores_for(request.member), slug=store).pk)
    ids = list(stores.values_list("pk", flat=True))
    start_job("papers.recalculate", by=request.member, title=_("Coverage worked out anew"), stores=ids)
    return redirect(pages.address(request, PAGE, store))

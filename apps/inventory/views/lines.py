"""The replenishment page: what must be ordered or shipped today, how many, which way."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.accounts.actions.jobs import start_job
from apps.accounts.middleware import settings_of
from apps.accounts.models import Member, Store
from apps.accounts.queries import colleagues, rates, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, go, page, requires, toast
from apps.core.models import Entry, Job
from apps.core.permissions import Permission, Role
from apps.inventory import actions, forms
from apps.inventory.models import MODES, Replenishment
from apps.inventory.queries import lines as queries
from apps.inventory.queries.exports import DEFAULT_SORT
from apps.inventory.queries.rows import row_of

PAGE = "replenishment"
TEMPLATE = "inventory/replenishment.html"
SNOOZE_DAYS = 14
KEPT = ("status", "sort", "mp")
FILTERS = {"q", "mp", "store", "owner", "supplier", "mode", "by", "rest", "status"}
TONES = {"urgent": "danger", "reorder": "warning", "healthy": "success", "excess": "excess", "no_data": "neutral"}


@requires(Permission.PLAN_VIEW)
@pages.opens_views(PAGE)
def replenishment(request: MemberRequest, store: str = "") -> HttpResponse:
    """What must be ordered or shipped today, how many, which way?"""
    return page(request, TEMPLATE, context(request, store, request.GET))


def context(request: MemberRequest, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything the page shows, in a constant number of queries."""
    member, now, today = request.member, timezone.now(), timezone.localdate()
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query = lists.parse(params, queries.COLUMNS, sort=DEFAULT_SORT, today=today, can=member.can)
    mine, found, totals = _summed(request, slug, query)
    status = query.status if query.status in queries.STATUSES else ""
    wanted = queries.sorted_by(found.filter(status=status) if status else found, query)
    rows = lists.paged(wanted, query, count=totals.counts[status] if status else totals.total)
    stale = queries.stale_stock(mine, at=now, after=actions.STALE_AFTER)
    return pages.frame(request, query, name=PAGE, slug=slug, kept=KEPT) | {
        "store": store,
        "rows": rows,
        "columns": _headers(query),
        "previous_url": query.url(page=rows.number - 1),
        "next_url": query.url(page=rows.number + 1),
        "filtered": bool(set(query.params) & FILTERS),
        "lines": [row_of(line, today=today) for line in rows],
        "totals": totals,
        "page_totals": queries.page_totals(rows),
        "status": status,
        "segments": _segments(query, totals, status),
        "stale": stale,
        "choices": queries.choices(mine),
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "modes": MODES.items(),
        "may": _may(member),
        "today": today,
        "health": _strip(totals),
        "people": list(colleagues()) if member.can(Permission.PLAN_EDIT) else [],
        "snooze_days": SNOOZE_DAYS,
    }


def _summed(
    request: MemberRequest, slug: str, query: lists.ListQuery
) -> tuple[QuerySet[Replenishment], QuerySet[Replenishment], queries.Summary]:
    """All lines of the page, those its filters leave, and what these add up to."""
    today, currency = timezone.localdate(), settings_of(request.member).currency
    rate = rates(currency, today)
    mine = queries.lines_for(request.member)
    mine = mine.filter(store__slug=slug) if slug else mine
    found = queries.chosen(queries.priced(mine, rate), query, request.member, today=today)
    return mine, found, queries.summary(found, currency=currency, rates=rate)


def tiles(request: MemberRequest, slug: str) -> dict[str, Any]:
    """The tiles above the list on which a line of the store `slug` was edited; nothing where there is no list."""
    at = pages.beside(request, PAGE, slug)
    if at is None:
        return {}
    member = request.member
    query = lists.parse(at[1], queries.COLUMNS, sort=DEFAULT_SORT, today=timezone.localdate(), can=member.can)
    totals = _summed(request, at[0], query)[2]
    return {"tiles_beside": "inventory/tiles.html", "totals": totals, "health": _strip(totals), "may": _may(member)}


def _segments(query: lists.ListQuery, totals: queries.Summary, status: str) -> list[dict[str, Any]]:
    """All, and each status, with its count and address."""
    labels = dict(Replenishment.Status.choices)
    counts = [("", _("All"), totals.total)] + [(key, labels[key], totals.counts[key]) for key in queries.STATUSES]
    return pages.segments(query, status, counts)


def _headers(query: lists.ListQuery) -> list[dict[str, Any]]:
    return [
        {
            "key": column.key,
            "label": column.label,
            "numeric": column.numeric,
            "url": query.sort_url(column),
            "aria": query.aria_sort(column),
            "help": column.help,
        }
        for column in query.shown_columns
    ]


def _strip(totals: queries.Summary) -> list[tuple[str, Any, int]]:
    labels = dict(Replenishment.Status.choices)
    return [(TONES[key], labels[key], totals.counts[key]) for key in queries.STATUSES if totals.counts[key]]


def _may(member: Member) -> dict[str, bool]:
    return {
        "edit": member.can(Permission.PLAN_EDIT),
        "policy": member.can(Permission.POLICY_EDIT),
        "cost": member.can(Permission.COST_VIEW),
    }


@require_POST
@requires(Permission.PLAN_EDIT)
def act(request: MemberRequest, store: str = "") -> HttpResponse:
    """One verb over the chosen lines; answers the page as it is now, or goes to the new plan."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    form = forms.Bulk(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Choose what to do."), kind="warning")
    lines, problem = _lines_meant(request, store, form.cleaned_data)
    if problem:
        answer = page(
            request, TEMPLATE, context(request, store, pages.params_of(form.cleaned_data["query"])), status=422
        )
        return toast(answer, problem, kind="warning")
    if form.cleaned_data["action"] == "plan":
        return _make_plans(request, store, lines, form)
    entries = _decide(request, lines, form.cleaned_data)
    words = ngettext("%(count)d line changed", "%(count)d lines changed", len(lines)) % {"count": len(lines)}
    answer = page(request, TEMPLATE, context(request, store, pages.params_of(form.cleaned_data["query"])))
    return toast(answer, words, undo=pages.undo_url(request, entries))


def _lines_meant(request: MemberRequest, slug: str, values: dict[str, Any]) -> tuple[list[Replenishment], str]:
    """(lines, "") or ([], why not)."""
    member = request.member
    mine = queries.lines_for(member)
    if slug:
        mine = mine.filter(store=get_object_or_404(stores_for(member), slug=slug))
    return pages.meant(
        request,
        values,
        lambda params: _seen(mine, params, member),
        lambda keys: queries.picked(mine, keys),
        nothing=_("Choose at least one line."),
        too_many=_("At most %d lines at once. Narrow the filter."),
    )


def _seen(mine: QuerySet[Replenishment], params: QueryDict, member: Member) -> QuerySet[Replenishment]:
    today = timezone.localdate()
    query = lists.parse(params, queries.COLUMNS, sort=DEFAULT_SORT, today=today, can=member.can)
    found = queries.chosen(mine, query, member, today=today)
    return found.filter(status=query.status) if query.status in queries.STATUSES else found


def _make_plans(request: MemberRequest, slug: str, lines: list[Replenishment], form: forms.Bulk) -> HttpResponse:
    try:
        made = actions.create_plans(lines, by=request.member, at=timezone.now(), title=form.cleaned_data["title"])
    except actions.NotAllowed as refused:
        answer = page(
            request, TEMPLATE, context(request, slug, pages.params_of(form.cleaned_data["query"])), status=422
        )
        return toast(answer, str(refused), kind="warning")
    if len(made) == 1:
        kwargs = {"agency": request.agency.slug, "store": made[0].store.slug, "plan": made[0].pk}
        return go(request, reverse("plan", kwargs=kwargs))
    return go(request, reverse("plans", kwargs={"agency": request.agency.slug}))


def _decide(request: MemberRequest, lines: list[Replenishment], values: dict[str, Any]) -> list[Entry]:
    who: dict[str, Any] = {"by": request.member, "at": timezone.now()}
    match values["action"]:
        case "mode":
            return actions.set_mode(lines, mode=values["mode"], **who)
        case "assign":
            return actions.assign(lines, owner=_owner(values["owner"]), **who)
        case "snooze":
            until = timezone.localdate() + timedelta(days=SNOOZE_DAYS)
            return actions.snooze(lines, until=until, **who)
        case _:
            return actions.snooze(lines, until=None, **who)


def _owner(member_id: Any) -> Member | None:
    if member_id is None:
        return None
    found = Member.objects.filter(pk=member_id, active=True, user__isnull=False).exclude(role=Role.CLIENT).first()
    if found is None:
        raise Http404
    return found


@require_POST
@requires(Permission.PLAN_EDIT)
def recalculate(request: MemberRequest, store: str = "") -> HttpResponse:
    """Make the lines anew in a job; answers the job's strip."""
    stores = stores_for(request.member).filter(active=True)
    if store:
        stores = Store.objects.filter(pk=get_object_or_404(stores, slug=store).pk)
    ids = list(stores.values_list("pk", flat=True))
    title = _("Recalculating with the latest sales and stock")
    job = start_job("replenishment.recalculate", by=request.member, title=title, total=len(ids), stores=ids)
    return _started(request, store, job)


@require_POST
@requires(Permission.EXPORT)
def export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    if store:
        get_object_or_404(stores_for(request.member), slug=store)
    return pages.start_export(request, PAGE, store, title=_("Export of the replenishment page"))


def _started(request: MemberRequest, slug: str, job: Job) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return page(request, "accounts/job_place.html", {"job_row": pages.job_row(job)}, status=202)
    return redirect(pages.address(request, PAGE, slug))

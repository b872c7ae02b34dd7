"""Defect orders and notices: two lists of work with the same frame, and one of them in the drawer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Member
from apps.accounts.queries import colleagues, stores_for
from apps.accounts.views import lists as pages
from apps.core import lists
from apps.core.http import MemberRequest, page, requires, toast
from apps.core.permissions import LABELS, Permission
from apps.health.actions.work import work_on
from apps.health.forms import work as forms
from apps.health.models import Defect, Notice
from apps.health.models.facts import CLOSED, Programme, Work
from apps.health.models.names import metric_name
from apps.health.queries import notices as letters
from apps.health.queries import work as queries
from apps.health.queries.beside import beside
from apps.health.queries.leaving import KINDS_OF

FILTERS = {"q", "mp", "store", "kind", "programme", "owner", "status", "metric", "leaves_from", "leaves_to"}
TONES = {"todo": "warning", "doing": "info", "done": "success", "none": "neutral"}
ANSWER_TONES = {"none": "neutral", "draft": "info", "given": "success"}


@dataclass(frozen=True)
class List:
    """One list of work: where it is, what it shows, and how its rows are found."""

    name: str
    tab: str
    template: str
    columns: tuple[lists.ListColumn, ...]
    sort: str
    text: tuple[str, ...]
    kinds: Any
    rows: Callable[[Member], QuerySet[Any]]
    picked: Callable[[QuerySet[Any], Iterable[str]], Iterable[Any]]
    export: str | Promise

    def parse(self, member: Member, params: QueryDict) -> lists.ListQuery:
        return lists.parse(params, self.columns, sort=self.sort, today=timezone.localdate(), can=member.can)

    def found(self, member: Member, slug: str, query: lists.ListQuery) -> QuerySet[Any]:
        """What the filters leave, in whatever state."""
        rows = self.rows(member)
        if slug:
            rows = rows.filter(store__slug=slug)
        return queries.chosen(rows, query, member, text=self.text)


DEFECTS = List(
    "health-defects", "defects", "health/defects.html", queries.DEFECT_COLUMNS, queries.DEFECT_SORT,
    queries.DEFECT_TEXT, Defect.Kind, queries.defects_for, queries.picked_defects, gettext_lazy("Export of defect orders"),
)  # fmt: skip
NOTICES = List(
    "health-notices", "notices", "health/notices.html", queries.NOTICE_COLUMNS, queries.NOTICE_SORT,
    queries.NOTICE_TEXT, Notice.Kind, lambda member: queries.notices_for(member).defer("text"),
    lambda rows, keys: rows.filter(pk__in=[key for key in keys if len(key) == 36]), gettext_lazy("Export of notices"),
)  # fmt: skip


@require_safe
@requires(Permission.HEALTH_VIEW)
@pages.opens_views(DEFECTS.name)
def defects(request: MemberRequest, store: str = "") -> HttpResponse:
    """Which orders count against us, and who looks after them?"""
    return page(request, DEFECTS.template, context(request, DEFECTS, store, request.GET))


@require_safe
@requires(Permission.HEALTH_VIEW)
@pages.opens_views(NOTICES.name)
def notices(request: MemberRequest, store: str = "") -> HttpResponse:
    """What did Amazon write, and who answers until when?"""
    return page(request, NOTICES.template, context(request, NOTICES, store, request.GET))


def context(request: MemberRequest, kind: List, slug: str, params: QueryDict) -> dict[str, Any]:
    """Everything a list shows, in a constant number of queries."""
    member = request.member
    store = get_object_or_404(stores_for(member), slug=slug) if slug else None
    query = kind.parse(member, params)
    found = kind.found(member, slug, query)
    counts = queries.counts(found)
    rows = lists.paged(queries.sorted_by(queries.in_state(found, query), query), query)
    may_edit = member.can(Permission.HEALTH_EDIT)
    return pages.frame(request, query, name=kind.name, slug=slug, kept=("status", "sort")) | {
        "tab": kind.tab,
        "store": store,
        "rows": rows,
        "lines": [(row, queries.key_of(row), queries.dom_of(row)) for row in rows],
        "counts": counts,
        "segments": _segments(query, counts),
        "tones": TONES,
        "answer_tones": ANSWER_TONES,
        "kinds": kind.kinds.choices,
        "programmes": Programme.choices,
        "metrics": [(key, metric_name(key)) for key in KINDS_OF],
        "work": _states(request, kind.kinds),
        "filtered": bool(set(query.params) & FILTERS),
        "sites": _sites(member),
        "stores": [] if store else [(each.slug, each.name) for each in stores_for(member)],
        "may_edit": may_edit,
        "people": list(colleagues()) if may_edit else [],
        "today": timezone.localdate(),
    }


def _sites(member: Member) -> list[str]:
    found = stores_for(member).filter(sites__active=True).values_list("sites__marketplace", flat=True)
    return sorted(set(found))


def _segments(query: lists.ListQuery, counts: dict[str, int]) -> list[dict[str, Any]]:
    status = query.status if query.status in queries.STATES else ""
    labels = dict(Work.choices)
    every = [("", _("All"), sum(counts.values()))] + [(key, labels[key], counts[key]) for key in queries.STATES]
    return pages.segments(query, status, every)


# -- bulk


@require_POST
@requires(Permission.HEALTH_EDIT)
def defects_act(request: MemberRequest, store: str = "") -> HttpResponse:
    """An owner or a state for the chosen defect orders."""
    return _act(request, DEFECTS, store)


@require_POST
@requires(Permission.HEALTH_EDIT)
def notices_act(request: MemberRequest, store: str = "") -> HttpResponse:
    """An owner or a state for the chosen notices."""
    return _act(request, NOTICES, store)


def _act(request: MemberRequest, kind: List, slug: str) -> HttpResponse:
    member = request.member
    if slug:
        get_object_or_404(stores_for(member), slug=slug)
    form = forms.BulkWork(request.POST)
    if not form.is_valid():
        return toast(HttpResponse(status=422), _("Choose what to do."), kind="warning")
    _may_set(request, kind.kinds, form.changes.get("state"))
    rows = kind.rows(member).filter(**({"store__slug": slug} if slug else {}))
    chosen, problem = pages.meant(
        request,
        form.cleaned_data,
        lambda params: _shown(kind, member, slug, params),
        lambda keys: kind.picked(rows, keys),
        nothing=_("Choose at least one line."),
        too_many=_("At most %d lines at once. Narrow the filter."),
    )
    entries = [] if problem else work_on(chosen, form.changes, by=member, at=timezone.now())
    said = ngettext("%(count)d line changed", "%(count)d lines changed", len(entries)) % {"count": len(entries)}
    undo = pages.undo_url(request, entries)
    if elsewhere := pages.settled(request, kind.name, slug, problem or said, undo=undo):
        return elsewhere
    shown = context(request, kind, slug, pages.params_of(form.cleaned_data["query"]))
    answer = page(request, kind.template, shown, status=422 if problem else 200)
    return toast(answer, problem or said, kind="warning" if problem else "success", undo=undo)


def _may_set(request: MemberRequest, kinds: Any, state: str | None) -> None:
    """Notices are closed by those who decide; how far a defect is says whoever works on it."""
    if kinds is Notice.Kind and state in CLOSED and not request.member.can(Permission.HEALTH_DECIDE):
        raise PermissionDenied(LABELS[Permission.HEALTH_DECIDE])


def _states(request: MemberRequest, kinds: Any, now: str = "") -> list[tuple[str, Any]]:
    """The states one may set, and the one there is."""
    free = kinds is not Notice.Kind or request.member.can(Permission.HEALTH_DECIDE)
    return [(value, label) for value, label in Work.choices if free or value not in CLOSED or value == now]


def _shown(kind: List, member: Member, slug: str, params: QueryDict) -> QuerySet[Any]:
    query = kind.parse(member, params)
    return queries.in_state(kind.found(member, slug, query), query)


@require_POST
@requires(Permission.HEALTH_VIEW)
def defects_export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    return _export(request, DEFECTS, store)


@require_POST
@requires(Permission.HEALTH_VIEW)
def notices_export(request: MemberRequest, store: str = "") -> HttpResponse:
    """Write what is filtered, all pages, into a file; answers the job's strip."""
    return _export(request, NOTICES, store)


def _export(request: MemberRequest, kind: List, slug: str) -> HttpResponse:
    if not request.member.can(Permission.EXPORT):
        raise PermissionDenied(Permission.EXPORT)
    if slug:
        get_object_or_404(stores_for(request.member), slug=slug)
    return pages.start_export(request, kind.name, slug, title=str(kind.export))


# -- one of them


@dataclass(frozen=True)
class One:
    """How one row is shown and worked on."""

    verb: str
    template: str
    form: type[django_forms.Form]
    fields: tuple[str, ...]
    also: Callable[[Any, Member], dict[str, Any]] = lambda row, member: {}


def _of_notice(row: Notice, member: Member) -> dict[str, Any]:
    """What was answered so far, and the document it came in."""
    told = letters.answers([row])[str(row.pk)]
    return {"answers": told, "original": letters.original_of(row, member), "kind_names": dict(Notice.Kind.choices)}


def _of_defect(row: Defect, member: Member) -> dict[str, Any]:
    """What else is known of its order."""
    return {"beside": beside(row)}


DEFECT = One("defect.", "health/defect.html", forms.DefectWork, ("owner", "state", "note"), _of_defect)
NOTICE = One(
    "notice.",
    "health/notice.html",
    forms.NoticeWork,
    ("kind", "owner", "state", "due", "case_id", "answer"),
    _of_notice,
)


@require_safe
@requires(Permission.HEALTH_VIEW)
def defect(request: MemberRequest, store: str, number: str, kind: str) -> HttpResponse:
    """What went wrong with this order, and what are we doing about it?"""
    return _shown_one(request, DEFECT, _defect(request, store, number, kind))


@require_safe
@requires(Permission.HEALTH_VIEW)
def notice(request: MemberRequest, pk: UUID) -> HttpResponse:
    """What does Amazon say here, and what do we answer?"""
    return _shown_one(request, NOTICE, _notice(request, pk))


@require_POST
@requires(Permission.HEALTH_EDIT)
def defect_save(request: MemberRequest, store: str, number: str, kind: str) -> HttpResponse:
    """Who looks after it, how far it is, what we know."""
    return _saved_one(request, DEFECT, _defect(request, store, number, kind))


@require_POST
@requires(Permission.HEALTH_EDIT)
def notice_save(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Who answers until when, and what."""
    return _saved_one(request, NOTICE, _notice(request, pk))


def _defect(request: MemberRequest, store: str, number: str, kind: str) -> Defect:
    return get_object_or_404(queries.defects_for(request.member), store__slug=store, order_id=number, kind=kind)


def _notice(request: MemberRequest, pk: UUID) -> Notice:
    return get_object_or_404(queries.notices_for(request.member).select_related("file__uploaded_by__user"), pk=pk)


def _saved_one(request: MemberRequest, one: One, row: Any) -> HttpResponse:
    form = one.form(request.POST)
    if not form.is_valid():
        return _shown_one(request, one, row, form=form, status=422)
    if form.cleaned_data["state"] != row.state:
        _may_set(request, row.Kind, form.cleaned_data["state"])
    work_on([row], form.cleaned_data, by=request.member, at=timezone.now())
    row.refresh_from_db()
    return toast(_shown_one(request, one, row, saved=True), _("Saved."))


def _shown_one(
    request: MemberRequest, one: One, row: Any, *, form: Any = None, saved: bool = False, status: int = 200
) -> HttpResponse:
    form = form or one.form(initial={name: getattr(row, name) for name in one.fields})
    form.fields["state"].choices = _states(request, row.Kind, row.state)
    values = {
        "row": row,
        "form": form,
        "may_edit": request.member.can(Permission.HEALTH_EDIT),
        "saved": saved,
        "dom": queries.dom_of(row),
        "key": queries.key_of(row),
        "tones": TONES,
        "answer_tones": ANSWER_TONES,
        "history": list(queries.history(one.verb, row)[:50]),
        "states": dict(Work.choices),
        "names": {str(each.pk): str(each) for each in colleagues()},
        "today": timezone.localdate(),
    }
    return page(request, one.template, values | one.also(row, request.member), status=status)

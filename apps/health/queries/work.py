"""Defect orders and notices as lists: what somebody must look at, and who does."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import owned, site_filter, stores_for
from apps.core.lists import ListColumn, ListQuery, dom_id, ordered
from apps.core.models import Entry
from apps.health.models import Defect, Notice
from apps.health.queries.leaving import in_leaving, with_leaving

STATES = ("todo", "doing", "done", "none")
DEFECT_SORT, NOTICE_SORT = "-ordered", "-at"
DEFECT_TEXT, NOTICE_TEXT = ("order_id", "sku"), ("subject", "sku", "asin", "case_id")  # what is searched
DEFECT_COLUMNS = (
    ListColumn("order", _("Order"), order="order_id", fixed=True),
    ListColumn("kind", _("Defect"), order="kind", fixed=True),
    ListColumn("site", _("Site"), order="marketplace"),
    ListColumn("programme", _("Shipped by"), order="programme"),
    ListColumn("sku", _("SKU"), order="sku"),
    ListColumn("ordered", _("Ordered"), order="ordered_on"),
    ListColumn("reported", _("Reported"), order="reported_on"),
    ListColumn("withdrawn", _("Withdrawn"), order="withdrawn_on"),
    ListColumn(
        "leaves",
        _("Leaves the window on"),
        order="leaves_on",
        help=_(
            "The first report, by UTC day, that no longer counts it; nothing where its day is unknown or it was withdrawn"
        ),
    ),
    ListColumn("state", _("State"), order="state"),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
    ListColumn("note", _("Note"), shown=False),
)
NOTICE_COLUMNS = (
    ListColumn("subject", _("Notice"), order="subject", fixed=True),
    ListColumn("kind", _("Kind"), order="kind", fixed=True),
    ListColumn("site", _("Site"), order="marketplace"),
    ListColumn("sku", _("SKU"), order="sku"),
    ListColumn("at", _("Arrived"), order="at"),
    ListColumn("case", _("Case"), order="case_id", shown=False),
    ListColumn("due", _("Due"), order="due"),
    ListColumn("answer", _("Answer")),
    ListColumn("state", _("State"), order="state"),
    ListColumn("owner", _("Owner"), order="owner__user__name"),
)


def defects_for(member: Member) -> QuerySet[Defect]:
    """Defects of the sites the member may see, with the day on which each leaves its window."""
    rows = Defect.objects.filter(site_filter(member)).select_related("store", "owner__user")
    return with_leaving(rows, timezone.localdate())


def notices_for(member: Member) -> QuerySet[Notice]:
    """Notices of the sites the member may see, and of whole accounts of the member's stores."""
    seen = site_filter(member)
    if seen:  # an empty filter sees everything, and "everything or that" would be only that
        seen |= Q(marketplace="", store__in=stores_for(member))
    return Notice.objects.filter(seen).select_related("store", "owner__user")


def chosen(rows: QuerySet[Any], query: ListQuery, member: Member, *, text: Iterable[str]) -> QuerySet[Any]:
    """What the filters leave, before the choice of a state; `text` names the columns that are searched."""
    if query.q:
        wanted = Q(pk__in=[])
        for name in text:
            wanted |= Q(**{f"{name}__icontains": query.q})
        rows = rows.filter(wanted)
    if query.markets:
        rows = rows.filter(marketplace__in=query.markets)
    same = {"store": "store__slug", "kind": "kind", "programme": "programme"}
    rows = rows.filter(**{column: query.get(name) for name, column in same.items() if query.get(name)})
    rows = in_leaving(rows, query) if rows.model is Defect else rows
    return rows.filter(owned(query.owner, member))


def in_state(rows: QuerySet[Any], query: ListQuery) -> QuerySet[Any]:
    return rows.filter(state=query.status) if query.status in STATES else rows


def sorted_by(rows: QuerySet[Any], query: ListQuery) -> QuerySet[Any]:
    tie = ("store", "order_id", "kind") if rows.model is Defect else ("pk",)
    return ordered(rows, query, *tie)


def counts(rows: QuerySet[Any]) -> dict[str, int]:
    """{state: how many}, also those that nobody has."""
    found = dict(rows.order_by().values_list("state").annotate(n=Count("*")))
    return {state: found.get(state, 0) for state in STATES}


def key_of(row: Any) -> str:
    """What a form names a row by."""
    return f"{row.store.slug}/{row.order_id}/{row.kind}" if isinstance(row, Defect) else str(row.pk)


def dom_of(row: Any) -> str:
    return dom_id(key_of(row))


def picked_defects(rows: QuerySet[Defect], keys: Iterable[str]) -> list[Defect]:
    """The defects with these keys, of those the member may see."""
    wanted = {key for key in keys if key.count("/") == 2}
    orders = {key.split("/")[1] for key in wanted}
    return [row for row in rows.filter(order_id__in=orders) if key_of(row) in wanted]


def history(verb: str, row: Any) -> QuerySet[Entry]:
    """Who did what about it, newest first."""
    return (
        Entry.objects.filter(verb__startswith=verb, target=str(row.pk)).select_related("by__user").order_by("-number")
    )

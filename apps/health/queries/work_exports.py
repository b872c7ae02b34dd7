"""Defect orders and notices to take away, in the reader's words and as programs know them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.exports import Field
from apps.core.lists import parse
from apps.health.models.names import programme_name
from apps.health.queries import work as queries


def _owner(row: Any) -> str | None:
    return str(row.owner) if row.owner else None


DEFECT_FIELDS = (
    Field(_("Store"), lambda r: r.store.slug),
    Field(_("Site"), lambda r: r.marketplace_id),
    Field(_("Order"), lambda r: r.order_id),
    Field(_("Defect"), lambda r: r.get_kind_display(), code=lambda r: r.kind),
    Field(_("Shipped by"), lambda r: programme_name(r.programme), code=lambda r: r.programme),
    Field("SKU", lambda r: r.sku),
    Field(_("Ordered"), lambda r: r.ordered_on),
    Field(_("Reported"), lambda r: r.reported_on),
    Field(_("Withdrawn"), lambda r: r.withdrawn_on),
    Field(_("Leaves the window on"), lambda r: r.leaves_on),
    Field(_("State"), lambda r: r.get_state_display(), code=lambda r: r.state),
    Field(_("Owner"), _owner),
    Field(_("Note"), lambda r: r.note),
)
NOTICE_FIELDS = (
    Field(_("Store"), lambda r: r.store.slug),
    Field(_("Site"), lambda r: r.marketplace),
    Field(_("Kind"), lambda r: r.get_kind_display(), code=lambda r: r.kind),
    Field(_("Subject"), lambda r: r.subject),
    Field("SKU", lambda r: r.sku),
    Field("ASIN", lambda r: r.asin),
    Field(_("Arrived"), lambda r: r.at),
    Field(_("Due"), lambda r: r.due),
    Field(_("State"), lambda r: r.get_state_display(), code=lambda r: r.state),
    Field(_("Owner"), _owner),
    Field(_("Answer"), lambda r: r.answer),
)


def exported_defects(member: Member, query: str, *, store: str) -> tuple[Iterator[Any], int]:
    """(rows, how many) of what the page's query shows, all pages."""
    parsed = parse(QueryDict(query), queries.DEFECT_COLUMNS, sort=queries.DEFECT_SORT, today=timezone.localdate())
    rows = queries.chosen(_of(queries.defects_for(member), store), parsed, member, text=queries.DEFECT_TEXT)
    return _all(rows, parsed)


def exported_notices(member: Member, query: str, *, store: str) -> tuple[Iterator[Any], int]:
    """(rows, how many) of what the page's query shows, all pages."""
    parsed = parse(QueryDict(query), queries.NOTICE_COLUMNS, sort=queries.NOTICE_SORT, today=timezone.localdate())
    rows = queries.chosen(_of(queries.notices_for(member), store), parsed, member, text=queries.NOTICE_TEXT)
    return _all(rows, parsed)


def _of(rows: QuerySet[Any], store: str) -> QuerySet[Any]:
    return rows.filter(store__slug=store) if store else rows


def _all(rows: QuerySet[Any], query: Any) -> tuple[Iterator[Any], int]:
    found = queries.sorted_by(queries.in_state(rows, query), query)
    return found.iterator(chunk_size=2000), found.count()

"""Defect orders and notices to take away, in the reader's words and as programs know them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from apps.accounts.models import Member
from apps.core.lists import parse
from apps.health.queries import work as queries
from apps.health.queries import work_fields as of

DEFECT_FIELDS = (
    *(of.STORE, of.SITE, of.ORDER, of.DEFECT, of.SHIPPED_BY, of.SKU, of.ORDERED, of.REPORTED, of.WITHDRAWN),
    *(of.LEAVES, of.STATE, of.OWNER, of.NOTE),
)
NOTICE_FIELDS = (
    *(of.STORE, of.ABOUT, of.KIND, of.SUBJECT, of.SKU, of.ASIN, of.ARRIVED, of.DUE),
    *(of.STATE, of.OWNER, of.ANSWER),
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

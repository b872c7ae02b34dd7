"""The query grammar of list pages, parsed in one place.

`q  mp=US,DE  owner=me  status=urgent  from=2026-10-24&to=2026-11-22 | last=30d  cmp=prev  cur=USD  sort=-risk
cols=a,b  page=2  view=<id>`; what is not understood is ignored, never an error page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise

from apps.core.metrics import Period
from apps.core.permissions import Permission

PAGE_SIZE, MOST_PER_PAGE = 50, 200
COMPARISONS = ("prev", "yoy", "none")
EARLIEST = date(1995, 1, 1)  # nobody has sold on a marketplace before; also leaves room for the period before


@dataclass(frozen=True)
class ListColumn:
    """One column of a list page. `order` is the field to sort by ("" : not sortable); `needs` hides it entirely."""

    key: str
    label: str | Promise
    order: str = ""
    numeric: bool = False
    shown: bool = True  # by default
    fixed: bool = False  # cannot be hidden
    needs: Permission | None = None
    help: str | Promise = ""


@dataclass(frozen=True)
class ListQuery:
    """A parsed query. `columns` are those the member may see; `visible` those chosen."""

    q: str
    markets: tuple[str, ...]
    owner: str
    status: str
    period: Period
    compare: str
    currency: str
    sort: str
    descending: bool
    columns: tuple[ListColumn, ...]
    visible: frozenset[str]
    page: int
    per_page: int
    view: str
    params: QueryDict = field(repr=False)

    def shows(self, key: str) -> bool:
        return key in self.visible

    @property
    def shown_columns(self) -> list[ListColumn]:
        return [column for column in self.columns if column.key in self.visible]

    @property
    def before(self) -> Period | None:
        """The period that is compared with; None: none."""
        return self.period.compared(self.compare)

    def get(self, name: str, default: str = "") -> str:
        """A page's own extra parameter."""
        return self.params.get(name, default)

    def url(self, **changes: Any) -> str:
        """The same query with changes; None removes. The page number is dropped unless it is given."""
        params = self.params.copy()
        params.pop("page", None)
        for name, value in changes.items():
            params.pop(name, None)
            if value not in (None, ""):
                params[name] = str(value)
        if params.keys() == {"view"}:  # alone it would lead back to the view's filters, which were just taken off
            del params["view"]
        return f"?{params.urlencode(safe=',')}"

    def sort_url(self, column: ListColumn) -> str:
        """What a click on the header does: sort by it, or turn the order."""
        first = "-" if column.numeric else ""
        turned = f"{'' if self.descending else '-'}{column.key}"
        return self.url(sort=turned if self.sort == column.key else f"{first}{column.key}")

    def aria_sort(self, column: ListColumn) -> str:
        if self.sort != column.key:
            return "none"
        return "descending" if self.descending else "ascending"


def parse(  # noqa: PLR0913 - named by keyword
    params: QueryDict,
    columns: Sequence[ListColumn],
    *,
    sort: str,
    today: date,
    can: Any = None,
    currency: str = "",
    days: int = 30,
) -> ListQuery:
    """Read a list page's query. `sort` is the default ("-risk"), `can(permission)` filters the columns."""
    allowed = tuple(c for c in columns if c.needs is None or can is None or can(c.needs))
    sortable = {c.key for c in allowed if c.order}
    wanted = params.get("sort", "")
    if wanted.lstrip("-") not in sortable:
        wanted = sort
    chosen = {key for key in ",".join(params.getlist("cols")).split(",") if key} or {c.key for c in allowed if c.shown}
    return ListQuery(
        q=params.get("q", "").strip()[:200],
        markets=tuple(m for m in params.get("mp", "").upper().split(",") if m.isalpha() and len(m) == 2),
        owner=params.get("owner", ""),
        status=params.get("status", ""),
        period=_period(params, today, days),
        compare=params.get("cmp") if params.get("cmp") in COMPARISONS else "prev",
        currency=_currency(params.get("cur", ""), currency),
        sort=wanted.lstrip("-"),
        descending=wanted.startswith("-"),
        columns=allowed,
        visible=frozenset(c.key for c in allowed if c.fixed or c.key in chosen),
        page=_number(params.get("page"), 1, 1, 100_000),
        per_page=_number(params.get("per"), PAGE_SIZE, 1, MOST_PER_PAGE),
        view=params.get("view", ""),
        params=params,
    )


def ordered(rows: QuerySet, query: ListQuery, *tie_breakers: str) -> QuerySet:
    """Sort by the chosen column, nulls last, then by the tie breakers so that pages never repeat a row."""
    order = {c.key: c.order for c in query.columns}[query.sort]
    by = F(order).desc(nulls_last=True) if query.descending else F(order).asc(nulls_last=True)
    return rows.order_by(by, *tie_breakers)


def paged(rows: QuerySet | Sequence[Any], query: ListQuery, *, count: int | None = None) -> Page:
    """One page of rows; a page past the end is the last one. `count`: how many there are, where that is known."""
    pages = _Pages(rows, query.per_page)
    if count is not None:
        pages.count = count
    return pages.get_page(query.page)


class _Pages(Paginator):
    """Reads pages of the second half from the end: a database walks over every row that it leaves out."""

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        left = max(self.count - first - self.per_page, 0)
        rows = self.object_list
        if left >= first or not isinstance(rows, QuerySet) or not rows.ordered:
            return super().page(number)
        found = list(rows.reverse()[left : self.count - first])
        return self._get_page(found[::-1], number, self)


def as_day(text: str) -> date | None:
    """A day of an address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_id(text: str) -> bool:
    """Whether a word of an address or a form can be an id; what is none is nobody's, and no error."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def dom_id(key: str) -> str:
    """An element's id from a row's key: SKUs hold signs that ids may not."""
    return f"r{sha256(key.encode()).hexdigest()[:12]}"


def _period(params: Mapping[str, str], today: date, days: int) -> Period:
    """Whole days up to yesterday: today is not over anywhere. Days to come are not counted through."""
    yesterday = today - timedelta(days=1)
    try:
        first, last = (
            date.fromisoformat(params.get("from", "")),
            date.fromisoformat(params.get("to", "")),
        )
        if EARLIEST <= first <= min(last, today):
            return Period(first, min(last, today))
    except ValueError:
        pass
    last_days = params.get("last", "").rstrip("d")
    count = _number(last_days, days, 1, 400)
    return Period(yesterday - timedelta(days=count - 1), yesterday)


def _currency(wanted: str, default: str) -> str:
    return wanted.upper() if len(wanted) == 3 and wanted.isalpha() else default


def _number(text: str | None, default: int, least: int, most: int) -> int:
    return min(max(int(text), least), most) if text and text.isdecimal() and len(text) < 9 else default

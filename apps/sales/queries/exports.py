"""Orders and unit costs to take away: raw numbers, ISO dates, a currency column beside every amount."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import stores_for
from apps.core.exports import Field, yes
from apps.core.lists import parse
from apps.core.money import to_decimal
from apps.core.permissions import Permission
from apps.listings.queries.products import products_for
from apps.sales.models import Cost
from apps.sales.queries import costs as queries
from apps.sales.queries import orders
from apps.sales.queries.costs import Row, Scope
from apps.sales.queries.order_sums import count_of
from apps.sales.queries.order_words import status_word
from apps.sales.queries.orders import Row as OrderRow


def _of(part: str, read: Callable[[Cost], object]) -> Callable[[Row], object]:
    """Reads the cost of today, or the next one, if there is one."""

    def reading(row: Row) -> object:
        cost = getattr(row, part)
        return None if cost is None else read(cost)

    return reading


def _amount(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else to_decimal(minor, currency)


SEES = Permission.COST_VIEW
COST_FIELDS = (
    Field(_("Store"), lambda r: r.product.store.slug),
    Field("SKU", lambda r: r.product.sku),
    Field("ASIN", lambda r: r.product.asin),
    Field(_("Title"), lambda r: r.product.title),
    Field(_("Unit cost"), _of("cost", lambda c: _amount(c.unit_cost, c.currency)), SEES),
    Field(_("Freight to FBA"), _of("cost", lambda c: _amount(c.freight, c.currency)), SEES),
    Field(_("Currency of cost"), _of("cost", lambda c: c.currency), SEES),
    Field(_("Valid from"), _of("cost", lambda c: c.valid_from), SEES),
    Field(_("Note"), _of("cost", lambda c: c.note), SEES),
    Field(_("Next cost"), _of("coming", lambda c: _amount(c.unit_cost, c.currency)), SEES),
    Field(_("Next freight"), _of("coming", lambda c: _amount(c.freight, c.currency)), SEES),
    Field(_("Currency of next cost"), _of("coming", lambda c: c.currency), SEES),
    Field(_("Next valid from"), _of("coming", lambda c: c.valid_from), SEES),
    Field(_("Units, 30 days"), lambda r: r.units),
    Field(_("Supplier"), lambda r: r.product.supplier),
    Field(_("Owner"), lambda r: str(r.product.owner) if r.product.owner else None),
)


def cost_fields(currency: str) -> tuple[Field, ...]:
    """The columns; mixed sales are in the agency's money, named beside them."""
    sales = Field(_("Sales, 30 days"), lambda r: to_decimal(r.sales, currency))
    return (*COST_FIELDS, sales, Field(_("Currency of sales"), lambda _row: currency))


def exported_costs(scope: Scope, query: str, *, store: str) -> tuple[Iterator[Row], int]:
    """All pages of what the page's query shows, and how many rows that is."""
    member, today = scope.member, scope.today
    parsed = parse(QueryDict(query), queries.COLUMNS, sort=queries.DEFAULT_SORT, today=today, can=member.can)
    products = products_for(member)
    if store:
        products = products.filter(store__slug=store)
    found = queries.chosen(products, parsed, member).filter(queries.status_filter(parsed.status, today))
    return queries.all_rows(queries.sorted_by(found, parsed, scope), scope), found.count()


# -- orders

MOST_LINES = 500_000  # of one file


def _money(name: str) -> Callable[[OrderRow], object]:
    def reading(row: OrderRow) -> object:
        return _amount(getattr(row.line, name), row.line.currency)

    return reading


ORDER_FIELDS = (
    Field(_("Store"), lambda r: r.store.slug),
    Field(_("Site"), lambda r: r.line.marketplace_id),
    Field(_("Order"), lambda r: r.line.order_id),
    Field(_("Line"), lambda r: r.line.ordinal),
    Field(_("Purchased"), lambda r: r.line.purchased_at),
    Field(_("Day of the site"), lambda r: r.line.purchased_on),
    Field(_("Status"), lambda r: status_word(r.state), code=lambda r: r.state),
    Field(_("Amazon's status"), lambda r: status_word(r.line.status), code=lambda r: r.line.status),
    Field(_("Status of the line"), lambda r: status_word(r.line.item_status), code=lambda r: r.line.item_status),
    Field("SKU", lambda r: r.line.sku),
    Field("ASIN", lambda r: r.line.asin),
    Field(_("Title"), lambda r: r.title),
    Field(_("Units"), lambda r: r.line.quantity),
    Field(_("Sales"), lambda r: _amount(r.sales, r.line.currency)),
    Field(_("Item price"), _money("price")),
    Field(_("Promotion"), _money("promotion")),
    Field(_("Tax"), _money("tax")),
    Field(_("Shipping"), _money("shipping")),
    Field(_("Tax on shipping"), _money("shipping_tax")),
    Field(_("Currency"), lambda r: r.line.currency),
    Field(_("Fulfilment"), lambda r: r.way, code=lambda r: r.line.fulfilment),
    Field(_("Ship to"), lambda r: r.line.ship_country),
    Field(_("Business"), lambda r: yes(r.line.business), code=lambda r: int(r.line.business)),
    Field(_("Updated"), lambda r: r.line.updated_at),
)


def exported_orders(member: Member, query: str, *, store: str, today: date) -> tuple[Iterator[OrderRow], int]:
    """All pages of what the page's query shows, at most MOST_LINES, and how many that is."""
    stores = stores_for(member)
    chosen = list(stores.filter(slug=store) if store else stores)
    parsed = parse(QueryDict(query), orders.COLUMNS, sort=orders.DEFAULT_SORT, today=today, can=member.can)
    wanted = orders.wanted_of(parsed, member, chosen, today=today)
    return orders.all_rows(wanted, most=MOST_LINES), count_of(wanted, most=MOST_LINES)

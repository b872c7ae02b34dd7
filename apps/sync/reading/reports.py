"""Which columns each kind of file has, under which names, and how its lines become rows.

Headers are compared after `normal`: case, spaces and punctuation do not count. Localised names are aliases.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import polars as pl
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from apps.sync import rows
from apps.sync.reading import columns as c
from apps.sync.reading.table import Table, overflowing
from apps.sync.rows import RowType
from apps.sync.source import LineError, Market, Unreadable

Aliases = tuple[str, ...]
# Lines in one batch, at most.
BATCH = 100_000
NEAR = 3  # letters of a name that say something where it is a part of another one; of Chinese two
# A column of a row type → the cell it is made of.
MADE_OF = {
    "marketplace": "sales_channel",
    "purchased_at": "purchased",
    "purchased_on": "purchased",
    "updated_at": "updated",
    "date": "snapshot",
}
# Sales channel of an order → our marketplace code.
CHANNELS = {
    "amazon.com": "US",
    "amazon.ca": "CA",
    "amazon.com.mx": "MX",
    "amazon.com.br": "BR",
    "amazon.co.uk": "UK",
    "amazon.de": "DE",
    "amazon.fr": "FR",
    "amazon.it": "IT",
    "amazon.es": "ES",
    "amazon.nl": "NL",
    "amazon.se": "SE",
    "amazon.pl": "PL",
    "amazon.com.be": "BE",
    "amazon.ie": "IE",
    "amazon.co.jp": "JP",
    "amazon.com.au": "AU",
    "amazon.sg": "SG",
}


@lru_cache(maxsize=4096)  # a report says the same few names in every line
def normal(header: str) -> str:
    """A header cell without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", header.casefold())


@dataclass(frozen=True)
class Context:
    """What the lines of a document do not say themselves."""

    markets: tuple[Market, ...]
    as_of: datetime
    names: Mapping[str, str] = field(default_factory=dict)  # our name of a cell → the header's

    @property
    def codes(self) -> list[str]:
        return [market.code for market in self.markets]

    @property
    def market(self) -> Market:
        if not self.markets:
            raise Unreadable(_("The file does not say which site it is about: choose one."))
        return self.markets[0]


Builder = Callable[[pl.DataFrame, Context], tuple[pl.DataFrame, list[LineError]]]


@dataclass(frozen=True)
class Report:
    """One kind of file. `cells`: our name → header names; `needed` must be there for the file to be this kind."""

    key: str
    row: RowType
    cells: Mapping[str, Aliases]
    needed: frozenset[str]
    build: Builder
    per_site: bool = True
    event: bool = False  # tells only what it mentions; else it is a whole snapshot or window

    def mapped(self, columns: Mapping[str, str]) -> "Report":
        """The same kind for a file whose columns a person has named: our name → the header's."""
        return replace(self, cells={**self.cells, **{name: (cell,) for name, cell in columns.items()}})

    def positions(self, header: tuple[str, ...]) -> dict[str, int]:
        """{our name: position} of the cells that the header has."""
        have = {normal(cell): index for index, cell in reversed(list(enumerate(header)))}
        found = {}
        for name, aliases in self.cells.items():
            index = next((have[normal(alias)] for alias in aliases if normal(alias) in have), None)
            if index is not None:
                found[name] = index
        return found

    def fits(self, header: tuple[str, ...]) -> bool:
        return self.needed <= set(self.positions(header))

    def likeness(self, header: tuple[str, ...]) -> float:
        """How much a header looks like this kind: the share of what is needed that it has, and the share of it that is
        known; 0 to 2. A name that holds one of ours, or is held by one, counts half."""
        cells = [cell for cell in map(normal, header) if cell]
        ours = {name: [normal(alias) for alias in aliases] for name, aliases in self.cells.items()}
        found = [max((_alike(cell, ours[name]) for cell in cells), default=0.0) for name in self.needed]
        known = [max((_alike(cell, aliases) for aliases in ours.values()), default=0.0) for cell in cells]
        return sum(found) / max(len(found), 1) + sum(known) / max(len(known), 1)


def _alike(cell: str, aliases: list[str]) -> float:
    """1: one of the names; 0.5: a part of one or around one, of more than a syllable; 0: neither."""
    if cell in aliases:
        return 1.0
    telling = [alias for alias in aliases if len(min(cell, alias, key=len)) >= (NEAR if cell.isascii() else 2)]
    return 0.5 if any(alias in cell or cell in alias for alias in telling) else 0.0


def read(report: Report, table: Table, context: Context) -> Iterator[pl.DataFrame]:
    """Batches of typed rows. Raises Unreadable, naming lines, at the first batch that holds a wrong one."""
    wanted = report.positions(table.header)
    if lacking := report.needed - set(wanted):
        names = ", ".join(report.cells[name][0] for name in sorted(lacking))
        raise Unreadable(gettext("The file has no column %(names)s.") % {"names": names})
    context = replace(context, names={name: table.header[index] for name, index in wanted.items()})
    held: pl.DataFrame | None = None
    for piece in (piece for frame in table.frames(wanted) for piece in frame.iter_slices(BATCH)):
        frame = _with_all(piece, report)
        if report.row is rows.ORDER_LINE:
            frame, held = _whole_orders(frame, held)
        yield _built(report, frame, context)
    if held is not None and held.height:
        yield _built(report, held, context)


def _built(report: Report, frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    errors = overflowing(frame)
    typed, more = report.build(frame, context)
    errors += more
    told = {error.line for error in errors}
    for column in report.row.required:
        errors += [error for error in c.missing(typed, column) if error.line not in told]
    if errors:
        raise _unreadable(errors, context)
    return typed.select([pl.col(name).cast(kind) for name, kind in report.row.schema.items()])


def _unreadable(errors: list[LineError], context: Context) -> Unreadable:
    """What is wrong, first lines first, with the columns named as the file names them."""
    errors = sorted(errors, key=lambda error: error.line)[: c.MOST_ERRORS]
    shown = (replace(e, column=context.names.get(MADE_OF.get(e.column, e.column), e.column)) for e in errors)
    message = ngettext("%(count)s cell cannot be read.", "%(count)s cells cannot be read.", len(errors))
    return Unreadable(message % {"count": len(errors)}, tuple(shown))


def _with_all(frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    absent = [pl.lit(None, pl.String).alias(name) for name in report.cells if name not in frame.columns]
    return frame.with_columns(absent)


def _whole_orders(frame: pl.DataFrame, held: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep back the last lines of a batch if they are of one order: it may go on in the next one."""
    frame = frame if held is None else pl.concat([held, frame])
    if not frame.height:
        return frame, frame
    before = frame["order_id"].ne_missing(frame["order_id"][-1]).arg_true()
    cut = before[-1] + 1 if before.len() else 0
    return frame.head(cut), frame[cut:].clone()


# -- orders

_ORDER = {
    "order_id": ("amazon-order-id",),
    "purchased": ("purchase-date",),
    "updated": ("last-updated-date",),
    "status": ("order-status",),
    "channel": ("fulfillment-channel",),
    "sales_channel": ("sales-channel",),
    "title": ("product-name",),
    "sku": ("sku", "seller-sku"),
    "asin": ("asin",),
    "item_status": ("item-status",),
    "quantity": ("quantity",),
    "currency": ("currency",),
    "price": ("item-price",),
    "tax": ("item-tax",),
    "shipping": ("shipping-price",),
    "shipping_tax": ("shipping-tax",),
    "promotion": ("item-promotion-discount",),
    "ship_country": ("ship-country",),
    "business": ("is-business-order",),
}
_MONEY = ("price", "tax", "shipping", "shipping_tax", "promotion")


def _orders(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    frame = frame.filter(~pl.col("sales_channel").str.to_lowercase().str.starts_with("non-amazon").fill_null(False))
    channels = {channel: code for channel, code in CHANNELS.items() if code in context.codes}
    site = pl.col("sales_channel").str.to_lowercase().replace_strict(channels, default=None, return_dtype=pl.String)
    typed = frame.with_columns(
        site.alias("marketplace"),
        c.instant("purchased").alias("purchased_at"),
        c.instant("updated").alias("updated_at"),
        c.integer("quantity").alias("quantity_"),
        pl.when(pl.col("channel").str.to_lowercase().str.starts_with("amazon"))
        .then(pl.lit("FBA"))
        .otherwise(pl.lit("FBM"))
        .alias("fulfilment"),
        *(c.minor(name).alias(f"{name}_") for name in _MONEY),
        c.flag("business").alias("business_"),
        # Lines of one order lie together: where they go on elsewhere, the order is told again (see `sales.told_once`).
        pl.int_range(1, pl.len() + 1).over(pl.col("order_id").rle_id(), "sku").alias("ordinal"),
    )
    typed = typed.with_columns(c.local_day("purchased_at", "marketplace", context.markets).alias("purchased_on"))
    errors = [e for name in _MONEY for e in c.wrong(typed, name, f"{name}_", c.NO_AMOUNT)]
    errors += c.wrong(typed, "quantity", "quantity_", c.NO_WHOLE_NUMBER)
    errors += c.wrong(typed, "purchased", "purchased_at", c.NO_INSTANT)
    errors += c.wrong(typed, "updated", "updated_at", c.NO_INSTANT)
    errors += c.wrong(typed, "sales_channel", "marketplace", c.NO_MARKET)
    typed = typed.with_columns(pl.col(f"{name}_").alias(name) for name in (*_MONEY, "quantity", "business"))
    return typed.with_columns(pl.col("promotion").abs()), errors


# -- listings

_LISTING = {
    "sku": ("seller-sku", "sku", "出品者SKU", "Händler-SKU", "sku-vendeur", "sku-venditore", "sku-vendedor"),
    "title": ("item-name", "商品名", "Artikelbezeichnung", "nom-produit", "nome-articolo", "nombre-producto"),
    "price": ("price", "価格", "Preis", "prix", "prezzo", "precio"),
    "quantity": ("quantity", "数量", "Menge", "quantité", "quantità", "cantidad"),
    "opened": ("open-date", "出品日", "Erstellungsdatum", "date-ouverture", "data-apertura", "fecha-apertura"),
    "asin": ("asin1", "product-id", "商品ID", "ASIN 1", "Produkt-ID"),
    "channel": (
        "fulfillment-channel",
        "フルフィルメント・チャンネル",
        "Versandart",
        "canal-expedition",
        "canale-gestione",
        "canal-gestion",
    ),
    "status": ("status", "ステータス", "Status", "statut", "stato", "estado"),
    "condition": ("item-condition", "コンディション", "Artikelzustand", "etat-produit", "condizione", "condicion"),
    "image_url": ("image-url", "画像URL", "Bild-URL"),
}
_STATUS = {
    "active": "active",
    "inactive": "inactive",
    "incomplete": "incomplete",
    "出品中": "active",
    "停止中": "inactive",
    "aktiv": "active",
    "inaktiv": "inactive",
    "actif": "active",
    "inactif": "inactive",
    "attivo": "active",
    "inattivo": "inactive",
    "activo": "active",
    "inactivo": "inactive",
}


def _listings(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    market = context.market
    status = pl.col("status").str.to_lowercase().replace_strict(_STATUS, default="inactive", return_dtype=pl.String)
    typed = frame.with_columns(pl.lit(market.currency).alias("currency")).with_columns(
        pl.lit(market.code).alias("marketplace"),
        c.minor("price").alias("price_"),
        c.integer("quantity").alias("quantity_"),
        c.local_instant("opened", market.time_zone).alias("opened_at"),
        pl.when(pl.col("channel").str.to_lowercase().str.starts_with("amazon"))
        .then(pl.lit("FBA"))
        .otherwise(pl.lit("FBM"))
        .alias("fulfilment"),
        status.fill_null("active").alias("status_"),
    )
    errors = c.wrong(typed, "price", "price_", c.NO_AMOUNT)
    errors += c.wrong(typed, "quantity", "quantity_", c.NO_WHOLE_NUMBER)
    return typed.with_columns(pl.col(f"{name}_").alias(name) for name in ("price", "quantity", "status")), errors


# -- stock at FBA

_COUNTS = {
    "available": ("afn-fulfillable-quantity",),
    "reserved": ("afn-reserved-quantity",),
    "unsellable": ("afn-unsellable-quantity",),
    "inbound_working": ("afn-inbound-working-quantity",),
    "inbound_shipped": ("afn-inbound-shipped-quantity",),
    "inbound_receiving": ("afn-inbound-receiving-quantity",),
    "researching": ("afn-researching-quantity",),
    "mfn_quantity": ("mfn-fulfillable-quantity",),
}
_STOCK = {
    "sku": ("sku",),
    "fnsku": ("fnsku",),
    "asin": ("asin",),
    "title": ("product-name",),
    "condition": ("condition",),
    "price": ("your-price",),
} | _COUNTS


def _stock(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    market = context.market
    typed = frame.with_columns(pl.lit(market.currency).alias("currency")).with_columns(
        pl.lit(market.code).alias("marketplace"),
        _snapshot_day(context),
        c.minor("price").alias("price_"),
        *(c.integer(name).alias(f"{name}_") for name in _COUNTS),
    )
    errors = [e for name in _COUNTS for e in c.wrong(typed, name, f"{name}_", c.NO_WHOLE_NUMBER)]
    errors += c.wrong(typed, "price", "price_", c.NO_AMOUNT)
    typed = typed.with_columns(pl.col(f"{name}_").alias(name) for name in (*_COUNTS, "price"))
    return typed.with_columns(pl.col(name).fill_null(0) for name in _COUNTS if name != "mfn_quantity"), errors


def _snapshot_day(context: Context) -> pl.Expr:
    """A snapshot without a date of its own is of the site's day on which it was made."""
    stamp = pl.lit(context.as_of).dt.cast_time_unit("us").dt.convert_time_zone(context.market.time_zone)
    return stamp.dt.date().alias("date")


# -- FBA planning

_AGES = {
    "available": ("available",),
    "inbound": ("inbound-quantity",),
    "unfulfillable": ("unfulfillable-quantity",),
    "age_0_90": ("inv-age-0-to-90-days",),
    "age_91_180": ("inv-age-91-to-180-days",),
    "age_181_270": ("inv-age-181-to-270-days",),
    "age_271_365": ("inv-age-271-to-365-days",),
    "age_366_455": ("inv-age-366-to-455-days",),
    "age_456": ("inv-age-456-plus-days", "inv-age-365-plus-days"),
    "shipped_7": ("units-shipped-t7",),
    "shipped_30": ("units-shipped-t30",),
    "shipped_60": ("units-shipped-t60",),
    "shipped_90": ("units-shipped-t90",),
    "days_of_supply": ("days-of-supply",),
    "amazon_recommended": ("Recommended ship-in quantity",),
}
_AGED_FEES = tuple(
    f"estimated-ais-{bucket}-days"
    for bucket in ("181-210", "211-240", "241-270", "271-300", "301-330", "331-365", "366-455", "456-plus")
)
_PLANNING = (
    {
        "sku": ("sku",),
        "fnsku": ("fnsku",),
        "asin": ("asin",),
        "snapshot": ("snapshot-date",),
        "currency": ("currency",),
        "alert": ("alert",),
        "category": ("product-group",),
        "ship_by": ("Recommended ship-in date",),
        "storage": ("estimated-storage-cost-next-month",),
    }
    | _AGES
    | {name: (name,) for name in _AGED_FEES}
)


def _planning(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    market = context.market
    frame = frame.with_columns(pl.col("currency").fill_null(market.currency))
    typed = frame.with_columns(
        pl.lit(market.code).alias("marketplace"),
        c.day("snapshot").alias("date"),
        c.day("ship_by").alias("amazon_ship_by"),
        c.minor("storage").alias("estimated_storage_fee"),
        *(c.minor(name).alias(f"{name}_") for name in _AGED_FEES),
        *(c.integer(name).alias(f"{name}_") for name in _AGES),
        *(pl.lit(None, pl.Int64).alias(n) for n in ("reserved_transfer", "reserved_processing", "reserved_customer")),
    )
    errors = [e for name in _AGES for e in c.wrong(typed, name, f"{name}_", c.NO_WHOLE_NUMBER)]
    errors += c.wrong(typed, "snapshot", "date", c.NO_DAY)
    typed = typed.with_columns(pl.col(f"{name}_").alias(name) for name in _AGES)
    fees = pl.sum_horizontal(f"{name}_" for name in _AGED_FEES)
    known = pl.any_horizontal(pl.col(f"{name}_").is_not_null() for name in _AGED_FEES)
    typed = typed.with_columns(
        pl.when(known).then(fees).alias("estimated_aged_fee"),
        pl.sum_horizontal("age_366_455", "age_456").alias("age_365_plus"),
    )
    return typed, errors


# -- files of the agency's own, in English or Chinese

_OWN = {
    "warehouse": ("warehouse", "仓库"),
    "sku": ("sku", "SKU", "msku", "商品编码"),
    "available": ("available", "可用", "可用库存"),
    "reserved": ("reserved", "预留", "锁定库存"),
    "inbound": ("inbound", "在途", "在途库存"),
    "date": ("date", "日期"),
}


def _own_stock(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    counts = ("available", "reserved", "inbound")
    typed = frame.with_columns(
        *(c.integer(name).alias(f"{name}_") for name in counts),
        pl.coalesce(c.day("date"), pl.lit(context.as_of.date())).alias("date_"),
        pl.col("warehouse").fill_null("main"),
    )
    errors = [e for name in counts for e in c.wrong(typed, name, f"{name}_", c.NO_WHOLE_NUMBER)]
    errors += c.wrong(frame.with_columns(c.day("date").alias("d")), "date", "d", c.NO_DAY)
    typed = typed.with_columns(pl.col(f"{name}_").alias(name) for name in (*counts, "date"))
    return typed.with_columns(pl.col(name).fill_null(0) for name in ("reserved", "inbound")), errors


_COST = {
    "sku": ("sku", "msku", "商品编码"),
    "unit_cost": ("unit-cost", "unit_cost", "cost", "采购成本", "单位成本"),
    "freight": ("freight", "头程", "头程运费"),
    "currency": ("currency", "币种"),
    "valid_from": ("valid-from", "valid_from", "from", "生效日期"),
    "note": ("note", "备注"),
}


def _costs(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    frame = frame.with_columns(pl.col("currency").str.to_uppercase())
    typed = frame.with_columns(
        c.minor("unit_cost").alias("unit_cost_"),
        c.minor("freight").alias("freight_"),
        pl.coalesce(c.day("valid_from"), pl.lit(context.as_of.date())).alias("valid_from_"),
    )
    errors = c.wrong(typed, "unit_cost", "unit_cost_", c.NO_AMOUNT)
    errors += c.wrong(typed, "freight", "freight_", c.NO_AMOUNT)
    errors += c.wrong(frame.with_columns(c.day("valid_from").alias("d")), "valid_from", "d", c.NO_DAY)
    return typed.with_columns(pl.col(f"{name}_").alias(name) for name in ("unit_cost", "freight", "valid_from")), errors


_PRODUCT = {
    "sku": ("sku", "msku", "商品编码"),
    "title": ("title", "name", "名称", "商品名称"),
    "asin": ("asin",),
    "brand": ("brand", "品牌"),
    "supplier": ("supplier", "供应商"),
    "carton_units": ("carton-units", "units-per-carton", "箱规", "每箱数量"),
    "moq": ("moq", "起订量", "最小起订量"),
    "production_days": ("production-days", "生产天数"),
    "transit_days": ("transit-days", "运输天数"),
    "category": ("category", "类目"),
}


def _products(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    counts = ("carton_units", "moq", "production_days", "transit_days")
    typed = frame.with_columns(c.integer(name).alias(f"{name}_") for name in counts)
    errors = [e for name in counts for e in c.wrong(typed, name, f"{name}_", c.NO_WHOLE_NUMBER)]
    return typed.with_columns(pl.col(f"{name}_").alias(name) for name in counts), errors


ORDERS = Report(
    "orders", rows.ORDER_LINE, _ORDER, frozenset({"order_id", "updated", "sales_channel", "sku"}), _orders, False, True
)
LISTINGS = Report("listings", rows.LISTING, _LISTING, frozenset({"sku", "title", "price", "channel"}), _listings)
FBA_STOCK = Report("fba_stock", rows.FBA_STOCK, _STOCK, frozenset({"sku", "fnsku", "available", "reserved"}), _stock)
FBA_PLANNING = Report(
    "fba_planning", rows.FBA_PLANNING, _PLANNING, frozenset({"sku", "snapshot", "age_0_90", "shipped_30"}), _planning
)
OWN_STOCK = Report("own_stock", rows.OWN_STOCK, _OWN, frozenset({"sku", "available"}), _own_stock, False, True)
COSTS = Report("costs", rows.COST, _COST, frozenset({"sku", "unit_cost", "currency"}), _costs, False, True)
PRODUCTS = Report("products", rows.PRODUCT, _PRODUCT, frozenset({"sku"}), _products, False, True)


# Words that only a header of this language has.
_MARKS = {
    "ja": ("出品者SKU", "価格", "商品名", "出品日", "評価", "注文番号"),
    "zh": ("仓库", "商品编码", "可用", "可用库存", "采购成本", "单位成本", "名称", "商品名称", "起订量", "币种"),
    "de": ("Händler-SKU", "Preis", "Menge", "Artikelbezeichnung", "Bestellnummer"),
    "fr": ("sku-vendeur", "prix", "quantité", "nom-produit", "Numéro de commande"),
    "it": ("sku-venditore", "prezzo", "quantità", "nome-articolo", "Numero dell'ordine"),
    "es": ("sku-vendedor", "precio", "cantidad", "nombre-producto", "Número de pedido"),
}


def language_of(header: tuple[str, ...]) -> str:
    """The language a header is written in: "en" unless its words say otherwise."""
    have = {normal(cell) for cell in header}
    counts = {language: sum(normal(word) in have for word in words) for language, words in _MARKS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else "en"

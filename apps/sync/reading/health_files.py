"""Files of account health that are tables: order defects, seller feedback, returns."""

import polars as pl

from apps.sync import rows
from apps.sync.reading import columns as c
from apps.sync.reading.reports import CHANNELS, Context, Report
from apps.sync.source import LineError

MOST_WORDS = 2000  # of a comment

# -- order defects: Seller Central's download

_DEFECT = {
    "order_id": ("Order ID", "amazon-order-id", "订单编号", "订单号"),
    "sales_channel": ("Marketplace", "marketplace-id", "sales-channel", "站点"),
    "fulfilment": ("Fulfilment", "Fulfillment", "fulfillment-channel", "配送方式"),
    "ordered": ("Order date", "purchase-date", "下单日期"),
    "defect": ("Defect type", "defect", "缺陷类型"),
    "reported": ("Reported date", "reported", "报告日期"),
    "withdrawn": ("Withdrawn date", "withdrawn", "撤回日期"),
    "sku": ("SKU", "Merchant SKU", "seller-sku"),
}
# Letters of what is written → our kind; the first that occurs.
_DEFECTS = (
    ("feedback", ("feedback", "差评", "反馈")),
    ("claim", ("claim", "a-to-z", "atoz", "索赔")),
    ("chargeback", ("chargeback", "拒付")),
    ("late", ("late_ship", "late ship", "迟发")),
    ("untracked", ("tracking", "追踪")),
    ("undelivered", ("deliver", "迟到")),
    ("cancelled", ("cancel", "取消")),
    ("invoice", ("invoice", "发票")),
)
NO_DEFECT = "not a kind of defect"


def _kind(name: str) -> pl.Expr:
    text, found = pl.col(name).str.to_lowercase(), pl.lit(None, pl.String)
    for kind, words in reversed(_DEFECTS):
        for word in words:
            found = pl.when(text.str.contains(word, literal=True)).then(pl.lit(kind)).otherwise(found)
    return found


def site_of(name: str, context: Context) -> pl.Expr:
    """Our code, from our code, Amazon's id or the site's domain."""
    known = {domain: code for domain, code in CHANNELS.items() if code in context.codes}
    known |= {market.code.lower(): market.code for market in context.markets}
    known |= {market.amazon_id.lower(): market.code for market in context.markets}
    known |= {"gb": "UK"} if "UK" in context.codes else {}
    return pl.col(name).str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.String)


def _programme(name: str) -> pl.Expr:
    text = pl.col(name).str.to_lowercase()
    ours = pl.when(text.str.contains("mfn|fbm|merchant|seller|自配送|自发货")).then(pl.lit("mfn"))
    return ours.when(text.str.contains("afn|fba|amazon|亚马逊")).then(pl.lit("afn"))


def _defects(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    days = {"ordered_on": "ordered", "reported_on": "reported", "withdrawn_on": "withdrawn"}
    typed = frame.with_columns(
        _kind("defect").alias("kind"),
        site_of("sales_channel", context).alias("marketplace"),
        _programme("fulfilment").alias("programme"),
        *(c.day(name).alias(column) for column, name in days.items()),
    )
    errors = [e for column, name in days.items() for e in c.wrong(typed, name, column, c.NO_DAY)]
    errors += c.wrong(typed, "sales_channel", "marketplace", c.NO_MARKET)
    return typed, errors + c.wrong(typed, "defect", "kind", NO_DEFECT)


# -- seller feedback

_FEEDBACK = {
    "date": ("Date", "Datum", "Data", "Fecha", "日付", "日期"),
    "stars": ("Rating", "Bewertung", "Évaluation", "Valutazione", "Valoración", "評価", "评级"),
    "comment": ("Comments", "Kommentare", "Commentaires", "Commenti", "Comentarios", "コメント", "评论"),
    "response": ("Response", "Your Response", "Ihre Antwort", "Votre réponse", "La tua risposta", "Tu respuesta", "返答", "回复"),
    "order_id": (
        "Order ID",
        "Bestellnummer",
        "Numéro de commande",
        "Numero dell'ordine",
        "Número de pedido",
        "注文番号",
        "订单编号",
    ),
}  # fmt: skip


def _written_day(name: str, market: str) -> pl.Expr:
    """A day as the site writes it: the year first where it has four digits, else month first in the US only."""
    text = pl.col(name).str.replace_all(r"[.\-]", "/")
    order = ("%m/%d/%y", "%m/%d/%Y") if market == "US" else ("%d/%m/%y", "%d/%m/%Y")
    first = pl.when(text.str.contains(r"^\d{4}/")).then(text.str.to_date("%Y/%m/%d", strict=False))
    short = first.when(text.str.contains(r"/\d{2}$")).then(text.str.to_date(order[0], strict=False))
    return short.otherwise(text.str.to_date(order[1], strict=False))


def _feedback(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    market = context.market
    typed = frame.with_columns(
        pl.lit(market.code).alias("marketplace"),
        _written_day("date", market.code).alias("rated_on"),
        c.integer("stars").alias("rating"),
        *(pl.col(name).str.head(MOST_WORDS) for name in ("comment", "response")),
    )
    errors = c.wrong(typed, "date", "rated_on", c.NO_DAY) + c.wrong(typed, "stars", "rating", c.NO_WHOLE_NUMBER)
    return typed, errors


# -- returns

_FBA_RETURN = {
    "returned": ("return-date",),
    "order_id": ("order-id",),
    "sku": ("sku",),
    "asin": ("asin",),
    "pieces": ("quantity",),
    "disposition": ("detailed-disposition",),
    "reason": ("reason",),
    "status": ("status",),
    "plate": ("license-plate-number",),
    "comment": ("customer-comments",),
}
_MERCHANT_RETURN = {
    "order_id": ("Order ID",),
    "ordered": ("Order date",),
    "returned": ("Return request date",),
    "status": ("Return request status",),
    "rma": ("Amazon RMA ID",),
    "claim": ("A-to-Z Claim",),
    "asin": ("ASIN",),
    "sku": ("Merchant SKU",),
    "pieces": ("Return quantity",),
    "reason": ("Return Reason", "Return reason"),
    "disposition": ("Resolution",),
}


def _month_day(name: str) -> pl.Expr:
    """`02-Nov-2026`, or a day as others write it."""
    return pl.coalesce(pl.col(name).str.to_date("%d-%b-%Y", strict=False), c.day(name))


def _returns(frame: pl.DataFrame, context: Context, programme: str) -> tuple[pl.DataFrame, list[LineError]]:
    typed = frame.with_columns(
        pl.lit(context.market.code).alias("marketplace"),
        pl.lit(programme).alias("programme"),
        _month_day("returned").alias("returned_on"),
        c.integer("pieces").alias("quantity"),
        pl.int_range(1, pl.len() + 1).over("order_id", "sku", "returned").alias("ordinal"),
    )
    errors = c.wrong(typed, "returned", "returned_on", c.NO_DAY)
    return typed, errors + c.wrong(typed, "pieces", "quantity", c.NO_WHOLE_NUMBER)


def _fba_returns(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    frame = frame.with_columns(
        pl.col("comment").str.head(MOST_WORDS),
        pl.lit(None, pl.Date).alias("ordered_on"),
        pl.lit(0, pl.Int64).alias("claimed"),
        pl.col("returned").str.slice(0, 10),
    )
    return _returns(frame, context, "afn")


def _merchant_returns(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    frame = frame.with_columns(
        _month_day("ordered").alias("ordered_on"),
        c.flag("claim").alias("claimed"),
        pl.lit(None, pl.String).alias("comment"),
    )
    return _returns(frame, context, "mfn")


DEFECTS = Report(
    "defects", rows.DEFECT, _DEFECT, frozenset({"order_id", "defect", "sales_channel"}), _defects, False, True
)
FEEDBACK = Report("feedback", rows.FEEDBACK, _FEEDBACK, frozenset({"order_id", "stars", "date"}), _feedback, True, True)
FBA_RETURNS = Report(
    "fba_returns", rows.RETURN, _FBA_RETURN, frozenset({"order_id", "returned", "plate"}), _fba_returns, True, True
)
MERCHANT_RETURNS = Report(
    "merchant_returns",
    rows.RETURN,
    _MERCHANT_RETURN,
    frozenset({"order_id", "returned", "rma", "sku"}),
    _merchant_returns,
    True,
    True,
)

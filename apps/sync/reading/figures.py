"""Figures that people bring because no API tells them: of account health by site and day, and delivery scans."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

import polars as pl
from django.utils.translation import gettext_noop as _

from apps.sync import rows
from apps.sync.reading import columns as c
from apps.sync.reading.health_files import site_of
from apps.sync.reading.reports import Context, Report, normal
from apps.sync.source import LineError

MILLION = 1_000_000
BEST = 1000  # of Amazon's account health rating
MOST = 10**12


class Kind(StrEnum):
    """What a figure is: a share in percent (or so many of so many), a score of 0 to 1000, or a number of cases."""

    SHARE = "share"
    SCORE = "score"
    COUNT = "count"


# (metric, programme) → what it is. `health.models.names` calls them by their names.
FIGURES: dict[tuple[str, str], Kind] = {
    ("ahr", ""): Kind.SCORE,
    ("buy_shipping", "sfp"): Kind.SHARE,
    ("on_time_ship", "sfp"): Kind.SHARE,
    ("cancel", "sfp"): Kind.SHARE,
    ("vtr", "sfp"): Kind.SHARE,
    ("otdr", "sfp"): Kind.SHARE,
    ("replies", ""): Kind.SHARE,
    ("contact_response", ""): Kind.SHARE,
    ("ncx", ""): Kind.SHARE,
    ("odr", "afn"): Kind.SHARE,
    ("odr", "mfn"): Kind.SHARE,
    **{(name, ""): Kind.SHARE for name in ("lsr", "cancel", "vtr", "otdr", "unit_otdr", "invoice")},
    **{
        (f"policy_{name}", ""): Kind.COUNT
        for name in (
            "listing", "authenticity", "condition", "safety", "ip_received", "ip_suspected", "restricted", "food",
            "reviews", "warnings", "other", "documents",
        )
    },
}  # fmt: skip
# What people write in the column of the metric, beside our own keys.
_CALLED: dict[str, tuple[str, ...]] = {
    "ahr": ("Account health rating", "AHR", "账户状况评级", "账户健康评分"),
    "buy_shipping": ("Buy Shipping", "Buy Shipping share", "Shipping bought at Amazon", "购买配送比例", "购买配送使用率"),
    "on_time_ship": ("Shipped on time", "On-time shipment rate", "按时发货率", "准时发货率"),
    "cancel": ("Cancellation rate", "Pre-fulfilment cancel rate", "取消率", "订单取消率"),
    "vtr": ("Valid tracking rate", "VTR", "有效追踪率"),
    "otdr": ("On-time delivery rate", "OTDR", "准时送达率", "按时送达率"),
    "unit_otdr": ("On-time delivery rate, by unit", "准时送达率（按件）"),
    "replies": ("Late replies", "Late replies to buyers", "迟回复率", "买家消息迟回复率"),
    "contact_response": ("Contact response rate", "Answered within 24 hours", "24小时回复率", "消息回复率"),
    "ncx": ("NCX", "NCX rate", "Negative customer experience", "负面买家体验率", "买家之声NCX率"),
    "odr": ("Order defect rate", "ODR", "订单缺陷率"),
    "lsr": ("Late shipment rate", "LSR", "迟发率"),
    "invoice": ("Invoice defect rate", "发票缺陷率"),
}  # fmt: skip
_PROGRAMMES = {
    "sfp": ("sfp", "Seller Fulfilled Prime", "Prime", "卖家自配送Prime", "自配送Prime"),
    "afn": ("afn", "FBA", "亚马逊配送", "亚马逊物流"),
    "mfn": ("mfn", "FBM", "own shipping", "自配送", "自发货", "卖家自配送"),
}
NO_METRIC = _("not a figure that can be brought: see the list on the page of the store's health")
NO_PROGRAMME = _("not FBA, own shipping or Seller Fulfilled Prime")
WRONG_PROGRAMME = _("this metric is not told for this programme")
NO_NUMBER = _("not a number")
NOTHING = _("give a value, or a count and a total")
NO_SHARE = _("not a percentage between 0 and 100")
NO_SCORE = _("not a whole number from 0 to 1000")
NO_COUNT = _("not a whole number of 0 or more")
TOO_MANY = _("more counted than looked at, or nothing looked at")
NOT_YET = _("a day that has not come yet")

_CELLS = {
    "metric_name": ("Metric", "指标"),
    "programme_name": ("Programme", "Program", "Fulfilled by", "计划", "配送方式"),
    "sales_channel": ("Site", "Marketplace", "站点", "国家站点"),
    "snapshot": ("Day", "Date", "日期"),
    "value": ("Value", "Rate", "Score", "数值", "比率", "分数"),
    "counted": ("Count", "Counted", "数量", "计入数"),
    "looked_at": ("Total", "Of", "总数", "总量"),
}


def _spelled(names: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    return {normal(each): key for key, called in names for each in (key, *called)}


METRIC_NAMES = _spelled((name, _CALLED.get(name, ())) for name in dict.fromkeys(name for name, _p in FIGURES))
PROGRAMME_NAMES = _spelled(_PROGRAMMES.items())


def _looked_up(name: str, known: dict[str, str]) -> pl.Expr:
    plain = pl.col(name).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    return plain.replace_strict(known, default=None, return_dtype=pl.String)


def problem(kind: Kind, value: float | None, count: int | None, total: int | None) -> str:
    """What is wrong with a figure's numbers, as a msgid; "" where nothing is. `value` in percent, or the number."""
    if kind == Kind.SHARE:
        if total is not None or count is not None:
            whole = total is not None and count is not None and 0 <= count <= total <= MOST and total > 0
            return "" if whole else TOO_MANY
        return NOTHING if value is None else "" if 0 <= value <= 100 else NO_SHARE
    number = count if value is None else value
    if number is None:
        return NOTHING
    whole = number == int(number)
    if kind == Kind.SCORE:
        return "" if whole and 0 <= number <= BEST else NO_SCORE
    return "" if whole and 0 <= number <= MOST else NO_COUNT


def numbers(
    kind: Kind, value: float | None, count: int | None, total: int | None
) -> tuple[int | None, int | None, int | None]:
    """(total, count, rate in millionths) of a figure without a problem."""
    if kind != Kind.SHARE:
        number = count if value is None else value
        return None, None if number is None else int(number), None
    if total is not None and count is not None:
        return total, count, (2 * count * MILLION + total) // (2 * total)
    return None, None, None if value is None else round(value * MILLION / 100)


def _figures(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    typed = frame.with_columns(
        site_of("sales_channel", context).alias("marketplace"),
        c.day("snapshot").alias("date"),
        _looked_up("metric_name", METRIC_NAMES).alias("metric"),
        _looked_up("programme_name", PROGRAMME_NAMES).alias("programme"),
        c.number_text("value").cast(pl.Float64, strict=False).alias("percent"),
        c.integer("counted").alias("count"),
        c.integer("looked_at").alias("total"),
    )
    errors = c.wrong(typed, "sales_channel", "marketplace", c.NO_MARKET) + c.wrong(typed, "snapshot", "date", c.NO_DAY)
    errors += c.wrong(typed, "metric_name", "metric", NO_METRIC)
    errors += c.wrong(typed, "programme_name", "programme", NO_PROGRAMME)
    errors += c.wrong(typed, "value", "percent", NO_NUMBER)
    errors += c.wrong(typed, "counted", "count", c.NO_WHOLE_NUMBER) + c.wrong(
        typed, "looked_at", "total", c.NO_WHOLE_NUMBER
    )
    told = {error.line for error in errors}
    made, more = _lines(typed, context, told)
    return made, errors + more


def _lines(typed: pl.DataFrame, context: Context, told: set[int]) -> tuple[pl.DataFrame, list[LineError]]:
    """Each line with its numbers as facts have them, and what is wrong with those that could be read."""
    found: list[tuple] = []
    errors: list[LineError] = []
    latest = context.as_of.date() + timedelta(days=1)  # it may be tomorrow already on a site in the east
    for row in typed.iter_rows(named=True):
        metric, programme = row["metric"], row["programme"] or _usual(row["metric"])
        kind = FIGURES.get((metric, programme))
        figures = row["percent"], row["count"], row["total"]
        if row["line"] in told or metric is None:
            kind = None
        elif kind is None:
            errors.append(LineError(row["line"], "programme_name", str(row["programme_name"] or ""), WRONG_PROGRAMME))
        elif why := problem(kind, *figures):
            cell = "looked_at" if why == TOO_MANY else "value"
            errors.append(LineError(row["line"], cell, str(row[cell] or ""), why))
            kind = None
        elif row["date"] and row["date"] > latest:
            errors.append(LineError(row["line"], "snapshot", str(row["snapshot"]), NOT_YET))
        found.append((programme, *(numbers(kind, *figures) if kind else (None, None, None))))
    schema = {"programme": pl.String, "total": pl.Int64, "count": pl.Int64, "rate": pl.Int64}
    made = pl.DataFrame(found, schema=schema, orient="row")
    return typed.drop("programme", "total", "count").hstack(made).with_columns(pl.lit("file").alias("origin")), errors


def _usual(metric: str | None) -> str:
    """The programme of a metric that is told for one alone; "" else."""
    told = [programme for name, programme in FIGURES if name == metric]
    return told[0] if len(told) == 1 else ""


_DELIVERY = {
    "order_id": ("Order ID", "amazon-order-id", "Order number", "订单编号", "订单号"),
    "delivered": ("Delivered at", "Delivered", "Delivery time", "签收时间", "妥投时间", "送达时间"),
}


def _deliveries(frame: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, list[LineError]]:
    close = frame.with_columns(pl.col("delivered").str.replace(r"\s+([+-]\d{2}:?\d{2})$", "${1}"))
    typed = close.with_columns(c.instant("delivered").alias("delivered_at"))
    return typed, c.wrong(typed, "delivered", "delivered_at", c.NO_INSTANT)


REPORT = Report(
    "figures", rows.FIGURE, _CELLS, frozenset({"metric_name", "sales_channel", "snapshot"}), _figures, False, True
)
DELIVERIES = Report(
    "deliveries", rows.DELIVERY, _DELIVERY, frozenset({"order_id", "delivered"}), _deliveries, False, True
)

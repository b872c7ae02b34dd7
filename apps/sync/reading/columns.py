"""From text to typed columns, per set: numbers, money, days and instants as marketplaces write them.

Every conversion keeps the text beside the result, so that whatever did not convert is reported with its line.
"""

from collections.abc import Sequence

import polars as pl
from django.utils.translation import gettext_noop as _

from apps.core.money import WHOLE_UNITS
from apps.sync.source import LineError, Market

MOST_ERRORS = 100
# Marked for translation, translated where they are shown.
NO_AMOUNT = _("not an amount of this currency")
NO_WHOLE_NUMBER = _("not a whole number")
NO_INSTANT = _("not a date with a time zone")
NO_DAY = _("not a date")
NO_MARKET = _("not a marketplace of this store")
EMPTY = _("this cell must not be empty")
# After these the rest of a number is its fraction: "1.234,56", "1 234,5".
_COMMA = r"^-?[\d.\s\u{00a0}']*,\d{1,2}$"
_INSTANTS = ("%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%dT%H:%M:%S%.f%:z")
_LOCAL = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y")


def number_text(name: str) -> pl.Expr:
    """A number as `-1234.56`, whatever marks its thousands and fraction."""
    text = pl.col(name).str.replace_all(r"[\s\u{00a0}'¥￥$€£%]", "")
    comma = text.str.replace_all(r"\.", "").str.replace(",", ".")
    return pl.when(pl.col(name).str.contains(_COMMA)).then(comma).otherwise(text.str.replace_all(",", ""))


def integer(name: str) -> pl.Expr:
    """A whole number; `12.0` is one as well."""
    return number_text(name).str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)


def minor(name: str, currency: str = "currency") -> pl.Expr:
    """Money in minor units of the row's currency. More decimals than the currency has are refused (null),
    and so is an amount without a currency."""
    amount = number_text(name).cast(pl.Decimal(18, 4), strict=False)
    whole = pl.col(currency).is_in(sorted(WHOLE_UNITS))
    scaled = pl.when(whole).then(amount).otherwise(amount * 100)
    cents = scaled.cast(pl.Int64, strict=False)
    exact = (scaled - cents.cast(pl.Decimal(18, 4), strict=False)).cast(pl.Float64).abs() < 1e-9
    return pl.when(exact & pl.col(currency).is_not_null()).then(cents)


def basis(name: str) -> pl.Expr:
    """A share written as percent, in basis points."""
    return (number_text(name).cast(pl.Float64, strict=False) * 100).round().cast(pl.Int64, strict=False)


def instant(name: str) -> pl.Expr:
    """An instant with its offset; "Z" and "UTC" are understood."""
    text = pl.col(name).str.replace(r"\s*(Z|UTC)$", "+00:00")
    tries = [text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _INSTANTS]
    return pl.coalesce(tries)


def local_instant(name: str, zone: str) -> pl.Expr:
    """A time of day without a usable offset ("2026-03-02 10:00:00 PST"), read in the marketplace's own zone."""
    text = pl.col(name).str.replace(r"\s*[A-Z]{3,5}$", "")
    tries = [text.str.to_datetime(form, time_unit="us", strict=False) for form in _LOCAL]
    naive = pl.coalesce(tries)
    here = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(instant(name), here.dt.convert_time_zone("UTC"))


def day(name: str) -> pl.Expr:
    return pl.coalesce([pl.col(name).str.slice(0, 10).str.to_date(form, strict=False) for form in _DAYS])


def flag(name: str) -> pl.Expr:
    """true/yes/y/1 → 1, everything else 0."""
    return pl.col(name).str.to_lowercase().is_in(["true", "yes", "y", "1"]).cast(pl.Int64).fill_null(0)


def local_day(instant_column: str, site: str, markets: Sequence[Market]) -> pl.Expr:
    """The calendar day of an instant in the row's own marketplace."""
    found = pl.col(instant_column).dt.date()
    for market in markets:
        there = pl.col(instant_column).dt.convert_time_zone(market.time_zone).dt.date()
        found = pl.when(pl.col(site) == market.code).then(there).otherwise(found)
    return found


def wrong(frame: pl.DataFrame, text: str, typed: str, problem: str) -> list[LineError]:
    """Lines whose text is there but did not convert."""
    if text not in frame.columns:
        return []
    bad = frame.filter(pl.col(text).is_not_null() & pl.col(typed).is_null()).select("line", text).head(MOST_ERRORS)
    return [LineError(line, text, str(value)[:200], problem) for line, value in bad.iter_rows()]


def missing(frame: pl.DataFrame, column: str) -> list[LineError]:
    """Lines in which a column that must be filled is empty."""
    bad = frame.filter(pl.col(column).is_null()).select("line").head(MOST_ERRORS)
    return [LineError(line, column, "", EMPTY) for (line,) in bad.iter_rows()]

"""How numbers, money, days and times read: one place, both languages. A missing value is "–", never 0."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import numbers
from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.core.money import Rates, digits, to_decimal

register = template.Library()
MISSING, MINUS = "–", "\u2212"
Number = int | float | Decimal
HOUR, DAY = 3600, 86400


def locale() -> str:
    """Babel's name of the active language."""
    return "zh_Hans_CN" if (get_language() or "").startswith("zh") else "en_US"


def _dash() -> SafeString:
    return format_html('<span class="none">{}</span>', MISSING)


def _typeset(text: str, *, signed: bool = False, positive: bool = False) -> str:
    """A real minus, and a plus where the sign is the message."""
    return ("+" if signed and positive else "") + text.replace("-", MINUS)


@register.simple_tag
def money(  # noqa: PLR0913 - named in templates
    minor: int | None,
    currency: str,
    compact: bool = False,
    whole: bool = False,
    signed: bool = False,
    rates: Rates | None = None,
    least: Any = False,
) -> SafeString:
    """Minor units as money. `compact`: 万/亿 or K/M; `whole`: without cents; `signed`: with a plus.

    `rates`: what it was converted by; the hover tells them with their days. `least`: there is more than could be told.
    """
    if minor is None or not currency:
        return _dash()
    amount = to_decimal(int(minor), currency)
    text = _typeset(money_text(amount, currency, compact=compact, whole=whole), signed=signed, positive=amount > 0)
    how = conversion(rates) if isinstance(rates, Rates) else ""  # a page without any leaves it empty
    said = format_html(' title="{}"', how) if how else ""
    return format_html('<data class="num" value="{}"{}>{}{}</data>', amount, said, "≥ " if least else "", text)


def conversion(rates: Rates) -> str:
    """The rates a sum was converted by, one a line: "1 EUR = 7.8320 CNY · since 2026-11-01"; what has none."""
    lines = []
    for code, rate, since in rates.told():
        line = f"1 {code} = {numbers.format_decimal(rate, '#,##0.00####', locale=locale())} {rates.target}"
        lines.append(f"{line} · {_('since %(day)s') % {'day': since.isoformat()}}" if since else line)
    if rates.missing:
        lines.append(_("No rate, so left out: %(codes)s") % {"codes": listed(sorted(rates.missing))})
    return "\n".join(lines)


def money_text(amount: Decimal, currency: str, *, compact: bool = False, whole: bool = False) -> str:
    if compact and abs(amount) >= (10_000 if locale().startswith("zh") else 1_000):
        return numbers.format_compact_currency(amount, currency, locale=locale(), fraction_digits=1)
    places = 0 if whole or compact else digits(currency)
    rounded = round(amount, places)
    zeros = f".{'0' * places}" if places else ""
    return numbers.format_currency(rounded, currency, f"¤#,##0{zeros}", locale=locale(), currency_digits=False)


@register.filter
def listed(values: Iterable[Any]) -> str:
    """Several things in one line: "a, b", in Chinese "a、b"."""
    return ("、" if locale().startswith("zh") else ", ").join(map(str, values))


@register.filter
def number(value: Number | None) -> str | SafeString:
    """A count with thousands separators."""
    return _dash() if value is None or value == "" else _typeset(numbers.format_decimal(round(value), locale=locale()))


@register.filter
def decimal(value: Number | None, places: int = 1) -> str | SafeString:
    """A number with a fixed count of decimal places."""
    if value is None or value == "":
        return _dash()
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    return _typeset(numbers.format_decimal(value, pattern, locale=locale()))


@register.filter
def compact(value: Number | None) -> str | SafeString:
    """A count as 万/亿 or K/M, for tiles and axes."""
    if value is None or value == "":
        return _dash()
    if abs(value) < (10_000 if locale().startswith("zh") else 1_000):
        return number(value)
    return _typeset(numbers.format_compact_decimal(value, locale=locale(), fraction_digits=1))


@register.filter
def percent(share: Number | None, places: int = 1) -> str | SafeString:
    """A share as percent: 0.25 is 25.0%."""
    if share is None or share == "":
        return _dash()
    pattern = f"#,##0.{'0' * places}%" if places else "#,##0%"
    return _typeset(numbers.format_percent(share, pattern, locale=locale()))


@register.filter
def points(share: Number | None) -> str | SafeString:
    """A difference of shares in percentage points, without the unit: -0.25 is −25.0."""
    if share is None or share == "":
        return _dash()
    return _typeset(numbers.format_decimal(share * 100, "#,##0.0", locale=locale()))


@register.filter
def days(value: Number | None) -> str | SafeString:
    """A number of days with its unit."""
    if value is None or value == "":
        return _dash()
    whole = round(value)
    text = ngettext("%(count)s day", "%(count)s days", abs(whole))
    return text % {"count": number(whole)}


@register.simple_tag
def delta(value: Number | None, up_is_good: bool | None = True, unit: str = "%") -> SafeString:
    """A change: arrow for the direction, colour for good or bad (by the person's choice, in CSS).

    `value` is a share for unit "%" and "pp" (0.113 is 11.3), the plain difference for "".
    """
    if value is None or value == "":
        return _dash()
    direction = (value > 0) - (value < 0)
    verdict = "flat" if not direction or up_is_good is None else ("good" if (direction > 0) == up_is_good else "bad")
    word, arrow = {1: (_("up"), "▲"), -1: (_("down"), "▼"), 0: (_("unchanged"), "")}[direction]
    return format_html(
        '<span class="delta delta-{} {}"><span aria-hidden="true">{}</span>'
        '<span class="sr-only">{} </span><span class="num">{}</span></span>',
        {1: "up", -1: "down", 0: "flat"}[direction],
        verdict,
        arrow,
        word,
        _size(abs(value), unit),
    )


def _size(value: Number, unit: str) -> str:
    if unit == "%":
        return str(percent(value))
    if unit == "pp":
        return f"{decimal(value * 100)} pp"
    return str(number(value)) if value == round(value) else str(decimal(value))


@register.filter
def day(value: date | None) -> SafeString:
    """A calendar day: 11-25 in this year, with the year otherwise."""
    if value is None:
        return _dash()
    text = value.strftime("%m-%d" if value.year == timezone.localdate().year else "%Y-%m-%d")
    return format_html('<time class="num" datetime="{}">{}</time>', value.isoformat(), text)


@register.filter
def ago(at: datetime | None, now: datetime | None = None) -> SafeString:
    """How long ago; the hover says when exactly."""
    if at is None:
        return _dash()
    seconds = ((now or timezone.now()) - at).total_seconds()
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>', at.isoformat(), clocks(at), _ago_text(seconds)
    )


def _ago_text(seconds: float) -> str:
    if seconds < 60:
        return _("just now")
    if seconds < HOUR:
        return _("%(count)s min ago") % {"count": int(seconds // 60)}
    if seconds < DAY:
        return _("%(count)s h ago") % {"count": int(seconds // HOUR)}
    count = int(seconds // DAY)
    return ngettext("%(count)s day ago", "%(count)s days ago", count) % {"count": count}


@register.simple_tag
def stamp(at: datetime | None, zone: str = "", by_site: bool = False) -> SafeString:
    """A moment in the person's own zone, or `by_site` in the site's; the hover has the site's clock (`zone`) and UTC."""
    if at is None:
        return _dash()
    local = at.astimezone(ZoneInfo(zone)) if by_site and zone else timezone.localtime(at)
    text = local.strftime("%m-%d %H:%M" if local.year == timezone.localdate().year else "%Y-%m-%d %H:%M")
    return format_html('<time class="num" datetime="{}" title="{}">{}</time>', at.isoformat(), clocks(at, zone), text)


def clocks(at: datetime, zone: str = "") -> str:
    """The same moment by the person's clock, the site's and UTC."""
    local = timezone.localtime(at)
    lines = [f"{date_format(local, 'Y-m-d H:i')} {local.tzname()}"]
    if zone:
        lines.append(_("Site: %(time)s") % {"time": f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"})
    return " · ".join([*lines, f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"])

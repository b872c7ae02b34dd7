"""Tables of notices: one a line, headers in English or Chinese, every line that cannot be used named with its reason."""

import hashlib
import re
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.health.domain.letters import due_of, hints, subject_of, without_buyers
from apps.health.domain.mail import MOST_TEXT
from apps.health.models import Notice
from apps.sync.reading.table import OVERFLOW, open_table
from apps.sync.reading.unpack import unpack
from apps.sync.source import Unreadable

MOST_ROWS, MOST_ERRORS = 5000, 200
# What a column is called, without spaces, marks and case.
NAMES = {
    "subject": ("subject", "title", "notice", "主题", "标题", "通知标题", "通知主题", "邮件主题"),
    "text": ("text", "message", "body", "content", "内容", "正文", "通知内容", "邮件内容"),
    "kind": ("kind", "type", "category", "类型", "类别", "通知类型"),
    "site": ("site", "marketplace", "country", "站点", "国家", "市场"),
    "sku": ("sku", "sellersku", "msku", "商品sku", "卖家sku"),
    "asin": ("asin",),
    "case_id": ("caseid", "case", "complaintid", "complaint", "案件编号", "投诉编号", "案件id", "投诉id", "case编号"),
    "at": ("receivedat", "received", "date", "at", "arrived", "收到时间", "收到日期", "接收时间", "通知时间", "日期", "时间"),
    "due": ("due", "duedate", "deadline", "截止日期", "截止时间", "回复期限", "期限", "截止"),
    "key": ("noticeid", "messageid", "id", "通知编号", "通知id", "编号"),
}  # fmt: skip
_NEEDED = ("subject", "at")
_MOMENTS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M", "%Y年%m月%d日", "%d.%m.%Y %H:%M", "%d.%m.%Y",
)  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """Why one line cannot be used. Lines count from 1, the header included."""

    line: int
    column: str
    value: str
    problem: str


@dataclass
class Read:
    """What a table holds: values of notices by line, and what is wrong with it. `struck`: something of a buyer was left out."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    struck: bool = False
    repeated: int = 0


@dataclass(frozen=True)
class Place:
    """Where the notices belong: the sites that may be named, and their clocks."""

    zones: dict[str, str]
    allowed: Collection[str]


def read(path: Path, place: Place) -> Read:
    """Every line of a table. Raises Refused for a file that is none, or has not the columns it takes."""
    try:
        with tempfile.TemporaryDirectory(prefix="notices-") as folder:
            table = open_table(unpack(path, Path(folder)))
            columns = _columns(table.header)
            lines = [line for frame in table.frames(columns) for line in frame.to_dicts()]
    except Unreadable as error:
        raise Refused(_(str(error))) from None
    if not lines:
        raise Refused(_("There is no line below the header."))
    if len(lines) > MOST_ROWS:
        raise Refused(_("At most %(most)d lines in one file. Split it.") % {"most": MOST_ROWS})
    found, seen = Read(), set()
    for line in lines:
        values = _values(line, columns, place, found)
        if values and values["key"] in seen:
            found.repeated += 1
        elif values:
            seen.add(values["key"])
            found.rows.append(values)
    return found


def _columns(header: Collection[str]) -> dict[str, int]:
    """{what: position}. Raises Refused without the columns it takes."""
    known = {_bare(name): what for what, names in NAMES.items() for name in names}
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        if what := known.get(_bare(name)):
            found.setdefault(what, place)
    if lacking := [NAMES[what][0] for what in _NEEDED if what not in found]:
        told = {"names": ", ".join(lacking), "header": ", ".join(header)[:200]}
        raise Refused(_("The table has no column %(names)s. Its header is: %(header)s") % told)
    return found


def _bare(name: str) -> str:
    return re.sub(r"[\s_\-.()（）/:：#]+", "", name).lower()


def _values(line: dict[str, Any], columns: dict[str, int], place: Place, found: Read) -> dict[str, Any] | None:
    """A notice's values; None if something is wrong with the line."""
    told = {name: (line.get(name) or "").strip() for name in NAMES}
    wrong = [*_lengths(line, told), *_problems(line, told, place)]
    if wrong:
        found.wrong += wrong[: MOST_ERRORS - len(found.wrong)]
        return None
    site = told["site"].upper()
    at = moment(told["at"], place.zones.get(site, "UTC")) or datetime.min.replace(tzinfo=UTC)
    subject, text = without_buyers(subject_of(told["subject"])), without_buyers(told["text"])
    found.struck |= text != told["text"] or subject != subject_of(told["subject"])
    said = hints(subject, text)
    due = _day(told["due"]) if told["due"] else due_of(at, said.days)
    return {
        "line": line["line"],
        "subject": subject,
        "text": text[:MOST_TEXT],
        "kind": kind_named(told["kind"]) or said.kind,
        "marketplace": site,
        "sku": (told["sku"] or said.sku)[:60],
        "asin": (told["asin"] or said.asin).upper()[:12],
        "case_id": (told["case_id"] or said.case_id)[:40],
        "at": at,
        "due": due,
        "key": key_of(told["key"], site, told["sku"], told["subject"], told["text"], at.isoformat()),
    }


def _problems(line: dict[str, Any], told: dict[str, str], place: Place) -> Iterator[Wrong]:
    number, site = line["line"], told["site"].upper()
    if not told["subject"]:
        yield Wrong(number, "subject", "", _("this cell must not be empty"))
    if moment(told["at"], "UTC") is None:
        yield Wrong(number, "at", told["at"][:60], _("not a day or time, such as 2026-03-02 14:05"))
    if told["due"] and _day(told["due"]) is None:
        yield Wrong(number, "due", told["due"][:60], _("not a day, such as 2026-03-05"))
    if site and site not in place.allowed:
        yield Wrong(number, "site", site[:60], _("not a site of this store that you may see"))
    if told["kind"] and not kind_named(told["kind"]):
        names = ", ".join(str(label) for label in Notice.Kind.labels)
        yield Wrong(number, "kind", told["kind"][:60], _("one of: %s, or empty to have it guessed") % names)


def _lengths(line: dict[str, Any], told: dict[str, str]) -> Iterator[Wrong]:
    number = line["line"]
    if line.get("overflow"):
        yield Wrong(number, "", line["overflow"][:60], _(OVERFLOW))
    for name, most in (("sku", 60), ("asin", 12), ("case_id", 40)):
        if len(told[name]) > most:
            yield Wrong(number, name, told[name][:60], _("at most %(most)d letters") % {"most": most})


def kind_named(text: str) -> str:
    """A kind by its code or by its name in the reader's language or English; "" for none."""
    bare = text.strip().casefold()
    for value, label in Notice.Kind.choices:
        if bare in {value, value.replace("_", " "), str(label).casefold(), _KIND_NAMES[value].casefold()}:
            return value
    return ""


# A table may be in the other language than its reader.
_KIND_NAMES = {
    Notice.Kind.ACCOUNT_STATUS: "账户状态变更",
    Notice.Kind.LISTING_ISSUE: "Listing 问题",
    Notice.Kind.PERFORMANCE: "绩效通知",
    Notice.Kind.POLICY: "违反政策",
    Notice.Kind.DOCUMENTS: "要求提供文件",
}


def moment(text: str, zone: str) -> datetime | None:
    """A time as people write it, read on the site's own clock where it names no zone; None for anything else."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        told = next((found for form in _MOMENTS if (found := _by(text, form))), None)
    if told is None or told.year < 2000:
        return None
    return told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))


def _by(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - its zone is the site's
    except ValueError:
        return None


def _day(text: str) -> date | None:
    told = moment(text, "UTC")
    return told.date() if told else None


def key_of(own: str, *parts: str) -> str:
    """What a notice of a file is known by: its own id, else a hash of all that it says."""
    if own:
        return own[:120] if len(own) <= 120 else f"id:{_hash(own)}"
    return f"hash:{_hash(chr(0).join(parts))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

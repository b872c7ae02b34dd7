"""A file of figures: loaded like every document, kept in the ledger as one change, and taken back in one step."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

import polars as pl
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core import audit, copying
from apps.core.copying import Facts
from apps.core.models import Entry
from apps.core.undo import CannotUndo, undoes
from apps.health.actions.figures import NUMBERS, ring
from apps.health.models import Figure
from apps.sync.actions.taking import Taken, take_in
from apps.sync.loading import Intake, Loaded
from apps.sync.rows import FIGURE

IMPORT = "import.figures"
MOST = 10_000  # figures of one file that the ledger keeps: a year of thirty metrics
SHOWN = 20  # of them written out for people; the others are kept for the undo alone
NAMED = 3  # figures that a refusal names
_KEY = ("marketplace_id", "metric", "programme", "date")
_TOLD = (*_KEY, *NUMBERS, "as_of")
_OLD = ("fresh", *(f"old_{name}" for name in (*NUMBERS, "as_of")))
_NEWS = "SELECT {columns} FROM {news} s ORDER BY {key}"

Key = tuple[str, str, str, str]  # site, metric, programme, day as text
Line = list[Any]  # what the ledger keeps of a figure: `_TOLD` as JSON values


def load_figures(intake: Intake, frames: Iterator[pl.DataFrame], facts: Facts) -> Loaded:
    """Write the figures of a document. What a kept file changed is one entry in the ledger."""
    taken = take_in(FIGURE, intake, frames, facts, keep=(*NUMBERS, "as_of"))
    if intake.document is not None:
        before, after = _changed(taken)
        if after:
            _record(intake, before, after)
    return taken.loaded


def _changed(taken: Taken) -> tuple[list[Line], list[Line]]:
    """(before, after) of every figure the file wrote; those before it only where there was one.

    One told again as it was is among them: its time is newer now, and so it is not the older file's any more.
    """
    news = taken.merged.news
    columns = copying.columns((*_TOLD, *_OLD) if news else _TOLD, "s")
    rows = copying.read(_NEWS, columns=columns, news=news or taken.stage.table, key=copying.columns(_KEY, "s"))
    wide = len(_TOLD)
    after = [_line(row[:wide]) for row in rows]
    before = [_line((*row[: len(_KEY)], *row[wide + 1 :])) for row in rows if news and not row[wide]]
    return before, after


def _record(intake: Intake, before: list[Line], after: list[Line]) -> None:
    document, whole = intake.document, len(after) <= MOST
    had = {_key(line): line for line in before}
    other = [line for line in after if _numbers(had.get(_key(line))) != _numbers(line)][:SHOWN]
    old = [had[_key(line)] for line in other if _key(line) in had]
    audit.record(
        IMPORT,
        document,
        by=intake.by,
        at=timezone.now(),
        store=document.store,
        before={"figures": _shown(old)} | ({"given": before} if whole else {}),
        after={"figures": _shown(other)} | ({"given": after} if whole else {}),
        title=document.name,
    )


@undoes(IMPORT)
def _unload(entry: Entry) -> None:
    """Every figure as it was before the file, or none; nothing at all where one was changed since."""
    if "given" not in entry.after:
        raise CannotUndo(
            _("This file changed more than %(most)d figures: too many to take back in one step.") % {"most": MOST}
        )
    copying.lock(entry.store_id, FIGURE.name)
    after, before = entry.after["given"], entry.before["given"]
    now = _now(entry.store_id, after)
    if moved := [line for line in after if now.get(_key(line)) != line]:
        names = ", ".join(map(_name, moved[:NAMED])) + (" …" if len(moved) > NAMED else "")
        raise CannotUndo(
            _("Nothing was taken back: these figures have changed since. %(figures)s") % {"figures": names}
        )
    had = {_key(line) for line in before}
    _delete(entry.store_id, (line for line in after if _key(line) not in had))
    _restore(entry.store_id, before)
    ring(entry.store_id)


def _now(store_id: int | None, lines: list[Line]) -> dict[Key, Line]:
    """What stands now on the days of these lines, locked."""
    days = [line[_KEY.index("date")] for line in lines]
    rows = _of_files(store_id).filter(date__range=(min(days), max(days))).select_for_update().values_list(*_TOLD)
    return {_key(line): line for line in map(_line, rows)}


def _delete(store_id: int | None, lines: Iterable[Line]) -> None:
    """As many statements as there are metrics of sites, however many days."""
    for (site, metric, programme), mine in groupby(lines, key=lambda line: tuple(line[:3])):
        days = [line[3] for line in mine]
        same = {"marketplace": site, "metric": metric, "programme": programme}
        _of_files(store_id).filter(**same, date__in=days).delete()


def _restore(store_id: int | None, lines: list[Line]) -> None:
    made = [Figure(store_id=store_id, origin=Figure.Origin.FILE, **_values(line)) for line in lines]
    key = ["agency", "store", "marketplace", "metric", "programme", "date", "origin"]
    Figure.objects.bulk_create(
        made, update_conflicts=True, unique_fields=key, update_fields=[*NUMBERS, "as_of"], batch_size=2000
    )


def _of_files(store_id: int | None) -> Any:
    return Figure.objects.filter(store=store_id, origin=Figure.Origin.FILE)


def _line(row: Iterable[Any]) -> Line:
    return [each.isoformat() if isinstance(each, date | datetime) else each for each in row]


def _values(line: Line) -> dict[str, Any]:
    values = dict(zip(_TOLD, line, strict=True))
    return values | {"date": date.fromisoformat(values["date"]), "as_of": datetime.fromisoformat(values["as_of"])}


def _key(line: Line) -> Key:
    site, metric, programme, day = line[: len(_KEY)]
    return site, metric, programme, day


def _numbers(line: Line | None) -> Line:
    return line[len(_KEY) : -1] if line else []


def _name(line: Line) -> str:
    site, metric, programme, day = _key(line)
    return f"{site} {metric}{f'/{programme}' if programme else ''} {day}"


def _shown(lines: list[Line]) -> dict[str, dict[str, Any]]:
    """As people read them in the ledger."""
    return {_name(line): dict(zip(NUMBERS, _numbers(line), strict=True)) for line in lines}

"""Notices that people and programs bring: written by hand, out of an e-mail, or a table of many.

A file is kept by its hash before anything is made of it, and read anew when it is taken: what the page showed is what is
loaded, whole or not at all. Nothing of buyers is kept: a file in which something of one stands is kept as a copy without.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.models import Marketplace, Member, Store, StoreMarketplace
from apps.accounts.queries import marketplaces_for
from apps.core import audit, exports
from apps.core.models import uuid7
from apps.core.storage import Missing, agency_key, documents, local_copy
from apps.health.actions import notice_tables as tables
from apps.health.actions.due_findings import refresh_due
from apps.health.domain.letters import due_of, hints, without_buyers
from apps.health.domain.mail import (
    MOST_TEXT,
    Letter,
    NoLetter,
    copy_of,
    decoded,
    is_mail,
    letter_of_mail,
    letter_of_text,
)
from apps.health.models import Notice, NoticeFile

FILE, PERSON, PROGRAM = "file", "person", "program"
FIELDS = ("kind", "marketplace", "sku", "asin", "case_id", "subject", "text", "at", "due", "owner_id")
HEADER = ("subject", "text", "kind", "site", "sku", "asin", "case_id", "at", "due", "key")
OLE, PDF, ZIP = b"\xd0\xcf\x11\xe0", b"%PDF", b"PK"
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods")
Form = NoticeFile.Form


@dataclass(frozen=True)
class Preview:
    """What a kept file holds: one letter, or the lines of a table. `known` are lines that are notices already."""

    letter: Letter | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[tables.Wrong] = field(default_factory=list)
    repeated: int = 0
    known: int = 0

    @property
    def loadable(self) -> bool:
        return not self.wrong and bool(self.letter or self.rows)


@dataclass(frozen=True)
class Taken:
    """What a file made: notices that are new, and how many there were already."""

    made: list[Notice]
    known: int


def create(
    store: Store, values: Mapping[str, Any], *, origin: str, key: str, by: Member, at: datetime
) -> tuple[Notice, bool]:
    """Keep one notice; (notice, is it new): the one there is already if its `key` was used before. Raises Refused.

    `values`: any of FIELDS (`owner` as a member), `subject` and `at` at least.
    """
    given = _clean({("owner_id" if name == "owner" else name): value for name, value in values.items()})
    if isinstance(owner := given.get("owner_id"), Member):
        given["owner_id"] = owner.pk
    if given.get("marketplace") and given["marketplace"] not in sites_of(store, by):
        told = {"store": store.name, "site": given["marketplace"]}
        raise Refused(_("%(store)s does not sell on %(site)s.") % told)
    made, new = Notice.objects.get_or_create(store=store, origin=origin, key=key or uuid7().hex, defaults=given)
    if new:
        after = {name: given[name] for name in ("kind", "marketplace", "sku", "due") if given.get(name)}
        audit.record("notice.create", made, by=by, at=at, store=store, after=after, title=made.subject)
        refresh_due(store, at=at)
    return made, new


def sites_of(store: Store, member: Member) -> list[str]:
    """The store's sites that the member may see, in their usual order."""
    seen = marketplaces_for(member, store)
    codes = StoreMarketplace.objects.filter(store=store, active=True).order_by("marketplace__position")
    return [code for code in codes.values_list("marketplace_id", flat=True) if seen is None or code in seen]


def stage(store: Store, path: Path, *, name: str, by: Member, at: datetime) -> NoticeFile:
    """Look at a file and keep it; nothing is made of it yet. Raises Refused for one that cannot be read."""
    content = path.read_bytes()
    form = _form_of(content, name)
    kept, struck = content, False
    if form == Form.TABLE:
        found = tables.read(path, _place(store, by))
        struck = found.struck
        kept = _table_without(found.rows) if struck and not found.wrong else content
        if struck and found.wrong:
            raise Refused(_wrong_and_struck(found.wrong))
    else:
        letter = _letter(content, form)
        struck = letter.struck
        kept = copy_of(letter) if struck else content
    return NoticeFile.objects.create(
        store=store, form=form, name=_name(name, form, struck), path=_keep(kept), size=len(kept), struck=struck,
        digest=hashlib.sha256(content).hexdigest(), uploaded_by=by, uploaded_at=at,
    )  # fmt: skip


def preview(kept: NoticeFile, *, by: Member) -> Preview:
    """Read a kept file as if it were loaded. Raises Refused if it has gone from the storage."""
    try:
        with local_copy(kept.path) as path:
            if kept.form == Form.TABLE:
                found = tables.read(path, _place(kept.store, by))
            else:
                return _of_letter(kept, path.read_bytes(), by)
    except Missing:
        raise Refused(_("The file is no longer there. Bring it again.")) from None
    keys = [row["key"] for row in found.rows]
    known = Notice.objects.filter(store=kept.store, origin=FILE, key__in=keys).count()
    return Preview(rows=found.rows, wrong=found.wrong, repeated=found.repeated, known=known)


def load(kept: NoticeFile, said: Mapping[str, Any], *, by: Member, at: datetime) -> Taken:
    """Make notices of a kept file, all of them or none. Raises Refused.

    `said`: what a person makes of a letter, over what it suggests. A notice that is there already stays as it is.
    """
    locked = NoticeFile.objects.select_for_update().get(pk=kept.pk)
    if locked.loaded_at:
        raise Refused(_("This file was loaded already."))
    found = preview(locked, by=by)
    if not found.loadable:
        raise Refused(_("Nothing was loaded: correct the lines named here, and bring the file again."))
    lines = [{**found.values, **said}] if found.letter else found.rows
    taken = _taken(locked, lines, said.get("owner_id"))
    locked.loaded_at = at
    locked.save(update_fields=["loaded_at"])
    after = {"file": locked.name, "rows": len(taken.made), "known": taken.known}
    audit.record("notice.import", locked, by=by, at=at, store=locked.store, after=after, title=locked.name)
    refresh_due(locked.store, at=at)
    return taken


def discard(kept: NoticeFile, *, by: Member, at: datetime) -> None:
    """Forget a file that was only looked at."""
    if kept.loaded_at:
        raise Refused(_("This file was loaded already."))
    audit.record("notice.discard", kept, by=by, at=at, store=kept.store, before={"file": kept.name}, title=kept.name)
    kept.delete()


# -- reading


def _form_of(content: bytes, name: str) -> str:
    """What a file is, by its bytes and then by its name. Raises Refused for what we do not read."""
    ending = Path(name.replace("\\", "/")).suffix.lower()
    if not content.strip():
        raise Refused(_("The file is empty."))
    if content.startswith(PDF):
        raise Refused(_("This is a PDF. Save the e-mail as .eml, or copy its text into the field."))
    if ending == ".msg" or (content.startswith(OLE) and ending != ".xls"):
        raise Refused(_("This is a file of Outlook (.msg). Save the e-mail as .eml, or copy its text into the field."))
    if content.startswith((ZIP, OLE)) or ending in TABLES:
        return Form.TABLE
    if ending == ".eml" or is_mail(content[:400]):
        return Form.MAIL
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(_("This is no e-mail, text or table. Bring .eml, .txt, .csv or .xlsx."))
    return Form.TEXT


def _letter(content: bytes, form: str) -> Letter:
    try:
        return letter_of_mail(content) if form == Form.MAIL else letter_of_text(decoded(content))
    except NoLetter as error:
        if error.args[0] == "empty":
            raise Refused(_("Nothing is written in it.")) from None
        raise Refused(_("This is no e-mail: it has no sender, subject or date. Save it again as .eml.")) from None


def _of_letter(kept: NoticeFile, content: bytes, by: Member) -> Preview:
    letter = _letter(content, Form.MAIL if kept.struck else kept.form)
    at = letter.at or kept.uploaded_at
    said = hints(letter.subject, letter.text, letter.sender)
    key = tables.key_of(_mark(letter), letter.subject, letter.text, letter.at.isoformat() if letter.at else "")
    sites = sites_of(kept.store, by)
    named = Marketplace.objects.filter(domain__in=said.domains, code__in=sites).values_list("code", flat=True)[:2]
    values = {
        "kind": said.kind, "marketplace": named[0] if len(named) == 1 else "", "sku": said.sku, "asin": said.asin,
        "case_id": said.case_id, "subject": letter.subject, "text": letter.text, "at": at,
        "due": due_of(at, said.days), "key": key,
    }  # fmt: skip
    known = Notice.objects.filter(store=kept.store, origin=FILE, key=key).count()
    return Preview(letter=letter, values=values, known=known)


def _mark(letter: Letter) -> str:
    """The letter's own id, the same whether the original or a copy of it was kept."""
    return "".join(letter.message_id.split())


def _place(store: Store, by: Member) -> tables.Place:
    sites = sites_of(store, by)
    zones = dict(Marketplace.objects.filter(code__in=sites).values_list("code", "time_zone"))
    return tables.Place(zones, sites)


# -- writing


def _taken(kept: NoticeFile, lines: list[dict[str, Any]], owner: Any) -> Taken:
    keys = [line["key"] for line in lines]
    there = set(Notice.objects.filter(store=kept.store, origin=FILE, key__in=keys).values_list("key", flat=True))
    fresh = [
        Notice(
            store=kept.store, origin=FILE, key=line["key"], file=kept,
            **({"owner_id": owner} | _clean({name: line[name] for name in FIELDS if name in line})),
        )
        for line in lines
        if line["key"] not in there
    ]  # fmt: skip
    Notice.objects.bulk_create(fresh, ignore_conflicts=True)
    made = list(Notice.objects.filter(pk__in=[each.pk for each in fresh]))  # another import may have been quicker
    return Taken(made, len(lines) - len(made))


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the columns take them, without anything of a buyer."""
    found = {name: value for name, value in values.items() if name in FIELDS}
    for name in ("subject", "text"):
        found[name] = without_buyers(str(found.get(name) or "").replace("\0", ""))
    return found | {"subject": found["subject"][:300], "text": found["text"][:MOST_TEXT]}


def _keep(content: bytes) -> str:
    key = agency_key("notices", (digest := hashlib.sha256(content).hexdigest())[:2], digest)
    if not documents().exists(key):
        with tempfile.TemporaryDirectory(prefix="notice-") as folder:
            path = Path(folder) / "notice"
            path.write_bytes(content)
            documents().save(key, path)
    return key


def _table_without(rows: list[dict[str, Any]]) -> bytes:
    """The table with what is read of it, and nothing of buyers."""
    names = dict(zip(HEADER, HEADER, strict=True)) | {"site": "marketplace"}
    with tempfile.TemporaryDirectory(prefix="notice-") as folder:
        path = Path(folder) / "table.csv"
        exports.write_csv(path, HEADER, ([row[names[name]] for name in HEADER] for row in rows))
        return path.read_bytes()


def _wrong_and_struck(wrong: list[tables.Wrong]) -> str:
    """Why a table with faults is not even kept: what would be kept is made of its lines."""
    lines = "; ".join(
        _("line %(line)d: %(problem)s") % {"line": each.line, "problem": each.problem} for each in wrong[:10]
    )
    return _("Something of a buyer stands in this table, and some lines cannot be read: %s") % lines


def _name(name: str, form: str, struck: bool) -> str:
    """The file's own name, with the ending of what is kept."""
    bare = Path(name.replace("\\", "/")).name.strip()[:190] or "notice"
    if not struck:
        return bare
    return f"{Path(bare).stem}{'.csv' if form == Form.TABLE else '.eml'}"

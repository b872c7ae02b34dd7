"""What the agency's own systems are told of findings. Found by `core` at start."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.queries import stores_for
from apps.core import exports, jobs, lists
from apps.core.findings import OPENED
from apps.core.models import Finding, Job
from apps.sync.actions import emit
from apps.sync.actions.packing import pack_store
from apps.sync.models import Connection
from apps.sync.queries import stores
from apps.sync.queries.freshness import WORDS
from apps.sync.queries.told import told_columns

MOST_NAMED = 100  # a first sync opens hundreds at once: one event, the dearest by name


def tell(kind: str, store: Any, findings: Sequence[Finding], *, at: datetime) -> None:
    """One event per kind and store, the most money first; `count` is how many there are in all."""
    named = [
        {
            "id": str(f.pk), "subject": f.subject, "marketplace": f.marketplace, "at_stake": f.at_stake,
            "currency": f.currency, "due": f.due.isoformat() if f.due else None,
        }
        for f in sorted(findings, key=lambda f: -f.rank)[:MOST_NAMED]
    ]  # fmt: skip
    emit("finding.opened", {"kind": kind, "count": len(findings), "findings": named}, store=store, at=at)


OPENED.append(tell)


def _door(door: Connection) -> str:
    return f"{door.kind_label}: {door.get_state_display()}"


FIELDS = (
    exports.Field(_("Client"), lambda line: line.store.client.name),
    exports.Field(_("Store"), lambda line: line.store.name),
    exports.Field(_("Address"), lambda line: line.store.slug),
    exports.Field(_("Channel"), lambda line: line.store.get_channel_display(), code=lambda line: line.store.channel),
    exports.Field(_("Region"), lambda line: line.store.get_region_display(), code=lambda line: line.store.region),
    exports.Field(_("Sites"), lambda line: " ".join(line.sites)),
    exports.Field(_("Contract"), lambda line: line.store.client.contract),
    exports.Field(_("Monthly fee"), lambda line: line.fee),
    exports.Field(_("Fee currency"), lambda line: line.store.client.fee_currency if line.fee is not None else None),
    exports.Field(_("Owner"), lambda line: str(line.store.owner) if line.store.owner else None),
    exports.Field(_("Team"), lambda line: ", ".join(map(str, line.team))),
    exports.Field(_("Connections"), lambda line: "; ".join(map(_door, line.doors))),
    exports.Field(_("Authorised"), lambda line: line.authorised),
    exports.Field(_("Data"), lambda line: str(WORDS.get(line.word, "")), code=lambda line: line.word),
    exports.Field(_("Client fit"), lambda line: line.fit),
    exports.Field(
        _("State"),
        lambda line: gettext("Active") if line.store.active else gettext("Off-boarded"),
        code=lambda line: "active" if line.store.active else "off-boarded",
    ),
    exports.Field(_("Since"), lambda line: line.store.created_at.date()),
)


@jobs.works("stores.export")
def export(job: Job) -> None:
    """Write what the page's query shows, all pages, as a file in document storage."""
    wanted, today = job.arguments, timezone.localdate()
    with translation.override(wanted.get("language") or "en"):
        asked = QueryDict(wanted["query"])
        query = lists.parse(asked, stores.columns(), sort=stores.DEFAULT_SORT, today=today, can=job.by.can)
        lines = stores.lines(job.by, query)
        if query.status in stores.SEGMENTS:
            lines = [line for line in lines if line.segment == query.status]
        more = [exports.Field(each.label, _reading(each.key), each.needs) for each in told_columns()]
        exports.keep(job, (*FIELDS, *more), lines, total=len(lines), name=f"stores-{today:%Y-%m-%d}")


def _reading(key: str) -> exports.Read:
    return lambda line: line.told.get(key)


@jobs.works("store.pack")
def pack(job: Job) -> None:
    """Everything of one store, as a ZIP in document storage."""
    pack_store(stores_for(job.by).get(pk=job.arguments["store"]), job)

"""Account health as a client is promised it: narrow, calm, without our workload."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from apps.accounts.models import Member, Store
from apps.health.domain.headroom import WORST_FIRST
from apps.health.models import CsatDay, Notice
from apps.health.models.facts import Work
from apps.health.queries.csat import in_portal
from apps.health.queries.csat import newest as newest_csat
from apps.health.queries.newest import Reading, newest
from apps.health.queries.work import notices_for

SHOWN_NOTICES = 20


@dataclass(frozen=True)
class Account:
    """One site of a store: its state, and its rates, the worst first."""

    store: str
    site: str
    date: date
    status: Reading | None
    rates: list[Reading]
    score: Reading | None = None
    csat: CsatDay | None = None


@dataclass(frozen=True)
class ClientNotice:
    """A notice; `answer` only once it is given."""

    subject: str
    kind: str
    store: str
    site: str
    at: datetime
    state: str
    done: bool
    answer: str


def accounts(member: Member, stores: Iterable[Store]) -> list[Account]:
    """Every site with a report or a figure; CSat only where the agency shows it. A constant number of queries."""
    names = {store.pk: store.name for store in stores}
    sites: dict[tuple[int, str], list[Reading]] = {}
    for each in newest(member, list(names)):
        sites.setdefault((each.row.store_id, each.row.marketplace_id), []).append(each)
    content = newest_csat(member, list(names)) if in_portal() else {}
    found = []
    for (store, site), readings in sites.items():
        rates = [each for each in readings if each.limit is not None]
        rates.sort(key=lambda each: (WORST_FIRST.index(each.band), each.row.metric, each.row.programme))
        status = next((each for each in readings if each.row.metric == "account_status"), None)
        score = next((each for each in readings if each.row.metric == "ahr"), None)
        day = max(each.row.date for each in readings)
        found.append(Account(names[store], site, day, status, rates, score, content.get((store, site))))
    return sorted(found, key=lambda each: (each.store, each.site))


def notices(member: Member) -> list[ClientNotice]:
    """The newest notices; what we are still writing stays ours."""
    rows = notices_for(member).order_by("-at")
    columns = ("subject", "kind", "store__name", "marketplace", "at", "state", "answer")
    kinds, states = dict(Notice.Kind.choices), dict(Work.choices)
    return [
        ClientNotice(
            subject, str(kinds.get(kind, kind)), store, site, at, str(states[state]), state == Work.DONE,
            answer if state == Work.DONE else "",
        )
        for subject, kind, store, site, at, state, answer in rows.values_list(*columns)[:SHOWN_NOTICES]
    ]  # fmt: skip

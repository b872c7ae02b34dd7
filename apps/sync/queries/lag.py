"""How old each dataset was over the last week, told by the runs that succeeded."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.functional import Promise

from apps.accounts.queries import stores_for
from apps.core.tenancy import acting_agency
from apps.sync.models import Connection, Run, Stream
from apps.sync.sources import SOURCES

DAYS = 7
STEP = timedelta(hours=2)
POINTS = DAYS * 24 // 2 + 1
BEFORE = timedelta(days=3)  # successes this long before the week still tell its first hours

# At every point the time since each stream's last success; of those the worst per dataset. A stream that was never
# brought before a point does not count at it.
SQL = """
WITH points AS (SELECT n, %(first)s::timestamptz + n * %(step)s::interval AS t FROM generate_series(0, %(last)s) n),
done AS (
  SELECT stream_id, max(finished_at) AS at,
         greatest(0, ceil(extract(epoch FROM finished_at - %(first)s) / extract(epoch FROM %(step)s::interval)))::int n
  FROM sync_run
  WHERE agency_id = %(agency)s AND stream_id = ANY(%(streams)s) AND state = ANY(%(good)s)
    AND created_at > %(since)s AND finished_at > %(since)s
  GROUP BY 1, 3
),
grid AS (
  SELECT s.id, p.n, p.t, max(d.at) OVER (PARTITION BY s.id ORDER BY p.n) AS last
  FROM unnest(%(streams)s::uuid[]) s(id) CROSS JOIN points p LEFT JOIN done d ON d.stream_id = s.id AND d.n = p.n
)
SELECT st.dataset, n, max(extract(epoch FROM t - last))
FROM grid JOIN sync_stream st ON st.agency_id = %(agency)s AND st.id = grid.id
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Lag:
    """One dataset: how many hours old its worst stream was every two hours, oldest first; None: nothing to tell it by.

    `promise` in hours.
    """

    dataset: str
    label: str | Promise
    promise: float
    hours: list[float | None]

    @property
    def now(self) -> float | None:
        return self.hours[-1]

    @property
    def told(self) -> int:
        """How many hours of the week anything is known of: a young connection has less than a week."""
        return sum(each is not None for each in self.hours) * 2

    @property
    def worst(self) -> float | None:
        return max((each for each in self.hours if each is not None), default=None)

    @property
    def kept(self) -> float | None:
        """The share of the told points at which the promise was kept."""
        known = [each for each in self.hours if each is not None]
        return sum(each <= self.promise for each in known) / len(known) if known else None


def lags(member: Any, *, at: datetime) -> list[Lag]:
    """Every dataset that is brought regularly, in two queries and one for the stores."""
    promised = (
        Stream.objects.filter(store__in=stores_for(member).filter(active=True), active=True, every__gt=0)
        .exclude(connection__state=Connection.State.REVOKED)
        .values_list("pk", "dataset", "connection__kind")
        .annotate(promise=Max("promise"))
    )
    streams = list(promised)
    if not streams:
        return []
    told = _told([pk for pk, *_rest in streams], at)
    labels, promises = {}, defaultdict(int)
    for _pk, dataset, kind, promise in streams:
        known = SOURCES[kind].datasets if kind in SOURCES else {}
        labels.setdefault(dataset, known[dataset].label if dataset in known else dataset)
        promises[dataset] = max(promises[dataset], promise)
    order = {key: n for n, key in enumerate(key for kind in SOURCES.values() for key in kind.datasets)}
    ranked = sorted(labels, key=lambda key: order.get(key, 99))
    return [Lag(key, labels[key], promises[key] / 3600, told.get(key, [None] * POINTS)) for key in ranked]


def _told(streams: list[Any], at: datetime) -> dict[str, list[float | None]]:
    first = at - timedelta(days=DAYS)
    values = {
        "first": first,
        "step": STEP,
        "last": POINTS - 1,
        "agency": acting_agency(),
        "streams": streams,
        "good": [Run.State.DONE.value, Run.State.EMPTY.value],
        "since": first - BEFORE,
    }
    found: dict[str, list[float | None]] = defaultdict(lambda: [None] * POINTS)
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        for dataset, n, seconds in cursor.fetchall():
            found[dataset][n] = None if seconds is None else float(seconds) / 3600
    return dict(found)

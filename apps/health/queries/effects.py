"""What changes did to alarms, papers and defects, as far as facts tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from apps.core.tenancy import acting_agency
from apps.health.models import Defect, Signal


@dataclass(frozen=True)
class Alarms:
    """Signs that began before and after, of one rule and of all others together."""

    before: int
    after: int
    others_before: int
    others_after: int


def alarms(changes: Mapping[int, tuple[UUID, datetime]], *, span: timedelta) -> dict[int, Alarms]:
    """{number: alarms of a rule within `span` on both sides of a moment}; one query for all."""
    sums = {}
    for number, (rule, at) in changes.items():
        for name, window in (
            ("b", Q(began_at__gte=at - span, began_at__lt=at)),
            ("a", Q(began_at__gte=at, began_at__lt=at + span)),
        ):
            sums[f"{name}{number}"] = Count("id", filter=window & Q(rule=rule))
            sums[f"o{name}{number}"] = Count("id", filter=window & ~Q(rule=rule))
    found = Signal.objects.aggregate(**sums) if sums else {}
    return {n: Alarms(*(found[f"{name}{n}"] for name in ("b", "a", "ob", "oa"))) for n in changes}


@dataclass(frozen=True)
class Freed:
    """Offers that hang on a paper and that nothing else stops, with what they sold in 30 days by currency."""

    offers: int = 0
    sales: Mapping[str, int] | None = None


_FREED = """
SELECT p.id, coalesce(o.currency, ''), count(*), sum(o.sales_30d)
FROM unnest(%s::uuid[]) p(id)
JOIN health_paper paper ON paper.agency_id = %s AND paper.id = p.id
JOIN health_coverage c ON c.agency_id = paper.agency_id AND c.store_id = paper.store_id AND c.state NOT IN ('expired', 'missing')
  AND EXISTS (SELECT FROM jsonb_each(c.cells) cell
              WHERE cell.value ->> 'p' = p.id::text AND cell.value ->> 's' IN ('covered', 'expiring'))
LEFT JOIN health_offer o ON o.agency_id = c.agency_id AND o.store_id = c.store_id
  AND o.marketplace_id = c.marketplace_id AND o.sku = c.sku
GROUP BY 1, 2
"""


def freed(papers: Collection[UUID]) -> dict[UUID, Freed]:
    """{paper: what may be sold with it now}; one query."""
    offers: dict[UUID, int] = defaultdict(int)
    sales: dict[UUID, dict[str, int]] = defaultdict(dict)
    if papers:
        with connection.cursor() as cursor:
            cursor.execute(_FREED, [list(papers), acting_agency()])
            for paper, currency, count, sold in cursor.fetchall():
                offers[paper] += count
                if currency and sold is not None:
                    sales[paper][currency] = int(sold)
    return {paper: Freed(offers[paper], sales[paper]) for paper in papers}


def withdrawn(defects: Collection[tuple[int, str]]) -> dict[str, bool]:
    """{a defect's key as the ledger has it: does it count no more}; of (store, order number); one query."""
    wanted = Q(pk__in=[])
    for store, order in defects:
        wanted |= Q(store=store, order_id=order)
    return {str(each.pk): each.withdrawn_on is not None for each in Defect.objects.filter(wanted)} if defects else {}

"""Which listings drag the on-time delivery rate: Amazon switches off single ones, so it is told by SKU."""

from dataclasses import dataclass
from datetime import date

from apps.accounts.models import Member, Store
from apps.accounts.queries import marketplaces_for
from apps.core import copying
from apps.core.tenancy import acting_agency
from apps.health.domain.headroom import WHOLE
from apps.health.domain.performance import window
from apps.health.models import Offer
from apps.health.queries.counted import SHIPS_WITHIN
from apps.health.queries.standards import standards

METRIC = "otdr"
DAYS, LAG = 14, 7
SHOWN = 10
# An order of several SKUs came late with all of them: its units count for each.
_BY_SKU = f"""
    SELECT w.marketplace_id, u.sku, sum(u.units::int) AS total,
        sum(u.units::int) FILTER (WHERE s.delivered_at > s.deliver_by) AS late
    FROM unnest(%(sites)s::text[], %(firsts)s::date[], %(lasts)s::date[]) AS w (marketplace_id, first, last)
    JOIN health_shipment s ON s.agency_id = %(agency)s AND s.store_id = %(store)s
        AND s.marketplace_id = w.marketplace_id AND s.ordered_on BETWEEN w.first - {SHIPS_WITHIN} AND w.last
        AND (s.shipped_at AT TIME ZONE 'UTC')::date BETWEEN w.first AND w.last
        AND s.valid_packages = s.packages AND s.delivered_at IS NOT NULL AND s.skus <> ''
    CROSS JOIN LATERAL jsonb_each_text(s.skus::jsonb) AS u (sku, units)
    GROUP BY 1, 2
    HAVING count(*) FILTER (WHERE s.delivered_at > s.deliver_by) > 0
    ORDER BY late DESC, total, 1, 2 LIMIT {SHOWN}"""


@dataclass(frozen=True)
class Drag:
    """One SKU of one site: units with valid tracking whose delivery is known, and how many came after the promise."""

    site: str
    sku: str
    title: str
    total: int
    late: int
    target: int | None

    @property
    def rate(self) -> int:
        """On time, in millionths."""
        return (self.total - self.late) * WHOLE // self.total

    @property
    def below(self) -> bool:
        return self.target is not None and self.rate < self.target


def drags(member: Member, store: Store, *, today: date) -> list[Drag]:
    """The SKUs with the most late units of the window of today's report, the worst first; four queries."""
    seen = marketplaces_for(member, store)
    codes = [site.marketplace_id for site in store.sites.all() if seen is None or site.marketplace_id in seen]
    asked = standards(today, metrics=[METRIC])
    levels = {code: asked.get(METRIC, code, "") for code in codes}
    windows = [
        window(today, level.window_days or DAYS, level.lag_days) if level else window(today, DAYS, LAG)
        for level in levels.values()
    ]
    rows = copying.read(
        _BY_SKU,
        values={
            "agency": acting_agency(), "store": store.pk, "sites": codes,
            "firsts": [first for first, _last in windows], "lasts": [last for _first, last in windows],
        },
    )  # fmt: skip
    offers = Offer.objects.filter(store=store, sku__in={sku for _site, sku, *_n in rows}).values_list("sku", "title")
    titles = dict(offers)
    return [
        Drag(site, sku, titles.get(sku, ""), int(total), int(late), level.target if (level := levels[site]) else None)
        for site, sku, total, late in rows
    ]

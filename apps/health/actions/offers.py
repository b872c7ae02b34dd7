"""What the floors above tell of offers and orders. They write sets: health knows neither listings nor sales."""

from collections.abc import Callable
from functools import partial

from django.db import transaction

from apps.core import copying
from apps.core.copying import Facts, Merged, Stage
from apps.core.tenancy import acting_agency

# Who works out anew what is made of offers, after the commit: `follower(agency_id=, store_id=)`.
FOLLOWERS: list[Callable[..., None]] = []
OFFERS = Facts(
    "health_offer",
    key=("marketplace_id", "sku"),
    values=(
        "asin",
        "title",
        "brand",
        "category",
        "fulfilment",
        "active",
        "owner_id",
        "sales_30d",
        "units_30d",
        "currency",
    ),
    stamps=("told_at",),
    version=(),
)
# Summed with the days that a document of orders touches, in its own transaction.
ORDER_DAYS = Facts(
    "health_orderday",
    key=("marketplace_id", "programme", "date"),
    values=("orders",),
    stamps=(),
    version=(),
    day="date",
)
OFFER_COLUMNS = (*OFFERS.key, *OFFERS.values)


def tell(store_id: int, staged: str) -> Merged:
    """All offers of a store are those of the temporary table `staged` (columns: OFFER_COLUMNS and told_at); others go.

    Offers told as they are already are not written.
    """
    copying.run("ANALYZE {staged}", staged=staged)
    stage = Stage(staged, OFFERS.columns, 0)
    merged = copying.merge(stage, OFFERS, store_id=store_id, whole=True)
    gone = copying.run(
        "DELETE FROM {table} t WHERE {mine} AND {vanished}",
        values={"agency": acting_agency(), "store": store_id},
        table=OFFERS.table,
        mine=copying.mine(OFFERS, {}),
        vanished=copying.vanished(stage, OFFERS, []),
    )
    if merged.new or merged.changed or gone:
        for follower in FOLLOWERS:
            transaction.on_commit(partial(follower, agency_id=acting_agency(), store_id=store_id), robust=True)
    return merged

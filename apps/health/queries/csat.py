"""How content buyers are, as far as our facts can tell: CSat of every site of the stores, in five queries."""

from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta

from django.db.models import Count, Q, Sum

from apps.health.domain.csat import PRODUCT_REASONS, WEIGHTS, Csat, csat
from apps.health.models import Feedback, OrderDay, ReturnLine, Standard
from apps.health.queries.standards import MILLION

DAYS = 30
WEIGHT = "csat_"  # standards of ours: points lost per percentage point, in millionths
_REASONS = [*PRODUCT_REASONS, *(f"CR-{reason}" for reason in PRODUCT_REASONS)]
Site = tuple[int, str]


def weights(on: date) -> dict[str, float]:
    """Points lost per percentage point, by input: as platform staff set them, else the defaults."""
    rows = Standard.objects.filter(metric__startswith=WEIGHT, valid_from__lte=on).order_by("valid_from")
    return WEIGHTS | {row.metric.removeprefix(WEIGHT): row.target / MILLION for row in rows}


def csat_of(stores: Collection[int], *, today: date) -> dict[Site, Csat]:
    """{(store, site): CSat} of the last 30 days, for sites with orders. Replies to buyers are not known here."""
    since, weight = today - timedelta(days=DAYS), weights(today)
    mine = Q(store__in=stores)
    orders = _sums(OrderDay.objects.filter(mine, date__gt=since), Sum("orders"))
    fed = Feedback.objects.filter(mine, rated_on__gt=since, rating__lte=2)
    negative = _sums(fed, Count("order_id"))
    place = ("store", "marketplace", "order_id")
    returned = ReturnLine.objects.filter(mine, returned_on__gt=since, reason__in=_REASONS)
    both = fed.order_by().values_list(*place).union(returned.order_by().values_list(*place))
    unhappy = Counter((store, site) for store, site, _order in both)
    told = _known(stores)
    found = {}
    for site, total in orders.items():
        if not total:
            continue
        shares = {
            "feedback": negative.get(site, 0) / total if "feedback" in told.get(site[0], ()) else None,
            "ncx": unhappy[site] / total if "returns" in told.get(site[0], ()) else None,
            "replies": None,
        }
        found[site] = csat(shares, weight)
    return found


def _sums(rows, what) -> dict[Site, int]:
    grouped = rows.values_list("store", "marketplace").annotate(n=what).order_by()
    return {(store, site): n for store, site, n in grouped}


def _known(stores: Collection[int]) -> dict[int, set[str]]:
    """What any document has told of each store: no feedback at all may mean that nobody brought it."""
    found: dict[int, set[str]] = {}
    for name, model in (("feedback", Feedback), ("returns", ReturnLine)):
        for store in model.objects.filter(store__in=stores).values_list("store", flat=True).distinct():
            found.setdefault(store, set()).add(name)
    return found

"""Reading stock: which day is the newest, site by site."""

from collections import defaultdict
from datetime import date

from django.db.models import Case, Exists, OuterRef, Q, Subquery, When

from apps.accounts.models import Member, StoreMarketplace
from apps.accounts.queries import site_filter
from apps.inventory.models import StockDay


def newest_days(member: Member) -> Q:
    """The newest snapshot of each site the member may see. Asked site by site: an index answers each, and those
    without stock are left out before they are looked for."""
    same = StockDay.objects.filter(store=OuterRef("store"), marketplace=OuterRef("marketplace"))
    newest = Case(When(Exists(same), then=Subquery(same.order_by("-date").values("date")[:1])))
    found = StoreMarketplace.objects.filter(site_filter(member)).annotate(newest=newest)
    sites: dict[tuple[int, date], list[str]] = defaultdict(list)
    for store, code, day in found.exclude(newest=None).values_list("store", "marketplace", "newest"):
        sites[store, day].append(code)
    wanted = Q(pk__in=[])
    for (store, day), codes in sites.items():
        wanted |= Q(store=store, date=day, marketplace__in=codes)
    return wanted

"""Reading stock: which day is the newest, site by site."""

from collections import defaultdict
from datetime import date

from django.db.models import Case, OuterRef, Q, Subquery, When

from apps.accounts.models import Member, StoreMarketplace
from apps.accounts.queries import site_filter
from apps.inventory.models import StockDay


def newest_days(member: Member) -> Q:
    """The newest snapshot of each site the member may see. Asked site by site: an index answers each, and those
    without stock are left out before they are looked for."""
    same = StockDay.objects.filter(store=OuterRef("store"), marketplace=OuterRef("marketplace"))
    any_sku = Subquery(same.order_by("sku").values("sku")[:1])  # in the key's order: a mere EXISTS would read the table
    newest = Case(When(any_sku__isnull=False, then=Subquery(same.order_by("-date").values("date")[:1])))
    found = StoreMarketplace.objects.filter(site_filter(member)).annotate(any_sku=any_sku).annotate(newest=newest)
    sites: dict[tuple[int, date], list[str]] = defaultdict(list)
    for store, code, day in found.exclude(newest=None).values_list("store", "marketplace", "newest"):
        sites[store, day].append(code)
    wanted = Q(pk__in=[])
    for (store, day), codes in sites.items():
        wanted |= Q(store=store, date=day, marketplace__in=codes)
    return wanted

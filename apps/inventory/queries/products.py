"""What inventory knows of products: units at FBA and in own warehouses, and how long a new order takes."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import F, IntegerField, Max, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Greatest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.lists import ListColumn
from apps.core.permissions import Permission
from apps.inventory.models import OwnStock
from apps.inventory.queries.lines import lines_for
from apps.listings.models import Product
from apps.listings.queries.told import Key

STAGES = ("production", "inspection", "sea", "receiving")
SEES = Permission.STOCK_VIEW
COLUMNS = (
    ListColumn("fba", _("FBA stock"), numeric=True, needs=SEES, help=_("Sellable units at Amazon, on all sites you may see")),
    ListColumn("own", _("Own stock"), numeric=True, needs=SEES, help=_("Units in own warehouses and on the way there")),
    ListColumn(
        "lead", _("Lead time, days"), numeric=True, needs=SEES,
        help=_("Production, inspection, sea and receiving, to the site that takes longest"),
    ),
)  # fmt: skip


def stock_of(member: Member, products: Collection[Product]) -> Mapping[Key, Mapping[str, Any]]:
    """{(store, SKU): {"fba", "own", "lead"}}; a pool of sites that share one stock counts once. Two queries."""
    wanted = {"store__in": {each.store_id for each in products}, "sku__in": {each.sku for each in products}}
    days = [Cast(KeyTextTransform(stage, "lead"), IntegerField()) for stage in STAGES]
    lines = lines_for(member).filter(**wanted).order_by().values("store", "sku")
    found = {
        (line["store"], line["sku"]): {"fba": line["fba"], "lead": line["days"]}
        for line in lines.annotate(fba=Sum("available"), days=Max(sum(days[1:], days[0])))
    }
    held = Greatest("available", 0) + Greatest(F("inbound"), 0)
    for own in OwnStock.objects.filter(**wanted).order_by().values("store", "sku").annotate(units=Sum(held)):
        found.setdefault((own["store"], own["sku"]), {})["own"] = own["units"]
    return found

"""The newest snapshot of each site."""

from apps.accounts.models import StoreGrant
from apps.core.permissions import Role
from apps.inventory.models import StockDay
from apps.inventory.queries.stock import newest_days
from tests.inventory.stock import stocked


def newest(member) -> set[tuple[str, str, int]]:
    rows = StockDay.objects.filter(newest_days(member))
    return set(rows.values_list("marketplace_id", "sku", "available"))


def test_each_site_shows_its_own_newest_day(acme):
    with acme:
        stocked(acme.other_store, "A", 7, site="DE", back=3)
        stocked(acme.other_store, "A", 5, site="DE", back=1)
        stocked(acme.other_store, "B", 4, site="FR", back=3)
        stocked(acme.store, "A", 9, site="US", back=0)
        stocked(acme.store, "B", 8, site="US", back=1)
        assert newest(acme.seats[Role.OWNER]) == {("DE", "A", 5), ("FR", "B", 4), ("US", "A", 9)}


def test_sites_that_were_not_granted_stay_hidden_and_no_stock_is_no_row(acme):
    with acme:
        junior = acme.seats[Role.JUNIOR]
        StoreGrant.objects.filter(member=junior).delete()
        assert newest(acme.seats[Role.OWNER]) == set()
        stocked(acme.other_store, "A", 5, site="DE")
        stocked(acme.other_store, "A", 6, site="FR")
        assert newest(junior) == set()
        StoreGrant.objects.create(member=junior, store=acme.other_store, marketplace_id="FR")
        assert newest(junior) == {("FR", "A", 6)}

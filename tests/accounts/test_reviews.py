"""The access review with its list, thresholds beside their defaults, and the hand-over of who leaves."""

import pytest
from django.utils import timezone

from apps.accounts.actions import handing_over, members
from apps.accounts.actions.keys import KeyTerms, create_key
from apps.accounts.actions.refusal import Refused
from apps.accounts.actions.settings import set_threshold
from apps.accounts.models import ApiKey, Member, Store, Threshold
from apps.core.metrics import JUDGED, REGISTRY
from apps.core.models import Entry, Finding
from apps.core.permissions import Role
from apps.core.undo import CannotUndo, undo
from apps.listings.models import Product
from tests.house.goods import Goods
from tests.world import NOW


@pytest.fixture
def owner(acme, client):
    client.force_login(acme.user(Role.OWNER))
    return client


def test_the_review_keeps_the_list_it_was_signed_off_by(acme, owner):
    with acme:
        terms = KeyTerms("ERP", ("stores:read",), (acme.store.pk,))
        create_key(terms, by=acme.seats[Role.OWNER], at=timezone.now())
    page = owner.get(acme.url("settings/security/")).content.decode()
    assert "ERP" in page
    assert "swk_" in page
    assert owner.post(acme.url("settings/security/review/"), {"note": "third quarter"}).status_code == 302
    with acme:
        entry = Entry.objects.get(verb="access.reviewed")
        assert entry.after["seats"]["acme-junior@example.com"] == "junior: north"
        assert entry.after["seats"]["acme-owner@example.com"] == "owner: *"
        assert list(entry.after["keys"].values()) == ["stores:read: north"]
        members.set_grants(acme.seats[Role.JUNIOR], [], by=acme.seats[Role.OWNER], at=timezone.now())
        ApiKey.objects.all().delete()
    past = owner.get(acme.url(f"settings/security/review/{entry.number}/")).content.decode()
    for word in ("acme-junior@example.com", "Junior operator", "north", "ERP", "third quarter"):
        assert word in past
    assert owner.get(acme.url("changes/")).status_code == 200


def test_an_older_review_of_which_only_a_number_was_kept_still_opens(acme, owner):
    from apps.core import audit

    with acme:
        entry = audit.record("access.reviewed", acme.agency, by=None, at=NOW, after={"seats": 9})
    assert (
        "number of seats was kept: 9"
        in owner.get(acme.url(f"settings/security/review/{entry.number}/")).content.decode()
    )
    assert owner.get(acme.url("settings/security/review/1000/")).status_code == 404


def test_access_is_taken_away_from_the_review_itself(acme, owner):
    with acme:
        key, _secret = create_key(KeyTerms("ERP", ("stores:all",)), by=acme.seats[Role.OWNER], at=timezone.now())
        junior = acme.seats[Role.JUNIOR]
    back = acme.url("settings/security/")
    assert owner.post(acme.url(f"settings/members/{junior.pk}/deactivate/"), {"review": "1"})["Location"] == back
    assert owner.post(acme.url(f"settings/api/{key.pk}/revoke/"), {"review": "1"})["Location"] == back
    with acme:
        assert not Member.objects.get(pk=junior.pk).active
        assert ApiKey.objects.get().revoked_at


def test_a_threshold_stands_beside_its_default_with_who_set_it(acme, owner):
    from apps.health.models import Standard

    Standard.objects.update_or_create(
        metric="odr",
        marketplace="",
        programme="",
        valid_from="2020-01-01",
        defaults={"operator": "lt", "target": 10_000},
    )
    with acme:
        set_threshold("health.odr", "0.005", marketplace="", programme="", by=acme.seats[Role.OWNER], at=timezone.now())
    page = owner.get(acme.url("settings/thresholds/")).content.decode()
    assert "0.005" in page
    assert "0.01<" in page
    assert "Acme-Owner" in page


def test_only_metrics_that_are_judged_by_a_threshold_are_offered(acme, owner):
    assert set(REGISTRY) - set(JUDGED)
    page = owner.get(acme.url("settings/thresholds/")).content.decode()
    for key in REGISTRY:
        assert f'<option value="{key}"' not in page
    assert '<option value="health.odr"' in page
    idle = next(iter(REGISTRY))
    answer = owner.post(acme.url("settings/thresholds/save/"), {"metric": idle, "value": "1"})
    assert answer.status_code == 422
    with acme:
        Threshold.objects.create(metric=idle, value=1)
    assert "without effect" in owner.get(acme.url("settings/thresholds/")).content.decode()


# -- hand-over


@pytest.fixture
def leaving(acme, settings, tmp_path):
    """A senior with a store, its SKUs, an open finding and a closed one."""
    settings.DOCUMENTS_URL = f"file://{tmp_path}"
    Goods(acme, acme.store, "US", "USD")
    with acme:
        senior = acme.seats[Role.SENIOR]
        Store.objects.filter(pk=acme.store.pk).update(owner=senior)
        Product.objects.filter(store=acme.store).update(owner=senior)
        about = {"kind": "sync-late", "store": acme.store, "assigned": senior, "opened_at": NOW, "changed_at": NOW}
        Finding.objects.create(subject="orders", **about)
        Finding.objects.create(subject="stock", state="done", closed_at=NOW, **about)
    return senior


def test_all_of_it_goes_to_another_person_in_one_step(acme, owner, leaving):
    address = acme.url(f"settings/members/{leaving.pk}/hand-over/")
    page = owner.get(address).content.decode()
    assert "acme north" in page
    manager = acme.seats[Role.MANAGER]
    answer = owner.post(address, {"to": manager.pk})
    with acme:
        entry = Entry.objects.get(verb="member.handed_over", target=str(leaving.pk))
        assert answer["Location"] == acme.url(f"settings/members/handed/{entry.number}/")
        assert Store.objects.get(pk=acme.store.pk).owner == manager
        assert set(Product.objects.filter(store=acme.store).values_list("owner", flat=True)) == {manager.pk}
        assert Finding.objects.get(subject="orders").assigned == manager
        assert Finding.objects.get(subject="stock").assigned == leaving
    ledger = owner.get(acme.url("changes/")).content.decode()
    assert "Work handed over" in ledger
    assert str(manager.pk) not in ledger
    printed = owner.get(answer["Location"]).content.decode()
    assert "acme north" in printed
    assert "sync-late orders" in printed
    with acme:
        undo(entry, by=acme.seats[Role.OWNER], at=timezone.now())
        assert Store.objects.get(pk=acme.store.pk).owner == leaving
        assert set(Product.objects.filter(store=acme.store).values_list("owner", flat=True)) == {leaving.pk}
        assert Finding.objects.get(subject="orders").assigned == leaving


def test_a_hand_over_is_not_undone_into_a_closed_seat(acme, leaving):
    with acme:
        who = {"by": acme.seats[Role.OWNER], "at": timezone.now()}
        entry = handing_over.hand_over(leaving, acme.seats[Role.MANAGER], **who)
        members.deactivate(leaving, **who)
        with pytest.raises(CannotUndo):
            undo(entry, **who)


def test_nothing_goes_to_a_client_or_to_oneself(acme, owner, leaving):
    address = acme.url(f"settings/members/{leaving.pk}/hand-over/")
    for seat in (acme.seats[Role.CLIENT], leaving):
        assert owner.post(address, {"to": seat.pk}).status_code == 422
    with acme, pytest.raises(Refused):
        handing_over.hand_over(leaving, acme.seats[Role.CLIENT], by=acme.seats[Role.OWNER], at=NOW)

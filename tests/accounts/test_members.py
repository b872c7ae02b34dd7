"""Seats: what may be changed, and what the ledger says afterwards."""

import pytest

from apps.accounts.actions import members
from apps.accounts.actions.refusal import Refused
from apps.accounts.models import StoreGrant
from apps.accounts.queries import seat_rows, stores_for
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from tests.world import NOW


def who(world):
    return {"by": world.seats[Role.OWNER], "at": NOW}


def newest():
    return Entry.objects.order_by("-number").first()


def test_a_role_change_is_in_the_ledger_and_the_chain_holds(acme):
    with acme:
        members.change_role(acme.seats[Role.JUNIOR], role=Role.SENIOR, client=None, **who(acme))
        assert (newest().verb, newest().before["role"], newest().after["role"]) == ("member.role", "junior", "senior")
        assert audit.verify() is None


def test_the_same_role_again_writes_nothing(acme):
    with acme:
        members.change_role(acme.seats[Role.JUNIOR], role=Role.JUNIOR, client=None, **who(acme))
        assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "act",
    [
        lambda seat, by: members.deactivate(seat, **by),
        lambda seat, by: members.change_role(seat, role=Role.MANAGER, client=None, **by),
    ],
)
def test_the_last_owner_stays(acme, act):
    with acme:
        with pytest.raises(Refused):
            act(acme.seats[Role.OWNER], who(acme))
        members.change_role(acme.seats[Role.MANAGER], role=Role.OWNER, client=None, **who(acme))
        act(acme.seats[Role.OWNER], who(acme))
        acme.seats[Role.OWNER].refresh_from_db()
        assert acme.seats[Role.OWNER].role != Role.OWNER or not acme.seats[Role.OWNER].active


def test_a_client_seat_never_becomes_staff_and_staff_never_a_client(acme):
    with acme:
        for seat, role in ((Role.CLIENT, Role.JUNIOR), (Role.JUNIOR, Role.CLIENT)):
            with pytest.raises(Refused):
                members.change_role(acme.seats[seat], role=role, client=acme.client, **who(acme))


def test_grants_are_replaced_and_a_whole_store_swallows_its_sites(acme):
    junior = acme.seats[Role.JUNIOR]
    with acme:
        members.set_grants(junior, [(acme.other_store.pk, "DE"), (acme.other_store.pk, None)], **who(acme))
        assert list(stores_for(junior)) == [acme.other_store]
        assert StoreGrant.objects.get(member=junior).marketplace_id is None
        assert newest().before == {"stores": ["north"]}
        assert newest().after == {"stores": ["europe"]}


def test_a_store_of_another_agency_cannot_be_granted(acme, zeta):
    junior = acme.seats[Role.JUNIOR]
    with acme:
        members.set_grants(junior, [(zeta.store.pk, None), (acme.store.pk, "US")], **who(acme))
        assert list(StoreGrant.objects.filter(member=junior).values_list("store", "marketplace")) == [
            (acme.store.pk, "US")
        ]


def test_a_closed_seat_opens_again_with_its_grants(acme):
    junior = acme.seats[Role.JUNIOR]
    with acme:
        members.deactivate(junior, **who(acme))
        members.deactivate(junior, **who(acme))
        members.reactivate(junior, **who(acme))
        assert [e.verb for e in Entry.objects.order_by("number")] == ["member.deactivate", "member.reactivate"]
        assert list(stores_for(junior)) == [acme.store]


def test_who_sees_what_costs_the_same_for_any_number_of_people(acme, django_assert_num_queries):
    with acme, django_assert_num_queries(2):
        rows = seat_rows()
    by_role = {row.member.role: row for row in rows if row.member.user != acme.other_client.user}
    assert by_role["owner"].everything
    assert by_role["junior"].stores == [("acme north", [])]
    assert not by_role["junior"].has_mfa


def test_a_review_is_signed_off_in_the_ledger(acme):
    with acme:
        members.sign_off_access(note="third quarter", **who(acme))
        assert (newest().verb, newest().reason) == ("access.reviewed", "third quarter")

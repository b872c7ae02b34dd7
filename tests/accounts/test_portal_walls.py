"""What the portal's database role cannot read of people and clients, whatever a view asks for."""

import pytest
from django.db import ProgrammingError, connection, transaction

from apps.accounts.models import Client, Member, User
from apps.core.permissions import Role
from apps.core.tenancy import tenant


@pytest.fixture
def guest(acme):
    """Acting as the portal, for the stores of the client's seat."""
    with acme:
        Client.objects.create(name="Somebody else", monthly_fee=90_000, note="pays late")
    with tenant(acme.agency.pk, stores=[acme.store.pk]):
        yield acme


def refused(sql):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    return True


def test_only_the_own_client_is_there_without_our_terms(guest):
    assert list(Client.objects.values_list("name", flat=True)) == [guest.store.client.name]
    for column in ("monthly_fee", "fee_currency", "contract", "note"):
        assert refused(f"SELECT {column} FROM accounts_client")


def test_only_the_own_people_are_there_without_their_passwords(guest):
    assert set(Member.objects.values_list("role", flat=True)) == {Role.CLIENT}
    assert set(User.objects.values_list("pk", flat=True)) == {guest.user(Role.CLIENT).pk}
    assert refused("SELECT password FROM accounts_user")


def test_staff_see_everybody_again_afterwards(acme):
    with tenant(acme.agency.pk, stores=[acme.store.pk]):
        few = User.objects.count()
    assert User.objects.count() > few

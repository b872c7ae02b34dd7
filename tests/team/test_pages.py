"""The pages of the agency open for everyone who may see them, with and without data."""

import pytest

from apps.core.permissions import STAFF_ROLES, Role

PAGES = ("", "inbox/", "changes/", "changes/verify/", "stores/north/")


@pytest.mark.parametrize("role", STAFF_ROLES)
@pytest.mark.parametrize("path", PAGES)
def test_every_role_of_the_staff_reads_them(acme, client, role, path):
    client.force_login(acme.user(role))
    assert client.get(acme.url(path)).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_client_and_a_stranger_do_not(acme, zeta, client, path):
    client.force_login(acme.user(Role.CLIENT))
    assert client.get(acme.url(path)).status_code == 404
    client.force_login(zeta.user(Role.OWNER))
    assert client.get(acme.url(path)).status_code == 404


def test_a_junior_does_not_see_a_store_without_a_grant(acme, client):
    client.force_login(acme.user(Role.JUNIOR))
    assert client.get(acme.url("stores/europe/")).status_code == 404

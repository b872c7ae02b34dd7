"""The front door, one's own page, the header's switches, the health checks, the shell."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.actions import members, stores
from apps.accounts.actions.stores import NewStore
from apps.accounts.models import Member, User
from apps.core.models import Finding
from apps.core.permissions import Role
from tests.factories import UserFactory


def test_the_front_door(acme, zeta, client):
    assert client.get("/")["Location"] == "/accounts/login/"
    person = acme.user(Role.CLIENT)
    client.force_login(person)
    assert client.get("/")["Location"] == "/portal/acme/"
    with zeta:
        Member.objects.create(user=person, role=Role.SENIOR)
    text = client.get("/").content.decode()
    assert "/portal/acme/" in text and 'href="/zeta/"' in text
    client.force_login(UserFactory(email="nobody@example.com"))
    assert "nobody@example.com" in client.get("/").content.decode()


def test_a_person_keeps_their_own_settings(acme, client):
    user = acme.user(Role.JUNIOR)
    client.force_login(user)
    form = {"name": "Wei", "language": "zh-hans", "time_zone": "Europe/Berlin", "theme": "dark"}
    form |= {"density": "compact", "delta_colours": "red-up"}
    assert client.post("/me/", form | {"theme": "pink"}).status_code == 422
    assert client.post("/me/", form).status_code == 302
    user = User.objects.get(pk=user.pk)
    assert (user.name, user.language, user.time_zone) == ("Wei", "zh-hans", "Europe/Berlin")
    assert (user.theme, user.density, user.delta_colours, user.shortcuts) == ("dark", "compact", "red-up", False)
    assert client.get("/me/")["Content-Language"] == "zh-hans"


def test_the_headers_switches_change_one_thing(acme, client):
    user = acme.user(Role.JUNIOR)
    client.force_login(user)
    assert client.post("/me/preferences/", {"theme": "dark", "is_staff": "1"}).status_code == 302
    assert client.post("/me/preferences/", {"theme": "pink"}).status_code == 422
    assert client.post("/me/preferences/", {"density": "compact"}, headers={"HX-Request": "true"}).status_code == 204
    user = User.objects.get(pk=user.pk)
    assert (user.theme, user.density, user.language, user.is_staff) == ("dark", "compact", "en", False)


def test_a_stranger_keeps_a_language_in_a_cookie(client, db):
    client.post("/me/preferences/", {"language": "en"})
    assert client.get("/accounts/login/")["Content-Language"] == "en"
    client.post("/me/preferences/", {"language": "zh-hans"})
    assert client.get("/accounts/login/")["Content-Language"] == "zh-hans"


def test_the_switches_lead_to_our_own_pages_only(client, db):
    assert client.post("/me/preferences/", {"language": "en", "next": "https://evil.example/"})["Location"] == "/"
    assert client.post("/me/preferences/", {"language": "en", "next": "/me/"})["Location"] == "/me/"


def test_a_broken_time_zone_breaks_no_page(acme, client):
    user = acme.user(Role.JUNIOR)
    User.objects.filter(pk=user.pk).update(time_zone="Mars/Base")
    client.force_login(user)
    assert client.get("/me/").status_code == 200


def test_health_is_public_and_says_what_is_missing(client, db, settings):
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        200,
        {"postgresql": True, "valkey": True, "migrations": True},
    )
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:8947/0"}}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["valkey"]) == (503, False)


def test_the_shell_costs_the_same_with_two_stores_and_with_twenty(acme, client):
    client.force_login(acme.user(Role.OWNER))
    address = acme.url("settings/roles/")
    client.get(address)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    before = count()
    with acme:
        for n in range(18):
            stores.create_store(acme.client, NewStore(f"Store {n}"), by=acme.seats[Role.OWNER], at=timezone.now())
        Finding.objects.bulk_create(
            Finding(kind="x", store=acme.store, subject=str(n), opened_at=timezone.now(), changed_at=timezone.now())
            for n in range(9)
        )
    assert count() == before


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.SENIOR, Role.JUNIOR, Role.FINANCE, Role.ANALYST])
@pytest.mark.parametrize(
    "page", ["members", "invitations", "roles", "thresholds", "api", "currency", "clients", "brand", "security"]
)
def test_every_staff_role_reads_every_settings_page(acme, client, role, page):
    client.force_login(acme.user(role))
    assert client.get(acme.url(f"settings/{page}/")).status_code == 200


def test_settings_lists_cost_the_same_for_any_number_of_rows(acme, client):
    client.force_login(acme.user(Role.OWNER))
    pages = [acme.url(f"settings/{page}/") for page in ("members", "invitations", "api", "clients", "security")]

    def counts() -> list[int]:
        found = []
        for address in pages:
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            found.append(len(queries))
        return found

    before = counts()
    owner = acme.seats[Role.OWNER]
    with acme:
        for n in range(8):
            seat = Member.objects.create(user=UserFactory(email=f"more{n}@example.com"), role=Role.JUNIOR)
            members.set_grants(seat, [(acme.store.pk, None)], by=owner, at=timezone.now())
            stores.create_client({"name": f"More {n}"}, by=owner, at=timezone.now())
    assert counts() == before

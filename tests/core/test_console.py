"""The admin console: platform staff only, with a login of its own that sees every agency."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Agency, Marketplace, SupportGrant, User
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from tests.factories import UserFactory
from tests.house.goods import Goods
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])

LISTS = (
    "accounts/agency",
    "accounts/user",
    "accounts/marketplace",
    "accounts/fxrate",
    "accounts/threshold",
    "accounts/supportgrant",
    "sync/connection",
    "sync/run",
    "sync/storeddocument",
    "sync/webhookdelivery",
    "admin/logentry",
)


@pytest.fixture
def world(transactional_db) -> World:
    return World("acme")


@pytest.fixture
def console(world) -> Client:
    client = Client()
    client.force_login(UserFactory(email="staff@example.com", is_staff=True, is_superuser=True))
    return client


def test_only_platform_staff_come_in(world):
    client = Client()
    assert client.get("/platform/").status_code == 302
    client.force_login(world.user(Role.OWNER))
    assert client.get("/platform/accounts/agency/").status_code in {302, 403}


def test_the_first_page_counts_over_all_agencies(console):
    World("zeta")
    answer = console.get("/platform/")
    assert answer.status_code == 200
    assert "2 / 2" in answer.content.decode()


@pytest.mark.parametrize("path", LISTS)
def test_every_table_opens(console, path):
    assert console.get(f"/platform/{path}/").status_code == 200


def test_marketplaces_are_editable_and_tenants_can_be_suspended(console, world):
    site = Marketplace.objects.get(pk="DE")
    form = {f.name: getattr(site, f.name) for f in Marketplace._meta.fields} | {"name": "Amazon.de", "active": "on"}
    assert console.post("/platform/accounts/marketplace/DE/change/", form).status_code == 302
    assert Marketplace.objects.get(pk="DE").name == "Amazon.de"
    console.post(f"/platform/accounts/agency/{world.agency.pk}/change/", {"name": "Acme", "slug": "acme"})
    assert not Agency.objects.get(pk=world.agency.pk).active


def test_support_access_is_time_boxed_and_in_the_agencys_ledger(console, world):
    form = {"tenant": world.agency.pk, "reason": "Sync stuck since Monday", "minutes": 30}
    assert console.post("/platform/accounts/supportgrant/add/", form).status_code == 302
    with world:
        grant = SupportGrant.objects.get()
        assert 0 < (grant.expires_at - timezone.now()).total_seconds() <= 1800
        assert Entry.objects.get(verb="support.grant").reason == "Sync stuck since Monday"
        assert audit.verify() is None
    assert [each.to for each in mail.outbox] == [[world.user(Role.OWNER).email]]
    assert "Sync stuck since Monday" in mail.outbox[0].body
    assert console.post("/platform/accounts/supportgrant/add/", form | {"minutes": 600}).status_code == 200


def test_credentials_never_leave_the_console(console, world):
    with world:
        world.connection.credentials = "v1.secret-stuff"
        world.connection.save()
    page = console.get(f"/platform/sync/connection/{world.connection.pk}/change/")
    assert "secret-stuff" not in page.content.decode()


HEADING = re.compile(r"<th\b.*?</th>", re.DOTALL)
HEAD = re.compile(r"<thead.*?</thead>", re.DOTALL)
TAG = re.compile(r"<script.*?</script>|<span[^>]*material-symbols[^>]*>[^<]*</span>|<[^>]+>", re.DOTALL)
LATIN = {"Webhook", "HTTP", "SHA-256"}

EMPTY = {"accounts/threshold", "accounts/supportgrant"}  # without a row there is no table


def speak_chinese():
    User.objects.filter(email="staff@example.com").update(language="zh-hans")


@pytest.mark.parametrize("path", LISTS)
def test_headings_and_fields_are_in_the_readers_language(console, world, path):
    """The console's library brings English only, and a model's columns have no words of their own."""
    Goods(world, world.store, "US", "USD")
    speak_chinese()
    page = console.get(f"/platform/{path}/").content.decode()
    headings = [TAG.sub(" ", each) for each in HEADING.findall("".join(HEAD.findall(page)))]
    assert len(headings) > 2 or path in EMPTY, headings
    words = {word for heading in headings for word in re.findall(r"[A-Za-z][A-Za-z-]{2,}", heading)}
    assert words <= LATIN
    assert "Select action" not in page
    assert "Filters" not in page


def test_the_forms_labels_are_in_the_readers_language(console, world):
    speak_chinese()
    for path in (
        "accounts/marketplace/DE/change",
        "accounts/agency/add",
        f"sync/connection/{world.connection.pk}/change",
    ):
        page = console.get(f"/platform/{path}/").content.decode()
        labels = [TAG.sub("", each).strip() for each in re.findall(r"<label.*?</label>", page, re.DOTALL)]
        assert labels, path
        assert not [label for label in labels if re.search("[A-Za-z]{3}", label)], path

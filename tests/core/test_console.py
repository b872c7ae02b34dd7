"""The admin console: platform staff only, with a login of its own that sees every agency."""

import re
from base64 import b64encode

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Agency, Marketplace, SupportGrant, User
from apps.core import audit
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.sync.actions.credentials import opened, seal_into
from apps.sync.models import Connection, WebhookDelivery, WebhookEndpoint
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

EMPTY = {"accounts/threshold", "accounts/supportgrant", "admin/logentry"}  # without a row there is no table


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


def test_connections_are_paused_and_go_on_in_the_agencys_ledger(console, world):
    path, chosen = "/platform/sync/connection/", {"_selected_action": [str(world.connection.pk)]}
    for action, state in (("pause", "paused"), ("resume", "active")):
        assert console.post(path, chosen | {"action": action}).status_code == 302
        with world:
            assert Connection.objects.get().state == state
            assert Entry.objects.get(verb=f"connection.{action}").actor == ""


def test_credentials_are_sealed_with_the_newest_key(console, world, settings):
    with world:
        seal_into(world.connection, {"refresh_token": "Atzr|x"})
        world.connection.save()
        before = world.connection.credentials
    settings.CREDENTIAL_KEYS = [f"newer:{b64encode(bytes(range(32))).decode()}", *settings.CREDENTIAL_KEYS]
    chosen = {"_selected_action": [str(world.connection.pk)], "action": "seal_again"}
    assert console.post("/platform/sync/connection/", chosen).status_code == 302
    with world:
        door = Connection.objects.get()
        assert opened(door) == {"refresh_token": "Atzr|x"}
        assert door.credentials.startswith("v1.newer.")
        assert door.credentials != before


def test_deliveries_that_were_given_up_are_sent_again(console, world):
    with world:
        hook = WebhookEndpoint.objects.create(url="https://hooks.example.com/", secret="")
        values = {"endpoint": hook, "event": "run.dead", "payload": {}, "due_at": timezone.now(), "attempts": 9}
        dead = WebhookDelivery.objects.create(state="dead", **values)
        sent = WebhookDelivery.objects.create(state="sent", **values)
    chosen = {"_selected_action": [str(dead.pk), str(sent.pk)], "action": "again"}
    assert console.post("/platform/sync/webhookdelivery/", chosen).status_code == 302
    with world:
        assert dict(WebhookDelivery.objects.values_list("pk", "state")) == {dead.pk: "due", sent.pk: "sent"}
        assert Entry.objects.filter(verb="webhook.replay").count() == 1


def test_what_the_console_changes_stands_in_its_log(console, world):
    console.post(
        f"/platform/accounts/agency/{world.agency.pk}/change/", {"name": "Acme two", "plan": "", "active": "on"}
    )
    page = console.get("/platform/admin/logentry/").content.decode()
    assert "Acme two" in page
    assert console.get("/platform/admin/logentry/add/").status_code == 403

"""A store is connected by a person at the real sandbox: by consent and by a token, and only where its account sells."""

import httpx
import pytest
from django.conf import settings as django_settings

from apps.accounts.models import Store, StoreMarketplace
from apps.core.models import Entry
from apps.core.permissions import Role
from apps.sync.models import Connection, Run, Stream
from tests.boxes import Box

pytestmark = pytest.mark.xdist_group("subscriptions")  # beside others that want a sandbox
LUMORA, SORANO, FAR = "lumora:NA", "sorano:NA", "sorano:FE"  # US CA MX · US · JP AU SG


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Box(tmp_path_factory.mktemp("sandbox"), ("--fast",), scale=0.1) as box:
        yield box


@pytest.fixture
def store(acme, sandbox, settings):
    """North sells in the US and in Canada, and nothing is connected."""
    partner = sandbox.partner(LUMORA)
    settings.ALLOW_HTTP_OUTSIDE, settings.SANDBOX_URL = True, sandbox.address
    settings.SP_API_URLS = {"NA": partner["endpoint"]}
    settings.LWA_URL = partner["token_url"]
    settings.SP_API_CONSENT_URL = f"{sandbox.address}/apps/authorize/consent"
    settings.SP_API_APPLICATION_ID = partner["application_id"]
    settings.SP_API_CLIENT_ID, settings.SP_API_CLIENT_SECRET = partner["client_id"], partner["client_secret"]
    with acme:
        acme.connection.delete()
        Store.objects.filter(pk=acme.store.pk).update(seller_id="")
        for code in ("US", "CA"):
            StoreMarketplace.objects.get_or_create(store=acme.store, marketplace_id=code)
    return acme.store


@pytest.fixture
def owner(client, acme):
    client.force_login(acme.user(Role.OWNER))
    return client


def consent(owner, acme, account):
    """As a person does: to Amazon, yes there, and back. What the last page says."""
    asked = owner.post(acme.url("stores/north/connections/consent/"))
    back = httpx.get(f"{asked.url}&account={account}", follow_redirects=False).headers["Location"]
    return owner.get(back.removeprefix(django_settings.BASE_URL), follow=True).content.decode()


def paste(owner, acme, partner, **other):
    keys = {name: partner[name] for name in ("refresh_token", "client_id", "client_secret", "seller_id")} | other
    return owner.post(acme.url("stores/north/connections/new/sp_api/"), keys, follow=True)


def sites(acme):
    with acme:
        living = StoreMarketplace.objects.filter(store=acme.store, active=True)
        return sorted(living.values_list("marketplace", flat=True))


def door(acme):
    with acme:
        return Connection.objects.filter(store=acme.store, kind="sp_api").first()


def test_consent_connects_every_site_of_the_account(acme, store, owner):
    page = consent(owner, acme, LUMORA)
    assert "Connected" in page and "was taken out" not in page
    assert (door(acme).state, sites(acme)) == ("active", ["CA", "US"])
    with acme:
        assert Run.objects.filter(stream__store=acme.store, stream__marketplace="CA").exists()


def test_a_site_the_account_does_not_sell_on_is_left_and_said(acme, store, owner):
    page = consent(owner, acme, SORANO)
    assert "does not sell on CA" in page
    assert (door(acme).state, sites(acme)) == ("active", ["US"])
    with acme:
        assert not Stream.objects.filter(store=acme.store, marketplace="CA", active=True).exists()
        assert Entry.objects.get(verb="store.sites").before == {"CA": ""}


@pytest.mark.parametrize("way", [consent, lambda owner, acme, account: None], ids=["consent", "token"])
def test_an_account_that_sells_nowhere_of_these_is_another_one(acme, store, owner, sandbox, settings, way):
    with acme:
        StoreMarketplace.objects.filter(store=store).update(active=False)
        StoreMarketplace.objects.create(store=store, marketplace_id="MX")
    page = way(owner, acme, SORANO) or paste(owner, acme, sandbox.partner(SORANO)).content.decode()
    assert "This account sells on US and not on MX" in page
    assert (door(acme), sites(acme)) == (None, ["MX"])


def test_a_token_is_tried_and_its_sites_too(acme, store, owner, sandbox):
    wrong = paste(owner, acme, sandbox.partner(SORANO), refresh_token="Atzr|nobody-s")
    assert wrong.status_code == 422 and "The other side refuses" in wrong.content.decode()
    assert (door(acme), sites(acme)) == (None, ["CA", "US"])
    assert "does not sell on CA" in paste(owner, acme, sandbox.partner(SORANO)).content.decode()
    assert (door(acme).state, sites(acme)) == ("active", ["US"])


def test_a_new_store_is_led_from_the_ways_in_to_its_data(acme, store, owner):
    with acme:
        Store.objects.filter(pk=store.pk).update(setting_up=True)
    before = owner.get(acme.url("stores/north/connections/")).content.decode()
    assert 'aria-current="step">Connect' in before and 'id="store-progress"' not in before
    after = consent(owner, acme, LUMORA)
    assert 'aria-current="step">First data' in after and 'id="store-progress"' in after

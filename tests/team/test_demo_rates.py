"""The demo's exchange rates: of today wherever they would be too old, so that its inbox begins with its stores."""

import json
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.accounts.actions import rates as quoting
from apps.accounts.models import FxRate
from apps.accounts.queries import RATE_DAYS, quotes
from apps.core.models import Finding
from apps.core.tenancy import tenant
from apps.team.management import demo
from sandbox.world.marketplaces import LEVELS


@pytest.fixture
def started(acme, monkeypatch, settings, tmp_path):
    """A demo that is in place, and `make up` again: what it asks the sandbox for is answered here."""
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({"users": [], "api_keys": []}))
    monkeypatch.setenv("DEMO_FILE", str(path))
    settings.SANDBOX_URL = "http://sandbox.test"
    answer = httpx.Response(200, json=LEVELS)
    monkeypatch.setattr(httpx, "get", lambda url, **_more: answer if url.endswith("/_sandbox/rates") else None)
    monkeypatch.setattr(demo, "HOUSES", (demo.House(acme.agency.slug, acme.agency.name, (), "USD"),))
    return lambda: call_command("seed_demo")


def old_rates(world):
    with world:
        return set(Finding.objects.filter(kind="rate-old", state="open").values_list("subject", flat=True))


def test_a_demo_begins_without_old_rates_and_a_real_installation_with_them(acme, started):
    with acme:
        quoting.review(at=timezone.now())
    assert old_rates(acme) == {"CAD", "EUR"}  # true where nobody made a demo
    started()
    assert not old_rates(acme)


def test_rates_are_those_of_the_sandboxs_prices_else_as_they_were(acme, started):
    starting = FxRate.objects.get(currency="CNY").per_usd
    started()
    today = timezone.now().date()
    with tenant(acme.agency.pk):
        known = quotes(today)
    assert {each.valid_from for code, each in known.items() if code != "USD"} == {today}
    assert known["JPY"].per_usd == Decimal("145")
    assert known["EUR"].per_usd == Decimal("0.99")
    assert known["CNY"].per_usd == starting
    assert FxRate.objects.filter(currency="USD").count() == 1


def test_what_is_new_enough_stays(acme, started):
    day = timezone.now().date() - timedelta(days=RATE_DAYS)
    FxRate.objects.create(currency="EUR", valid_from=day, per_usd="0.5")
    started()
    assert FxRate.objects.filter(currency="EUR").order_by("-valid_from")[0].valid_from == day
    count = FxRate.objects.count()
    started()
    assert FxRate.objects.count() == count

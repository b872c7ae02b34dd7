"""The API of account health: newest reports, history, defects, notices; nothing of others."""

from datetime import timedelta

import pytest

from apps.health.models import Defect, HealthDay, Notice
from tests.core.test_rest import Api, key_for
from tests.health.rows import TODAY
from tests.world import NOW


def key_of(world, *scopes: str) -> Api:
    return Api(key_for(world, *scopes))


def day(world, metric="odr", *, back=0, site="US", store=None, **values) -> HealthDay:
    return HealthDay.objects.create(
        store=store or world.store, marketplace_id=site, metric=metric, programme=values.pop("programme", "mfn"),
        date=TODAY - timedelta(days=back), as_of=NOW, status="good", **values,
    )  # fmt: skip


@pytest.fixture
def told(acme, zeta):
    with zeta:
        day(zeta)
        Defect.objects.create(store=zeta.store, order_id="z", kind="claim", marketplace_id="US", as_of=NOW)
    with acme:
        day(acme, rate=9_900, total=1000, count=10)
        day(acme, back=1, rate=5_000)
        day(acme, "lsr", back=1, programme="")
        day(acme, back=5, site="CA", rate=None)
        Defect.objects.create(store=acme.store, order_id="1", kind="claim", marketplace_id="US", as_of=NOW)
        Notice.objects.create(store=acme.store, origin="file", key="1", kind="policy", at=NOW, subject="Hello")
    return acme


def test_the_newest_report_of_every_site_is_told_and_what_it_does_not_name_is_not(told):
    found = key_of(told, "health:read", "stores:all").get("/api/v1/health").json()["items"]
    assert sorted((row["marketplace"], row["metric"], row["rate"]) for row in found) == [
        ("CA", "odr", None),
        ("US", "odr", 9_900),
    ]


def test_history_is_asked_for_by_days_and_metrics(told):
    client = key_of(told, "health:read", "stores:all")
    found = client.get("/api/v1/health", {"from": TODAY - timedelta(days=2), "metric": "odr"}).json()["items"]
    assert [(row["date"], row["rate"]) for row in found] == [
        (str(TODAY), 9_900),
        (str(TODAY - timedelta(days=1)), 5_000),
    ]
    assert client.get("/api/v1/health?from=soon").status_code == 400


def test_defects_and_notices_are_told_to_those_who_may_and_only_their_own(told):
    client = key_of(told, "health:read", "stores:all")
    assert [row["order_id"] for row in client.get("/api/v1/defects").json()["items"]] == ["1"]
    assert [row["subject"] for row in client.get("/api/v1/notices").json()["items"]] == ["Hello"]
    assert client.get("/api/v1/defects?kind=wrong").status_code == 400
    assert client.get("/api/v1/notices?state=done").json()["items"] == []
    assert key_of(told, "orders:read", "stores:all").get("/api/v1/defects").status_code == 403


def test_a_key_of_another_store_sees_nothing(told):
    client = key_of(told, "health:read")
    for path in ("health", "defects", "notices"):
        assert client.get(f"/api/v1/{path}").json()["items"] == []

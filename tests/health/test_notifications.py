"""Amazon's notifications: taken once however often they come, whoever's they are, and read again rather than believed."""

import json

import pytest

from apps.health.models import HealthDay, Notice
from apps.sync.models import Run, Stream, Subscription
from tests.core.test_rest import Api, key_for
from tests.health.rows import US
from tests.world import NOW

STATUS = {
    "notificationVersion": "1.0",
    "notificationType": "ACCOUNT_STATUS_CHANGED",
    "payloadVersion": "2021-01-01",
    "eventTime": "2026-03-02T10:00:00.000Z",
    "payload": {
        "accountStatusChangeNotification": {"previousAccountStatus": "NORMAL", "currentAccountStatus": "AT_RISK"}
    },
    "notificationMetadata": {
        "applicationId": "app",
        "subscriptionId": "sub-1",
        "publishTime": "2026-03-02T10:00:01.000Z",
        "notificationId": "n-1",
    },
}
ISSUES = {
    "NotificationVersion": "1.0",
    "NotificationType": "LISTINGS_ITEM_ISSUES_CHANGE",
    "PayloadVersion": "1.0",
    "EventTime": "2026-03-02T09:00:00.000Z",
    "Payload": {
        "SellerId": "AACMENORTH",
        "MarketplaceId": US.amazon_id,
        "Asin": "B0A",
        "Sku": "SKU-A",
        "Severities": ["ERROR"],
        "EnforcementActions": ["SEARCH_SUPPRESSED"],
    },
    "NotificationMetadata": {"SubscriptionId": "sub-unknown", "NotificationId": "n-2"},
}


@pytest.fixture
def api(acme):
    with acme:
        Subscription.objects.create(
            store=acme.store, connection=acme.connection, type="ACCOUNT_STATUS_CHANGED", number="sub-1", created_at=NOW
        )
        for dataset, site in (("health", ""), ("listings", "US"), ("listings", "CA"), ("orders", "")):
            Stream.objects.create(
                connection=acme.connection, store=acme.store, dataset=dataset, marketplace=site, every=900, promise=900
            )
    return Api(key_for(acme, "health:write", "stores:all"))


def bring(api, body) -> tuple[int, dict]:
    answer = api.post("/api/v1/notifications", json.dumps(body), "application/json")
    return answer.status_code, answer.json()


def asked(world) -> list[tuple[str, str]]:
    with world:
        return sorted(Run.objects.values_list("stream__dataset", "stream__marketplace"))


def test_a_changed_account_becomes_a_notice_and_has_its_report_read_again_but_is_no_fact(acme, api):
    status, told = bring(api, STATUS)
    assert (status, told["result"]) == (202, "taken")
    with acme:
        notice = Notice.objects.get()
        assert (notice.kind, notice.subject, notice.marketplace) == ("account_status", "NORMAL → AT_RISK", "")
        assert (str(notice.pk), notice.at.hour, notice.store) == (told["notice"], 10, acme.store)
        assert not HealthDay.objects.exists()
    assert asked(acme) == [("health", "")]


def test_the_old_spelling_inside_an_event_is_understood_and_found_by_the_seller(acme, api):
    assert bring(api, {"detail-type": "LISTINGS_ITEM_ISSUES_CHANGE", "detail": ISSUES})[1]["result"] == "taken"
    with acme:
        notice = Notice.objects.get()
        assert (notice.kind, notice.marketplace, notice.sku, notice.asin) == ("listing_issue", "US", "SKU-A", "B0A")
        assert notice.detail == {"severities": ["ERROR"], "enforcementactions": ["SEARCH_SUPPRESSED"]}
    assert asked(acme) == [("listings", "US")]


def test_what_comes_twice_or_in_any_order_is_one_notice_each_and_read_once(acme, api):
    later = json.loads(json.dumps(STATUS)) | {"eventTime": "2026-03-02T11:00:00.000Z"}
    later["notificationMetadata"]["notificationId"] = "n-3"
    assert [bring(api, body)[1]["result"] for body in (later, STATUS, later)] == ["taken", "taken", "known"]
    with acme:
        assert [notice.key for notice in Notice.objects.order_by("at")] == ["n-1", "n-3"]
    assert asked(acme) == [("health", "")], "the second hint within minutes asks for nothing more"


def test_types_nobody_reads_are_let_go_and_what_is_none_is_refused(acme, api):
    assert bring(api, STATUS | {"notificationType": "ORDER_CHANGE"}) == (202, {"result": "ignored", "notice": None})
    for body in ({}, {"notificationType": "X"}, [1], STATUS | {"notificationMetadata": 3}):
        assert bring(api, body)[0] == 422
    unknown = STATUS | {"notificationMetadata": {"notificationId": "n", "subscriptionId": "sub-9"}}
    status, told = bring(api, unknown)
    assert (status, bool(told["detail"])) == (422, True)
    with acme:
        assert not Notice.objects.exists()


def test_another_agencys_key_reaches_nothing_of_ours(acme, zeta, api):
    foreign = Api(key_for(zeta, "health:write", "stores:all"))
    assert bring(foreign, STATUS)[0] == bring(foreign, ISSUES)[0] == 422
    assert bring(Api(key_for(acme, "health:write")), STATUS)[0] == 422, "a key without the store"
    assert bring(Api(key_for(acme, "health:read", "stores:all")), STATUS)[0] == 403
    with acme:
        assert not Notice.objects.exists()

"""Documents of account health become facts: tolerant of shapes, strict about meaning, the same in any order."""

from datetime import date, datetime

import pytest

from apps.health.models import Defect, Feedback, HealthDay, ReturnLine, Shipment, Standard
from apps.sync.source import Unreadable
from apps.sync.sources.files import inspect
from tests.health.rows import AS_OF, CA, DE, JP, TODAY, US, defects, rated, read, report, take, window, written

GOOD = report(
    orderDefectRate={"afn": defects(20_000, 119, 0.0059, negativeFeedback=100, claims=20), "mfn": defects(6, 0, 0.0, "NONE")},
    lateShipmentRate={**window(30, 1), "orderCount": 300, "lateShipmentCount": 12, **rated(0.04, 0.04, "BAD")},
    validTrackingRate={
        **window(30, 1), "shipmentCount": 400, "validTrackingCount": 390, **rated(0.975, 0.95, condition="GREATER_THAN"),
    },
    listingPolicyViolations={**window(180, 1), "defectsCount": 2, "status": "BAD", "targetValue": 0, "targetCondition": "EQUALS"},
    accountHealthRating={**window(180, 1), "accountHealthRatingStatus": "GREAT", "ahrStatus": "GREAT"},
    somethingNew={**window(7, 1), "wobble": 3, "status": "BAD"},
    warningStates=[{"warningType": "spamming", "status": "BAD"}],
)  # fmt: skip


def day(metric: str, programme: str = "") -> HealthDay:
    return HealthDay.objects.get(metric=metric, programme=programme)


def test_the_report_becomes_a_row_per_metric_with_counts_target_and_window(acme, tmp_path):
    with acme:
        loaded = take(acme, tmp_path, "health", GOOD)
        odr = day("odr", "afn")
        assert (odr.total, odr.count, odr.rate, odr.target, odr.operator) == (20_000, 119, 5_900, 10_000, "lt")
        assert (odr.date, odr.status, odr.window_first.isoformat()) == (TODAY, "good", "2025-12-17")
        assert (day("odr_claims", "afn").count, day("odr_feedback", "afn").total) == (20, 20_000)
        late, tracked = day("lsr"), day("vtr")
        assert (late.rate, late.target, late.status) == (40_000, 40_000, "bad")
        assert (tracked.count, tracked.total, tracked.rate, tracked.operator) == (390, 400, 975_000, "gt")
        policy = day("policy_listing")
        assert (policy.count, policy.target, policy.operator, policy.rate) == (2, 0, "eq", None)
        assert (day("ahr").status, day("account_status").status) == ("great", "normal")
        assert loaded.new == HealthDay.objects.count()


def test_not_rated_is_not_0_and_a_missing_metric_has_no_row(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "health", GOOD)
        few = day("odr", "mfn")
        assert (few.total, few.count, few.rate, few.status) == (6, 0, None, "none")
        assert not HealthDay.objects.filter(metric__in=["otdr", "invoice", "cancel"]).exists()


def test_what_nobody_knows_is_kept_under_amazons_name(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "health", GOOD)
        new = day("somethingNew")
        assert (new.status, '"wobble": 3' in new.raw) == ("bad", True)
        assert day("warning_spamming").status == "bad"


def test_amazons_own_variants_are_understood(acme, tmp_path):
    other = report(
        status="SUSPENDED",
        prefulfillmentCancelRate={**window(7, 1), "orderCount": 100, "cancellationCount": 1, **rated(0.01, 0.025)},
        accountHealthRating={**window(180, 1), "ahrStatus": "WARNED", "ahrScore": 148},
        documentRequest={**window(180, 1), "defectsCount": 8, "status": "GOOD", "targetValue": 0, "targetCondition": "EQUALS"},
        policyViolationWarnings={**window(180, 1), "warningsCount": 3, "status": "BAD", "targetValue": 0, "targetCondition": "EQUALS"},
    )  # fmt: skip
    with acme:
        take(acme, tmp_path, "health", other)
        assert (day("cancel").count, day("cancel").rate) == (1, 10_000)
        assert (day("ahr").status, day("ahr").count) == ("warned", 148)
        assert (day("policy_documents").count, day("policy_warnings").count) == (8, 3)
        assert day("account_status").status == "deactivated"


def test_twice_changes_nothing_and_a_later_report_of_the_day_replaces_it_in_either_order(acme, tmp_path):
    less = report(lateShipmentRate={**window(30, 1), "orderCount": 310, "lateShipmentCount": 3, **rated(0.0097, 0.04)})

    def told() -> list:
        return sorted(HealthDay.objects.values_list("metric", "programme", "count", "as_of"))

    with acme:
        take(acme, tmp_path, "health", GOOD)
        again = take(acme, tmp_path, "health", GOOD)
        assert (again.new, again.changed, again.gone) == (0, 0, 0)
        assert take(acme, tmp_path, "health", less, hours=3).gone > 5
        first = told()
        assert [row[:3] for row in first] == [("account_status", "", None), ("lsr", "", 3)]
        HealthDay.objects.all().delete()
        take(acme, tmp_path, "health", less, hours=3)
        take(acme, tmp_path, "health", GOOD)
        assert told() == first


def test_a_site_the_store_does_not_sell_on_is_no_fact_and_a_file_of_others_is_refused(acme, tmp_path):
    both = GOOD | {"performanceMetrics": [*GOOD["performanceMetrics"], report(DE.amazon_id)["performanceMetrics"][0]]}
    with acme:
        take(acme, tmp_path, "health", both)
        assert set(HealthDay.objects.values_list("marketplace", flat=True)) == {"US"}
    with pytest.raises(Unreadable, match="does not sell in"):
        read("health", written(tmp_path, report(DE.amazon_id)), US)


@pytest.mark.parametrize("broken", ['{"accountStatuses": 3}', '{"performanceMetrics": [{"marketplaceId": [1]}]}'])
def test_a_report_of_another_shape_is_refused_whole(tmp_path, broken):
    with pytest.raises(Unreadable, match="another shape"):
        read("health", written(tmp_path, broken), US)


def test_the_upload_door_knows_every_kind(tmp_path):
    files = {
        "health": GOOD,
        "shipments": {"orders": [order("1")]},
        "defects": DEFECTS,
        "feedback": FEEDBACK_DE,
        "fba_returns": FBA,
        "merchant_returns": MERCHANT,
    }
    for key, content in files.items():
        preview = inspect(written(tmp_path, content), (DE, US, JP), AS_OF)
        assert (preview.report.key, preview.problem) == (key, ""), preview
        assert preview.rows >= 1


# -- defects

DEFECTS = """Order ID,Marketplace,Fulfilment,Order date,Defect type,Reported date,Withdrawn date
111-1,Amazon.com,FBM,2025-12-20,A-to-z claim,2026-01-03,
111-1,Amazon.com,FBM,2025-12-20,Negative feedback,2026-01-05,2026-01-20
111-2,ATVPDKIKX0DER,FBA,2025-12-21,Chargeback,2026-02-05,
"""


def test_defects_are_told_by_kind_and_what_people_say_of_them_stays(acme, tmp_path):
    with acme:
        assert take(acme, tmp_path, "defects", DEFECTS, markets=(US, DE, JP)).new == 3
        claim = Defect.objects.get(kind="claim")
        assert (claim.order_id, claim.programme, claim.marketplace_id, claim.state) == ("111-1", "mfn", "US", "todo")
        assert (claim.ordered_on, claim.withdrawn_on) == (date(2025, 12, 20), None)
        Defect.objects.filter(kind="claim").update(state="doing", note="asked the buyer", owner=acme.seats["owner"])
        before = Defect.objects.get(kind="chargeback").changed_at
        denied = DEFECTS.replace("2026-01-03,", "2026-01-03,2026-02-20")
        assert take(acme, tmp_path, "defects", denied, markets=(US, DE, JP), hours=1).changed == 1
        claim = Defect.objects.get(kind="claim")
        assert (claim.withdrawn_on, claim.state, claim.note) == (date(2026, 2, 20), "doing", "asked the buyer")
        assert Defect.objects.get(kind="chargeback").changed_at == before, "nothing changed there"


def test_an_older_file_of_defects_does_not_bring_back_what_was_withdrawn(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "defects", DEFECTS.replace("2026-01-03,", "2026-01-03,2026-02-20"), markets=(US,), hours=5)
        take(acme, tmp_path, "defects", DEFECTS, markets=(US,))
        assert Defect.objects.get(kind="claim").withdrawn_on == date(2026, 2, 20)


def test_a_defect_of_an_unknown_kind_names_its_line(tmp_path):
    with pytest.raises(Unreadable) as error:
        read("defects", written(tmp_path, DEFECTS.replace("Chargeback", "Bad karma")), US)
    assert [(each.line, each.value) for each in error.value.errors] == [(4, "Bad karma")]


# -- feedback

FEEDBACK_DE = (
    "\t".join(("Datum", "Bewertung", "Kommentare", "Ihre Antwort", "Bestellnummer", "E-Mail-Adresse des Bewerters"))
    + "\n05.01.26\t1\tKaputt\t\t302-1\tbuyer@marketplace.example\n28.02.26\t3\tGeht so\t\t302-2\tb@marketplace.example\n"
)
FEEDBACK_US = "Date\tRating\tComments\tResponse\tOrder ID\tRater Email\n1/5/26\t2\tMeh\t\t111-1\ta@b.example\n"


def test_feedback_is_read_in_the_sites_own_words_without_addresses(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "feedback", FEEDBACK_DE, markets=(DE,))
        assert [(f.order_id, f.rated_on, f.rating) for f in Feedback.objects.order_by("order_id")] == [
            ("302-1", date(2026, 1, 5), 1),
            ("302-2", date(2026, 2, 28), 3),
        ]
        everything = str(list(Feedback.objects.values())) + str(list(Defect.objects.values()))
        assert "@" not in everything
        defect = Defect.objects.get()
        assert (defect.order_id, defect.kind, defect.reported_on) == ("302-1", "feedback", date(2026, 1, 5))


def test_the_same_digits_are_another_day_in_another_country(tmp_path):
    frame = read("feedback", written(tmp_path, FEEDBACK_US), US)[0]
    assert frame["rated_on"].to_list() == [date(2026, 1, 5)]
    british = read("feedback", written(tmp_path, FEEDBACK_US), CA)[0]
    assert british["rated_on"].to_list() == [date(2026, 5, 1)]


def test_removed_feedback_takes_its_defect_back_and_a_better_source_keeps_its_word(acme, tmp_path):
    days = (date(2026, 1, 1), date(2026, 2, 1))
    with acme:
        take(acme, tmp_path, "defects", DEFECTS.replace("2026-01-05,2026-01-20", "2026-01-04,"), markets=(US,))
        take(acme, tmp_path, "feedback", FEEDBACK_US, markets=(US,), days=days, hours=1)
        told = Defect.objects.get(kind="feedback")
        assert (told.reported_on, told.withdrawn_on) == (date(2026, 1, 4), None)
        take(acme, tmp_path, "feedback", FEEDBACK_US.replace("111-1", "111-9"), markets=(US,), days=days, hours=2)
        assert Defect.objects.get(kind="feedback", order_id="111-1").withdrawn_on == TODAY
        assert Defect.objects.get(kind="feedback", order_id="111-9").withdrawn_on is None
        assert Defect.objects.get(kind="claim").withdrawn_on is None


# -- returns

FBA = "\t".join(
    (
        "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity", "fulfillment-center-id",
        "detailed-disposition", "reason", "status", "license-plate-number", "customer-comments",
    )
) + "\n" + "\t".join(
    ("2026-02-03T10:00:00+00:00", "111-1", "A", "B0A", "X1", "Lamp", "1", "PHX6", "DEFECTIVE", "DEFECTIVE", "Reimbursed", "LPN1", "It broke"),
) + "\n"  # fmt: skip
MERCHANT = "\t".join(
    ("Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "A-to-Z Claim", "ASIN",
     "Merchant SKU", "Return quantity", "Return Reason", "Resolution")
) + "\n" + "\t".join(
    ("111-2", "02-Jan-2026", "20-Jan-2026", "Approved", "D1RRMA", "Y", "B0A", "A", "2", "CR-DEFECTIVE", "StandardRefund"),
) + "\n"  # fmt: skip


def test_returns_of_both_programmes_are_lines_of_their_day(acme, tmp_path):
    with acme:
        for _time in range(2):
            take(acme, tmp_path, "fba_returns", FBA + FBA.splitlines()[1] + "\n", markets=(US,))
            take(acme, tmp_path, "merchant_returns", MERCHANT, markets=(US,))
        one, two, three = ReturnLine.objects.order_by("programme", "ordinal")
        assert (one.returned_on, one.reason, one.comment, one.claimed) == (
            date(2026, 2, 3),
            "DEFECTIVE",
            "It broke",
            False,
        )
        assert (two.ordinal, three.programme) == (2, "mfn")
        assert (three.returned_on, three.ordered_on, three.quantity, three.claimed) == (
            date(2026, 1, 20),
            date(2026, 1, 2),
            2,
            True,
        )


# -- merchant orders


def order(
    number: str, *, status: str = "SHIPPED", late: bool = False, tracked: bool = True, updated: str = "02-20", **more
) -> dict:
    package = {
        "packageReferenceId": "1",
        "packageStatus": {"status": "IN_TRANSIT"},
        "shipTime": "2026-02-05T10:00:00Z" if late else "2026-02-03T10:00:00Z",
    } | ({"trackingNumber": "1Z"} if tracked else {})
    return {
        "orderId": f"111-{number}",
        "createdTime": "2026-02-01T23:30:00-02:00",
        "lastUpdatedTime": f"2026-{updated}T00:00:00Z",
        "programs": ["AMAZON_BUSINESS"],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US.amazon_id},
        "orderItems": [{"orderItemId": "1", "quantityOrdered": 2, "product": {}}],
        "fulfillment": {
            "fulfillmentStatus": status,
            "fulfilledBy": "MERCHANT",
            "shipByWindow": {"earliestDateTime": "2026-02-01T00:00:00Z", "latestDateTime": "2026-02-04T07:59:59Z"},
            "deliverByWindow": {"earliestDateTime": "2026-02-04T00:00:00Z", "latestDateTime": "2026-02-08T07:59:59Z"},
        },
        "packages": [package] if status == "SHIPPED" else [],
    } | more


def test_a_merchant_order_says_what_was_promised_and_done(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "shipments", {"orders": [order("1"), order("2", late=True, tracked=False)]})
        one, two = Shipment.objects.order_by("order_id")
        assert (one.ordered_on, one.units, one.business, one.packages, one.valid_packages) == (
            date(2026, 2, 2),
            2,
            True,
            1,
            1,
        )
        assert (two.shipped_at > two.ship_by, two.valid_packages) == (True, 0)
        assert sorted(Defect.objects.values_list("order_id", "kind")) == [("111-2", "late"), ("111-2", "untracked")]
        assert Defect.objects.get(kind="late").reported_on == date(2026, 2, 5)


def test_a_tracking_number_told_later_takes_the_defect_back(acme, tmp_path):
    with acme:
        take(acme, tmp_path, "shipments", {"orders": [order("1", tracked=False)]})
        take(acme, tmp_path, "shipments", {"orders": [order("1", updated="02-22")]}, hours=1)
        assert Defect.objects.get().withdrawn_on == date(2026, 2, 22)
        older = take(acme, tmp_path, "shipments", {"orders": [order("1", tracked=False)]}, hours=2)
        assert (older.changed, Shipment.objects.get().valid_packages) == (0, 1)


def cancelled(number: str, by: str, *, asked: bool = False, **more) -> dict:
    told = {"cancellationExecution": {"cancelledBy": by}} | (
        {"cancellationRequest": {"requester": "BUYER"}} if asked else {}
    )
    items = [{"orderItemId": "1", "quantityOrdered": 1, "product": {}, "cancellation": told}]
    return order(number, status="CANCELLED", orderItems=items, **more)


def test_a_cancellation_is_the_sellers_unless_the_buyer_wanted_it(acme, tmp_path):
    orders = [
        cancelled("1", "MERCHANT"),
        cancelled("2", "BUYER"),
        cancelled("3", "MERCHANT", asked=True),
        cancelled("4", "AMAZON"),
    ]
    with acme:
        take(acme, tmp_path, "shipments", {"orders": orders})
        assert [s.cancelled_by for s in Shipment.objects.order_by("order_id")] == ["seller", "buyer", "buyer", ""]
        assert [(d.order_id, d.kind) for d in Defect.objects.all()] == [("111-1", "cancelled")]


@pytest.mark.parametrize("turn", [(0, 1), (1, 0)])
def test_the_moment_of_a_cancellation_is_its_earliest_telling(acme, tmp_path, turn):
    pages = [{"orders": [cancelled("1", "MERCHANT", updated=day)]} for day in ("02-10", "02-25")]
    with acme:
        for number in turn:
            take(acme, tmp_path, "shipments", pages[number], hours=number)
        shipment = Shipment.objects.get()
        assert (shipment.cancelled_at.date(), shipment.updated_at.date()) == (date(2026, 2, 10), date(2026, 2, 25))
        assert isinstance(shipment.cancelled_at, datetime)


def test_amazon_fulfilled_orders_and_buyers_are_not_kept(acme, tmp_path):
    amazons = order("1") | {"fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "AMAZON"}}
    personal = order("2") | {
        "buyer": {"buyerName": "Somebody Real"},
        "recipient": {"deliveryAddress": {"name": "Somebody Real"}},
    }
    with acme:
        take(acme, tmp_path, "shipments", {"orders": [amazons, personal]})
        assert [s.order_id for s in Shipment.objects.all()] == ["111-2"]
        assert "Somebody" not in str(list(Shipment.objects.values()))


def test_official_standards_are_there_from_the_first_day(db):
    odr = Standard.objects.get(metric="odr", programme="mfn")
    assert (odr.operator, odr.target, odr.window_days, odr.lag_days) == ("lt", 10_000, 60, 15)
    assert Standard.objects.get(metric="vtr", marketplace="FR", programme="sfp").target == 1_000_000

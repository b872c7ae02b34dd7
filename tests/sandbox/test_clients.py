"""Clients that we did not write fetch a report, unaware of whom they speak to: only two addresses differ."""

import gzip
import json
import time
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.boxes import call

ORDER_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
SINCE = "2026-02-23T00:00:00Z"
ENCODINGS = {"lumora:NA": "cp1252", "kidobay:EU": "cp1252", "sorano:FE": "cp932"}


@pytest.fixture(params=ENCODINGS)
def partner(box, request) -> dict[str, Any]:
    return box.partner(request.param)


def done(look: Callable[[], tuple[str, str | None]]) -> str:
    """The document's id, once the report is made."""
    for _attempt in range(100):
        status, document = look()
        if status == "DONE":
            return document
        assert status in ("IN_QUEUE", "IN_PROGRESS")
        time.sleep(0.1)
    raise AssertionError("the report is never made")


def must_be_the_truth(box, partner: dict[str, Any], text: str) -> None:
    """Every line of the first marketplace bought since, every cent, and product names in their own writing."""
    head, *lines = text.rstrip("\r\n").split("\r\n")
    rows = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]
    code = partner["marketplaces"][0]
    truth = [line for line in box.lines(partner["id"], "2026-02-20") if line["marketplace"] == code]
    truth = [line for line in truth if line["purchased_at"] >= SINCE]
    assert len(rows) == len(truth) > 20
    assert sum(int(row["quantity"]) for row in rows) == sum(line["quantity"] for line in truth)
    digits = 0 if code == "JP" else 2
    cents = sum(Decimal(row["item-price"] or 0).scaleb(digits) for row in rows)
    assert cents == sum(line["price"] or 0 for line in truth)
    assert {row["amazon-order-id"] for row in rows} == {line["order_id"] for line in truth}
    titles = {row["sku"]: row["product-name"] for row in rows}
    listed = box.desk(f"truth/listings?partner={partner['id']}&marketplace={code}")["rows"]
    known = {row["sku"]: row["title"] for row in listed}
    assert titles == {sku: known[sku] for sku in titles}
    assert all(text.isascii() for text in titles.values()) == (code != "JP")


def test_the_official_sdk_fetches_a_report(box, partner):
    """PyPI's amzn-sp-api; its generated models refuse answers that are not as published."""
    from spapi import ReportsApi, SPAPIClient, SPAPIConfig
    from spapi.models.reports_v2021_06_30.create_report_specification import CreateReportSpecification

    keys = {name: partner[name] for name in ("client_id", "client_secret", "refresh_token")}
    client = SPAPIClient(
        SPAPIConfig(**keys, region=partner["region"]),
        oauth_endpoint=partner["token_url"],
        endpoint=partner["endpoint"],
    )
    reports = ReportsApi(client.api_client)
    places = partner["marketplace_ids"][:1]
    asked = reports.create_report(
        CreateReportSpecification(report_type=ORDER_DATE, marketplace_ids=places, data_start_time=SINCE)
    )

    def look() -> tuple[str, str | None]:
        report = reports.get_report(asked.report_id)
        return report.processing_status, report.report_document_id

    document = reports.get_report_document(done(look))
    assert document.compression_algorithm == "GZIP"
    answer = call("GET", document.url)
    must_be_the_truth(box, partner, gzip.decompress(answer.body).decode(ENCODINGS[partner["id"]]))


def test_the_official_sdk_fetches_the_account_health_report(box, partner):
    from spapi import ReportsApi, SPAPIClient, SPAPIConfig
    from spapi.models.reports_v2021_06_30.create_report_specification import CreateReportSpecification

    keys = {name: partner[name] for name in ("client_id", "client_secret", "refresh_token")}
    client = SPAPIClient(
        SPAPIConfig(**keys, region=partner["region"]),
        oauth_endpoint=partner["token_url"],
        endpoint=partner["endpoint"],
    )
    reports, kind = ReportsApi(client.api_client), "GET_V2_SELLER_PERFORMANCE_REPORT"
    asked = reports.create_report(
        CreateReportSpecification(report_type=kind, marketplace_ids=partner["marketplace_ids"])
    )

    def look() -> tuple[str, str | None]:
        report = reports.get_report(asked.report_id)
        return report.processing_status, report.report_document_id

    answer = call("GET", reports.get_report_document(done(look)).url)
    truth = box.desk(f"truth/health?account={partner['id']}")["accounts"][partner["id"]]["report"]
    assert json.loads(gzip.decompress(answer.body)) == truth
    assert len(truth["performanceMetrics"]) == len(partner["marketplaces"])


def test_python_amazon_sp_api_fetches_a_report(box, partner):
    """It downloads, unpacks and decodes by itself, by the charset that the storage host names."""
    from sp_api.api import Reports
    from sp_api.auth import AccessTokenClient

    address = box.address.removeprefix("http://")
    redirected = type("Redirected", (AccessTokenClient,), {"scheme": "http://", "host": address})
    place = partner["marketplace_ids"][0]
    reports = Reports(
        SimpleNamespace(endpoint=partner["endpoint"], marketplace_id=place, region=""),
        credentials={
            "refresh_token": partner["refresh_token"],
            "lwa_app_id": partner["client_id"],
            "lwa_client_secret": partner["client_secret"],
        },
        auth_token_client_class=redirected,
    )
    asked = reports.create_report(reportType=ORDER_DATE, marketplaceIds=[place], dataStartTime=SINCE).payload

    def look() -> tuple[str, str | None]:
        report = reports.get_report(asked["reportId"]).payload
        return report["processingStatus"], report.get("reportDocumentId")

    # Amazon says Shift_JIS and means Windows-31J: sellers write ①, which Python's strict codec does not know.
    by_hand = {"character_code": "cp932"} if partner["id"] == "sorano:FE" else {}
    found = reports.get_report_document(done(look), download=True, **by_hand)
    must_be_the_truth(box, partner, found.payload["document"])


def test_the_official_sdk_reads_stock_and_a_listing(box, partner):
    from spapi import FbaInventoryApi, ListingsApi, SPAPIClient, SPAPIConfig

    keys = {name: partner[name] for name in ("client_id", "client_secret", "refresh_token")}
    client = SPAPIClient(
        SPAPIConfig(**keys, region=partner["region"]),
        oauth_endpoint=partner["token_url"],
        endpoint=partner["endpoint"],
    ).api_client
    place, code = partner["marketplace_ids"][0], partner["marketplaces"][0]
    truth = {
        row["sku"]: row
        for row in box.desk(f"truth/stock?partner={partner['id']}")["rows"]
        if row["marketplace"] == code
    }
    api, more, units = FbaInventoryApi(client), {}, {}
    while more is not None:
        page = api.get_inventory_summaries("Marketplace", place, [place], details=True, **more)
        for each in page.payload.inventory_summaries:
            units[each.seller_sku] = each.inventory_details.fulfillable_quantity
        more = {"next_token": page.pagination.next_token} if page.pagination else None
    assert units == {sku: row["available"] for sku, row in truth.items()}
    sku = next(sku for sku in sorted(units) if "/" in sku)
    item = ListingsApi(client).get_listings_item(partner["seller_id"], sku, [place], included_data=["summaries"])
    assert item.sku == sku and item.summaries[0].asin == truth[sku]["asin"]

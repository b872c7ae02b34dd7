"""What the sandbox answers is what Amazon has published: shapes, statuses, headers, rates.

Amazon's models are not ours to ship. AMAZON_MODELS names a folder that holds them, from Amazon's public repository
(selling-partner-api-models: `models/` and `schemas/`); without it only our own description of the essential shapes
(`shapes.json`) is held against the answers.
"""

import gzip
import json
import os
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

from sandbox.routes import ROUTES
from sandbox.throttle import RATES
from tests.boxes import call
from tests.sandbox.walk import REPORTS, Step, Walk, route_of, walk

ACCOUNTS = ("lumora:NA", "kidobay:EU", "sorano:FE")
SHAPES = json.loads(Path(__file__).with_name("shapes.json").read_text())
NEEDED = (
    "reports_2021-06-30",
    "orders_2026-01-01",
    "ordersV0",
    "listingsItems_2021-08-01",
    "fbaInventory",
    "sellers",
    "notifications",
)
# They ask for nothing but the right papers, so they cannot be asked wrongly.
NEVER_WRONG = ("getMarketplaceParticipations", "getDestinations")
RATE = "x-amzn-RateLimit-Limit"
# Amazon's model names it getOrder in both versions; the sandbox keeps their buckets apart.
OURS = {("ordersV0", "getOrder"): "getOrderV0"}
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    """Amazon's published models by name."""
    folder = os.environ.get("AMAZON_MODELS")
    if not folder:
        pytest.skip("AMAZON_MODELS is not set: it names a folder with Amazon's published API models")
    found = {path.stem: path for path in Path(folder).rglob("*.json")}
    assert set(NEEDED) <= set(found), f"{folder} does not hold Amazon's models"
    models = {name: json.loads(found[name].read_text()) for name in NEEDED}
    return {name: {**model, "definitions": strict(model["definitions"])} for name, model in models.items()}


@pytest.fixture(scope="module")
def steps(shared) -> list[Step]:
    shared.calm()
    return [step for account in ACCOUNTS for step in walk(shared, account)]


def pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$")


def operation_of(models: dict[str, dict[str, Any]], step: Step) -> tuple[str, dict[str, Any]]:
    """(model, operation) that a step calls."""
    for name, model in models.items():
        for path, methods in model["paths"].items():
            if pattern(path).match(step.path) and step.method.lower() in methods:
                return name, methods[step.method.lower()]
    raise AssertionError(f"Amazon has no {step.method} {step.path}")


def strict(schema: Any) -> Any:
    """Amazon's models allow unknown properties; what we make up ourselves must be found."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: strict(value) for key, value in schema.items() if key not in ("example", "examples")}
    if isinstance(kept.get("properties"), dict) and "additionalProperties" not in kept:
        kept["additionalProperties"] = False
    return kept


@cache
def _validator(text: str) -> Draft4Validator:
    return Draft4Validator(json.loads(text), format_checker=FORMATS)


def problems(schema: dict[str, Any], definitions: dict[str, Any], value: Any) -> list[str]:
    whole = json.dumps({"definitions": definitions, "allOf": [schema]}, sort_keys=True)
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator(whole).iter_errors(value)]


def test_the_walk_calls_every_operation_well_and_wrongly(steps):
    called: dict[str, set[int]] = {}
    for step in steps:
        called.setdefault(route_of(step).operation, set()).add(step.answer.status)
    assert set(called) == {route.operation for route in ROUTES if route.guard in ("token", "grantless")}
    for operation, statuses in called.items():
        assert statuses & {200, 202}, operation
        assert {403, 429, 500} <= statuses, operation
        if operation not in NEVER_WRONG:
            assert statuses & {400, 404}, operation


def test_every_answer_has_the_shape_that_amazon_published(steps, models):
    found: dict[str, str] = {}
    for step in steps:
        name, operation = operation_of(models, step)
        told = operation["responses"].get(str(step.answer.status))
        where = f"{operation['operationId']} {step.answer.status}"
        if told is None:
            found[where] = "Amazon does not answer so"
        elif "schema" in told:
            wrong = problems(told["schema"], models[name]["definitions"], step.answer.json)
            found |= {where: f"{step.path}: {wrong[:5]}"} if wrong else {}
    assert not found


def test_the_validator_finds_what_is_wrong(models):
    """A checker that lets everything through would prove nothing."""
    name = "reports_2021-06-30"
    schema = models[name]["paths"]["/reports/2021-06-30/reports/{reportId}"]["get"]["responses"]["200"]["schema"]
    good = {
        "reportId": "1",
        "reportType": "T",
        "processingStatus": "DONE",
        "createdTime": "2026-03-02T12:00:00Z",
    }
    assert not problems(schema, models[name]["definitions"], good)
    for bad in ({"processingStatus": "READY"}, {"createdTime": "yesterday"}, {"reportId": 1}, {"invented": "1"}):
        assert problems(schema, models[name]["definitions"], good | bad)
    assert problems(schema, models[name]["definitions"], {"reportId": "1"})


def test_the_rate_is_told_where_amazon_tells_it(steps, models):
    """On success, 400 and 404; not on a 429, and not with the wrong papers."""
    told = {True: 0, False: 0}
    for step in steps:
        _name, operation = operation_of(models, step)
        answer = operation["responses"].get(str(step.answer.status), {})
        header = answer.get("headers", {}).get(RATE)
        expected = header is not None and "no longer returned" not in header["description"]
        assert (RATE in step.answer.headers) == expected, f"{step.method} {step.path} {step.answer.status}"
        told[expected] += 1
    assert min(told.values()) > 50


def test_rates_are_those_that_amazon_published(models):
    published: dict[str, tuple[float, int]] = {}
    for name, model in models.items():
        for methods in model["paths"].values():
            for operation in methods.values():
                if not isinstance(operation, dict) or "operationId" not in operation:
                    continue
                row = re.search(r"\|\s*(?:Default\s*\|\s*)?([\d.]+)\s*\|\s*(\d+)\s*\|", operation["description"])
                key = OURS.get((name, operation["operationId"]), operation["operationId"])
                if row:
                    published[key] = (float(row.group(1)), int(row.group(2)))
    assert {key: published[key] for key in RATES if key in published} == {
        key: value for key, value in RATES.items() if key in published
    }
    assert set(RATES) <= set(published)


def test_every_answer_has_the_essential_shape(steps):
    """Our own words about Amazon's answers: checked on every machine."""
    seen, found = set(), {}
    for step in steps:
        for name, shape in SHAPES["answers"].items():
            method, path, status = name.split()
            if (method, int(status)) == (step.method, step.answer.status) and pattern(path).match(step.path):
                seen.add(name)
                wrong = problems(shape, SHAPES["definitions"], step.answer.json)
                found |= {name: f"{step.path}: {wrong[:5]}"} if wrong else {}
        if step.answer.status >= 400 and not step.path.startswith("/orders/v0"):
            wrong = problems({"$ref": "#/definitions/Errors"}, SHAPES["definitions"], step.answer.json)
            found |= {f"{step.answer.status}": f"{step.path}: {wrong}"} if wrong else {}
    assert not found
    assert seen == set(SHAPES["answers"])


def test_every_answer_says_which_request_it_was(steps):
    names = [step.answer.headers["x-amzn-RequestId"] for step in steps]
    assert len(set(names)) == len(names)


def test_flat_files_have_amazons_header_cells(shared):
    shared.calm()
    go = Walk(shared.caller("lumora:NA"))
    for kind, cells in SHAPES["flat_files"].items():
        document = _document(go, go.report(kind))
        assert document.decode("cp1252").split("\r\n")[0].split("\t") == cells, kind


def test_the_traffic_report_has_the_shape_that_amazon_published(shared, models):
    shared.calm()
    path = next(Path(os.environ["AMAZON_MODELS"]).rglob("sellerSalesAndTrafficReport.json"))
    go = Walk(shared.caller("lumora:NA"))
    options = {"dateGranularity": "DAY", "asinGranularity": "SKU"}
    day = {"dataStartTime": "2026-02-27T00:00:00Z", "dataEndTime": "2026-02-27T00:00:00Z"}
    body = json.loads(_document(go, go.report("GET_SALES_AND_TRAFFIC_REPORT", reportOptions=options, **day)))
    assert len(body["salesAndTrafficByAsin"]) > 50
    schema = strict(json.loads(path.read_text()))
    errors = [f"{e.json_path}: {e.message[:200]}" for e in Draft202012Validator(schema).iter_errors(body)]
    assert not errors[:10]


def _document(go: Walk, report: dict[str, Any]) -> bytes:
    told = go("GET", f"{REPORTS}/documents/{report['reportDocumentId']}").json
    return gzip.decompress(call("GET", told["url"]).body)

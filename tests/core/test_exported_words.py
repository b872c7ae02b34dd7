"""Every export there is, in both languages: words for people, codes only in columns named so, money beside its currency."""

import csv
import io
import re
import zipfile

import pytest
from django.apps import apps
from django.utils import timezone

from apps.core.audit import WORDS
from apps.core.findings import KINDS
from apps.core.jobs import WORK, create, run
from apps.core.metrics import REGISTRY
from apps.core.models import Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.models import HealthDay, Incident, Offer
from apps.health.models.names import METRICS, PROGRAMMES
from apps.inventory.models import MODES, PlanLine, PlanPart
from apps.listings.models import WAYS, Listing
from apps.sales.models import Cost
from apps.sales.queries.order_words import STATUSES
from apps.sync.rows import DATASETS
from apps.sync.sources import SOURCES
from tests.house.goods import Goods
from tests.listed import at, seated

LANGUAGES = ("en", "zh-hans")
# What people or Amazon name themselves: not ours to translate.
OWN = {"Store", "SKU", "ASIN", "FNSKU", "Title", "Supplier", "Owner", "Note", "Order", "Brand", "Category", "Subject",
       "Answer", "Reason", "Object", "Who", "What shows"}  # fmt: skip
RATIOS = {"Rate", "Target", "Chance of a breach", "Daily sales", "Safety factor", "Rate, millionths"}
LISTS = {"Sites", "Sites and prices", "Shipments"}  # cells that hold several
SAME = {"SKU", "SKUs", "ASIN", "FNSKU", "SHA-256", "#"}  # headers that are the same in Chinese
# Of a pack, what a world without such things has none of.
MAY_BE_EMPTY = {
    f"{name}.csv" for name in ("incident", "answers", "feedback", "returns", "shipments", "papers", "changes")
}
MONEY = re.compile(r"-?\d+\.\d{2}")
CURRENCY = re.compile(r"[A-Z]{3}")


def codes():
    """Every code of ours that has a word: choices of all models, metrics, kinds, verbs, ways."""
    found = {
        str(value)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        for value, label in field.flatchoices or ()
        if str(value) != str(label) and str(value).islower()
    }
    tables = (METRICS, PROGRAMMES, MODES, WAYS, STATUSES, KINDS, REGISTRY, WORDS, DATASETS, SOURCES)
    return found | {key for each in tables for key, label in each.items() if key != str(getattr(label, "label", label))}


@pytest.fixture
def acme(acme):
    """One of everything that any export has a line for."""
    with acme:
        owner = acme.seats[Role.OWNER]
    goods = Goods(acme, acme.store, "US", "USD")
    with acme:
        now, line = timezone.now(), PlanLine.objects.first()
        PlanLine.objects.update(mode="air+sea", arrives_on=now.date())
        PlanPart.objects.create(line=line, store=acme.store, mode="air", units=3, arrives_on=now.date())
        Cost.objects.create(
            store=acme.store,
            sku=goods.sku,
            valid_from="2026-01-01",
            unit_cost=500,
            freight=100,
            currency="USD",
            updated_at=now,
        )
        Listing.objects.create(
            store=acme.store, marketplace_id="US", sku=goods.sku, status="active", price=1999, currency="USD",
            fulfilment="FBA", as_of=now,
        )  # fmt: skip
        Incident.objects.update(at_stake=70_000, currency="USD", rank=70_000)
        Offer.objects.update(sales_30d=500_000)
        HealthDay.objects.create(
            store=acme.store, marketplace_id="US", metric="account_status", date=now.date(), status="at_risk", as_of=now
        )
    acme.goods, acme.owner = goods, owner
    return acme


def files(world, kind, language):
    """{name: rows} of what the job writes."""
    arguments = {
        "format": "csv",
        "query": "",
        "store": "",
        "language": language,
        "crisis": world.goods.things["crisis"],
    }
    with world:
        job = create(kind, by=world.owner, title="Export", **arguments)
    run(job.pk, agency_id=world.agency.pk)
    with world:
        job = Job.objects.get(pk=job.pk)
        assert job.state == "done", job.note
        with documents().open(job.file) as file:
            content = file.read()
    if not job.file.endswith(".zip"):
        return {kind: content}
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        return {name: pack.read(name) for name in pack.namelist() if name.endswith(".csv")}


STORE_PACK = "store.pack"  # all tables as they are, for programs: codes are meant


def plan_file(world, client, language):
    user = world.user(Role.OWNER)
    user.language = language
    user.save()
    where = at(world, "plan-file", store="north", plan=world.goods.things["plan"], kind="csv")
    return {"plan": seated(client, world, Role.OWNER).get(where).content}


def told(content):
    header, *rows = csv.reader(content.decode("utf-8-sig").splitlines())
    return header, rows


def every(world, client, language):
    found = {}
    for kind in WORK:
        if kind.endswith((".export", ".pack")) and kind != STORE_PACK:
            found |= files(world, kind, language)
    return {name: told(content) for name, content in (found | plan_file(world, client, language)).items()}


def is_code(label):
    return label.endswith(("(code)", "（代码）"))


def test_every_page_that_offers_an_export_has_its_job():
    from apps.accounts.views.lists import start_export

    assert start_export
    assert {kind for kind in WORK if kind.endswith(".export")} == {
        "alerts.export", "costs.export", "health.export", "health-defects.export", "health-notices.export",
        "orders.export", "products.export", "replenishment.export", "stores.export",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_export_shows_a_code_where_people_read(acme, client, language, unprinted):
    known = codes()
    assert {"account_status", "reorder", "air+sea", "FBA", "active", "paper.accept"} <= known
    english = every(acme, client, "en")
    tables = every(acme, client, language)
    for name, (header, rows) in tables.items():
        labels = english[name][0]  # the same columns in the same order, whatever the language
        assert len(labels) == len(header), name
        assert rows or name in MAY_BE_EMPTY, f"{name} shows nothing to look at"
        for row in rows:
            assert len(row) == len(labels), (name, labels, row)
            for label, cell in zip(labels, row, strict=True):
                if is_code(label) or label in OWN:
                    continue
                said = {cell, *(re.split(r"[\s;]+", cell) if label in LISTS else ())}
                assert not said & known - {"FBA"}, f"{name}: {label}: {cell}"
        if language != "en":
            for label, word in zip(labels, header, strict=True):
                plain = label.removesuffix(" (code)")
                assert plain in SAME or re.search("[\u4e00-\u9fff]", word), f"{name}: {word}"


def test_the_codes_are_there_for_programs_behind_all_other_columns(acme, client, unprinted):
    tables = every(acme, client, "en")
    expected = {
        "replenishment.export": {"Priority (code)": "urgent"},
        "orders.export": {
            "Status (code)": "shipped",
            "Amazon's status (code)": "Shipped",
            "Fulfilment (code)": "FBA",
            "Fulfilment": "Amazon",
        },
        "products.export": {"Status (code)": "selling", "Sites and prices (code)": "US active 19.99 USD"},
        "health.export": {"Metric (code)": "odr", "Programme (code)": "afn", "State (code)": "good"},
        "alerts.export": {"Cause (code)": "odr", "State (code)": "open", "Severity (code)": "info"},
        "health-defects.export": {"Defect (code)": "claim", "Shipped by (code)": "mfn", "State (code)": "todo"},
        "health-notices.export": {"Kind (code)": "performance", "State (code)": "todo"},
        "plan": {"Transport (code)": "air+sea"},
        "metrics.csv": {"Metric (code)": "odr", "Status (code)": "good"},
    }
    for name, wanted in expected.items():
        header, rows = tables[name]
        assert any(map(is_code, header)), (name, header)
        first = next(i for i, label in enumerate(header) if is_code(label))
        assert all(map(is_code, header[first:])), name
        seen = [dict(zip(header, row, strict=True)) for row in rows]
        assert any(wanted.items() <= row.items() for row in seen), (name, seen[0])
    assert "Receipt counted" not in tables["changes.csv"][1]
    assert any("Plan made" in row and "plan.created" in row for row in tables["changes.csv"][1])


def test_amounts_stand_beside_their_currency(acme, client, unprinted):
    amounts = 0
    for name, (header, rows) in every(acme, client, "en").items():
        for row in rows:
            for place, (label, cell) in enumerate(zip(header, row, strict=True)):
                if not MONEY.fullmatch(cell) or label in RATIOS:
                    continue
                amounts += 1
                rest = [each for each in row[place:] if not (each == "" or MONEY.fullmatch(each))]
                assert rest, f"{name}: {label}"
                assert CURRENCY.fullmatch(rest[0]), f"{name}: {label}: {rest[0]}"
    assert amounts > 8

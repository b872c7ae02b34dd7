"""The kinds, rules and traits every installation begins with: they fit together, and say what they should."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.health.actions.coverage import recompute_store
from apps.health.domain.guessing import hints
from apps.health.models import Coverage, PaperGroup, PaperKind, PaperRule, PaperTrait
from tests.health.papers import NOW, category, covered, offer, paper

EU = {"DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE"}


@pytest.fixture
def store(acme):
    with acme:
        yield acme.other_store


def needs(store, site, **yes):
    """The requirements of a product that is this and nothing else."""
    name = f"kind {len(yes)} {'-'.join(yes)}"
    category(name, **yes)
    offer(store, f"SKU {name}", site, category=name)
    return covered(store)[f"SKU {name}", site]


def test_every_rule_names_kinds_and_traits_that_are_there_and_its_source(store):
    kinds, traits = (
        set(PaperKind.objects.values_list("code", flat=True)),
        set(PaperTrait.objects.values_list("code", flat=True)),
    )
    for rule in PaperRule.objects.all():
        assert set(rule.kinds) <= kinds, rule.code
        assert set(rule.wants) <= traits, rule.code
        assert rule.source and rule.marketplaces, rule.code
        assert bool(rule.note_en) == bool(rule.note_zh), rule.code
    for kind in PaperKind.objects.all():
        assert kind.source and kind.name_zh and kind.group in PaperGroup.values, kind.code
    for trait in PaperTrait.objects.all():
        assert trait.words == [word.lower() for word in trait.words], trait.code
    asked = {trait for rule in PaperRule.objects.all() for trait in rule.wants}
    assert traits <= asked, "a trait that no rule asks for only makes work"


def test_what_was_written_from_memory_says_so(store):
    assert PaperRule.objects.get(code="eu-ppe").unsure and PaperKind.objects.get(code="cpc").unsure
    assert not PaperRule.objects.get(code="de-packaging").unsure


@pytest.mark.parametrize(
    ("site", "yes", "wanted"),
    [
        ("DE", {"battery": True}, {"de-battery", "eu-battery"}),
        ("FR", {"chemical": True}, {"fr-chemical"}),
        ("FR", {"sanitary_textile": True}, {"fr-sanitary"}),
        ("IT", {"ppe": True}, {"eu-ppe"}),
        ("PL", {"cosmetic": True}, {"eu-cosmetic"}),
        ("SE", {"electric": True, "radio": True}, {"eu-mark-electric", "eu-radio", "eu-rohs"}),
        ("NL", {"food_contact": True}, {"eu-food-contact"}),
        ("UK", {"ppe": True}, {"gb-mark-ppe"}),
        ("UK", {"toy": True, "northern_ireland": True}, {"gb-mark-toy", "ni-mark-toy", "ni-person"}),
        ("UK", {"electric": True}, {"gb-mark-electric", "uk-weee"}),
        ("US", {"child": True}, {"us-child"}),
        ("US", {"electric": True}, {"us-fcc"}),
        ("CA", {"radio": True}, {"ca-radio"}),
        ("AU", {"electric": True}, {"au-electric"}),
        ("JP", {"food_contact": True}, {"jp-food"}),
        ("JP", {"denan": True, "pse_specified": True, "radio": True}, {"jp-pse-specified", "jp-radio"}),
    ],
)
def test_a_product_needs_what_its_site_asks(store, site, yes, wanted):
    found = needs(store, site, **yes)
    assert wanted <= {code for code, state in found.items() if state == "missing"}
    general = {"de-packaging", "fr-packaging", "es-packaging", "eu-person"}
    assert {code for code, state in found.items() if state == "missing"} - wanted <= general, "and nothing else"


def test_great_britain_takes_ce_or_ukca_and_northern_ireland_ce_alone(store):
    paper(store, "ukca")
    found = needs(store, "UK", toy=True, northern_ireland=True)
    assert (found["gb-mark-toy"], found["ni-mark-toy"]) == ("covered", "missing")
    paper(store, "ce")
    found = covered(store)["SKU kind 2 toy-northern_ireland", "UK"]
    assert (found["gb-mark-toy"], found["ni-mark-toy"]) == ("covered", "covered")


def test_the_machinery_regulation_is_coming_and_then_holds(store):
    category("drills", machinery=True)
    offer(store, "DRILL", "DE", category="drills")
    paper(store, "doc-machinery")
    recompute_store(store.pk, at=datetime(2026, 11, 1, tzinfo=UTC))
    cells = Coverage.objects.get(sku="DRILL").cells
    assert (cells["eu-machinery"]["s"], cells["eu-machinery-2027"]) == ("covered", {"s": "coming", "f": "2027-01-20"})
    recompute_store(store.pk, at=datetime(2027, 1, 20, tzinfo=UTC))
    assert Coverage.objects.get(sku="DRILL").cells["eu-machinery-2027"]["s"] == "missing"


def test_advice_does_not_redden_anything(store):
    found = needs(store, "IT")
    assert (found["it-packaging"], found["eu-reach"]) == ("advised", "advised")
    assert needs(store, "US", mains=True) == {"us-ul": "advised"}


@pytest.mark.parametrize(
    ("title", "traits"),
    [
        ("Wireless Bluetooth speaker, rechargeable battery", {"radio", "electric", "battery"}),
        ("无线蓝牙耳机 充电宝", {"radio", "electric", "battery"}),
        ("Kabelloses Ladegerät mit Akku", {"electric", "battery", "mains", "radio"}),
        ("木のおもちゃ 積み木 子供", {"toy", "child"}),
        ("Ceramic mug set", {"food-contact"}),
        ("Plain wooden frame", set()),
    ],
)
def test_titles_hint_in_several_languages(store, title, traits):
    words = {trait.code: trait.words for trait in PaperTrait.objects.all()}
    assert set(hints(title, words)) == traits


def test_the_european_rules_are_about_the_same_sites(store):
    for rule in PaperRule.objects.filter(code__startswith="eu-"):
        assert set(rule.marketplaces) == EU, rule.code


def test_a_rule_far_away_is_not_told_of_yet(store):
    category("bricks", toy=True)
    offer(store, "BRICK", "DE", category="bricks")
    recompute_store(store.pk, at=NOW)
    assert "eu-toy-2030" not in Coverage.objects.get(sku="BRICK").cells
    recompute_store(store.pk, at=datetime(2030, 8, 1, tzinfo=UTC) - timedelta(days=300))
    assert Coverage.objects.get(sku="BRICK").cells["eu-toy-2030"]["s"] == "coming"

"""Which paper blocks which sale: rules, traits, papers and days, as the recalculation writes them."""

import pytest

from apps.health.actions.coverage import recompute_store
from apps.health.models import (
    Coverage,
    CoverageSum,
    Offer,
    OwnPaperKind,
    OwnPaperRule,
    Paper,
    PaperWaiver,
    SkuTraits,
)
from tests.health.papers import NOW, category, covered, in_days, known, offer, paper, traits


@pytest.fixture
def europe(acme):
    with acme:
        known()
        category("lamps", electric=True)
        category("scarves", textile=True)
        yield acme.other_store


@pytest.fixture
def lamp(europe):
    """A lamp that sells in Germany and Great Britain."""
    for site in ("DE", "UK"):
        offer(europe, "LAMP", site, category="Lamps ")
    return europe


def cells(store, sku, site):
    return covered(store)[sku, site]


def test_a_ce_declaration_satisfies_great_britain_and_so_does_ukca(lamp):
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "missing"}
    ce = paper(lamp, "ce", scope="sku", reach=["LAMP"])
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "covered"}
    assert cells(lamp, "LAMP", "DE")["eu-mark-electric"] == "covered"
    Paper.objects.filter(pk=ce.pk).update(kind="ukca")
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "covered"}
    assert cells(lamp, "LAMP", "DE")["eu-mark-electric"] == "missing", "the EU does not take UKCA"


def test_a_paper_for_some_sites_does_not_reach_others(lamp):
    paper(lamp, "ce", marketplaces=["DE", "FR"])
    assert cells(lamp, "LAMP", "DE")["eu-mark-electric"] == "covered"
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "missing"}


def test_what_a_product_is_decides_what_it_needs(europe):
    offer(europe, "LAMP", "DE", category="lamps")
    offer(europe, "SCARF", "DE", category="Scarves")
    found = covered(europe)
    assert set(found["LAMP", "DE"]) == {"de-packaging", "de-weee", "eu-mark-electric", "eu-person"}
    assert set(found["SCARF", "DE"]) == {"de-packaging", "eu-person"}


def test_an_unknown_category_is_asked_about_and_never_green(europe):
    offer(europe, "THING", "DE", category="Wondrous")
    for kind in ("lucid", "gpsr"):
        paper(europe, kind)
    found = cells(europe, "THING", "DE")
    assert (found["de-weee"], found["eu-mark-electric"], found["de-packaging"]) == ("ask", "ask", "covered")
    assert Coverage.objects.get(sku="THING").state == "ask"
    SkuTraits.objects.create(store=europe, sku="THING", traits=traits(), updated_at=NOW)
    assert cells(europe, "THING", "DE") == {"de-packaging": "covered", "eu-person": "covered"}
    assert Coverage.objects.get(sku="THING").state == "covered"


def test_a_product_of_its_own_stands_before_its_category(europe):
    offer(europe, "SCARF", "DE", category="scarves")
    SkuTraits.objects.create(store=europe, sku="SCARF", traits={"electric": True}, updated_at=NOW)
    assert cells(europe, "SCARF", "DE")["eu-mark-electric"] == "missing"


@pytest.mark.parametrize(
    ("days", "state"), [(None, "covered"), (91, "covered"), (90, "expiring"), (0, "expiring"), (-1, "expired")]
)
def test_the_days_of_a_paper(lamp, days, state):
    paper(lamp, "ce", valid_to=None if days is None else in_days(days))
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": state}


def test_a_paper_that_begins_later_covers_nothing_yet(lamp):
    paper(lamp, "ce", valid_from=in_days(1))
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "missing"}


@pytest.mark.parametrize(("state", "cell"), [("review", "review"), ("draft", "missing"), ("rejected", "missing")])
def test_what_was_not_accepted_does_not_cover(lamp, state, cell):
    paper(lamp, "ce", state=state)
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": cell}


def test_the_best_paper_counts(lamp):
    paper(lamp, "ce", valid_to=in_days(-10))
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "expired"}
    paper(lamp, "ce", state="review", scope="sku", reach=["LAMP"])
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "review"}
    paper(lamp, "ukca", valid_to=in_days(20))
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "expiring"}
    last = paper(lamp, "ce", valid_to=in_days(400), scope="category", reach=["lamps"])
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "covered"}
    assert Coverage.objects.get(marketplace="UK").cells["gb-mark-electric"]["p"] == str(last.pk)


def test_pse_wants_every_part_and_says_which_is_missing(europe):
    category("chargers", electric=True, denan=True, pse_specified=True)
    offer(europe, "CHARGER", "JP", category="chargers")
    pse = paper(europe, "pse-specified", parts=["certificate", "notification"])
    assert cells(europe, "CHARGER", "JP") == {"jp-pse-specified": "missing"}
    assert Coverage.objects.get(sku="CHARGER").cells["jp-pse-specified"]["m"] == ["label", "inspection"]
    Paper.objects.filter(pk=pse.pk).update(parts=["certificate", "notification", "label", "inspection"])
    assert cells(europe, "CHARGER", "JP") == {"jp-pse-specified": "covered"}


def test_an_expiring_pse_paper_is_shown_with_money(europe):
    category("chargers", electric=True, denan=True, pse_specified=True)
    offer(europe, "CHARGER", "JP", category="chargers", sales_30d=1_250_000)
    offer(europe, "QUIET", "JP", category="chargers", sales_30d=None)
    pse = paper(europe, "pse-specified", valid_to=in_days(25))
    recompute_store(europe.pk, at=NOW)
    row = Coverage.objects.get(sku="CHARGER")
    assert (row.state, row.until, row.at_stake, row.currency) == ("expiring", in_days(25), 1_250_000, "JPY")
    told = CoverageSum.objects.get(rule="jp-pse-specified")
    assert (told.state, told.paper_id, told.offers, told.sales) == ("expiring", pse.pk, 2, 1_250_000)


def test_a_waiver_counts_once_somebody_agreed(lamp):
    asked = PaperWaiver.objects.create(
        store=lamp, sku="LAMP", rule="gb-mark-electric", reason="It is a candle", asked_at=NOW
    )
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "missing"}
    PaperWaiver.objects.filter(pk=asked.pk).update(state="granted")
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "waived"}


def test_an_agency_has_kinds_and_rules_of_its_own_and_may_switch_one_off(lamp):
    OwnPaperKind.objects.create(code="own-brand", short="Brand", name_en="Brand licence", name_zh="品牌授权")
    OwnPaperRule.objects.create(code="own-brand", marketplaces=["UK"], kinds=["own-brand"], skus=["LAMP"])
    OwnPaperRule.objects.create(code="gb-mark-electric", marketplaces=["UK"], kinds=["ce"], active=False)
    assert cells(lamp, "LAMP", "UK") == {"own-brand": "missing"}
    Paper.objects.create(store=lamp, kind="own-brand", state="accepted", scope="all", created_at=NOW, updated_at=NOW)
    assert cells(lamp, "LAMP", "UK") == {"own-brand": "covered"}


def test_a_second_time_changes_nothing_and_what_is_no_longer_sold_goes(lamp):
    first = recompute_store(lamp.pk, at=NOW)
    assert (first.offers, first.changed, first.gone) == (2, 2, 0)
    again = recompute_store(lamp.pk, at=NOW)
    assert (again.offers, again.changed, again.gone) == (2, 0, 0)
    Offer.objects.filter(marketplace="UK").update(active=False)
    assert recompute_store(lamp.pk, at=NOW).gone == 1


def test_another_store_is_left_alone(acme, lamp):
    offer(acme.store, "LAMP", "US", category="lamps")
    recompute_store(acme.store.pk, at=NOW)
    recompute_store(lamp.pk, at=NOW)
    assert Coverage.objects.get(store=acme.store).state == "none", "no rule of ours is about the US"
    assert Coverage.objects.count() == 3


def test_a_double_exception_is_one_cell_and_its_money_counts_once(lamp):
    """Excused for every site and for this one: both are granted, the offer is one all the same."""
    for site in ("", "UK"):
        PaperWaiver.objects.create(
            store=lamp, sku="LAMP", rule="gb-mark-electric", marketplace=site, reason="A candle", asked_at=NOW,
            state="granted",
        )  # fmt: skip
    assert cells(lamp, "LAMP", "UK") == {"gb-mark-electric": "waived"}
    told = CoverageSum.objects.get(rule="gb-mark-electric")
    assert (told.offers, told.sales) == (1, 100_00)

"""What products are: traits as data, suggestions that people confirm, and what rules still want to know."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core.models import Entry
from apps.core.permissions import Role
from apps.core.undo import undo
from apps.health.actions import products
from apps.health.actions.coverage import recompute_store
from apps.health.actions.papers import Turn
from apps.health.domain.guessing import hints, pattern
from apps.health.models import (
    CategoryTraits,
    Coverage,
    OwnPaperKind,
    OwnPaperTrait,
    Paper,
    PaperTrait,
    SkuTraits,
    TraitQuestion,
)
from apps.health.queries.traits import traits
from tests.health.papers import NOW, category, covered, in_days, known, offer, paper


@pytest.fixture
def acme(acme):
    with acme:
        known()
        titles = {"LAMP": "LED desk lamp with battery", "TOY": "积木玩具 100 pieces", "PLAIN": "Something"}
        for sku, title in titles.items():
            offer(acme.other_store, sku, "DE")
            acme_offer(sku, title)
        recompute_store(acme.other_store.pk, at=NOW)
    return acme


def acme_offer(sku, title):
    from apps.health.models import Offer

    Offer.objects.filter(sku=sku).update(title=title)


@pytest.fixture
def staff(client, acme):
    client.force_login(acme.user(Role.OWNER))
    return client


def at(world, name, **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def act(client, world, *skus, **values):
    with world:
        keys = [f"{world.other_store.pk}/{sku}" for sku in skus]
    return client.post(at(world, "paper-products-act"), {"keys": keys, "scope": "picked"} | values)


# -- hints


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (["toy"], "A toy for children", "toy"),
        (["toy"], "Toyota floor mat", None),
        (["batter*"], "2 batteries included", "batter"),
        (["led"], "Assembled chair", None),
        (["lámpara"], "Lámpara de mesa", "lámpara"),
        (["电池"], "含锂电池的台灯", "电池"),
        (["acアダプター"], "充電用ACアダプター", "acアダプター"),
        (["wi-fi"], "Wi-Fi camera", "wi-fi"),
        (["a.c"], "abc", None),
        ([], "anything", None),
    ],
)
def test_words_hint_as_whole_words_or_beginnings_and_chinese_anywhere(words, text, found):
    assert hints(text, {"it": words}).get("it") == found


def test_the_database_finds_the_same_hints(acme):
    with acme:
        texts = [
            "A toy for children",
            "Toyota floor mat",
            "2 batteries",
            "含锂电池的台灯",
            "Wi-Fi camera (2 pcs)",
            "led",
        ]
        for trait in PaperTrait.objects.exclude(words=[]):
            for text in texts:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT %s ~ %s", [text.lower(), pattern(trait.words, start=r"\m", end=r"\M")])
                    assert cursor.fetchone()[0] == bool(hints(text, {"it": trait.words})), (trait.code, text)


# -- questions, and answers in bulk


def test_what_rules_want_to_know_is_a_question_until_somebody_says_it(acme):
    with acme:
        found = {each.sku: set(each.unknown) for each in TraitQuestion.objects.all()}
        assert set(found) == {"LAMP", "TOY", "PLAIN"}
        assert {"electric", "battery", "toy"} <= found["LAMP"]
        assert "denan" not in found["LAMP"], "no rule about Japan is about a site it is sold on"
        everything = dict.fromkeys(traits(), False)
        SkuTraits.objects.create(store=acme.other_store, sku="PLAIN", traits=everything, updated_at=NOW)
        recompute_store(acme.other_store.pk, at=NOW)
        assert not TraitQuestion.objects.filter(sku="PLAIN").exists()


def test_the_page_shows_suggestions_and_never_turns_them_into_answers(staff, acme):
    staff.get(at(acme, "paper-products"))
    with CaptureQueriesContext(connection) as few:
        page = staff.get(at(acme, "paper-products")).content.decode()
    assert "LED desk lamp" in page and "“led”" in page and "“积木”" in page
    hinted = staff.get(at(acme, "paper-products") + "?status=hinted").content.decode()
    assert "LED desk lamp" in hinted and "Something" not in hinted
    only = staff.get(at(acme, "paper-products") + "?status=hinted&trait=toy").content.decode()
    assert "积木玩具" in only and "LED desk lamp" not in only
    with acme:
        assert not SkuTraits.objects.exists()
        assert Coverage.objects.get(sku="LAMP").cells["de-weee"]["s"] == "ask"
        for n in range(30):
            offer(acme.other_store, f"MORE-{n}", "DE")
        recompute_store(acme.other_store.pk, at=NOW)
    with CaptureQueriesContext(connection) as many:
        assert "MORE-29" in staff.get(at(acme, "paper-products")).content.decode()
    assert len(many) == len(few)


def test_suggestions_are_confirmed_in_bulk_and_can_be_taken_back(staff, acme):
    assert act(staff, acme, "LAMP", "TOY", "PLAIN", action="hinted").status_code == 302
    with acme:
        said = {row.sku: row.traits for row in SkuTraits.objects.exclude(traits={})}
        assert said["LAMP"]["electric"] is True and said["LAMP"]["battery"] is True
        assert said["TOY"]["toy"] is True and "electric" not in said["TOY"]
        assert "PLAIN" not in said
        states = covered(acme.other_store)["LAMP", "DE"]
        assert (states["de-weee"], states["eu-mark-toy"]) == ("missing", "ask"), "what nobody said is still asked"
        entry = Entry.objects.filter(verb="paper.traits").latest("number")
        undo(entry, by=acme.seats[Role.OWNER], at=NOW)
        assert SkuTraits.objects.exclude(traits={}).count() == 1


def test_one_answer_for_many_and_no_to_the_rest_leave_alone_what_was_said(staff, acme):
    assert act(staff, acme, "LAMP", action="yes", trait="toy").status_code == 302
    assert act(staff, acme, "LAMP", "PLAIN", action="no", trait="electric").status_code == 302
    with acme:
        recompute_store(acme.other_store.pk, at=NOW)
    assert act(staff, acme, "LAMP", action="none").status_code == 302
    with acme:
        traits_ = SkuTraits.objects.get(sku="LAMP").traits
        assert (traits_["toy"], traits_["electric"], traits_["battery"]) == (True, False, False)
        recompute_store(acme.other_store.pk, at=NOW)
        assert not TraitQuestion.objects.filter(sku="LAMP").exists()


@pytest.mark.parametrize("values", [{"action": "yes"}, {"action": "yes", "trait": "magic"}, {"action": "dance"}, {}])
def test_an_answer_that_says_nothing_is_refused(staff, acme, values):
    assert act(staff, acme, "LAMP", **values).status_code == 422
    with acme:
        assert not SkuTraits.objects.exists()


def test_another_stores_products_are_not_answered_for(client, acme):
    client.force_login(acme.user(Role.JUNIOR))  # of the other store
    act(client, acme, "LAMP", action="hinted")
    with acme:
        assert not SkuTraits.objects.exists()


# -- an agency's own traits and kinds


def test_an_agencys_own_trait_is_asked_for_hinted_at_and_required_without_code(staff, acme):
    trait = {"name_en": "Candle", "name_zh": "蜡烛", "words": "candle*, 蜡烛"}
    assert staff.post(at(acme, "paper-trait-save"), trait).status_code == 302
    rule = {"code": "candle", "kinds": ["ce"], "marketplaces": ["DE"], "traits": ["own-candle"]}
    assert staff.post(at(acme, "paper-rule-save"), rule).status_code == 302
    with acme:
        assert OwnPaperTrait.objects.get().words == ["candle*", "蜡烛"]
        acme_offer("PLAIN", "Three candles")
        recompute_store(acme.other_store.pk, at=NOW)
        assert Coverage.objects.get(sku="PLAIN").cells["own-candle"]["s"] == "ask"
    page = staff.get(at(acme, "paper-products") + "?trait=own-candle&status=hinted").content.decode()
    assert "Three candles" in page and "“candle”" in page
    act(staff, acme, "PLAIN", action="yes", trait="own-candle")
    with acme:
        assert covered(acme.other_store)["PLAIN", "DE"]["own-candle"] == "missing"
    both = rule | {"traits_not": ["own-candle"]}
    assert staff.post(at(acme, "paper-rule-save"), both).status_code == 422


def test_an_agencys_own_kind_has_parts_a_format_a_person_and_months(staff, acme):
    kind = {
        "short": "Brand", "name_en": "Brand licence", "name_zh": "品牌授权", "parts": "Licence | 授权书\nAnnex | 附件",
        "needs_number": "on", "mask": "LIC-##@", "needs_person": "on", "months": "12",
    }  # fmt: skip
    assert staff.post(at(acme, "paper-kind-save"), kind).status_code == 302
    with acme:
        made = OwnPaperKind.objects.get()
        assert [part["key"] for part in made.parts] == ["licence", "annex"]
        assert (made.number_pattern, made.months, made.needs_person) == (r"LIC\-\d\d[A-Za-z]", 12, True)
    new = f"{at(acme, 'paper-new', store='europe')}?kind=own-brand"
    assert (
        "附件" in staff.get(new, headers={"Accept-Language": "zh-hans"}).content.decode()
        or "Annex" in staff.get(new).content.decode()
    )
    fields = {"number": "LIC-1", "person": "Demo", "scope": "all", "valid_from": "2026-02-01"}
    assert staff.post(new, fields).status_code == 422
    assert staff.post(new, fields | {"number": "LIC-12x"}).status_code == 302
    with acme:
        assert str(Paper.objects.get().valid_to) == "2027-01-31"
    changed = kind | {"code": "own-brand", "short": "Licence", "months": ""}
    assert staff.post(at(acme, "paper-kind-save"), changed).status_code == 302
    with acme:
        made = OwnPaperKind.objects.get()
        assert (made.code, made.short, made.months) == ("own-brand", "Licence", None)
    page = staff.get(at(acme, "paper-rules") + "?kind=own-brand").content.decode()
    assert 'value="LIC-##@"' in page and "Licence | 授权书" in page


@pytest.mark.parametrize("wrong", [{"parts": "A\nA"}, {"parts": " | 附件"}, {"mask": "no sign"}, {"months": "0"}])
def test_an_own_kind_that_cannot_be_is_refused_with_what_was_typed(staff, acme, wrong):
    kind = {"short": "Brand", "name_en": "Brand licence", "name_zh": "品牌授权"} | wrong
    answer = staff.post(at(acme, "paper-kind-save"), kind)
    assert answer.status_code == 422 and "Brand licence" in answer.content.decode()
    with acme:
        assert not OwnPaperKind.objects.exists()


def test_a_categorys_rest_is_a_no_with_one_button(staff, acme):
    fields = {"category": "Lamps", "trait-electric": "yes", "rest": "no"}
    assert staff.post(at(acme, "paper-category-save"), fields).status_code == 302
    with acme:
        said = CategoryTraits.objects.get().traits
        assert said["electric"] is True and said["toy"] is False and set(said) == set(traits())


# -- what is yet to come


def test_a_requirement_to_come_is_told_with_its_money_and_blocks_nothing(acme, staff):
    from datetime import timedelta

    from apps.core.models import Finding
    from apps.health.actions import paper_findings
    from apps.health.models import OwnPaperRule
    from apps.health.queries.coverage import blocks
    from apps.team.queries.inbox import cards

    with acme:
        category("stools", electric=False)
        offer(acme.other_store, "STOOL", "UK", category="stools", sales_30d=50_000)
        OwnPaperRule.objects.create(code="own-new", marketplaces=["UK"], kinds=["ce"], valid_from=in_days(40))
        OwnPaperRule.objects.create(code="own-far", marketplaces=["UK"], kinds=["ce"], valid_from=in_days(400))

        def state(days=0):
            recompute_store(acme.other_store.pk, at=NOW + timedelta(days=days))
            return Coverage.objects.get(sku="STOOL")

        row = state()
        assert (row.state, row.at_stake) == ("coming", 50_000)
        assert row.cells == {"own-new": {"s": "coming", "f": str(in_days(40))}}
        assert blocks(acme.other_store.pk, "UK", "STOOL") == []
        paper_findings.refresh_findings(acme.other_store, at=NOW)
        found = Finding.objects.get(kind="paper-coming")
        assert (found.at_stake, found.due) == (50_000, in_days(40))
        assert cards([found])[0].title == f"CE will be required on UK from {in_days(40)}: 1 SKU lack it"
        ends = paper(acme.other_store, "ce", valid_to=in_days(30))
        assert state().state == "coming", "a paper that ends before that day will not do"
        Paper.objects.filter(pk=ends.pk).update(valid_to=None)
        assert state().state == "covered"
        Paper.objects.all().delete()
        assert state(40).state == "missing"
        state()
    page = staff.get(at(acme, "papers") + "?q=STOOL").content.decode()
    assert f"Coming from {in_days(40)}" in page
    assert "£500" in page


def test_advice_is_said_of_products_it_is_sure_for_and_never_blocks(acme):
    from apps.health.models import OwnPaperRule
    from apps.health.queries.coverage import blocks

    with acme:
        category("stools", toy=True)
        offer(acme.other_store, "STOOL", "MX", category="stools")
        offer(acme.other_store, "ELSE", "MX", category="unheard of")
        OwnPaperRule.objects.create(
            code="own-tip", marketplaces=["MX"], kinds=["ce"], binding=False, wants={"toy": True}
        )
        states = covered(acme.other_store)
        assert states["STOOL", "MX"] == {"own-tip": "advised"} and states["ELSE", "MX"] == {}
        assert blocks(acme.other_store.pk, "MX", "STOOL") == []
        paper(acme.other_store, "ce", valid_to=in_days(10))
        assert covered(acme.other_store)["STOOL", "MX"] == {"own-tip": "covered"}


def test_an_answer_is_kept_for_many_products_with_one_entry_each(acme):
    with acme:
        turn = Turn(acme.seats[Role.OWNER], NOW)
        store = acme.other_store
        products.add_to_skus([(store, "A", {"toy": True}), (store, "B", {"toy": True})], turn)
        products.add_to_skus([(store, "A", {"toy": True}), (store, "B", {"toy": None, "radio": False})], turn)
        assert {r.sku: r.traits for r in SkuTraits.objects.all()} == {"A": {"toy": True}, "B": {"radio": False}}
        assert Entry.objects.filter(verb="paper.traits").count() == 3

"""What is words among sources and short names of papers is told in the reader's language; official names stay."""

import re

import pytest
from django.utils import timezone

from apps.core.models import Finding
from apps.core.permissions import Role
from apps.health.actions import paper_findings
from apps.health.findings import MISSING
from apps.health.models import PaperKind, PaperRule, Standard, known_words
from apps.health.queries.papers import kinds, rule_name, rules
from tests.health.papers import category, covered, offer

SAID = {"CE battery": "CE 电池", "Amazon: Seller Fulfilled Prime": "亚马逊：卖家自配送 Prime", "CE": "never"}


@pytest.fixture
def chinese(monkeypatch):
    """A catalogue of these words alone."""
    monkeypatch.setattr(known_words, "gettext", lambda text: SAID.get(text, text))


def test_the_words_are_those_of_the_data_and_none_is_left_out(acme):
    """A short name with a word in small letters is no official name."""
    shorts = set(PaperKind.objects.values_list("short", flat=True))
    sources = {
        source
        for model in (Standard, PaperKind, PaperRule)
        for source in model.objects.values_list("source", flat=True)
    }
    assert set(known_words.SHORTS) <= shorts
    assert set(known_words.SOURCES) <= sources
    assert {short for short in shorts if re.search(r"\b[a-z]{3,}\b", short)} <= set(known_words.SHORTS)
    assert {source for source in sources if source.startswith("Amazon")} <= set(known_words.SOURCES)


def test_only_what_is_known_is_put_into_other_words(chinese):
    assert known_words.in_words("CE battery / CE / LUCID") == "CE 电池 / CE / LUCID"
    assert known_words.in_words("") == ""


def test_a_rule_is_called_by_what_satisfies_it(acme, chinese):
    with acme:
        known = kinds()
        assert rule_name(rules()["eu-battery"], known) == "CE 电池"
        assert known["doc-battery"].short == "CE battery", "kept as it is"


def test_the_table_of_limits_says_where_they_come_from(acme, client, chinese):
    client.force_login(acme.user(Role.OWNER))
    page = client.get(acme.url("health/method/")).content.decode()
    assert "亚马逊：卖家自配送 Prime" in page
    assert "Amazon: Seller Fulfilled Prime" not in page


def test_the_inbox_is_kept_in_nobodys_language_and_read_in_everybodys(acme, chinese):
    with acme:
        category("cells", battery=True)
        offer(acme.other_store, "A", "DE", category="cells")
        covered(acme.other_store)
        paper_findings.refresh_findings(acme.other_store, at=timezone.now())
        found = Finding.objects.get(kind="paper-missing", detail__paper="CE battery", marketplace="DE")
        assert MISSING.words(found.detail)["paper"] == "CE 电池"
        assert MISSING.words({"site": "DE"}) == {"site": "DE"}

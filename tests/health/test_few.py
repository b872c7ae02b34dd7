"""Small sellers: counts lead wherever a rate is shown, not rated is never 0 %, and no defect is never nearest."""

import csv
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from apps.core.findings import KINDS
from apps.core.jobs import run
from apps.core.models import Finding, Job
from apps.core.permissions import Role
from apps.core.storage import documents
from apps.health.actions.attention import refresh_findings
from apps.health.actions.evaluating import evaluate
from apps.health.domain.headroom import Limit, stand, unrated
from apps.health.models import Signal
from apps.health.queries.alert_words import signal_text
from tests.health import ground
from tests.health.facts import report
from tests.world import NOW

ODR = Limit(10_000)  # under 1 %


def test_few_is_what_may_hold_three_bad_ones_at_most():
    assert stand(0, 400, ODR).few
    assert not stand(0, 401, ODR).few, "four are allowed"
    assert not stand(0, 5000, Limit(0)).few, "none is allowed of however many"
    assert unrated(1, 4).few
    assert not unrated(None, 4).few, "nobody told how many are bad"
    assert not unrated(0, 0).few


def test_nearest_is_what_has_a_bad_one_already():
    small, large = stand(0, 40, ODR), stand(5, 1000, ODR)
    assert (small.room, large.room) == (0, 4)
    assert large.nearness < small.nearness < stand(None, 40, ODR).nearness


@pytest.fixture
def small(acme):
    """US: 1 of 140, the last one allowed. CA: of so few that none is allowed, and none is bad. DE: much room and a few
    bad ones. FR: not rated."""
    with acme:
        report(acme.store, "US", total=140, count=1)
        report(acme.store, "CA", total=40, count=0)
        report(acme.other_store, "DE", total=1000, count=3)
        report(acme.other_store, "FR", metric="vtr", programme="", total=4, count=3, target=950_000, operator="gt",
               status="none", rate=None)  # fmt: skip
    return acme


def at(world, name="health", **kwargs):
    return reverse(name, kwargs={"agency": world.agency.slug, **kwargs})


def seen(client, world, url, role=Role.OWNER):
    client.force_login(world.user(role))
    return client.get(url).content.decode()


def sites(page: str) -> list[str]:
    return re.findall(r'class="mp" title="(\w+)"', page.split("<tbody>")[1].split("</tbody>")[0])


def test_the_matrix_leads_with_counts_and_says_not_rated(client, small):
    page = seen(client, small, at(small))
    assert re.search(r">1 of 140</span><div class=\"sub\">none left · 0.71%", page)
    assert re.search(r"<span>1 of 4</span><div class=\"sub\">Not rated", page), "one of four packages lacks tracking"
    assert "0.30%" in page, "of a thousand the rate says it"
    assert "3 of 1,000" not in page


def test_the_list_by_nearest_limit_begins_with_what_has_defects(client, small):
    assert sites(seen(client, small, at(small) + "?sort=room")) == ["US", "DE", "CA", "FR"]


def test_a_store_and_its_client_read_counts_first(client, small):
    page = seen(client, small, at(small, store="north"))
    assert '1 of 140<div class="sub">0.71%</div>' in page
    portal = seen(client, small, f"/portal/{small.agency.slug}/health/", Role.CLIENT)
    assert 'font-semibold">1 of 140</span><span class="num text-12 text-ink3">0.71%' in portal


def test_the_store_s_nearest_rate_is_not_one_without_defects(client, small):
    with small:
        report(small.store, "CA", programme="mfn", total=1000, count=2)
        report(small.store, "US", programme="mfn", total=30, count=0)
    page = seen(client, small, at(small, store="north"))
    rows = re.findall(r'\?rate=([\w-]+)"', page)
    assert rows == ["US-odr-afn", "CA-odr-mfn", "CA-odr-afn", "US-odr-mfn"]


def test_the_file_has_counts_and_no_rate_of_what_is_not_rated(client, small):
    client.force_login(small.user(Role.OWNER))
    client.post(at(small, "health-export"), {"format": "csv", "query": "mp=FR"}, headers={"HX-Request": "true"})
    with small:
        pk = Job.objects.get(kind="health.export").pk
    run(pk, agency_id=small.agency.pk)
    with small, documents().open(Job.objects.get(pk=pk).file) as file:
        (row,) = csv.DictReader(file.read().decode("utf-8-sig").splitlines())
    assert (row["Bad"], row["Looked at"], row["Rate"], row["More allowed"]) == ("1", "4", "", "")
    assert list(row).index("Bad") < list(row).index("Rate")


def said(finding: Finding) -> str:
    kind = KINDS[finding.kind]
    return str(kind.says(finding.detail)).format(**kind.words(finding.detail))


def test_findings_of_few_orders_say_counts(small):
    with small:
        report(small.store, "US", metric="vtr", programme="", total=20, count=18, target=950_000, operator="gt")
        refresh_findings(small.store, at=NOW)
        near, breach = Finding.objects.get(kind="health-near"), Finding.objects.get(kind="health-breach")
        assert said(near).endswith("on US: 1 of 140; 0 more before a breach (0.71%, must be < 1.00%)")
        assert said(breach).endswith("on US: 2 of 20, at most 0 allowed (90.00%, must be > 95.00%)")


@pytest.mark.parametrize(
    ("total", "count", "words"),
    [
        (140, 1, "1 of 140; 0 more before a breach (0.71%), limit 1.00%"),
        (140, 3, "3 of 140; 2 too many (2.14%), limit 1.00%"),
        (1000, 9, "0.90%, limit 1.00%"),
    ],
)
def test_alerts_of_few_orders_say_counts(acme, total, count, words):
    with acme:
        ground.ready(acme)
        ground.rule(amber=50)
        ground.report(acme.store, round(count * 1_000_000 / total), total=total, count=count)
        evaluate(at=NOW)
        assert signal_text(Signal.objects.select_related("rule").get()).endswith(words)


def test_an_alert_s_counts_end_when_orders_are_many_again(acme):
    with acme:
        ground.ready(acme)
        ground.rule(amber=50)
        ground.report(acme.store, 7_143, total=140, count=1)
        evaluate(at=NOW)
        ground.report(acme.store, 9_000, total=1000, count=9, day=ground.TODAY + timedelta(days=1))
        evaluate(at=ground.later(days=1))
        found = Signal.objects.get()
        assert (found.bad, found.total, found.room, found.living) == (None, None, None, True)

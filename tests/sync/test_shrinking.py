"""Reports that tell all there is, and suddenly half of it: set aside until a person says that it is true."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.sync import actions
from apps.sync.domain.shrinking import FEWEST, REMEMBERED, shrunk
from apps.sync.models import StoredDocument
from apps.sync.sources import SOURCES
from tests.sync.doors import answer
from tests.sync.test_engine import acme, door, lines, regular, told, work

__all__ = ["acme", "door", "told"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def snapshots(told, monkeypatch):
    """The same source, knowing the present only."""
    kind = SOURCES["told"]
    monkeypatch.setitem(
        SOURCES, "told", replace(kind, datasets={"orders": replace(kind.datasets["orders"], history=0)})
    )
    return told


def many(count, quantity):
    return [(f"o{n}", quantity, 100) for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "before", "usual"),
    [
        (19, [40, 40, 40], 40), (20, [40, 40, 40], None), (0, [FEWEST], FEWEST), (0, [FEWEST - 1], None), (0, [], None),
        (19, [20, 40, 40, 40], None),  # somebody has taken 20: 19 are nothing new
        (9, [20, 40, 40, 40], 40),
    ],
)  # fmt: skip
def test_less_than_half_of_the_usual_is_strange(rows, before, usual):
    assert shrunk(rows, before) == usual
    assert REMEMBERED % 2, "an odd number of reports has a median of its own"


def test_half_a_report_is_set_aside_whole_until_a_person_insists(snapshots, acme, door):
    at = timezone.now()
    snapshots.answers = [answer(at + timedelta(hours=n), *many(40, n + 1)) for n in range(3)]
    snapshots.answers.append(answer(at + timedelta(hours=3), *many(12, 9)))
    run = work(regular(door))
    assert run.state == "quarantined"
    assert "12 rows" in run.error
    assert "about 40" in run.error
    assert set(lines(door).values()) == {3}, "the last whole report stands"
    for _try in range(2):  # by the clock it stays aside
        with acme:
            actions.replay(run.pk, by=None, at=timezone.now())
        again = work(run)
    assert set(lines(door).values()) == {3}
    with acme:
        actions.replay(again.pk, by=acme.seats["owner"], at=timezone.now())
    snapshots.answers = [answer(at + timedelta(hours=4), *many(11, 8))]
    assert work(again).state == "done"
    assert sorted(lines(door).values()) == [3] * 28 + [8] * 11 + [9]
    with acme:
        assert not StoredDocument.objects.filter(applied_at=None).exists()


def test_a_window_of_the_past_may_hold_as_little_as_it_likes(told, acme, door):
    at = timezone.now()
    told.answers = [answer(at, *many(40, 1)), answer(at + timedelta(hours=1), *many(2, 5))]
    assert work(regular(door)).state == "done"

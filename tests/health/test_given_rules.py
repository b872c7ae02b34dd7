"""New rules of the set reach agencies that exist, each once; what people removed or switched off stays so."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from apps.core.permissions import Role
from apps.health.actions import alert_rules
from apps.health.actions.alert_rules import DEFAULTS, ensure_defaults, remove
from apps.health.models import AlertChannel, AlertRule, GivenRule
from tests.health.ground import rule
from tests.world import NOW

NEW = {"name": "Brand new", "metric": "invoice"}


def keys():
    return set(AlertRule.objects.exclude(default="").values_list("default", flat=True))


def given():
    return set(GivenRule.objects.values_list("default", flat=True))


@pytest.fixture
def grown(monkeypatch):
    """The set gets a rule more."""
    return lambda: monkeypatch.setattr(alert_rules, "DEFAULTS", DEFAULTS | {"new": NEW})


def test_what_comes_to_the_set_reaches_an_agency_once(acme, grown):
    with acme:
        assert ensure_defaults() == len(DEFAULTS)
        assert ensure_defaults() == 0
        AlertRule.objects.get(default="lsr").delete()
        AlertRule.objects.filter(default="vtr").update(active=False)
        grown()
        assert ensure_defaults() == 1, "the new one alone"
        found = AlertRule.objects.get(default="new")
        assert (found.name, found.active, len(found.channels)) == ("Brand new", True, len(alert_rules.CHANNELS))
        assert "lsr" not in keys(), "what was removed stays away"
        assert not AlertRule.objects.get(default="vtr").active, "what was switched off stays off"
        remove(found, by=acme.seats[Role.OWNER], at=NOW)
        assert ensure_defaults() == 0, "and so does the new one"


def test_a_new_rule_goes_to_the_channels_that_are_still_there(acme, grown):
    with acme:
        ensure_defaults()
        AlertChannel.objects.filter(default="webhook").delete()
        grown()
        ensure_defaults()
        mail = AlertChannel.objects.get(default="email")
        assert AlertRule.objects.get(default="new").channels == [str(mail.pk)]


def test_who_began_with_rules_of_their_own_gets_only_what_comes_later(acme, grown):
    with acme:
        rule()
        assert ensure_defaults() == 0
        assert keys() == set()
        grown()
        assert ensure_defaults() == 1
        assert keys() == {"new"}


# -- agencies from before it was written down


def backfill():
    """As the migration does it: with the models as they were then."""
    before = MigrationLoader(connection).project_state([("health", "0029_walls_of_given_rules")])
    import_module("apps.health.migrations.0030_rules_given_before").fill(before.apps, None)


def test_agencies_from_before_get_what_they_never_had_and_nothing_back(acme, zeta, grown):
    with acme:
        ensure_defaults()
        remove(AlertRule.objects.get(default="odr"), by=acme.seats[Role.OWNER], at=NOW)
        AlertRule.objects.get(default="stock").delete()  # came to the set after this agency
        GivenRule.objects.all().delete()
    with zeta:
        rule()
    backfill()
    with acme:
        assert given() == set(DEFAULTS) - {"stock"}
        assert ensure_defaults() == 1
        assert keys() == set(DEFAULTS) - {"odr"}
    with zeta:
        assert given() == set(DEFAULTS), "began with rules of its own"
        assert ensure_defaults() == 0


def test_an_agency_that_has_nothing_yet_begins_as_any_other(acme):
    backfill()
    with acme:
        assert given() == set()
        assert ensure_defaults() == len(DEFAULTS)
        assert AlertChannel.objects.count() == len(alert_rules.CHANNELS)


def test_the_backfill_knows_the_whole_set(acme):
    known = import_module("apps.health.migrations.0030_rules_given_before").SET
    with acme:
        ensure_defaults()
        made = AlertRule.objects.values_list("default", "fact", "metric", "programme", "condition")
        assert {key: tuple(rest) for key, *rest in made} == known

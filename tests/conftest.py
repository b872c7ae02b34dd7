"""Two agencies of the same shape in every test, so that a leak has something to leak."""

import fcntl
import gc
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings

from tests import cells, emptying
from tests.world import World

# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(cells)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow ones first: begun last, they would keep one worker busy when the others have gone home."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What was loaded so far stays: looking through it for garbage again and again is a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """Waits until the tables that this worker copies are made."""
    if lock := os.environ.get("DATABASE_TEST_TEMPLATE_LOCK"):
        with Path(lock).open() as held:
            fcntl.flock(held, fcntl.LOCK_SH)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Made and migrated by the owner; from here on we are the app, as in production."""
    owner, app = connection.settings_dict["USER"], os.environ.get("DATABASE_TEST_ROLE", "storewright_app")

    def emptied(_case: TransactionTestCase) -> None:
        emptying.log_in(owner)
        emptying.empty()
        emptying.log_in(app)

    with django_db_blocker.unblock():
        emptying.keep_seeds()
        emptying.log_in(app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)
        yield
    with django_db_blocker.unblock():
        emptying.log_in(owner)


@pytest.fixture(autouse=True)
def _in_english():
    """Tests quote English; what Chinese says is checked by tests of its own."""
    with translation.override("en"):
        yield


@pytest.fixture
def acme(db) -> World:
    return World("acme")


@pytest.fixture
def zeta(db) -> World:
    return World("zeta")


@pytest.fixture
def unprinted(monkeypatch):
    """Packs of evidence without a PDF, for tests that ask nothing of it: to print one takes longer than all the rest."""
    monkeypatch.setattr("apps.health.actions.packing.write_pdf", lambda *_: False)

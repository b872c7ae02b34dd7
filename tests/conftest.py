"""Two agencies of the same shape in every test, so that a leak has something to leak."""

import gc
import os

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, settings

from tests.world import World

# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What was loaded so far stays: looking through it for garbage again and again is a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Made and migrated by the owner; from here on we are the app, as in production."""
    role = os.environ.get("DATABASE_TEST_ROLE", "storewright_app")
    with django_db_blocker.unblock():
        owner = connection.settings_dict["USER"]
        with connection.cursor() as cursor:
            # Transactional tests clean up by TRUNCATE, which the app may not do in production.
            cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {role}, storewright_platform")
        _log_in(role)
    yield
    with django_db_blocker.unblock():
        _log_in(owner)


def _log_in(role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role


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

"""What keeps web and workers from starting."""

import pytest

from apps.core import checks

pytestmark = pytest.mark.django_db


def test_the_server_and_login_of_the_tests_may_serve():
    assert checks.problems() == []


def test_a_server_that_is_too_old_is_named_with_what_is_needed(monkeypatch):
    monkeypatch.setattr(checks, "OLDEST", 99_00_00)
    (error,) = checks.problems()
    assert error.id == "core.E014"
    assert error.msg.endswith("too old: 99 or newer is needed")

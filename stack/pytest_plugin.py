"""`pytest -p stack.pytest_plugin`: the servers run before Django's settings are read.

A conftest.py would be too late: pytest-django reads the settings, and so DATABASE_URL, before it. xdist's workers
inherit the environment, share the servers and get databases of their own.

The tests' database is made and migrated by the owner, so DATABASE_URL names the owner here and DJANGO_ROLE says so;
tests then run as the role named by DATABASE_TEST_ROLE (see tests/conftest.py).

With several workers the tables are made once, in DATABASE_TEST_TEMPLATE, while the workers read the tests; each
worker's database is a copy of it. A worker waits by taking the lock DATABASE_TEST_TEMPLATE_LOCK, which the program that
migrates holds as long as it runs.
"""

import atexit
import fcntl
import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest

from stack import services
from stack.place import ROOT, Place

TEMPLATE = "test_storewright_template"

if os.environ.get("DJANGO_ROLE") != "owner":
    _services = services.running("test")
    os.environ.update(_services.__enter__().owner_environment, DATABASE_TEST_ROLE="storewright_app")
    atexit.register(_services.__exit__, None, None, None)


def pytest_configure(config: pytest.Config) -> None:
    """The one that hands out the tests begins the tables for all."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        _begin_template()


def _begin_template() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        owner.execute(f"CREATE DATABASE {TEMPLATE}")
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{TEMPLATE}").geturl()
    lock = Place.of("test").state / "template.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        migrating = subprocess.Popen(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_OWNER_URL": url, "DATABASE_URL": url},
            pass_fds=[held.fileno()],
        )
    atexit.register(migrating.wait)
    os.environ |= {"DATABASE_TEST_TEMPLATE": TEMPLATE, "DATABASE_TEST_TEMPLATE_LOCK": str(lock)}

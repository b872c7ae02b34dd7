"""`pytest -p stack.pytest_plugin`: the servers run before Django's settings are read.

A conftest.py would be too late: pytest-django reads the settings, and so DATABASE_URL, before it. xdist's workers
inherit the environment, share the servers and get databases of their own.

The tests' database is made and migrated by the owner, so DATABASE_URL names the owner here and DJANGO_ROLE says so;
tests then run as the role named by DATABASE_TEST_ROLE (see tests/conftest.py).
"""

import atexit
import os

from stack import services

if os.environ.get("DJANGO_ROLE") != "owner":
    _services = services.running("test")
    os.environ.update(_services.__enter__().owner_environment, DATABASE_TEST_ROLE="storewright_app")
    atexit.register(_services.__exit__, None, None, None)

"""Settings of the tests: the same house with quicker locks."""

import os

os.environ["DJANGO_TEST"] = "1"
from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
DOCUMENTS_URL = "memory://"
ACCOUNT_RATE_LIMITS = False
CELERY_BROKER_URL = "memory://"
# Each of some thousand test clients makes all middleware; this one would read all static files every time.
WHITENOISE_AUTOREFRESH = True
LOGGING["root"]["level"] = "WARNING"  # nobody reads that each of some twenty thousand requests began and ended

# Each of pytest-xdist's workers has tables (stack.pytest_plugin) and a cache of its own: some tests empty theirs.
if _template := os.environ.get("DATABASE_TEST_TEMPLATE"):
    for _database in DATABASES.values():
        _database["TEST"] = {"TEMPLATE": _template}
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
CACHES["default"]["LOCATION"] = redis_url(3 + _worker % 13)

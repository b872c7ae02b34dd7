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

"""One file, driven by the environment: `stack` sets it for development, docs/deploy.md lists it for production."""

from pathlib import Path

import environ
import structlog
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.logs import hush

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# -- the machine
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000")
SECURE = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
WSGI_APPLICATION = "config.wsgi.application"
ROOT_URLCONF = "config.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- the house
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_structlog",
    "template_partials.apps.SimpleAppConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "apps.core",
    "apps.accounts",
    "apps.sync",
    "apps.health",
    "apps.listings",
    "apps.sales",
    "apps.inventory",
    "apps.ads",
    "apps.team",
]
MIDDLEWARE = [
    "apps.core.middleware.NoNulMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.accounts.middleware.SessionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.middleware.PreferencesMiddleware",
    "apps.core.middleware.TenantMiddleware",
    "apps.accounts.authentication.KeyMiddleware",
    "apps.accounts.middleware.SeatRulesMiddleware",
    "apps.accounts.middleware.SupportMiddleware",
]
SEAT_FINDER = "apps.accounts.queries.seat_of"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials"],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.accounts.navigation.shell",
            ],
        },
    }
]

# -- data
# The serving login (storewright_app) by default; `stack` and deployments run `migrate` with DJANGO_ROLE=owner.
DJANGO_ROLE = env("DJANGO_ROLE", default="app")
IN_WORKER = env.bool("DJANGO_WORKER", False)
IN_TEST = env.bool("DJANGO_TEST", False)
_serving = env.db_url("DATABASE_URL")
_options = {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}} if env.bool("DB_POOL", False) else {}
DATABASES = {
    "default": {
        **(env.db_url("DATABASE_OWNER_URL") if DJANGO_ROLE == "owner" else _serving),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 0 if _options else None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    },
}
DATABASES["default"].setdefault("OPTIONS", {}).update(_options)
# The admin console's own login, which sees all agencies. A web process without it has no console.
if env("DATABASE_PLATFORM_URL", default="") and (DJANGO_ROLE != "owner" or IN_TEST):
    console = env.db_url("DATABASE_PLATFORM_URL")
    DATABASES["platform"] = {**DATABASES["default"], **console, "ATOMIC_REQUESTS": False}
REDIS_URL = env("REDIS_URL")


def redis_url(number: int, *, celery: bool = False) -> str:
    """One server, several databases; on a unix socket Celery spells the address in its own way."""
    if not REDIS_URL.startswith("unix://"):
        return f"{REDIS_URL.rstrip('/')}/{number}"
    if celery:
        return f"{REDIS_URL.replace('unix:', 'redis+socket:')}?virtual_host={number}"
    return f"{REDIS_URL}?db={number}"


CACHES = {
    "default": {
        "BACKEND": "config.caches.ForgivingCache",
        "LOCATION": redis_url(1),
        "OPTIONS": {"socket_timeout": 2},
    }
}
RATES_URL = redis_url(2)  # token buckets and access tokens
DOCUMENTS_URL = env("DOCUMENTS_URL", default=f"file://{BASE_DIR / 'var' / 'documents'}")
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[])  # id:base64 of 32 bytes; the first encrypts
UPLOAD_MOST_BYTES = env.int("UPLOAD_MOST_BYTES", default=200 * 2**20)
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a paper may name 10,000 products, one field each

# -- work
CELERY_BROKER_URL = redis_url(0, celery=True)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the Run table retries: no poison loop
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 43200,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
}
CELERY_TIMEZONE = "UTC"

# A worker that falls silent loses its run after so long. It tells of itself, and the sweep looks, four times as often.
SYNC_LEASE_SECONDS = env.int("SYNC_LEASE_SECONDS", default=60)

# -- outside
SP_API_URLS = {
    "NA": env("SP_API_NA_URL", default="https://sellingpartnerapi-na.amazon.com"),
    "EU": env("SP_API_EU_URL", default="https://sellingpartnerapi-eu.amazon.com"),
    "FE": env("SP_API_FE_URL", default="https://sellingpartnerapi-fe.amazon.com"),
}
LWA_URL = env("LWA_URL", default="https://api.amazon.com/auth/o2/token")
SP_API_CONSENT_URL = env(
    "SP_API_CONSENT_URL",
    default="https://sellercentral.amazon.com/apps/authorize/consent",
)
SP_API_APPLICATION_ID = env("SP_API_APPLICATION_ID", default="")
SP_API_CLIENT_ID = env("SP_API_CLIENT_ID", default="")
SP_API_CLIENT_SECRET = env("SP_API_CLIENT_SECRET", default="")
SP_API_SELLERS_MOST = env.int("SP_API_SELLERS_MOST", default=25)  # of an unlisted application; 0: it is listed
# Amazon names a signed address for each report; it is fetched from these hosts only.
SP_API_DOCUMENT_HOSTS = env.list(
    "SP_API_DOCUMENT_HOSTS",
    default=["*.s3.amazonaws.com", "*.s3-*.amazonaws.com", "*.s3.*.amazonaws.com", "*.s3.dualstack.*.amazonaws.com"],
)
ALLOW_HTTP_OUTSIDE = env.bool("ALLOW_HTTP_OUTSIDE", False)  # development: the sandbox speaks plain HTTP on loopback
SANDBOX_URL = env("SANDBOX_URL", default="")
SQS_URL = env("SQS_URL", default="")  # where queues are read; empty: the address of AWS in the region of each
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Storewright <noreply@localhost>")

# -- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "apps.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people come by invitation, which proves the address
ACCOUNT_MAX_EMAIL_ADDRESSES = 1
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)  # how many proxies of ours stand in front
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_ADAPTER = "apps.accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation has proved it
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
MFA_FORMS = {
    "add_webauthn": "apps.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "apps.accounts.forms.EditPasskeyForm",
}
MFA_TOTP_ISSUER = "Storewright"
USERSESSIONS_TRACK_ACTIVITY = True
SESSION_ENGINE = "apps.accounts.sessions"
# Signed out after so long in all, and after so long without a sign of the person.
SESSION_COOKIE_AGE = round(env.float("SESSION_HOURS", 12) * 3600)
SESSION_IDLE = round(env.float("SESSION_IDLE_HOURS", 8) * 3600)
SESSION_IDLE_CLIENTS = round(env.float("SESSION_IDLE_HOURS_CLIENTS", 2) * 3600)
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/platform/",),  # django-unfold uses Alpine, which needs eval
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:", "https://m.media-amazon.com"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# -- languages and files
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = sorted((BASE_DIR / "apps").glob("*/locale"))
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not SECURE
WHITENOISE_MAX_AGE = 3600 if not SECURE else 31_536_000
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is kept but by sync.storage
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if SECURE
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.core.http.Requires"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.accounts.authentication.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.schema.ResourceSchema",
    "EXCEPTION_HANDLER": "apps.core.rest.problem",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Storewright API",
    "DESCRIPTION": _("Reads and writes what an agency has of its stores. Money is in minor units of a currency."),
    "VERSION": "1",
    "TAGS": [
        {"name": "stores", "description": _("Stores")},
        {"name": "products", "description": _("Products")},
        {"name": "stock", "description": _("Stock")},
        {"name": "costs", "description": _("Unit costs")},
        {"name": "orders", "description": pgettext_lazy("page", "Orders")},
        {"name": "plans", "description": _("Replenishment plans")},
        {"name": "health", "description": _("Account health")},
        {"name": "alerts", "description": _("Incidents")},
        {"name": "compliance", "description": _("Compliance")},
        {"name": "documents", "description": _("Files")},
        {"name": "runs", "description": _("Sync runs")},
        {"name": "changes", "description": _("Change ledger")},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.schema.nothing_required",
        "apps.core.schema.texts_told",
        "apps.core.schema.places_told",
    ],
}

# -- admin console
PLATFORM_MFA_REQUIRED = env.bool("PLATFORM_MFA_REQUIRED", SECURE)
BLUES = (  # the accent of frontend/css/tokens.css and its neighbours
    "#f3f6fe", "#e8eefd", "#cddafb", "#a9c0f7", "#8fb0ff", "#5c86f0", "#2453d4", "#1f4bc4", "#1b43b1", "#1a2c6b", "#1a2647",
)  # fmt: skip
UNFOLD = {
    "SITE_TITLE": _("Storewright platform"),
    "SITE_HEADER": "Storewright",
    "SITE_SYMBOL": "storefront",
    "SHOW_HISTORY": True,
    "ACCOUNT": {"navigation": [{"title": _("My account"), "link": reverse_lazy("me")}]},
    "COLORS": {"primary": dict(zip(map(str, (50, *range(100, 1000, 100), 950)), BLUES, strict=True))},
    "DASHBOARD_CALLBACK": "apps.team.admin.dashboard",
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": "apps.team.admin.navigation"},
}

# -- logs: one JSON object a line, control characters escaped
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                hush,
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
    # At INFO it would write every address it calls, the signed ones of documents included.
    "loggers": {"httpx": {"level": "WARNING"}},
}

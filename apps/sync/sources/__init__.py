"""All sources, as one table: what each brings, how often, and what it needs to know."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import redis
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.crypto import ShortLived
from apps.sync.addresses import Hosts
from apps.sync.breakers import Breaker
from apps.sync.http import Http
from apps.sync.limits import Limiter
from apps.sync.rows import DATASETS, RowType
from apps.sync.source import Source
from apps.sync.sources.calling import Account, Caller
from apps.sync.sources.files import Files
from apps.sync.sources.notifications import Notifications
from apps.sync.sources.queues import Queue, QueueReader
from apps.sync.sources.sp_api import Participation, SpApi
from apps.sync.tokens import Application, Grant, TokenStore

MINUTE, HOUR, DAY = 60, 3600, 86_400
USER_AGENT = "Storewright/0.1 (Language=Python)"


@dataclass(frozen=True)
class Dataset:
    """One dataset of a source. `every` and `promise` in seconds: how often we look, and when it counts as late.

    `history` days are brought once at the beginning, in windows of `window` days; `overlap` seconds are asked for
    again each time, because sources restate. 0 history: the source only knows the present.
    """

    key: str
    label: str | Promise
    row: RowType
    every: int
    promise: int
    history: int = 0
    window: int = 30
    overlap: int = 0
    per_site: bool = False
    priority: int = 50


@dataclass(frozen=True)
class Field:
    """One credential that the connection wizard asks for. `secret`: shown masked, never shown again."""

    key: str
    label: str | Promise
    secret: bool = False
    required: bool = True
    help: str | Promise = ""


@dataclass(frozen=True)
class Verified:
    """What credentials turned out to be good for. `seller_id` is empty where the source does not name it."""

    seller_id: str
    sites: tuple[Participation, ...]

    @property
    def open_sites(self) -> tuple[str, ...]:
        """Codes of the marketplaces in which the seller takes part."""
        return tuple(sorted(site.code for site in self.sites if site.active))


@dataclass(frozen=True)
class SourceKind:
    """One kind of connection. `fields` are the credentials the wizard asks for; `build` makes the source.

    `build(credentials, *, name, region, folder)`: `name` is "agency:connection" and separates tokens and rate
    limits; `folder` receives temporary files that the caller removes. `verify(credentials, *, name, region, folder)`
    asks the source what the credentials are good for and raises SourceError. `regions`: empty if it has none.
    `notifies`, called like `build`, subscribes to what the source tells by itself.
    """

    key: str
    label: str | Promise
    datasets: dict[str, Dataset]
    fields: tuple[Field, ...]
    build: Callable[..., Source]
    verify: Callable[..., Verified]
    regions: tuple[str, ...] = ()
    pulls: bool = True
    consents: bool = False
    notifies: Callable[..., Notifications] | None = None


def sp_api(credentials: dict[str, Any], *, name: str, region: str, folder: Path) -> SpApi:
    """The source for one consent. `name` is "agency:connection"."""
    http, valkey = _http(), redis.Redis.from_url(settings.RATES_URL)
    account = Account(name, settings.SP_API_URLS[region], grant_of(credentials), folder)
    limiter = Limiter(valkey)
    return SpApi(account, http, TokenStore(http, ShortLived("token", name), valkey), limiter)


def verify_sp_api(credentials: dict[str, Any], *, name: str, region: str, folder: Path) -> Verified:
    """Ask Amazon which marketplaces the consent covers. Raises SourceError.

    The seller id is the one that came with the consent: the Sellers API does not tell it.
    """
    source = sp_api(credentials, name=name, region=region, folder=folder)
    return Verified(credentials.get("seller_id", ""), tuple(source.participations()))


def sp_api_notifications(credentials: dict[str, Any], *, name: str, region: str, folder: Path) -> Notifications:
    """Amazon's notifications for one consent. `name` is "agency:connection"; the application's own token is the
    agency's, so that nobody uses one of another agency's application."""
    http, valkey = _http(), redis.Redis.from_url(settings.RATES_URL)
    grant, limiter, url = grant_of(credentials), Limiter(valkey), settings.SP_API_URLS[region]
    own = f"{name.partition(':')[0]}:grantless"
    itself = Application(grant.token_url, grant.client_id, grant.client_secret)
    sellers, owns = (TokenStore(http, ShortLived("token", each), valkey) for each in (name, own))
    return Notifications(
        Caller(Account(name, url, grant, folder), http, sellers, limiter),
        Caller(Account(own, url, itself, folder, watched=name), http, owns, limiter),
    )


def queue_reader(queue: Queue, *, name: str) -> QueueReader:
    """An agency's own queue, watched by the breakers of the connection it serves. `name` is "agency:connection"."""
    return QueueReader(queue, partial(Breaker(redis.Redis.from_url(settings.RATES_URL)).watch, name))


def grant_of(credentials: dict[str, Any]) -> Grant:
    """Credentials as kept: a refresh token, and the application's own keys where the agency has its own."""
    return Grant(
        settings.LWA_URL,
        credentials.get("client_id") or settings.SP_API_CLIENT_ID,
        credentials.get("client_secret") or settings.SP_API_CLIENT_SECRET,
        credentials.get("refresh_token", ""),
    )


def consent_url(state: str, *, back: str, address: str = "") -> str:
    """Where the seller says yes. `state` comes back unchanged and must be compared with the session's.

    `back`: where to return to, as registered with the application. `address`: the consent page of the seller's own
    marketplace, if not the default one.
    """
    query = {"application_id": settings.SP_API_APPLICATION_ID, "state": state, "redirect_uri": back}
    return f"{address or settings.SP_API_CONSENT_URL}?{urlencode(query)}"


def redeem(code: str, *, redirect_uri: str = "") -> str:
    """A refresh token for the `spapi_oauth_code` of a consent redirect. Raises SourceError."""
    store = TokenStore(_http(), ShortLived("token"), None)
    return store.redeem(grant_of({}), code, redirect_uri)


def _http() -> Http:
    """Speaks TLS only; in development also plain HTTP with the hosts that the settings name, and takes their documents."""
    plain: frozenset[str] = frozenset()
    if settings.ALLOW_HTTP_OUTSIDE:
        named = (settings.SANDBOX_URL, settings.LWA_URL, *settings.SP_API_URLS.values())
        plain = frozenset(urlsplit(url).netloc for url in named if url.startswith("http://"))
    documents = Hosts((*settings.SP_API_DOCUMENT_HOSTS, *plain), insecure=settings.ALLOW_HTTP_OUTSIDE)
    return Http(user_agent=USER_AGENT, plain_hosts=plain, documents=documents)


def files(credentials: dict[str, Any], **_context: Any) -> Files:
    return Files()


def verify_files(credentials: dict[str, Any], **_context: Any) -> Verified:
    """Nothing to ask: files and pushed rows need no credentials of ours."""
    return Verified("", ())


def _amazon(key: str, every: int, promise: int, **plan: Any) -> Dataset:
    return Dataset(key, DATASETS[key], SpApi.datasets[key], every, promise, **plan)


_AMAZON = (
    Dataset("orders", DATASETS["orders"], SpApi.datasets["orders"], 15 * MINUTE, HOUR, 395, 30, 2 * HOUR, False, 10),
    Dataset("listings", _("Listings"), SpApi.datasets["listings"], 6 * HOUR, DAY, per_site=True, priority=20),
    Dataset("fba_stock", _("FBA stock"), SpApi.datasets["fba_stock"], HOUR, 3 * HOUR, per_site=True, priority=15),
    Dataset(
        "fba_planning", _("FBA planning"), SpApi.datasets["fba_planning"], 8 * HOUR, DAY, per_site=True, priority=30
    ),
    Dataset("traffic", _("Sales and traffic"), SpApi.datasets["traffic"], 12 * HOUR, 2 * DAY, 7, 7, 3 * DAY, True, 95),
    _amazon("health", DAY, 2 * DAY, priority=12),
    _amazon("shipments", HOUR, 6 * HOUR, history=75, window=75, overlap=2 * HOUR, priority=40),
    _amazon("feedback", DAY, 2 * DAY, history=395, window=60, overlap=58 * DAY, per_site=True, priority=80),
    _amazon("fba_returns", DAY, 2 * DAY, history=180, window=60, overlap=7 * DAY, per_site=True, priority=85),
    _amazon("merchant_returns", DAY, 2 * DAY, history=180, window=60, overlap=7 * DAY, per_site=True, priority=85),
)
_FILES = {key: Dataset(key, label, Files.datasets[key], 0, 0) for key, label in DATASETS.items()}
_CONSENT = (
    Field("refresh_token", _("Refresh token"), secret=True, help=_("Begins with Atzr| and belongs to one region.")),
    Field("seller_id", _("Merchant token"), help=_("Begins with A; Seller Central shows it under account info.")),
    Field("client_id", _("Client ID of your own application"), required=False),
    Field("client_secret", _("Client secret of your own application"), secret=True, required=False),
)
SOURCES: dict[str, SourceKind] = {
    kind.key: kind
    for kind in (
        SourceKind(
            "sp_api",
            _("Amazon Selling Partner API"),
            {dataset.key: dataset for dataset in _AMAZON},
            _CONSENT,
            sp_api,
            verify_sp_api,
            regions=("NA", "EU", "FE"),
            consents=True,
            notifies=sp_api_notifications,
        ),
        SourceKind("upload", _("Uploaded files"), _FILES, (), files, verify_files, pulls=False),
        SourceKind("push", _("ERP over our API"), _FILES, (), files, verify_files, pulls=False),
    )
}

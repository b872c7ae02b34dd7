"""All sources, as one table: what each brings, how often, and what it needs to know."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.sync.crypto import ShortLived
from apps.sync.http import Http
from apps.sync.limits import Limiter
from apps.sync.rows import RowType
from apps.sync.source import Source
from apps.sync.sources.files import Files
from apps.sync.sources.sp_api import Account, SpApi
from apps.sync.tokens import Grant, TokenStore

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
class Kind:
    """One kind of connection. `fields` are the credentials the wizard asks for; `build` makes the source."""

    key: str
    label: str | Promise
    datasets: dict[str, Dataset]
    fields: tuple[str, ...]
    build: Callable[..., Source]
    pulls: bool = True


def sp_api(credentials: dict[str, Any], *, name: str, region: str, folder: Path) -> SpApi:
    """The source for one consent. `name` is "agency:connection"."""
    http, valkey = _http(), redis.Redis.from_url(settings.RATES_URL)
    account = Account(name, settings.SP_API_URLS[region], grant_of(credentials), folder)
    limiter = Limiter(valkey)
    return SpApi(account, http, TokenStore(http, ShortLived("token", name), valkey), limiter)


def grant_of(credentials: dict[str, Any]) -> Grant:
    """Credentials as kept: a refresh token, and the application's own keys where the agency has its own."""
    return Grant(
        settings.LWA_URL,
        credentials.get("client_id") or settings.SP_API_CLIENT_ID,
        credentials.get("client_secret") or settings.SP_API_CLIENT_SECRET,
        credentials.get("refresh_token", ""),
    )


def redeem(code: str) -> str:
    """A refresh token for the code of a consent redirect. Raises SourceError."""
    store = TokenStore(_http(), ShortLived("token"), None)
    return store.redeem(grant_of({}), code)


def _http() -> Http:
    plain = frozenset()
    if settings.ALLOW_HTTP_OUTSIDE and settings.SANDBOX_URL:
        plain = frozenset({urlsplit(settings.SANDBOX_URL).netloc})
    return Http(user_agent=USER_AGENT, plain_hosts=plain)


def files(credentials: dict[str, Any], **_context: Any) -> Files:
    return Files()


_AMAZON = (
    Dataset("orders", _("Orders"), SpApi.datasets["orders"], 15 * MINUTE, HOUR, 395, 30, 2 * HOUR, False, 10),
    Dataset("listings", _("Listings"), SpApi.datasets["listings"], 6 * HOUR, DAY, per_site=True, priority=20),
    Dataset("fba_stock", _("FBA stock"), SpApi.datasets["fba_stock"], HOUR, 3 * HOUR, per_site=True, priority=15),
    Dataset(
        "fba_planning", _("FBA planning"), SpApi.datasets["fba_planning"], 8 * HOUR, DAY, per_site=True, priority=30
    ),
    Dataset(
        "traffic", _("Sales and traffic"), SpApi.datasets["traffic"], 12 * HOUR, 2 * DAY, 14, 14, 3 * DAY, True, 40
    ),
)
_FILES = {
    key: Dataset(key, label, Files.datasets[key], 0, 0)
    for key, label in {
        "orders": _("Orders"),
        "listings": _("Listings"),
        "fba_stock": _("FBA stock"),
        "fba_planning": _("FBA planning"),
        "own_stock": _("Own warehouses"),
        "costs": _("Costs"),
        "products": _("Products"),
    }.items()
}
SOURCES: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("sp_api", _("Amazon Selling Partner API"), {d.key: d for d in _AMAZON}, ("refresh_token",), sp_api),
        Kind("upload", _("Uploaded files"), _FILES, (), files, pulls=False),
        Kind("push", _("ERP over our API"), _FILES, (), files, pulls=False),
    )
}

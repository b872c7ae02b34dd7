"""The only HTTP client: status and content type come before the body, secrets never leave, errors say who must act."""

import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from apps.sync.addresses import Hosts, PublicOnly, Refused, Unknown
from apps.sync.source import Call, NeedsOwner, SourceError, TryLater, Unreadable

CONNECT_SECONDS, READ_SECONDS, DOWNLOAD_SECONDS = 5.0, 30.0, 300.0
ANSWER_BYTES = 64 * 2**20
DOWNLOAD_BYTES = 2 * 2**30
NO_HOSTS = Hosts()
NAMED = "only those of hosts that the settings name (SP_API_DOCUMENT_HOSTS for Amazon)"
# What a transport in dry run may still send besides GET: they change nothing on the other side.
HARMLESS = frozenset({"token", "createReport"})


class Throttled(TryLater):
    """Asked too often. `seconds` is what the other side (or our own bucket) told us to wait."""


class Transient(TryLater):
    """Down, slow, broken off, or an error page where data should be."""


class AuthExpired(NeedsOwner):
    """401 or 403: perhaps only an old access token. The caller refreshes once; a second one is `Forbidden`."""


class Forbidden(NeedsOwner):
    """Refused with a fresh token: role missing, wrong region, or consent withdrawn."""


class ConnectionRevoked(NeedsOwner):
    """The authorisation itself is gone: the seller has to consent again."""


class InvalidRequest(Unreadable):
    """The other side does not accept what we asked; repeating it would not help."""


class Conflict(InvalidRequest):
    """What we wanted to make is there already, or is in somebody's way."""


class NotFound(Unreadable):
    """What we asked about is not there (any more)."""


class ContractChanged(Unreadable):
    """An answer of a shape that we do not know."""


_SECRETS = (
    (re.compile(r"Atz[a-z]\|[^\s\"'&<]+"), "Atz…"),
    (re.compile(r"amzn1\.oa2-c[a-z0-9]*\.[^\s\"'&<]+"), "amzn1.oa2…"),
    (
        re.compile(
            r"(?i)((?:access|refresh|security)[_-]?token|client_secret|password|signature|credential|code)"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}<]+"
        ),
        r"\1\2…",
    ),
    (re.compile(r"(?i)bearer\s+[^\s\"']+"), "bearer …"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "…@…"),
    (re.compile(r"[\x00-\x1f\x7f]+"), " "),
)


def redact(text: str, limit: int = 400) -> str:
    """The beginning of a text, without tokens, secrets, mail addresses and control characters: fit for logs."""
    text = text[: 4 * limit]
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text[:limit]


@dataclass(frozen=True)
class Request:
    """One call. `operation` is the name by which it is limited and reported; `secret` headers are never shown."""

    operation: str
    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """A successful JSON answer; numbers with a fraction are Decimal."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    status: int


@dataclass(frozen=True)
class Download:
    """Bytes as they came, in a file that the caller owns."""

    path: Path
    size: int
    media_type: str
    charset: str


_clients: dict[tuple[int, str], httpx.Client] = {}
_lock = threading.Lock()


class _Public(httpx.HTTPTransport):
    """httpx's own, over connections to public addresses only."""

    def __init__(self, *, insecure: bool) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=20,
            max_keepalive_connections=10,
            keepalive_expiry=30,
            network_backend=PublicOnly(insecure=insecure),
        )


def client(host: str) -> httpx.Client:
    """One client per process and host: connections are kept, and a forked worker never shares its parent's."""
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30)
    return _kept(host, lambda: _client(limits=limits))


def public_client(*, insecure: bool) -> httpx.Client:
    """The one for addresses that somebody else names. `insecure` permits loopback."""
    return _kept(f"public {insecure}", lambda: _client(transport=_Public(insecure=insecure)))


def _kept(name: str, make: Callable[[], httpx.Client]) -> httpx.Client:
    key = (os.getpid(), name)
    with _lock:
        if key not in _clients:
            _clients[key] = make()
        return _clients[key]


def _client(**how: Any) -> httpx.Client:
    wait = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    return httpx.Client(timeout=wait, follow_redirects=False, trust_env=False, **how)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds named by `Retry-After`, as a number or as a date; None if absent or nonsense."""
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdigit():
        return min(float(value), 86400.0)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def failure(call: Call, headers: Mapping[str, str]) -> SourceError:
    """The error for a status that is not success. The body only serves as an excerpt: it decides nothing."""
    status, where = call.status, f"{call.operation}: HTTP {call.status}"
    said = f"{where} {call.excerpt}".strip()
    if status == 429:
        return Throttled(said, retry_after(headers)).during(call)
    if status >= 500 or status in (408, 425):
        return Transient(said, retry_after(headers)).during(call)
    if 300 <= status < 400:
        return ContractChanged(f"{where}: redirects are not followed").during(call)
    kinds = {401: AuthExpired, 403: AuthExpired, 404: NotFound, 409: Conflict, 410: NotFound}
    return kinds.get(status, InvalidRequest)(said).during(call)


class Http:
    """Sends requests. `plain_hosts` may be spoken to without TLS (a sandbox on this machine); nobody else may.

    Documents are fetched from addresses that the other side names: from those on `documents` only.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        plain_hosts: frozenset[str] = frozenset(),
        documents: Hosts = NO_HOSTS,
        dry_run: bool = False,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.user_agent = user_agent
        self.plain_hosts = plain_hosts
        self.documents = documents
        self.dry_run = dry_run
        self.read_seconds = read_seconds

    def json(self, request: Request) -> Answer:
        """Send and read one JSON object. Raises a SourceError for everything else."""
        with self._open(request, self.read_seconds) as response:
            deadline = time.monotonic() + 2 * self.read_seconds
            body = b"".join(_chunks(response, request.operation, ANSWER_BYTES, deadline))
            call = _call(request.operation, response, body)
            if not response.is_success:
                raise failure(call, response.headers)
            found = {} if response.status_code == 204 else _object(body, response, call)
            return Answer(found, response.headers, response.status_code)

    def download(self, request: Request, *, folder: Path, limit: int = DOWNLOAD_BYTES) -> Download:
        """Stream a body to a new file in `folder`; nothing is left behind if it fails.

        Raises ContractChanged for an address that is not on `documents`, or that leads into a private network.
        """
        if not self.documents.hold(request.url):
            raise ContractChanged(f"{request.operation}: documents of {_host(request.url)} are not fetched, {NAMED}")
        through = public_client(insecure=self.documents.insecure)
        with self._open(request, self.read_seconds, through) as response:
            if not response.is_success:
                deadline = time.monotonic() + self.read_seconds
                body = b"".join(_chunks(response, request.operation, 65536, deadline))
                raise failure(_call(request.operation, response, body), response.headers)
            media_type, charset = _media(response)
            deadline = time.monotonic() + DOWNLOAD_SECONDS
            path = _spool(_chunks(response, request.operation, limit, deadline, raw=True), folder)
            return Download(path, path.stat().st_size, media_type, charset)

    @contextmanager
    def _open(self, request: Request, seconds: float, through: httpx.Client | None = None) -> Iterator[httpx.Response]:
        self._permit(request)
        headers = {
            "user-agent": self.user_agent,
            "accept-encoding": "identity",
            **request.headers,
        }
        try:
            with (through or client(urlsplit(request.url).netloc)).stream(
                request.method,
                request.url,
                params=dict(request.params) or None,
                headers=headers,
                json=request.json,
                data=request.form,
                timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            ) as response:
                yield response
        except Unknown as error:
            call = Call(request.operation)
            raise Transient(f"{request.operation}: {_host(request.url)}: {error}").during(call) from None
        except Refused as error:
            raise ContractChanged(f"{request.operation}: {_host(request.url)}: {error}") from None
        except httpx.HTTPError as error:
            call = Call(request.operation, excerpt=redact(str(error)))
            raise Transient(f"{request.operation}: {type(error).__name__}").during(call) from None

    def _permit(self, request: Request) -> None:
        parts = urlsplit(request.url)
        plain = parts.scheme == "http" and parts.netloc in self.plain_hosts
        if not plain and parts.scheme != "https":
            raise InvalidRequest(f"{request.operation}: {parts.scheme}://{parts.hostname} is not allowed, only https")
        if self.dry_run and request.method != "GET" and request.operation not in HARMLESS:
            raise InvalidRequest(f"{request.operation}: dry run, nothing is written")


def _host(url: str) -> str:
    """Whose address it is, without what may be signed or secret in it."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2][:100]


def _chunks(
    response: httpx.Response,
    operation: str,
    limit: int,
    deadline: float,
    raw: bool = False,
) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_raw() if raw else response.iter_bytes():
        size += len(chunk)
        if size > limit:
            raise ContractChanged(f"{operation}: answer is larger than {limit} bytes")
        if time.monotonic() > deadline:
            raise Transient(f"{operation}: took too long").during(Call(operation))
        yield chunk


def _spool(chunks: Iterator[bytes], folder: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix="document-", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _media(response: httpx.Response) -> tuple[str, str]:
    media_type, _, rest = response.headers.get("content-type", "").partition(";")
    match = re.search(r"charset\s*=\s*\"?([\w.:-]+)", rest, re.IGNORECASE)
    return media_type.strip().lower(), match.group(1).lower() if match else ""


def _call(operation: str, response: httpx.Response, body: bytes) -> Call:
    headers = response.headers
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-rid") or headers.get("x-amz-request-id", "")
    return Call(
        operation,
        response.status_code,
        request_id[:100],
        redact(body[:2000].decode("utf-8", "replace")),
    )


def _object(body: bytes, response: httpx.Response, call: Call) -> dict[str, Any]:
    media_type, _ = _media(response)
    if "json" not in media_type:
        raise Transient(f"{call.operation}: {media_type or 'nothing'} instead of JSON").during(call)
    try:
        data = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise Transient(f"{call.operation}: broken JSON").during(call) from None
    if not isinstance(data, dict):
        raise ContractChanged(f"{call.operation}: not a JSON object").during(call)
    return data

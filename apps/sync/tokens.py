"""Access tokens of Login with Amazon: fetched once, kept encrypted in Valkey, shared by all workers."""

import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis import Redis, RedisError

from apps.sync.http import ConnectionRevoked, Http, InvalidRequest, Request, Transient
from apps.sync.source import Call, SourceError, TryLater

# An access token is given up this long before it ends, so that no call starts with one about to expire.
MARGIN_SECONDS = 120
WAIT_SECONDS = 5.0
LOCK_SECONDS = 40
# Only this one says that the seller's consent is gone; the others are faults of our own application's keys.
REVOKED = frozenset({"invalid_grant", "unauthorized_client"})
NOTIFICATIONS = "sellingpartnerapi::notifications"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Cipher(Protocol):
    """Authenticated encryption; `decrypt` raises if the text was changed or the key is gone."""

    def encrypt(self, plain: bytes) -> bytes: ...
    def decrypt(self, secret: bytes) -> bytes: ...


@dataclass(frozen=True)
class Grant:
    """A seller's lasting consent to one application, in one region."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Changes with the keys: after a new consent no token of the old one is used."""
        text = f"{self.token_url}\0{self.client_id}\0{self.refresh_token}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def form(self) -> dict[str, str]:
        """What the token endpoint is asked with."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


@dataclass(frozen=True)
class Application:
    """An application by itself, for the calls that concern no seller ("grantless"): one `scope` each."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = NOTIFICATIONS

    @property
    def fingerprint(self) -> str:
        """Changes with the keys: who does not know the secret is not given the token of who does."""
        text = f"{self.token_url}\0{self.client_id}\0{self.client_secret}\0{self.scope}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def form(self) -> dict[str, str]:
        """What the token endpoint is asked with."""
        return {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


class TokenStore:
    """Gives access tokens by connection ("agency:connection"). Without Valkey it works, only with more calls."""

    def __init__(
        self,
        http: Http,
        cipher: Cipher,
        redis: Redis | None,
        *,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self.http = http
        self.cipher = cipher
        self.redis = redis
        self.wait = wait

    def get(self, connection: str, grant: Grant | Application) -> str:
        """A token that is good for at least two minutes. Raises ConnectionRevoked if consent was withdrawn.

        Those of an application by itself are kept by agency: `connection` then is "agency:grantless".
        """
        key = f"lwa:{connection}:{grant.fingerprint}"
        try:
            return self._read(key) or self._single_flight(key, grant)
        except RedisError:
            return _token(self._ask(grant))[0]

    def forget(self, connection: str, grant: Grant | Application) -> None:
        """Drop a token that was refused, so that the next `get` asks for a new one."""
        try:
            if self.redis:
                self.redis.delete(f"lwa:{connection}:{grant.fingerprint}")
        except RedisError:
            return

    def redeem(self, grant: Grant, code: str, redirect_uri: str = "") -> str:
        """Exchange the code of a consent redirect (valid five minutes, once) for a refresh token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": grant.client_id,
            "client_secret": grant.client_secret,
        }
        answer = self._post(grant, form | ({"redirect_uri": redirect_uri} if redirect_uri else {}))
        if not answer.get("refresh_token"):
            raise InvalidRequest("token: the answer holds no refresh token")
        return str(answer["refresh_token"])

    def _read(self, key: str) -> str:
        secret = self.redis.get(key) if self.redis else None
        if not secret:
            return ""
        try:
            kept = json.loads(self.cipher.decrypt(secret.encode() if isinstance(secret, str) else secret))
        except Exception:
            return ""
        return str(kept["token"]) if kept.get("key") == key else ""

    def _single_flight(self, key: str, grant: Grant | Application) -> str:
        if self.redis is None:
            return _token(self._ask(grant))[0]
        mine, lock, deadline = (
            secrets.token_hex(16),
            f"{key}:lock",
            time.monotonic() + self.wait,
        )
        while not self.redis.set(lock, mine, nx=True, ex=LOCK_SECONDS):
            time.sleep(0.05)
            if token := self._read(key):
                return token
            if time.monotonic() > deadline:
                raise TryLater("token: another worker is still asking for it", 5)
        try:
            return self._read(key) or self._refresh(key, grant)
        finally:
            self.redis.eval(_RELEASE, 1, lock, mine)

    def _refresh(self, key: str, grant: Grant | Application) -> str:
        token, seconds = _token(self._ask(grant))
        kept = json.dumps({"key": key, "token": token}).encode()
        if seconds > MARGIN_SECONDS and self.redis:
            self.redis.set(key, self.cipher.encrypt(kept), ex=seconds - MARGIN_SECONDS)
        return token

    def _ask(self, grant: Grant | Application) -> dict[str, Any]:
        return self._post(grant, grant.form)

    def _post(self, grant: Grant | Application, form: dict[str, str]) -> dict[str, Any]:
        try:
            return self.http.json(Request("token", "POST", grant.token_url, form=form)).body
        except SourceError as error:
            raise _told(error, seller=isinstance(grant, Grant)) from None


def _told(error: SourceError, *, seller: bool) -> SourceError:
    """invalid_grant → revoked: the account stops. A wrong client secret is the agency's to mend as well."""
    call = error.call or Call("token")
    code = next(
        (word for word in (*REVOKED, "invalid_client") if f'"{word}"' in call.excerpt),
        "",
    )
    if code in REVOKED and seller:
        return ConnectionRevoked("token: the seller's authorisation was revoked or has expired").during(call)
    if code or call.status in (401, 403):
        return ConnectionRevoked("token: the application's client id or secret is not accepted").during(call)
    return error


def _token(answer: dict[str, Any]) -> tuple[str, int]:
    try:
        token, seconds = str(answer["access_token"]), int(answer["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise Transient("token: the answer holds no access token") from None
    return token, seconds

"""One call of the Selling Partner API: within its limit, with a token that is good, failing in one of the three ways."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.sync.breakers import Breaker
from apps.sync.http import AuthExpired, Forbidden, Http, Request, Throttled
from apps.sync.limits import Bucket, Limiter
from apps.sync.source import Call
from apps.sync.tokens import Application, Grant, TokenStore


@dataclass(frozen=True)
class Account:
    """Whose data, and how to reach it. `name` ("agency:connection") separates tokens, rate limits and breakers.

    For calls of an application by itself the grant is an Application, and the name "agency:grantless"; `watched` then is
    the connection in whose service they are made: its breakers count them, so that one region's silence is not another's.
    """

    name: str
    url: str
    grant: Grant | Application
    folder: Path
    watched: str = ""


class Caller:
    """Calls in the name of one account."""

    def __init__(self, account: Account, http: Http, tokens: TokenStore, limiter: Limiter) -> None:
        self.account, self.http, self.tokens, self.limiter = account, http, tokens, limiter
        self.breaker = Breaker(limiter.redis)

    def watch(self, operation: str) -> AbstractContextManager[None]:
        """What is called inside counts for the account's breaker of an operation, and waits while that is open."""
        return self.breaker.watch(self.account.watched or self.account.name, operation)

    def call(self, operation: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON answer to one call within its limit; a token that was refused is renewed once."""
        with self.watch(operation):
            return self._answer(operation, method, path, body)

    def _answer(self, operation: str, method: str, path: str, body: Any) -> dict[str, Any]:
        name, grant = self.account.name, self.account.grant
        bucket = Bucket(grant.client_id, "grantless" if isinstance(grant, Application) else name, operation)
        for attempt in (1, 2):
            self.limiter.acquire(bucket)
            headers = {"x-amz-access-token": self.tokens.get(name, grant), "x-amz-date": iso(datetime.now(UTC))}
            try:
                answer = self.http.json(Request(operation, method, self.account.url + path, headers=headers, json=body))
            except Throttled as busy:
                busy.seconds = self.limiter.exhausted(bucket, busy.seconds)
                raise
            except AuthExpired as refused:
                self.tokens.forget(name, grant)
                if attempt == 2:
                    call = refused.call or Call(operation)
                    raise Forbidden(f"{operation}: Amazon refuses access: {call.excerpt}").during(call) from None
                continue
            self.limiter.learn(bucket, answer.headers)
            return answer.body
        raise AssertionError("unreachable")


def iso(at: datetime) -> str:
    """A moment as Amazon writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

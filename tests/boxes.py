"""Sandboxes as processes of their own, and callers that speak to them as a stranger would."""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(method: str, url: str, body: bytes | None = None, timeout: float = 30, **headers: str) -> Answer:
    """One request; a status that is no success is an answer, too."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@dataclass
class Box:
    """One sandbox process. Its clock stands still unless `words` say otherwise."""

    state: Path
    words: tuple[str, ...] = ()
    now: datetime = NOW
    speed: float = 0
    scale: float = 0.25  # of the usual demand: a smaller ledger, the same catalogue
    port: int = 0  # 0: any that is free
    address: str = ""
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin; `wait` until it answers."""
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port), "--state", str(self.state)]
        command += ["--now", self.now.isoformat(), "--speed", str(self.speed)]
        command += ["--scale", str(self.scale), *self.words]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def wait(self) -> None:
        self.address = self.process.stdout.readline().split()[-1]

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)

    def desk(self, path: str, body: dict[str, Any] | None = None, method: str = "") -> Any:
        """The sandbox's own desk: `/_sandbox/<path>`. Fails on anything but success."""
        data = None if body is None else json.dumps(body).encode()
        answer = call(
            method or ("POST" if body is not None else "GET"),
            f"{self.address}/_sandbox/{path}",
            data,
            content_type="application/json",
        )
        assert answer.status == 200, answer.body
        return answer.json

    def calm(self, factor: float = 20) -> None:
        """No faults, full buckets."""
        self.desk("faults", method="DELETE")
        self.desk("throttle", {"factor": factor})

    def partner(self, account: str) -> dict[str, Any]:
        return next(each for each in self.desk("partners") if each["id"] == account)

    def caller(self, account: str) -> "Caller":
        return Caller(self.partner(account))

    def lines(self, account: str = "", since: str = "") -> list[dict[str, Any]]:
        """The ledger of truth, line by line; `since` names the first day of purchase."""
        lines: list[dict[str, Any]] = self.desk(f"truth/orders?partner={quote(account)}&from={since}")["lines"]
        return lines


def copied(state: Path, folder: Path) -> Path:
    """A world that was made already, for a process of one's own."""
    shutil.copytree(state, folder, dirs_exist_ok=True)
    return folder


class Caller:
    """Speaks for one seller's consent, with the bare library of Python."""

    def __init__(self, partner: dict[str, Any]) -> None:
        self.partner = partner
        self.token = self.sign_in().json["access_token"]

    def sign_in(self, **other: str) -> Answer:
        """The token endpoint's answer to this consent; `other` replaces fields of the form."""
        form = {name: self.partner[name] for name in ("refresh_token", "client_id", "client_secret")}
        form = {"grant_type": "refresh_token", **form, **other}
        kind = "application/x-www-form-urlencoded"
        return call("POST", self.partner["token_url"], urlencode(form).encode(), content_type=kind)

    def __call__(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        timeout: float = 30,
        **query: Any,
    ) -> Answer:
        url = self.partner["endpoint"] + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"content_type": "application/json", "x_amz_access_token": self.token if token is None else token}
        return call(method, url, data, timeout, **headers)

    def grantless(self) -> str:
        """An access token of the application's own, for notifications."""
        answer = self.sign_in(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
        return str(answer.json["access_token"])

    @property
    def marketplace(self) -> str:
        """The id of its first marketplace."""
        return str(self.partner["marketplace_ids"][0])

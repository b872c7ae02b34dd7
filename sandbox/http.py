"""Requests, responses and errors as plain objects, apart from the socket server."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.world.partners import Authorisation


def _is_ours(host: str, reached: str) -> bool:
    """A name, or an address that can be this machine's."""
    name = host.rpartition(":")[0] or host
    if not re.fullmatch(r"[\w.-]+", name):
        return False
    return not re.fullmatch(r"[\d.]+", name) or name.startswith("127.") or host == reached


@dataclass
class Request:
    """One HTTP request. ``query`` keeps every value of a repeated parameter; header names are lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    auth: Authorisation | None = None
    reached: str = "127.0.0.1"  # address and port the connection came in at

    @property
    def base_url(self) -> str:
        """Scheme and host the client itself used, so that URLs we hand out lead back here.

        Some clients cut their Host header wrongly; then it is the address they came in at.
        """
        host = self.headers.get("host", "")
        return f"http://{host if _is_ours(host, self.reached) else self.reached}"

    def first(self, name: str, default: str = "") -> str:
        """First value of a query parameter."""
        return self.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """Values of a list parameter: repeated, or separated by commas, or both."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def form(self) -> dict[str, str]:
        """Body as form fields; JSON objects are taken as well, as Amazon does."""
        if "json" in self.headers.get("content-type", ""):
            return {k: str(v) for k, v in self.json().items()}
        return {k: v[0] for k, v in parse_qs(self.body.decode("utf-8", "replace")).items()}

    def json(self) -> dict:
        """Body as a JSON object; ApiError 400 otherwise."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise ApiError(400, "InvalidInput", "Could not parse the request body.") from error
        if not isinstance(value, dict):
            raise ApiError(400, "InvalidInput", "The request body must be an object.")
        return value


@dataclass
class Response:
    """One HTTP response. ``wire`` asks the server for trouble on the socket: ``hang`` seconds, or ``reset``."""

    status: int = 200
    body: bytes = b""
    type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> "Response":
        """A JSON answer."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), headers=dict(headers))


class ApiError(Exception):
    """An error in the shape of the Selling Partner API."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details

    def response(self) -> Response:
        """``{"errors": [...]}`` with the status."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return Response.json({"errors": [error]}, self.status)

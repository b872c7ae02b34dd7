"""Sends to addresses that people typed in: resolved once, refused if private, connected to exactly that address.

A name may resolve to something harmless when it is checked and to our own network when it is used; so the address
that was checked is the one that is connected to, with the name kept for TLS and the Host header.
"""

import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from apps.sync.addresses import Refused, resolved
from apps.sync.http import redact

CONNECT_SECONDS, TOTAL_SECONDS, ANSWER_BYTES = 5.0, 15.0, 4096


def post(
    url: str, body: bytes, headers: dict[str, str], *, insecure: bool = False, plain: bool = False
) -> tuple[int, str]:
    """(status, beginning of the answer). Raises Refused. `insecure` permits http and loopback: development only.

    `plain`: the answer as it is, for a caller that reads it, and redacts what it keeps.
    """
    parts = urlsplit(url)
    host, port = checked(url, insecure=insecure)
    address = resolved(host, port, insecure=insecure)[0]
    literal = f"[{address}]" if ":" in address else address
    target = f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    head = {"host": parts.netloc.rpartition("@")[2], "user-agent": "Storewright-Webhooks/1", **headers}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=_Hurried(TOTAL_SECONDS)
            ) as pool,
            pool.stream("POST", target, headers=head, content=body, extensions={"sni_hostname": host}) as answer,
        ):
            said = b""
            for piece in answer.iter_stream():
                said += piece
                if len(said) >= ANSWER_BYTES:
                    break
            text = said.decode("utf-8", "replace")
            return answer.status, text if plain else redact(text, 200)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Refused(f"{type(error).__name__}: {redact(str(error), 150)}") from None


class _Hurried(httpcore.SyncBackend):
    """One deadline for everything: who answers a byte at a time would else hold a worker for hours."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> httpcore.NetworkStream:
        return _HurriedStream(super().connect_tcp(host, port, timeout=CONNECT_SECONDS, **more), self.end)


class _HurriedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, end: float) -> None:
        self.stream, self.end = stream, end

    def _left(self) -> float:
        if (left := self.end - time.monotonic()) <= 0:
            raise httpcore.ReadTimeout("the answer took too long")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout=self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout=self._left())

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _HurriedStream(self.stream.start_tls(ssl_context, server_hostname, timeout=self._left()), self.end)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def checked(url: str, *, insecure: bool = False) -> tuple[str, int]:
    """(host, port) of an address that may be sent to. Raises Refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("this is not an address") from None
    if parts.username or parts.password:
        raise Refused("the address must not hold a user name or password")
    if parts.scheme != "https" and not (insecure and parts.scheme == "http"):
        raise Refused("only https:// is allowed")
    if not parts.hostname:
        raise Refused("this is not an address")
    usual = 443 if parts.scheme == "https" else 80
    if port not in (None, 443) and not insecure:
        raise Refused("only port 443 is allowed")
    return parts.hostname, port or usual

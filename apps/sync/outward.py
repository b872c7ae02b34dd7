"""Sends to addresses that people typed in: resolved once, refused if private, connected to exactly that address.

A name may resolve to something harmless when it is checked and to our own network when it is used; so the address
that was checked is the one that is connected to, with the name kept for TLS and the Host header.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from apps.sync.http import redact

CONNECT_SECONDS, TOTAL_SECONDS, ANSWER_BYTES = 5.0, 15.0, 4096
_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """It was not sent, or nobody answered."""


def post(url: str, body: bytes, headers: dict[str, str], *, insecure: bool = False) -> tuple[int, str]:
    """(status, beginning of the answer). Raises Refused. `insecure` permits http and loopback: development only."""
    parts = urlsplit(url)
    host, port = checked(url, insecure=insecure)
    address = resolved(host, port, insecure=insecure)
    literal = f"[{address}]" if ":" in address else address
    target = f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        with (
            httpx.Client(
                timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS), follow_redirects=False, trust_env=False
            ) as client,
            client.stream(
                "POST",
                target,
                content=body,
                headers={"host": parts.netloc.rpartition("@")[2], "user-agent": "Storewright-Webhooks/1", **headers},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            said = next(answer.iter_bytes(ANSWER_BYTES), b"")
            return answer.status_code, redact(said.decode("utf-8", "replace"), 200)
    except httpx.HTTPError as error:
        raise Refused(f"{type(error).__name__}: {redact(str(error), 150)}") from None


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


def resolved(host: str, port: int, *, insecure: bool = False) -> str:
    """The one address to connect to. Raises Refused if the name leads (also) into a private network."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Refused("the name cannot be resolved") from None
    for each in found:
        if not public(str(each), insecure=insecure):
            raise Refused("the address leads into a private network")
    return min(map(str, found))


def public(text: str, *, insecure: bool = False) -> bool:
    """May we connect there? Loopback only where `insecure`."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return public(str(address.ipv4_mapped), insecure=insecure)
        if address in _NAT64 or address.sixtofour or address.teredo:
            return False
    elif address in _CARRIER:
        return False
    if address.is_loopback:
        return insecure
    return address.is_global and not address.is_multicast

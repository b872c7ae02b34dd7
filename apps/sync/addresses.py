"""Where we may connect to: public addresses, checked after the name was resolved and just before it is used."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """We do not connect there, or nobody answered."""


class Unknown(Refused):
    """The name has no address, at least not now."""


@dataclass(frozen=True)
class Hosts:
    """Hosts that a source may name to fetch from: `*` stands for the part of a name between two dots, `host:port` for a port.

    `insecure` permits loopback: development only.
    """

    names: tuple[str, ...] = ()
    insecure: bool = False

    def hold(self, url: str) -> bool:
        """Is the address on one of them, and without anything that hides where it leads?"""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            return False
        if "@" in parts.netloc or not host.isascii():
            return False
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        place = host if port in (None, usual) else f"{host}:{port}"
        return any(_like(name).fullmatch(place) for name in self.names)


def _like(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name.lower()).replace(r"\*", "[a-z0-9_-]+"))


class PublicOnly(httpcore.SyncBackend):
    """Connects to the very address that was checked: a name may lead elsewhere a moment later."""

    def __init__(self, *, insecure: bool = False) -> None:
        self.insecure = insecure

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = resolved(host, port, insecure=self.insecure)
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
        return super().connect_tcp(last, port, timeout, local_address, socket_options)


def resolved(host: str, port: int, *, insecure: bool = False) -> list[str]:
    """The addresses to connect to. Raises Refused if the name leads (also) into a private network."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Unknown("the name cannot be resolved") from None
    if not all(public(each, insecure=insecure) for each in found):
        raise Refused("the address leads into a private network")
    return sorted(found)


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

"""The embedded Valkey (speaks Redis), reachable by a unix socket only."""

import contextlib
import socket
from pathlib import Path

from stack.place import Place
from stack.process import Child


def _socket(place: Place) -> Path:
    return place.sockets / "valkey.sock"


def url(place: Place) -> str:
    return f"unix://{_socket(place)}"


def start(place: Place) -> Child:
    _socket(place).unlink(missing_ok=True)
    keep = "no" if place.profile == "test" else "yes"
    command = [place.valkey_binary, "--port", "0", "--unixsocket", _socket(place), "--unixsocketperm", "700"]
    command += ["--dir", place.valkey_data, "--save", "", "--appendonly", keep, "--daemonize", "no"]
    child = Child.start("valkey", command, place.logs / "valkey.log")
    child.wait_until(lambda: _answers(place))
    return child


def _answers(place: Place) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(_socket(place)))
        connection.sendall(b"PING\r\n")
        return connection.recv(5) == b"+PONG"
    return False

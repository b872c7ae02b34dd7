"""A receiver of webhooks that answers a byte at a time holds no worker longer than the deadline."""

import socket
import time
from threading import Thread

import pytest

from apps.sync import outward


class Dripping:
    """Answers `head` at once and then one byte every 50 ms."""

    def __init__(self, head: bytes) -> None:
        self.head, self.socket = head, socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        caller, _address = self.socket.accept()
        with caller:
            caller.recv(65536)
            caller.sendall(self.head)
            try:
                for _ in range(200):
                    caller.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                return


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n"], ids=["head", "body"]
)
def test_the_deadline_is_for_all_of_the_answer(monkeypatch, head):
    monkeypatch.setattr(outward, "TOTAL_SECONDS", 0.5)
    receiver, begun = Dripping(head), time.monotonic()
    with pytest.raises(outward.Refused, match="took too long|timed out"):
        outward.post(receiver.url, b"{}", {}, insecure=True)
    assert time.monotonic() - begun < 3
    receiver.socket.close()


def test_a_quick_answer_is_read(monkeypatch):
    receiver = Dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab")
    assert outward.post(receiver.url, b"{}", {}, insecure=True) == (200, "abx")
    receiver.socket.close()

"""A few of Amazon's answers on loopback, told one by one: for failures that must come at one exact moment."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What to answer. A dict goes out as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Counter:
    """A server that answers by (method, path without query); each list's last reply is repeated."""

    url: str = ""
    host: str = ""
    replies: dict[str, list[Reply | Callable[[], Reply]]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def say(self, where: str, *replies: Reply | Callable[[], Reply]) -> None:
        self.replies[where] = list(replies)

    def asked(self, where: str) -> int:
        return sum(call[0] == where for call in self.calls)

    def answer(self, where: str) -> Reply:
        waiting = self.replies.get(where)
        if not waiting:
            return Reply({"errors": [{"code": "NotFound"}]}, 404)
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return reply() if callable(reply) else reply


@contextmanager
def counter() -> Iterator[Counter]:
    """A running server, gone at the end."""
    desk = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = f"{self.command} {self.path.partition('?')[0]}"
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            desk.calls.append((where, {k.lower(): v for k, v in self.headers.items()}, body))
            reply = desk.answer(where)
            content = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body
            headers = {"content-type": "application/json" if isinstance(reply.body, dict) else "text/plain"}
            self.send_response(reply.status)
            for name, value in (headers | {"content-length": str(len(content))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_words: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    desk.host = f"127.0.0.1:{server.server_port}"
    desk.url = f"http://{desk.host}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()

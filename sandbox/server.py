"""The socket server: threads, HTTP/1.1, and the troubles that happen on the wire."""

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sandbox.http import Request, Response
from sandbox.routes import answer
from sandbox.service import Sandbox

MAX_BODY = 10_000_000


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Sandbox", ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: "Server"

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self._send(Response(413, b"", "text/plain"))
            return
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {k.lower(): v for k, v in self.headers.items()},
            self.rfile.read(length),
            reached="{}:{}".format(*self.connection.getsockname()[:2]),
        )
        response = answer(self.server.sandbox, request)
        if response.delay:
            time.sleep(response.delay)
        if response.reset:
            self._reset()
            return
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Type", response.type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = _serve

    def log_message(self, format: str, *args: object) -> None:
        """No access log: calls are in the ledger of truth."""


class Server(ThreadingHTTPServer):
    """Threads per connection, for one sandbox."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__((host, port), Handler)

    def shutdown_request(self, request: socket.socket) -> None:
        """Not politely where a reset is wanted: the base class says goodbye before it closes."""
        if struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are no error."""

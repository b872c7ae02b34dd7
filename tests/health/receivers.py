"""Who is told: an SMTP server, and chats and webhooks over HTTP. Real sockets of this machine."""

import base64
import hashlib
import hmac
import json
import socket
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

SECRET = "SEC-of-this-test"


class Post:
    """An SMTP server that keeps what it is given, unless it is told to refuse."""

    def __init__(self):
        self.mails, self.refuse, self.port = [], False, 0

    @contextmanager
    def open(self):
        """Listens, at `port`."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        server = Controller(self, hostname="127.0.0.1", port=self.port)
        server.start()
        try:
            yield self
        finally:
            server.stop()

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 not now"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


class Chat:
    """Answers as each chat does, and only to what is signed as it asks."""

    def __init__(self):
        self.got, self.broken = [], False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, said = outer.answer(self.path, body, {k.lower(): v for k, v in self.headers.items()})
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @contextmanager
    def open(self):
        """Listens, at `url`."""
        Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()

    def answer(self, path, body, headers):
        kind = urlsplit(path).path.strip("/")
        said = json.loads(body)
        if self.broken:
            return 503, {"code": 1}
        self.got.append((kind, path, said, body, headers))
        return 200, {
            "feishu": lambda: {"code": 0 if self.feishu(said) else 19021, "msg": "sign match fail"},
            "dingtalk": lambda: {"errcode": 0 if self.dingtalk(path) else 310000, "errmsg": "sign not match"},
        }.get(kind, lambda: {"errcode": 0})()

    @staticmethod
    def feishu(said):
        key = f"{said['timestamp']}\n{SECRET}".encode()
        return said["sign"] == base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()

    @staticmethod
    def dingtalk(path):
        query = parse_qs(urlsplit(path).query)
        stamp = query["timestamp"][0]
        right = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        return query["sign"][0] == base64.b64encode(right).decode() and query["access_token"] == ["t"]

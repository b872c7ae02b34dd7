"""``python -m sandbox --port 8900 --state DIR``."""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.clock import parse
from sandbox.post import Address
from sandbox.server import Server
from sandbox.service import Options, Sandbox

KEEP_SECONDS, POST_SECONDS = 20.0, 0.25


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("sandbox", description=sys.modules["sandbox"].__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--state", type=Path, required=True, help="folder for the world, the clock and documents")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--now", help="sandbox time to start at (ISO); default: where it was, else the real time")
    parser.add_argument("--speed", type=float, help="sandbox seconds per second; 0 stands still (default 1)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies demand")
    parser.add_argument("--fast", action="store_true", help="100 times the rates, reports ready within a second")
    parser.add_argument("--notify", metavar="URL", help="POST notifications there, too")
    parser.add_argument("--notify-secret", default="", help="sent with them as x-api-key")
    return parser.parse_args(words)


def main(words: list[str]) -> None:
    """Serve until SIGTERM or SIGINT; then keep the world."""
    given = arguments(words)
    now = parse(given.now) if given.now else None
    sandbox = Sandbox(Options(given.state, given.seed, now, given.speed, given.scale, given.fast))
    if given.notify:
        sandbox.post.add(Address(given.notify, secret=given.notify_secret))
    server = Server(given.host, given.port, sandbox)
    threading.Thread(target=sandbox.keep_every, args=(KEEP_SECONDS,), daemon=True).start()
    threading.Thread(target=sandbox.post.work, args=(POST_SECONDS,), daemon=True).start()

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"sandbox on http://{given.host}:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    sandbox.keep()


if __name__ == "__main__":
    main(sys.argv[1:])

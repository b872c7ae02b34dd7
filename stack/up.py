"""`make up`: the whole product on this machine, with demo data from the sandbox."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack import services
from stack.place import ROOT, Place, state_folder
from stack.process import Child, Kept, stop_all

HOST = "127.0.0.1"
LARGEST_LOG = 10 * 2**20
SECONDS_TO_STOP = 15.0


@dataclass
class House:
    """What `up` has started so far, and how the programs find each other."""

    place: Place
    servers: services.Running
    port: int
    sandbox_port: int
    programs: list[Kept] = field(default_factory=list)
    application: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def outside(self) -> dict[str, str]:
        """Where the product finds itself and the marketplaces: here the sandbox; what is set already wins."""
        ours = {
            "BASE_URL": self.address,
            "SANDBOX_URL": self.sandbox,
            "LWA_URL": f"{self.sandbox}/auth/o2/token",
            "SQS_URL": f"{self.sandbox}/_sqs",
            **{f"SP_API_{region}_URL": f"{self.sandbox}/{region.lower()}" for region in ("NA", "EU", "FE")},
            "ALLOW_HTTP_OUTSIDE": "1",
            "DEMO_FILE": str(state_folder() / "demo.json"),
            **self.application,
        }
        return {key: os.environ.get(key) or value for key, value in ours.items()}

    def keep(self, name: str, command: Sequence[object], **variables: str) -> Kept:
        log = self.place.logs / f"{name}.log"
        env = {**self.servers.environment, **self.outside, **variables}
        kept = Kept(lambda: Child.start(name, command, log, env=env, cwd=ROOT))
        self.programs.append(kept)
        return kept

    def manage(self, *words: str, owner: bool = False) -> None:
        """Run a management command to its end, in this terminal. SystemExit if it fails."""
        env = (self.servers.owner_environment if owner else self.servers.environment) | self.outside
        done = subprocess.run([sys.executable, "manage.py", *words], env=env, cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)

    def watch(self) -> None:
        """Keep everything alive until we are told to leave."""
        while True:
            for each in [*self.servers.kept, *self.programs]:
                if news := each.check():
                    say(news)
            time.sleep(0.2)


def run() -> int:
    began = time.monotonic()
    port = int(os.environ.get("PORT") or 8000)
    sandbox_port = int(os.environ.get("SANDBOX_PORT") or port + 1)
    _refuse_busy_ports(port, sandbox_port)
    place = Place.of("dev")
    _rotate(place.logs)
    with services.running("dev", wait_for_others=False) as servers:
        house = House(place, servers, port, sandbox_port)
        say(f"servers are up ({time.monotonic() - began:.1f} s)")
        try:
            _open(house, began)
            house.watch()
        finally:
            say("stopping")
            stop_all(house.programs, SECONDS_TO_STOP)
    return 0


def say(text: str) -> None:
    print(text, flush=True)


def _open(house: House, began: float) -> None:
    sandbox = _start_sandbox(house)
    with _timed("tables are up to date"):
        house.manage("migrate", "--verbosity", "0", owner=True)
    if sandbox:
        _wait_for(f"{house.sandbox}/healthz", sandbox)
        house.application = _application(house)
    _start_product(house)
    _wait_for(f"{house.address}/healthz", house.programs[-1])
    say(f"{house.address} answers ({time.monotonic() - began:.1f} s)")
    if list(ROOT.glob("apps/*/management/commands/seed_demo.py")):
        with _timed("demo data is in place"):
            house.manage("seed_demo")
    _greet(house, began)


def _start_sandbox(house: House) -> Kept | None:
    if not (ROOT / "sandbox/__main__.py").exists():
        return None
    state = house.place.state / "sandbox"
    state.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "--port", house.sandbox_port, "--state", state, "--fast"]
    return house.keep("sandbox", command)


def _application(house: House) -> dict[str, str]:
    """Our application as the sandbox knows it: what the connection wizard needs to ask for consent there."""
    with urllib.request.urlopen(f"{house.sandbox}/_sandbox/partners", timeout=30) as answer:
        partner = json.load(answer)[0]
    return {
        "SP_API_APPLICATION_ID": partner["application_id"],
        "SP_API_CLIENT_ID": partner["client_id"],
        "SP_API_CLIENT_SECRET": partner["client_secret"],
        "SP_API_CONSENT_URL": f"{house.sandbox}/apps/authorize/consent",
    }


def _start_product(house: House) -> None:
    binaries = Path(sys.executable).parent
    celery = [binaries / "celery", "-A", "config"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    as_worker = {"DJANGO_WORKER": "1"}
    # Two processes, so that nobody who clicks waits behind a night's reports.
    house.keep("worker", [*worker, "-n", "worker@%h", "-Q", "command,interactive", "-c", "2"], **as_worker)
    house.keep("sync", [*worker, "-n", "sync@%h", "-Q", "sync,bulk", "-c", "4"], **as_worker)
    house.keep("beat", [*celery, "beat", "--schedule", house.place.state / "beat", "--pidfile", ""], **as_worker)
    web = [binaries / "gunicorn", "config.wsgi", "--bind", f"{HOST}:{house.port}", "--worker-class", "gthread"]
    web += ["--workers", "2", "--threads", "4"]
    house.keep("web", web, DB_POOL="1")


def _refuse_busy_ports(*ports: int) -> None:
    for name, port in zip(("PORT", "SANDBOX_PORT"), ports, strict=True):
        with socket.socket() as probe:
            # As gunicorn does: a port in TIME_WAIT after the last run is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise SystemExit(f"Port {port} is taken. Choose another one: make up {name}={port + 1000}") from None


def _wait_for(url: str, kept: Kept, seconds: float = 120) -> None:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    kept.child.wait_until(answers, seconds)


def _greet(house: House, began: float) -> None:
    say(f"\nStorewright runs at {house.address} ({time.monotonic() - began:.0f} s). Logs: {house.place.logs}")
    for login in _logins(Path(house.outside["DEMO_FILE"])):
        say(f"  {login['agency'] or 'platform':9} {login['role']:9} {login['email']:32} {login['password']}")
    say("Ctrl-C stops everything.\n")


def _logins(path: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError):
        logins: list[dict[str, Any]] = json.loads(path.read_text()).get("users", [])
        return logins
    return []


def _rotate(logs: Path) -> None:
    for log in logs.glob("*.log"):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


@contextlib.contextmanager
def _timed(done: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{done} ({time.monotonic() - began:.1f} s)")

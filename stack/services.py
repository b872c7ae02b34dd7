"""PostgreSQL and Valkey for one profile, started by the first who needs them and shared by the rest."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from stack import postgres, secret, valkey
from stack.place import Place
from stack.process import Kept, stop_all


@dataclass(frozen=True)
class Running:
    """Servers that run: how a program finds them, and those that are ours to keep alive."""

    env: dict[str, str]
    kept: list[Kept] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment for a program that serves."""
        return {**os.environ, **self.env}

    @property
    def owner_environment(self) -> dict[str, str]:
        """The same for a program that changes tables: migrations, and making the tests' database."""
        env = self.environment
        return env | {"DATABASE_URL": env["DATABASE_OWNER_URL"], "DJANGO_ROLE": "owner"}


def given() -> bool:
    """Whether the environment already names servers: then none are started."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


@contextlib.contextmanager
def running(profile: str, *, wait_for_others: bool = True) -> Iterator[Running]:
    """The servers of a profile, and the variables that tell a program where they, its documents and its keys are.

    The first process starts the servers and stops them at the end; a second one meanwhile shares them. The first
    waits for those who share, unless `wait_for_others` is False. Variables already set win.
    """
    place = Place.of(profile)
    extra = _beside_the_servers(place)
    if given():
        if not os.environ.get("DATABASE_OWNER_URL"):
            raise SystemExit("DATABASE_URL is set, so DATABASE_OWNER_URL is needed too: migrations run as the owner.")
        yield Running(extra)
        return
    with _lock(place, "starter.lock") as starter, _lock(place, "users.lock") as users:
        shared = _join(place, starter, users)
        if shared is not None:
            yield Running(shared | extra)
            return
        with _started(place) as ours:
            yield Running(ours.env | extra, ours.kept)
            if wait_for_others:
                fcntl.flock(users, fcntl.LOCK_EX)


def _join(place: Place, starter: IO[str], users: IO[str], seconds: float = 90) -> dict[str, str] | None:
    """The variables of servers that another process runs, or None: then we hold the lock and must start them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if _try(starter, fcntl.LOCK_EX):
            return None
        if _try(users, fcntl.LOCK_SH):
            with contextlib.suppress(FileNotFoundError):
                env: dict[str, str] = json.loads((place.state / "env.json").read_text())
                return env
            fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(0.1)
    raise SystemExit(f"Another process is starting or stopping the servers in {place.state}, and does not finish.")


@contextlib.contextmanager
def _started(place: Place) -> Iterator[Running]:
    env_file = place.state / "env.json"
    env_file.unlink(missing_ok=True)
    kept: list[Kept] = []
    try:
        kept.append(Kept(lambda: postgres.start(place)))
        kept.append(Kept(lambda: valkey.start(place)))
        env = {
            "DATABASE_URL": postgres.url(place, "app"),
            "DATABASE_OWNER_URL": postgres.url(place, "owner"),
            "DATABASE_PLATFORM_URL": postgres.url(place, "platform"),
            "REDIS_URL": valkey.url(place),
        }
        secret.write_private(env_file, json.dumps(env | _beside_the_servers(place), indent=1))
        yield Running(env, kept)
    finally:
        env_file.unlink(missing_ok=True)
        stop_all(kept, seconds=20)


def _beside_the_servers(place: Place) -> dict[str, str]:
    documents = place.state / "documents"
    documents.mkdir(exist_ok=True)
    ours = {"DOCUMENTS_URL": documents.as_uri(), **secret.load_or_make(place.state)}
    return {key: os.environ.get(key) or value for key, value in ours.items()}


@contextlib.contextmanager
def _lock(place: Place, name: str) -> Iterator[IO[str]]:
    path: Path = place.state / name
    with path.open("a+") as handle:
        yield handle


def _try(handle: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

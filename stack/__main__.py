"""python -m stack

up                    everything, with demo data (PORT, SANDBOX_PORT)
exec [--owner] -- CMD run CMD with the servers up; --owner as the role that migrates
services              the servers alone, until Ctrl-C; prints their variables
wipe                  forget all data of this checkout

STOREWRIGHT_STATE names the state folder (default: var), STOREWRIGHT_PROFILE dev or test (default: dev).
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from types import FrameType

from stack import services, up
from stack.place import PROFILES, Place


def main(words: list[str]) -> int:
    profile = os.environ.get("STOREWRIGHT_PROFILE", "dev")
    signal.signal(signal.SIGTERM, _leave)
    match words:
        case ["up"]:
            return up.run()
        case ["exec", "--owner", "--", *command] if command:
            return _exec(profile, command, owner=True)
        case ["exec", "--", *command] if command:
            return _exec(profile, command, owner=False)
        case ["services"]:
            return _services(profile)
        case ["wipe"]:
            for name in PROFILES:
                Place.of(name).wipe()
            return 0
    print(__doc__, file=sys.stderr)
    return 2


def _exec(profile: str, command: list[str], *, owner: bool) -> int:
    with services.running(profile) as servers:
        return subprocess.call(command, env=servers.owner_environment if owner else servers.environment)


def _services(profile: str) -> int:
    with services.running(profile, wait_for_others=False) as servers:
        for key, value in servers.env.items():
            print(f"export {key}={shlex.quote(value)}", flush=True)
        while True:
            for each in servers.kept:
                if news := each.check():
                    print(f"# {news}", flush=True)
            time.sleep(0.5)


def _leave(number: int, _frame: FrameType | None) -> None:
    # As an exception, so that every `with` on the way out stops what it started.
    sys.exit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

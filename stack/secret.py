"""Secrets of a development machine: made once, kept in the state folder, readable by its user only."""

import base64
import json
import os
import secrets
from pathlib import Path


def load_or_make(folder: Path) -> dict[str, str]:
    path = folder / "secrets.json"
    if path.exists():
        found: dict[str, str] = json.loads(path.read_text())
        return found
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CREDENTIAL_KEYS": f"dev1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    write_private(path, json.dumps(made, indent=1))
    return made


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    half = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    half.replace(path)

"""What the log does not say: whoever reads it must not be able to come in by it."""

import re
from collections.abc import MutableMapping
from typing import Any

# Links of invitations, of new passwords and of addresses to confirm; values of queries (Amazon's code of a consent).
LINKS = re.compile(r"(/invite/|/accounts/(?:password/reset/key|confirm-email)/)[^/\s]+")
VALUES = re.compile(r"([?&][^=&\s]{1,60}=)[^&\s]+")


def hush(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: addresses without what lets their reader in."""
    for name in ("event", "request"):
        if isinstance(line.get(name), str):
            line[name] = VALUES.sub(r"\1…", LINKS.sub(r"\1…", line[name]))
    return line

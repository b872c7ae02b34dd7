"""What is kept of a secret that we made ourselves."""

import hashlib

KEY_PREFIX = "swk_"


def digest_of(secret: str) -> str:
    """SHA-256 in hexadecimal. Ours are 32 random bytes, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""Secrets at rest: AES-256-GCM, one random data key each, wrapped by the installation's current key.

Text form: `v1.<key id>.<nonce>.<wrapped data key>.<ciphertext>`, base64url. The associated data names the row, so a
secret copied to another agency's row does not open there. CREDENTIAL_KEYS lists `id:base64 of 32 bytes`; the first
encrypts, all decrypt: rotation is adding one in front and running `manage.py rotate_credentials`.
"""

import base64
import binascii
import json
import os
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = "v1"

# How floors above seal their own secrets of the acting agency anew; each returns how many it changed.
REWRAPPERS: list[Callable[[], int]] = []


class Sealed(Exception):
    """A secret cannot be opened: its key is gone, or it was changed or moved."""


def keys() -> dict[str, bytes]:
    """{key id: 32 bytes}, the current one first. Raises ImproperlyConfigured if there is none or one is malformed."""
    found: dict[str, bytes] = {}
    for entry in settings.CREDENTIAL_KEYS:
        name, _colon, text = entry.partition(":")
        try:
            found[name] = base64.b64decode(text, validate=True)
        except binascii.Error:
            found[name] = b""
        if len(found[name]) != 32 or not name.isalnum():
            raise ImproperlyConfigured("CREDENTIAL_KEYS: write id:base64 of 32 bytes, separated by commas")
    if not found:
        raise ImproperlyConfigured("CREDENTIAL_KEYS is empty: credentials cannot be kept")
    return found


def seal(plain: bytes, *context: object) -> str:
    """Encrypt; `context` (agency, row) must be given again to open it."""
    name, key = next(iter(keys().items()))
    data_key, nonce = AESGCM.generate_key(256), os.urandom(12)
    about = _about(context)
    wrapped = AESGCM(key).encrypt(nonce, data_key, about)
    secret = AESGCM(data_key).encrypt(nonce, plain, about)
    return ".".join([VERSION, name, *map(_text, (nonce, wrapped, secret))])


def unseal(sealed: str, *context: object) -> bytes:
    """Decrypt. Raises Sealed."""
    try:
        version, name, *parts = sealed.split(".")
        nonce, wrapped, secret = map(_bytes, parts)
        if version != VERSION:
            raise Sealed(f"unknown version {version!r}")
        about = _about(context)
        return AESGCM(AESGCM(keys()[name]).decrypt(nonce, wrapped, about)).decrypt(nonce, secret, about)
    except KeyError:
        raise Sealed(f"key {name!r} is not in CREDENTIAL_KEYS any more") from None
    except (ValueError, InvalidTag):
        raise Sealed("the secret was changed, or belongs to another row") from None


def seal_json(values: dict[str, Any], *context: object) -> str:
    return seal(json.dumps(values).encode(), *context)


def unseal_json(sealed: str, *context: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unseal(sealed, *context))
    return found


def is_current(sealed: str) -> bool:
    """Is it encrypted with the newest key?"""
    return sealed.split(".")[1:2] == [next(iter(keys()))]


class ShortLived:
    """A cipher for what lies in Valkey for an hour; `sync.tokens` uses it for access tokens."""

    def __init__(self, *context: object) -> None:
        self.context = context

    def encrypt(self, plain: bytes) -> bytes:
        return seal(plain, *self.context).encode()

    def decrypt(self, secret: bytes) -> bytes:
        return unseal(secret.decode(), *self.context)


def _about(context: tuple[object, ...]) -> bytes:
    return "\0".join(map(str, context)).encode()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

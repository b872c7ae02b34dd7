"""Credentials of connections, sealed to their row."""

from typing import Any

from apps.core import crypto
from apps.sync.models import Connection, Destination, WebhookEndpoint


def opened(connection: Connection) -> dict[str, Any]:
    """The credentials in plain. Raises crypto.Sealed."""
    return crypto.unseal_json(connection.credentials, *_about(connection)) if connection.credentials else {}


def seal_into(connection: Connection, credentials: dict[str, Any]) -> None:
    """Put credentials on a connection (not saved yet)."""
    connection.credentials = crypto.seal_json(credentials, *_about(connection)) if credentials else ""


def seal_secret(endpoint: WebhookEndpoint, secret: str) -> str:
    return crypto.seal(secret.encode(), *_about_endpoint(endpoint))


def opened_secret(endpoint: WebhookEndpoint, sealed: str) -> str:
    """A webhook's secret in plain. Raises crypto.Sealed."""
    return crypto.unseal(sealed, *_about_endpoint(endpoint)).decode()


def seal_key(place: Destination, key: dict[str, str]) -> str:
    """The key by which a queue is read."""
    return crypto.seal_json(key, *_about_place(place, "queue"))


def opened_key(place: Destination) -> dict[str, str]:
    """The key by which a queue is read, in plain. Raises crypto.Sealed."""
    return crypto.unseal_json(place.secret, *_about_place(place, "queue"))


def seal_keys(place: Destination, keys: dict[str, str]) -> str:
    """An application's keys, kept until its subscriptions are deleted."""
    return crypto.seal_json(keys, *_about_place(place, "farewell"))


def opened_keys(place: Destination) -> dict[str, str]:
    """An application's keys in plain, {} if none are kept. Raises crypto.Sealed."""
    return crypto.unseal_json(place.farewell, *_about_place(place, "farewell")) if place.farewell else {}


def rewrap() -> int:
    """Seal everything of the acting agency with the newest key; returns how many secrets changed. Resumable."""
    changed = 0
    for connection in Connection.objects.exclude(credentials="").select_for_update():
        if not crypto.is_current(connection.credentials):
            seal_into(connection, opened(connection))
            connection.save(update_fields=["credentials"])
            changed += 1
    for endpoint in WebhookEndpoint.objects.select_for_update():
        for name in ("secret", "old_secret"):
            sealed = getattr(endpoint, name)
            if sealed and not crypto.is_current(sealed):
                setattr(endpoint, name, seal_secret(endpoint, opened_secret(endpoint, sealed)))
                changed += 1
        endpoint.save(update_fields=["secret", "old_secret"])
    return changed + sum(map(_rewrapped, Destination.objects.select_for_update()))


def _rewrapped(place: Destination) -> int:
    changed = []
    if place.secret and not crypto.is_current(place.secret):
        place.secret = seal_key(place, opened_key(place))
        changed.append("secret")
    if place.farewell and not crypto.is_current(place.farewell):
        place.farewell = seal_keys(place, opened_keys(place))
        changed.append("farewell")
    if changed:
        place.save(update_fields=changed)
    return len(changed)


def _about(connection: Connection) -> tuple[object, ...]:
    return ("connection", connection.agency_id, connection.pk, connection.kind)


def _about_endpoint(endpoint: WebhookEndpoint) -> tuple[object, ...]:
    return ("webhook", endpoint.agency_id, endpoint.pk)


def _about_place(place: Destination, what: str) -> tuple[object, ...]:
    return ("destination", place.agency_id, place.pk, what)

"""Credentials of connections, sealed to their row."""

from typing import Any

from apps.core import crypto
from apps.sync.models import Connection, WebhookEndpoint


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
    return changed


def _about(connection: Connection) -> tuple[object, ...]:
    return ("connection", connection.agency_id, connection.pk, connection.kind)


def _about_endpoint(endpoint: WebhookEndpoint) -> tuple[object, ...]:
    return ("webhook", endpoint.agency_id, endpoint.pk)

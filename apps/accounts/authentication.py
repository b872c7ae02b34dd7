"""Who calls the API, and how it is told that something is wrong."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.views import exception_handler


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`."""

    def authenticate(self, request: Any) -> None:
        return None


def problem(error: Exception, context: dict[str, Any]) -> Any:
    """RFC 9457 problem details."""
    return exception_handler(error, context)

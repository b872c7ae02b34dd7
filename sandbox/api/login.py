"""Login with Amazon over HTTP."""

from sandbox.http import Request, Response
from sandbox.service import Sandbox


def token(sandbox: Sandbox, request: Request) -> Response:
    """``POST /auth/o2/token``."""
    return Response.json(sandbox.login.token(request.form(), sandbox.revoked))


def consent(sandbox: Sandbox, request: Request) -> Response:
    """``GET /apps/authorize/consent``."""
    return sandbox.login.consent(request)

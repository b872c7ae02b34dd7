"""Login with Amazon: the token endpoint and the consent page.

Access tokens are signed, not stored: a restarted sandbox still knows those it gave out.
"""

import base64
import hashlib
import hmac
import html
import json
import secrets
import time
from urllib.parse import quote, urlencode

from sandbox.http import ApiError, Request, Response
from sandbox.world.hashing import digest
from sandbox.world.partners import AUTHORISATIONS, BY_ID, Authorisation

LIFETIME, CODE_LIFETIME = 3600, 300
GRANTLESS = ("sellingpartnerapi::notifications", "sellingpartnerapi::client_credential:rotation")


class LoginError(Exception):
    """An OAuth error: code and description of the answer."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status

    def response(self) -> Response:
        """The error in Login with Amazon's shape."""
        body = {
            "error": self.code,
            "error_description": self.description,
            "error_index": secrets.token_hex(6),
            "request_id": secrets.token_hex(16),
        }
        return Response.json(body, self.status)


class Login:
    """Credentials of the one application and of all authorisations, made from the seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.application_id = f"amzn1.sp.solution.{digest(seed, 'application')[:32]}"
        self.client_id = f"amzn1.application-oa2-client.{digest(seed, 'client')[:32]}"
        self.client_secret = f"amzn1.oa2-cs.v1.{digest(seed, 'secret')}"
        self.queue_key_id = f"AKIA{digest(seed, 'queue key')[:16].upper()}"
        self.queue_secret = digest(seed, "queue secret")[:40]
        self._key = digest(seed, "token key").encode()
        self._used: set[str] = set()

    def refresh_token(self, auth: Authorisation) -> str:
        """The refresh token of one authorisation."""
        return f"Atzr|IwEB{digest(self.seed, 'refresh', auth.id)}"

    def seller_id(self, auth: Authorisation) -> str:
        """The merchant token of one authorisation."""
        return "A" + digest(self.seed, "seller", auth.id)[:13].upper()

    def sign(self, kind: str, subject: str, lifetime: int) -> str:
        """A token that carries its subject and its end."""
        content = json.dumps([kind, subject, int(time.time()) + lifetime, secrets.token_hex(4)])
        mark = hmac.new(self._key, content.encode(), hashlib.sha256).digest()[:16]
        return base64.urlsafe_b64encode(mark + content.encode()).decode().rstrip("=")

    def check(self, kind: str, token: str) -> tuple[str, bool] | None:
        """(subject, still valid) of a token of ours, None of any other text."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            mark, content = raw[:16], raw[16:]
            good = hmac.compare_digest(mark, hmac.new(self._key, content, hashlib.sha256).digest()[:16])
            name, subject, end, _ = json.loads(content) if good else ("", "", 0, "")
        except ValueError:
            return None
        return (subject, end > time.time()) if name == kind else None

    def account(self, access_token: str) -> Authorisation:
        """The authorisation an access token stands for; ApiError 403 when it is missing, wrong or old."""
        found = self.check("access", access_token.removeprefix("Atza|")) if access_token else None
        if found is None or found[0] not in BY_ID:
            raise ApiError(403, "Unauthorized", "Access to requested resource is denied.")
        if not found[1]:
            raise ApiError(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "The access token you provided has expired.",
            )
        return BY_ID[found[0]]

    def grantless(self, access_token: str) -> None:
        """ApiError 403 unless the token is the application's own, for notifications, and still good."""
        found = self.check("access", access_token.removeprefix("Atza|")) if access_token else None
        if found != (f"grantless {GRANTLESS[0]}", True):
            raise ApiError(403, "Unauthorized", "Access to requested resource is denied.")

    # ---- token endpoint -------------------------------------------------------------------------------------------

    def token(self, form: dict[str, str], revoked) -> dict:
        """Answer of ``POST /auth/o2/token``. ``revoked(authorisation id)`` says whether consent was withdrawn."""
        grants = {"refresh_token": self._refresh, "authorization_code": self._code, "client_credentials": self._client}
        if form.get("grant_type") not in grants:
            raise LoginError("unsupported_grant_type", "The authorization grant type is not supported")
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            raise LoginError("invalid_client", "Client authentication failed", 401)
        answer, account = grants[form["grant_type"]](form)
        if account and revoked(account):
            raise LoginError(
                "invalid_grant",
                "The request has an invalid grant parameter : refresh_token. "
                "User may have revoked or didn't grant the permission.",
            )
        return answer

    def _bearer(self, subject: str) -> dict:
        return {
            "access_token": f"Atza|{self.sign('access', subject, LIFETIME)}",
            "token_type": "bearer",
            "expires_in": LIFETIME,
        }

    def _refresh(self, form: dict[str, str]) -> tuple[dict, str | None]:
        given = form.get("refresh_token", "")
        if not given:
            raise LoginError("invalid_request", "The request is missing a required parameter : refresh_token")
        for auth in AUTHORISATIONS:
            if hmac.compare_digest(self.refresh_token(auth), given):
                return self._bearer(auth.id) | {"refresh_token": given}, auth.id
        raise LoginError("invalid_grant", "The request has an invalid grant parameter : refresh_token")

    def _code(self, form: dict[str, str]) -> tuple[dict, str | None]:
        code = form.get("code", "")
        found = self.check("code", code)
        if found is None or not found[1] or code in self._used:
            raise LoginError("invalid_grant", "The request has an invalid grant parameter : code")
        self._used.add(code)
        auth = BY_ID[found[0]]
        return self._bearer(auth.id) | {"refresh_token": self.refresh_token(auth)}, auth.id

    def _client(self, form: dict[str, str]) -> tuple[dict, str | None]:
        if form.get("scope") not in GRANTLESS:
            raise LoginError("invalid_scope", "The requested scope is invalid, unknown or malformed")
        return self._bearer(f"grantless {form['scope']}") | {"scope": form["scope"]}, None

    # ---- consent page ---------------------------------------------------------------------------------------------

    def consent(self, request: Request) -> Response:
        """Choice of a seller account; with ``account=partner:REGION`` it redirects back at once."""
        target, state = request.first("redirect_uri"), request.first("state")
        if request.first("application_id") != self.application_id:
            return Response(400, b"Unknown application_id", "text/plain; charset=utf-8")
        if not target.startswith(("http://", "https://")):
            return Response(400, b"redirect_uri is missing", "text/plain; charset=utf-8")
        auth = BY_ID.get(request.first("account"))
        if auth is None:
            return Response(200, self._page(request).encode(), "text/html; charset=utf-8")
        back = {
            "spapi_oauth_code": self.sign("code", auth.id, CODE_LIFETIME),
            "state": state,
            "selling_partner_id": self.seller_id(auth),
        }
        glue = "&" if "?" in target else "?"
        return Response(302, headers={"Location": f"{target}{glue}{urlencode(back)}"}, type="text/plain")

    def _page(self, request: Request) -> str:
        kept = "&".join(f"{k}={quote(v[0], safe='')}" for k, v in request.query.items() if k != "account")
        rows = "".join(
            f'<li><a href="?{html.escape(kept)}&amp;account={a.id}">{a.partner.name} — {a.region} '
            f"({', '.join(a.marketplaces)})</a></li>"
            for a in AUTHORISATIONS
        )
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            "<title>Sandbox consent</title><style>body{font:16px/1.6 system-ui;max-width:38rem;margin:3rem auto;"
            "padding:0 1rem}li{margin:.6rem 0}</style><h1>Authorise the application</h1><p>This is the sandbox. "
            f"Choose the seller account that gives its consent.</p><ul>{rows}</ul></html>"
        )

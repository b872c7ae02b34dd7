"""Who calls the API: a key acts as a member without a person, with scopes instead of a role."""

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.throttling import BaseThrottle

from apps.accounts.models import ApiKey, Member
from apps.core.tenancy import at_the_door, scoped_key, tenant

PREFIX = "swk_"
API = "/api/v1/"
NOTED_EVERY = 60  # seconds between two notes of "last used"


def secret_digest(secret: str) -> str:
    """What is kept of a key. Keys are 32 random bytes, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(header: str, address: str) -> ApiKey | None:
    """The living key of an Authorization header `Bearer swk_<prefix>_<secret>`, else None."""
    scheme, _space, secret = header.partition(" ")
    secret = secret.strip()
    parts = secret.split("_", 2)
    if scheme.lower() != "bearer" or len(parts) != 3 or not secret.isascii() or not secret.startswith(PREFIX):
        return None
    with at_the_door(key_prefix=parts[1]):
        key = ApiKey._base_manager.filter(prefix=parts[1]).first()
    if key is None or not hmac.compare_digest(key.digest, secret_digest(secret)):
        return None
    alive = key.revoked_at is None and key.expires_at > timezone.now()
    return key if alive and _from_allowed(key, address) else None


def _from_allowed(key: ApiKey, address: str) -> bool:
    if not key.networks:
        return True
    try:
        here = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(here in ipaddress.ip_network(each, strict=False) for each in key.networks)


def _address(request: HttpRequest) -> str:
    """Where a call comes from, as sign-in knows it: behind our own proxies what the first of them saw."""
    try:
        return str(get_adapter(request).get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""


class KeyMiddleware:
    """Act for the key's agency while its call is answered, as TenantMiddleware does for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        header = request.headers.get("Authorization", "")
        if not request.path_info.startswith(API) or not header:
            return self.get_response(request)
        key = key_of(header, _address(request))
        if key is None:
            return self.get_response(request)
        with tenant(key.agency_id):
            member = Member.objects.select_related("agency").filter(pk=key.member_id, active=True).first()
            if member is not None and member.agency.active:
                _note_use(key)
                request.api_key, request.member, request.agency = key, member, member.agency  # type: ignore[attr-defined]
            return self.get_response(request)


def _note_use(key: ApiKey) -> None:
    if cache.add(scoped_key("key-used", key.pk), 1, NOTED_EVERY):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`; `request.auth` is the member the key acts as."""

    def authenticate(self, request: Any) -> tuple[None, Member]:
        if not request.headers.get("Authorization"):
            raise NotAuthenticated(_("Send your key as “Authorization: Bearer swk_…”."))
        if getattr(request._request, "api_key", None) is None:
            raise AuthenticationFailed(_("This key is unknown, expired, revoked or not allowed from your address."))
        return None, request._request.member

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="Storewright"'


class KeyThrottle(BaseThrottle):
    """So many calls a minute and key, counted in whole minutes; every answer says how many are left."""

    def allow_request(self, request: Any, view: Any) -> bool:
        key = getattr(request._request, "api_key", None)
        if key is None:
            return True
        now = time.time()
        self.left = 60 - int(now % 60)
        name = scoped_key("key-rate", key.pk, int(now // 60))
        cache.add(name, 0, 120)
        used = cache.incr(name)
        request._request.rate = (key.per_minute, max(0, key.per_minute - used), self.left)
        return used <= key.per_minute

    def wait(self) -> float:
        return float(self.left)


class KeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document describes it."""

    target_class = "apps.accounts.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "swk_<prefix>_<secret>"}

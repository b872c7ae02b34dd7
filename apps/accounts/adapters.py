"""How allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.actions.factors import open_factor, seal_factor
from apps.accounts.actions.people import end_sessions


class AccountAdapter(DefaultAccountAdapter):
    """People come by invitation; nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """From BASE_URL, never from the Host header somebody sent."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.BASE_URL.rstrip("/") + path.replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context["base_url"] = settings.BASE_URL
        super().send_mail(template_prefix, email, context)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By the account alone. allauth's own begins with the Host header, which a guesser may spell in many ways."""
        return str(credentials.get("email", "")).lower()

    def send_notification_mail(self, template_prefix: str, user: Any, *words: Any, **more: Any) -> None:
        """A password, a factor or the address was changed: whoever was signed in as this person elsewhere is out."""
        end_sessions(user.pk, but=self.request.session.session_key or "")
        super().send_notification_mail(template_prefix, user, *words, **more)

    def format_email_subject(self, subject: str) -> str:
        return subject


class FactorAdapter(DefaultMFAAdapter):
    """Seeds of authenticator apps and recovery codes are sealed like all other secrets."""

    def encrypt(self, text: str) -> str:
        return seal_factor(text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_factor(encrypted_text)

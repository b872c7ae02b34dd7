from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import uuid7
from apps.core.permissions import ROLES, SCOPES, Permission, Role
from apps.core.tenancy import TenantModel, tied


class Language(models.TextChoices):
    ZH = "zh-hans", "简体中文"
    EN = "en", "English"


class Theme(models.TextChoices):
    SYSTEM = "system", _("Like the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMPACT = "compact", _("Compact")
    STANDARD = "standard", _("Standard")
    RELAXED = "relaxed", _("Relaxed")


class DeltaColours(models.TextChoices):
    GOOD_BAD = "good", _("Green is good, red is bad")
    RED_UP = "red-up", _("Red is up, green is down")
    BLUE_ORANGE = "blue", _("Blue is good, orange is bad")


class PeopleManager(UserManager["User"]):
    """People are known by their e-mail address."""

    def _create_user(self, email: str, password: str | None, **fields: Any) -> "User":  # type: ignore[override]
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        return self._create_user(email, password, **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        return self._create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person. One login, a seat in any number of agencies. `is_staff`: platform staff."""

    portal_may = ("SELECT",)
    portal_hides = ("password",)

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("E-mail address"), unique=True)
    name = models.CharField(_("Name"), max_length=80, blank=True)
    language = models.CharField(_("Language"), max_length=10, choices=Language.choices, default=Language.ZH)
    time_zone = models.CharField(_("Time zone"), max_length=40, default="Asia/Shanghai")
    theme = models.CharField(_("Theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(
        _("Row height"),
        max_length=10,
        choices=Density.choices,
        default=Density.STANDARD,
    )
    delta_colours = models.CharField(
        _("Colours of change"),
        max_length=10,
        choices=DeltaColours.choices,
        default=DeltaColours.GOOD_BAD,
    )
    shortcuts = models.BooleanField(_("Keyboard shortcuts"), default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = PeopleManager()  # type: ignore[assignment,misc]

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """As the console greets."""
        return str(self)


class Member(TenantModel):
    """A seat in one agency: a person's, or an API key's (then `user` is null and `scopes` say what it may)."""

    portal_may = ("SELECT",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="seats")
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    client = tied("accounts.Client", null=True, blank=True, related_name="people")  # for the role "client"
    scopes = models.JSONField(default=list, blank=True)  # of a key
    name = models.CharField(max_length=80, blank=True)  # of a key; a person's name is the user's
    active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    last_seen = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="member_tie"),
            models.UniqueConstraint(fields=["agency", "user"], name="one_seat_per_person"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.user)

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        if self.role:
            return ROLES[Role(self.role)]
        return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in self.scopes))

    def can(self, permission: Permission) -> bool:
        return self.active and permission in self.permissions


class StoreGrant(TenantModel):
    """A store a member may see; `marketplace` null: all its sites."""

    portal_may = ("SELECT",)

    member = tied("accounts.Member", related_name="grants")
    store = tied("accounts.Store", related_name="grants")
    marketplace = models.ForeignKey("accounts.Marketplace", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "member", "store", "marketplace"],
                name="one_grant",
                nulls_distinct=False,
            )
        ]


class Invitation(TenantModel):
    """A seat offered to an e-mail address: single use, 72 hours. Only a digest of the link's token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=80, blank=True)  # as who invited calls the person
    role = models.CharField(max_length=10, choices=Role.choices)
    client = tied("accounts.Client", null=True, blank=True, related_name="+")
    stores = models.JSONField(default=list)  # [[store id, marketplace code or null], ...]
    digest = models.CharField(max_length=64)
    invited_by = tied("accounts.Member", null=True, related_name="+")  # null: the platform, for the first owner
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class ApiKey(TenantModel):
    """A secret that lets a program act as `member`. Only its SHA-256 is kept; shown once when made."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = tied("accounts.Member", related_name="keys")
    prefix = models.CharField(max_length=24)  # public part: finds the row, and lets leaked keys be recognised
    digest = models.CharField(max_length=64)
    networks = models.JSONField(default=list, blank=True)  # CIDR list; empty: from anywhere
    created_by = tied("accounts.Member", null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    per_minute = models.PositiveIntegerField(default=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "prefix"], name="one_key_per_prefix")]

"""When an account is in danger: playbooks, their runs, and the proof of what was done."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.core.models import uuid7
from apps.core.tenancy import TenantModel, tied


def spoken(en: str, zh: str) -> str:
    """The text in the reader's language, the other where that one is empty."""
    return (zh or en) if (get_language() or "").startswith("zh") else (en or zh)


class Playbook(TenantModel):
    """An agency's own copy of what to do. `steps` are [{"en", "zh", "days", "four_eyes", "evidence"}] in their order.

    `default` is the key of the set it came from; `causes` the causes of incidents it is offered for. With `starts` a run
    begins by itself, once for each of these incidents that gets red.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    default = models.CharField(max_length=40, blank=True)
    name_en = models.CharField(max_length=120, blank=True)
    name_zh = models.CharField(max_length=120, blank=True)
    causes = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    starts = models.BooleanField(default=False, db_default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("playbook"), _("playbooks")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="playbook_tie"),
            models.UniqueConstraint(
                fields=["agency", "default"], condition=~Q(default=""), name="one_default_playbook"
            ),
        ]

    def __str__(self) -> str:
        return spoken(self.name_en, self.name_zh)


class Crisis(TenantModel):
    """One run of a playbook. `plan` is the plan of action: {"root", "corrective", "preventive"}, drafted, then edited."""

    portal_may = ()

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("crisis", "Running")
        CLOSED = "closed", pgettext_lazy("crisis", "Closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField()
    playbook = tied("health.Playbook", related_name="+", on_delete=models.PROTECT)
    incident = tied("health.Incident", null=True, related_name="crises")
    store = tied("accounts.Store", related_name="+")
    marketplace = models.CharField(max_length=2, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    plan = models.JSONField(default=dict)
    started_by = tied("accounts.Member", null=True, related_name="+")
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("crisis"), _("crises")
        constraints = [
            models.UniqueConstraint(fields=["agency", "id"], name="crisis_tie"),
            models.UniqueConstraint(fields=["agency", "number"], name="one_crisis_number"),
            models.UniqueConstraint(
                fields=["agency", "store", "marketplace", "playbook"],
                condition=Q(state="open"),
                name="one_running_crisis",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.playbook}"


class CrisisStep(TenantModel):
    """One step of a run. With `four_eyes` the first person says it is done and another one that it is right."""

    portal_may = ()

    class State(models.TextChoices):
        TODO = "todo", _("To do")
        CHECK = "check", _("To be confirmed")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    crisis = tied("health.Crisis", related_name="steps")
    position = models.PositiveSmallIntegerField()
    en = models.CharField(max_length=400, blank=True)
    zh = models.CharField(max_length=400, blank=True)
    four_eyes = models.BooleanField(default=False)
    evidence = models.BooleanField(default=False)  # asks for a file
    due = models.DateField(null=True)
    owner = tied("accounts.Member", null=True, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.TODO)
    reason = models.CharField(max_length=500, blank=True)
    done_by = tied("accounts.Member", null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    confirmed_by = tied("accounts.Member", null=True, related_name="+")
    files = models.JSONField(default=list)  # [{"path", "name", "digest", "size", "by", "at"}] in document storage

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "crisis", "position"], name="one_step_per_place")]

    @property
    def settled(self) -> bool:
        return self.state in {self.State.DONE, self.State.SKIPPED}

    def late(self, today: date) -> bool:
        """Should it be settled by now?"""
        return not self.settled and self.due is not None and self.due < today

    @property
    def text(self) -> str:
        return spoken(self.en, self.zh)

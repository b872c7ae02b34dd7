"""What people send about alerts: validated here, saved by actions."""

from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import Dressed
from apps.accounts.models import Member
from apps.accounts.queries import colleagues
from apps.core.money import to_minor
from apps.core.permissions import STAFF_ROLES, Permission
from apps.health.models import AlertChannel, AlertRule
from apps.health.models.names import PROGRAMMES
from apps.health.queries import rules
from apps.health.queries.alert_words import is_money, is_share, metric_choices
from apps.sync.outward import Refused, checked

STEPS = 4
SNOOZES = (
    ("1", _("until tomorrow")),
    ("7", _("for 7 days")),
    ("14", _("for 14 days")),
    ("", _("until the metric changes")),
)
BOTS = {AlertChannel.Kind.FEISHU, AlertChannel.Kind.DINGTALK, AlertChannel.Kind.WECOM, AlertChannel.Kind.SLACK}


class IncidentAction(forms.Form):
    """What to do with one incident, or with chosen ones."""

    ACTIONS = (
        ("acknowledge", _("Acknowledge")),
        ("snooze", _("Snooze")),
        ("reopen", _("Reopen")),
        ("assign", _("Assign")),
        ("escalate", _("Escalate now")),
        ("note", _("Note")),
        ("useful", _("Useful")),
        ("useless", _("Not useful")),
    )
    action = forms.ChoiceField(choices=ACTIONS)
    to = forms.ModelChoiceField(None, required=False)
    days = forms.ChoiceField(choices=SNOOZES, required=False)
    text = forms.CharField(max_length=2000, required=False)
    scope = forms.ChoiceField(choices=[("picked", "picked"), ("all", "all")], required=False)
    count = forms.IntegerField(required=False, min_value=0)
    query = forms.CharField(required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("action") == "note" and not values.get("text", "").strip():
            self.add_error("text", _("Write what the others should know."))
        return values


class RuleForm(Dressed):
    """A rule as one sentence with gaps. Percents as people write them: 1 is 1 %."""

    name = forms.CharField(label=_("Name"), max_length=120)
    what = forms.ChoiceField(label=_("Metric"))
    programme = forms.ChoiceField(label=_("Fulfilled by"), required=False)
    condition = forms.ChoiceField(label=_("Condition"), choices=AlertRule.Condition.choices)
    grain = forms.ChoiceField(label=_("Counted per"), choices=AlertRule.Grain.choices, required=False)
    operator = forms.ChoiceField(
        label=_("Comparison"), choices=AlertRule._meta.get_field("operator").choices, required=False
    )
    value = forms.DecimalField(label=_("Value"), max_digits=14, required=False, help_text=_("Percents as 1 for 1 %."))
    days = forms.IntegerField(label=_("Days in a row"), min_value=1, max_value=30, initial=1)
    amber = forms.IntegerField(label=_("Amber from, percent of the limit"), min_value=1, max_value=100, initial=70)
    chance = forms.IntegerField(label=_("Chance of at least, percent"), min_value=1, max_value=99, initial=30)
    falling = forms.ChoiceField(
        label=_("Anomaly"), choices=[("1", _("too little")), ("", _("too much"))], required=False, initial="1"
    )
    stores = forms.MultipleChoiceField(label=_("Stores"), required=False, help_text=_("None: all of them."))
    clients = forms.MultipleChoiceField(label=_("Clients"), required=False)
    sites = forms.MultipleChoiceField(label=_("Sites"), required=False)
    owner = forms.ModelChoiceField(None, label=_("Only stores of"), required=False)
    stake_amber = forms.IntegerField(
        label=_("At stake when amber, percent of 30-day sales"), min_value=0, max_value=100, initial=25
    )
    stake_red = forms.IntegerField(
        label=_("At stake when red, percent of 30-day sales"), min_value=0, max_value=100, initial=100
    )
    notable = forms.DecimalField(label=_("A warning from"), min_value=0, max_digits=14, initial=500)
    high = forms.DecimalField(label=_("High from"), min_value=0, max_digits=14, initial=5000)
    critical = forms.DecimalField(label=_("Critical from"), min_value=0, max_digits=14, initial=25000)
    role = forms.ChoiceField(label=_("If nobody owns it"), choices=[(r.value, r.label) for r in STAFF_ROLES])
    channels = forms.MultipleChoiceField(label=_("Tell by"), required=False, help_text=_("The inbox always."))
    active = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def __init__(self, *args: Any, currency: str, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.member = currency, member
        offered = rules.choices_for(member)
        self._choose("what", metric_choices())
        self._choose("programme", [("", _("anybody")), *PROGRAMMES.items()])
        self._choose("stores", offered.stores)
        self._choose("clients", offered.clients)
        self._choose("sites", [(code, code) for code in offered.sites])
        if not member.can(Permission.ALL_STORES):
            self.fields["stores"].help_text = _("At least one: a rule for all stores is made by those who see all.")
        self._choose("channels", [(str(each.pk), str(each)) for each in AlertChannel.objects.order_by("created_at")])
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]
        for name in ("notable", "high", "critical"):
            self.fields[name].help_text = currency
        whom = [("", "–"), ("store", _("the store's owner")), *((r.value, r.label) for r in STAFF_ROLES)]
        for n in range(STEPS):
            self.fields[f"minutes_{n}"] = forms.IntegerField(
                label=_("After minutes"),
                min_value=1,
                max_value=43_200,
                required=False,
                widget=forms.NumberInput(attrs={"class": "in w-full"}),
            )
            self.fields[f"whom_{n}"] = forms.ChoiceField(
                label=_("tell"), choices=whom, required=False, widget=forms.Select(attrs={"class": "in w-full"})
            )

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def steps(self) -> list[tuple[Any, Any]]:
        """The gaps of the steps of escalation, in pairs."""
        return [(self[f"minutes_{n}"], self[f"whom_{n}"]) for n in range(STEPS)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        fact, _sep, metric = values.get("what", "").partition(":")
        asked = {"programme": "", "condition": "", "value": None, "sites": [], "notable": 0, "high": 0, "critical": 0}
        asked |= values | {"fact": fact, "metric": metric, "grain": values.get("grain") or AlertRule.Grain.SITE}
        asked["stores"] = [int(each) for each in values.get("stores", [])]
        for name, problem in rules.problems(asked, rules.Reach.of(self.member)).items():
            field = "what" if name == "metric" else name
            if field not in self.errors:
                self.add_error(field, problem)
        for n in range(STEPS):
            if bool(values.get(f"minutes_{n}")) != bool(values.get(f"whom_{n}")):
                self.add_error(f"minutes_{n}", _("A step needs both: after how long, and whom."))
        return values

    def values(self) -> dict[str, Any]:
        """As `actions.alert_rules.save` takes them."""
        found = self.cleaned_data
        fact, _sep, metric = found["what"].partition(":")
        plain = (
            "name",
            "programme",
            "condition",
            "days",
            "amber",
            "chance",
            "clients",
            "sites",
            "stake_amber",
            "stake_red",
            "role",
            "channels",
            "active",
        )
        steps = sorted([found[f"minutes_{n}"], found[f"whom_{n}"]] for n in range(STEPS) if found.get(f"minutes_{n}"))
        return {name: found[name] for name in plain} | {
            "fact": fact,
            "metric": metric,
            "grain": found["grain"] or AlertRule.Grain.SITE,
            "operator": found["operator"] or "lt",
            "value": self._value(fact, metric, found["value"]),
            "falling": bool(found["falling"]),
            "stores": [int(each) for each in found["stores"]],
            "owner_id": found["owner"].pk if found["owner"] else None,
            "steps": steps,
            **{name: to_minor(found[name], self.currency) for name in ("notable", "high", "critical")},
        }

    def _value(self, fact: str, metric: str, typed: Decimal | None) -> Decimal | None:
        if typed is None:
            return None
        if is_share(fact, metric):
            return typed / 100
        return Decimal(to_minor(typed, self.currency)) if is_money(fact, metric) else typed


class ChannelForm(Dressed):
    """A channel. Addresses and secrets that are there already stay when left empty."""

    kind = forms.ChoiceField(label=_("Kind"), choices=AlertChannel.Kind.choices)
    name = forms.CharField(label=_("Name"), max_length=80)
    url = forms.CharField(
        label=_("Address of the bot"),
        max_length=500,
        required=False,
        help_text=_("As the chat shows it when the bot is made. It is kept encrypted."),
    )
    secret = forms.CharField(
        label=_("Signing secret"),
        max_length=200,
        required=False,
        help_text=_("Of Feishu and DingTalk, if signing is switched on there."),
    )
    addresses = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line. None: whom the incident falls to."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("The reader's")), *settings.LANGUAGES], required=False
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    quiet_to = forms.TimeField(label=_("until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    time_zone = forms.CharField(
        label=_("Time zone"), max_length=40, required=False, help_text=_("Such as Asia/Shanghai")
    )
    urgent = forms.BooleanField(label=_("What is critical comes through"), required=False, initial=True)
    active = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def __init__(self, *args: Any, kept: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if url:
            try:
                checked(url, insecure=settings.ALLOW_HTTP_OUTSIDE)
            except Refused as refused:
                raise ValidationError(_("This address cannot be used: %s.") % refused) from None
        return url

    def clean_addresses(self) -> list[str]:
        found = [
            line.strip() for line in self.cleaned_data["addresses"].replace(",", "\n").splitlines() if line.strip()
        ]
        for each in found:
            validate_email(each)
        return found[:20]

    def clean_time_zone(self) -> str:
        return checked_zone(self.cleaned_data["time_zone"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("kind") in BOTS and not values.get("url") and not self.kept and "url" not in self.errors:
            self.add_error("url", _("A bot needs its address."))
        if bool(values.get("quiet_from")) != bool(values.get("quiet_to")):
            self.add_error("quiet_to", _("Quiet hours need a beginning and an end."))
        return values


def checked_zone(name: str) -> str:
    """A zone's name, or "" for UTC. Raises ValidationError."""
    if name and name not in available_timezones():
        raise ValidationError(_("There is no such time zone. Write it like Asia/Shanghai."))
    return name


class HoursForm(Dressed):
    """One's own quiet hours."""

    email = forms.BooleanField(label=_("Tell me by e-mail"), required=False)
    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    quiet_to = forms.TimeField(label=_("until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    urgent = forms.BooleanField(label=_("What is critical comes through"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if bool(values.get("quiet_from")) != bool(values.get("quiet_to")):
            self.add_error("quiet_to", _("Quiet hours need a beginning and an end."))
        return values

"""What people send to the inbox and the ledger."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.permissions import Role

MOST_AT_ONCE = 200


class Ids(forms.Field):
    """A list of row ids, as the check boxes of a table send them."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [str(each) for each in value or []][:MOST_AT_ONCE]


class InboxAction(forms.Form):
    """One action on one or many items."""

    ACTIONS = (
        ("assign", _("Assign")),
        ("snooze", _("Snooze")),
        ("dismiss", _("Dismiss")),
        ("finish", _("Done")),
        ("reopen", _("Reopen")),
    )
    action = forms.ChoiceField(choices=ACTIONS)
    ids = Ids()
    to = forms.ModelChoiceField(label=_("Assign to"), queryset=Member._base_manager.none(), required=False)
    days = forms.TypedChoiceField(
        label=_("Snooze for"),
        coerce=int,
        empty_value=0,
        required=False,
        choices=(
            (7, _("7 days")),
            (14, _("14 days")),
            (30, _("30 days")),
            (0, _("Until the money changes by a quarter")),
        ),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Member.objects.filter(active=True, user__isnull=False).exclude(role=Role.CLIENT)
        self.fields["to"].queryset = people.select_related("user").order_by("user__name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("action") == "dismiss" and not (values.get("reason") or "").strip():
            self.add_error("reason", _("Say why it needs nothing, so that others understand it later."))
        return values


class Numbers(forms.Form):
    """Ledger entries to undo."""

    numbers = forms.RegexField(r"^\d{1,12}(,\d{1,12}){0,199}$")

    def clean_numbers(self) -> list[int]:
        return [int(number) for number in self.cleaned_data["numbers"].split(",")]

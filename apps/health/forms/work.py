"""What people send about defect orders and notices: validated here, saved by actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput
from apps.accounts.queries import colleagues
from apps.health.models import Notice
from apps.health.models.facts import Work


class DefectWork(forms.Form):
    """One defect order: who looks after it, how far it is, what we know."""

    owner = forms.ModelChoiceField(None, label=_("Owner"), required=False, empty_label=_("Nobody"))
    state = forms.ChoiceField(label=_("State"), choices=Work.choices)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For us: clients do not see it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]


class NoticeWork(forms.Form):
    """One notice: what it is, who answers until when, and what."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Notice.Kind.choices)
    owner = forms.ModelChoiceField(None, label=_("Owner"), required=False, empty_label=_("Nobody"))
    state = forms.ChoiceField(label=_("State"), choices=Work.choices)
    due = forms.DateField(label=_("Due"), required=False, widget=DayInput())
    case_id = forms.CharField(label=_("Case or complaint ID"), required=False, max_length=40)
    answer = forms.CharField(
        label=_("Our answer"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 6})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]


class BulkWork(forms.Form):
    """An owner or a state for chosen rows, or for all of the page's filter (`scope=all` with its count)."""

    action = forms.ChoiceField(choices=[("owner", "owner"), ("state", "state")])
    scope = forms.ChoiceField(choices=[("picked", "picked"), ("all", "all")], required=False)
    count = forms.IntegerField(required=False, min_value=0)
    query = forms.CharField(required=False, max_length=2000)
    owner = forms.ModelChoiceField(None, required=False)
    state = forms.ChoiceField(choices=Work.choices, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("action") == "state" and not values.get("state"):
            raise forms.ValidationError(_("Choose a state."))
        return values

    @property
    def changes(self) -> dict[str, Any]:
        name = self.cleaned_data["action"]
        return {name: self.cleaned_data[name]}

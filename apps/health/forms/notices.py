"""What people send about notices that Amazon's notifications have not brought."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput, Dressed
from apps.accounts.queries import colleagues
from apps.health.domain.letters import kind_of
from apps.health.domain.mail import MOST_TEXT
from apps.health.models import Notice

MOST_BYTES = 20 * 2**20
_MOMENT = "%Y-%m-%dT%H:%M"


class Fields(Dressed):
    """What a notice says, whoever writes it down. `sites` are the codes that may be chosen."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    marketplace = forms.ChoiceField(label=_("Site"), required=False)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    sku = forms.CharField(label=_("SKU"), max_length=60, required=False)
    asin = forms.CharField(label=_("ASIN"), max_length=12, required=False)
    case_id = forms.CharField(label=_("Case or complaint ID"), max_length=40, required=False)
    at = forms.DateTimeField(
        label=_("Received at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
        input_formats=[_MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    due = forms.DateField(label=_("Answer due"), required=False, widget=DayInput())
    owner = forms.ModelChoiceField(None, label=_("Owner"), required=False)

    def __init__(self, *args: Any, sites: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("By the words of the subject")), *Notice.Kind.choices]  # type: ignore[attr-defined]
        self.fields["marketplace"].choices = [("", _("Whole account")), *((code, code) for code in sites)]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]

    def clean_asin(self) -> str:
        return str(self.cleaned_data["asin"]).upper()

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        if at > timezone.now():
            raise ValidationError(_("This lies in the future."))
        return at

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("subject") and not values.get("kind"):
            values["kind"] = kind_of(values["subject"], values.get("text") or "")
        return values


class NewNotice(Fields):
    """A notice written down by hand."""

    store = forms.ModelChoiceField(None, label=_("Store"), to_field_name="slug")
    text = forms.CharField(
        label=_("Text of the notice"), max_length=MOST_TEXT, required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Names and e-mail addresses of buyers are taken out before it is kept."),
    )  # fmt: skip
    field_order = ("store", "marketplace", "subject", "kind", "text", "sku", "asin", "case_id", "at", "due", "owner")

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["store"].empty_label = _("Choose…")  # type: ignore[attr-defined]


class BringForm(Dressed):
    """A file with a notice or with many, or the text of one."""

    store = forms.ModelChoiceField(None, label=_("Store"), to_field_name="slug")
    file = forms.FileField(
        label=_("File"), required=False, allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".eml,.txt,.csv,.tsv,.xlsx,.xls,.ods"}),
        help_text=_("The e-mail as .eml or .txt, or a table as .csv or .xlsx; at most 20 MB."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Or the text of the e-mail"), max_length=MOST_TEXT, required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("With its lines “Subject:” and “Date:” where you have them."),
    )  # fmt: skip

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["store"].empty_label = _("Choose…")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MOST_BYTES:
            raise ValidationError(_("At most 20 MB. Make the file smaller, or split it."))
        return file

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "file" in self.errors or "text" in self.errors:
            return values
        if bool(values.get("file")) == bool((values.get("text") or "").strip()):
            raise ValidationError(_("Choose a file or paste a text, one of the two."))
        return values

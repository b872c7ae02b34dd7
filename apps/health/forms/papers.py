"""What people say of papers, products and requirements: validated here, saved by actions."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from apps.accounts.actions.refusal import Refused
from apps.accounts.forms import DayInput, Dressed
from apps.accounts.queries import colleagues
from apps.health.actions import files
from apps.health.actions.papers import Content, Handed
from apps.health.models import Paper, PaperGroup
from apps.health.queries.papers import Kind, kinds

MOST_SKUS = 10_000


def listed(text: str) -> tuple[str, ...]:
    """Lines, or words parted by commas or semicolons."""
    return tuple(dict.fromkeys(word.strip() for word in re.split(r"[\n,;，；]+", text) if word.strip()))


class PaperForm(Dressed):
    """What a paper says. `sites` are those that may be chosen."""

    number = forms.CharField(label=_("Number"), max_length=80, required=False)
    issuer = forms.CharField(label=_("Issued by"), max_length=120, required=False)
    person = forms.CharField(
        label=_("Responsible person"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Name, address and e-mail address"),
    )  # fmt: skip
    scope = forms.ChoiceField(label=_("For which products"), choices=Paper.Scope.choices)
    reach = forms.CharField(
        label=_("SKUs, brands or categories"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One in each line, or with commas between. Empty for all products of the store."),
    )  # fmt: skip
    marketplaces = forms.MultipleChoiceField(
        label=_("Sites"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: wherever such a paper counts."),
    )  # fmt: skip
    valid_from = forms.DateField(label=_("Valid from"), required=False, widget=DayInput())
    valid_to = forms.DateField(
        label=_("Valid to"),
        required=False,
        help_text=_("Its last day. Empty: it has no end."),
        widget=DayInput(),
    )

    def __init__(self, *args: Any, kind: Kind, sites: list[str], staff: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["marketplaces"].choices = [(code, code) for code in sites]
        self.fields["number"].help_text = kind.number_hint
        self.fields["number"].required = kind.needs_number
        if kind.months:
            words = _("Its last day. Empty: %(months)d months from its first day on.")
            self.fields["valid_to"].help_text = words % {"months": kind.months}
        if staff:
            owners = colleagues()
            self.fields["owner"] = forms.ModelChoiceField(label=_("Owner"), queryset=owners, required=False)
            self.fields["owner"].widget.attrs["class"] = "in w-full"
        if not kind.needs_person:
            del self.fields["person"]

    def clean_reach(self) -> tuple[str, ...]:
        found = listed(self.cleaned_data["reach"])
        if len(found) > MOST_SKUS:
            raise ValidationError(_("At most %(most)d lines.") % {"most": MOST_SKUS})
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                self.content().values()
            except Refused as refusal:
                raise ValidationError(str(refusal)) from None
        return values

    def content(self) -> Content:
        """What was said, as actions take it."""
        values = self.cleaned_data
        return Content(
            kind=self.kind.code,
            number=values.get("number", ""),
            issuer=values.get("issuer", ""),
            person=values.get("person", ""),
            marketplaces=tuple(values.get("marketplaces", ())),
            scope=values["scope"],
            reach=values["reach"],
            valid_from=values.get("valid_from"),
            valid_to=values.get("valid_to"),
        )


def parts_of(kind: Kind, zh: bool) -> list[dict[str, str]]:
    """The files a kind is made of, with their field's name; a kind without any may have one."""
    parts = kind.parts or [{"key": "document", "en": "Document", "zh": "文件"}]
    return [{"key": part["key"], "field": f"file-{part['key']}", "label": part["zh" if zh else "en"]} for part in parts]


def handed(sent: MultiValueDict, kind: Kind, stack: ExitStack) -> list[Handed]:
    """The files of a form, spooled for as long as the stack is open. Raises Refused."""
    found = []
    for part in parts_of(kind, zh=False):
        for file in sent.getlist(part["field"]):
            path = stack.enter_context(files.spooled(file.chunks()))
            found.append(Handed(part["key"], path, file.name or "paper"))
    return found


class WaiverForm(forms.Form):
    """Which requirement of a product is not needed, where, and why."""

    rule = forms.SlugField(max_length=40)
    site = forms.CharField(max_length=2, required=False)
    reason = forms.CharField(max_length=500)


class AskForm(Dressed):
    """What the client is asked for."""

    kind = forms.ChoiceField(label=_("Paper"))
    skus = forms.CharField(label=_("SKUs"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    marketplaces = forms.CharField(label=_("Sites"), required=False, max_length=100)
    text = forms.CharField(label=_("What we need"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    due = forms.DateField(label=_("Until"), required=False, widget=DayInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, kind.label) for code, kind in kinds(active=True).items()]

    def about(self) -> dict[str, Any]:
        values = self.cleaned_data
        sites = [code.upper() for code in listed(values["marketplaces"])]
        return {"skus": list(listed(values["skus"]))[:200], "marketplaces": sites, "due": values["due"]}


class StepForm(forms.Form):
    """A step of a paper, with what somebody has to say."""

    note = forms.CharField(required=False, max_length=500)


def grouped(known: Mapping[str, Kind]) -> Iterator[tuple[Any, list[Kind]]]:
    """Kinds under their groups' names, for choosing one."""
    for group in PaperGroup:
        found = [kind for kind in known.values() if kind.group == group.value]
        if found:
            yield group.label, found

"""What people say of products and requirements: traits, an agency's own kinds, rules and traits."""

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput, Dressed
from apps.accounts.models import Marketplace
from apps.health.domain.validity import SIGNS
from apps.health.forms.papers import MOST_SKUS, listed
from apps.health.models import OwnPaperKind, PaperGroup
from apps.health.queries.papers import kinds
from apps.health.queries.traits import traits

MOST_PARTS = 12


class TraitsForm(forms.Form):
    """Yes, no or unknown for each of the traits `known`, in fields named `trait-<key>`."""

    def __init__(self, *args: Any, known: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    def traits(self) -> dict[str, bool]:
        """What was said; with the button `rest` all that was left open is a no."""
        said = {name: self.data.get(f"trait-{name}", "") for name in self.known}
        rest = "no" if self.data.get("rest") else ""
        answers = {name: value or rest for name, value in said.items()}
        return {name: value == "yes" for name, value in answers.items() if value in {"yes", "no"}}


class QuestionAction(forms.Form):
    """What to answer of chosen products."""

    ACTIONS = (
        ("hinted", _("Take the suggestions")),
        ("yes", _("Yes")),
        ("no", _("No")),
        ("none", _("No to all that is open")),
    )
    action = forms.ChoiceField(choices=ACTIONS)
    trait = forms.CharField(max_length=40, required=False)
    scope = forms.ChoiceField(choices=[("picked", "picked"), ("all", "all")], required=False)
    count = forms.IntegerField(required=False, min_value=0)
    query = forms.CharField(required=False, max_length=2000)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("action") in {"yes", "no"} and values.get("trait") not in traits():
            self.add_error("trait", _("Choose what the products are, or are not."))
        return values


class KindForm(Dressed):
    """A kind of the agency's own. With `code` it changes that one."""

    code = forms.SlugField(max_length=40, required=False, widget=forms.HiddenInput)
    short = forms.CharField(label=_("Short name"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    group = forms.ChoiceField(label=_("Column"), choices=PaperGroup.choices, required=False)
    parts = forms.CharField(
        label=_("Files it is made of"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One in each line: English | Chinese. Empty: one document."),
    )  # fmt: skip
    needs_number = forms.BooleanField(label=_("It has a number"), required=False)
    mask = forms.CharField(
        label=_("Format of the number"), required=False, max_length=60,
        help_text=_("# is a digit, @ a letter, * either; anything else stands as it is: DE########. Empty: any."),
    )  # fmt: skip
    needs_person = forms.BooleanField(label=_("It names a responsible person"), required=False)
    months = forms.IntegerField(
        label=_("Holds for months"), required=False, min_value=1, max_value=600,
        help_text=_("Counted from its first day where nobody says its last. Empty: no end."),
    )  # fmt: skip
    source = forms.CharField(label=_("Source"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "kind-%s"} | kwargs)

    @classmethod
    def of(cls, kind: OwnPaperKind) -> "KindForm":
        """The form of a kind there is."""
        names = ("code", "short", "name_en", "name_zh", "group", "needs_number", "needs_person", "months", "source")
        told = {name: getattr(kind, name) for name in names}
        lines = "\n".join(f"{part['en']} | {part['zh']}" for part in kind.parts)
        return cls(initial=told | {"mask": kind.number_hint, "parts": lines})

    def clean_group(self) -> str:
        return str(self.cleaned_data["group"] or PaperGroup.OTHER)

    def clean_mask(self) -> str:
        mask = re.sub(r"\s+", "", self.cleaned_data["mask"])
        if mask and not set(mask) & set(SIGNS):
            raise ValidationError(_("Say where digits (#) or letters (@, *) stand, such as DE########."))
        return mask

    def clean_parts(self) -> list[dict[str, str]]:
        """Each with a key of its own: made of its English name, or of its place."""
        found: dict[str, dict[str, str]] = {}
        for number, line in enumerate(filter(None, map(str.strip, self.cleaned_data["parts"].splitlines())), start=1):
            en, _bar, zh = (word.strip() for word in line.replace("｜", "|").partition("|"))
            key = slugify(en)[:30] or f"part-{number}"
            if not en or key in found:
                raise ValidationError(_("Line %(line)d: each file needs a name of its own.") % {"line": number})
            found[key] = {"key": key, "en": en[:80], "zh": (zh or en)[:80]}
        if len(found) > MOST_PARTS:
            raise ValidationError(_("At most %(most)d lines.") % {"most": MOST_PARTS})
        return list(found.values())


class TraitForm(Dressed):
    """A trait of the agency's own."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    words = forms.CharField(
        label=_("Words that hint at it"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In titles and categories, any language, with commas between; “candle*” also finds “candles”."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "trait-%s"} | kwargs)

    def clean_words(self) -> list[str]:
        return [word.lower()[:60] for word in listed(self.cleaned_data["words"])][:200]


class RuleForm(Dressed):
    """A requirement of the agency's own: which products on which sites need one of which papers."""

    code = forms.SlugField(label=_("Code"), max_length=30, help_text=_("Small letters, digits and hyphens."))
    kinds = forms.MultipleChoiceField(label=_("One of these papers"), widget=forms.CheckboxSelectMultiple)
    marketplaces = forms.MultipleChoiceField(label=_("Sites"), widget=forms.CheckboxSelectMultiple)
    traits = forms.MultipleChoiceField(
        label=_("Only products that are"), required=False, widget=forms.CheckboxSelectMultiple
    )
    traits_not = forms.MultipleChoiceField(
        label=_("Only products that are not"), required=False, widget=forms.CheckboxSelectMultiple
    )
    categories = forms.CharField(label=_("Only categories"), required=False)
    brands = forms.CharField(label=_("Only brands"), required=False)
    skus = forms.CharField(label=_("Only these SKUs"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    source = forms.CharField(label=_("Source"), max_length=300, required=False)
    valid_from = forms.DateField(
        label=_("Valid from"),
        required=False,
        help_text=_("Before that day it is told of, and blocks nothing."),
        widget=DayInput(),
    )
    advice = forms.BooleanField(label=_("Advice only: never blocks a sale"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = [(code, kind.label) for code, kind in kinds(active=True).items()]
        sites = Marketplace.objects.filter(active=True).values_list("code", flat=True)
        self.fields["marketplaces"].choices = [(code, code) for code in sites]
        known = [(code, trait.name) for code, trait in traits().items()]
        self.fields["traits"].choices = self.fields["traits_not"].choices = known

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if set(values.get("traits", ())) & set(values.get("traits_not", ())):
            raise ValidationError(_("A product cannot be something and not be it."))
        return values

    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "kinds": said["kinds"],
            "marketplaces": said["marketplaces"],
            "wants": dict.fromkeys(said["traits"], True) | dict.fromkeys(said["traits_not"], False),
            "categories": [each.lower() for each in listed(said["categories"])],
            "brands": [each.lower() for each in listed(said["brands"])],
            "skus": list(listed(said["skus"]))[:MOST_SKUS],
            "source": said["source"],
            "valid_from": said["valid_from"],
            "binding": not said["advice"],
            "active": True,
        }

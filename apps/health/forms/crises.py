"""What people send about playbooks and their runs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput, Dressed
from apps.accounts.queries import colleagues

MOST_BYTES = 20 * 2**20


class StartForm(forms.Form):
    """A playbook for a store and site, by hand."""

    playbook = forms.UUIDField()
    store = forms.SlugField()
    marketplace = forms.CharField(max_length=2, required=False)
    incident = forms.IntegerField(min_value=1, max_value=2_000_000_000, required=False)


class StepForm(forms.Form):
    """What is done with one step."""

    action = forms.ChoiceField(choices=[(name, name) for name in ("done", "confirm", "skip", "file", "edit")])
    owner = forms.ModelChoiceField(None, required=False)
    due = forms.DateField(required=False)
    reason = forms.CharField(max_length=500, required=False)
    file = forms.FileField(required=False, allow_empty_file=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MOST_BYTES:
            raise forms.ValidationError(_("At most 20 MB. Make the file smaller, or split it."))
        return file

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("action") == "file" and not values.get("file") and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return values


class NewStepForm(Dressed):
    """A step that the playbook did not foresee."""

    text = forms.CharField(label=_("What is to be done"), max_length=400)
    owner = forms.ModelChoiceField(None, label=_("Owner"), required=False)
    due = forms.DateField(label=_("Due"), required=False, widget=DayInput())
    four_eyes = forms.BooleanField(label=_("Four eyes: somebody else confirms it"), required=False)
    evidence = forms.BooleanField(label=_("Asks for a file as proof"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="step", **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]


class PlanForm(Dressed):
    """The plan of action."""

    root = forms.CharField(
        label=_("Root cause"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 9}),
        help_text=_("What failed, since when, why it was not noticed. Amazon reads this first: facts, no excuses."),
    )  # fmt: skip
    corrective = forms.CharField(
        label=_("What was done at once"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("Done already, each with its day and its proof in the pack."),
    )  # fmt: skip
    preventive = forms.CharField(
        label=_("What keeps it from happening again"), max_length=20_000, required=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("Who checks what, how often, and from which day on."),
    )  # fmt: skip


class PlaybookForm(Dressed):
    """An agency's copy: one step a line, `days | English | 中文`; `!` in front asks for two people, `+` for a file."""

    name_en = forms.CharField(label=_("Name, English"), max_length=120)
    name_zh = forms.CharField(label=_("Name, Chinese"), max_length=120, required=False)
    steps = forms.CharField(
        label=_("Steps"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 12}),
        help_text=_("One a line: days | English | Chinese. A line that begins with ! asks for two people, with + for a file."),
    )  # fmt: skip
    active = forms.BooleanField(label=_("Active"), required=False)
    starts = forms.BooleanField(
        label=_("Starts by itself"), required=False,
        help_text=_("A run begins once for each incident of its causes that gets red; its steps go to the incident's owner."),
    )  # fmt: skip

    def clean_steps(self) -> list[dict[str, Any]]:
        lines = [line for line in self.cleaned_data["steps"].splitlines() if line.strip()]
        return [_step(line.strip()) for line in lines[:100]]


def _step(line: str) -> dict[str, Any]:
    marks = line[: len(line) - len(line.lstrip("!+ "))]
    days, _bar, rest = line.lstrip("!+ ").partition("|")
    en, _bar, zh = rest.partition("|")
    if not days.strip().isdecimal() or int(days.strip()[:4]) > 365 or not (en.strip() or zh.strip()):
        raise forms.ValidationError(_("This line is not “days | text”: %s") % line[:60])
    return {
        "en": en.strip()[:400], "zh": zh.strip()[:400], "days": int(days.strip()[:4]),
        "four_eyes": "!" in marks, "evidence": "+" in marks,
    }  # fmt: skip


def written(steps: list[dict[str, Any]]) -> str:
    """Steps as the form shows them."""
    marks = [("!" if s.get("four_eyes") else "") + ("+" if s.get("evidence") else "") for s in steps]
    return "\n".join(f"{m}{s['days']} | {s['en']} | {s['zh']}" for m, s in zip(marks, steps, strict=True))

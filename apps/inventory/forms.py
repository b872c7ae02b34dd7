"""What people send: validated here, saved by actions."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import OverList
from apps.core.lists import as_day
from apps.inventory.actions.policies import FIELDS
from apps.inventory.domain.plans import Part
from apps.inventory.models import MODES

MOST_UNITS = 10_000_000
ROW = ("mode", "units", "arrives")  # of one shipment
BULK = ("plan", "mode", "assign", "snooze", "wake")


class Quantity(forms.Form):
    """A person's own quantity; empty: as suggested. Cartons, if given, win over units."""

    units = forms.IntegerField(label=_("Units"), min_value=0, max_value=MOST_UNITS, required=False)
    cartons = forms.IntegerField(label=_("Cartons"), min_value=0, max_value=MOST_UNITS, required=False)

    def quantity(self, carton_units: int | None) -> int | None:
        cartons: int | None = self.cleaned_data["cartons"]
        units: int | None = self.cleaned_data["units"]
        return units if cartons is None else min(cartons * (carton_units or 1), MOST_UNITS)


class Bulk(OverList):
    """One verb over chosen lines, or over all lines of the page's filter (`scope=all` with its count)."""

    action = forms.ChoiceField(choices=[(name, name) for name in BULK])
    mode = forms.ChoiceField(choices=[("", ""), *((mode, mode) for mode in MODES)], required=False)
    owner = forms.UUIDField(required=False)
    title = forms.CharField(required=False, max_length=120)


def _field(name: str) -> forms.Field:
    if name == "safety_factor":
        return forms.DecimalField(min_value=Decimal("0.1"), max_value=10, decimal_places=2, required=False)
    if name.startswith("weight"):
        return forms.DecimalField(min_value=0, max_value=1, decimal_places=3, required=False)
    least = 1 if name in ("moq", "carton_units") else 0
    most = 1_000_000 if least else 730
    return forms.IntegerField(min_value=least, max_value=most, required=False)


class Policy(forms.Form):
    """One level's own values; empty: as the wider level says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FIELDS:
            self.fields[name] = _field(name)

    def values(self) -> dict[str, Any]:
        """Only what was sent: a form that shows fewer fields leaves the others alone."""
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.data}


class Step(forms.Form):
    """A step of a plan: the version the person saw, and what they have to say."""

    version = forms.IntegerField(min_value=1)
    note = forms.CharField(required=False, max_length=2000)
    title = forms.CharField(required=False, max_length=120)

    def numbers(self, prefix: str) -> dict[str, int]:
        """{line id: number} of the fields named `prefix-<line id>`; what is not a number is left out."""
        found = {}
        for name, value in self.data.items():
            if name.startswith(f"{prefix}-") and value.strip().isdecimal() and len(value) < 9:
                found[name.removeprefix(f"{prefix}-")] = int(value)
        return found


class Split(forms.Form):
    """A line's shipments: rows of `mode-n`, `units-n`, `arrives-n`. One row without units takes the rest."""

    version = forms.IntegerField(min_value=1)

    def __init__(self, *args: Any, units: int, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.total, self.parts = units, list[Part]()
        words = [{name: self.data.get(f"{name}-{n}", "").strip() for name in ROW} for n in range(most)]
        self.rows = [row for row in words if row["units"] or row["arrives"]]

    def clean(self) -> dict[str, Any]:
        told = [row for row in self.rows if row["units"]]
        sum_ = sum(int(row["units"]) for row in told if _is_count(row["units"]))
        if len(self.rows) - len(told) > 1:
            raise forms.ValidationError(_("Only one shipment may take the rest."))
        for n, row in enumerate(self.rows, 1):
            if row["units"] and not _is_count(row["units"]):
                raise forms.ValidationError(_("Shipment %d: a whole number of units, please.") % n)
            day = as_day(row["arrives"])
            if day is None or row["mode"] not in {"air", "sea"}:
                raise forms.ValidationError(_("Shipment %d: say how it travels and on which day it arrives.") % n)
            self.parts.append(Part(row["mode"], int(row["units"] or max(0, self.total - sum_)), day))
        if not self.rows:
            raise forms.ValidationError(_("A line travels in at least one shipment."))
        return self.cleaned_data

    def problems(self) -> list[str]:
        """What is wrong, in words."""
        return [str(error) for errors in self.errors.values() for error in errors]


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) < 9 and int(text) > 0

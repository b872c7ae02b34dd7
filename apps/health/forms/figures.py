"""What people send about figures of their own and about CSat: validated here, saved by actions."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput, Dressed
from apps.health.actions.figures import Wanted
from apps.health.models.names import metric_name
from apps.sync.reading.figures import FIGURES, NOT_YET, problem


def _metrics() -> list[tuple[str, str]]:
    return [(f"{metric}:{programme}", metric_name(metric, programme)) for metric, programme in FIGURES]


class FigureForm(Dressed):
    """One figure of one site and day."""

    metric = forms.ChoiceField(label=_("Metric"), choices=lazy(_metrics, list))
    site = forms.ChoiceField(label=_("Site"))
    day = forms.DateField(label=_("Day"), widget=DayInput())
    value = forms.DecimalField(
        label=_("Value"), required=False, max_digits=14, decimal_places=4,
        help_text=_("Percent for a rate (98.5), points for the rating, else a number of cases."),
    )  # fmt: skip
    count = forms.IntegerField(
        label=_("Count"), required=False, min_value=0,
        help_text=_("Instead of a rate, with its total: the good ones for tracking, delivery and shipping, else the bad ones."),
    )  # fmt: skip
    total = forms.IntegerField(label=_("Total"), required=False, min_value=0)

    def __init__(self, *args: Any, sites: list[str], latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [(code, code) for code in sites]  # type: ignore[attr-defined]
        self.latest = latest

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("day") and values["day"] > self.latest:
            self.add_error("day", _(NOT_YET))
        if "metric" in values and not self.errors:
            metric, _colon, programme = values["metric"].partition(":")
            value = None if values["value"] is None else float(values["value"])
            if why := problem(FIGURES[metric, programme], value, values["count"], values["total"]):
                self.add_error("value", _(why))
        return values

    @property
    def wanted(self) -> Wanted:
        """What was entered, once it is valid."""
        values = self.cleaned_data
        metric, _colon, programme = values["metric"].partition(":")
        value = None if values["value"] is None else float(values["value"])
        return Wanted(values["site"], metric, programme, values["day"], value, values["count"], values["total"])


def _points(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_value=Decimal(100), max_digits=5, decimal_places=2,
        help_text=_("Points lost for each percentage point"),
    )  # fmt: skip


class CsatForm(Dressed):
    """The terms of CSat."""

    ncx = _points(_("Negative customer experience (NCX)"))
    feedback = _points(_("Negative feedback"))
    replies = _points(_("Late replies to buyers"))
    in_portal = forms.BooleanField(label=_("Clients see CSat in the portal"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not any(values[name] for name in ("ncx", "feedback", "replies")):
            raise forms.ValidationError(_("At least one input must cost points."))
        return values

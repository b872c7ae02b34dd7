"""What people send: validated here, saved by actions."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import DayInput, OverList
from apps.accounts.models import Store
from apps.core.money import digits, to_minor
from apps.sales.actions import CostLine
from apps.sales.queries.cost import currencies

MOST = Decimal(10**9)
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)


class Cost(forms.Form):
    """What one unit costs, from a day on."""

    unit_cost = forms.DecimalField(label=_("Unit cost"), min_value=0, max_value=MOST, decimal_places=4)
    freight = forms.DecimalField(
        label=_("Freight to FBA"), min_value=0, max_value=MOST, decimal_places=4, required=False
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=())
    valid_from = forms.DateField(label=_("Valid from"), widget=DayInput())
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in currencies()]
        for name in ("unit_cost", "freight"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def clean_valid_from(self) -> date:
        day: date = self.cleaned_data["valid_from"]
        if not FIRST <= day <= LAST:
            raise forms.ValidationError(_("A day between 2000 and 2099, please."))
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        places = digits(values.get("currency", ""))
        for name in ("unit_cost", "freight"):
            amount = values.get(name)
            if amount is not None and amount != round(amount, places):
                self.add_error(name, _("At most %d decimal places in this currency.") % places)
        return values

    def line(self, sku: str) -> CostLine:
        """As `actions.set_costs` takes it."""
        values = self.cleaned_data
        currency, freight = values["currency"], values["freight"]
        return CostLine(
            sku=sku,
            valid_from=values["valid_from"],
            unit_cost=to_minor(values["unit_cost"], currency),
            currency=currency,
            freight=None if freight is None else to_minor(freight, currency),
            note=values["note"],
        )


class NewCost(Cost):
    """The same for a SKU that is typed in."""

    store = forms.ModelChoiceField(None, label=_("Store"), to_field_name="slug", empty_label=None)
    sku = forms.CharField(label=_("SKU"), max_length=60)
    field_order = ("store", "sku")

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["store"].queryset = stores


class Bulk(OverList):
    """One cost for chosen SKUs, or for all of the page's filter (`scope=all` with its count)."""

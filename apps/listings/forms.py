"""What people send: validated here, saved by actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import OverList
from apps.accounts.queries import colleagues

MOST_UNITS = 10_000_000
MOST_PER_CARTON = 100_000


def _field(name: str) -> forms.Field:
    if name == "owner":
        return forms.ModelChoiceField(colleagues(), label=_("Owner"), required=False, empty_label=str(_("Nobody")))
    if name == "moq":
        return forms.IntegerField(label=_("Minimum order"), min_value=1, max_value=MOST_UNITS, required=False)
    if name == "carton_units":
        return forms.IntegerField(label=_("Units per carton"), min_value=1, max_value=MOST_PER_CARTON, required=False)
    labels = {"supplier": _("Supplier"), "brand": _("Brand"), "category": _("Category")}
    return forms.CharField(label=labels[name], max_length=120 if name == "supplier" else 100, required=False)


FIELDS = ("supplier", "brand", "category", "moq", "carton_units", "owner")


class Masters(forms.Form):
    """Master data of products: the fields named, as they will be. Empty: unknown, nobody."""

    def __init__(self, *args: Any, names: tuple[str, ...] = FIELDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in names:
            self.fields[name] = _field(name)
            if isinstance(self.fields[name], forms.IntegerField):
                self.fields[name].widget = forms.TextInput(attrs={"inputmode": "numeric"})
        if "supplier" in self.fields:
            self.fields["supplier"].widget.attrs |= {"list": "suppliers", "autocomplete": "off"}

    def values(self) -> dict[str, Any]:
        """As `actions.edit_product` takes them."""
        found = {name: self.cleaned_data[name] for name in self.fields}
        if "owner" in found:
            owner = found.pop("owner")
            found["owner_id"] = owner.pk if owner else None
        return found


class Bulk(OverList):
    """One field for chosen products, or for all of the page's filter (`scope=all` with its count)."""

    action = forms.ChoiceField(choices=[(name, name) for name in FIELDS])

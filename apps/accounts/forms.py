"""What people type on sign-in and settings pages. Forms validate; actions change."""

import csv
import ipaddress
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from babel.dates import get_timezone_location
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts.actions.invitations import Offer
from apps.accounts.actions.keys import KeyTerms
from apps.accounts.actions.rates import RateLine
from apps.accounts.domain.colours import READABLE, WHITE, contrast, nearest_readable
from apps.accounts.domain.drawings import Odd
from apps.accounts.domain.pictures import MOST_BYTES, Picture, safe_picture
from apps.accounts.models import Client, Marketplace, Member, Store, User
from apps.accounts.models.members import DeltaColours, Density, Language, Theme
from apps.accounts.queries import colleagues, currency_codes
from apps.core.metrics import JUDGED
from apps.core.money import to_minor
from apps.core.permissions import SCOPE_LABELS, SCOPES, STAFF_ROLES, Role
from apps.core.templatetags.figures import locale

LOOKS = {
    forms.CheckboxSelectMultiple: "ck",
    forms.CheckboxInput: "ck",
    forms.Textarea: "in w-full",
    forms.Select: "in w-full",
}
OLD_AREAS = ("Etc/", "US/", "Canada/", "Mexico/", "Brazil/", "Chile/")  # second names of zones that are listed
# Where people pay suppliers and forwarders although no site sells there.
MORE_CURRENCIES = frozenset({"AED", "CHF", "HKD", "INR", "KRW", "MYR", "NZD", "SAR", "THB", "TRY", "TWD", "VND", "ZAR"})
COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("A colour like #2453d4."))


class DayInput(forms.DateInput):
    """A browser's own field for a day. It knows one spelling: written as the reader's language has it, it stays empty."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class Dressed(forms.Form):
    """A form whose controls look like the rest of the house."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            look = next(
                (css for kind, css in LOOKS.items() if isinstance(field.widget, kind)),
                "in w-full",
            )
            field.widget.attrs.setdefault("class", look)
            if isinstance(field, forms.ModelChoiceField) and field.empty_label is not None:
                field.empty_label = _("Choose…") if field.required else _("None")


def _zones() -> list[tuple[str, str]]:
    """Time zones by their offset of today, with their cities in the reader's language."""
    return _zones_of(locale(), timezone.localdate())


@lru_cache(maxsize=4)  # 600 names, and the offsets of one day
def _zones_of(reader: str, today: date) -> list[tuple[str, str]]:
    noon = datetime.combine(today, time(12), UTC)
    found = []
    for zone in zoneinfo.available_timezones():
        if zone == "Etc/UTC" or (not zone.startswith(OLD_AREAS) and "/" in zone):
            offset = noon.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() or timedelta()
            city = get_timezone_location(zone, locale=reader, return_city=True)
            hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
            sign = "\u2212" if offset < timedelta() else "+"
            name = zone.replace("_", " ")
            named = name if name.endswith(city) else f"{city} · {name}"
            found.append((offset, city, zone, f"UTC{sign}{hours:02}:{minutes:02} · {named}"))
    return [(zone, label) for _offset, _city, zone, label in sorted(found)]


def currency_choices() -> list[tuple[str, str]]:
    """Currencies there is a rate for."""
    return [(code, code) for code in currency_codes()]


def _rated() -> list[tuple[str, str]]:
    """Currencies that may have a rate of the agency's own: all that sites pay in, and those of the reference."""
    sites = set(Marketplace.objects.values_list("currency", flat=True))
    codes = {code for code, _label in currency_choices()} | sites | MORE_CURRENCIES
    return [(code, code) for code in sorted(codes - {"USD"})]


def _portal_currencies() -> list[tuple[str, str]]:
    return [("", str(_("The agency’s"))), *currency_choices()]


def _sites() -> list[tuple[str, str]]:
    active = Marketplace.objects.filter(active=True)
    return [
        ("", str(_("All sites"))),
        *((m.code, f"{m.code} · {m.name}") for m in active),
    ]


def _metrics() -> list[tuple[str, Any]]:
    """Numbers for which an own level does something."""
    return sorted(
        ((key, metric.label) for key, metric in JUDGED.items()),
        key=lambda pair: str(pair[1]),
    )


class ProfileForm(Dressed):
    """What a person decides for themselves."""

    name = forms.CharField(label=_("Name"), max_length=80)
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lazy(_zones, list))
    theme = forms.ChoiceField(label=_("Theme"), choices=Theme.choices)
    density = forms.ChoiceField(label=_("Row height"), choices=Density.choices)
    delta_colours = forms.ChoiceField(label=_("Colours of change"), choices=DeltaColours.choices)
    shortcuts = forms.BooleanField(label=_("Keyboard shortcuts"), required=False)

    @classmethod
    def of(cls, user: User, data: Any = None) -> "ProfileForm":
        return cls(data, initial={name: getattr(user, name) for name in cls.base_fields})


class QuickForm(forms.Form):
    """One switch of the header: only what was sent is checked and kept."""

    language = forms.ChoiceField(choices=Language.choices, required=False)
    theme = forms.ChoiceField(choices=Theme.choices, required=False)
    density = forms.ChoiceField(choices=Density.choices, required=False)
    delta_colours = forms.ChoiceField(choices=DeltaColours.choices, required=False)

    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class NewPersonForm(Dressed):
    """Who accepts an invitation without having a login yet."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A sentence is a good password."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if password := values.get("password"):
            try:
                validate_password(password, User(email=self.email, name=values.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return values


class GrantsForm(Dressed):
    """The matrix of stores and sites: values are "7" (all sites of store 7) or "7:US"."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.sent = data.getlist("grant") if data is not None else []

    def grants(self) -> list[tuple[int, str | None]]:
        """What was ticked; what is not of this shape is left out."""
        found = []
        for value in self.sent:
            store, _colon, site = value.partition(":")
            if store.isascii() and store.isdecimal() and len(store) < 19:
                found.append((int(store), site or None))
        return [(store, site) for store, site in found if site is None or site in _site_codes()]


def _site_codes() -> frozenset[str]:
    return frozenset(Marketplace.objects.values_list("code", flat=True))


class SeatForm(Dressed):
    """A seat's role; for a client's seat the client."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    client = forms.ModelChoiceField(label=_("Client"), queryset=Client._base_manager.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = Client.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class HandOverForm(Dressed):
    """Who looks after another person's work from now on."""

    to = forms.ModelChoiceField(label=_("From now on"), queryset=Member._base_manager.none())

    def __init__(self, seat: Member, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues().exclude(pk=seat.pk)  # type: ignore[attr-defined]


class InviteForm(SeatForm):
    """An offer of a seat."""

    email = forms.EmailField(label=_("E-mail address"))
    field_order = ("email", "role", "client")

    def offer(self, grants: Iterable[tuple[int, str | None]]) -> Offer:
        return Offer(self.cleaned_data["role"], self.cleaned_data["client"], tuple(grants))


class KeyForm(Dressed):
    """A new API key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What program uses it, e.g. “ERP, nightly stock”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope, format_lazy("{} ({})", SCOPE_LABELS[scope], scope)) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store._base_manager.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Not needed with stores:all."),
    )
    networks = forms.CharField(
        label=_("Only from these networks"),
        required=False,
        help_text=_("Addresses or CIDR ranges, separated by spaces; empty: from anywhere."),
    )
    days = forms.IntegerField(label=_("Valid for days"), min_value=1, max_value=366, initial=90)
    per_minute = forms.IntegerField(label=_("Calls a minute"), min_value=1, max_value=6000, initial=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stores"].queryset = Store.objects.filter(active=True).order_by("name")  # type: ignore[attr-defined]

    def clean_networks(self) -> tuple[str, ...]:
        words = self.cleaned_data["networks"].replace(",", " ").split()
        try:
            return tuple(str(ipaddress.ip_network(word, strict=False)) for word in words)
        except ValueError as error:
            raise ValidationError(_("Not an address or a range: %(what)s"), params={"what": str(error)}) from error

    def terms(self) -> KeyTerms:
        values = self.cleaned_data
        return KeyTerms(
            name=values["name"],
            scopes=tuple(values["scopes"]),
            stores=tuple(store.pk for store in values["stores"]),
            networks=values["networks"],
            days=values["days"],
            per_minute=values["per_minute"],
        )


class LimitsForm(Dressed):
    """How much each staff role may approve alone: an amount in the agency's currency, empty for no limit."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(*args, **kwargs)
        for role in STAFF_ROLES:
            self.fields[role.value] = forms.DecimalField(label=role.label, min_value=0, max_digits=14, required=False)
            self.fields[role.value].widget.attrs.update({"class": "in num w-32 text-right", "inputmode": "decimal"})

    def limits(self) -> dict[str, int | None]:
        """{role: minor units, None for no limit}."""
        return {
            role: None if amount is None else to_minor(amount, self.currency)
            for role, amount in self.cleaned_data.items()
        }


class ThresholdForm(Dressed):
    """The agency's own value for a metric's limit."""

    metric = forms.ChoiceField(label=_("Metric"), choices=lazy(_metrics, list))
    marketplace = forms.ChoiceField(label=_("Site"), choices=lazy(_sites, list), required=False)
    programme = forms.CharField(label=_("Programme"), max_length=40, required=False)
    value = forms.DecimalField(
        label=_("Value"),
        max_digits=14,
        decimal_places=4,
        min_value=Decimal("-9999999999"),
        help_text=_("In the metric's own unit; percent as a share: 0.2 is 20 %."),
    )


class CurrencyForm(Dressed):
    """Money, language and time of an agency."""

    currency = forms.ChoiceField(label=_("Currency of mixed sums"), choices=lazy(currency_choices, list))
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lazy(_zones, list))


class RateForm(Dressed):
    """What one US dollar costs in a currency, from a day on."""

    currency = forms.ChoiceField(label=_("Currency"), choices=lazy(_rated, list))
    per_usd = forms.DecimalField(
        label=_("For one US dollar"), max_digits=18, decimal_places=8, min_value=Decimal("0.00000001")
    )
    valid_from = forms.DateField(label=_("Valid from"), widget=DayInput())
    source = forms.CharField(label=_("Source"), max_length=80, required=False)

    def line(self) -> RateLine:
        return RateLine(**self.cleaned_data)


class RateFileForm(Dressed):
    """Many quotations as a file: all lines are taken, or none."""

    MOST_BYTES, MOST_LINES, COLUMNS = 2**20, 5000, ("currency", "valid_from", "per_usd")

    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("With a header: currency, valid_from, per_usd, source. Days as 2026-11-01, at most 5000 lines."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> list[RateLine]:
        """The lines; says which line is wrong, and how."""
        file = self.cleaned_data["file"]
        if file.size > self.MOST_BYTES:
            raise ValidationError(_("This file is larger than %(most)d MiB.") % {"most": self.MOST_BYTES // 2**20})
        self.content = file.read()
        return self.lines_of(self.content)

    @classmethod
    def lines_of(cls, content: bytes) -> list[RateLine]:
        """The lines of a file's bytes. Raises ValidationError with the first twenty that are wrong."""
        try:
            rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValidationError(_("Not a CSV file in UTF-8: %(why)s") % {"why": error}) from error
        if not rows or not set(cls.COLUMNS) <= set(rows[0]) or len(rows) > cls.MOST_LINES:
            raise ValidationError(
                _("The file needs a header with currency, valid_from and per_usd, and 1 to 5000 lines.")
            )
        found = [cls._line(number, row) for number, row in enumerate(rows, start=2)]
        problems = [ValidationError(each) for each in found if isinstance(each, str)]
        if problems:
            raise ValidationError(problems[:20])
        lines = [each for each in found if isinstance(each, RateLine)]
        if len({line.name for line in lines}) < len(lines):
            raise ValidationError(_("A currency has two rates from the same day."))
        return lines

    @classmethod
    def _line(cls, number: int, row: dict[str, Any]) -> RateLine | str:
        values = {name: str(row.get(name) or "").strip() for name in (*cls.COLUMNS, "source")}
        form = RateForm(values | {"currency": values["currency"].upper()})
        if form.is_valid():
            return form.line()
        why = "; ".join(str(message) for messages in form.errors.values() for message in messages)
        return _("Line %(number)d: %(why)s") % {"number": number, "why": why}


class RateTextForm(forms.Form):
    """The same lines again, once somebody has looked at them."""

    name = forms.CharField(max_length=200)
    text = forms.CharField(max_length=2 * RateFileForm.MOST_BYTES)  # browsers end lines with two signs

    def clean_text(self) -> list[RateLine]:
        return RateFileForm.lines_of(self.cleaned_data["text"].encode())


class SecurityForm(Dressed):
    """What the agency asks of its people."""

    mfa_required = forms.BooleanField(label=_("Everybody needs a second factor"), required=False)


class ReviewForm(Dressed):
    """The sign-off of an access review."""

    note = forms.CharField(label=_("Note"), max_length=300, required=False)


WRONG_PICTURES = {
    "too big": _("The picture is too large: at most 512 KB, and a drawing of at most 5000 parts."),
    "size": _("The picture must be between 16 and 2000 pixels wide and high."),
    "kind": _("This is no PNG, JPEG, WebP or SVG picture, whatever its name says."),
    "broken": _("The picture cannot be read: it is damaged or animated. Save it again and try once more."),
    "doctype": _("The drawing declares a document type, which we do not read. Export it as plain SVG."),
    "element": _("The drawing holds “%(what)s”, which could run or load something. Export it as plain SVG, or as PNG."),
    "link": _("The drawing points outside of itself: %(what)s. Embed nothing and link nothing, or use PNG."),
}


class BrandForm(Dressed):
    """How the agency looks to its clients."""

    name = forms.CharField(label=_("Agency name"), max_length=100)
    brand_colour = forms.CharField(
        label=_("Brand colour"),
        validators=[COLOUR],
        widget=forms.TextInput(attrs={"type": "color", "class": "h-8 w-16"}),
    )
    staff_names_in_portal = forms.BooleanField(label=_("Show staff names in the portal"), required=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG, WebP or SVG, at most 512 KB and 2000 pixels a side. Clients see it in their portal."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/svg+xml"}),
    )
    drop_logo = forms.BooleanField(label=_("Take the logo away"), required=False)

    def clean_brand_colour(self) -> str:
        """White words on it must be readable; else it says which shade would be."""
        colour = str(self.cleaned_data["brand_colour"]).lower()
        found = contrast(colour, WHITE)
        if found < READABLE:
            words = _(
                "White text on this colour has a contrast of %(found)s, %(least)s is needed. The nearest shade: %(shade)s"
            )
            told = {"found": f"{found:.2f}", "least": READABLE, "shade": nearest_readable(colour)}
            raise forms.ValidationError(words % told)
        return colour

    def clean_logo(self) -> Picture | None:
        """The picture made safe, told by its bytes."""
        file = self.cleaned_data["logo"]
        if not file:
            return None
        if file.size > MOST_BYTES:
            raise forms.ValidationError(WRONG_PICTURES["too big"])
        try:
            return safe_picture(file.read())
        except Odd as why:
            raise forms.ValidationError(WRONG_PICTURES[why.key] % {"what": why.what}) from None


class _NamedKey(forms.Form):
    """The library's field has no label to translate."""

    name = forms.CharField(label=_("Name"), required=False, max_length=100)


class AddPasskeyForm(_NamedKey, AddWebAuthnForm):
    """A new passkey or security key."""


class EditPasskeyForm(_NamedKey, EditWebAuthnForm):
    """Its name."""


class ClientForm(Dressed):
    """A seller the agency works for."""

    name = forms.CharField(label=_("Name"), max_length=120)
    contract = forms.CharField(label=_("Contract"), max_length=120, required=False)
    fee = forms.DecimalField(label=_("Monthly fee"), min_value=0, max_digits=14, required=False)
    fee_currency = forms.ChoiceField(label=_("Fee currency"), choices=lazy(currency_choices, list), required=False)
    currency = forms.ChoiceField(
        label=_("Currency of the portal"), choices=lazy(_portal_currencies, list), required=False
    )
    since = forms.DateField(
        label=_("Client since"),
        required=False,
        widget=DayInput(),
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def values(self) -> dict[str, Any]:
        """For the action: the fee in minor units of its currency."""
        values = dict(self.cleaned_data)
        fee = values.pop("fee")
        values["monthly_fee"] = None if fee is None else to_minor(fee, values["fee_currency"])
        return values


class OverList(forms.Form):
    """What an action over a list is meant for: the picked rows, or all of the page's filter (`scope=all` with its count)."""

    scope = forms.ChoiceField(choices=[("picked", "picked"), ("all", "all")], required=False)
    count = forms.IntegerField(required=False, min_value=0)
    query = forms.CharField(required=False, max_length=2000)

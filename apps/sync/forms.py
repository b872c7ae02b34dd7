"""What people type when they connect stores, bring files and add webhooks."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.actions.stores import NewStore
from apps.accounts.forms import DayInput, Dressed
from apps.accounts.models import Client, Marketplace, Member, Store
from apps.accounts.models.stores import Channel, Region
from apps.accounts.queries import colleagues
from apps.core.permissions import Role
from apps.sync.actions.destinations import Addresses
from apps.sync.actions.webhooks import EVENTS
from apps.sync.outward import Refused, checked
from apps.sync.reading.reports import Report
from apps.sync.sources import SOURCES
from apps.sync.sources.queues import ARN, readable

MOST_DAYS = 400
# What hangs on a choice is asked anew when it changes: the channel decides whether there are regions, they the sites.
ASK = {"hx-get": "?", "hx-trigger": "change", "hx-swap": "outerHTML", "hx-include": "[name=channel],[name=region]"}
WHERE = {"hx-target": "#where"}


class StoreForm(Dressed):
    """Whom it belongs to, what it is called, and where it sells."""

    client = forms.ModelChoiceField(label=_("Client"), queryset=None, required=False)
    new_client = forms.CharField(label=_("Or a new client"), max_length=120, required=False)
    name = forms.CharField(label=_("Store name"), max_length=100)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=forms.Select(attrs=ASK | WHERE))
    region = forms.ChoiceField(
        label=_("Amazon region"),
        choices=[c for c in Region.choices if c[0]],
        required=False,
        widget=forms.Select(attrs=ASK | {"hx-target": "#sites"}),
    )
    sites = forms.ModelMultipleChoiceField(
        label=_("Sites"), queryset=None, widget=forms.CheckboxSelectMultiple, required=False
    )
    seller_id = forms.CharField(label=_("Seller ID"), max_length=40, required=False)
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=None, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = Client.objects.order_by("name")
        self.fields["sites"].queryset = Marketplace.objects.filter(active=True)
        people = Member.objects.filter(active=True, user__isnull=False).exclude(role=Role.CLIENT)
        self.fields["owner"].queryset = people.select_related("user")

        # Offered are the sites of one region; that those of another are refused is said by `clean`.
        region = self["region"].value() or Region.NA
        offered = Marketplace.objects.filter(active=True, region=region)
        self.fields["sites"].widget.choices = [(site.code, site.code) for site in offered]

    @property
    def on_amazon(self) -> bool:
        """Regions, sites and seller ids are Amazon's."""
        return self["channel"].value() in {None, "", Channel.AMAZON}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("client") and not values.get("new_client"):
            self.add_error("client", _("Choose a client, or name a new one."))
        if values.get("channel") == Channel.AMAZON:
            wrong = [site.code for site in values.get("sites", ()) if site.region != values.get("region")]
            if wrong:
                said = _("%(sites)s belong to another region: an account is one store per region.")
                self.add_error("sites", said % {"sites": ", ".join(wrong)})
            elif not values.get("sites"):
                self.add_error("sites", _("Choose the sites this store sells on."))
        return values

    def new_store(self) -> NewStore:
        values = self.cleaned_data
        return NewStore(
            name=values["name"],
            channel=values["channel"],
            region=values["region"],
            seller_id=values["seller_id"],
            sites=tuple(site.code for site in values["sites"]),
            owner=values["owner"],
        )


class StoreEditForm(Dressed):
    """What can be changed of a store: its address, channel and region stay."""

    name = forms.CharField(label=_("Store name"), max_length=100)
    client = forms.ModelChoiceField(label=_("Client"), queryset=None)
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=None, required=False)
    seller_id = forms.CharField(label=_("Seller ID"), max_length=40, required=False)

    def __init__(self, store: Store, *args: Any, **kwargs: Any) -> None:
        self.store = store
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = Client.objects.order_by("name")
        self.fields["owner"].queryset = colleagues() | Member.objects.filter(pk=store.owner_id).select_related("user")
        self.sites = []
        if store.channel == Channel.AMAZON:
            self.sites = [site.code for site in Marketplace.objects.filter(active=True, region=store.region)]
            self._ask_sites()
        else:
            del self.fields["seller_id"]

    @classmethod
    def of(cls, store: Store, data: Any = None) -> "StoreEditForm":
        pools = {site.marketplace_id: site.pool for site in store.sites.all() if site.active}
        initial = {"name": store.name, "client": store.client_id, "owner": store.owner_id, "seller_id": store.seller_id}
        initial |= {"sites": list(pools)} | {f"pool_{code}": pool for code, pool in pools.items()}
        return cls(store, data, initial=initial)

    def _ask_sites(self) -> None:
        sites = forms.MultipleChoiceField(
            label=_("Sites"),
            choices=[(code, code) for code in self.sites],
            widget=forms.CheckboxSelectMultiple(attrs={"class": "ck"}),
            help_text=_("A site that is taken away is brought no more; what is known of it stays."),
            error_messages={"required": _("Choose the sites this store sells on.")},
        )
        self.fields["sites"] = sites
        for code in self.sites:
            self.fields[f"pool_{code}"] = forms.CharField(
                label=format_lazy("{} · {}", code, _("Stock pool")),
                max_length=20,
                required=False,
                widget=forms.TextInput(attrs={"class": "in w-full"}),
            )

    @property
    def pools(self) -> list[Any]:
        return [self[f"pool_{code}"] for code in self.sites]

    @property
    def plain(self) -> list[Any]:
        """The fields that are not about stock pools."""
        return [field for field in self if not field.name.startswith("pool_")]

    def values(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in ("name", "client", "owner", "seller_id") if name in self.fields
        }

    def pooled(self) -> dict[str, str]:
        """{site: its pool}"""
        return {code: self.cleaned_data[f"pool_{code}"].strip() for code in self.cleaned_data.get("sites", ())}


class TokenForm(Dressed):
    """Credentials of a kind of source, by its own list of fields."""

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        self.kind = SOURCES[kind]
        super().__init__(*args, **kwargs)
        for field in self.kind.fields:
            widget = forms.PasswordInput(attrs={"autocomplete": "off", "class": "in w-full"}) if field.secret else None
            self.fields[field.key] = forms.CharField(
                label=field.label,
                max_length=2000,
                required=field.required,
                help_text=field.help,
                widget=widget or forms.TextInput(attrs={"autocomplete": "off", "class": "in w-full"}),
            )
        if "client_secret" in self.fields:
            self.fields["secret_since"] = forms.DateField(
                label=_("The client secret was made on"),
                required=False,
                widget=DayInput(attrs={"class": "in w-full"}),
                help_text=_("Amazon turns it off 180 days later; we remind you. Empty: today."),
            )

    def clean_secret_since(self) -> date | None:
        day: date | None = self.cleaned_data["secret_since"]
        if day and day > timezone.localdate():
            raise ValidationError(_("This day has not come yet."))
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if bool(values.get("client_id")) != bool(values.get("client_secret")) and "client_secret" in self.fields:
            raise ValidationError(
                _("An application of your own has a client ID and a client secret: enter both, or none.")
            )
        return values

    def credentials(self) -> dict[str, str]:
        """As `sync.actions.connect` takes them; days as ISO."""
        return {key: str(value).strip() for key, value in self.cleaned_data.items() if value}


class PullForm(Dressed):
    """A range of days to bring again."""

    since = forms.DateField(label=_("From"), widget=DayInput())
    until = forms.DateField(label=_("To"), widget=DayInput())

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        since, until = values.get("since"), values.get("until")
        if since and until and not 0 <= (until - since).days <= MOST_DAYS:
            raise ValidationError(_("The last day must not be before the first, and at most 400 days later."))
        return values

    def range(self) -> tuple[datetime, datetime]:
        """Whole days, in UTC."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"] + timedelta(days=1)
        return (
            datetime(since.year, since.month, since.day, tzinfo=UTC),
            min(datetime(until.year, until.month, until.day, tzinfo=UTC), datetime.now(UTC)),
        )


class UploadForm(Dressed):
    """A file for one of the member's stores."""

    store = forms.ModelChoiceField(label=_("Store"), queryset=None, to_field_name="slug")
    file = forms.FileField(
        label=_("File"), help_text=_("TSV, CSV or XLSX, also as gz or zip. Drop it here or choose it.")
    )

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["store"].queryset = stores

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_MOST_BYTES:
            most = settings.UPLOAD_MOST_BYTES // 2**20
            raise ValidationError(_("This file is larger than %(most)d MiB.") % {"most": most})
        return file


class LoadForm(Dressed):
    """What a staged file is, and when it was true."""

    kind = forms.ChoiceField(label=_("Kind of file"), choices=())
    as_of = forms.DateTimeField(
        label=_("True as of"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        help_text=_("Facts that were told later than this stay as they are. Empty: the time of the upload."),
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds


class ColumnsForm(Dressed):
    """Which column of a header is what, for one kind of file. `columns` are what was said or can be told by names."""

    def __init__(self, *args: Any, report: Report, header: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.report = report
        choices = [("", "–"), *((cell, cell) for cell in dict.fromkeys(header) if cell)]
        for name, aliases in report.cells.items():
            needed = name in report.needed
            self.fields[name] = forms.ChoiceField(
                label=_heading(aliases),
                choices=choices,
                required=needed,
                widget=forms.Select(attrs={"class": "in w-full"}),
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        chosen = [cell for cell in values.values() if cell]
        if twice := sorted({cell for cell in chosen if chosen.count(cell) > 1}):
            raise ValidationError(_("One column cannot be two things: %(names)s.") % {"names": ", ".join(twice)})
        return values

    @property
    def columns(self) -> dict[str, str]:
        """Our name → the header's, of what was chosen."""
        return {name: cell for name, cell in self.cleaned_data.items() if cell}


def _heading(aliases: tuple[str, ...]) -> str:
    """A column as files usually head it, in the reader's language if there is such a heading."""
    chinese = next((each for each in aliases if re.search("[\u4e00-\u9fff]", each)), "")
    return chinese if chinese and (get_language() or "").startswith("zh") else aliases[0]


class ReasonForm(Dressed):
    """Why a door is closed."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class EndpointForm(Dressed):
    """Where events are sent."""

    url = forms.CharField(label=_("Address"), max_length=500, widget=forms.URLInput)
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(key, format_lazy("{} ({})", label, key)) for key, label in EVENTS.items() if key != "webhook.test"],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: all events."),
    )
    active = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            checked(url, insecure=settings.ALLOW_HTTP_OUTSIDE)
        except Refused as refusal:
            raise ValidationError(_("This address is not allowed: %(why)s") % {"why": refusal}) from None
        return url


class DestinationForm(Dressed):
    """Where Amazon is to deliver notifications: a queue of the agency's own, an event bus, or both."""

    queue = forms.CharField(
        label=_("ARN of an SQS queue"),
        max_length=300,
        required=False,
        help_text=_(
            "For changes of the account's status. A standard queue of its own, whose access policy allows Amazon's"
            " account 437568002678 sqs:SendMessage and sqs:GetQueueAttributes."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "arn:aws:sqs:us-east-1:123456789012:name"}),
    )
    bus_account = forms.CharField(
        label=_("AWS account of an event bus (EventBridge)"),
        max_length=20,
        required=False,
        help_text=_("For issues of listings: twelve digits. Accept Amazon's partner event source there once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "placeholder": "123456789012"}),
    )
    bus_region = forms.CharField(
        label=_("AWS region of the event bus"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "us-east-1"}),
    )
    key_id = forms.CharField(
        label=_("AWS access key, to read the queue from here"),
        max_length=128,
        required=False,
        help_text=_("Needs sqs:ReceiveMessage and sqs:DeleteMessage. What was read is gone from the queue."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    secret = forms.CharField(
        label=_("AWS secret key"),
        max_length=200,
        required=False,
        help_text=_("Sealed here and never shown again. Empty: as before."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    replace = forms.BooleanField(
        label=_("Replace subscriptions of this application that deliver elsewhere"), required=False
    )

    def clean_queue(self) -> str:
        arn: str = self.cleaned_data["queue"].strip()
        if not arn:
            return ""
        found = ARN.fullmatch(arn)
        if found is None:
            raise ValidationError(
                _(
                    "This is no ARN of an SQS queue. Copy it from the queue's page at AWS: arn:aws:sqs:region:account:name."
                )
            )
        if found[5]:
            raise ValidationError(_("Amazon does not deliver to FIFO queues. Make a standard queue."))
        return arn

    def clean_bus_account(self) -> str:
        account: str = self.cleaned_data["bus_account"].strip().replace("-", "").replace(" ", "")
        if account and not re.fullmatch(r"[0-9]{12}", account):
            raise ValidationError(_("An AWS account is twelve digits."))
        return account

    def clean_bus_region(self) -> str:
        region: str = self.cleaned_data["bus_region"].strip().lower()
        if region and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
            raise ValidationError(_("This is no AWS region. One looks like us-east-1."))
        return region

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not any(values.get(name) for name in ("queue", "bus_account", "bus_region")):
            raise ValidationError(_("Name a queue, an event bus, or both."))
        if not self.errors and bool(values.get("bus_account")) != bool(values.get("bus_region")):
            missing = "bus_region" if values.get("bus_account") else "bus_account"
            self.add_error(missing, _("An event bus is named by its account and its region."))
        if bool(values.get("key_id")) != bool(values.get("secret")):
            self.add_error("secret" if values.get("key_id") else "key_id", _("The key and its secret go together."))
        elif values.get("key_id"):
            self._can_read(values)
        return values

    def _can_read(self, values: dict[str, Any]) -> None:
        if not values.get("queue") and "queue" not in self.errors:
            self.add_error("queue", _("Name the queue that this key reads."))
        if not readable():
            self.add_error("key_id", _("This server cannot read queues: boto3 is missing. Install the extra s3."))

    def addresses(self) -> Addresses:
        values = self.cleaned_data
        names = ("queue", "bus_account", "bus_region", "key_id", "secret")
        return Addresses(**{name: values[name].strip() for name in names})

"""Console tables: agencies, people, marketplaces, rates, thresholds and support access."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Count, Exists, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.accounts.actions import reference_rates
from apps.accounts.actions.founding import NewAgency, change_tenant, found_agency, invite_owner
from apps.accounts.actions.letters import mail_invitation, mail_visit
from apps.accounts.actions.rates import in_words
from apps.accounts.actions.refusal import Refused
from apps.accounts.actions.support import end_support, grant_support
from apps.accounts.forms import RateFileForm, RateTextForm, currency_choices
from apps.accounts.models import (
    Agency,
    FxRate,
    Invitation,
    Marketplace,
    Member,
    Store,
    SupportGrant,
    Threshold,
    User,
)
from apps.accounts.models.members import Language
from apps.accounts.queries import RATE_DAYS
from apps.core.admin import PLATFORM, ConsoleAdmin, may_enter, worded
from apps.core.metrics import REGISTRY
from apps.core.permissions import Role
from apps.core.tenancy import tenant


def _count(model: Any) -> Subquery:
    rows = model._base_manager.filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Count("*"))
    return Subquery(rows.values("n"), output_field=IntegerField())


PREVIEWED = 200  # lines of a file of rates that its preview shows
# What the log calls the two steps of a file of rates.
ROUND_TRIPS = {
    reference_rates.LOAD: _("Loaded from a file."),
    reference_rates.UNDONE.rstrip("-"): _("A load was taken back."),
}

# Seats, addresses, second factors and sessions are their owners' own; groups are not used.
for theirs in (Group, EmailAddress, Authenticator, UserSession):
    admin.site.unregister(theirs)


class NewAgencyForm(forms.ModelForm):
    """A tenant with its first owner, who is invited by mail."""

    owner_name = forms.CharField(label=_("Owner's name"), max_length=80, widget=UnfoldAdminTextInputWidget)
    owner_email = forms.EmailField(
        label=_("Owner's e-mail"), help_text=_("Gets an invitation at once."), widget=UnfoldAdminEmailInputWidget
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices, widget=UnfoldAdminSelectWidget)
    currency = forms.ChoiceField(
        label=_("Currency of mixed sums"), choices=lazy(currency_choices, list), widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Agency
        fields: ClassVar[list[str]] = ["name", "slug", "plan"]


@admin.register(Agency)
class AgencyAdmin(ConsoleAdmin):
    """Tenants. Suspending one answers 404 to its people and stops its syncs. An address never changes."""

    editable = True
    list_display = ("name", "slug", "plan", "active", "stores", "people", "rows", "last_seen", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "plan", "active")
    add_fields = ("name", "slug", "plan", "owner_name", "owner_email", "language", "currency")
    ordering = ("name",)
    actions: ClassVar[list[str]] = ["invite_again"]
    counted: ClassVar[dict[str, Any]] = {}  # annotations of apps above: "n_rows" by the one that brings them

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        seen = (
            Member._base_manager.filter(agency=OuterRef("pk")).order_by().values("agency").annotate(at=Max("last_seen"))
        )
        counted = {"n_stores": _count(Store), "n_people": _count(Member), "seen": Subquery(seen.values("at"))}
        return super().get_queryset(request).annotate(**counted, **self.counted)

    def get_fields(self, request: HttpRequest, obj: Agency | None = None) -> tuple[str, ...]:
        return self.fields if obj else self.add_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Agency | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Agency | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **(kwargs if obj else kwargs | {"form": NewAgencyForm}))

    def save_model(self, request: HttpRequest, obj: Agency, form: Any, change: bool) -> None:
        """A new one with settings, limits and its owner's invitation; what changes of an old one is in its ledger."""
        who = {"who": str(request.user.email), "at": timezone.now()}
        if change:
            change_tenant(obj, **who)
            return
        asked = {name: form.cleaned_data[name] for name in self.add_fields}
        agency, invitation, token = found_agency(NewAgency(**asked), **who)
        obj.pk = agency.pk
        self._mail(request, invitation, token)

    def _mail(self, request: HttpRequest, invitation: Invitation, token: str) -> None:
        try:
            with tenant(invitation.agency_id):
                mail_invitation(invitation, token)
            self.message_user(request, _("Invitation sent to %s.") % invitation.email, messages.SUCCESS)
        except OSError:
            text = _(
                "The mail to %s could not be sent. Use “Invite the first owner again” once the mail server answers."
            )
            self.message_user(request, text % invitation.email, messages.ERROR)

    @admin.action(description=_("Invite the first owner again"))
    def invite_again(self, request: HttpRequest, agencies: QuerySet[Agency]) -> None:
        for agency in agencies:
            with tenant(agency.pk):
                first = Invitation.objects.filter(role=Role.OWNER, invited_by=None).order_by("-created_at").first()
                try:
                    made = invite_owner(first.email, name=first.name, at=timezone.now()) if first else None
                    problem = _("%s was not founded here: use the command invite_owner.") % agency
                except Refused as refusal:
                    made, problem = None, f"{agency}: {refusal}"
            if made:
                self._mail(request, *made)
            else:
                self.message_user(request, problem, messages.WARNING)

    @display(description=_("Rows brought"), ordering="n_rows")
    def rows(self, agency: Any) -> int:
        return getattr(agency, "n_rows", 0) or 0

    @display(description=_("Last activity"), ordering="seen")
    def last_seen(self, agency: Any) -> Any:
        return agency.seen

    @display(description=_("Stores"), ordering="n_stores")
    def stores(self, agency: Any) -> int:
        return agency.n_stores or 0

    @display(description=_("Seats"), ordering="n_people")
    def people(self, agency: Any) -> int:
        return agency.n_people or 0


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    """People. Passwords are never seen or set here."""

    editable = True
    list_display = ("email", "name", "language", "is_staff", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_active", "language")
    search_fields = ("email", "name")
    fields = ("email", "name", "language", "time_zone", "is_active", "is_staff")
    ordering = ("email",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody is taken over from here: a new password is sent to the address. Superusers alone make staff."""
        return ("email",) if request.user.is_superuser else ("email", "is_staff")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people come by invitation


@admin.register(Marketplace)
class MarketplaceAdmin(ConsoleAdmin):
    """Sites with their calendar, money and language."""

    editable = True
    list_display = ("code", "name", "region", "currency", "time_zone", "language", "domain", "active", "position")
    list_filter = ("region", "active")
    ordering = ("position",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "amazon_id") if obj else ()


class ReferenceFileForm(RateFileForm):
    """A file of rates, in the console's looks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["class"] = " ".join(INPUT_CLASSES)


def _planned(lines: list[reference_rates.Planned]) -> dict[str, Any]:
    """The table of a preview: what a line says, and what it changes."""
    headers = [
        _("Currency"),
        _("Valid from"),
        _("For one US dollar"),
        _("So far"),
        _("Change"),
        _("Source"),
        _("State"),
    ]
    rows = []
    for each in lines:
        line, was = each.line, each.was
        so_far = f"{in_words(was)[0]} ({was.valid_from})" if was else "–"
        change = "–" if each.change is None else f"{each.change:+.2f} %"
        state = _("as it is") if each.same else _("replaces one") if each.replaces else _("new")
        rows.append([line.currency, line.valid_from, in_words(line)[0], so_far, change, line.source, state])
    return {"headers": headers, "rows": rows}


@admin.register(FxRate)
class FxRateAdmin(ConsoleAdmin):
    """Reference rates: what one US dollar costs, from a day on."""

    editable = True
    list_display = ("currency", "per_usd", "valid_from", "source", "counts")
    list_filter = ("currency",)
    ordering = ("-valid_from", "currency")
    actions_list: ClassVar[list[str]] = ["load"]

    @action(description=_("Load a file"), url_path="load", permissions=["change"])
    def load(self, request: HttpRequest) -> HttpResponse:
        """Rates from a CSV file: looked at first, then loaded whole; the last load can be taken back."""
        deed = request.POST.get("deed", "")
        if deed == "undo":
            return self._undo(request)
        if deed == "load":
            return self._load(request)
        form = ReferenceFileForm(request.POST or None, request.FILES or None)
        return self._load_page(request, form, seen=form if form.is_valid() else None)

    def _load(self, request: HttpRequest) -> HttpResponse:
        form = RateTextForm(request.POST)
        if not form.is_valid():  # no longer what was looked at
            for problem in (message for each in form.errors.values() for message in each):
                self.message_user(request, problem, messages.ERROR)
            return self._load_page(request, ReferenceFileForm())
        values = form.cleaned_data
        count = reference_rates.load_rates(values["text"], name=values["name"], user=request.user, using=PLATFORM)
        said = ngettext("%(count)d rate loaded.", "%(count)d rates loaded.", count) % {"count": count}
        self.message_user(request, said if count else _("All of these rates stand already."), messages.SUCCESS)
        return redirect("admin:accounts_fxrate_changelist")

    def _undo(self, request: HttpRequest) -> HttpResponse:
        number = request.POST.get("number", "")
        try:
            count = reference_rates.undo_load(
                int(number) if number.isdecimal() else 0, user=request.user, using=PLATFORM
            )
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self._load_page(request, ReferenceFileForm())
        said = ngettext("%(count)d rate taken back.", "%(count)d rates taken back.", count) % {"count": count}
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:accounts_fxrate_changelist")

    def _load_page(self, request: HttpRequest, form: RateFileForm, *, seen: RateFileForm | None = None) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"title": _("Load rates from a file"), "opts": self.opts}
        context |= {"form": form, "last": reference_rates.last_load(using=PLATFORM)}
        if seen is not None:
            lines = seen.cleaned_data["file"]
            shown = reference_rates.plan_rates(lines[:PREVIEWED], using=PLATFORM)
            context |= {"planned": _planned(shown), "count": len(lines), "more": max(0, len(lines) - PREVIEWED)}
            context |= {"name": request.FILES["file"].name, "text": seen.content.decode("utf-8-sig")}
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/accounts/fxrate/load.html", context, status=status)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FxRate]:
        newer = FxRate.objects.using(PLATFORM).filter(
            currency=OuterRef("currency"), valid_from__gt=OuterRef("valid_from")
        )
        return super().get_queryset(request).annotate(replaced=Exists(newer.filter(valid_from__lte=localdate())))

    @display(description=_("Counts"), label={"now": "success", "old": "danger", "later": "info", "before": "info"})
    def counts(self, rate: Any) -> tuple[str, str]:
        """Whether it is the one of today, and too old for that."""
        today = localdate()
        if rate.replaced:
            return "before", _("replaced")
        if rate.valid_from > today:
            return "later", _("later")
        old = rate.currency != "USD" and (today - rate.valid_from).days > RATE_DAYS
        return ("old", _("Old")) if old else ("now", _("today"))


@admin.register(Threshold)
class ThresholdAdmin(ConsoleAdmin):
    """Limits that agencies set for themselves, side by side."""

    list_display = ("agency", "measured", "marketplace", "programme", "value")
    list_filter = (("metric", worded({key: metric.label for key, metric in REGISTRY.items()})), "marketplace")
    list_select_related = ("agency",)
    ordering = ("agency", "metric")

    @display(description=_("Metric"), ordering="metric")
    def measured(self, threshold: Threshold) -> str:
        return str(REGISTRY[threshold.metric].label) if threshold.metric in REGISTRY else threshold.metric


class SupportForm(forms.ModelForm):
    """Ask for access: a reason people of the agency will read, at most an hour."""

    tenant = forms.ModelChoiceField(label=_("Agency"), queryset=Agency.objects.filter(active=True).order_by("name"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=60, initial=30)

    class Meta:
        model = SupportGrant
        fields: ClassVar[list[str]] = ["reason"]

    def __init__(self, *args: Any, instance: SupportGrant | None = None, **kwargs: Any) -> None:
        # Nobody acts here, so the acting agency cannot be the new row's default; `tenant` decides on saving.
        super().__init__(*args, instance=instance or SupportGrant(agency_id=0), **kwargs)


@admin.register(SupportGrant)
class SupportGrantAdmin(ConsoleAdmin):
    """Who of the platform looked into which agency, why and how long."""

    list_display = ("agency", "user", "reason", "granted_at", "expires_at", "ended_at", "alive")
    list_select_related = ("agency", "user")
    ordering = ("-granted_at",)
    actions: ClassVar[list[str]] = ["end"]
    form = SupportForm
    fields = ("tenant", "reason", "minutes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_enter(request)

    def save_model(self, request: HttpRequest, obj: SupportGrant, form: Any, change: bool) -> None:
        """In the agency's own ledger and transaction: its people read who came and why."""
        with tenant(form.cleaned_data["tenant"].pk):
            made = grant_support(
                user=request.user, reason=obj.reason, minutes=form.cleaned_data["minutes"], at=timezone.now()
            )
            obj.pk = made.pk
            try:
                mail_visit(made)
            except OSError:
                self.message_user(
                    request, _("The owners could not be told by mail; the ledger says it."), messages.WARNING
                )

    @display(description=_("Active"), boolean=True)
    def alive(self, grant: SupportGrant) -> bool:
        return grant.ended_at is None and grant.expires_at > timezone.now()

    @admin.action(description=_("End access now"))
    def end(self, request: HttpRequest, grants: QuerySet[SupportGrant]) -> None:
        living = list(grants.filter(ended_at=None))
        for grant in living:
            with tenant(grant.agency_id):
                end_support(grant.pk, at=timezone.now())
        self.message_user(request, _("%d ended.") % len(living), messages.SUCCESS)


@admin.register(LogEntry)
class LogAdmin(ConsoleAdmin):
    """Who of the platform changed what in this console."""

    list_display = ("action_time", "user", "what", "deed", "said")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__email")
    fields = ("action_time", "user", "content_type", "object_id", "object_repr", "action_flag", "said")
    readonly_fields = ("said",)
    ordering = ("-action_time",)

    @display(description=_("What"), ordering="object_repr")
    def what(self, entry: LogEntry) -> str:
        return f"{entry.content_type.name if entry.content_type else ''} {entry.object_repr}".strip()

    @display(description=_("Deed"), ordering="action_flag")
    def deed(self, entry: LogEntry) -> str:
        return str(entry.get_action_flag_display())

    @display(description=_("Details"))
    def said(self, entry: LogEntry) -> str:
        of_rates = entry.content_type is not None and entry.content_type.model_class() is FxRate
        what = ROUND_TRIPS.get(entry.object_id.partition("-")[0], "") if of_rates and entry.object_id else ""
        return " ".join(filter(None, [str(what), entry.get_change_message()]))

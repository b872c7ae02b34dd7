"""Settings: the sellers an agency works for."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions import stores as serving
from apps.accounts.actions.refusal import Refused
from apps.accounts.forms import ClientForm
from apps.accounts.models import AgencySettings, Client, Store
from apps.accounts.queries import clients as all_clients
from apps.accounts.queries import people
from apps.accounts.views.settings import settings_page, settle
from apps.core.http import MemberRequest, requires
from apps.core.money import to_decimal
from apps.core.permissions import Permission


@require_safe
@requires(Permission.SETTINGS_VIEW)
def clients(request: MemberRequest) -> HttpResponse:
    """Whom do we work for, and on what terms?"""
    mine = AgencySettings.objects.values_list("currency", flat=True).first()
    return _clients_page(request, ClientForm(initial={"fee_currency": mine}))


@require_POST
@requires(Permission.STORES_EDIT)
def create_client(request: MemberRequest) -> HttpResponse:
    form = ClientForm(request.POST)
    if form.is_valid():
        try:
            client = serving.create_client(form.values(), by=request.member, at=timezone.now())
            return redirect("settings-client", agency=request.agency.slug, pk=client.pk)
        except Refused as refusal:
            form.add_error("name", str(refusal))
    return _clients_page(request, form, status=422)


@require_safe
@requires(Permission.SETTINGS_VIEW)
def client(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """What have we agreed with this client?"""
    row = get_object_or_404(Client.objects, pk=pk)
    names = ("name", "contract", "fee_currency", "currency", "since", "note")
    initial: dict[str, Any] = {name: getattr(row, name) for name in names}
    if row.monthly_fee is not None:
        initial["fee"] = to_decimal(row.monthly_fee, row.fee_currency)
    return _client_page(request, row, ClientForm(initial=initial))


@require_POST
@requires(Permission.STORES_EDIT)
def save_client(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(Client.objects, pk=pk)
    form = ClientForm(request.POST)
    if not form.is_valid():
        return _client_page(request, row, form, status=422)
    return settle(
        request,
        lambda: serving.edit_client(row, form.values(), by=request.member, at=timezone.now()),
        "settings-client",
        pk=pk,
    )


@require_POST
@requires(Permission.STORES_EDIT)
def delete_client(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(Client.objects, pk=pk)
    return settle(
        request,
        lambda: serving.delete_client(row, by=request.member, at=timezone.now()),
        "settings-clients",
        said=_("Deleted."),
    )


def _clients_page(request: MemberRequest, form: ClientForm, *, status: int = 200) -> HttpResponse:
    rows = [(row, _fee(row)) for row in all_clients()]
    return settings_page(request, "settings-clients", {"rows": rows, "form": form}, status=status)


def _client_page(request: MemberRequest, row: Client, form: ClientForm, *, status: int = 200) -> HttpResponse:
    context = {
        "client": row,
        "form": form,
        "stores": Store.objects.filter(client=row).order_by("name"),
        "people": people().filter(client=row),
    }
    return settings_page(
        request,
        "settings-clients",
        context,
        template="accounts/settings_client.html",
        status=status,
    )


def _fee(row: Client) -> Any:
    return None if row.monthly_fee is None else to_decimal(row.monthly_fee, row.fee_currency)

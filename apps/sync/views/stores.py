"""Stores: whom we serve, and is everything connected? The wizard, and each store's doors."""

import secrets
import tempfile
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.actions.jobs import start_job
from apps.accounts.actions.refusal import Refused
from apps.accounts.actions.stores import create_client
from apps.accounts.actions.stores import end_set_up as declare_set_up
from apps.accounts.models import Store
from apps.accounts.queries import stores_for
from apps.accounts.views.stepping_up import fresh
from apps.core.http import MemberRequest, go, page, requires, signed_in
from apps.core.permissions import LABELS, Permission
from apps.sync import actions
from apps.sync.actions.connections import open_store
from apps.sync.forms import ReasonForm, StoreEditForm, StoreForm, TokenForm
from apps.sync.models import Connection
from apps.sync.queries import setting_up
from apps.sync.queries.leaving import revocations
from apps.sync.source import SourceError
from apps.sync.sources import SOURCES, consent_url, redeem
from apps.sync.views.connection_page import connections_page

SALT, MINUTES = "sync.consent", 10


@requires(Permission.STORES_EDIT)
def store_new(request: MemberRequest) -> HttpResponse:
    """First step of the wizard: whose store, and where it sells."""
    asked = {name: request.GET[name] for name in ("client", "channel", "region") if request.GET.get(name)}
    form = StoreForm(request.POST or None, initial=asked)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                store = _opened(request, form)
            return redirect("connections", agency=request.agency.slug, store=store.slug)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "steps": setting_up.steps_of_none()}
    return page(request, "sync/store_new.html", context, status=422 if form.errors else 200)


def _opened(request: MemberRequest, form: StoreForm) -> Store:
    at, client = timezone.now(), form.cleaned_data["client"]
    if client is None:
        client = create_client({"name": form.cleaned_data["new_client"]}, by=request.member, at=at)
    return open_store(client, form.new_store(), by=request.member, at=at)


@require_safe
@requires(Permission.STORES_VIEW)
def connections(request: MemberRequest, store: str) -> HttpResponse:
    """Second and third step, and ever after: doors, and how far each dataset is."""
    return connections_page(request, _store(request, store))


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def connect(request: MemberRequest, store: str, kind: str) -> HttpResponse:
    """Credentials that were pasted. They are tried before they are kept."""
    row = _store(request, store)
    if kind not in SOURCES:
        raise Http404
    form = TokenForm(kind, request.POST)
    if form.is_valid():
        try:
            _connected(request, row, kind, form.credentials())
            return redirect("connections", agency=request.agency.slug, store=row.slug)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return connections_page(request, row, form=form, status=422)


def _connected(request: MemberRequest, store: Store, kind: str, credentials: dict[str, Any]) -> None:
    """Keep credentials that the other side takes, for the sites they are good for. Raises Refused."""
    open_sites, who = _tried(store, kind, credentials), {"by": request.member, "at": timezone.now()}
    with transaction.atomic():
        left = actions.keep_to(store, open_sites, **who)
        actions.connect(store, kind, credentials, **who)
    messages.success(request, _("Connected. The first data is on its way."))
    if left:
        said = _("The account does not sell on %(sites)s: the store was taken out there.")
        messages.warning(request, said % {"sites": ", ".join(left)})


def _tried(store: Store, kind: str, credentials: dict[str, Any]) -> tuple[str, ...]:
    """The sites that credentials are good for, by the source itself. Raises Refused in its words."""
    source, credentials = SOURCES[kind], {k: v for k, v in credentials.items() if k != "secret_since"}
    if not source.pulls:
        return ()
    if source.regions and store.region not in source.regions:
        raise Refused(_("This store has no region that this source knows."))
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = source.verify(credentials, name=f"try:{store.pk}", region=store.region, folder=Path(folder))
        except SourceError as error:
            raise Refused(_("The other side refuses: %(why)s") % {"why": error}) from error
    return found.open_sites


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def consent(request: MemberRequest, store: str) -> HttpResponse:
    """Send the person to Amazon. What comes back must belong to this session, this agency and this store."""
    row, nonce = _store(request, store), secrets.token_urlsafe(16)
    request.session["consent"] = nonce
    state = signing.dumps({"agency": request.agency.slug, "store": row.slug, "nonce": nonce}, salt=SALT, compress=True)
    return go(request, consent_url(state, back=_way_back()))


@require_safe
@signed_in
def consent_back(request: MemberRequest) -> HttpResponse:
    """Where Amazon sends people back to: one address for all agencies. The state says which page goes on."""
    try:
        state = signing.loads(request.GET.get("state", ""), salt=SALT, max_age=60 * MINUTES)
    except signing.BadSignature:
        raise Http404 from None
    url = reverse("consent-done", kwargs={"agency": state["agency"], "store": state["store"]})
    return redirect(f"{url}?{request.GET.urlencode()}")


@require_safe
@requires(Permission.STORES_EDIT)
def consent_done(request: MemberRequest, store: str) -> HttpResponse:
    """Exchange the code for a refresh token. The state is good once, for ten minutes, in the session that asked."""
    row = _store(request, store)
    try:
        state = signing.loads(request.GET.get("state", ""), salt=SALT, max_age=60 * MINUTES)
    except signing.BadSignature:
        raise Http404 from None
    nonce = request.session.pop("consent", "")
    mine = {"agency": request.agency.slug, "store": row.slug, "nonce": nonce}
    if not nonce or state != mine:
        raise Http404
    try:
        _consented(request, row)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("connections", agency=request.agency.slug, store=row.slug)


def _way_back() -> str:
    """Where Amazon sends people to: named when asking and again when the code is exchanged."""
    return settings.BASE_URL + reverse("consent-back")


def _consented(request: MemberRequest, store: Store) -> None:
    """Exchange the code of the consent and connect. Raises Refused."""
    seller = request.GET.get("selling_partner_id", "")[:40]
    if store.seller_id and seller and seller != store.seller_id:
        raise Refused(_("Another seller account consented than the one this store belongs to."))
    if not request.GET.get("spapi_oauth_code"):
        raise Refused(_("Amazon did not give consent: %(why)s") % {"why": request.GET.get("error", "")[:200]})
    try:
        token = redeem(request.GET["spapi_oauth_code"], redirect_uri=_way_back())
    except SourceError as error:
        raise Refused(_("The other side refuses: %(why)s") % {"why": error}) from error
    _connected(request, store, "sp_api", {"refresh_token": token, "seller_id": seller})
    if seller and not store.seller_id:
        store.seller_id = seller
        store.save(update_fields=["seller_id"])


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def connection_turn(request: MemberRequest, store: str, pk: uuid.UUID, what: str) -> HttpResponse:
    """Pause, resume or disconnect one door."""
    row = _store(request, store)
    door = get_object_or_404(
        Connection.objects.filter(store=row).exclude(state=Connection.State.REVOKED).select_related("store"), pk=pk
    )
    who: dict[str, Any] = {"by": request.member, "at": timezone.now()}
    match what:
        case "pause":
            actions.pause(door, **who)
        case "resume":
            actions.resume(door, **who)
        case "disconnect":
            actions.disconnect(door, reason=request.POST.get("reason", "")[:300], **who)
        case _:
            raise Http404
    return redirect("connections", agency=request.agency.slug, store=row.slug)


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def off_board(request: MemberRequest, store: str) -> HttpResponse:
    """The agency does not serve this store any more."""
    row, form = _store(request, store), ReasonForm(request.POST)
    if not form.is_valid():
        return connections_page(request, row, leaving=form, status=422)
    actions.off_board(row, by=request.member, at=timezone.now(), reason=form.cleaned_data["reason"])
    messages.success(request, _("%(store)s is off-boarded. Facts and ledger stay.") % {"store": row.name})
    return redirect("stores", agency=request.agency.slug)


@requires(Permission.STORES_EDIT)
def edit(request: MemberRequest, store: str) -> HttpResponse:
    """What it is called, whose it is, and where it sells."""
    row = _store(request, store)
    form = StoreEditForm.of(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                actions.change_store(row, form.values(), form.pooled(), by=request.member, at=timezone.now())
            messages.success(request, _("Saved."))
            return redirect("store-edit", agency=request.agency.slug, store=row.slug)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context: dict[str, Any] = {"store": row, "form": form}
    if row.setting_up:
        context |= {"steps": setting_up.steps(request.agency.slug, row)}
    return page(request, "sync/store_edit.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def take_back(request: MemberRequest, store: str) -> HttpResponse:
    """The agency serves an off-boarded store again; its consents have to be given anew."""
    row = _store(request, store)
    actions.take_back(row, by=request.member, at=timezone.now())
    messages.success(request, _("%(store)s is in the lists again. Connect it anew.") % {"store": row.name})
    return redirect("connections", agency=request.agency.slug, store=row.slug)


@require_POST
@requires(Permission.STORES_EDIT)
def end_set_up(request: MemberRequest, store: str) -> HttpResponse:
    """The first steps are over."""
    row = _store(request, store)
    declare_set_up(row, by=request.member, at=timezone.now())
    return redirect("store", agency=request.agency.slug, store=row.slug)


@require_POST
@requires(Permission.STORES_EDIT)
@fresh("connections")
def pack(request: MemberRequest, store: str) -> HttpResponse:
    """Everything that is known of a store, as a ZIP to take along; made as a job."""
    row = _store(request, store)
    if not request.member.can(Permission.EXPORT):
        raise PermissionDenied(str(LABELS[Permission.EXPORT]))
    job = start_job("store.pack", by=request.member, title=_("Everything of %s") % row.name, queue="bulk", store=row.pk)
    return redirect("job", agency=request.agency.slug, pk=job.pk)


@require_safe
@requires(Permission.STORES_EDIT)
def certificate(request: MemberRequest, store: str) -> HttpResponse:
    """What was erased when, and by whom: to print for the client."""
    row = _store(request, store)
    return page(request, "sync/certificate.html", {"store": row, **revocations(row), "now": timezone.now()})


def _store(request: MemberRequest, slug: str) -> Store:
    return get_object_or_404(stores_for(request.member), slug=slug)

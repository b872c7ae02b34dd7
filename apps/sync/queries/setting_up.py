"""The first steps of a store: what is done, what comes next. They can be left and gone on with at any time."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Store
from apps.sync.models import Connection, StoredDocument, Stream
from apps.sync.queries.told import costed


@dataclass(frozen=True)
class Step:
    """One step; `done` by what is there, never by who clicked where. `note`: how far it is."""

    key: str
    label: str | Promise
    url: str
    done: bool
    note: str = ""


def steps(agency: str, store: Store) -> list[Step]:
    """All five of a store that is there: five queries. Files are as good a way as a consent."""
    words = {"agency": agency, "store": store.slug}
    doors = reverse("connections", kwargs=words)
    living = Connection.objects.filter(store=store).exclude(state=Connection.State.REVOKED)
    brought = StoredDocument.objects.filter(store=store, applied_at__isnull=False).exists()
    connected = brought or living.exclude(kind="upload").exists()
    rows = Stream.objects.filter(store=store, rows__gt=0).exists()
    known, every = costed(store.pk)
    costs = f"{reverse('sync-imports', kwargs={'agency': agency})}?store={store.slug}&kind=costs"
    return [
        Step("store", _("Store"), reverse("store-edit", kwargs=words), True),
        Step("connect", _("Connect"), doors, connected),
        Step("data", _("First data"), f"{doors}#store-progress", rows),
        Step("costs", _("Unit costs"), costs, every > 0 and known == every, f"{known} / {every} SKU" if every else ""),
        Step("findings", _("First findings"), reverse("store-first", kwargs=words), not store.setting_up),
    ]


def steps_of_none() -> list[Step]:
    """The same before there is a store: only names."""
    labels = (_("Store"), _("Connect"), _("First data"), _("Unit costs"), _("First findings"))
    return [Step("store" if n == 0 else f"later-{n}", label, "", False) for n, label in enumerate(labels)]


def next_url(agency: str, store: Store) -> str:
    """Where one goes on with a store whose first steps are not over; "" for all others. No query."""
    words = {"agency": agency, "store": store.slug}
    return reverse("store-first", kwargs=words) if store.setting_up and store.active else ""

"""The change ledger as people read it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.accounts.queries import discreet, stores_for
from apps.core.audit import verb_words
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.undo import UNDO, VERB, undone_numbers
from apps.inventory.queries.ledger import VERBS as STOCK_VERBS
from apps.team.models import ChangeEffect
from apps.team.queries.effects import WHY, effects
from apps.team.queries.wording import Difference, differences, titled

VERBS = {
    "undo": _("Undone"),
    "inbox.assign": _("Item assigned"),
    "inbox.snooze": _("Item snoozed"),
    "inbox.dismiss": _("Item dismissed"),
    "inbox.done": _("Item done"),
    "inbox.reopen": _("Item reopened"),
    "store.add": _("Store added"),
    "store.create": _("Store added"),
    "store.edit": _("Store edited"),
    "agency.found": _("Agency founded"),
    "agency.suspend": _("Agency suspended by the platform"),
    "agency.resume": _("Agency open again"),
    "agency.plan": _("Plan changed by the platform"),
    "rate.set": _("Exchange rate set"),
    "rate.drop": _("Exchange rate taken away"),
    "rate.import": _("Exchange rates imported"),
    "member.handed_over": _("Work handed over"),
    "support.open": _("Opened by platform support"),
    "store.off_board": _("Store off-boarded"),
    "store.take_back": _("Store taken back"),
    "store.set_up": _("Setting up a store ended"),
    "store.sites": _("Sites of a store changed"),
    "client.create": _("Client added"),
    "client.edit": _("Client edited"),
    "client.delete": _("Client removed"),
    "connection.connect": _("Connected"),
    "connection.reconnect": _("Reconnected"),
    "connection.pause": _("Connection paused"),
    "connection.resume": _("Connection resumed"),
    "connection.disconnect": _("Disconnected"),
    "notifications.subscribe": _("Notifications set up"),
    "notifications.unsubscribe": _("Notifications ended"),
    "notifications.test": _("Test notification asked for"),
    "notifications.began": _("Subscribed at Amazon"),
    "notifications.lost": _("Subscription was lost and made again"),
    "notifications.ended": _("Subscription deleted at Amazon"),
    "notifications.drop": _("Unreadable notification removed"),
    "sync.pull": _("Range pulled"),
    "key.create": _("API key made"),
    "key.rotate": _("API key rotated"),
    "key.revoke": _("API key revoked"),
    "member.role": _("Role changed"),
    "member.grants": _("Stores of a member changed"),
    "member.deactivate": _("Member deactivated"),
    "member.reactivate": _("Member reactivated"),
    "limit.change": _("Limits changed"),
    "product.edit": _("Product edited"),
    "products.edit": _("Products edited"),
    "support.grant": _("Support access granted"),
    "support.end": _("Support access ended"),
    **{name: verb.label for name, verb in STOCK_VERBS.items()},
    "costs.set": _("Cost set"),
    "costs.drop": _("Cost taken away"),
    "import.load": _("File loaded"),
    "import.discard": _("File discarded"),
    "import.figures": _("Health figures brought by a file"),
    "import.map": _("Columns of a kind of file named"),
    "run.replay": _("Run tried again"),
    "run.drop": _("Run given up"),
    "settings.change": _("Settings changed"),
    "agency.rename": _("Agency renamed"),
    "figure.enter": _("Health figure entered"),
    "figure.drop": _("Health figure taken out"),
    "csat.terms": _("CSat terms changed"),
    "threshold.change": _("Threshold changed"),
    "threshold.drop": _("Threshold back to its default"),
    "access.reviewed": _("Access reviewed"),
    "invitation.create": _("Person invited"),
    "invitation.resend": _("Invitation sent again"),
    "invitation.revoke": _("Invitation withdrawn"),
    "invitation.accept": _("Invitation accepted"),
    "webhook.add": _("Webhook added"),
    "webhook.change": _("Webhook changed"),
    "webhook.remove": _("Webhook removed"),
    "webhook.rotate": _("Webhook secret rotated"),
    "webhook.replay": _("Webhook sent again"),
    "webhook.test": _("Webhook tried"),
    "webhook.switch-off": _("Webhook switched off"),
    "view.share": _("View shared"),
    "paper.create": _("Paper handed in"),
    "paper.edit": _("Paper edited"),
    "paper.file": _("File added to a paper"),
    "paper.submit": _("Paper submitted"),
    "paper.accept": _("Paper accepted"),
    "paper.reject": _("Paper rejected"),
    "paper.withdraw": _("Paper withdrawn"),
    "paper.version": _("New version of a paper begun"),
    "paper.ask": _("Client asked for a paper"),
    "paper.unask": _("Request for a paper cancelled"),
    "paper.traits": _("Product traits changed"),
    "paper.kind": _("Kind of paper saved"),
    "paper.rule": _("Requirement changed"),
    "defect.work": _("Defect order worked on"),
    "notice.work": _("Notice worked on"),
    "alert-rule.add": _("Alert rule added"),
    "alert-rule.change": _("Alert rule changed"),
    "alert-rule.remove": _("Alert rule removed"),
    "alert.resend": _("Message sent again"),
    "channel.add": _("Alert channel added"),
    "channel.change": _("Alert channel changed"),
    "channel.remove": _("Alert channel removed"),
    "incident.acknowledge": _("Incident acknowledged"),
    "incident.snooze": _("Incident snoozed"),
    "incident.reopen": _("Incident woken up"),
    "incident.assign": _("Incident assigned"),
    "incident.escalate": _("Incident escalated"),
    "waiver.ask": _("Exception asked for"),
    "waiver.grant": _("Exception granted"),
    "waiver.refuse": _("Exception refused"),
    "playbook.change": _("Playbook changed"),
    "crisis.start": _("Crisis playbook started"),
    "crisis.plan": _("Plan of action written"),
    "crisis.step": _("Step of a crisis done"),
    "crisis.confirm": _("Step of a crisis confirmed"),
    "crisis.skip": _("Step of a crisis skipped"),
    "crisis.file": _("Proof added to a crisis"),
    "crisis.edit": _("Step of a crisis given to somebody, or another day"),
    "crisis.add": _("Step added to a crisis"),
    "crisis.close": _("Crisis closed"),
    "notice.create": _("Notice written down"),
    "notice.import": _("Notices imported"),
    "notice.discard": _("File of notices discarded"),
}


@dataclass(frozen=True)
class Change:
    """An entry of the ledger as a person reads it."""

    entry: Entry
    differences: list[Difference]
    may_undo: bool
    undone: bool
    effect: ChangeEffect

    @property
    def label(self) -> str:
        """The verb as people read it."""
        return verb_words(self.entry.verb)

    @property
    def why(self) -> str:
        """Why nothing is measured of it; "" where something is."""
        return str(WHY.get(self.effect.why, ""))

    @property
    def title(self) -> str:
        """What it is about, as people read it."""
        return titled(self.entry)


def changes(member: Member, *, q: str = "", store: str = "", verb: str = "", actor: str = "") -> QuerySet[Entry]:
    """The ledger, newest first: of the member's stores, and of the agency itself for those who see settings."""
    rows = discreet(Entry.objects.select_related("store", "by__user"), member)
    if not member.can(Permission.ALL_STORES):
        rows = rows.filter(Q(store__in=stores_for(member)) | Q(by=member))
    if q:
        rows = rows.filter(Q(title__icontains=q) | Q(target__icontains=q) | Q(reason__icontains=q))
    if store:
        rows = rows.filter(store__slug=store)
    if verb:
        rows = rows.filter(Q(verb=verb) | Q(verb__startswith=f"{verb}."))
    if actor:
        rows = rows.filter(actor=actor)
    return rows.order_by("-number")


def change_rows(entries: Iterable[Entry], member: Member) -> list[Change]:
    """What changed from what to what, and what it did; as many queries however many entries."""
    entries = list(entries)
    undone = undone_numbers([e.number for e in entries])
    may = member.can(Permission.CHANGES_UNDO)
    changed = differences(entries, currency=member.agency.settings.currency)
    effect = effects(entries, today=timezone.localdate())
    return [
        Change(
            e,
            changed[e.number],
            may and e.verb in UNDO and e.verb != VERB and e.number not in undone,
            e.number in undone,
            effect[e.number],
        )
        for e in entries
    ]


def actors(member: Member) -> list[str]:
    """Names for the filter: who acted in the visible part of the ledger."""
    return list(changes(member).order_by("actor").values_list("actor", flat=True).distinct()[:100])

"""What about account health may need a person."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.findings import FindingKind, define_kind
from apps.core.permissions import Permission
from apps.health.models import HealthDay, Incident, Notice
from apps.health.models.crises import spoken
from apps.health.models.known_words import in_words
from apps.health.models.names import metric_name


def _words(detail: dict[str, Any]) -> dict[str, Any]:
    """Metrics, states and kinds of notices by their names; what nobody here knows as Amazon calls it."""
    states, kinds = dict(HealthDay.Status.choices), dict(Notice.Kind.choices)
    said = {"metric": metric_name(str(detail.get("metric", "")), str(detail.get("programme", "")))}
    said |= {name: str(states.get(detail[name], detail[name])) for name in ("was", "now") if name in detail}
    said |= {"kind": str(kinds.get(detail["kind"], detail["kind"]))} if "kind" in detail else {}
    return detail | said


def _spoken(detail: dict[str, Any]) -> dict[str, Any]:
    """A step and its playbook in the reader's language."""
    return {
        "text": spoken(detail.get("en", ""), detail.get("zh", "")),
        "book": spoken(detail.get("book_en", ""), detail.get("book_zh", "")),
    }


def _paper(detail: dict[str, Any]) -> dict[str, Any]:
    """The paper by its short name in the reader's language."""
    return detail | ({"paper": in_words(str(detail["paper"]))} if "paper" in detail else {})


BREACH = define_kind(
    FindingKind(
        key="health-breach",
        label=_("Over Amazon's limit"),
        icon="shield",
        tone="danger",
        sentence=_("{metric} on {site}: {rate}, must be {limit}"),
        at_zero={"many": _("{metric} on {site}: {bad} of {total}, at most {most} allowed ({rate}, must be {limit})")},
        why=_("{count} of {total} counted from {first} to {last}; Amazon may take selling rights away"),
        verb=_("See account health"),
        link="health",
        needs=Permission.HEALTH_VIEW,
        words=_words,
    )
)
NEAR = define_kind(
    FindingKind(
        key="health-near",
        label=_("Close to Amazon's limit"),
        icon="shield",
        tone="warning",
        sentence=_("{metric} on {site}: {rate}, must be {limit}; {room} more allowed"),
        at_zero={
            "many": _("{metric} on {site}: {bad} of {total}; {room} more before a breach ({rate}, must be {limit})")
        },
        why=_("{count} of {total} counted from {first} to {last}"),
        verb=_("See account health"),
        link="health",
        needs=Permission.HEALTH_VIEW,
        words=_words,
    )
)
STATUS = define_kind(
    FindingKind(
        key="health-status",
        label=_("Account not in good standing"),
        icon="shield",
        tone="danger",
        sentence=_("The account on {site} is now: {now} (before: {was})"),
        why=_("Amazon changed it between the reports of {before} and {day}"),
        verb=_("See account health"),
        link="health",
        needs=Permission.HEALTH_VIEW,
        words=_words,
    )
)
DUE = define_kind(
    FindingKind(
        key="notice-due",
        label=_("Answer to Amazon due"),
        icon="clock",
        tone="warning",
        sentence=_("{kind}: {subject} is to be answered by {due}"),
        at_zero={"days": _("{kind}: {subject} was to be answered by {due}")},
        why=_("Amazon acts by itself when nobody answers in time"),
        verb=_("See the notices"),
        link="health-notices",
        needs=Permission.HEALTH_VIEW,
        words=_words,
    )
)
STEP = define_kind(
    FindingKind(
        key="crisis-step",
        label=_("Step of a playbook overdue"),
        icon="clock",
        tone="danger",
        sentence=_("{text}: was due on {due}"),
        why=_("Step {step} of #{number} {book}"),
        verb=_("See the playbook's runs"),
        link="crises",
        needs=Permission.HEALTH_VIEW,
        words=lambda detail: detail | _spoken(detail),
    )
)
DIFFERS = define_kind(
    FindingKind(
        key="health-differs",
        label=_("Amazon counts differently"),
        icon="refresh",
        tone="info",
        sentence=_("{metric} on {site}: Amazon counts {amazon}, we know of {ours}"),
        why=_("Difference of {missing} in the report of {day}: bring the newest order defects and orders"),
        verb=_("See account health"),
        link="health",
        needs=Permission.HEALTH_VIEW,
        words=_words,
    )
)

MISSING = define_kind(
    FindingKind(
        key="paper-missing",
        label=_("Paper missing"),
        icon="file-text",
        tone="danger",
        sentence=_("{paper} is missing for {offers} SKU on {site}"),
        why=_("These may not be sold without it; their sales of 30 days are at stake"),
        verb=_("See coverage"),
        link="store-papers",
        needs=Permission.PAPERS_VIEW,
        words=_paper,
    )
)
EXPIRING = define_kind(
    FindingKind(
        key="paper-expiring",
        label=_("Paper expires"),
        icon="calendar",
        tone="warning",
        sentence=_("{paper} {number} ends on {until}: {step} days left at most"),
        why=_("{offers} offers hang on it"),
        verb=_("See the papers"),
        link="store-paper-list",
        needs=Permission.PAPERS_VIEW,
        words=_paper,
    )
)
EXPIRED = define_kind(
    FindingKind(
        key="paper-expired",
        label=_("Paper expired"),
        icon="file-text",
        tone="danger",
        sentence=_("{paper} {number} ended on {until}"),
        why=_("{offers} offers may not be sold without a new one"),
        verb=_("See the papers"),
        link="store-paper-list",
        needs=Permission.PAPERS_VIEW,
        words=_paper,
    )
)
REVIEW = define_kind(
    FindingKind(
        key="paper-review",
        label=_("Paper to review"),
        icon="file-text",
        tone="info",
        sentence=_("{paper} {number} was handed in"),
        why=_("It counts once somebody has accepted it; {offers} offers wait for it"),
        verb=_("Review"),
        link="store-paper-list",
        needs=Permission.PAPERS_REVIEW,
        words=_paper,
    )
)
COMING = define_kind(
    FindingKind(
        key="paper-coming",
        label=_("Requirement coming"),
        icon="calendar",
        tone="warning",
        sentence=_("{paper} will be required on {site} from {day}: {offers} SKU lack it"),
        why=_("These may not be sold without it from that day on; their sales of 30 days will be at stake"),
        verb=_("See coverage"),
        link="store-papers",
        needs=Permission.PAPERS_VIEW,
        words=_paper,
    )
)
ASKED = define_kind(
    FindingKind(
        key="paper-asked",
        label=_("Client owes a paper"),
        icon="clock",
        tone="warning",
        sentence=_("{paper} was asked for by {due} and has not come"),
        why=_("Asked on {asked}; the client is reminded by mail three days before, on the day and a week after"),
        verb=_("See the papers"),
        link="store-paper-list",
        needs=Permission.PAPERS_VIEW,
        words=_paper,
    )
)
_SENTENCES = {
    "account": (_("Account status"), "shield", "danger", _("{site}: the account's status has changed for the worse")),
    "policy": (_("Policy"), "shield", "danger", _("{site}: policy violations wait for an answer")),
    "listing": (_("Listings"), "tag", "warning", _("{site}: listings have issues that stop sales")),
    "odr": (_("Order defects"), "shield", "danger", _("{site}: order defects near or beyond the limit")),
    "delivery": (_("Shipping and delivery"), "truck", "warning", _("{site}: shipping near or beyond a limit")),
    "stock": (_("Stock"), "package", "danger", _("{site}: stock has run out")),
    "traffic": (_("Traffic"), "chart-line", "warning", _("{site}: traffic has left its habit")),
    "silent": (_("No reports"), "refresh", "warning", _("{site}: Amazon's health reports have stopped coming")),
    "sales": (_("Sales"), "chart-line", "warning", _("{site}: sales have left their habit")),
}


def _placed(detail: dict[str, Any]) -> dict[str, Any]:
    """What is about one product names it beside its site."""
    return detail | {"site": " · ".join(filter(None, (detail.get("site"), detail.get("part"))))}


def kind_of(cause: str) -> str:
    """The kind of the findings of incidents of one cause."""
    return f"incident-{cause}"


# What an incident may speak of, too: while it does, its card stands and none of these.
COVERED = (BREACH.key, NEAR.key, STATUS.key)
INCIDENT_KINDS = tuple(kind_of(cause) for cause in Incident.Cause.values)
for cause, (label, icon, tone, sentence) in _SENTENCES.items():
    define_kind(
        FindingKind(
            key=kind_of(cause),
            label=label,
            icon=icon,
            tone=tone,
            sentence=sentence,
            why=_("Incident #{number} since {since}, signs: {signs}"),
            verb=_("Open the incident"),
            link="alerts",
            needs=Permission.HEALTH_VIEW,
            settle=Permission.HEALTH_DECIDE,
            words=_placed,
        )
    )


def _channel(detail: dict[str, Any]) -> dict[str, Any]:
    """The channel that everybody has from the beginning, by its name in the reader's language."""
    return detail | ({"channel": gettext(detail["channel"])} if detail.get("default") else {})


CHANNEL = define_kind(
    FindingKind(
        key="channel-failing",
        label=_("Alerts do not arrive"),
        icon="plug",
        tone="danger",
        sentence=_("Nothing has arrived by “{channel}” for {days} days: {error}"),
        why=_("Who relies on this channel does not hear of incidents. Mend its address, then send a test."),
        verb=_("Look at the channel"),
        link="alert-channel",
        place="channel_id",
        agency=True,
        needs=Permission.ALERT_RULES,
        words=_channel,
    )
)

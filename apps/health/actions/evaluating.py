"""Rules looked at, incidents opened, changed and closed: for one agency, in a constant number of queries.

One evaluation at a time (an advisory lock); should two meet all the same, the unique constraints keep one incident for
one cause and one signal for one rule and metric, and only who made a row tells of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max

from apps.core import copying
from apps.health.actions import listing
from apps.health.actions.alert_rules import ensure_defaults
from apps.health.actions.boards import Board, SignalKey
from apps.health.actions.starting import start_themselves
from apps.health.actions.telling import Teller
from apps.health.domain import rules as arithmetic
from apps.health.domain.incidents import Fresh, Living, Sign, Site, cause_of, place
from apps.health.domain.rules import Verdict
from apps.health.models import AlertRule, Incident, IncidentEvent, Notice, Signal
from apps.health.queries import products, readings, stakes
from apps.health.queries.stakes import Named, Stake

WAKES_AT = Decimal("0.25")  # a snooze "until the metric changes" ends when it moved by this share
Kind, State = IncidentEvent.Kind, Incident.State
NOBODY = Named()


@dataclass(frozen=True)
class Evaluated:
    """How many incidents an evaluation opened and closed, and how many people were told of."""

    opened: int = 0
    resolved: int = 0
    told: int = 0


def evaluate(*, at: datetime) -> Evaluated:
    """Look at all rules of the acting agency as of now. Doing it twice changes nothing."""
    copying.lock("alerts")
    ensure_defaults()
    rules = {rule.pk: rule for rule in AlertRule.objects.filter(active=True)}
    here = stakes.ground(at)
    board = Board.load(here, rules, stakes.stakes(here))
    if not rules and not board.incidents:
        return Evaluated()
    listing.adopt(board)
    scopes = stakes.scopes(rules.values(), here)
    kept = {key[1] for key in board.signals if key[1].sku}
    for rule_id, days in readings.days_of(list(rules.values()), here, kept=kept).items():
        for key, series in days.items():
            if key.site.whole in scopes[rule_id]:
                _hear(board, (rule_id, key.site, key.metric, key.programme), series)
    _forget(board, scopes, kept - products.active(kept))
    opened = _open(board)
    return _settle(board, opened)


# -- signals


def _hear(board: Board, key: SignalKey, series: list[arithmetic.Reading]) -> None:
    """What one rule says of one metric: begin a signal, keep it up to date, or end it. Unknown changes nothing."""
    signal = board.signals.get(key)
    said = arithmetic.verdict(board.rules[key[0]], series, living=signal is not None)
    if said.band is None:
        return
    if signal is None:
        if said.band:
            board.new.append((key, said))
        return
    if not said.band:
        _end(board, signal, said)
        return
    values = _values(board, key, said)
    if any(getattr(signal, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(signal, name, value)
        signal.changed_at = board.here.at
        board.changed[signal.pk] = signal
        if incident := board.incidents.get(signal.incident_id):
            board.touch(incident)


def _values(board: Board, key: SignalKey, said: Verdict) -> dict[str, Any]:
    rule = board.rules[key[0]]
    share = rule.stake_red if said.band == arithmetic.RED else rule.stake_amber
    stake = share if said.stake is None else said.stake
    rounded = {name: _six(getattr(said, name)) for name in ("value", "limit")}
    few = {name: getattr(said.few, name, None) for name in ("bad", "total", "room")}
    return {"band": said.band, "chance": said.chance, "stake": stake, **rounded, **few}


def _six(value: Decimal | None) -> Decimal | None:
    """As the column keeps it, so that the same is seen to be the same."""
    return None if value is None else value.quantize(Decimal("0.000001"))


def _end(board: Board, signal: Signal, said: Verdict) -> None:
    signal.living, signal.ended_at, signal.changed_at = False, board.here.at, board.here.at
    signal.value = _six(said.value) if said.value is not None else signal.value
    board.changed[signal.pk] = signal
    if incident := board.incidents.get(signal.incident_id):
        board.note(incident, Kind.EASED, metric=signal.metric, programme=signal.programme, value=_text(signal.value))


def _forget(board: Board, scopes: dict[Any, set[Site]], gone: set[Site]) -> None:
    """Signals of rules that were switched off or look elsewhere now, and of products that are not offered any more."""
    for (rule_id, spot, _metric, _programme), signal in board.signals.items():
        seen = spot.whole in scopes.get(rule_id, set()) and spot not in gone
        if signal.living and not (seen and bool(spot.sku) == (board.rules[rule_id].grain == "sku")):
            _end(board, signal, arithmetic.UNKNOWN)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


# -- incidents


def _open(board: Board) -> set[Any]:
    """Give each new signal its incident; the ids of incidents that were really opened here."""
    if not board.new:
        return set()
    signs = [Sign(key, key[1], cause_of(key[2]), board.here.today(key[1])) for key, _said in board.new]
    living = [Living(i.pk, _place(i), i.cause, i.day) for i in board.incidents.values()]
    placed = place(signs, living)
    opened = _create(board, {each for each in placed.values() if isinstance(each, Fresh)})
    home = {(_place(i), i.cause): i for i in board.incidents.values()}
    fresh = [
        Signal(
            incident=home[placed[key].site, placed[key].cause], rule_id=key[0], store_id=key[1].store,
            marketplace=key[1].marketplace, sku=key[1].sku, metric=key[2], programme=key[3],
            day=board.here.today(key[1]),
            began_at=board.here.at, changed_at=board.here.at, **_values(board, key, said),
        )
        for key, said in board.new
    ]  # fmt: skip
    Signal.objects.bulk_create(fresh, ignore_conflicts=True)
    known = {signal.pk for signal in board.signals.values()}
    made = {signal.pk for signal in fresh}
    for signal in Signal.objects.filter(living=True).exclude(pk__in=known):
        board.take(signal)
        if signal.pk in made:  # else another evaluation was quicker
            kind = Kind.OPENED if signal.incident_id in opened else Kind.JOINED
            board.note(board.incidents[signal.incident_id], kind, **_said(signal))
    return opened


def _said(signal: Signal) -> dict[str, Any]:
    return {
        "metric": signal.metric, "programme": signal.programme, "band": signal.band,
        "value": _text(signal.value), "limit": _text(signal.limit), "chance": signal.chance,
    }  # fmt: skip


def _create(board: Board, wanted: Collection[Fresh]) -> set[Any]:
    """Insert incidents; those that another evaluation was quicker with are read instead."""
    if not wanted:
        return set()
    last = Incident.objects.aggregate(last=Max("number"))["last"] or 0
    made = [
        Incident(
            number=number, store_id=each.site.store, marketplace=each.site.marketplace, part=each.site.sku,
            sku=each.site.sku, cause=each.cause, day=each.day, opened_at=board.here.at, changed_at=board.here.at,
        )
        for number, each in enumerate(sorted(wanted, key=lambda e: (e.site, e.cause)), start=last + 1)
    ]  # fmt: skip
    Incident.objects.bulk_create(made, ignore_conflicts=True)
    for incident in Incident.objects.exclude(state=State.RESOLVED).exclude(pk__in=board.incidents):
        board.incidents[incident.pk] = incident
    return {each.pk for each in made} & set(board.incidents)


def _settle(board: Board, opened: set[Any]) -> Evaluated:
    """Money, severity and state of every incident; tell what changed; write it all."""
    today = board.here.at.date()
    people, blamed = stakes.people(), stakes.blamed({_site(board.incidents[pk]) for pk in opened}, today)
    named = stakes.named([each for each in board.signals.values() if each.living], board.here)
    listing.take_over(board, opened)
    teller = Teller(board, people)
    resolved = 0
    for incident in board.incidents.values():
        signals = board.living(incident)
        if not signals:
            _resolve(board, incident, teller)
            resolved += 1
            continue
        _weigh(board, incident, signals, named)
        if incident.pk in opened:
            _appoint(board, incident, people, _whose(incident, signals, named, blamed))
        else:
            _wake(board, incident, signals[0])
        _speak(board, incident, teller)
    board.write()
    teller.send()
    listing.list_findings(board)
    start_themselves(board)
    return Evaluated(len(opened), resolved, teller.told)


def _site(incident: Incident) -> Site:
    return Site(incident.store_id, incident.marketplace)


def _place(incident: Incident) -> Site:
    return Site(incident.store_id, incident.marketplace, incident.part)


def _worth(board: Board, incident: Incident, signals: list[Signal], named: Mapping[Any, Named]) -> Stake | None:
    """The greatest of what its signs put at stake: each its share of what the products it names sold, or the site.

    A listing issue that names no product says nothing of the whole site: its money is not known.
    """
    site, found = board.stakes.get(_site(incident)), []
    for each in signals:
        said = named.get(each.pk, NOBODY)
        whole = None if said.skus or each.metric == Notice.Kind.LISTING_ISSUE else site
        if base := said.stake or whole:
            found.append(Stake(base.sales * each.stake // 100, base.currency, base.rank * each.stake // 100))
    return max(found, key=lambda stake: stake.rank, default=None)


def _weigh(board: Board, incident: Incident, signals: list[Signal], named: Mapping[Any, Named]) -> None:
    """Band, money and severity by the living signals."""
    stake = _worth(board, incident, signals, named)
    rule = board.rules[signals[0].rule_id]
    rank = stake.rank if stake else None
    band = signals[0].band
    skus = [sku for each in signals for sku in named.get(each.pk, NOBODY).skus]
    values = {
        "band": band,
        "rule_id": rule.pk,
        "at_stake": stake.sales if stake else None,
        "currency": stake.currency if stake else "",
        "sku": incident.sku or (skus[0] if skus else ""),
        "rank": rank or 0,
        "grade": "B" if rule.condition in {"forecast", "anomaly"} else "C",
        "severity": arithmetic.severity(rank, (rule.notable, rule.high, rule.critical), band),
    }
    if any(getattr(incident, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(incident, name, value)
        board.touch(incident)


def _whose(
    incident: Incident, signals: list[Signal], named: Mapping[Any, Named], blamed: Mapping[Site, tuple[str, Any]]
) -> tuple[str, Any]:
    """(SKU, its owner): the product the signs name, else the one with most defects where defects are the cause."""
    for each in signals:
        said = named.get(each.pk, NOBODY)
        if said.skus:
            return said.skus[0], said.owner
    return blamed.get(_site(incident), ("", None)) if incident.cause in {"odr", "delivery"} else ("", None)


def _appoint(board: Board, incident: Incident, people: stakes.People, product: tuple[str, Any]) -> None:
    """Whose it is: the product's owner, else the store's, else the rule's role; and when it escalates."""
    rule = board.rules[incident.rule_id]
    incident.sku, owner = product
    here = _site(incident)
    incident.owner = (
        incident.owner or people.named(owner, here) or people.of_store(here) or people.of_role(rule.role, here)
    )
    if incident.state == State.OPEN:  # else somebody had put aside what it took over
        board.restart(incident)


def _wake(board: Board, incident: Incident, worst: Signal) -> None:
    """End a snooze whose day has come, or whose metric has moved."""
    if incident.state != State.SNOOZED:
        return
    if incident.snoozed_until:
        over = incident.snoozed_until <= board.here.today(_site(incident))
    else:
        was, now = incident.snoozed_value, worst.value
        over = was is not None and now is not None and abs(now - was) > WAKES_AT * max(abs(was), Decimal("0.000001"))
    if over or incident.band > incident.told_band:
        incident.state, incident.snoozed_until = State.OPEN, None
        board.restart(incident)
        board.note(incident, Kind.WOKE)


def _speak(board: Board, incident: Incident, teller: Teller) -> None:
    """Tell people when it is new, and again only when its band changes."""
    if incident.band == incident.told_band:
        return
    event = "opened" if not incident.told_band else "raised" if incident.band > incident.told_band else "eased"
    if event != "opened":
        board.note(incident, Kind.BAND, before=incident.told_band, after=incident.band)
    if event == "raised" and incident.state == State.ACKNOWLEDGED:
        incident.state = State.OPEN
        board.restart(incident)
    incident.told_band = incident.band
    board.touch(incident)
    if incident.state != State.SNOOZED:
        teller.tell(incident, event)


def _resolve(board: Board, incident: Incident, teller: Teller) -> None:
    incident.state, incident.resolved_at, incident.escalate_at = State.RESOLVED, board.here.at, None
    incident.snoozed_until = None
    board.note(incident, Kind.RESOLVED)
    teller.tell(incident, "resolved")


# -- escalation


def escalate(*, at: datetime) -> int:
    """Tell the next in line of incidents that nobody has acknowledged in time; returns how many."""
    copying.lock("alerts")
    due = Incident.objects.filter(state=State.OPEN, escalate_at__lte=at).values_list("pk", flat=True)
    if not due:
        return 0
    wanted = set(due)
    rules = {rule.pk: rule for rule in AlertRule.objects.all()}
    here = stakes.ground(at)
    board = Board.load(here, rules, {})
    people = stakes.people()
    teller = Teller(board, people)
    for incident in (each for pk, each in board.incidents.items() if pk in wanted):
        steps = rules[incident.rule_id].steps if incident.rule_id in rules else []
        if incident.step < len(steps):
            whom = people.whom(steps[incident.step][1], _site(incident))
            incident.step += 1
            board.note(incident, Kind.ESCALATED, step=incident.step, to=str(whom) if whom else "")
            teller.tell(incident, "escalated", to=whom)
        following = arithmetic.step_at(steps, incident.step, incident.escalates_from or incident.opened_at)
        # Steps missed while nothing ran come one after the other, not all at once.
        incident.escalate_at = following and max(following, at + timedelta(minutes=5))
        board.touch(incident)
    board.write()
    teller.send()
    return len(wanted)

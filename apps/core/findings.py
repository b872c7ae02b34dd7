"""What may need a person, said once per kind, and the one way findings are opened and closed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, DecimalField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Cast, Round
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.metrics import Explanation
from apps.core.models import Finding
from apps.core.money import digits
from apps.core.permissions import Permission


@dataclass(frozen=True)
class FindingKind:
    """One kind of finding. `sentence` and `why` are format strings over `Finding.detail`.

    `link` is a URL name taking (agency, store) where the work is done; `verb` is its button's label. Where that is the
    page of something of the agency's, `place` names the detail that is its id, and `link` takes (agency, pk).
    `needs` is the permission a member must hold to see it; `words` puts codes of the detail into the reader's words.
    `at_zero` are other sentences, for where the detail so named is 0. `product`: its subject is one SKU; all others are
    about a whole site, or, without a marketplace, about a whole store (see `stakes`). `settle` is what else one must
    hold to put it aside or end it. `agency`: it is about the agency itself, belongs to no store, and is seen by whoever
    holds `needs`, whatever stores they were granted: let that be the right to manage what it is about.
    """

    key: str
    label: str | Promise
    icon: str
    tone: str  # danger, warning, info, excess
    sentence: str | Promise
    why: str | Promise
    verb: str | Promise
    link: str
    needs: Permission
    portal: bool = False
    words: Callable[[dict[str, Any]], dict[str, Any]] = dict
    at_zero: Mapping[str, str | Promise] = field(default_factory=dict)
    product: bool = False
    settle: Permission | None = None
    tone_of: Callable[[dict[str, Any]], str] | None = None  # by the detail, for what grows graver
    place: str = ""
    agency: bool = False

    def toned(self, detail: dict[str, Any]) -> str:
        """The tone that fits a finding's detail."""
        return self.tone_of(detail) if self.tone_of else self.tone

    def says(self, detail: Mapping[str, Any]) -> str | Promise:
        """The sentence that fits a finding's detail."""
        return next((words for name, words in self.at_zero.items() if detail.get(name) == 0), self.sentence)


@dataclass(frozen=True)
class Candidate:
    """What the data says is the case now."""

    subject: str
    marketplace: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    at_stake: int | None = None
    currency: str = ""
    rank: int = 0
    grade: str = Finding.Grade.MEASURED
    due: date | None = None


KINDS: dict[str, FindingKind] = {}

# Who is told of new findings, in the transaction that opens them: `follower(kind, store, findings, at=)`.
OPENED: list[Callable[..., None]] = []

# A snooze "until the metric changes" ends when the money moved by this share.
CHANGED_BY = 0.25


def define_kind(kind: FindingKind) -> FindingKind:
    if kind.key in KINDS:
        raise ValueError(f"finding kind {kind.key!r} is defined twice")
    KINDS[kind.key] = kind
    return kind


def update_findings(kind: str, store: Any, candidates: Iterable[Candidate], *, at: datetime) -> None:
    """Make the store's living findings of one kind equal to `candidates`: open, refresh, wake or recover.

    Dismissed findings stay dismissed while the cause lasts, and may open anew once it was gone. `store` is None for kinds
    about the agency, and for those only; else raises ValueError.
    """
    if (store is None) != (kind in KINDS and KINDS[kind].agency):
        raise ValueError(f"findings of the kind {kind!r} {'need a' if store is None else 'have no'} store")
    living = Finding.objects.filter(kind=kind, store=store, state__in=["open", "snoozed", "dismissed"])
    have = {(f.marketplace, f.subject): f for f in living}
    wanted = {(c.marketplace, c.subject): c for c in candidates}
    new = [_opened(kind, store, c, at) for key, c in wanted.items() if key not in have]
    Finding.objects.bulk_create(new, batch_size=1000)
    for follower in OPENED if new else ():
        follower(kind, store, new, at=at)
    changed = [_refreshed(have[key], c, at) for key, c in wanted.items() if key in have]
    fields = [
        "detail",
        "at_stake",
        "currency",
        "rank",
        "grade",
        "due",
        "state",
        "snoozed_until",
        "changed_at",
    ]
    Finding.objects.bulk_update([f for f in changed if f], fields, batch_size=500)
    gone = [f.pk for key, f in have.items() if key not in wanted]
    Finding.objects.filter(pk__in=gone).update(state=Finding.State.RECOVERED, closed_at=at, changed_at=at)


def in_other_money(column: str, factor: Decimal) -> Cast:
    """A column of minor units times a factor, in whole minor units, for an update of many rows."""
    exact = ExpressionWrapper(F(column) * factor, output_field=DecimalField(max_digits=40, decimal_places=12))
    return Cast(Round(exact), BigIntegerField())


def tell_in(source: str, target: str, rate: Decimal) -> int:
    """Ranks of all findings, closed ones too, in another currency of the agency; `rate`: target for one of source.

    Sums of closed findings are shown, and a snooze "until the metric changes" must not end by this. How many changed.
    """
    factor = rate.scaleb(digits(target) - digits(source))
    ranked = Finding.objects.exclude(rank=0, snoozed_rank=None)
    return ranked.update(rank=in_other_money("rank", factor), snoozed_rank=in_other_money("snoozed_rank", factor))


def wake(*, today: date, at: datetime) -> int:
    """Re-open findings whose snooze has run out; returns how many."""
    over = Q(state=Finding.State.SNOOZED, snoozed_until__lte=today)
    return Finding.objects.filter(over).update(state=Finding.State.OPEN, snoozed_until=None, changed_at=at)


def _opened(kind: str, store: Any, c: Candidate, at: datetime) -> Finding:
    return Finding(kind=kind, store=store, opened_at=at, changed_at=at, **_facts(c))


def _refreshed(finding: Finding, c: Candidate, at: datetime) -> Finding | None:
    facts = _facts(c)
    same = all(getattr(finding, name) == value for name, value in facts.items())
    for name, value in facts.items():
        setattr(finding, name, value)
    if _moved(finding):
        finding.state, finding.snoozed_until, same = Finding.State.OPEN, None, False
    if same:
        return None
    finding.changed_at = at
    return finding


def _moved(finding: Finding) -> bool:
    """Snoozed until the metric changes, and it did."""
    if finding.state != Finding.State.SNOOZED or finding.snoozed_until or finding.snoozed_rank is None:
        return False
    return abs(finding.rank - finding.snoozed_rank) > CHANGED_BY * max(abs(finding.snoozed_rank), 1)


def _facts(c: Candidate) -> dict[str, Any]:
    return {
        "marketplace": c.marketplace,
        "subject": c.subject,
        "detail": c.detail,
        "at_stake": c.at_stake,
        "currency": c.currency,
        "rank": c.rank,
        "grade": c.grade,
        "due": c.due,
    }


# -- what findings put at stake together

ADDING = _(
    "Each product counts once in each stock, with its largest reason. What is said of a whole site or store counts only "
    "where it is more than its products together: their sales are part of its sales. Sums are in the agency’s currency, "
    "at the rates of the day each item was looked at, and never more than what the items say one by one."
)
MADE_OF = _("Open items of the inbox; each says its own reason and grade")

# Rows of findings, put where their sales are: a pool of sites that share one stock, else the site itself.
_SUMS = """
WITH found AS ({found}),
placed AS (
  SELECT found.*, coalesce(nullif(site.pool, ''), found.marketplace) AS place, kind = ANY(%s) AS product
  FROM found LEFT JOIN accounts_storemarketplace site
    ON site.store_id = found.store_id AND site.marketplace_id = found.marketplace AND found.marketplace <> ''
  WHERE rank > 0
),
largest AS (
  SELECT {keys}store_id, place, product, CASE WHEN product THEN subject ELSE marketplace END AS part, max(rank) AS money
  FROM placed GROUP BY {keys}store_id, place, product, part
),
places AS (
  SELECT {keys}store_id, NOT product AND place = '' AS whole,
         greatest(sum(money) FILTER (WHERE product), sum(money) FILTER (WHERE NOT product)) AS money
  FROM largest GROUP BY {keys}store_id, place, whole
),
stores AS (
  SELECT {keys}store_id, greatest(sum(money) FILTER (WHERE NOT whole), sum(money) FILTER (WHERE whole)) AS money
  FROM places GROUP BY {keys}store_id
)
SELECT {names}sum(money) FROM stores{grouped}
"""


def stakes(rows: QuerySet[Any], *, by: Sequence[str] = ()) -> dict[tuple[Any, ...], int]:
    """{group: minor units of the agency's currency} that rows put at stake together, by the rule of `ADDING`; one query.

    `rows` are findings, or whatever else has store, marketplace, kind, subject and rank (as columns or annotations).
    `by` names columns or annotations of them; without it there is one group, `()`, if there is any money. Groups other
    than stores may share a product or a site: they do not add up to the whole.
    """
    names = [f"key_{n}" for n in range(len(by))]
    columns = ["store_id", "marketplace", "subject", "kind", "rank"]
    chosen = rows.order_by().values_list(*columns, *by)
    try:
        sql, values = chosen.query.sql_with_params()
    except EmptyResultSet:  # a filter that nothing can pass
        return {}
    headed = ", ".join([*columns, *names])
    listed = "".join(f"{name}, " for name in names)
    statement = _SUMS.format(
        found=f"SELECT * FROM ({sql}) AS inner_rows ({headed})",
        keys=listed,
        names=listed,
        grouped=f" GROUP BY {', '.join(names)}" if names else " HAVING count(*) > 0",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, [kind.key for kind in KINDS.values() if kind.product]])
        return {tuple(row[:-1]): int(row[-1]) for row in cursor.fetchall()}


def stake(rows: QuerySet[Any]) -> int:
    """What rows put at stake together; 0 where there is no money."""
    return stakes(rows).get((), 0)


def explain_stake(label: str | Promise, *, as_of: datetime | None) -> Explanation:
    """How a sum of stakes is made up, for the hover on it. `as_of`: when the oldest of the data behind it came."""
    return Explanation(label, ADDING, MADE_OF, as_of)

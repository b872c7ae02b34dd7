"""Incidents to take away: raw numbers, ISO dates."""

from collections.abc import Iterator

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Member
from apps.core.exports import Field
from apps.core.lists import parse
from apps.core.money import to_decimal
from apps.health.models import Incident
from apps.health.queries import alerts as queries
from apps.health.queries.alerts import Row


def _money(incident: Incident) -> object:
    known = incident.at_stake is not None and incident.currency
    return to_decimal(incident.at_stake or 0, incident.currency) if known else None


FIELDS = (
    Field(_("Incident"), lambda r: r.incident.number),
    Field(_("Store"), lambda r: r.incident.store.slug),
    Field(_("Site"), lambda r: r.incident.marketplace),
    Field(_("Cause"), lambda r: r.incident.get_cause_display(), code=lambda r: r.incident.cause),
    Field(_("State"), lambda r: r.incident.get_state_display(), code=lambda r: r.incident.state),
    Field(_("Severity"), lambda r: r.incident.get_severity_display(), code=lambda r: r.incident.severity),
    Field(_("Money at stake"), lambda r: _money(r.incident)),
    Field(_("Currency"), lambda r: r.incident.currency),
    Field(_("What shows"), lambda r: "; ".join(r.signs)),
    Field("SKU", lambda r: r.incident.sku),
    Field(_("Owner"), lambda r: str(r.incident.owner) if r.incident.owner else None),
    Field(_("Since"), lambda r: r.incident.opened_at),
    Field(_("Recovered"), lambda r: r.incident.resolved_at),
)


def exported(member: Member, query: str, *, store: str) -> tuple[Iterator[Row], int]:
    """All pages of what the page's query shows, and how many rows that is."""
    parsed = parse(QueryDict(query), queries.COLUMNS, sort=queries.DEFAULT_SORT, today=timezone.localdate())
    rows = queries.incidents_for(member)
    if store:
        rows = rows.filter(store__slug=store)
    found = queries.narrowed(queries.chosen(rows, parsed, member), parsed.status)
    currency = member.agency.settings.currency
    return queries.all_rows(queries.sorted_by(found, parsed), currency), found.count()

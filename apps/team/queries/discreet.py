"""The ledger without what its reader may not see elsewhere: unit costs, and findings of other sites."""

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from apps.accounts.models import Member
from apps.accounts.queries import finding_filter
from apps.core.models import Entry, Finding
from apps.core.permissions import Permission
from apps.core.tenancy import acting_agency
from apps.core.undo import VERB

COSTS = "costs."
FINDING = Finding._meta.label_lower


def discreet(rows: QuerySet[Entry], member: Member) -> QuerySet[Entry]:
    """Entries less those that tell what is hidden from the member, and those that took one of them back."""
    hidden = _hidden(member)
    if not hidden:
        return rows
    taken_back = Q(verb=VERB, target__in=Entry.objects.filter(hidden).annotate(name=_name()).values("name"))
    return rows.exclude(hidden).exclude(taken_back)


def _hidden(member: Member) -> Q:
    hidden = Q() if member.can(Permission.COST_VIEW) else Q(verb__startswith=COSTS)
    if not member.can(Permission.ALL_STORES):
        seen = Finding.objects.filter(finding_filter(member)).annotate(name=Cast("pk", CharField())).values("name")
        hidden |= Q(kind=FINDING) & ~Q(target__in=seen)
    return hidden


def _name() -> Concat:
    """An entry as the target of another one."""
    number = Cast("number", CharField())
    return Concat(Value(f"({acting_agency()}, "), number, Value(")"), output_field=CharField())

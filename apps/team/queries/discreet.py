"""The ledger without unit costs, for those who may not see costs elsewhere."""

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat

from apps.accounts.models import Member
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.core.tenancy import acting_agency
from apps.core.undo import VERB

COSTS = "costs."


def discreet(rows: QuerySet[Entry], member: Member) -> QuerySet[Entry]:
    """Entries less those that tell unit costs, and those that took one of them back."""
    if member.can(Permission.COST_VIEW):
        return rows
    number = Cast("number", CharField())
    names = Concat(Value(f"({acting_agency()}, "), number, Value(")"), output_field=CharField())
    told = Entry.objects.filter(verb__startswith=COSTS).annotate(name=names).values("name")
    return rows.exclude(verb__startswith=COSTS).exclude(verb=VERB, target__in=told)

"""Files of notices, what was answered, and who may read either."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import Member, StoreGrant
from apps.accounts.queries import stores_for
from apps.core.models import Entry
from apps.core.permissions import Permission
from apps.health.models import Notice, NoticeFile
from apps.health.queries.work import notices_for

ANSWERED = "notice.work"


@dataclass(frozen=True)
class Answered:
    """One version of an answer: who wrote it, when."""

    at: datetime
    actor: str
    text: str


def files_for(member: Member) -> QuerySet[NoticeFile]:
    """Files that were brought for the member's stores; who sees some sites of a store only, the files they brought."""
    rows = NoticeFile.objects.filter(store__in=stores_for(member)).select_related("store")
    if member.can(Permission.ALL_STORES):
        return rows
    whole = StoreGrant.objects.filter(member=member, store=OuterRef("store"), marketplace__isnull=True)
    return rows.filter(Q(uploaded_by=member) | Q(Exists(whole)))


def original_of(notice: Notice, member: Member) -> NoticeFile | None:
    """The file a notice came in, if the member may see every notice in it."""
    if notice.file_id is None:
        return None
    every = Notice.objects.filter(file=notice.file_id).count()
    return notice.file if notices_for(member).filter(file=notice.file_id).count() == every else None


def answers(notices: Iterable[Notice]) -> dict[str, list[Answered]]:
    """{notice's key: what was answered, newest first}; one query."""
    keys = [str(notice.pk) for notice in notices]
    found: dict[str, list[Answered]] = {key: [] for key in keys}
    entries = Entry.objects.filter(verb=ANSWERED, target__in=keys, after__has_key="answer").order_by("-number")
    for entry in entries:
        found[entry.target].append(Answered(entry.at, entry.actor, str(entry.after["answer"] or "")))
    return found

"""Playbooks that begin by themselves: once for each incident of their causes that gets red."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation

from apps.accounts.models import AgencySettings, Store
from apps.health.actions.boards import Board
from apps.health.actions.crises import ensure_playbooks, start
from apps.health.domain.incidents import cause_of
from apps.health.domain.playbooks import ONLY_FOR
from apps.health.domain.rules import RED
from apps.health.models import Crisis, Incident, IncidentEvent, Playbook

State = Incident.State


def start_themselves(board: Board) -> int:
    """Begin what begins by itself; returns how many runs. Where nothing is red no query is made."""
    red = [each for each in board.incidents.values() if each.band == RED and each.state != State.RESOLVED]
    if not red:
        return 0
    ensure_playbooks()
    books = list(Playbook.objects.filter(active=True, starts=True).order_by("name_en", "pk"))
    wanted = [(book, each) for each in red for book in books if _fits(board, book, each)]
    begun = _begun([incident for _book, incident in wanted]) if wanted else set()
    fresh = [(book, each) for book, each in wanted if (each.pk, str(book.pk)) not in begun]
    stores = Store.objects.in_bulk({each.store_id for _book, each in fresh}) if fresh else {}
    for book, incident in fresh:
        _start(book, incident, stores[incident.store_id], board.here.at)
    return len(fresh)


def _fits(board: Board, book: Playbook, incident: Incident) -> bool:
    """Is one of its red signs of the playbook's causes, and the sign it is made for?

    Signs of one site and day share an incident, so the incident's own cause may be another one.
    """
    red = {each.metric for each in board.living(incident) if each.band == RED}
    wanted = ONLY_FOR.get(book.default)
    return any(cause_of(metric) in book.causes and wanted in {None, metric} for metric in red)


def _begun(incidents: Iterable[Incident]) -> set[tuple[Any, str]]:
    """(incident, playbook) that were begun before, by people or by themselves."""
    ids = [each.pk for each in incidents]
    told = IncidentEvent.objects.filter(incident__in=ids, kind=IncidentEvent.Kind.PLAYBOOK)
    found = {(incident, detail.get("playbook", "")) for incident, detail in told.values_list("incident", "detail")}
    runs = Crisis.objects.filter(incident__in=ids).values_list("incident", "playbook")
    return found | {(incident, str(book)) for incident, book in runs}


def _start(book: Playbook, incident: Incident, store: Store, at: datetime) -> None:
    """In the language of the agency: nobody reads while it is drafted."""
    language = AgencySettings.objects.values_list("language", flat=True).first() or settings.LANGUAGE_CODE
    with translation.override(language):
        start(book, store, marketplace=incident.marketplace, incident=incident, by=None, at=at)

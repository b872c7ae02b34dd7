"""Kinds of findings about the doors to the outside."""

from django.utils.translation import gettext_lazy as _

from apps.core.findings import FindingKind, define_kind
from apps.core.permissions import Permission

define_kind(
    FindingKind(
        key="sync-needs-owner",
        label=_("Connection needs you"),
        icon="plug",
        tone="danger",
        sentence=_("{connection} has stopped: {problem}"),
        why=_("Nothing new comes in until access is granted again; numbers of this store grow old."),
        verb=_("Reconnect"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)
define_kind(
    FindingKind(
        key="sync-late",
        label=_("Data is late"),
        icon="clock",
        tone="warning",
        sentence=_("{dataset} is {hours} h old; {promise} h were promised"),
        why=_("What is worked out from it may be wrong by what happened since."),
        verb=_("Look at the runs"),
        link="connections",
        needs=Permission.SYNC_VIEW,
    )
)

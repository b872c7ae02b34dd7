"""What team lends to tables of the apps below: the words of the ledger. Found by `core` at start."""

from apps.core.audit import WORDS
from apps.team.queries.ledger import VERBS

WORDS.update(VERBS)

"""Words in the data that every installation starts with, in the reader's language.

Official names stay as they are: LUCID, WEEE, laws and their articles. So does what people have written in the console.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

SOURCES = (
    _("Amazon: account health, order performance"),
    _("Amazon: account health rating"),
    _("Amazon: contact response time, judged until October 2018"),
    _("Amazon: Seller Fulfilled Prime"),
    _("Amazon: seller performance report"),
    _("Amazon's product safety policies"),
    _("The UK regulations of the product"),
    _("Amended product safety acts of 2024"),
)
SHORTS = (
    _("Batt DE"),
    _("UIN FR packaging"),
    _("UIN FR battery"),
    _("UIN FR furniture"),
    _("UIN FR textile"),
    _("UIN FR toy"),
    _("UIN FR sport"),
    _("UIN FR paper"),
    _("UIN FR tyre"),
    _("UIN FR chemicals"),
    _("UIN FR oils"),
    _("UIN FR vehicles"),
    _("UIN FR building"),
    _("UIN FR sanitary textiles"),
    _("UIN FR tobacco"),
    _("CE battery"),
    _("CE machinery"),
    _("CE machinery 2023"),
    _("CE toy 2025"),
    _("Food contact"),
    _("FDA food contact"),
    _("UL report"),
    _("AU button"),
)
_WORDS = frozenset((*SOURCES, *SHORTS))
EITHER = " / "  # between the kinds of papers of which one will do


def in_words(text: str) -> str:
    """One of these texts, or several with "/" between, in the reader's language; any other as it is."""
    return EITHER.join(gettext(part) if part in _WORDS else part for part in text.split(EITHER))

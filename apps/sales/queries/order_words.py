"""Amazon's statuses of orders and their lines, as people read them. What is new to us is shown as Amazon says it."""

from django.utils.translation import gettext_lazy as _

# As the reports of all orders name them; in lower case and without signs, since reports and Orders API differ there.
STATUSES = {
    "pending": _("Pending"),
    "pendingavailability": _("Pre-ordered"),
    "pendingwaitingforpickup": _("Waiting for pick-up"),
    "unshipped": _("To be shipped"),
    "invoiceunconfirmed": _("Invoice to be confirmed"),
    "partiallyshipped": _("Partly shipped"),
    "shipping": _("Being shipped"),
    "shipped": _("Shipped"),
    "shippedpickedup": _("Shipped, picked up by the carrier"),
    "shippedoutfordelivery": _("Shipped, out for delivery"),
    "shippeddeliveredtobuyer": _("Delivered"),
    "shippedreturningtoseller": _("On the way back to the seller"),
    "shippedreturnedtoseller": _("Returned to the seller"),
    "shippedrejectedbybuyer": _("Refused by the buyer"),
    "shippedundeliverable": _("Undeliverable"),
    "shippedlostintransit": _("Lost on the way"),
    "shippeddamaged": _("Damaged on the way"),
    "complete": _("Complete"),
    "unfulfillable": _("Cannot be fulfilled"),
    "cancelled": _("Cancelled"),
    "canceled": _("Cancelled"),
}


def status_word(told: str) -> str:
    """A status in words; as it was told where we have none."""
    return str(STATUSES.get("".join(filter(str.isalnum, told)).lower(), told))

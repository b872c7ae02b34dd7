"""What metrics of account health are called."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

METRICS: dict[str, str | Promise] = {
    "odr": _("Order defect rate"),
    "odr_claims": _("A-to-z claims"),
    "odr_chargebacks": _("Chargebacks"),
    "odr_feedback": _("Negative feedback"),
    "lsr": _("Late shipment rate"),
    "cancel": _("Cancellation rate"),
    "vtr": _("Valid tracking rate"),
    "otdr": _("On-time delivery rate"),
    "unit_otdr": _("On-time delivery rate, by unit"),
    "invoice": _("Invoice defect rate"),
    "invoice_missing": _("Missing invoices"),
    "invoice_late": _("Late invoices"),
    "ahr": _("Account health rating"),
    "account_status": _("Account status"),
    "policy_listing": _("Listing policy violations"),
    "policy_authenticity": _("Authenticity complaints"),
    "policy_condition": _("Condition complaints"),
    "policy_safety": _("Safety complaints"),
    "policy_ip_received": _("Intellectual property complaints"),
    "policy_ip_suspected": _("Suspected intellectual property violations"),
    "policy_restricted": _("Restricted product violations"),
    "policy_food": _("Food and product safety issues"),
    "policy_reviews": _("Review policy violations"),
    "policy_warnings": _("Policy warnings"),
    "policy_other": _("Other policy violations"),
    "policy_documents": _("Document requests"),
    "on_time_ship": _("Shipped on time"),
    "buy_shipping": _("Shipping bought at Amazon"),
    "replies": _("Late replies to buyers"),
    "contact_response": _("Answered within 24 hours"),
    "ncx": _("Negative customer experience (NCX)"),
}
FORETOLD = frozenset({"odr", "lsr", "cancel", "vtr", "on_time_ship", "otdr"})  # rates a forecast is made of
SHORT = "10d"  # the programme of late shipments over 10 days, of which no report tells
SILENT = "report_age"  # days since the newest report: what rules look at, in no report itself
# Limits that are no metrics of their own.
LIMITS: dict[str, str | Promise] = {
    "ahr_floor": _("Account health rating: deactivation below"),
    "csat_ncx": _("CSat: points for NCX"),
    "csat_feedback": _("CSat: points for negative feedback"),
    "csat_replies": _("CSat: points for late replies"),
}
COUNTED = ("policy_", "ahr", SILENT)  # metrics that are counts or scores, not rates
PROGRAMMES: dict[str, str | Promise] = {
    "afn": _("FBA"),
    "mfn": _("own shipping"),
    "sfp": _("Seller Fulfilled Prime"),
    SHORT: _("10 days"),
}


def metric_name(metric: str, programme: str = "") -> str:
    """A metric as people call it; one that nobody here knows by Amazon's own name."""
    name = str(METRICS.get(metric) or LIMITS.get(metric) or metric)
    return f"{name} ({PROGRAMMES.get(programme, programme)})" if programme else name


def programme_name(programme: str) -> str:
    """How orders are sent, as people call it."""
    return str(PROGRAMMES.get(programme, programme))

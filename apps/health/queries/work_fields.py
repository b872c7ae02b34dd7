"""Columns of order defects and notices, written once: for the lists that people export and for the evidence pack."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.exports import Field
from apps.health.models.names import programme_name


def _owner(row: Any) -> str | None:
    return str(row.owner) if row.owner else None


STORE = Field(_("Store"), lambda r: r.store.slug)
SKU = Field("SKU", lambda r: r.sku)
STATE = Field(_("State"), lambda r: r.get_state_display(), code=lambda r: r.state)
OWNER = Field(_("Owner"), _owner)

# -- of order defects

SITE = Field(_("Site"), lambda r: r.marketplace_id)
ORDER = Field(_("Order"), lambda r: r.order_id)
DEFECT = Field(_("Defect"), lambda r: r.get_kind_display(), code=lambda r: r.kind)
SHIPPED_BY = Field(_("Shipped by"), lambda r: programme_name(r.programme), code=lambda r: r.programme)
ORDERED = Field(_("Ordered"), lambda r: r.ordered_on)
REPORTED = Field(_("Reported"), lambda r: r.reported_on)
WITHDRAWN = Field(_("Withdrawn"), lambda r: r.withdrawn_on)
LEAVES = Field(_("Leaves the window on"), lambda r: r.leaves_on)
NOTE = Field(_("Note"), lambda r: r.note)

# -- of notices, which may be about no site

ABOUT = Field(_("Site"), lambda r: r.marketplace)
KIND = Field(_("Kind"), lambda r: r.get_kind_display(), code=lambda r: r.kind)
SUBJECT = Field(_("Subject"), lambda r: r.subject)
ASIN = Field("ASIN", lambda r: r.asin)
CASE = Field(_("Case"), lambda r: r.case_id)
ARRIVED = Field(_("Arrived"), lambda r: r.at)
DUE = Field(_("Due"), lambda r: r.due)
ANSWER = Field(_("Answer"), lambda r: r.answer)

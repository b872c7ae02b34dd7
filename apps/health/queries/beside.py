"""What is known beside a defect: what the buyer said of its order, sent back, and how it travelled."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.health.domain.letters import without_buyers
from apps.health.models import Defect, Feedback, ReturnLine, Shipment

MOST_RETURNS = 20  # lines of one order


@dataclass(frozen=True)
class Beside:
    """The facts of one order. None or empty: nothing of the kind has come, which does not say there was none.

    Comments are without addresses and names of buyers as far as these can be told. `late`: was it shipped, and
    `late_there`: delivered, after the promised moment; None: not known.
    """

    feedback: Feedback | None
    returns: Sequence[ReturnLine]
    shipment: Shipment | None

    @property
    def known(self) -> bool:
        return bool(self.feedback or self.returns or self.shipment)

    @property
    def late(self) -> bool | None:
        sent = self.shipment
        return sent.shipped_at > sent.ship_by if sent and sent.shipped_at and sent.ship_by else None

    @property
    def late_there(self) -> bool | None:
        sent = self.shipment
        return sent.delivered_at > sent.deliver_by if sent and sent.delivered_at and sent.deliver_by else None


def beside(defect: Defect) -> Beside:
    """All that is known of a defect's order; three queries."""
    same = {"store": defect.store_id, "order_id": defect.order_id}
    feedback, shipment = (model.objects.filter(**same).first() for model in (Feedback, Shipment))
    returns = list(ReturnLine.objects.filter(**same).order_by("-returned_on", "sku", "ordinal")[:MOST_RETURNS])
    for each in returns:
        each.comment = without_buyers(each.comment)
    if feedback:
        feedback.comment, feedback.response = without_buyers(feedback.comment), without_buyers(feedback.response)
    return Beside(feedback, returns, shipment)

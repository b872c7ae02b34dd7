"""FBA inventory v1."""

from sandbox.api.reading import bad, marketplaces, seal, unseal
from sandbox.clock import iso
from sandbox.http import Request, Response
from sandbox.reports.stock import figures
from sandbox.service import Sandbox

PAGE = 50


def summaries(sandbox: Sandbox, request: Request) -> Response:
    """``getInventorySummaries``: 50 SKUs a page."""
    if request.first("granularityType") != "Marketplace":
        raise bad("granularityType must be Marketplace.")
    code = marketplaces(request, [request.first("granularityId")])[0]
    now, first = sandbox.now(), 0
    if token := request.first("nextToken"):
        first = int(unseal(token).get("offset", 0))
    table = figures(sandbox, request.auth, code, now)
    wanted = request.many("sellerSkus") or request.many("sellerSku")
    rows = [row for row in table.to_dicts() if not wanted or row["sku"] in wanted]
    detailed = request.first("details").lower() == "true"  # some clients write True
    shown = [_summary(row, detailed, iso(now)) for row in rows[first : first + PAGE]]
    granularity = {"granularityType": "Marketplace", "granularityId": request.first("granularityId")}
    answer: dict = {"payload": {"granularity": granularity, "inventorySummaries": shown}}
    if len(rows) > first + PAGE:
        answer["pagination"] = {"nextToken": seal({"offset": first + PAGE})}
    return Response.json(answer)


def _summary(row: dict, detailed: bool, now: str) -> dict:
    total = row["available"] + row["reserved"] + row["unfulfillable"] + row["inbound"]
    summary = {
        "asin": row["asin"],
        "fnSku": row["fnsku"],
        "sellerSku": row["sku"],
        "condition": "NewItem",
        "lastUpdatedTime": now,
        "productName": row["title"],
        "totalQuantity": total,
    }
    if not detailed:
        return summary
    details = {
        "fulfillableQuantity": row["available"],
        "inboundWorkingQuantity": row["working"],
        "inboundShippedQuantity": row["shipped"],
        "inboundReceivingQuantity": row["receiving"],
        "reservedQuantity": {
            "totalReservedQuantity": row["reserved"],
            "pendingCustomerOrderQuantity": row["customer"],
            "pendingTransshipmentQuantity": row["transfer"],
            "fcProcessingQuantity": row["processing"],
        },
        "researchingQuantity": {"totalResearchingQuantity": 0, "researchingQuantityBreakdown": []},
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": row["unfulfillable"],
            "customerDamagedQuantity": row["unfulfillable"],
        },
    }
    return summary | {"inventoryDetails": details}

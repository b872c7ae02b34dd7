"""Programs that call the API, to read and to copy: files that the tests run, shown with this server's address."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = Path("templates/team/examples")
ADDRESS = "https://storewright.example"  # what the files call


@dataclass(frozen=True)
class Example:
    """One thing to do, and how: `<key>.py` needs `requests` at most, `<key>.sh` curl."""

    key: str
    label: str | Promise
    about: str | Promise

    @property
    def python(self) -> str:
        return text_of(f"{self.key}.py")

    @property
    def shell(self) -> str:
        return text_of(f"{self.key}.sh")


EXAMPLES = (
    Example("stores", _("Read the stores"), _("Their short names are what all other calls name a store by.")),
    Example(
        "stock_json",
        _("Write the stock of own warehouses as JSON"),
        _("All rows or none: 422 lists what is wrong. A row that says nothing new changes nothing."),
    ),
    Example(
        "stock_ndjson",
        _("Write much stock as NDJSON"),
        _("One object a line, up to 50,000 in one call: easier to write for a program that reads from a table."),
    ),
    Example(
        "orders",
        _("Follow the orders"),
        _(
            "updated_since and cursor bring every line that is new or has changed, each at least once: keep the newest"
            " changed_at, and replace a line by store, order_id, sku and ordinal."
        ),
    ),
    Example(
        "documents",
        _("Upload a file and wait until it is loaded"),
        _("The same door as the page of imports: reports of Amazon, tables of costs, stock and products."),
    ),
    Example(
        "plan_lines",
        _("Read what to order"),
        _("Lines of approved plans: what your ERP makes purchase orders of. A webhook plan.approved says when."),
    ),
    Example(
        "idempotency",
        _("Write once, however often it is sent"),
        _("After a timeout nobody knows whether a call arrived. With the same key it may simply be sent again."),
    ),
    Example(
        "webhooks",
        _("Check that a webhook is ours"),
        _("Signed as Standard Webhooks describe: over its id, its time and its bytes, before they are read as JSON."),
    ),
)


def text_of(name: str) -> str:
    """An example with this server's address."""
    text = (settings.BASE_DIR / FOLDER / name).read_text(encoding="utf-8")
    return text.replace(ADDRESS, settings.BASE_URL.rstrip("/"))


@dataclass(frozen=True)
class Counterpart:
    """One of our fields, and where it is in two ERPs: a column of an export of 店小秘, a field of 马帮's interface."""

    ours: str
    meaning: str | Promise
    dianxiaomi: str
    mabang: str


COUNTERPARTS = (
    Counterpart(
        "sku",
        _("Amazon's seller SKU. Where the ERP counts by a SKU of its own, send the one it is paired with"),
        "平台SKU（与商品SKU配对）",
        "orderItem[].platformSku ↔ stockSku",
    ),
    Counterpart("PUT stock/own · warehouse", _("Name of the warehouse"), "仓库", "warehouseName"),
    Counterpart(
        "PUT stock/own · available", _("Units that can be sold or shipped now"), "可用库存", "availableStockQuantity"
    ),
    Counterpart("PUT stock/own · reserved", _("Units promised to orders already"), "锁定库存", "waitingQuantity"),
    Counterpart(
        "PUT stock/own · inbound",
        _("Units on their way into this warehouse, bought or moved"),
        "采购在途 + 调拨在途",
        "shippingQuantity + allotShippingQuantity",
    ),
    Counterpart(
        "PUT costs · unit_cost",
        _("Cost of one unit in minor units: ¥18.50 is 1850"),
        "采购成本价 × 100",
        "defaultCost × 100",
    ),
    Counterpart("PUT costs · currency", _("Currency of the cost"), "CNY", "CNY"),
    Counterpart("PUT costs · freight", _("Freight of one unit to Amazon, in minor units"), "头程费用 × 100", "–"),
    Counterpart("PATCH products · supplier", _("Name of the supplier"), "供应商", "pur-do-get-provider"),
    Counterpart("PATCH products · carton_units", _("Units in one carton"), "箱规", "–"),
    Counterpart("GET plan-lines · sku, units", _("What to order"), "采购单：SKU、采购数量", "pur-do-add-purchase"),
    Counterpart("GET orders · order_id", _("Amazon's order number"), "订单号", "order-get-order-list-new"),
)

"""The playbooks every agency begins with, in both languages; their copies are the agency's to change."""

from typing import Any


def _step(en: str, zh: str, days: int, *, four_eyes: bool = False, evidence: bool = False) -> dict[str, Any]:
    return {"en": en, "zh": zh, "days": days, "four_eyes": four_eyes, "evidence": evidence}


# Playbooks of the set that fit one sign of their cause only: a poor rating is no deactivation.
ONLY_FOR = {"deactivated": "account_status"}

_READ = _step("Read Amazon's notice word by word and keep a copy", "逐字阅读亚马逊通知并留存副本", 0, evidence=True)
_PACK = _step("Make the evidence pack and check that it is complete", "生成证据包并检查是否完整", 2)
_WRITE = _step(
    "Write the plan of action: root cause, corrective and preventive measures",
    "撰写行动计划（POA）：根本原因、纠正措施、预防措施",
    2,
)
_SUBMIT = _step("Submit the plan of action", "提交行动计划（POA）", 3, four_eyes=True, evidence=True)
_FOLLOW = _step("Check Amazon's answer every day and answer within 24 hours", "每天查看亚马逊回复，24 小时内答复", 7)
_TELL = _step("Tell the client what happened, what we do and by when", "告知客户：发生了什么、我们怎么做、何时完成", 0)

PLAYBOOKS: dict[str, dict[str, Any]] = {
    "at-risk": {
        "en": "Account at risk", "zh": "账户有停用风险", "causes": ["account"],
        "steps": [
            _READ, _TELL,
            _step("List every open violation and defect of the last 180 days", "列出近 180 天内所有未解决的违规与缺陷", 1),
            _step("Stop what causes new ones: close offers or switch to FBA", "停止新增原因：关闭相关 Listing 或改用 FBA", 1),
            _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
    "odr": {
        "en": "Order defect rate over its limit", "zh": "订单缺陷率超标", "causes": ["odr"],
        "steps": [
            _step("Open every defect of the window: claim, chargeback, feedback", "逐一查看统计期内的缺陷：索赔、拒付、差评", 1),
            _step("Answer and settle A-to-z claims that are still open", "答复并处理未结的 A-to-z 索赔", 1, evidence=True),
            _step("Ask for removal of feedback that breaks Amazon's rules", "对违反规则的反馈申请移除", 2),
            _step("Name the products and carriers behind most defects", "找出造成多数缺陷的商品与承运商", 2),
            _TELL, _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
    "suppressed": {
        "en": "Listing suppressed or safety complaint", "zh": "Listing 停售或安全投诉", "causes": ["listing"],
        "steps": [
            _READ,
            _step("Stop shipping the product and set its stock aside", "停止发货并隔离该商品库存", 0),
            _step(
                "Collect test reports, certificates and invoices of 365 days",
                "收集检测报告、认证和 365 天内的发票", 2, evidence=True,
            ),
            _step(
                "Correct the listing or the product, keep before and after",
                "修正 Listing 或商品，保留修改前后对比", 3, evidence=True,
            ),
            _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
    "ip": {
        "en": "Intellectual property complaint", "zh": "知识产权投诉", "causes": ["policy"],
        "steps": [
            _READ,
            _step("Find out who complains about what: trademark, copyright, patent", "弄清投诉方与类型：商标、版权、专利", 0),
            _step("Take the offers down until it is settled", "问题解决前下架相关商品", 0),
            _step(
                "Collect invoices, letters of authorisation, own registrations",
                "收集发票、授权书和自有权利证明", 2, evidence=True,
            ),
            _step("Ask the rights owner to withdraw the complaint", "联系权利人请求撤回投诉", 3, evidence=True),
            _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
    "late": {
        "en": "Late shipments over the limit", "zh": "迟发率超标", "causes": ["delivery"],
        "steps": [
            _step("List late orders by warehouse, carrier and day", "按仓库、承运商和日期列出迟发订单", 0),
            _step("Confirm what has left but was not confirmed", "对已发出但未确认的订单补确认发货", 0),
            _step("Raise handling time or close offers that cannot be kept", "延长备货时间或关闭无法按时发出的商品", 1),
            _TELL, _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
    "deactivated": {
        "en": "Account deactivated", "zh": "账户被停用", "causes": ["account"], "starts": True,
        "steps": [
            _READ, _TELL,
            _step("Stop ads, inbound shipments and orders to suppliers", "暂停广告、入仓货件和采购", 0),
            _step("Note funds held and stock at Amazon", "记录被冻结资金与亚马逊库存", 1, evidence=True),
            _step("Answer open buyer messages and ship open orders", "答复买家消息并完成未发订单", 1),
            _PACK, _WRITE, _SUBMIT, _FOLLOW,
        ],
    },
}  # fmt: skip

"""What a marketplace's letter says, by its own words: kind, numbers, days to answer. No names or addresses of buyers.

Words are those of Amazon's sites in the languages its notices are written in. All of it is a suggestion that a person
may change.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ACCOUNT, LISTING, PERFORMANCE = "account_status", "listing_issue", "performance"
POLICY, DOCUMENTS = "policy", "documents"
STRUCK = "[…]"  # stands where something of a buyer stood
MOST_DAYS = 365

# The first that fits decides; the subject is asked before the text.
_KINDS = (
    (
        ACCOUNT,
        r"(account|selling privileges|selling account).{0,60}(deactivat|suspend|at risk|closed|removed)"
        r"|(deactivat|suspend|at risk).{0,40}(of|your) .{0,20}(account|selling)"
        r"|(账户|账号|帐户|店铺|销售权限|卖家账户).{0,20}(停用|暂停|冻结|关闭|封|移除|风险)|(停用|暂停|冻结).{0,12}(账户|账号|帐户|销售权限)"
        r"|(verkäuferkonto|konto|verkaufsberechtigung).{0,40}(deaktivier|gesperrt|entzogen|risiko)"
        r"|compte.{0,40}(désactiv|suspend|risque)|account.{0,40}(disattivat|sospes|rischio)"
        r"|cuenta.{0,40}(desactivad|suspendid|riesgo)|アカウント.{0,20}(停止|一時停止|閉鎖|利用停止|リスク)",
    ),
    (
        DOCUMENTS,
        r"(documents?|invoices?|documentation|information|verification) .{0,30}(requested|required|needed|request)"
        r"|(submit|provide|upload|verify).{0,30}(documents?|invoices?|identity|documentation)|verification (of|required)"
        r"|(提供|提交|补充|上传).{0,20}(文件|资料|发票|证明|单据)|(资料|文件|身份|账户信息)(审核|核实|验证)|要求.{0,12}(文件|资料|发票)"
        r"|(unterlagen|dokumente|nachweis|rechnung).{0,30}(einreichen|erforderlich|angefordert|benötigt|vorlegen)"
        r"|(documents?|factures?|justificatifs?).{0,30}(demand|requis|fournir)|(documenti|fatture).{0,30}(richiest|fornire)"
        r"|(documentos|facturas).{0,30}(solicitad|requerid|necesari)|(書類|請求書|証明書|身分証).{0,20}(提出|提供|要求|必要)",
    ),
    (
        POLICY,
        r"polic(y|ies)|infring|intellectual property|trademark|copyright|patent|counterfeit|inauthentic|restricted product"
        r"|violation|complaint from a rights owner|safety complaint"
        r"|违反|违规|侵权|知识产权|商标|版权|专利|假冒|真伪|受限商品|政策|安全投诉|商品真实性"
        r"|verstoß|verletzung|richtlinie|urheberrecht|markenrecht|fälschung|contrefaçon|infraction|violation|politique"
        r"|violazione|contraffa|infracción|falsificad|propiedad intelectual|propriété intellectuelle"
        r"|proprietà intellettuale|侵害|知的財産|商標|著作権|特許|偽造|ポリシー|規約違反|違反",
    ),
    (
        LISTING,
        r"listings?.{0,40}(removed|suppressed|deactivat|blocked|inactive|issue|cancel|at risk)|search suppressed"
        r"|(removed|suppressed|deactivat|blocked).{0,40}(listing|asin|product|offer)|detail page"
        r"|(商品|listing|asin|产品|链接).{0,16}(下架|移除|屏蔽|停售|不可售|搜索禁止|问题|停用)|(angebot|produkt|artikel).{0,40}(entfernt|deaktiviert|gesperrt)"
        r"|(offre|produit|annonce).{0,40}(supprim|désactiv|retir)|(offerta|prodotto|inserzion).{0,40}(rimoss|disattivat)"
        r"|(oferta|producto|listado).{0,40}(eliminad|retirad|desactivad)|(出品|商品).{0,20}(停止|削除|非表示|無効)",
    ),
    (
        PERFORMANCE,
        r"performance|order defect|late shipment|late dispatch|a-to-z|cancellation rate|tracking rate|on-time|feedback"
        r"|绩效|订单缺陷|迟发|取消率|追踪|索赔|差评|leistung|bestellmängel|verspätet|performances?|prestazion|rendimiento"
        r"|パフォーマンス|注文不良|出荷遅延",
    ),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(words, re.I)) for kind, words in _KINDS)
_ASIN = re.compile(r"(?<![A-Z0-9])B0[A-Z0-9]{8}(?![A-Z0-9])")
_SKU = re.compile(r"(?<![\w-])(?:seller[ -]?sku|m?sku)\s*[:：#]\s*([\w.+/-]{1,60})", re.I)
_CASE = re.compile(
    r"(?:case|complaint|fall|vorgangs?|beschwerde|dossier|réclamation|caso|reclamo|reclamación|pratica)"
    r"(?:[- ]?(?:id|no\.?|number|nummer|nr\.?|n°|numéro|número|numero))?\s*[:：#]\s*#?([A-Z0-9][A-Z0-9-]{5,39})"
    r"|(?:案件|投诉|申诉|问题|ケース|お問い合わせ)\s*(?:编号|号码|号|ID|番号)\s*[:：#]?\s*#?([A-Z0-9][A-Z0-9-]{5,39})",
    re.I,
)
_ORDER = re.compile(r"(?<!\d)\d{3}-\d{7}-\d{7}(?!\d)")
_DAYS = re.compile(
    r"(?:within|in the next|innerhalb von|binnen|sous|dans un délai de|entro|en un plazo de|dentro de|请?在|于)\s*"
    r"(\d{1,3})\s*(?:\([^)]{1,12}\)\s*)?(?:calendar |business |working |个?自然|个?工作)?"
    r"(days?|hours?|tagen|stunden|jours?|heures?|giorni|ore|días|horas|天|日|小时|个小时)"
    r"|(\d{1,3})\s*(?:个?自然|个?工作)?(天|日|小时|個?日|時間)(?:之)?(?:以)?[内內]",
    re.I,
)
_HOURS = re.compile(r"^(hours?|stunden|heures?|ore|horas|小时|个小时|時間)$", re.I)
_DOMAIN = re.compile(r"amazon\.(?:com\.[a-z]{2}|co\.[a-z]{2}|[a-z]{2,3})\b", re.I)
# Amazon's own addresses stay, those it gives buyers (marketplace.amazon.…) do not.
_MAIL = re.compile(r"[\w.+%-]+@(?!amazon\.[a-z.]{2,6}\b)(?:[\w-]+\.)+[a-z]{2,}", re.I)
_BUYER = re.compile(
    r"^(?P<what>[ \t>*•-]*(?:buyer|customer|recipient|ship(?:ping)? to|deliver(?:y)? to|käufer|kunde|empfänger|acheteur|client"
    r"|destinataire|acquirente|destinatario|comprador|cliente|买家|买方|顾客|客户|收件人|收货人|購入者|お客様|受取人)"
    r"(?:[’']?s)?(?:[ _-]?(?:name|nom|nome|nombre|address|adresse|indirizzo|dirección|phone|telephone|telefon|tel|contact"
    r"|姓名|名称|名字|地址|电话|手机|联系方式|昵称|氏名|名|住所|電話番号?))*\s*[:：][ \t]*)(?P<told>\S.*)$",
    re.I | re.M,
)
_ADDRESSED = re.compile(
    r"^(?P<what>[ \t>*•-]*(?:phone|telephone|mobile|telefon|téléphone|telefono|teléfono|电话|手机|電話)"
    r"(?:[ _-]?(?:number|nummer|号码|番号))?\s*[:：][ \t]*)(?P<told>\S.*)$",
    re.I | re.M,
)
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|tr|rv|i|r|转发|回复|答复|転送|返信)\s*[:：]\s*)+", re.I)


@dataclass(frozen=True)
class Hints:
    """What the words suggest. `domains` are the sites the letter names, e.g. "amazon.de"; `days` how long it gives."""

    kind: str
    sku: str = ""
    asin: str = ""
    case_id: str = ""
    days: int | None = None
    domains: tuple[str, ...] = ()


def hints(subject: str, text: str, sender: str = "") -> Hints:
    """Everything a letter suggests."""
    whole = f"{subject}\n{text}"
    skus = _SKU.findall(whole)
    asins = _ASIN.findall(whole)
    domains = [each.lower() for each in _DOMAIN.findall(f"{sender}\n{whole}")]
    return Hints(
        kind=kind_of(subject, text),
        sku=skus[0][:60] if skus else "",
        asin=asins[0] if asins else "",
        case_id=case_of(whole),
        days=days_of(text),
        domains=tuple(dict.fromkeys(domains)),
    )


def kind_of(subject: str, text: str = "") -> str:
    """The kind of notice the subject's words suggest, else the text's; a notice about performance where none does."""
    for words in (subject, text[:2000]):
        for kind, pattern in _PATTERNS:
            if pattern.search(words):
                return kind
    return PERFORMANCE


def case_of(text: str) -> str:
    """The number of the case or complaint; "" where none stands."""
    found = _CASE.search(text)
    return (found[1] or found[2])[:40] if found else ""


def days_of(text: str) -> int | None:
    """How many days the letter gives to answer, hours rounded down to whole days; None where it does not say."""
    found = _DAYS.search(text)
    if not found:
        return None
    count, unit = int(found[1] or found[3]), found[2] or found[4]
    days = count // 24 if _HOURS.match(unit) else count
    return days if days <= MOST_DAYS else None


def due_of(at: datetime, days: int | None) -> date | None:
    """The last day to answer a letter that came at `at`."""
    return None if days is None else (at + timedelta(days=days)).date()


def orders_in(text: str) -> list[str]:
    """Numbers of Amazon orders, each once, in their order."""
    return list(dict.fromkeys(_ORDER.findall(text)))


def without_buyers(text: str) -> str:
    """The text without addresses of mail and without what stands behind "Buyer:", "收件人：" and the like."""
    found = _MAIL.sub(STRUCK, text)
    for pattern in (_BUYER, _ADDRESSED):
        found = pattern.sub(lambda line: f"{line['what']}{STRUCK}", found)
    return found


def subject_of(text: str) -> str:
    """A subject without what mail programs put in front of an answer or a forwarded letter."""
    return " ".join(_PREFIX.sub("", text).split())[:300]

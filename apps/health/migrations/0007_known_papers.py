"""The kinds of papers and the rules every installation starts with; platform staff edit them, agencies add to them.

A format stands here only where the register's own is sure; a day only where the law names it.
"""

from datetime import date
from typing import Any, ClassVar

from django.db import migrations

EU = ["DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE"]
FRENCH = r"FR\d{6}_\d{2}[A-Z0-9]{2,6}"
FRENCH_LAW = "Code de l'environnement, L541-10-9 and L541-10-13"
DENAN = "Electrical Appliances and Materials Safety Act (Act No. 234 of 1961)"
MARKETS_2022, MARKETS_2023 = date(2022, 1, 1), date(2023, 7, 1)

DECLARATION = {"key": "declaration", "en": "Declaration of conformity", "zh": "符合性声明"}
CERTIFICATE = {"key": "certificate", "en": "Certificate of a registered body", "zh": "登记检查机构的证书"}
NOTIFICATION = {"key": "notification", "en": "Notification to METI", "zh": "经济产业省届出书"}
LABEL = {"key": "label", "en": "Photo of the label", "zh": "标签照片"}
INSPECTION = {"key": "inspection", "en": "Inspection record", "zh": "自主检查记录"}

# code, group, short, English, Chinese, pattern, hint, what it needs, parts, source
KINDS: list[tuple[Any, ...]] = [
    ("lucid", "epr", "LUCID", "Packaging register number, Germany", "德国包装法注册号", r"DE\d{13}", "DE1234567890123",
     "number", [], "VerpackG §§ 7, 9"),
    ("weee-de", "epr", "WEEE DE", "WEEE registration, Germany", "德国 WEEE 注册号", r"DE\d{8}", "DE12345678",
     "number", [], "ElektroG § 6"),
    ("battery-de", "epr", "Batt DE", "Battery registration, Germany", "德国电池法注册号", r"DE\d{8}", "DE12345678",
     "number", [], "BattG § 4; from 7 October 2025 BattDG"),
    ("fr-packaging", "epr", "UIN FR packaging", "Unique identifier, France: packaging", "法国 EPR 唯一识别号：包装",
     FRENCH, "FR123456_01ABCD", "number", [], FRENCH_LAW),
    ("fr-eee", "epr", "UIN FR EEE", "Unique identifier, France: electrical equipment", "法国 EPR 唯一识别号：电子电气",
     FRENCH, "FR123456_05ABCD", "number", [], FRENCH_LAW),
    ("fr-battery", "epr", "UIN FR battery", "Unique identifier, France: batteries", "法国 EPR 唯一识别号：电池",
     FRENCH, "FR123456_06ABCD", "number", [], FRENCH_LAW),
    ("fr-furniture", "epr", "UIN FR furniture", "Unique identifier, France: furniture", "法国 EPR 唯一识别号：家具",
     FRENCH, "FR123456_10ABCD", "number", [], FRENCH_LAW),
    ("fr-textile", "epr", "UIN FR textile", "Unique identifier, France: textiles", "法国 EPR 唯一识别号：纺织品",
     FRENCH, "FR123456_11ABCD", "number", [], FRENCH_LAW),
    ("fr-toy", "epr", "UIN FR toy", "Unique identifier, France: toys", "法国 EPR 唯一识别号：玩具",
     FRENCH, "FR123456_12ABCD", "number", [], FRENCH_LAW),
    ("fr-sport", "epr", "UIN FR sport", "Unique identifier, France: sports and leisure", "法国 EPR 唯一识别号：运动休闲",
     FRENCH, "FR123456_13ABCD", "number", [], FRENCH_LAW),
    ("fr-diy", "epr", "UIN FR DIY", "Unique identifier, France: DIY and garden", "法国 EPR 唯一识别号：DIY 与园艺",
     FRENCH, "FR123456_14ABCD", "number", [], FRENCH_LAW),
    ("fr-paper", "epr", "UIN FR paper", "Unique identifier, France: graphic papers", "法国 EPR 唯一识别号：印刷纸品",
     FRENCH, "FR123456_03ABCD", "number", [], FRENCH_LAW),
    ("fr-tyre", "epr", "UIN FR tyre", "Unique identifier, France: tyres", "法国 EPR 唯一识别号：轮胎",
     FRENCH, "FR123456_17ABCD", "number", [], FRENCH_LAW),
    ("es-packaging", "epr", "RPP ES", "Packaging register number, Spain", "西班牙包装法注册号", "", "",
     "number", [], "Real Decreto 1055/2022"),
    ("ce", "mark", "CE", "EU declaration of conformity (CE)", "CE 符合性声明", "", "", "", [DECLARATION],
     "Directives 2014/30/EU, 2014/35/EU, 2014/53/EU, 2009/48/EC, as they apply"),
    ("ukca", "mark", "UKCA", "UK declaration of conformity (UKCA)", "UKCA 符合性声明", "", "", "", [DECLARATION],
     "The UK regulations of the product"),
    ("gpsr", "person", "GPSR", "Responsible person in the EU (GPSR)", "GPSR 欧盟责任人", "", "", "person", [],
     "Regulation (EU) 2023/988, Article 16"),
    ("pse-specified", "japan", "PSE ◇", "PSE, specified products", "PSE 菱形（特定电气用品）", "", "", "",
     [CERTIFICATE, NOTIFICATION, LABEL, INSPECTION], f"{DENAN}, Articles 3, 8, 9, 10"),
    ("pse-other", "japan", "PSE ○", "PSE, other products", "PSE 圆形（特定以外电气用品）", "", "", "",
     [NOTIFICATION, LABEL, INSPECTION], f"{DENAN}, Articles 3, 8, 10"),
    ("giteki", "japan", "技適", "Technical conformity mark for radio equipment (Giteki)", "技适（无线设备认证）", "", "",
     "number", [CERTIFICATE], "Radio Act (Act No. 131 of 1950)"),
]  # fmt: skip

# code, sites, wants, kinds of which one will do, valid from, source, note in English and Chinese
RULES: list[tuple[Any, ...]] = [
    ("de-packaging", ["DE"], {}, ["lucid"], date(2022, 7, 1), "VerpackG § 7",
     "Marketplaces must check it since 1 July 2022.", "自 2022 年 7 月 1 日起平台必须核验。"),
    ("de-weee", ["DE"], {"electric": True}, ["weee-de"], MARKETS_2023, "ElektroG § 6",
     "Marketplaces must check it since 1 July 2023.", "自 2023 年 7 月 1 日起平台必须核验。"),
    ("de-battery", ["DE"], {"battery": True}, ["battery-de"], MARKETS_2022, "BattG § 4; BattDG",
     "Also for batteries that come with or inside a product.", "随附或内置的电池也适用。"),
    *(
        (f"fr-{name}", ["FR"], wants, [f"fr-{name}"], MARKETS_2022, FRENCH_LAW,
         "One identifier for each category of products.", "每个品类各需一个识别号。")
        for name, wants in (
            ("packaging", {}), ("eee", {"electric": True}), ("battery", {"battery": True}),
            ("furniture", {"furniture": True}), ("textile", {"textile": True}), ("toy", {"toy": True}),
            ("sport", {"sport": True}), ("diy", {"diy": True}), ("paper", {"paper": True}), ("tyre", {"tyre": True}),
        )
    ),
    ("es-packaging", ["ES"], {}, ["es-packaging"], date(2023, 1, 1), "Real Decreto 1055/2022", "", ""),
    ("eu-mark-electric", EU, {"electric": True}, ["ce"], date(2016, 4, 20), "Directives 2014/30/EU, 2014/35/EU, 2014/53/EU",
     "", ""),
    ("eu-mark-toy", EU, {"toy": True}, ["ce"], date(2011, 7, 20), "Directive 2009/48/EC", "", ""),
    ("gb-mark-electric", ["UK"], {"electric": True}, ["ukca", "ce"], date(2024, 10, 1),
     "Product Safety and Metrology etc. (Amendment) Regulations 2024",
     "Great Britain goes on recognising CE: either will do.", "英国（大不列颠）继续认可 CE，两者有其一即可。"),
    ("gb-mark-toy", ["UK"], {"toy": True}, ["ukca", "ce"], date(2024, 10, 1),
     "Product Safety and Metrology etc. (Amendment) Regulations 2024",
     "Great Britain goes on recognising CE: either will do.", "英国（大不列颠）继续认可 CE，两者有其一即可。"),
    ("eu-person", EU, {}, ["gpsr"], date(2024, 12, 13), "Regulation (EU) 2023/988, Article 16",
     "Name and address of a responsible person in the EU.", "欧盟境内责任人的名称与地址。"),
    ("ni-person", ["UK"], {"northern-ireland": True}, ["gpsr"], date(2024, 12, 13), "Regulation (EU) 2023/988, Article 16",
     "For products that are offered to Northern Ireland.", "适用于销往北爱尔兰的商品。"),
    ("jp-pse-specified", ["JP"], {"denan": True, "pse-specified": True}, ["pse-specified"], None, DENAN,
     "Specified products: a certificate of a registered body as well.", "特定电气用品：另需登记检查机构的证书。"),
    ("jp-pse-other", ["JP"], {"denan": True, "pse-specified": False}, ["pse-other"], None, DENAN,
     "Other products: own inspection, notification and label.", "特定以外：自主检查、届出与标签。"),
    ("jp-radio", ["JP"], {"radio": True}, ["giteki"], None, "Radio Act (Act No. 131 of 1950)",
     "Wi-Fi, Bluetooth and other radio equipment.", "Wi-Fi、蓝牙等无线设备。"),
]  # fmt: skip


def fill(apps: Any, schema_editor: Any) -> None:
    kind, rule = apps.get_model("health", "PaperKind"), apps.get_model("health", "PaperRule")
    kind.objects.bulk_create(_kind(kind, 10 * n, *row) for n, row in enumerate(KINDS, start=1))
    names = ("code", "marketplaces", "wants", "kinds", "valid_from", "source", "note_en", "note_zh")
    rule.objects.bulk_create(
        rule(position=10 * n, **dict(zip(names, row, strict=True))) for n, row in enumerate(RULES, start=1)
    )


def _kind(kind: Any, position: int, *row: Any) -> Any:
    names = (
        "code",
        "group",
        "short",
        "name_en",
        "name_zh",
        "number_pattern",
        "number_hint",
        "needs",
        "parts",
        "source",
    )
    values = dict(zip(names, row, strict=True))
    needs = values.pop("needs")
    return kind(position=position, needs_number=needs == "number", needs_person=needs == "person", **values)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0006_walls_of_papers")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]

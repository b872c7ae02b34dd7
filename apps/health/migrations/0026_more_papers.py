"""What products may be, as data, and more of Europe, America, Japan and Australia.

Nobody read the laws' own words while writing this: every kind and rule here is marked "unsure", which pages show as
"check with a lawyer". A format stands only where the register's own is sure. Medical devices are left out on purpose.
"""

from datetime import date
from typing import Any, ClassVar

from django.db import migrations

EU = ["DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE"]
FRENCH, FRENCH_HINT = r"FR\d{6}_\d{2}[A-Z0-9]{2,6}", "FR123456_00ABCD"
FRENCH_LAW = "Code de l'environnement, L541-10-1, L541-10-9 and L541-10-13"
WINDSOR = "Windsor Framework, Annex 2"
GB_LAW = "Product Safety and Metrology etc. (Amendment) Regulations 2024"

DECLARATION = {"key": "declaration", "en": "Declaration of conformity", "zh": "符合性声明"}
REPORT = {"key": "report", "en": "Test report", "zh": "检测报告"}
CERTIFICATE = {"key": "certificate", "en": "Certificate", "zh": "证书"}
NOTICE = {"key": "notice", "en": "Notification", "zh": "届出书"}

# code, English, Chinese, words that hint at it (small letters; "*": the word goes on)
TRAITS: list[tuple[str, str, str, str]] = [
    ("electric", "Electrical or electronic", "电子电气产品",
     "electr* elektr* électr* eléctr* elettr* led lamp lamps lampe lampen light lights lampada lámpara leuchte* usb"
     " charger* ladegerät* headphone* earbud* speaker* keyboard* webcam* kettle wasserkocher* powerbank* 电子 电动 灯 充电"
     " 耳机 音箱 键盘 電気 電動 ライト ランプ 充電 イヤホン"),
    ("battery", "With a battery", "含电池",
     "batter* bater* akku* accu rechargeable cordless powerbank* power_bank* earbud* pilas 电池 充电宝 電池 バッテリー 充電式"),
    ("radio", "With radio (Wi-Fi, Bluetooth)", "含无线功能（Wi-Fi、蓝牙）",
     "wireless bluetooth wifi wi-fi wlan zigbee kabellos* funk sans_fil inalámbric* senza_fili 蓝牙 无线 ワイヤレス 無線"
     " ブルートゥース"),
    ("toy", "Toy", "玩具", "toy toys spielzeug* jouet* juguete* giocattol* speelgoed leksak* zabawk* puzzle* 玩具 积木 拼图 おもちゃ"),
    ("textile", "Clothing, shoes, household linen", "服装、鞋类、家用纺织品",
     "shirt* scarf scarves blanket* throw curtain* pillow* cushion* towel* decke bettwäsche schal handtuch* couverture*"
     " coperta manta 服装 毛毯 围巾 抱枕 窗帘 毛巾 毛布 クッション タオル"),
    ("furniture", "Furniture", "家具",
     "furniture chair* table shelf shelves sofa* desk möbel* regal tisch stuhl meuble* étagère* silla sedia 家具 椅 桌 书架 棚"),
    ("sport", "Sports and leisure goods", "运动与休闲用品",
     "sport* fitness yoga dumbbell* tent camping bicycle* fahrrad* vélo 运动 瑜伽 帐篷 健身 スポーツ ヨガ テント"),
    ("diy", "DIY and garden", "家装与园艺用品",
     "garden* hammer screwdriver* drill* werkzeug* garten* jardin* bricolage attrezz* 工具 园艺 ガーデン"),
    ("paper", "Printed paper", "印刷纸品", "book books calendar* magazine* buch bücher kalender livre* 日历 书籍 カレンダー"),
    ("tyre", "Tyre", "轮胎", "tyre tyres tire tires reifen pneu pneus 轮胎 タイヤ"),
    ("northern-ireland", "Offered to Northern Ireland", "销往北爱尔兰", ""),
    ("denan", "Falls under Japan's electrical safety act", "属于日本电气用品安全法对象",
     "charger* adapter* ac_adapter* 充电器 电源适配器 充電器 acアダプター 延長コード コンセント"),
    ("pse-specified", "PSE: specified product", "PSE 特定电气用品", "ac_adapter* extension_cord* acアダプター 延長コード"),
    ("mains", "Plugs into the mains", "插电使用",
     "plug plugs charger* adapter* power_strip* kettle steckdose* netzteil* ladegerät* wasserkocher* chargeur* cargador*"
     " 插头 充电器 适配器 插座 コンセント 充電器 acアダプター"),
    ("child", "For children (12 or younger)", "儿童用品（12 岁及以下）",
     "kid kids child* baby babies toddler* kinder* enfant* bébé bambin* niñ* toy toys 儿童 婴儿 宝宝 玩具 子供 ベビー"),
    ("button-cell", "With a button or coin cell", "含纽扣电池",
     "button_cell* coin_cell* cr2032 cr2025 lr44 knopfzelle* 纽扣电池 ボタン電池 コイン電池"),
    ("ppe", "Personal protective equipment", "个人防护装备",
     "goggles helmet* respirator* ffp2 ffp3 safety_glasses schutzbrille* schutzhelm* casque casco 护目镜 安全帽 头盔 防护"
     " ヘルメット 保護メガネ"),
    ("machinery", "Machine (with a drive)", "机械（带驱动装置）",
     "drill* chainsaw* saw mower* bohrmaschine* kettensäge* rasenmäher* perceuse* tronçonneuse* 电钻 电锯 割草机 電動工具"),
    ("cosmetic", "Cosmetic", "化妆品",
     "cosmetic* kosmeti* cosméti* lipstick* serum shampoo* lotion makeup 口红 面霜 洗发 化妆 化粧 美容液 シャンプー"),
    ("food-contact", "Touches food or drink", "与食品接触",
     "kettle mug mugs cup cups bento lunch_box* cutting_board* knife knives teapot* tableware water_bottle* brotdose*"
     " wasserkocher* 餐具 水壶 砧板 饭盒 保温杯 茶壶 弁当 食器 水筒"),
    ("chemical", "Chemical or mixture (paint, glue, cleaner)", "化学品或混合物（油漆、胶水、清洁剂）",
     "detergent* glue adhesive* paint cleaner reiniger klebstoff* farbe colle peinture 胶水 油漆 清洁剂 洗剤 接着剤 塗料"),
    ("lubricant", "Oil or lubricant", "机油、润滑油", "motor_oil engine_oil lubricant* motoröl* 机油 润滑油 エンジンオイル"),
    ("vehicle", "Motor vehicle", "机动车辆", "motorcycle* moped* motorrad* 摩托车 オートバイ"),
    ("building", "Building material", "建筑材料", "insulation tile tiles laminate fliese* carrelage 瓷砖 地板 タイル 断熱材"),
    ("sanitary-textile", "Disposable sanitary textile (wipes)", "一次性卫生用纺织品（湿巾）",
     "wipes feuchttücher lingettes toallitas salviette 湿巾 ウェットティッシュ"),
    ("tobacco", "Filter for tobacco", "烟草滤嘴制品", "cigarette_filter* 滤嘴"),
]  # fmt: skip

# code, group, short, English, Chinese, pattern, hint, what it needs, parts, source
KINDS: list[tuple[Any, ...]] = [
    *(
        (f"fr-{code}", "epr", f"UIN FR {short}", f"Unique identifier, France: {en}", f"法国 EPR 唯一识别号：{zh}",
         FRENCH, FRENCH_HINT, "number", [], FRENCH_LAW)
        for code, short, en, zh in (
            ("chemical", "chemicals", "chemical products (DDS)", "化学品（DDS）"),
            ("oil", "oils", "oils and lubricants", "矿物油与润滑油"),
            ("vehicle", "vehicles", "vehicles", "车辆"),
            ("building", "building", "building materials (PMCB)", "建筑材料（PMCB）"),
            ("sanitary", "sanitary textiles", "disposable sanitary textiles", "一次性卫生用纺织品"),
            ("tobacco", "tobacco", "tobacco products with filters", "带滤嘴的烟草制品"),
        )
    ),
    ("es-weee", "epr", "RII-AEE ES", "WEEE register number, Spain", "西班牙 WEEE 注册号", "", "", "number", [],
     "Real Decreto 110/2015"),
    ("es-battery", "epr", "RII-PYA ES", "Battery register number, Spain", "西班牙电池法注册号", "", "", "number", [],
     "Real Decreto 106/2008"),
    ("it-packaging", "epr", "CONAI IT", "Packaging consortium number, Italy", "意大利包装法（CONAI）注册号", "", "", "number",
     [], "D.Lgs. 152/2006"),
    ("it-weee", "epr", "AEE IT", "WEEE register number, Italy", "意大利 WEEE 注册号", "", "", "number", [],
     "D.Lgs. 49/2014"),
    ("se-packaging", "epr", "EPR SE", "Packaging producer registration, Sweden", "瑞典包装生产者注册", "", "", "number", [],
     "Förordning (2022:1274)"),
    ("pl-packaging", "epr", "BDO PL", "BDO register number, Poland", "波兰 BDO 注册号", r"\d{9}", "000123456", "number", [],
     "Ustawa o odpadach, BDO"),
    ("nl-packaging", "epr", "Verpact NL", "Packaging registration, Netherlands", "荷兰包装注册（Verpact）", "", "", "number", [],
     "Besluit beheer verpakkingen 2014"),
    ("be-packaging", "epr", "Fost Plus BE", "Packaging registration, Belgium", "比利时包装注册（Fost Plus）", "", "", "number",
     [], "Interregional cooperation agreement on packaging waste"),
    ("ie-packaging", "epr", "Repak IE", "Packaging registration, Ireland", "爱尔兰包装注册（Repak）", "", "", "number", [],
     "European Union (Packaging) Regulations 2014"),
    ("uk-packaging", "epr", "EPR UK", "Packaging producer registration, United Kingdom", "英国包装生产者注册", "", "", "number",
     [], "Producer Responsibility Obligations (Packaging and Packaging Waste) Regulations 2024"),
    ("uk-weee", "epr", "WEEE UK", "WEEE producer registration, United Kingdom", "英国 WEEE 注册号",
     r"WEE/[A-Z]{2}\d{4}[A-Z]{2}", "WEE/AB1234CD", "number", [], "WEEE Regulations 2013 (as amended)"),
    ("uk-battery", "epr", "BPRN UK", "Battery producer registration, United Kingdom", "英国电池生产者注册号", "", "", "number",
     [], "Waste Batteries and Accumulators Regulations 2009"),
    ("doc-battery", "mark", "CE battery", "EU declaration of conformity: battery", "CE 符合性声明：电池", "", "", "",
     [DECLARATION], "Regulation (EU) 2023/1542, Articles 18 to 20"),
    ("doc-ppe", "mark", "CE PPE", "EU declaration of conformity: personal protective equipment", "CE 符合性声明：个人防护装备",
     "", "", "", [DECLARATION], "Regulation (EU) 2016/425"),
    ("red", "mark", "CE RED", "EU declaration of conformity: radio equipment", "CE 符合性声明：无线电设备（RED）", "", "", "",
     [DECLARATION], "Directive 2014/53/EU"),
    ("doc-machinery", "mark", "CE machinery", "EC declaration of conformity: machinery", "CE 符合性声明：机械", "", "", "",
     [DECLARATION], "Directive 2006/42/EC"),
    ("doc-machinery-2023", "mark", "CE machinery 2023", "EU declaration of conformity: machinery regulation",
     "CE 符合性声明：新机械法规", "", "", "", [DECLARATION], "Regulation (EU) 2023/1230"),
    ("doc-toy-2025", "mark", "CE toy 2025", "EU declaration and product passport: toy safety regulation",
     "CE 符合性声明与产品护照：新玩具法规", "", "", "", [DECLARATION], "Regulation (EU) 2025/2509"),
    ("rohs", "mark", "RoHS", "RoHS declaration", "RoHS 声明", "", "", "", [DECLARATION], "Directive 2011/65/EU"),
    ("reach", "other", "REACH", "REACH statement (substances of very high concern)", "REACH 声明（高度关注物质）", "", "", "",
     [DECLARATION], "Regulation (EC) No 1907/2006, Articles 33 and 67"),
    ("food-contact", "other", "Food contact", "Declaration of compliance: food contact", "食品接触材料符合性声明", "", "", "",
     [DECLARATION], "Regulation (EC) No 1935/2004, Article 16"),
    ("cpnp", "person", "CPNP", "Cosmetic product notification and responsible person, EU", "欧盟化妆品通报（CPNP）与责任人",
     "", "", "number person", [], "Regulation (EC) No 1223/2009, Articles 4 and 13"),
    ("scpn", "person", "SCPN", "Cosmetic product notification and responsible person, Great Britain",
     "英国化妆品通报（SCPN）与责任人", "", "", "number person", [], "UK Cosmetics Regulation, Schedule 34"),
    ("jp-food", "japan", "食品衛生法", "Food sanitation: import notification", "日本食品卫生法进口届出书", "", "", "", [NOTICE],
     "Food Sanitation Act (Act No. 233 of 1947), Article 27"),
    ("jp-psc-toy", "japan", "子供PSC", "Children's PSC mark (toys for under three)", "儿童 PSC 标志（三岁以下玩具）", "", "", "",
     [NOTICE, REPORT], "Consumer Product Safety Act (Act No. 31 of 1973), as amended in 2024"),
    ("jp-administrator", "japan", "国内管理人", "Domestic administrator of a seller abroad", "海外卖家的日本国内管理人", "", "",
     "person", [], "Amended product safety acts of 2024"),
    ("cpc", "america", "CPC", "Children's Product Certificate", "儿童产品证书（CPC）", "", "", "",
     [CERTIFICATE, REPORT], "15 U.S.C. 2063(a)(2); 16 CFR Parts 1107, 1109, 1110"),
    ("fcc", "america", "FCC", "FCC declaration (SDoC) or grant of certification", "FCC 符合性声明（SDoC）或认证", "", "", "",
     [DECLARATION], "47 CFR Part 2, Subpart J; Part 15"),
    ("ul", "america", "UL report", "Electrical safety test report (UL), as Amazon asks for it", "电气安全检测报告（UL，亚马逊要求）",
     "", "", "", [REPORT], "Amazon's product safety policies"),
    ("us-button-cell", "america", "16 CFR 1263", "Button cell certificate (Reese's Law)", "纽扣电池安全证书（Reese’s Law）", "", "",
     "", [CERTIFICATE, REPORT], "16 CFR Part 1263"),
    ("us-cosmetic", "america", "MoCRA", "Cosmetic product listing (MoCRA)", "化妆品产品列名（MoCRA）", "", "", "number", [],
     "21 U.S.C. 364c"),
    ("us-food-contact", "america", "FDA food contact", "Food contact statement", "FDA 食品接触声明", "", "", "", [DECLARATION],
     "21 CFR Parts 174 to 186"),
    ("ised", "america", "ISED", "ISED certification, Canada (IC number)", "加拿大 ISED 认证（IC 号）", "", "", "number", [],
     "Radiocommunication Act; RSS standards"),
    ("ices", "america", "ICES-003", "ICES-003 compliance, Canada", "加拿大 ICES-003 符合性", "", "", "", [REPORT], "ICES-003"),
    ("rcm", "other", "RCM", "Regulatory Compliance Mark, Australia", "澳大利亚 RCM 符合性标志", "", "", "", [DECLARATION, REPORT],
     "AS/NZS 4417; Electrical Equipment Safety System; ACMA labelling notices"),
    ("au-button-cell", "other", "AU button", "Button battery safety standard, Australia", "澳大利亚纽扣电池安全标准", "", "", "",
     [REPORT], "Consumer Goods (Products Containing Button/Coin Batteries) Safety Standard 2020"),
]  # fmt: skip

NOT_ALL = "Small sellers may be exempt: see the threshold."
NOT_ALL_ZH = "小卖家可能豁免：请核对门槛。"

# code, sites, wants, kinds of which one will do, valid from, source, binding, note in English and Chinese
RULES: list[tuple[Any, ...]] = [
    *(
        (f"fr-{name}", ["FR"], {trait: True}, [f"fr-{name}"], first, FRENCH_LAW, True,
         "One identifier for each category of products.", "每个品类各需一个识别号。")
        for name, trait, first in (
            ("chemical", "chemical", date(2022, 1, 1)), ("oil", "lubricant", date(2022, 1, 1)),
            ("vehicle", "vehicle", date(2024, 1, 1)), ("building", "building", date(2023, 1, 1)),
            ("sanitary", "sanitary-textile", date(2024, 1, 1)), ("tobacco", "tobacco", date(2022, 1, 1)),
        )
    ),
    ("es-weee", ["ES"], {"electric": True}, ["es-weee"], date(2023, 1, 1), "Real Decreto 110/2015", True, "", ""),
    ("es-battery", ["ES"], {"battery": True}, ["es-battery"], date(2023, 1, 1), "Real Decreto 106/2008", True, "", ""),
    ("it-packaging", ["IT"], {}, ["it-packaging"], None, "D.Lgs. 152/2006, Article 178-quater", False,
     "Advice, until Amazon asks you for it.", "在亚马逊要求前仅作提示。"),
    ("it-weee", ["IT"], {"electric": True}, ["it-weee"], None, "D.Lgs. 49/2014", True, "", ""),
    *(
        (f"{site.lower()}-packaging", [site], {}, [f"{site.lower()}-packaging"], date(2026, 8, 12),
         "Regulation (EU) 2025/40, Articles 44 and 45", False,
         "Advice, until Amazon asks you for it. Each country has its own register.",
         "在亚马逊要求前仅作提示。每个国家各有登记处。")
        for site in ("SE", "PL", "NL", "BE", "IE")
    ),
    ("uk-packaging", ["UK"], {}, ["uk-packaging"], date(2025, 1, 1),
     "Producer Responsibility Obligations (Packaging and Packaging Waste) Regulations 2024", False, NOT_ALL, NOT_ALL_ZH),
    ("uk-weee", ["UK"], {"electric": True}, ["uk-weee"], date(2025, 8, 12), "WEEE Regulations 2013 (as amended)", True, "", ""),
    ("uk-battery", ["UK"], {"battery": True}, ["uk-battery"], None, "Waste Batteries and Accumulators Regulations 2009",
     False, NOT_ALL, NOT_ALL_ZH),
    ("eu-battery", EU, {"battery": True}, ["doc-battery"], date(2024, 8, 18), "Regulation (EU) 2023/1542", True,
     "CE mark of the battery itself.", "电池本身的 CE 标志。"),
    ("eu-battery-removable", EU, {"battery": True}, ["doc-battery"], date(2027, 2, 18),
     "Regulation (EU) 2023/1542, Articles 11 and 13", False,
     "Users must be able to take portable batteries out; a QR code stands on the battery.",
     "便携式电池须可由用户取出，并带二维码。"),
    ("eu-ppe", EU, {"ppe": True}, ["doc-ppe"], date(2018, 4, 21), "Regulation (EU) 2016/425", True, "", ""),
    ("eu-radio", EU, {"radio": True}, ["red"], date(2017, 6, 13), "Directive 2014/53/EU", True,
     "The declaration must name the radio directive.", "符合性声明须列明无线电设备指令。"),
    ("eu-rohs", EU, {"electric": True}, ["rohs", "ce"], date(2013, 1, 2), "Directive 2011/65/EU", True,
     "A CE declaration that names this directive will do.", "CE 声明中列明该指令即可。"),
    ("eu-machinery", EU, {"machinery": True}, ["doc-machinery", "doc-machinery-2023"], date(2009, 12, 29),
     "Directive 2006/42/EC", True, "", ""),
    ("eu-machinery-2027", EU, {"machinery": True}, ["doc-machinery-2023"], date(2027, 1, 20), "Regulation (EU) 2023/1230",
     True, "The regulation replaces the directive on this day.", "新法规自该日起取代旧指令。"),
    ("eu-toy-2030", EU, {"toy": True}, ["doc-toy-2025"], date(2030, 8, 1), "Regulation (EU) 2025/2509", True,
     "The regulation replaces the directive on this day.", "新法规自该日起取代旧指令。"),
    ("eu-cosmetic", EU, {"cosmetic": True}, ["cpnp"], date(2013, 7, 11), "Regulation (EC) No 1223/2009", True, "", ""),
    ("eu-food-contact", EU, {"food-contact": True}, ["food-contact"], None, "Regulation (EC) No 1935/2004", True, "", ""),
    ("eu-reach", EU, {}, ["reach"], None, "Regulation (EC) No 1907/2006, Article 33", False,
     "Customers may ask for it; some substances are restricted.", "客户可能索取；部分物质受限。"),
    ("gb-mark-ppe", ["UK"], {"ppe": True}, ["ukca", "doc-ppe"], date(2024, 10, 1), GB_LAW, True,
     "Great Britain goes on recognising CE: either will do.", "英国（大不列颠）继续认可 CE，两者有其一即可。"),
    ("gb-machinery", ["UK"], {"machinery": True}, ["ukca", "doc-machinery", "doc-machinery-2023"], date(2024, 10, 1), GB_LAW,
     True, "Great Britain goes on recognising CE: either will do.", "英国（大不列颠）继续认可 CE，两者有其一即可。"),
    ("gb-cosmetic", ["UK"], {"cosmetic": True}, ["scpn"], date(2021, 1, 1), "UK Cosmetics Regulation", True, "", ""),
    *(
        (f"ni-mark-{trait}", ["UK"], {"northern-ireland": True, trait: True}, [kind], date(2021, 1, 1), WINDSOR, True,
         "Northern Ireland follows the EU: CE, not UKCA alone.", "北爱尔兰遵循欧盟规则：须 CE，仅有 UKCA 不够。")
        for trait, kind in (("electric", "ce"), ("toy", "ce"), ("ppe", "doc-ppe"), ("machinery", "doc-machinery"))
    ),
    ("jp-food", ["JP"], {"food-contact": True}, ["jp-food"], None, "Food Sanitation Act, Article 27", True,
     "Tableware and containers for food.", "餐具与食品容器。"),
    ("jp-psc-toy", ["JP"], {"toy": True}, ["jp-psc-toy"], date(2025, 12, 25),
     "Consumer Product Safety Act, as amended in 2024", False, "Toys for children under three years.", "三岁以下儿童玩具。"),
    ("jp-administrator", ["JP"], {"denan": True}, ["jp-administrator"], date(2025, 12, 25),
     "Amended product safety acts of 2024", False, "For sellers without a place in Japan.", "适用于在日本无据点的卖家。"),
    ("us-child", ["US"], {"child": True}, ["cpc"], None, "15 U.S.C. 2063(a)(2); 16 CFR Part 1110", True,
     "With test reports of a laboratory that the CPSC accepts.", "附 CPSC 认可实验室的检测报告。"),
    ("us-fcc", ["US"], {"electric": True}, ["fcc"], None, "47 CFR Part 15", True,
     "Radio equipment needs a certification, others a supplier's declaration.", "无线设备需认证，其他为供应商声明。"),
    ("us-ul", ["US"], {"mains": True}, ["ul"], None, "Amazon's product safety policies", False,
     "Amazon asks for it product by product.", "亚马逊按商品要求提供。"),
    ("us-button-cell", ["US"], {"button-cell": True}, ["us-button-cell"], date(2024, 3, 19), "16 CFR Part 1263", True, "", ""),
    ("us-cosmetic", ["US"], {"cosmetic": True}, ["us-cosmetic"], date(2024, 7, 1), "21 U.S.C. 364c", False, NOT_ALL, NOT_ALL_ZH),
    ("us-food-contact", ["US"], {"food-contact": True}, ["us-food-contact"], None, "21 CFR Parts 174 to 186", False, "", ""),
    ("ca-radio", ["CA"], {"radio": True}, ["ised"], None, "Radiocommunication Act", True,
     "CE does not count in Canada.", "CE 在加拿大不适用。"),
    ("ca-electric", ["CA"], {"electric": True}, ["ices"], None, "ICES-003", False,
     "CE does not count in Canada.", "CE 在加拿大不适用。"),
    ("au-electric", ["AU"], {"electric": True}, ["rcm"], None, "AS/NZS 4417", True,
     "Safety by state law, radio and interference by the ACMA.", "安全由州法规定，无线与干扰由 ACMA 规定。"),
    ("au-button-cell", ["AU"], {"button-cell": True}, ["au-button-cell"], date(2022, 6, 22),
     "Consumer Goods (Products Containing Button/Coin Batteries) Safety Standard 2020", True, "", ""),
]  # fmt: skip

KIND = ("code", "group", "short", "name_en", "name_zh", "number_pattern", "number_hint", "needs", "parts", "source")
RULE = ("code", "marketplaces", "wants", "kinds", "valid_from", "source", "binding", "note_en", "note_zh")


def fill(apps: Any, schema_editor: Any) -> None:
    """What platform staff already keep under one of these codes stays as it is."""
    trait, kind, rule = (apps.get_model("health", name) for name in ("PaperTrait", "PaperKind", "PaperRule"))
    told = [
        trait(code=code, name_en=en, name_zh=zh, words=[w.replace("_", " ") for w in words.split()], position=10 * n)
        for n, (code, en, zh, words) in enumerate(TRAITS, start=1)
    ]
    trait.objects.bulk_create(told, ignore_conflicts=True)
    kind.objects.bulk_create((_kind(kind, 300 + n, row) for n, row in enumerate(KINDS)), ignore_conflicts=True)
    rule.objects.bulk_create(
        (rule(position=300 + n, unsure=True, **dict(zip(RULE, row, strict=True))) for n, row in enumerate(RULES)),
        ignore_conflicts=True,
    )


def _kind(kind: Any, position: int, row: tuple[Any, ...]) -> Any:
    values = dict(zip(KIND, row, strict=True))
    needs = values.pop("needs").split()
    return kind(
        position=position, unsure=True, needs_number="number" in needs, needs_person="person" in needs, **values
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("health", "0025_walls_of_traits")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]

"""The demo county in figures: the villages are real, everything else is a demonstration (演示)."""

from dataclasses import dataclass, field

from stdnum.cn import uscc

REGION = "140311"
"""阳泉市郊区: the high-tech zone is no unit of GB/T 2260 and lies in it."""


@dataclass(frozen=True, kw_only=True)
class DemoVillage:
    """A village of 阳泉高新区; the name is public, the words are ours."""

    slug: str
    name: str
    name_en: str
    intro: str
    intro_en: str
    picture: str


@dataclass(frozen=True, kw_only=True)
class DemoVariant:
    """One SKU of the demo: prices in fen, weights in grams."""

    sku: str
    name: str
    price_fen: int
    unit: str
    weight_grams: int
    live_floor_fen: int
    commission_bp: int = 800


@dataclass(frozen=True, kw_only=True)
class DemoProduct:
    """One product of the demo with the size and age of its lots."""

    slug: str
    title: str
    category: str
    village: str
    summary: str
    description: str
    picture: str
    shelf_life_days: int
    storage: str
    variants: tuple[DemoVariant, ...]
    units: int = 200
    perishable: bool = False
    ship_within_hours: int = 48


@dataclass(frozen=True, kw_only=True)
class DemoCooperative:
    """A cooperative of the demo with its households, by village."""

    slug: str
    name: str
    village: str
    licence_body: str
    story: str
    picture: str
    manager_phone: str
    split: tuple[int, int, int]
    farmers: tuple[tuple[str, str], ...]
    products: tuple[DemoProduct, ...] = field(default=())

    @property
    def licence_no(self) -> str:
        return self.licence_body + uscc.calc_check_digit(self.licence_body)


VILLAGES = (
    DemoVillage(
        slug="beiyangjiazhuang",
        name="北杨家庄村",
        name_en="Beiyangjiazhuang",
        intro="村里办起了蘑菇项目，大棚里一年四季都有菇采。",
        intro_en="The village runs a mushroom project; its sheds are picked all year round.",
        picture="village-beiyangjiazhuang",
    ),
    DemoVillage(
        slug="miaoling",
        name="庙岭村",
        name_en="Miaoling",
        intro="山村发展民宿，住下来的客人常带走一袋小米。",
        intro_en="A hill village with homestays; guests often take a bag of millet home.",
        picture="village-miaoling",
    ),
    DemoVillage(
        slug="hepo",
        name="河坡村",
        name_en="Hepo",
        intro="坡地种玉米和谷子，秋收时满院金黄。",
        intro_en="Maize and millet grow on the slopes; in autumn the yards turn gold.",
        picture="village-hepo",
    ),
    DemoVillage(
        slug="wanglong",
        name="王垅村",
        name_en="Wanglong",
        intro="梯田种杂粮，豆类和荞麦轮着种。",
        intro_en="Terraces of coarse grains, beans and buckwheat in turn.",
        picture="village-wanglong",
    ),
    DemoVillage(
        slug="zhangjiawa",
        name="张家洼村",
        name_en="Zhangjiawa",
        intro="菜园连片，晒干的蔬菜能吃过整个冬天。",
        intro_en="Vegetable gardens side by side; what is dried lasts all winter.",
        picture="village-zhangjiawa",
    ),
    DemoVillage(
        slug="gaojiazhuang",
        name="高家庄村",
        name_en="Gaojiazhuang",
        intro="山坡上是果树，核桃、苹果和梨各有一片。",
        intro_en="Fruit trees on the hillside: walnuts, apples and pears.",
        picture="village-gaojiazhuang",
    ),
)

CATEGORIES = (
    ("dried-mushrooms", "干菌菇", "Dried mushrooms", False, False),
    ("fresh-mushrooms", "鲜菌菇", "Fresh mushrooms", True, False),
    ("grains", "杂粮", "Coarse grains", False, False),
    ("dried-vegetables", "干菜", "Dried vegetables", False, False),
    ("nuts", "坚果", "Nuts", False, False),
    ("fresh-fruit", "鲜果", "Fresh fruit", True, True),
)
"""Slug, name, English name, perishable, certificate required."""

MUSHROOMS = (
    DemoProduct(
        slug="dried-shiitake",
        title="北杨家庄干香菇",
        category="dried-mushrooms",
        village="beiyangjiazhuang",
        summary="肉厚味香，泡开就能炖汤。",
        description="大棚鲜菇剪根、分级、低温烘干。每一袋都能扫码看到是哪一批、哪一天采的。",
        picture="dried-mushrooms",
        shelf_life_days=540,
        storage="阴凉干燥处密封保存",
        units=300,
        variants=(
            DemoVariant(
                sku="MG-XG-500",
                name="500克袋装",
                price_fen=4680,
                unit="袋",
                weight_grams=500,
                live_floor_fen=3600,
            ),
            DemoVariant(
                sku="MG-XG-2500",
                name="5袋礼盒",
                price_fen=21800,
                unit="箱",
                weight_grams=2500,
                live_floor_fen=18000,
            ),
        ),
    ),
    DemoProduct(
        slug="dried-wood-ear",
        title="北杨家庄黑木耳",
        category="dried-mushrooms",
        village="beiyangjiazhuang",
        summary="小碗耳，泡发后厚实脆嫩。",
        description="春耳晾晒，不压片。煮、炒、凉拌都合适。",
        picture="mushrooms",
        shelf_life_days=540,
        storage="阴凉干燥处密封保存",
        variants=(
            DemoVariant(
                sku="MG-ME-250",
                name="250克袋装",
                price_fen=3280,
                unit="袋",
                weight_grams=250,
                live_floor_fen=2600,
            ),
        ),
    ),
    DemoProduct(
        slug="fresh-oyster-mushrooms",
        title="北杨家庄鲜平菇",
        category="fresh-mushrooms",
        village="beiyangjiazhuang",
        summary="当天采，当天发。",
        description="清晨采收，泡沫箱加冰袋。鲜活易腐，不支持无理由退货；坏了、少了都包赔。",
        picture="mushrooms",
        shelf_life_days=6,
        storage="0-4℃冷藏",
        perishable=True,
        ship_within_hours=24,
        units=60,
        variants=(
            DemoVariant(
                sku="MG-PG-2500",
                name="5斤箱装",
                price_fen=2980,
                unit="箱",
                weight_grams=2500,
                live_floor_fen=2400,
            ),
        ),
    ),
)

GRAINS = (
    DemoProduct(
        slug="hepo-millet",
        title="河坡小米",
        category="grains",
        village="hepo",
        summary="今年的新米，熬粥出油。",
        description="坡地谷子，石碾去壳，不抛光。",
        picture="millet",
        shelf_life_days=365,
        storage="常温干燥",
        variants=(
            DemoVariant(
                sku="ZL-XM-2500",
                name="5斤袋装",
                price_fen=3980,
                unit="袋",
                weight_grams=2500,
                live_floor_fen=3200,
            ),
        ),
    ),
    DemoProduct(
        slug="hepo-maize-grits",
        title="河坡玉米糁",
        category="grains",
        village="hepo",
        summary="粗细适中，早上一锅热糊。",
        description="本地玉米，低温研磨。",
        picture="maize",
        shelf_life_days=365,
        storage="常温干燥",
        variants=(
            DemoVariant(
                sku="ZL-YM-2500",
                name="5斤袋装",
                price_fen=1980,
                unit="袋",
                weight_grams=2500,
                live_floor_fen=1500,
            ),
        ),
    ),
    DemoProduct(
        slug="wanglong-grain-box",
        title="王垅八样杂粮",
        category="grains",
        village="wanglong",
        summary="荞麦、红豆、绿豆、高粱……一盒八样。",
        description="八种杂粮各一小袋，配比写在盒内。",
        picture="coarse-grains",
        shelf_life_days=365,
        storage="常温干燥",
        variants=(
            DemoVariant(
                sku="ZL-HE-4000",
                name="8袋礼盒",
                price_fen=6880,
                unit="箱",
                weight_grams=4000,
                live_floor_fen=5800,
            ),
        ),
    ),
    DemoProduct(
        slug="miaoling-millet",
        title="庙岭民宿小米",
        category="grains",
        village="miaoling",
        summary="民宿客人常带走的那一袋。",
        description="山地小米，真空小包装。",
        picture="millet",
        shelf_life_days=365,
        storage="常温干燥",
        variants=(
            DemoVariant(
                sku="ZL-ML-1000",
                name="2斤袋装",
                price_fen=2280,
                unit="袋",
                weight_grams=1000,
                live_floor_fen=1800,
            ),
        ),
    ),
)

FRUIT = (
    DemoProduct(
        slug="gaojiazhuang-walnuts",
        title="高家庄核桃",
        category="nuts",
        village="gaojiazhuang",
        summary="薄皮，手捏能开。",
        description="白露后打下，自然晾干，不漂洗。",
        picture="walnuts",
        shelf_life_days=365,
        storage="阴凉干燥处",
        variants=(
            DemoVariant(
                sku="GS-HT-2500",
                name="5斤箱装",
                price_fen=5980,
                unit="箱",
                weight_grams=2500,
                live_floor_fen=4980,
            ),
        ),
    ),
    DemoProduct(
        slug="gaojiazhuang-apples",
        title="高家庄苹果",
        category="fresh-fruit",
        village="gaojiazhuang",
        summary="山地苹果，脆甜多汁。",
        description="树上熟透再摘，分拣装箱。鲜果易腐，坏果包赔。",
        picture="apples",
        shelf_life_days=45,
        storage="0-4℃冷藏",
        perishable=True,
        variants=(
            DemoVariant(
                sku="GS-PG-5000",
                name="10斤箱装",
                price_fen=4980,
                unit="箱",
                weight_grams=5000,
                live_floor_fen=3980,
            ),
        ),
    ),
    DemoProduct(
        slug="zhangjiawa-dried-vegetables",
        title="张家洼干菜拼装",
        category="dried-vegetables",
        village="zhangjiawa",
        summary="豆角、茄子、西葫芦，三样晒干。",
        description="夏天晒的菜，冬天炖肉。",
        picture="vegetables",
        shelf_life_days=365,
        storage="常温干燥",
        variants=(
            DemoVariant(
                sku="GS-GC-600",
                name="3袋装",
                price_fen=2680,
                unit="袋",
                weight_grams=600,
                live_floor_fen=2100,
            ),
        ),
    ),
)

COOPERATIVES = (
    DemoCooperative(
        slug="beiyang-mushrooms",
        name="北杨家庄食用菌专业合作社（演示）",
        village="beiyangjiazhuang",
        licence_body="93140311MA0DEMA01",
        story="六户菇农合起来建棚、合起来卖。每一次过秤都有小票，每一单的钱都写在村里的公开栏上。",
        picture="cooperative-mushrooms",
        manager_phone="13800000003",
        split=(300, 500, 6500),
        farmers=tuple((f"演示菇农{n}", "beiyangjiazhuang") for n in "一二三四五六"),
        products=MUSHROOMS,
    ),
    DemoCooperative(
        slug="hepo-grains",
        name="河坡杂粮专业合作社（演示）",
        village="hepo",
        licence_body="93140311MA0DEMB02",
        story="河坡、王垅、庙岭的谷子和杂粮，在一个院子里碾、装、发。",
        picture="cooperative-grains",
        manager_phone="13800000006",
        split=(300, 400, 6800),
        farmers=(
            ("演示粮农一", "hepo"),
            ("演示粮农二", "hepo"),
            ("演示粮农三", "wanglong"),
            ("演示粮农四", "miaoling"),
        ),
        products=GRAINS,
    ),
    DemoCooperative(
        slug="gaojia-fruit",
        name="高家庄果蔬专业合作社（演示）",
        village="gaojiazhuang",
        licence_body="93140311MA0DEMC03",
        story="高家庄的果树和张家洼的菜园，分拣之后一起装车。",
        picture="cooperative-fruit",
        manager_phone="13800000006",
        split=(300, 500, 6600),
        farmers=(
            ("演示果农一", "gaojiazhuang"),
            ("演示果农二", "gaojiazhuang"),
            ("演示菜农一", "zhangjiawa"),
        ),
        products=FRUIT,
    ),
)

HALLS = (
    (
        "autumn-harvest",
        "秋收馆",
        "Autumn harvest",
        None,
        ("hepo-millet", "wanglong-grain-box", "gaojiazhuang-walnuts", "hepo-maize-grits"),
    ),
    (
        "mushroom-hall",
        "北杨家庄蘑菇馆",
        "Mushrooms of Beiyangjiazhuang",
        "beiyangjiazhuang",
        ("dried-shiitake", "dried-wood-ear", "fresh-oyster-mushrooms"),
    ),
)
"""Slug, title, English title, village (none: by season), products."""

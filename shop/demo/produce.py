"""The goods of the demo county; every price and weight is a demonstration (演示)."""

from dataclasses import dataclass


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
    """One product of the demo with the size of its lots; ``report_days`` is a test report's term.

    A term of 32 days leaves the county, loaded twelve days back, a paper that soon expires.
    """

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
    report_days: int | None = None


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
        picture="wood-ear",
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
        picture="oyster-mushrooms",
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
        report_days=32,
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
        picture="dried-vegetables",
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

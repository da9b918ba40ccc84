"""The demo county in figures: the villages are real, everything else is a demonstration (演示)."""

from dataclasses import dataclass, field

from stdnum.cn import uscc

from shop.demo.produce import FRUIT, GRAINS, MUSHROOMS, DemoProduct

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
    ("dried-mushrooms", "干蘑菇", "Dried mushrooms", False, False),
    ("fresh-mushrooms", "鲜蘑菇", "Fresh mushrooms", True, False),
    ("grains", "杂粮", "Coarse grains", False, False),
    ("dried-vegetables", "干菜", "Dried vegetables", False, False),
    ("nuts", "坚果", "Nuts", False, False),
    ("fresh-fruit", "鲜果", "Fresh fruit", True, True),
)
"""Slug, name, English name, perishable, certificate required."""

COOPERATIVES = (
    DemoCooperative(
        slug="beiyang-mushrooms",
        name="北杨家庄食用菌专业合作社（演示）",
        village="beiyangjiazhuang",
        licence_body="93140311MA0DEMA01",
        story="六户菇农合起来建棚、合起来卖。每一次过秤都有小票，每一单的钱都写在村里的公开栏上。",
        picture="coop-mushroom",
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
        picture="coop-grain",
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
        picture="coop-fruit",
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

"""Pictures for the demo county, drawn anew each time and always the same."""

from collections.abc import Callable, Mapping

from shop.demo.drawn import fruit, garden, grains, pantry, produce, room, sheds, villages
from shop.demo.drawn.brush import HEIGHT, WIDTH, Canvas

PICTURES: Mapping[str, Callable[[Canvas], None]] = {
    "mushrooms": produce.mushrooms,
    "dried-mushrooms": produce.dried_mushrooms,
    "oyster-mushrooms": pantry.oyster_mushrooms,
    "wood-ear": pantry.wood_ear,
    "dried-vegetables": pantry.dried_vegetables,
    "maize": produce.maize,
    "millet": grains.millet,
    "coarse-grains": grains.coarse_grains,
    "vegetables": garden.vegetables,
    "apples": fruit.apples,
    "pears": fruit.pears,
    "walnuts": fruit.walnuts,
    "village-beiyangjiazhuang": villages.beiyangjiazhuang,
    "village-miaoling": villages.miaoling,
    "village-hepo": villages.hepo,
    "village-wanglong": villages.wanglong,
    "village-zhangjiawa": villages.zhangjiawa,
    "village-gaojiazhuang": villages.gaojiazhuang,
    "coop-mushroom": sheds.coop_mushroom,
    "coop-grain": sheds.coop_grain,
    "coop-fruit": sheds.coop_fruit,
    "live-room": room.live_room,
    "county": villages.county,
}
NAMES: tuple[str, ...] = tuple(PICTURES)


def draw(name: str, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """A JPEG of ``size`` pixels; raises ``KeyError`` for a name not in ``NAMES``."""
    canvas = Canvas(name, size)
    PICTURES[name](canvas)
    return canvas.jpeg()

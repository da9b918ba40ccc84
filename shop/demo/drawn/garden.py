"""What the vegetable plots give."""

import math

from shop.demo.drawn.brush import Canvas, light, points, rows, smooth, turned
from shop.demo.drawn.table import leaf, table


def _cabbage(c: Canvas, x: float, y: float, r: float) -> None:
    c.shadow(x + r * 0.15, y + r * 0.85, r * 1.1, r * 0.32, 0.7)
    for i, tone in enumerate(("#5d8c3c", "#79a64f", "#95bd67", "#b4d188", "#d3e5ae")):
        part = 1 - i * 0.17
        leaf = c.blob(
            x + (i % 2 - 0.5) * r * 0.14, y + i * r * 0.05, r * part, r * part * 0.96, rough=0.06
        )
        c.solid(leaf, tone, depth=0.22)
        for a in (-150, -110, -70, -30):
            tip = (
                x + r * part * 0.8 * math.cos(math.radians(a)),
                y + r * part * 0.8 * math.sin(math.radians(a)),
            )
            c.line([(x, y + r * 0.5), tip], light(tone, 0.3), 3)


def _carrot(c: Canvas, x: float, y: float, length: float, turn: float) -> None:
    for spread in (-26, -12, 0, 13, 27):
        fern = smooth(
            [
                (0, 0),
                (-length * 0.22, 0),
                (-length * 0.45, math.tan(math.radians(spread)) * length * 0.4),
            ],
            closed=False,
        )
        c.line(turned(fern, x, y, turn=turn), c.rnd.choice(["#4f8a3a", "#6aa24a", "#3f7431"]), 8)
    body = smooth(
        points("0 -0.13, 0.3 -0.12, 0.75 -0.05, 1 0, 0.75 0.05, 0.3 0.12, 0 0.13, -0.05 0")
    )
    c.solid(turned(body, x, y, turn=turn, scale=length), "#e27a2c", depth=0.4)
    for at in (0.12, 0.25, 0.4, 0.52, 0.66):
        c.line(
            turned([(at, -0.1 * (1 - at)), (at + 0.02, -0.02)], x, y, turn=turn, scale=length),
            "#b9581a",
            2.5,
        )


def _cucumber(c: Canvas, x: float, y: float, length: float, turn: float) -> None:
    body = smooth(
        points("-0.5 0, -0.42 -0.08, 0 -0.115, 0.42 -0.08, 0.5 0, 0.42 0.07, 0 0.085, -0.42 0.07")
    )
    c.solid(turned(body, x, y, turn=turn, scale=length), "#3f7a37", depth=0.45)
    spots = [(c.rnd.uniform(-0.44, 0.44), c.rnd.uniform(-0.07, 0.05)) for _ in range(46)]
    c.dots(turned(spots, x, y, turn=turn, scale=length), 3, ["#8fbf6a", "#a9d088"], flat=1)


def _tomato(c: Canvas, x: float, y: float, r: float) -> None:
    c.ball(x, y, r, "#d2402b", flat=0.92)
    c.glow(x - r * 0.35, y - r * 0.35, r * 0.3, r * 0.24, "#fff2e0", strength=0.8)
    for i in range(5):
        leaf(c, x, y - r * 0.72, r * 0.5, turn=-90 + (i - 2) * 52, colour="#4d7f35")


def _slat(c: Canvas, y: float) -> None:
    """One board of the crate's front, with its grain."""
    c.shape([(130, y), (1070, y - 4), (1070, y + 70), (130, y + 74)], ("#d9a765", "#b98244"))
    c.line([(130, y + 3), (1070, y - 1)], "#efc98d", 4)
    for _ in range(9):
        x, from_y, to_y = c.rnd.uniform(150, 900), c.rnd.uniform(14, 60), c.rnd.uniform(14, 60)
        c.line([(x, y + from_y), (x + c.rnd.uniform(50, 160), y + to_y)], "#ad7a3e", 1.5)


def vegetables(c: Canvas) -> None:
    """A crate of what is ripe this week."""
    table(c, "#d8dcc0", "#8f6a47")
    c.shadow(620, 850, 600, 90, 0.8)
    c.box(150, 430, 900, 330, ("#7b5430", "#5d3d20"))
    for place in rows("330 420 165, 650 380 160"):
        _cabbage(c, *place)
    for place in rows("820 300 300 62, 900 310 310 74, 975 330 290 86"):
        _carrot(c, *place)
    for place in rows("500 520 420 -20, 560 560 420 -12"):
        _cucumber(c, *place)
    for place in rows("240 560 74, 370 590 80, 760 560 82, 890 580 76, 640 610 66, 980 570 58"):
        _tomato(c, *place)
    for board in (600, 684, 768):
        _slat(c, board)
    for x, y in points("171 634, 171 718, 171 802, 1031 634, 1031 718, 1031 802"):
        c.box(x - 21, y - 44, 42, 92, ("#c48f4f", "#9a6a34"))
        c.oval(x, y, 6, 6, "#5a4026")

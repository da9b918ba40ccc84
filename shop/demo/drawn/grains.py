"""Millet and the other grains."""

import math
from collections.abc import Sequence

from shop.demo.drawn.brush import Canvas, Point, dark, light, points, smooth
from shop.demo.drawn.table import bowl, table

MILLET = ("#f2c84b", "#e9b536", "#ffdf7f", "#d9a02a")
GLAZES = ("#e9e1cf", "#5f7d78", "#a5552f", "#37474b")
GRAINS = (
    ("#9a2f2a", "#7c211f", "#b8514a"),
    ("#5c7a35", "#7b9a4b", "#45602a"),
    ("#f0c548", "#e2ad33", "#ffe08a"),
    ("#f2ead6", "#e0d4b4", "#fffaf0"),
    ("#2b2523", "#40362f", "#1c1716"),
    ("#b0572b", "#c9733f", "#8c4220"),
    ("#d8c193", "#c4a871", "#eddcb4"),
    ("#e5a32a", "#f4c350", "#cb861c"),
)
"""Red and mung beans, millet, rice; black beans, sorghum, oats, maize grit."""


def _heap(
    c: Canvas, x: float, y: float, r: float, *, colours: Sequence[str], grain: float, count: int
) -> None:
    """Grain heaped in a bowl of r."""
    rx, ry = r * 0.92, r * 0.37
    c.oval(x, y, rx, ry, (light(colours[0], 0.1), dark(colours[0], 0.3)))
    spots: list[Point] = []
    for _ in range(count):
        a, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random())
        rise = ry * 0.42 * (1 - d * d)
        spots.append((x + rx * 0.96 * d * math.cos(a), y + ry * 0.93 * d * math.sin(a) - rise))
    c.dots(sorted(spots, key=lambda spot: spot[1]), grain, colours)
    c.glow(x - rx * 0.3, y - ry * 0.6, rx * 0.7, ry * 0.8, "#fffbe8", strength=0.35)


def _spike(c: Canvas, through: list[Point], gold: str) -> None:
    """A millet ear bowed by its own weight."""
    stalk = smooth(through, closed=False, steps=14)
    c.line(stalk, "#9a9a4a", 5)
    body = stalk[len(stalk) // 2 :]
    for i, (x, y) in enumerate(body):
        part = i / len(body)
        wide = 25 * math.sin(math.pi * (0.12 + part * 0.84)) + 4
        spots = [
            (x + c.rnd.gauss(0, wide * 0.5), y + c.rnd.gauss(0, wide * 0.45)) for _ in range(26)
        ]
        c.dots(spots, 5, [gold, light(gold, 0.4), dark(gold, 0.25), "#c9a13a"])


def millet(c: Canvas) -> None:
    """Yellow millet heaped in a bowl, ears beside it."""
    table(c, "#d9cfae", "#95683c")
    for x, lean in points("860 10, 935 45, 1010 85"):
        _spike(
            c,
            [
                (x - 30, 905),
                (x - 10, 640),
                (x + lean * 0.3, 420),
                (x + lean, 330),
                (x + lean + 30, 420),
                (x + lean + 22, 540),
            ],
            "#e0b13c",
        )
    bowl(c, 520, 500, 350, "#8c4a2c")
    _heap(c, 520, 496, 350, colours=MILLET, grain=4.6, count=3600)
    spots = [(300 + c.rnd.gauss(0, 130), 830 + c.rnd.gauss(0, 22)) for _ in range(520)]
    c.dots(spots, 4.6, MILLET)
    c.closer(60, 110, 1050)


def coarse_grains(c: Canvas) -> None:
    """Eight grains in eight bowls."""
    table(c, "#c8d2c0", "#8d6543", edge=300)
    for i, colours in enumerate(GRAINS):
        row, place = divmod(i, 4)
        r, y = (112, 400) if row == 0 else (132, 650)
        x = 600 + (place - 1.5) * (r * 2.08)
        bowl(c, x, y, r, GLAZES[(place + row) % 4])
        _heap(c, x, y, r, colours=colours, grain=r * (0.034 if i % 2 else 0.045), count=620)
    c.closer(45, 66, 1110)

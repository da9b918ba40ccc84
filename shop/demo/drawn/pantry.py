"""Oyster mushrooms, wood ear, and vegetables dried for the winter."""

import math

from shop.demo.drawn.brush import Canvas, Point, dark, light, mix, oval, rows, smooth, turned
from shop.demo.drawn.table import bowl, table, tray


def _fan(c: Canvas, x: float, y: float, r: float, turn: float) -> None:
    """One oyster mushroom: a soft fan on a short white stem."""
    stem = smooth([(-0.12, 0.1), (-0.1, 0.7), (-0.2, 1.1), (0.2, 1.1), (0.14, 0.7), (0.16, 0.1)])
    c.solid(turned(stem, x, y, turn=turn, scale=r), "#f3ece0", depth=0.25)
    grey = mix("#a79c92", "#8b8078", c.rnd.random())
    edge: list[Point] = [
        (
            math.cos(math.pi * i / 9) * c.rnd.uniform(0.94, 1.06),
            -0.62 * math.sin(math.pi * i / 9) * c.rnd.uniform(0.92, 1.08),
        )
        for i in range(10)
    ]
    outline = smooth([*edge, (-0.55, 0.22), (0, 0.3), (0.55, 0.22)])
    c.solid(turned(outline, x, y, turn=turn, scale=r), grey, depth=0.4)
    for i in range(-6, 7):
        rib = [(i * 0.02, 0.3), (i * 0.085, 0.12 + abs(i) * 0.006)]
        c.line(turned(rib, x, y, turn=turn, scale=r), "#efe6d8", 2)
    rim = smooth([(-0.96, 0.05), (-0.5, 0.22), (0, 0.29), (0.5, 0.22), (0.96, 0.05)], closed=False)
    c.line(turned(rim, x, y, turn=turn, scale=r), light(grey, 0.6), r * 0.05)


def oyster_mushrooms(c: Canvas) -> None:
    """Clusters of oyster mushrooms on a tray."""
    table(c, "#cbd8cc", "#a47a50")
    tray(c, 600, 640, 500, 215)
    for x, y, s in rows("390 590 1, 800 580 1, 600 700 1.12"):
        c.shadow(x + 20, y + 90 * s, 210 * s, 60 * s, 0.7)
        for dx, dy, r, turn in rows(
            "-110 -70 74 -34, 100 -78 78 32, 0 -120 92 2, -70 -10 84 -18, 74 -14 86 18, 2 30 96 0"
        ):
            _fan(c, x + dx * s, y + dy * s, r * s, turn)
    c.closer(70, 150, 1000)


def _ear(c: Canvas, x: float, y: float, r: float) -> None:
    """A dried wood ear: a dark leaf that curls over a paler back."""
    back = c.blob(x, y + r * 0.14, r * 1.02, r * 0.62, rough=0.16)
    c.shape(back, ("#8d7a6c", "#6b594d"))
    c.solid(c.blob(x - r * 0.05, y, r * 0.92, r * 0.52, rough=0.18), "#3a2c27", depth=0.5)
    for _ in range(3):
        a = c.rnd.uniform(0, math.pi)
        fold = [(x + r * t * math.cos(a), y + r * 0.5 * t * math.sin(a)) for t in (-0.6, 0, 0.55)]
        c.line(smooth(fold, closed=False, steps=5), "#57443b", 3)
    c.glow(x - r * 0.3, y - r * 0.2, r * 0.4, r * 0.22, "#b9a193", strength=0.5)


def wood_ear(c: Canvas) -> None:
    """Dried wood ear in a pale bowl."""
    table(c, "#d5d3c4", "#8a6140")
    bowl(c, 600, 480, 340, "#dfe3da")
    for _ in range(46):
        a, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random())
        rise = 60 * (1 - d * d)
        _ear(
            c, 600 + 270 * d * math.cos(a), 486 + 92 * d * math.sin(a) - rise, c.rnd.uniform(44, 66)
        )
    for x, y, r in rows("190 740 78, 300 815 62, 1010 760 84, 900 830 60, 1090 660 56, 120 640 52"):
        c.shadow(x + 10, y + r * 0.4, r * 1.1, r * 0.5, 0.6)
        _ear(c, x, y, r)
    c.closer(60, 120, 1040)


def _strand(c: Canvas, x: float, y: float, length: float, *, tones: tuple[str, ...]) -> None:
    a, bend = c.rnd.uniform(0, math.pi), c.rnd.uniform(-0.5, 0.5) * length
    half = (length / 2 * math.cos(a), length / 3 * math.sin(a))
    way = [(x - half[0], y - half[1]), (x + bend * 0.3, y + bend * 0.2), (x + half[0], y + half[1])]
    curve, tone = smooth(way, closed=False, steps=6), c.rnd.choice(tones)
    c.line([(px + 2, py + 4) for px, py in curve], dark(tone, 0.5), 11)
    c.line(curve, tone, 10)
    c.line([(px, py - 2) for px, py in curve], light(tone, 0.3), 3)


def dried_vegetables(c: Canvas) -> None:
    """Radish strips, beans and aubergine rounds, each in a tray."""
    table(c, "#dcd4bb", "#93683f", edge=330)
    for x, y, tones in (
        (330.0, 470.0, ("#ecd9a8", "#e0c68a", "#f3e5c0")),
        (860.0, 480.0, ("#6f7a3a", "#86904c", "#5b6630")),
    ):
        tray(c, x, y, 250, 112, deep=24)
        for _ in range(80):
            b, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random()) * 0.86
            place = (x + 215 * d * math.cos(b), y + 84 * d * math.sin(b) - 26 * (1 - d * d))
            _strand(c, *place, c.rnd.uniform(60, 110), tones=tones)
    tray(c, 590, 710, 290, 130, deep=26)
    for _ in range(34):
        b, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random()) * 0.86
        x, y = 590 + 245 * d * math.cos(b), 706 + 96 * d * math.sin(b) - 30 * (1 - d * d)
        r, turn = c.rnd.uniform(38, 50), c.rnd.uniform(-20, 20)
        c.shadow(x + 6, y + 12, r * 1.1, r * 0.6, 0.5)
        c.shape(oval(x, y, r, r * 0.62, turn=turn), ("#6d4668", "#472b46"))
        c.shape(oval(x, y - 2, r * 0.86, r * 0.51, turn=turn), ("#e2cfa4", "#c4a974"))
        c.dots(oval(x, y - 2, r * 0.42, r * 0.24, turn=turn, sides=9), 3, ["#9a7b4a", "#b08f5a"])
    c.closer(30, 75, 1100)

"""Apples, pears and walnuts."""

import math

from shop.demo.drawn.brush import (
    Canvas,
    Point,
    dark,
    light,
    mix,
    oval,
    points,
    rows,
    smooth,
    turned,
)
from shop.demo.drawn.table import bowl, table, tray
from shop.demo.drawn.table import leaf as draw_leaf


def _stem(c: Canvas, x: float, y: float, r: float, lean: float) -> None:
    c.glow(x, y, r * 0.36, r * 0.2, "#3a1f0c", strength=0.75)
    c.line(
        [(x, y + r * 0.03), (x + lean * 0.4, y - r * 0.2), (x + lean, y - r * 0.4)],
        "#5d3d1e",
        max(3, r * 0.06),
    )


def _apple(c: Canvas, x: float, y: float, r: float, *, leaf: bool = False) -> None:
    c.shadow(x + r * 0.2, y + r * 0.86, r * 1.05, r * 0.3, 0.75)
    outline = smooth(
        points("0 -0.82, 0.42 -0.93, 0.88 -0.62, 0.98 -0.05, 0.78 0.6, 0.36 0.93, 0 0.86")
        + points("-0.36 0.93, -0.78 0.6, -0.98 -0.05, -0.88 -0.62, -0.42 -0.93")
    )
    red = c.rnd.choice(["#c9302c", "#b9252b", "#d2413a"])
    c.solid(turned(outline, x, y, scale=r), red, depth=0.5)
    for i in range(26):
        a = math.pi * (i + c.rnd.random()) / 26
        streak = [
            (0.1 * math.cos(a), -0.72),
            (0.62 * math.cos(a), -0.45 + 0.2 * math.sin(a)),
            (0.8 * math.cos(a), -0.05 + 0.45 * math.sin(a) * c.rnd.random()),
        ]
        tone = mix(red, "#f3c24f", c.rnd.uniform(0.15, 0.5))
        c.line(turned(smooth(streak, closed=False, steps=4), x, y, scale=r), tone, 2)
    c.glow(x - r * 0.36, y - r * 0.34, r * 0.34, r * 0.28, "#fff6e6", strength=0.75)
    lean = r * c.rnd.uniform(-0.15, 0.25)
    _stem(c, x, y - r * 0.72, r, lean)
    if leaf:
        draw_leaf(c, x + lean * 0.5, y - r * 0.92, r * 0.85, turn=-24, colour="#5f8f3a")


def apples(c: Canvas) -> None:
    """A tray of red apples."""
    table(c, "#bfd3c9", "#9a6b40")
    tray(c, 600, 640, 480, 200)
    for x, y, r, leaf in rows(
        "400 480 112 0, 620 450 118 1, 830 490 112 0, 290 600 116 0, "
        "510 600 126 1, 735 605 124 0, 930 620 108 1, 410 725 112 0, "
        "640 740 118 0, 840 735 104 0"
    ):
        _apple(c, x, y, r, leaf=bool(leaf))
    c.closer(80, 120, 1040)


def _pear(c: Canvas, x: float, y: float, r: float, turn: float, *, leaf: bool = False) -> None:
    c.shadow(x + r * 0.2, y + r * 0.88, r * 1.05, r * 0.28, 0.75)
    outline = smooth(
        points("0 -1.08, 0.3 -0.98, 0.52 -0.6, 0.86 -0.02, 0.86 0.5, 0.45 0.92, 0 0.96")
        + points("-0.45 0.92, -0.86 0.5, -0.86 -0.02, -0.52 -0.6, -0.3 -0.98")
    )
    skin = c.rnd.choice(["#c6c455", "#d3c75c", "#b8bd4c"])
    c.solid(turned(outline, x, y, turn=turn, scale=r), skin, depth=0.38)
    c.glow(x + r * 0.38, y + r * 0.1, r * 0.46, r * 0.62, "#d0552f", strength=0.55)
    spots: list[Point] = []
    for _ in range(70):
        a, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random())
        spots.append((0.72 * d * math.cos(a), 0.28 + 0.6 * d * math.sin(a)))
    c.dots(turned(spots, x, y, turn=turn, scale=r), r * 0.016, ["#8f8a3a", "#a49a45"], flat=1)
    c.glow(x - r * 0.34, y - r * 0.02, r * 0.28, r * 0.4, "#fffbe0", strength=0.75)
    top = turned([(0, -r * 1.03)], x, y, turn=turn)[0]
    _stem(c, top[0], top[1], r * 0.9, r * 0.22)
    if leaf:
        draw_leaf(c, top[0] + r * 0.1, top[1] - r * 0.2, r * 0.8, turn=-12, colour="#6f9a41")


def pears(c: Canvas) -> None:
    """Fragrant pears with a red cheek."""
    table(c, "#d3dbc2", "#a37548")
    tray(c, 600, 650, 470, 190)
    for x, y, r, turn, leaf in rows(
        "420 480 118 -10 1, 640 455 126 4 0, 850 495 112 12 1, "
        "300 605 114 -16 0, 520 615 130 -3 1, 760 625 126 8 0, "
        "420 745 108 -8 0, 650 760 112 6 0, 930 665 100 18 0"
    ):
        _pear(c, x, y, r, turn, leaf=bool(leaf))
    c.closer(90, 120, 1040)


def _walnut(c: Canvas, x: float, y: float, r: float, turn: float) -> None:
    c.shadow(x + r * 0.2, y + r * 0.74, r * 1.05, r * 0.34, 0.7)
    shell = c.rnd.choice(["#c39a62", "#b88d55", "#cda66f"])
    c.solid(
        turned(
            smooth(
                points("0 -0.95, 0.7 -0.68, 0.98 0, 0.7 0.7, 0 0.92, -0.7 0.7, -0.98 0, -0.7 -0.68")
            ),
            x,
            y,
            turn=turn,
            scale=r,
        ),
        shell,
        depth=0.5,
    )
    for side in (-1, 1):
        for i in range(5):
            wave = [
                (
                    side * (0.14 + 0.16 * i + c.rnd.uniform(-0.03, 0.03)) * math.cos(t * 1.2),
                    0.8 * t * math.sqrt(max(0.1, 1 - (0.17 * i) ** 2)),
                )
                for t in (-0.95, -0.55, -0.15, 0.2, 0.6, 0.95)
            ]
            wave = [(px + c.rnd.uniform(-0.035, 0.035), py) for px, py in wave]
            c.line(
                turned(smooth(wave, closed=False, steps=5), x, y, turn=turn, scale=r),
                dark(shell, 0.4),
                max(2, r * 0.028),
            )
    seam = smooth(points("0 -0.93, 0.03 -0.4, -0.02 0.2, 0 0.9"), closed=False)
    c.line(turned(seam, x, y, turn=turn, scale=r), dark(shell, 0.55), r * 0.06)
    c.line(
        turned([(px - 0.04, py) for px, py in seam], x, y, turn=turn, scale=r),
        light(shell, 0.4),
        r * 0.03,
    )
    c.glow(x - r * 0.38, y - r * 0.38, r * 0.36, r * 0.3, "#fff3d8", strength=0.65)


def _half_walnut(c: Canvas, x: float, y: float, r: float, turn: float) -> None:
    """An opened walnut: shell rim, hollow and the kernel's two lobes."""
    c.shadow(x + r * 0.16, y + r * 0.6, r * 1.1, r * 0.46, 0.7)
    c.solid(turned(oval(0, 0, 1, 0.84), x, y, turn=turn, scale=r), "#b5874e", depth=0.4)
    c.shape(turned(oval(0, 0, 0.86, 0.7), x, y, turn=turn, scale=r), ("#6e4a25", "#8d6436"))
    for side in (-1, 1):
        lobe = [
            (side * px, py)
            for px, py in points(
                "0.06 -0.5, 0.4 -0.58, 0.68 -0.3, 0.56 -0.02, 0.72 0.26, 0.42 0.55, "
                "0.06 0.48, 0.16 0"
            )
        ]
        c.solid(turned(smooth(lobe), x, y, turn=turn, scale=r), "#e3bd80", depth=0.35)
        for px, py in points("0.34 -0.34, 0.5 -0.12, 0.34 0.1, 0.5 0.3, 0.26 0.36"):
            fold = smooth(
                [
                    (side * (px - 0.12), py - 0.03),
                    (side * px, py + 0.05),
                    (side * (px + 0.12), py - 0.04),
                ],
                closed=False,
            )
            c.line(turned(fold, x, y, turn=turn, scale=r), "#b98a4a", r * 0.04)
    c.line(turned(points("0 -0.66, 0.02 0, 0 0.64"), x, y, turn=turn, scale=r), "#7b5529", r * 0.06)


def walnuts(c: Canvas) -> None:
    """Thin-shelled walnuts in a bowl, some opened."""
    table(c, "#ccc6a8", "#7f5836")
    bowl(c, 640, 430, 330, "#5b6f73")
    for x, y, r in rows(
        "450 410 84, 600 370 90, 770 385 86, 860 435 70, 530 470 88, "
        "700 475 94, 830 500 66, 420 490 60"
    ):
        _walnut(c, x, y, r, c.rnd.uniform(-60, 60))
    for x, y, r in rows("170 690 98, 1040 720 100, 310 815 84, 950 600 66"):
        _walnut(c, x, y, r, c.rnd.uniform(-60, 60))
    _half_walnut(c, 560, 815, 104, -12)
    _half_walnut(c, 800, 800, 98, 24)

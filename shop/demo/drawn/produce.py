"""Mushrooms, fresh and dried, and maize."""

import math

from shop.demo.drawn.brush import Canvas, dark, light, mix, oval, points, rows, smooth, turned
from shop.demo.drawn.table import bowl, table, tray


def _mushroom(c: Canvas, x: float, y: float, r: float, *, turn: float = 0) -> None:
    """A shiitake standing: stem, gills, and a cap with pale cracks."""
    c.shadow(x + r * 0.25, y + r * 0.95, r * 1.05, r * 0.32, 0.7)
    stem = points("-0.2 0.1, -0.17 0.55, -0.27 0.95, 0.25 0.95, 0.19 0.5, 0.22 0.1")
    c.solid(turned(smooth(stem), x, y, turn=turn, scale=r), "#efe0c2", depth=0.3)
    under = turned(oval(0, 0.13, 0.88, 0.23), x, y, turn=turn, scale=r)
    c.shape(under, ("#d9c094", "#f3e5c6"))
    for i in range(-8, 9):
        rib = [(i * 0.03, 0.13), (i * 0.103, 0.13 + 0.21 * math.sqrt(max(0, 1 - (i / 8.6) ** 2)))]
        c.line(turned(rib, x, y, turn=turn, scale=r), "#c4a673", 1.6)
    cap = points("-1 0.1, -0.93 -0.27, -0.55 -0.62, 0 -0.74, 0.55 -0.62, 0.93 -0.27")
    cap += points("1 0.1, 0.6 0.2, 0 0.235, -0.6 0.2")
    brown = mix("#8a5a32", "#6d4426", c.rnd.random())
    c.solid(turned(smooth(cap), x, y, turn=turn, scale=r), brown, depth=0.5)
    for _ in range(11):
        a, d = c.rnd.uniform(0, 2 * math.pi), math.sqrt(c.rnd.random())
        px, py = 0.74 * d * math.cos(a), -0.22 + 0.36 * d * math.sin(a)
        patch = [
            (
                px + c.rnd.uniform(0.03, 0.1) * math.cos(b),
                py + c.rnd.uniform(0.02, 0.07) * math.sin(b),
            )
            for b in (0, 1.3, 2.5, 3.8, 5.0)
        ]
        c.shape(turned(patch, x, y, turn=turn, scale=r), light(brown, 0.55))
    rim = smooth(points("-0.97 0.12, -0.5 0.24, 0 0.28, 0.5 0.24, 0.97 0.12"), closed=False)
    c.line(turned(rim, x, y, turn=turn, scale=r), light(brown, 0.35), r * 0.035)


def mushrooms(c: Canvas) -> None:
    """Fresh shiitake on a tray."""
    table(c, "#cfd8b8", "#a9774a")
    tray(c, 600, 610, 500, 225)
    for x, y, r, turn in rows(
        "330 505 92 -8, 520 470 104 5, 725 480 96 9, 885 545 84 14, "
        "250 600 84 -16, 430 590 118 -4, 655 605 124 6, 850 655 98 10, "
        "540 695 92 -6, 345 700 88 -12, 730 735 80 4"
    ):
        _mushroom(c, x, y, r, turn=turn)
    c.closer(70, 150, 1000)


def _dried(c: Canvas, x: float, y: float, r: float, *, up: bool, turn: float) -> None:
    """A dried shiitake lying flat: the flower of cracks, or the gills."""
    c.shadow(x + r * 0.18, y + r * 0.38, r * 1.08, r * 0.7, 0.65)
    rim = turned(c.blob(0, 0, r, r * 0.72, rough=0.07), x, y, turn=turn)
    if up:
        c.solid(rim, "#6a4527", depth=0.55)
        for i in range(9):
            a = 2 * math.pi * i / 9 + turn
            for near, far, wide in ((0.1, 0.42, 0.26), (0.5, 0.86, 0.17)):
                petal = [
                    (r * d * math.cos(a + s), r * 0.72 * d * math.sin(a + s))
                    for d, s in (
                        (near, 0),
                        ((near + far) / 2, wide),
                        (far, 0.05),
                        ((near + far) / 2, -wide),
                    )
                ]
                c.shape(turned(petal, x, y - r * 0.05), ("#ead3a4", "#c9a66d"))
        c.oval(x - r * 0.05, y - r * 0.08, r * 0.14, r * 0.1, "#7d5532")
    else:
        c.shape(rim, ("#7a5230", "#5c3b20"))
        c.shape(turned(oval(0, 0, r * 0.9, r * 0.62), x, y, turn=turn), ("#e3c58c", "#c29a5b"))
        for i in range(34):
            a = 2 * math.pi * i / 34
            rib = [
                (r * 0.2 * math.cos(a), r * 0.14 * math.sin(a)),
                (r * 0.86 * math.cos(a), r * 0.6 * math.sin(a)),
            ]
            c.line(turned(rib, x, y, turn=turn), "#a67d43", 1.8)
        c.solid(oval(x, y, r * 0.2, r * 0.16), "#b98d52")


def dried_mushrooms(c: Canvas) -> None:
    """Dried flower mushrooms in a bowl and before it."""
    table(c, "#d8c7a3", "#7c5535")
    bowl(c, 620, 470, 330, "#46605a")
    for x, y, r, up in rows(
        "420 455 84 1, 560 420 92 0, 715 425 88 1, 830 462 74 0, 500 500 92 1, "
        "660 515 98 1, 790 515 76 1, 590 540 70 0"
    ):
        _dried(c, x, y, r, up=bool(up), turn=c.rnd.uniform(-20, 20))
    for x, y, r, up in rows(
        "190 720 104 1, 330 800 82 0, 1010 745 108 1, 880 825 76 1, 1110 640 70 0, 120 600 62 1"
    ):
        _dried(c, x, y, r, up=bool(up), turn=c.rnd.uniform(-25, 25))
    c.closer(60, 120, 1040)


def _ear(c: Canvas, x: float, y: float, length: float, *, turn: float, gold: str) -> None:
    """An ear of maize with its husk drawn back."""
    for bend, colour in (
        (-0.95, "#b9b56a"),
        (0.95, "#a8a558"),
        (-0.5, "#d6cf8c"),
        (0.5, "#c5bf78"),
    ):
        husk = smooth(
            [
                (-0.6, 0),
                (-0.52, bend * 0.16),
                (-0.2, bend * 0.3),
                (0.12, bend * 0.36),
                (-0.1, bend * 0.2),
                (-0.45, 0),
            ]
        )
        c.shape(
            turned(husk, x, y, turn=turn, scale=length), (light(colour, 0.2), dark(colour, 0.2))
        )
    body = smooth(
        points("-0.5 0, -0.44 -0.13, 0 -0.16, 0.4 -0.1, 0.52 0, 0.4 0.1, 0 0.16, -0.44 0.13")
    )
    c.solid(turned(body, x, y, turn=turn, scale=length), gold, depth=0.55)
    for row in range(-4, 5):
        across = row / 4.6
        wide = math.cos(across * 1.35)
        for i in range(25):
            along = -0.47 + 0.96 * i / 24
            swell = 0.155 * math.sqrt(max(0.02, 1 - ((along + 0.05) / 0.6) ** 2))
            px, py = turned([(along * length, across * swell * length)], x, y, turn=turn)[0]
            tone = mix(light(gold, 0.35), dark(gold, 0.4), 0.5 + across * 0.5)
            tone = mix(tone, c.rnd.choice(["#fff1b0", "#c97f16"]), c.rnd.random() * 0.25)
            size = length * 0.0195
            c.shape(oval(px, py, size, size * (0.35 + 0.55 * wide), turn=turn, sides=10), tone)


def maize(c: Canvas) -> None:
    """Maize, three ears on sacking, and a heap of grit."""
    table(c, "#e2cd98", "#8b6237")
    cloth = smooth(points("120 560, 500 500, 1000 540, 1120 700, 900 850, 420 860, 110 760"))
    c.shape([(x + 14, y + 20) for x, y in cloth], "#5f4424")
    c.shape(cloth, ("#d9c49c", "#bfa577"))
    for i in range(30):
        c.line([(130 + i * 34, 540 - i % 3 * 4), (90 + i * 35, 850)], "#c9b186", 1.2)
    for x, y, length, turn, gold in (
        (520, 580, 520, -14, "#f0b52c"),
        (700, 660, 560, 10, "#f2c03f"),
        (480, 760, 520, -4, "#eaa71f"),
    ):
        c.shadow(x + 20, y + 60, length * 0.58, 80, 0.6)
        _ear(c, x, y, length, turn=turn, gold=gold)
    spots = [(1000 + c.rnd.gauss(0, 52), 790 + c.rnd.gauss(0, 20)) for _ in range(420)]
    c.shadow(1010, 810, 150, 60, 0.5)
    c.dots(spots, 6, ["#f2c545", "#e5a92a", "#ffdf7d", "#d99a1d"])
    c.closer(70, 160, 985)

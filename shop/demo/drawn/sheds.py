"""The cooperatives' own places."""

from shop.demo.drawn.brush import Canvas, dark, light, oval, points, smooth
from shop.demo.drawn.land import ridge, round_tree, sky


def coop_mushroom(c: Canvas) -> None:
    """The packing shed of the mushroom growers."""
    _shed(c, "#4f7f63", "#cfe3e6", "#f4f0dc")
    for row in range(2):
        for i in range(5 - row):
            x, y = 330 + i * 120 + row * 60, 760 - row * 78
            _crate(c, x, y, "#d9a765")
            for n in range(4):
                c.solid(oval(x - 36 + n * 24, y - 76 + (n % 2) * 4, 17, 12), "#7d5030", depth=0.45)


def coop_grain(c: Canvas) -> None:
    """The mill of the grain growers, sacks before it."""
    _shed(c, "#8a5a34", "#dbe4dc", "#fbe9c4")
    for x, y, tone in (
        (330, 790, "#e0c48d"),
        (460, 800, "#d3b47a"),
        (590, 792, "#e6cd9b"),
        (720, 802, "#d8ba82"),
        (520, 720, "#e2c894"),
        (655, 716, "#d9bf8a"),
    ):
        c.shadow(x + 16, y + 4, 90, 22, 0.7)
        c.solid(
            smooth(
                [
                    (x - 62, y),
                    (x - 70, y - 70),
                    (x - 44, y - 124),
                    (x + 44, y - 124),
                    (x + 70, y - 70),
                    (x + 62, y),
                ]
            ),
            tone,
            depth=0.35,
        )
        c.oval(x, y - 122, 46, 16, "#a9803f")
        spots = [(x + c.rnd.gauss(0, 20), y - 126 + c.rnd.gauss(0, 5)) for _ in range(120)]
        c.dots(spots, 4.5, ["#f2c84b", "#e9b536", "#ffdf7f"])


def coop_fruit(c: Canvas) -> None:
    """The fruit growers' stand among the trees."""
    _shed(c, "#7b4a3a", "#cfe6e2", "#fdf0d6")
    for x, y, s in ((70, 800, 220), (1130, 810, 240)):
        round_tree(c, x, y, s, "#5f8f45", fruit="#d2402b")
    for i in range(4):
        x, y = 390 + i * 140, 790
        _crate(c, x, y, "#cf9a5a")
        for n in range(7):
            c.ball(
                x - 44 + (n % 4) * 28 + (n // 4) * 14,
                y - 80 - (n // 4) * 18,
                19,
                ("#cf3b30", "#cfc257")[i % 2],
            )


def _shed(c: Canvas, roof: str, top: str, low: str) -> None:
    sky(c, top, low, sun=(980, 140), glow="#fff0c2")
    ridge(c, 430, 100, ("#9dbb9c", "#c9d6ae"))
    ridge(c, 510, 70, ("#7fa56a", "#b2c480"), waves=1.8)
    c.box(0, 620, 1200, 280, ("#c9bd8b", "#a99a66"))
    c.shadow(620, 690, 560, 70, 0.6)
    c.box(200, 420, 800, 260, ("#f5ead3", "#d9c7a2"))
    for i in range(3):
        x = 250 + i * 250
        c.box(x, 490, 200, 190, ("#6a6255", "#433d34"))
        c.glow(x + 100, 560, 90, 80, "#ffdf9e", strength=0.5)
        c.box(x, 484, 200, 10, "#8a7a5f")
    c.shape(points("150 430, 240 310, 960 310, 1050 430"), (light(roof, 0.15), dark(roof, 0.15)))
    for i in range(1, 24):
        t = i / 24
        c.line([(240 + 720 * t, 312), (150 + 900 * t, 429)], dark(roof, 0.25), 3)
    c.line([(150, 432), (1050, 432)], dark(roof, 0.4), 9)
    c.box(450, 352, 300, 56, ("#fbf8f1", "#eee3cc"))
    c.oval(490, 380, 16, 16, "#d9541e")
    for i in range(3):
        c.line([(530, 368 + i * 13), (715 - i * 36, 368 + i * 13)], "#1f5c3f", 5)


def _crate(c: Canvas, x: float, y: float, tone: str) -> None:
    c.shadow(x + 12, y + 4, 80, 18, 0.6)
    c.box(x - 58, y - 70, 116, 70, (dark(tone, 0.45), dark(tone, 0.55)))
    for i in range(3):
        c.box(x - 60, y - 66 + i * 23, 120, 18, (light(tone, 0.12), dark(tone, 0.12)))

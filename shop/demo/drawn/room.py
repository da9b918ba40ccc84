"""The live room as it stands while no picture comes."""

import math

from shop.demo.drawn.brush import Canvas, dark, light, oval, points, rows, smooth, turned


def live_room(c: Canvas) -> None:
    """A host at the table in a mushroom house, a lamp and a phone before it."""
    c.box(0, 0, 1200, 900, ("#dfead6", "#a9c49a"))
    for i in range(7):
        r = 760 - i * 95
        arch = [
            (600 + r * 1.05 * math.cos(a), 560 - r * 0.86 * math.sin(a))
            for a in (math.pi * n / 40 for n in range(41))
        ]
        tone = light("#7fa27a", 0.75 - i * 0.11)
        c.shape(arch, (light(tone, 0.3), tone))
        c.line(arch, "#f4f7ee", 6 - i * 0.6)
    for shelf in range(3):
        for side in (-1, 1):
            _shelf(c, 330 + shelf * 110, side)
    c.glow(600, 330, 460, 420, "#fffbe8", strength=0.75)
    _host(c, 600, 610)
    c.shape(points("60 650, 1140 650, 1290 905, -90 905"), ("#c89255", "#8d5f33"))
    c.line([(60, 650), (1140, 650)], "#ecc68d", 7)
    for i in range(1, 5):
        c.line(
            [(60 - i * 34, 650 + i * 56), (1140 + i * 34, 650 + i * 56)], dark("#a97443", 0.15), 2.5
        )
    for cx, cy, cr in rows("250 720 76, 360 700 70, 180 760 66, 310 790 82, 430 770 66"):
        _cap(c, cx, cy, cr)
    _bowl_of(c, 800, 740, "#e9b536")
    _bowl_of(c, 950, 780, "#9a2f2a")
    _lamp_and_phone(c)


def _bowl_of(c: Canvas, x: float, y: float, colour: str) -> None:
    """A white bowl with grain in it."""
    c.shadow(x + 20, y + 72, 120, 34, 0.7)
    body = [*oval(x, y, 100, 40)[:21], (x - 60, y + 76), (x + 60, y + 76)]
    c.solid(body, "#f2eadb", depth=0.25)
    c.oval(x, y, 100, 38, "#e7dcc4")
    c.oval(x, y, 90, 32, dark(colour, 0.25))
    spots = [(x + c.rnd.gauss(0, 38), y - 4 + c.rnd.gauss(0, 11)) for _ in range(420)]
    tones = [colour, light(colour, 0.3), dark(colour, 0.15)]
    c.dots([spot for spot in spots if abs(spot[0] - x) < 84], 4.6, tones)


def _cap(c: Canvas, x: float, y: float, r: float) -> None:
    c.shadow(x + r * 0.2, y + r * 0.4, r * 1.05, r * 0.4, 0.7)
    c.solid(
        smooth(
            [
                (x - r, y + r * 0.3),
                (x - r * 0.8, y - r * 0.3),
                (x, y - r * 0.62),
                (x + r * 0.8, y - r * 0.3),
                (x + r, y + r * 0.3),
                (x, y + r * 0.48),
            ]
        ),
        "#7d5030",
        depth=0.5,
    )
    for _ in range(8):
        px, py = x + c.rnd.uniform(-0.6, 0.6) * r, y + c.rnd.uniform(-0.4, 0.15) * r
        c.oval(px, py, r * 0.08, r * 0.045, "#d9b98a", turn=c.rnd.uniform(-40, 40))


def _shelf(c: Canvas, y: float, side: int) -> None:
    """A shelf of growing mushrooms along one wall."""
    board = [(250.0, y), (610.0, y - 30), (610.0, y + 2), (250.0, y + 16)]
    c.shape([(600 + side * px, py) for px, py in board], ("#c99f62", "#94703c"))
    for i in range(9):
        x = 600 + side * (270 + i * 40)
        cap = oval(x, y - 18 - i * 2.6, 17 + i * 0.7, 13 + i * 0.6)
        c.solid(cap, "#8a5a34", depth=0.45)
        c.box(x - 4, y - 9 - i * 2.6, 8, 11, "#efe0c2")


BODY = "-150 80, -128 -60, -70 -120, 70 -120, 128 -60, 150 80"
FACE = "-66 -210, -58 -150, 0 -112, 58 -150, 66 -210, 0 -262"
HAIR = "-70 -196, -74 -252, 0 -292, 74 -252, 70 -196, 48 -236, -48 -236"
CROWN = "-84 -244, -62 -306, 0 -322, 62 -306, 84 -244, 0 -228"


def _host(c: Canvas, x: float, y: float) -> None:
    """Nobody in particular: straw hat, apron, an arm that shows the goods."""
    c.shape(smooth(turned(points(BODY), x, y)), ("#3f7a63", "#2c5a49"))
    apron = turned(points("-74 -70, 74 -70, 104 90, -104 90"), x, y)
    c.shape(apron, ("#f2e6cc", "#dcc9a0"))
    for dx in (-60, 60):
        c.line([(x + dx, y - 66), (x + dx * 0.72, y - 124)], "#e9d9b5", 14)
    c.box(x - 24, y - 152, 48, 44, "#dba67c")
    _head(c, x, y)
    for arm in ("110 -70, 190 -20, 226 -96", "-112 -70, -176 10, -120 60"):
        c.line(smooth(turned(points(arm), x, y), closed=False), "#356a56", 50)
    c.oval(x + 228, y - 112, 28, 30, "#eab88c")
    _cap(c, x + 236, y - 160, 56)
    c.box(x + 224, y - 136, 24, 34, "#efe0c2")


def _head(c: Canvas, x: float, y: float) -> None:
    c.solid(smooth(turned(points(FACE), x, y)), "#eab88c", depth=0.2)
    c.shape(smooth(turned(points(HAIR), x, y)), "#3a2a22")
    smile = smooth(turned(points("-22 -152, 0 -142, 22 -152"), x, y), closed=False)
    c.line(smile, "#9c4f3a", 5)
    for dx in (-25, 25):
        c.oval(x + dx, y - 186, 6, 7, "#3a2a22")
        c.glow(x + dx * 1.5, y - 164, 20, 14, "#e2745a", strength=0.5)
    c.shape(oval(x, y - 238, 168, 40), ("#e9cf8b", "#c9a558"))
    c.shape(smooth(turned(points(CROWN), x, y)), ("#f3dfa6", "#d3b067"))
    ribbon = smooth(turned(points("-82 -250, 0 -234, 82 -250"), x, y), closed=False)
    c.line(ribbon, "#b5442c", 12)


def _lamp_and_phone(c: Canvas) -> None:
    c.line([(1075, 905), (1075, 420)], "#3b3f3c", 12)
    for r, colour in ((112, "#fffdf2"), (96, "#f2e8c8")):
        ring = oval(1075, 330, r, r)
        c.line([*ring, ring[0]], colour, 24 if r > 100 else 8)
    c.glow(1075, 330, 260, 260, "#fff6d4", strength=0.5)
    c.shape(points("1034 262, 1116 262, 1116 402, 1034 402"), "#20261f")
    c.box(1041, 274, 68, 116, ("#bcd4b2", "#86a77c"))
    c.oval(1075, 318, 17, 19, "#eab88c")
    c.shape(oval(1075, 304, 34, 9), "#d9bb74")
    c.box(1050, 338, 50, 52, "#3f7a63")
    c.oval(1052, 282, 6, 6, "#d7263d")

"""The six villages, and the county that holds them."""

import math

from shop.demo.drawn.brush import Canvas, light, oval, points, rows, smooth
from shop.demo.drawn.land import (
    cave_house,
    house,
    poplar,
    ridge,
    road,
    round_tree,
    sky,
    terraces,
    tunnel,
    willow,
)


def beiyangjiazhuang(c: Canvas) -> None:
    """Rows of mushroom houses below green hills, a clear morning."""
    sky(c, "#8fc3dd", "#f6ecd2", sun=(960, 150), glow="#ffe9b0")
    ridge(c, 420, 110, ("#9fc0b4", "#c5d8c0"), shift=0.4)
    ridge(c, 490, 90, ("#6f9f78", "#9dbf86"), waves=2.6, shift=2.2)
    ridge(c, 560, 50, ("#7fae63", "#b7cb7e"), waves=1.6, shift=4.4)
    for x, y, s in rows("120 590 52, 235 575 46, 1010 580 50, 1110 600 56, 905 566 40"):
        house(c, x, y, s)
    for x, y, s in rows("40 600 60, 330 590 70, 830 585 64, 1175 620 70"):
        poplar(c, x, y, s, "#5f8f4c")
    c.box(0, 640, 1200, 260, ("#a9bd6d", "#7d9a4b"))
    road(c, rows("560 600 26, 590 700 60, 640 900 170"), "#d6bf93")
    for x, y, w, h in rows("700 690 300 105, 800 800 360 140, 90 700 270 105, -60 830 380 150"):
        tunnel(c, x, y, w, h)


def miaoling(c: Canvas) -> None:
    """Homestays under a ridge with a pavilion, lamps lit at dusk."""
    sky(c, "#5b5f8f", "#f4b98a", sun=(330, 330), glow="#ffd79a", size=70)
    ridge(c, 430, 120, ("#8a7f9c", "#c99f93"), shift=1.1)
    line = ridge(c, 500, 130, ("#5d6a6f", "#7d7f6c"), waves=1.9, shift=3.6)
    x, y = min(line[30:55], key=lambda p: p[1])
    for dx in (-38, 38):
        c.box(x + dx - 5, y - 74, 10, 80, "#7a2f25")
    c.shape(
        smooth(
            [
                (x - 92, y - 62),
                (x - 40, y - 96),
                (x, y - 128),
                (x + 40, y - 96),
                (x + 92, y - 62),
                (x, y - 74),
            ],
            steps=5,
        ),
        ("#4b3a3f", "#2f272d"),
    )
    c.box(x - 54, y + 2, 108, 12, "#8d8272")
    ridge(c, 640, 50, ("#55694f", "#6d7a4f"), waves=1.4, shift=5.2)
    for x, y, s in rows("190 640 74, 420 680 88, 760 660 82, 1010 690 92"):
        house(c, x, y, s, wall="#e8d5b5", roof="#4a4650", lit=True)
    for x, y, s in rows("300 670 120, 620 690 130, 905 690 110, 1160 720 140, 60 690 130"):
        round_tree(c, x, y, s, "#4f6b45")
    terraces(c, ("#6b7a4a", "#7d8550", "#5f7346"), top=735, step=58, bend=20)
    road(c, rows("560 700 24, 520 780 70, 600 905 190"), "#c9a888")
    for i in range(9):
        lx, ly = 90 + i * 130, 590 + 26 * math.sin(i * 1.9) + i * 6
        c.glow(lx, ly, 60, 60, "#ffb25c", strength=0.6)
        c.oval(lx, ly, 11, 13, ("#ff7a45", "#d8402a"))


def hepo(c: Canvas) -> None:
    """A village on the bank: water, a stone bridge, willows."""
    sky(c, "#a7d3dc", "#f2f0da", sun=(210, 150), glow="#fff3c4")
    ridge(c, 420, 120, ("#8fb5b0", "#bcd3c2"), shift=2.8)
    ridge(c, 500, 80, ("#6fa384", "#a8c795"), waves=2.4, shift=0.8)
    for x, y, s in rows("130 600 66, 300 580 58, 880 590 62, 1060 612 72"):
        house(c, x, y, s, wall="#f3ead8", roof="#6b6f75")
    c.box(0, 600, 1200, 300, ("#96b96b", "#7fa557"))
    river = smooth(points("-20 700, 300 650, 620 640, 900 665, 1230 640"), closed=False)
    bank = smooth(points("1230 860, 900 880, 600 850, 300 870, -20 905"), closed=False)
    c.shape([*river, *bank], ("#b9dde0", "#5b9fae"))
    for _ in range(40):
        px, py = c.rnd.uniform(0, 1150), c.rnd.uniform(690, 850)
        c.line([(px, py), (px + c.rnd.uniform(30, 90), py)], light("#8cc4cc", 0.4), 2)
    deck = smooth(points("360 700, 480 640, 620 618, 760 640, 880 700"), closed=False)
    c.shape([*deck, (905, 772), (335, 772)], ("#d8cfbd", "#958b79"))
    for x, r in points("472 50, 620 68, 768 50"):
        half = oval(x, 773, r, r * 1.5)
        c.shape([*half[20:], half[0]], ("#4f8996", "#7fb9c3"))
    c.glow(620, 778, 330, 40, "#3f7886", strength=0.55)
    c.line([(px, py - 16) for px, py in deck], "#e9e2d2", 9)
    for i in range(9):
        px, py = deck[4 + i * 3]
        c.line([(px, py - 18), (px, py + 4)], "#b8ae9b", 7)
    willow(c, 150, 740, 250, "#8fb552")
    willow(c, 1050, 730, 280, "#7da548")
    c.oval(640, 840, 70, 14, ("#8a5f38", "#5e3f24"))
    c.line([(640, 836), (640, 770)], "#5e3f24", 5)


def wanglong(c: Canvas) -> None:
    """Golden millet on terraces, high summer to autumn."""
    sky(c, "#7fb4d6", "#fdebc2", sun=(930, 190), glow="#ffdf94")
    ridge(c, 380, 120, ("#a5b59a", "#d3cfa0"), shift=0.2)
    ridge(c, 450, 70, ("#93a866", "#c4bd72"), waves=2.8, shift=3.1)
    for x, y, s in rows("180 470 44, 280 458 38, 370 476 46, 900 470 42, 1000 462 38"):
        house(c, x, y, s, roof="#8a4b36", wall="#f0dcb6")
    terraces(
        c, ("#a8b455", "#d8b544", "#c7a036", "#e3bd4c", "#b9ad4f", "#dba93a"), top=490, step=52
    )
    for _ in range(900):
        x, y = c.rnd.uniform(0, 1200), c.rnd.uniform(700, 900)
        c.line(
            [(x, y), (x + c.rnd.uniform(-4, 9), y - 18 - (y - 700) * 0.07)],
            c.rnd.choice(["#f5d873", "#c18f25", "#e8be48"]),
            3,
        )
    for x, y, s in rows("90 640 130, 1090 610 150, 700 560 84"):
        round_tree(c, x, y, s, "#6f8f3f")


def zhangjiawa(c: Canvas) -> None:
    """Cave dwellings in a loess hollow, apricots in flower."""
    sky(c, "#bcd9e6", "#fbe9df", sun=(250, 170), glow="#fff0cf")
    ridge(c, 400, 110, ("#c9b99a", "#dcc9a4"), shift=2.0)
    ridge(c, 470, 90, ("#b59d6e", "#d4b784"), waves=1.7, shift=4.9)
    cliff = smooth(points("-20 520, 200 480, 480 505, 760 470, 1000 500, 1230 480"), closed=False)
    c.shape([*cliff, (1230, 720), (-20, 720)], ("#dcb981", "#b98d55"))
    c.line(cliff, "#8ea258", 16)
    for i in range(5):
        cave_house(c, 150 + i * 225, 706, 74)
    c.box(0, 704, 1200, 200, ("#cbb07a", "#a9b267"))
    road(c, rows("430 704 30, 520 780 80, 560 905 210"), "#e2cda0")
    for x, y, s in rows("30 880 190, 265 800 90, 905 870 150, 1150 900 220, 740 770 80"):
        round_tree(c, x, y, s, "#eeb7bd", fruit="#fff1f0")


def gaojiazhuang(c: Canvas) -> None:
    """Walnut trees on the high ground, maize drying on the roofs, autumn."""
    sky(c, "#9cc0cf", "#fbe3bd", sun=(820, 200), glow="#ffe0a2")
    ridge(c, 400, 120, ("#a9a7a0", "#cdbb9c"), shift=5.4)
    ridge(c, 480, 100, ("#b08a55", "#d0a867"), waves=2.3, shift=1.5)
    ridge(c, 570, 60, ("#b9913f", "#c9ab58"), waves=1.5, shift=3.3)
    for x, y, s in rows("170 660 90, 430 640 80, 760 650 86, 1030 668 94"):
        house(c, x, y, s, roof="#77706a", wall="#e9d7b8")
        spots = [
            (x + c.rnd.uniform(-0.8, 0.8) * s, y - s * c.rnd.uniform(0.78, 1.12))
            for _ in range(230)
        ]
        c.dots(spots, 5, ["#f2b630", "#e59a1f", "#ffd363"])
        for i in range(5):
            c.line(
                [(x - s * 0.95 + i * 8, y - s * 0.66), (x - s * 0.95 + i * 8, y - s * 0.3)],
                "#d8402a",
                5,
            )
    c.box(0, 690, 1200, 210, ("#c2a255", "#97843f"))
    road(c, rows("600 680 30, 570 770 80, 480 905 210"), "#dcc193")
    for x, y, s, tone in (
        (80, 780, 220, "#b9762f"),
        (320, 760, 150, "#c9952f"),
        (900, 770, 190, "#a9803a"),
        (1120, 820, 240, "#c2692f"),
        (650, 730, 100, "#b58f35"),
    ):
        round_tree(c, x, y, s, tone, fruit="#7f9a3f")
    for _ in range(120):
        c.oval(
            c.rnd.uniform(0, 1200),
            c.rnd.uniform(760, 890),
            6,
            3,
            c.rnd.choice(["#d8892f", "#b5602a", "#e3b04a"]),
            turn=c.rnd.uniform(0, 180),
        )


def county(c: Canvas) -> None:
    """The whole county from above its terraces, early."""
    sky(c, "#6fb0cf", "#ffe7bd", sun=(600, 330), glow="#ffdc8f", size=84)
    ridge(c, 400, 150, ("#9bb6bd", "#c8cfc0"), shift=0.9)
    ridge(c, 460, 120, ("#7aa39a", "#b5c7a0"), waves=2.8, shift=2.7)
    ridge(c, 530, 90, ("#5f9070", "#9ab978"), waves=2.0, shift=4.6)
    for x, y, s in rows("260 565 40, 340 580 46, 430 568 38, 760 560 40, 850 575 48, 940 562 40"):
        house(c, x, y, s, roof="#7d4a38")
    terraces(c, ("#8fb062", "#b9be5c", "#d9b84c", "#9db65a", "#6f9c50"), top=590, step=58)
    for x, y, s in rows("90 700 170, 1110 690 190, 200 830 120, 980 840 140"):
        round_tree(c, x, y, s, "#4f8a4a", fruit="#e2622f")

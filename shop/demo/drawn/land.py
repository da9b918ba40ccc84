"""Sky, hills, houses and trees: what the villages' pictures are put together from."""

import math
from collections.abc import Sequence

from shop.demo.drawn.brush import (
    Canvas,
    Fill,
    Point,
    dark,
    light,
    mix,
    points,
    rows,
    smooth,
    turned,
)


def sky(c: Canvas, top: str, low: str, *, sun: Point, glow: str, size: float = 58) -> None:
    """A sky with its sun and a few long clouds."""
    c.box(0, 0, 1200, 900, (top, low))
    c.glow(sun[0], sun[1], 520, 420, glow, strength=0.8)
    c.oval(sun[0], sun[1], size, size, light(glow, 0.6))
    for _ in range(6):
        x, y = c.rnd.uniform(-40, 1100), c.rnd.uniform(50, 280)
        wide = c.rnd.uniform(90, 230)
        for i in range(3):
            c.oval(
                x + wide * (0.3 * i - 0.3),
                y - 7 * (i % 2),
                wide * 0.5,
                8 + 5 * (i % 2),
                mix(low, "#ffffff", 0.6),
            )


def ridge(
    c: Canvas,
    y: float,
    height: float,
    fill: Fill,
    *,
    waves: float = 2.2,
    shift: float | None = None,
) -> list[Point]:
    """A line of hills across the picture, filled down to its foot; the outline comes back."""
    phase = c.rnd.uniform(0, 6.3) if shift is None else shift
    line: list[Point] = [
        (
            x,
            y
            - height
            * (
                0.55 * math.sin(x / 1200 * waves * math.pi + phase)
                + 0.3 * math.sin(x / 1200 * waves * 2.3 * math.pi + phase * 1.7)
            ),
        )
        for x in range(-20, 1241, 20)
    ]
    c.shape([(-20.0, 920.0), *line, (1220.0, 920.0)], fill)
    return line


def terraces(c: Canvas, tones: Sequence[str], *, top: float, step: float, bend: float = 46) -> None:
    """Fields in steps down a slope, each with its lit edge and the shade under it."""
    for i in range(len(tones)):
        y = top + i * step * (1 + 0.09 * i)
        phase = 0.6 * i
        line = smooth(
            [
                (x, y + bend * math.sin(x / 260 + phase) * (0.5 + 0.12 * i))
                for x in range(-100, 1301, 140)
            ],
            closed=False,
            steps=6,
        )
        c.shape(
            [(-100.0, 920.0), *line, (1300.0, 920.0)], (light(tones[i], 0.16), dark(tones[i], 0.12))
        )
        c.line(line, light(tones[i], 0.45), 4)
        c.line([(px, py - 6) for px, py in line], dark(tones[i], 0.3), 3)
        for n in range(1, 4):
            row = [(px, py + n * step * 0.22) for px, py in line]
            c.line(row, dark(tones[i], 0.1), 2)


def house(
    c: Canvas,
    x: float,
    y: float,
    s: float,
    *,
    wall: str = "#efe3cc",
    roof: str = "#5d5f63",
    door: str = "#8a3b2a",
    lit: bool = False,
) -> None:
    """A village house of width 2 s standing on y, with a tiled roof."""
    c.shadow(x + s * 0.25, y + s * 0.04, s * 1.35, s * 0.2, 0.55)
    c.shape(
        [(x - s, y), (x - s, y - s * 0.75), (x + s, y - s * 0.75), (x + s, y)],
        (light(wall, 0.2), dark(wall, 0.1)),
    )
    c.box(x + s * 0.62, y - s * 0.75, s * 0.38, s * 0.75, mix(wall, "#6b5a45", 0.18))
    pane = "#ffd98a" if lit else "#9fb6bd"
    for at in (-0.62, 0.5):
        c.box(x + s * at - s * 0.17, y - s * 0.52, s * 0.34, s * 0.28, "#6b4a30")
        c.box(x + s * at - s * 0.14, y - s * 0.49, s * 0.28, s * 0.22, pane)
        c.line(
            [(x + s * at, y - s * 0.49), (x + s * at, y - s * 0.27)], "#6b4a30", max(1.5, s * 0.02)
        )
    c.box(x - s * 0.2, y - s * 0.55, s * 0.36, s * 0.55, (door, dark(door, 0.3)))
    if lit:
        c.glow(x, y - s * 0.3, s * 1.2, s * 0.7, "#ffce73", strength=0.45)
    _roof(c, x, y, s, roof)


def _roof(c: Canvas, x: float, y: float, s: float, tone: str) -> None:
    """Rows of tiles between ridge and eaves."""
    outline = points("-1.18 -.7, -.86 -1.22, .86 -1.22, 1.18 -.7")
    eaves = turned(outline, x, y, scale=s)
    c.shape(eaves, (light(tone, 0.12), dark(tone, 0.15)))
    for i in range(1, 15):
        t = i / 15
        row = [(-0.86 + 1.72 * t, -1.2), (-1.18 + 2.36 * t, -0.71)]
        c.line(turned(row, x, y, scale=s), dark(tone, 0.3), max(1.2, s * 0.014))
    c.line([eaves[1], eaves[2]], dark(tone, 0.4), s * 0.06)
    c.line([eaves[0], eaves[3]], dark(tone, 0.45), s * 0.04)


def round_tree(c: Canvas, x: float, y: float, s: float, tone: str, *, fruit: str = "") -> None:
    """A broad crown on a short trunk."""
    c.shadow(x + s * 0.2, y, s * 0.8, s * 0.16, 0.5)
    c.shape(
        [
            (x - s * 0.07, y),
            (x - s * 0.05, y - s * 0.7),
            (x + s * 0.05, y - s * 0.7),
            (x + s * 0.09, y),
        ],
        ("#7a5638", "#553a24"),
    )
    c.line([(x, y - s * 0.45), (x - s * 0.22, y - s * 0.75)], "#6a4a2f", s * 0.045)
    c.line([(x, y - s * 0.5), (x + s * 0.2, y - s * 0.8)], "#6a4a2f", s * 0.045)
    for dx, dy, r in rows("-0.34 -0.78 0.34, 0.34 -0.8 0.34, 0 -1.08 0.42, -0.02 -0.72 0.38"):
        c.solid(c.blob(x + s * dx, y + s * dy, s * r, s * r * 0.88, rough=0.09), tone, depth=0.34)
    if fruit:
        spots = [
            (x + c.rnd.uniform(-0.58, 0.58) * s, y - s * c.rnd.uniform(0.5, 1.38))
            for _ in range(20)
        ]
        c.dots(
            [p for p in spots if math.hypot(p[0] - x, (p[1] - y + s * 0.9)) < s * 0.6],
            s * 0.05,
            [fruit, light(fruit, 0.3)],
            flat=1,
        )


def poplar(c: Canvas, x: float, y: float, s: float, tone: str) -> None:
    """A tall narrow tree by the road."""
    c.line([(x, y), (x, y - s * 0.5)], "#6a4a2f", s * 0.06)
    c.solid(
        smooth(
            [
                (x, y - s * 1.9),
                (x + s * 0.22, y - s * 1.2),
                (x + s * 0.2, y - s * 0.45),
                (x, y - s * 0.28),
                (x - s * 0.2, y - s * 0.45),
                (x - s * 0.22, y - s * 1.2),
            ]
        ),
        tone,
        depth=0.38,
    )


def willow(c: Canvas, x: float, y: float, s: float, tone: str) -> None:
    """A tree that lets its branches hang over the water."""
    c.line([(x, y), (x + s * 0.04, y - s * 0.6), (x - s * 0.02, y - s)], "#5f452c", s * 0.1)
    c.solid(c.blob(x, y - s * 1.05, s * 0.62, s * 0.36, rough=0.06), tone, depth=0.3)
    for i in range(26):
        px = x + s * (-0.62 + 1.24 * i / 25)
        fall = s * c.rnd.uniform(0.45, 0.85)
        sway = s * 0.06
        strand = smooth(
            [
                (px, y - s * 1.02),
                (px + sway, y - s * 1.02 + fall * 0.5),
                (px + sway * 0.4, y - s * 1.02 + fall),
            ],
            closed=False,
            steps=4,
        )
        c.line(strand, c.rnd.choice([tone, light(tone, 0.2), dark(tone, 0.15)]), s * 0.028)


def road(c: Canvas, through: Sequence[tuple[float, ...]], tone: str) -> None:
    """A road through (x, y, width) points."""
    left = smooth([(x - w / 2, y) for x, y, w in through], closed=False)
    right = smooth([(x + w / 2, y) for x, y, w in through], closed=False)
    c.shape([*left, *reversed(right)], (light(tone, 0.25), tone))


HOOP = ".2 -.9, .5 -1, .85 -.8, 1 -.4, 1 0"
MOUTH = "0 0, 0 -.5, .16 -.86, .5 -1, .84 -.86, 1 -.5, 1 0"


def tunnel(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    """A mushroom house: a long round roof of white sheet on hoops, its end open to us."""
    c.shadow(x + w * 0.5, y + 6, w * 0.75, h * 0.3, 0.5)
    near = turned(points("0 0, 0 -.5, .16 -.86, .5 -1"), x, y, scale=h)
    far = turned(points(".36 -.72, .66 -.4, .7 0"), x + w, y - h * 0.42, scale=h)
    c.shape([*near, *far, (x + h, y)], ("#f6f5ee", "#b9c8c0"))
    for i in range(1, 9):
        t = i / 9
        hoop = turned(points(HOOP), x + w * t, y - h * 0.42 * t, scale=h * (1 - 0.28 * t))
        c.line(smooth(hoop, closed=False), "#9fb0a8", 3)
    mouth = smooth(turned(points(MOUTH), x, y, scale=h), closed=False)
    c.shape(mouth, ("#5b6a57", "#39443a"))
    for shelf in range(4):
        level = y - h * (0.14 + 0.18 * shelf)
        for start in (0.14, 0.58):
            c.line([(x + h * start, level), (x + h * (start + 0.28), level)], "#c9a56d", 4)
            for i in range(4):
                c.oval(x + h * (start + 0.03 + i * 0.075), level - 6, 5.5, 4, "#8a5a32")
    c.line(mouth, "#e9eee8", 6)


ARCH = "-1 0, -1 -.95, -.62 -1.6, 0 -1.84, .62 -1.6, 1 -.95, 1 0"


def cave_house(c: Canvas, x: float, y: float, s: float) -> None:
    """A dwelling dug into the loess: a papered arch, its door and two red squares of fortune."""
    arch = smooth(points(ARCH), closed=False)
    c.shape(turned(arch, x, y, scale=s * 1.13), "#e9d3a8")
    c.shape(turned(arch, x, y, scale=s), ("#8f6a41", "#6c4c2c"))
    c.shape(turned(arch, x, y, scale=s * 0.91), ("#f3ead4", "#dfcfac"))
    for n in range(-3, 4):
        c.line(
            [(x + n * s * 0.25, y - s * (1.6 - abs(n) * 0.12)), (x + n * s * 0.25, y - s * 0.84)],
            "#a05a3a",
            3,
        )
    c.line([(x - s * 0.85, y - s * 0.84), (x + s * 0.85, y - s * 0.84)], "#8a4b30", 5)
    c.box(x - s * 0.32, y - s * 0.84, s * 0.64, s * 0.84, ("#9a4a30", "#6f3120"))
    for dx in (-0.62, 0.62):
        c.shape(
            turned(points("0 -.6, .18 -.42, 0 -.24, -.18 -.42"), x + dx * s, y, scale=s), "#cf3b2c"
        )

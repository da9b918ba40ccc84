"""A lit room, a table, and what things lie in on it."""

import math

from shop.demo.drawn.brush import Canvas, dark, light, mix, points, smooth, turned


def table(c: Canvas, wall: str, wood: str, *, edge: float = 430) -> None:
    """A lit wall and a plank table that comes towards the viewer."""
    c.box(0, 0, 1200, edge + 4, (light(wall, 0.35), wall))
    c.glow(260, 60, 820, 600, light(wall, 0.85), strength=0.9)
    c.glow(1150, 430, 620, 480, dark(wall, 0.5), strength=0.3)
    for left, top in points("690 40, 840 40, 734 190, 884 190"):
        pane = [(left, top), (left + 132, top), (left + 172, top + 134), (left + 40, top + 134)]
        c.shape(pane, (mix(wall, light(wall, 0.9), 0.62), mix(wall, light(wall, 0.9), 0.4)))
    c.box(0, edge, 1200, 900 - edge, (mix(wood, wall, 0.2), dark(wood, 0.12)))
    for i in range(1, 6):
        y = edge + (900 - edge) * (i / 6) ** 1.35
        c.line([(0, y), (1200, y + 3)], dark(wood, 0.35), 2.5)
        c.line([(0, y + 4), (1200, y + 7)], light(wood, 0.25), 1.5)
    for _ in range(46):
        x, y = c.rnd.uniform(-60, 1200), c.rnd.uniform(edge + 12, 890)
        length = c.rnd.uniform(60, 260)
        c.line([(x, y), (x + length / 2, y + 2), (x + length, y)], dark(wood, 0.16), 1.3)
    c.box(0, edge - 3, 1200, 6, light(wood, 0.35))
    c.glow(330, 640, 620, 250, light(wood, 0.7), strength=0.5)


def tray(c: Canvas, x: float, y: float, rx: float, ry: float, *, deep: float = 34) -> None:
    """A winnowing tray of split bamboo."""
    c.shadow(x + 26, y + deep + 26, rx * 1.14, ry * 1.2, 0.75)
    c.oval(x, y + deep, rx, ry, ("#a9752f", "#7d5220"))
    c.oval(x, y, rx, ry, ("#e2b869", "#c08f43"))
    c.oval(x, y + 2, rx * 0.945, ry * 0.925, ("#b98a45", "#d9b26a"))
    for i in range(-13, 14):
        part = i / 14
        half = math.sqrt(1 - part * part) * 0.935
        c.line(
            [(x + rx * part, y - ry * half), (x + rx * part * 1.02, y + ry * half)], "#c79a52", 3
        )
        c.line([(x - rx * half, y + ry * part), (x + rx * half, y + ry * part)], "#a87a38", 2)
    for i in range(64):
        a = 2 * math.pi * i / 64
        inner = (x + rx * 0.95 * math.cos(a), y + ry * 0.93 * math.sin(a))
        outer = (x + rx * math.cos(a + 0.06), y + ry * math.sin(a + 0.06))
        c.line([inner, outer], "#8e6227", 2)
    c.glow(x - rx * 0.35, y - ry * 0.4, rx * 0.8, ry * 0.8, "#fff0c4", strength=0.35)


def bowl(c: Canvas, x: float, y: float, r: float, glaze: str) -> None:
    """A bowl seen from above and in front; its mouth is an ellipse of r by 0.42 r."""
    c.shadow(x + r * 0.18, y + r * 0.78, r * 1.25, r * 0.42, 0.8)
    body = smooth(
        [(x - r, y), (x - r * 0.82, y + r * 0.5), (x - r * 0.42, y + r * 0.8)], closed=False
    )
    body += smooth(
        [(x + r * 0.42, y + r * 0.8), (x + r * 0.82, y + r * 0.5), (x + r, y)], closed=False
    )
    c.solid(body, glaze, depth=0.4)
    c.oval(x, y, r, r * 0.42, (light(glaze, 0.4), glaze))
    c.oval(x, y + r * 0.03, r * 0.93, r * 0.37, (dark(glaze, 0.5), dark(glaze, 0.25)))


def leaf(c: Canvas, x: float, y: float, length: float, *, turn: float, colour: str) -> None:
    """A leaf whose stalk is at (x, y)."""
    half = length * 0.24
    top = smooth([(0, 0), (length * 0.4, -half), (length, 0)], closed=False)
    low = smooth([(length, 0), (length * 0.5, half), (0, 0)], closed=False)
    c.shape(turned(top + low, x, y, turn=turn), (light(colour, 0.18), dark(colour, 0.15)))
    c.line(turned([(0, 0), (length * 0.92, 0)], x, y, turn=turn), light(colour, 0.4), 2.2)

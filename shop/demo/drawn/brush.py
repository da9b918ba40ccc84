"""A canvas of 1200 by 900 points with gradients, soft shadows and smooth outlines."""

import math
import random
from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

WIDTH, HEIGHT = 1200, 900
FINER = 1.5
"""How much larger the drawing is than the picture, for smooth edges."""

Point = tuple[float, float]
Fill = str | tuple[str, str]
"""One colour, or two from top to bottom."""

RIM = 181
"""What ``Image.radial_gradient`` says where its inscribed circle ends."""

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)


def mix(first: str, second: str, part: float) -> str:
    """A colour between two; ``part`` 0 is the first."""
    a, b = _rgb(first), _rgb(second)
    return "#" + "".join(f"{round(x + (y - x) * part):02x}" for x, y in zip(a, b, strict=True))


def light(colour: str, part: float) -> str:
    """Towards a warm white."""
    return mix(colour, "#fff8e6", part)


def dark(colour: str, part: float) -> str:
    """Towards a warm black."""
    return mix(colour, "#23180c", part)


@cache
def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def points(text: str) -> list[Point]:
    """An outline from words: ``points("0 1, .5 -2")``."""
    return [(x, y) for x, y in rows(text)]


def rows(text: str) -> list[tuple[float, ...]]:
    """Places and measures from words, a comma between rows."""
    return [tuple(float(word) for word in row.split()) for row in text.split(",")]


def smooth(through: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """A curve through all points (Catmull-Rom)."""
    count = len(through)
    spans = count if closed else count - 1
    found: list[Point] = []
    for i in range(spans):
        p = [_at(through, i + j, closed=closed) for j in (-1, 0, 1, 2)]
        found.extend(_between(p, step / steps) for step in range(steps))
    return found if closed else [*found, through[-1]]


def _at(through: Sequence[Point], i: int, *, closed: bool) -> Point:
    return through[i % len(through)] if closed else through[min(max(i, 0), len(through) - 1)]


def _between(p: Sequence[Point], t: float) -> Point:
    def one(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t * t
            + (3 * b - a - 3 * c + d) * t**3
        )

    return (
        one(p[0][0], p[1][0], p[2][0], p[3][0]),
        one(p[0][1], p[1][1], p[2][1], p[3][1]),
    )


def oval(
    x: float, y: float, rx: float, ry: float, *, turn: float = 0, sides: int = 40
) -> list[Point]:
    """An ellipse as points; ``turn`` in degrees."""
    return turned(
        [
            (rx * math.cos(2 * math.pi * i / sides), ry * math.sin(2 * math.pi * i / sides))
            for i in range(sides)
        ],
        x,
        y,
        turn=turn,
    )


def turned(
    outline: Iterable[Point], x: float, y: float, *, turn: float = 0, scale: float = 1
) -> list[Point]:
    """Points round the origin, scaled, turned and moved to a place."""
    c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
    return [(x + px * c - py * s, y + px * s + py * c) for px, py in outline]


class Canvas:
    """A picture in the making; ``rnd`` is the same for the same name."""

    def __init__(self, name: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        self.rnd = random.Random(name)
        self.size = size
        self.k = max(size[0] / WIDTH, size[1] / HEIGHT) * FINER
        self.image = Image.new("RGB", (round(WIDTH * self.k), round(HEIGHT * self.k)), "#ffffff")
        self.pen = ImageDraw.Draw(self.image)

    def shape(self, outline: Sequence[Point], fill: Fill) -> None:
        """A filled outline."""
        k = self.k
        scaled = [(x * k, y * k) for x, y in outline]
        if isinstance(fill, str):
            self.pen.polygon(scaled, fill=fill)
            return
        left, top = math.floor(min(p[0] for p in scaled)), math.floor(min(p[1] for p in scaled))
        wide = max(1, math.ceil(max(p[0] for p in scaled)) - left)
        high = max(1, math.ceil(max(p[1] for p in scaled)) - top)
        mask = Image.new("L", (wide, high))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in scaled], fill=255)
        self.image.paste(_fade(fill, (wide, high)), (left, top), mask)

    def box(self, x: float, y: float, w: float, h: float, fill: Fill) -> None:
        """An upright rectangle."""
        self.shape([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], fill)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: Fill, *, turn: float = 0
    ) -> None:
        """A filled ellipse."""
        if isinstance(fill, str) and not turn:
            k = self.k
            self.pen.ellipse([(x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k], fill=fill)
        else:
            self.shape(oval(x, y, rx, ry, turn=turn), fill)

    def line(self, through: Sequence[Point], colour: str, width: float) -> None:
        """A stroke with round ends."""
        k = self.k
        scaled = [(x * k, y * k) for x, y in through]
        self.pen.line(scaled, fill=colour, width=max(1, round(width * k)), joint="curve")
        r = width * k / 2
        if r > 1.5:
            for x, y in (scaled[0], scaled[-1]):
                self.pen.ellipse([x - r, y - r, x + r, y + r], fill=colour)

    def glow(
        self, x: float, y: float, rx: float, ry: float, colour: str, *, strength: float = 0.5
    ) -> None:
        """Light, or with a dark colour shadow, that fades towards its rim."""
        k = self.k
        size = (max(1, round(2 * rx * k)), max(1, round(2 * ry * k)))
        mask = _halo().resize(size).point(lambda v: round(v * strength))
        self.image.paste(colour, (round((x - rx) * k), round((y - ry) * k)), mask)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.45) -> None:
        """What a thing leaves on the table."""
        self.glow(x, y, rx, ry, "#2a1c0c", strength=strength)

    def ball(self, x: float, y: float, r: float, colour: str, *, flat: float = 1) -> None:
        """A round thing lit from the upper left."""
        self.solid(oval(x, y, r, r * flat), colour)

    def solid(self, outline: Sequence[Point], colour: str, *, depth: float = 0.45) -> None:
        """A body of any outline: light at the upper left, dark at its far rim."""
        k = self.k
        scaled = [(x * k, y * k) for x, y in outline]
        left, top = math.floor(min(p[0] for p in scaled)), math.floor(min(p[1] for p in scaled))
        wide = max(2, math.ceil(max(p[0] for p in scaled)) - left)
        high = max(2, math.ceil(max(p[1] for p in scaled)) - top)
        mask = Image.new("L", (wide, high))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in scaled], fill=255)
        body = Image.new("RGB", (wide, high), dark(colour, depth))
        lit = _halo().resize((round(wide * 1.7), round(high * 1.7)))
        body.paste(colour, (-round(wide * 0.5), -round(high * 0.5)), lit.point(_steep))
        shine = _halo().resize((round(wide * 0.9), round(high * 0.9)))
        body.paste(
            light(colour, 0.5), (-round(wide * 0.12), -round(high * 0.14)), shine.point(_half)
        )
        self.image.paste(body, (left, top), mask)

    def dots(
        self, spots: Iterable[Point], radius: float, colours: Sequence[str], *, flat: float = 0.8
    ) -> None:
        """Many small grains."""
        k = self.k
        for x, y in spots:
            rx = radius * k * self.rnd.uniform(0.8, 1.15)
            ry = rx * flat
            self.pen.ellipse(
                [x * k - rx, y * k - ry, x * k + rx, y * k + ry], fill=self.rnd.choice(colours)
            )

    def blob(self, x: float, y: float, rx: float, ry: float, *, rough: float = 0.1) -> list[Point]:
        """An outline that no machine made."""
        count = 11
        found = [
            (
                x + rx * math.cos(a) * self.rnd.uniform(1 - rough, 1 + rough),
                y + ry * math.sin(a) * self.rnd.uniform(1 - rough, 1 + rough),
            )
            for a in (2 * math.pi * i / count for i in range(count))
        ]
        return smooth(found, steps=5)

    def closer(self, x: float, y: float, w: float) -> None:
        """Keep only the part from (x, y) that is w wide, in the picture's own proportion."""
        k = self.k
        self.image = self.image.crop(
            (round(x * k), round(y * k), round((x + w) * k), round((y + w * HEIGHT / WIDTH) * k))
        )

    def jpeg(self) -> bytes:
        """The finished picture with its mark."""
        picture = ImageOps.fit(self.image, self.size, Image.Resampling.BOX)
        _sign(picture)
        out = BytesIO()
        picture.save(out, "JPEG", quality=86)
        return out.getvalue()


def _steep(value: int) -> int:
    return min(255, round(value * 1.9))


def _half(value: int) -> int:
    return round(value * 0.55)


@cache
def _halo() -> Image.Image:
    """White in the middle, black at the rim of the inscribed circle, eased at both ends."""
    return Image.radial_gradient("L").point(_eased)


def _eased(value: int) -> int:
    t = max(0.0, 1 - value / RIM)
    return round(255 * t * t * (3 - 2 * t))


def _fade(fill: tuple[str, str], size: tuple[int, int]) -> Image.Image:
    column = Image.new("RGB", (1, 64))
    column.putdata([_rgb(mix(fill[0], fill[1], i / 63)) for i in range(64)])
    return column.resize(size, Image.Resampling.BILINEAR)


@cache
def _face(points: int) -> tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    for path in FONTS:
        if Path(path).exists():
            return "演示", ImageFont.truetype(path, points)
    return "DEMO", ImageFont.load_default(points)


def _sign(picture: Image.Image) -> None:
    """The word that says nothing here is for sale, small in a corner."""
    points = max(10, picture.width // 44)
    words, face = _face(points)
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = pen.textbbox((0, 0), words, font=face)
    pad = round(points * 0.45)
    size = (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad)
    x, y = picture.width - size[0] - pad, picture.height - size[1] - pad
    plate = Image.new("L", size)
    ImageDraw.Draw(plate).rounded_rectangle(
        (0, 0, size[0] - 1, size[1] - 1), radius=round(points * 0.4), fill=130
    )
    picture.paste("#201a0e", (x, y), plate)
    pen.text((x + pad - left, y + pad - top), words, font=face, fill="#fffaec")

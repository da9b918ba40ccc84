"""The picture door: what people upload, decoded, re-encoded and kept under names of our own.

Only what Pillow decodes as JPEG, PNG or WebP passes; what is kept was drawn again from its pixels,
so that no script, second file or place of exposure (EXIF) travels with it.
"""

import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import fsspec
from PIL import Image, UnidentifiedImageError

from shop.kernel.codes import new_file_name
from shop.kernel.errors import DomainError

R = TypeVar("R")

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIZES = {"s": 320, "m": 800, "l": 1600}
"""Longest side in pixels; a smaller picture is never blown up."""
QUALITY = 80
SMALL_BYTES = 30 * 1024
BAND = 64
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
NAME = re.compile(r"[0-9a-f]{32}")

# Pillow's own limit warns below twice its value and is shared by the whole process; ours is checked
# on the header, before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None


class UnsupportedFile(DomainError):
    """Not a picture that can be decoded as JPEG, PNG or WebP."""

    code: ClassVar[str] = "unsupported-file"


class FileTooLarge(DomainError):
    """More bytes or pixels than a picture may have."""

    code: ClassVar[str] = "payload-too-large"


@dataclass(frozen=True, kw_only=True)
class SavedPicture:
    """A picture in the store; width and height are those of its largest version, in pixels."""

    name: str
    width: int
    height: int
    bytes: int


class Pictures(Protocol):
    """Where pictures are kept."""

    def save(self, data: bytes) -> SavedPicture:
        """Re-encode and keep; raises ``UnsupportedFile`` or ``FileTooLarge``."""
        ...

    def open(self, name: str, size: str) -> bytes | None:
        """The WebP bytes of one size (``s``, ``m``, ``l``), or ``None``."""
        ...

    def remove(self, name: str) -> None:
        """Forget a picture; one that is not there is forgotten already."""
        ...


class StoredPictures:
    """Pictures in any folder or bucket that fsspec can reach."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)

    def save(self, data: bytes) -> SavedPicture:
        return aside(lambda: self._save(data))

    def _save(self, data: bytes) -> SavedPicture:
        picture = decode(data)
        made = {size: encode(picture, size) for size in SIZES}
        name = new_file_name()
        try:
            self._fs.makedirs(f"{self._root}/{name}", exist_ok=True)
            for size, content in made.items():
                self._fs.pipe_file(self._path(name, size), content)
        except BaseException:
            self._remove(name)
            raise
        width, height = _fitted(picture.size, SIZES["l"])
        return SavedPicture(
            name=name, width=width, height=height, bytes=sum(map(len, made.values()))
        )

    def open(self, name: str, size: str) -> bytes | None:
        if size not in SIZES or not NAME.fullmatch(name):
            return None
        try:
            content: bytes = self._fs.cat_file(self._path(name, size))
        except FileNotFoundError:
            return None
        return content

    def remove(self, name: str) -> None:
        if NAME.fullmatch(name):
            aside(lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        if self._fs.exists(f"{self._root}/{name}"):
            self._fs.rm(f"{self._root}/{name}", recursive=True)

    def _path(self, name: str, size: str) -> str:
        return f"{self._root}/{name}/{size}.webp"


def decode(data: bytes) -> Image.Image:
    """The pixels, upright and opaque, at most as large as the largest version needs."""
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"a picture has at most {MAX_BYTES // 1024 // 1024} MB")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise FileTooLarge(f"a picture has at most {MAX_PIXELS // 1_000_000} megapixels")
            turn = picture.getexif().get(ORIENTATION)
            picture.draft("RGB", (SIZES["l"], SIZES["l"]))
            shrunk = _shrunk(picture)
            shrunk.thumbnail((SIZES["l"], SIZES["l"]), Image.Resampling.LANCZOS)
            shrunk.info.clear()
            return shrunk.transpose(TURNS[turn]) if turn in TURNS else shrunk
    except (FileTooLarge, MemoryError):
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnsupportedFile("only JPEG, PNG and WebP pictures are taken") from error
    except Exception as error:
        raise UnsupportedFile("the picture cannot be decoded") from error


def _shrunk(picture: Image.Image) -> Image.Image:
    """RGB at a size near the largest version, band by band: a full copy would double the memory."""
    factor = max(picture.size) // SIZES["l"]
    if factor < 2:
        return _opaque(picture)
    size = (-(-picture.width // factor), -(-picture.height // factor))
    small = Image.new("RGB", size)
    for top in range(0, picture.height, factor * BAND):
        foot = min(top + factor * BAND, picture.height)
        band = _opaque(picture.crop((0, top, picture.width, foot)))
        small.paste(band.reduce(factor), (0, top // factor))
    return small


def _opaque(picture: Image.Image) -> Image.Image:
    """Flatten on white, because a page may be light or dark."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def encode(picture: Image.Image, size: str) -> bytes:
    """WebP of one size; the small one is made to fit a phone on a village network."""
    side = SIZES[size]
    content = _webp(picture, side, QUALITY)
    quality = QUALITY
    while size == "s" and len(content) > SMALL_BYTES:
        quality, side = (quality - 15, side) if quality > 20 else (quality, side * 3 // 4)
        content = _webp(picture, side, quality)
    return content


def _webp(picture: Image.Image, side: int, quality: int) -> bytes:
    copy = picture.resize(_fitted(picture.size, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    copy.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    longest = max(size)
    if longest <= side:
        return size
    return max(1, size[0] * side // longest), max(1, size[1] * side // longest)


_turn = threading.Lock()
_pool: Any = None


def aside(work: Callable[[], R]) -> R:
    """Do heavy work where it stops nobody: a native thread under gevent, one picture at a time."""
    from gevent import monkey

    if not monkey.is_module_patched("threading"):
        with _turn:
            return work()
    result: R = _gevent_pool().apply(work)
    return result


def _gevent_pool() -> Any:
    global _pool  # noqa: PLW0603 - one a process, made in the process that uses it
    if _pool is None:
        from gevent.threadpool import ThreadPool

        _pool = ThreadPool(1)
    return _pool

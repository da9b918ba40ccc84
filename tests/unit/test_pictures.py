"""What passes the picture door, and what comes out of it."""

import io
import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from PIL import Image

from shop.domain.catalog import images
from shop.domain.catalog.images import FileTooLarge, StoredPictures, UnsupportedFile


def encoded(picture: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def photo(size: tuple[int, int] = (1200, 900)) -> Image.Image:
    return Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int = 50_000) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6)))


@pytest.fixture
def store(tmp_path: Path) -> StoredPictures:
    return StoredPictures(f"file://{tmp_path}/pictures")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_three_sizes_of_webp_come_out(store: StoredPictures, kind: str) -> None:
    saved = store.save(encoded(photo((2000, 1500)), kind))
    assert (saved.width, saved.height) == (1600, 1200)
    for size, side in images.SIZES.items():
        content = store.open(saved.name, size)
        assert content is not None
        with Image.open(io.BytesIO(content)) as made:
            assert (made.format, max(made.size)) == ("WEBP", side)


def test_a_small_picture_is_not_blown_up(store: StoredPictures) -> None:
    saved = store.save(encoded(photo((40, 30)), "PNG"))
    assert (saved.width, saved.height) == (40, 30)


def test_the_small_version_fits_a_village_network(store: StoredPictures) -> None:
    saved = store.save(encoded(photo(), "JPEG"))
    content = store.open(saved.name, "s")
    assert content is not None
    assert len(content) <= 30 * 1024


def test_place_and_camera_are_gone_and_the_picture_stands_upright(store: StoredPictures) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "secret-camera"
    exif.get_ifd(0x8825)[1] = "N"
    data = encoded(photo((400, 200)), "JPEG", exif=exif, comment=b"secret-camera")
    saved = store.save(data)
    assert (saved.width, saved.height) == (200, 400)
    for size in images.SIZES:
        content = store.open(saved.name, size)
        assert content is not None
        assert b"secret-camera" not in content
        with Image.open(io.BytesIO(content)) as made:
            assert not made.getexif()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_colour_mode_is_taken(store: StoredPictures, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert store.save(encoded(Image.new(mode, (1700, 100)), kind)).width == 1600


SPOOFS = {
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "gif": encoded(Image.new("RGB", (9, 9)), "GIF"),
    "bmp": encoded(Image.new("RGB", (9, 9)), "BMP"),
    "tiff": encoded(Image.new("RGB", (9, 9)), "TIFF"),
    "pdf": encoded(Image.new("RGB", (9, 9)), "PDF"),
    "zip": b"PK\x03\x04" + bytes(200),
    "empty": b"",
    "jpeg head": b"\xff\xd8\xff\xe0" + b"<script>" * 40,
    "png head": b"\x89PNG\r\n\x1a\n" + b"<script>" * 40,
    "webp head": b"RIFF\x00\x01\x00\x00WEBPVP8 " + b"<script>" * 40,
    "cut jpeg": encoded(photo((300, 300)), "JPEG")[:5000],
    "cut png": encoded(photo((300, 300)), "PNG")[:5000],
    "cut webp": encoded(photo((300, 300)), "WEBP")[:5000],
}


@pytest.mark.parametrize("name", sorted(SPOOFS))
def test_what_is_no_picture_is_refused(store: StoredPictures, name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFile):
        store.save(SPOOFS[name])
    assert not list(tmp_path.rglob("*.webp"))


def test_a_polyglot_leaves_its_second_file_behind(store: StoredPictures) -> None:
    saved = store.save(encoded(photo((90, 90)), "PNG") + b"<script>alert(1)</script>")
    content = store.open(saved.name, "l")
    assert content is not None
    assert b"script" not in content


def test_a_bomb_is_refused_by_its_head() -> None:
    with pytest.raises(FileTooLarge):
        images.decode(png_bomb())


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(FileTooLarge):
        images.decode(bytes(images.MAX_BYTES + 1))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 33, "A" * 32, "", "a\0b"])
def test_only_our_own_names_are_opened(store: StoredPictures, name: str) -> None:
    assert store.open(name, "s") is None


def test_an_unknown_size_is_not_there(store: StoredPictures) -> None:
    saved = store.save(encoded(photo((9, 9)), "PNG"))
    assert store.open(saved.name, "../s") is None


def test_a_store_that_fails_half_way_keeps_nothing(
    store: StoredPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def fails_second(path: str, content: bytes) -> None:
        if written:
            raise OSError(28, "no space left")
        written.append(path)
        Path(path).write_bytes(content)

    monkeypatch.setattr(store._fs, "pipe_file", fails_second)
    with pytest.raises(OSError, match="no space"):
        store.save(encoded(photo((90, 90)), "PNG"))
    assert written
    assert not list(tmp_path.rglob("*.webp"))


def test_a_removed_picture_is_gone_and_may_be_removed_again(store: StoredPictures) -> None:
    saved = store.save(encoded(photo((9, 9)), "PNG"))
    store.remove(saved.name)
    store.remove(saved.name)
    assert store.open(saved.name, "s") is None


def test_several_people_upload_at_once(store: StoredPictures) -> None:
    data = encoded(photo((600, 400)), "JPEG")
    names: list[str] = []
    workers = [threading.Thread(target=lambda: names.append(store.save(data).name)) for _ in "1234"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(names)) == 4

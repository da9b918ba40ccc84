"""Text that people typed: normalised, bounded, without invisible signs."""

import unicodedata

from shop.kernel.errors import Invalid


def line(text: str, *, pointer: str, most: int, least: int = 1) -> str:
    """One line in NFC without edges, control, bidi or zero-width signs; raises ``Invalid``."""
    plain = " ".join(_visible(text, keep="").split())
    return _bounded(plain, pointer=pointer, least=least, most=most)


def block(text: str, *, pointer: str, most: int, least: int = 0) -> str:
    """Several lines of plain text; raises ``Invalid``."""
    plain = _visible(text.replace("\r\n", "\n"), keep="\n").strip()
    return _bounded(plain, pointer=pointer, least=least, most=most)


def _visible(text: str, *, keep: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    return "".join(sign if sign in keep or sign.isprintable() else " " for sign in normal)


def _bounded(plain: str, *, pointer: str, least: int, most: int) -> str:
    if len(plain) > most:
        raise Invalid.at(pointer, "this text is too long", code="too-long")
    if len(plain) < least:
        raise Invalid.at(pointer, "this text is too short", code="too-short")
    return plain

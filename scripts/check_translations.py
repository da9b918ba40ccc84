"""Compares the marked texts with the catalogues; with ``--collect`` adds what is missing."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from refusals import refusals

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "shop/translations/zh/LC_MESSAGES/messages.po"
SOURCES = {
    "shop": [("**.py", "python")],
    "templates": [("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.xml", "jinja2")],
}
KEYWORDS: dict[str, object] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "N_": None,
    "later": None,
    "ngettext": (1, 2),
}
NAMED = re.compile(r"%\((\w+)\)")


def marked() -> Catalog:
    """Every marked text of code and templates."""
    found = Catalog(locale="zh", fuzzy=False)
    for folder, methods in SOURCES.items():
        for name, line, text, _comments, _context in extract_from_dir(
            ROOT / folder,
            method_map=methods,
            options_map={"**": {"silent": "false"}},
            keywords=KEYWORDS,
        ):
            found.add(text, locations=[(f"{folder}/{name}", line)])
    for text, name, line in refusals(ROOT / "shop"):
        found.add(text, locations=[(f"shop/{name}", line)])
    return found


def kept() -> Catalog:
    """The catalogue as it stands."""
    if not CATALOGUE.exists():
        return Catalog(locale="zh", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def faults() -> Iterator[str]:
    """One line for each text without a translation, or with one that cannot be used."""
    catalogue = kept()
    for message in marked():
        if message.id:
            where = ", ".join(f"{file}:{line}" for file, line in message.locations[:2])
            if fault := _fault(message, catalogue.get(message.id)):
                yield f"{where}: {message.id!r} {fault}"


def _fault(wanted: Message, found: Message | None) -> str | None:
    if found is None or not _texts(found.string) or not all(_texts(found.string)):
        return "has no translation"
    if found.fuzzy:
        return "has a fuzzy translation"
    names = {name for text in _texts(wanted.id) for name in NAMED.findall(text)}
    if any(set(NAMED.findall(text)) - names for text in _texts(found.string)):
        return "is translated with a name that the text does not have"
    return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value or ""),)


def collect() -> None:
    """Add the marked texts to the catalogue, keep what is translated, drop what is gone."""
    catalogue = kept()
    catalogue.update(marked(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, no_location=True)


def main() -> int:
    if "--collect" in sys.argv[1:]:
        collect()
    found = list(faults())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

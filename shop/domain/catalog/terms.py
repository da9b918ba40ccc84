"""The words under which a product is found: pieces of Chinese, pinyin, initials, Latin words.

A query is compared by prefix range, so keeping every tail of a run of characters finds every part
of it; tails of the pinyin and of its initials do the same for keyboards.
"""

import re
import unicodedata

LAST = chr(0x10FFFF)
"""Sorts after every character in byte order, on both databases."""

TAIL = 12
LATIN_TAIL = 40
QUERY_CHARS = 60
QUERY_WORDS = 6

_RUN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]+|[a-z0-9]+")
_EDGE = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_TYPED = re.compile(r"[0-9]+(?:[a-z]{1,2}(?![a-z]))?|[a-z]+")
"""Letters and digits that are typed in one go; a number keeps its unit (``500g``)."""


def runs(text: str) -> list[str]:
    """Runs of Chinese characters and of Latin letters or digits, in one normal form."""
    return _RUN.findall(unicodedata.normalize("NFKC", text).lower().replace("ü", "v"))


def is_chinese(run: str) -> bool:
    """Whether a run came from the Chinese side of ``runs``."""
    return not run.isascii()


def terms_of(*texts: str) -> set[str]:
    """Every term under which these words are found."""
    found: set[str] = set()
    for text in texts:
        for run in runs(text):
            found |= _chinese(run) if is_chinese(run) else _latin(run)
    return found


def _latin(run: str) -> set[str]:
    """The run from its beginning, and from every place where letters and digits meet."""
    edges = [0, *(edge.start() for edge in _EDGE.finditer(run))]
    return {run[edge : edge + LATIN_TAIL] for edge in edges}


def pinyin(run: str) -> list[str]:
    """The syllables of Chinese characters; the library's tables are read at the first use."""
    from pypinyin import lazy_pinyin

    found: list[str] = lazy_pinyin(run, errors="ignore")
    return found


def _chinese(run: str) -> set[str]:
    syllables = pinyin(run)
    initials = "".join(syllable[0] for syllable in syllables)
    found = set(run) | {run[i : i + 2] for i in range(len(run) - 1)}
    found |= {run[i : i + TAIL] for i in range(len(run))}
    found |= {"".join(syllables[i:])[:LATIN_TAIL] for i in range(len(syllables))}
    return found | {initials[i : i + TAIL] for i in range(len(initials))}


def words_of(query: str) -> list[str]:
    """The words of a search, all of which must be found; cut to what a term can hold."""
    found: list[str] = []
    for run in runs(query[:QUERY_CHARS]):
        found += [run[:TAIL]] if is_chinese(run) else _TYPED.findall(run)
    return [word[:LATIN_TAIL] for word in found[:QUERY_WORDS]]

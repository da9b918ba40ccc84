"""The words under which a product is found: pieces of Chinese, pinyin, initials, Latin words.

A query is compared by prefix range, so keeping every tail of a run of characters finds every part
of it; tails of the pinyin and of its initials do the same for keyboards.
"""

import re
import unicodedata

from pypinyin import Style, lazy_pinyin

LAST = chr(0x10FFFF)
"""Sorts after every character in byte order, on both databases."""

TAIL = 12
LATIN_TAIL = 40
QUERY_CHARS = 60
QUERY_WORDS = 6

_RUN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]+|[a-z0-9]+")


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
            found |= _chinese(run) if is_chinese(run) else {run[:LATIN_TAIL]}
    return found


def _chinese(run: str) -> set[str]:
    pinyin = lazy_pinyin(run, style=Style.NORMAL, errors="ignore")
    initials = "".join(syllable[0] for syllable in pinyin)
    found = set(run) | {run[i : i + 2] for i in range(len(run) - 1)}
    found |= {run[i : i + TAIL] for i in range(len(run))}
    found |= {"".join(pinyin[i:])[:LATIN_TAIL] for i in range(len(pinyin))}
    return found | {initials[i : i + TAIL] for i in range(len(initials))}


def words_of(query: str) -> list[str]:
    """The words of a search, all of which must be found; cut to what a term can hold."""
    found = runs(query[:QUERY_CHARS])[:QUERY_WORDS]
    return [run[: TAIL if is_chinese(run) else LATIN_TAIL] for run in found]

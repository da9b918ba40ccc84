"""A text that people accepted is never edited: a change is a new version in a new file."""

from hashlib import sha256

from shop.domain.accounts.texts import VERSIONS
from tests.structure.code import ROOT

FOLDER = ROOT / "templates/legal"
PUBLISHED = {
    "privacy.2026-03-01.en.html":
        "1b416536cd08122d9076801febe82d1ccca633a1875d30973d0021cde55813b9",
    "privacy.2026-03-01.zh.html":
        "bb4753ef074066145f99fa3d8ba854c250361c49d0b3c09f3a8b713b20ddcdb4",
    "trading-rules.2026-03-01.en.html":
        "b4eb95518939506b3c2368adb3d5686c62504a2c09c57b7d61169ffe06e69076",
    "trading-rules.2026-03-01.zh.html":
        "d04eb19e8bbe5743e7420f95ea58546325ccd1d0ee70db45f4b6713e5aa3f770",
    "user-agreement.2026-03-01.en.html":
        "ab7c43af078b745d8d0f347841dcc7d3ef2dd1a3e12e3f939b48a4039ff0c134",
    "user-agreement.2026-03-01.zh.html":
        "77d81bec3f15308ea47fa4a347d255f7e0db634521b5934dafb87ccd0bea5623",
}  # fmt: skip
"""Every file that was ever in force, by its hash. Lines are added here, none is ever changed."""


def test_a_text_keeps_its_words_as_long_as_it_keeps_its_version() -> None:
    now = {name: sha256((FOLDER / name).read_bytes()).hexdigest() for name in PUBLISHED}
    changed = sorted(name for name, known in PUBLISHED.items() if now[name] != known)
    assert changed == [], "give the changed text a new version instead"


def test_every_version_is_there_in_both_languages_and_every_file_is_a_version() -> None:
    named = {
        f"{kind}.{version}.{language}.html"
        for kind, versions in VERSIONS.items()
        for version in versions
        for language in ("zh", "en")
    }
    files = {path.name for path in FOLDER.glob("*.html")} - {"show.html"}
    assert named == files == set(PUBLISHED)


def test_the_version_in_force_is_the_newest() -> None:
    for versions in VERSIONS.values():
        assert list(versions) == sorted(set(versions), reverse=True)

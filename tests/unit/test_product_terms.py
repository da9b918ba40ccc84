"""Under which words a product is found."""

import subprocess
import sys

import pytest

from shop.domain.catalog.terms import LAST, terms_of, words_of
from tests.structure.code import ROOT


def found(text: str, query: str) -> bool:
    """What the database does by range, done by hand."""
    terms = terms_of(text)
    return all(any(w <= term < w + LAST for term in terms) for w in words_of(query))


@pytest.mark.parametrize(
    "query",
    ["蘑菇", "菇", "北杨家庄", "杨家", "mogu", "mog", "mg", "MoGu", "beiyang", "鲜蘑", "ｍｏｇｕ"],
)
def test_mushrooms_are_found_by_any_part_and_by_keyboard(query: str) -> None:
    assert found("北杨家庄鲜蘑菇 500g", query)


@pytest.mark.parametrize("query", ["小米", "gumo", "moguu", "蘑 米", "500kg"])
def test_what_is_not_there_is_not_found(query: str) -> None:
    assert not found("北杨家庄鲜蘑菇 500g", query)


@pytest.mark.parametrize("query", ["xiaomi500", "xiaomi500g", "500xiaomi", "500", "500g", "xm5"])
def test_pinyin_and_digits_in_one_go_find_both(query: str) -> None:
    assert found("小米 500g", query)
    assert found("小米500g", query)
    assert not found("小麦 250g", query)


@pytest.mark.parametrize("query", ["a4", "a4x10", "a", "4x", "x10", "10", "500gr", "500g"])
def test_every_part_of_letters_and_digits_is_found(query: str) -> None:
    assert found("纸 A4x10 500gram", query)


def test_a_number_keeps_its_unit() -> None:
    assert words_of("xiaomi500g") == ["xiaomi", "500g"]
    assert not found("高粱 500 克", "500g")


def test_the_tables_of_pinyin_are_read_at_the_first_use() -> None:
    asks = "import sys, shop.domain.catalog.service; print('pypinyin' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
    users = [path for path in (ROOT / "shop").rglob("*.py") if "pypinyin" in path.read_text()]
    assert [path.name for path in users] == ["terms.py"]


def test_all_words_of_a_query_must_be_found() -> None:
    assert found("北杨家庄鲜蘑菇", "mogu 北杨")
    assert not found("北杨家庄鲜蘑菇", "mogu 河坡")


def test_a_vowel_with_dots_is_typed_with_v() -> None:
    assert found("绿豆", "lvdou")
    assert found("绿豆", "lüdou")


def test_a_query_without_words_has_none() -> None:
    assert words_of("!? %_ ") == []


def test_single_signs_and_pairs_are_terms() -> None:
    assert {"蘑", "菇", "蘑菇", "mogu", "gu", "mg"} <= terms_of("蘑菇")


def test_a_query_is_bounded() -> None:
    assert len(words_of("蘑菇 " * 1000)) <= 6
    assert all(len(word) <= 40 for word in words_of("x" * 1000))

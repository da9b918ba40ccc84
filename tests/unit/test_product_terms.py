"""Under which words a product is found."""

import pytest

from shop.domain.catalog.terms import LAST, terms_of, words_of


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

"""What holds for every title, every picture of deals and every change."""

import string

from hypothesis import given
from hypothesis import strategies as st

from shop.domain.catalog.revisions import merged
from shop.domain.catalog.states import StrikeBasis
from shop.domain.catalog.strike import Deals, objection
from shop.domain.catalog.terms import LAST, TAIL, is_chinese, terms_of, words_of
from shop.reads.review import pieces

chinese = st.text(alphabet="北杨家庄村鲜香菇高粱绿豆石磨玉米面蘑菇王垅", min_size=1, max_size=30)
prices = st.integers(min_value=1, max_value=100_000_000)
maybe_price = st.none() | prices


def found(terms: set[str], word: str) -> bool:
    """The range of the database, by hand."""
    return any(word <= term < word + LAST for term in terms)


@given(chinese, st.data())
def test_every_part_of_a_title_finds_it(title: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(title) - 1))
    end = data.draw(st.integers(start + 1, len(title)))
    words = words_of(title[start:end])
    assert words == [title[start:end][:TAIL]]
    assert found(terms_of(title), words[0])


@given(st.text(max_size=80))
def test_terms_fit_their_column_and_queries_stay_small(text: str) -> None:
    assert all(0 < len(term) <= 60 for term in terms_of(text))
    words = words_of(text)
    assert len(words) <= 6
    assert all(
        is_chinese(word) or set(word) <= {*string.ascii_lowercase, *string.digits} for word in words
    )


@given(prices, prices, maybe_price, maybe_price)
def test_no_comparison_stands_above_what_was_paid(
    strike: int, price: int, lowest: int | None, last: int | None
) -> None:
    deals = Deals(lowest_in_window_fen=lowest, last_fen=last)
    refused = objection(
        strike_fen=strike,
        price_fen=price,
        basis=StrikeBasis.LOWEST_PAID,
        source=None,
        deals=deals,
    )
    ceiling = lowest if lowest is not None else last
    assert (refused is None) == (ceiling is not None and price < strike <= ceiling)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_marked_difference_holds_both_texts(before: str, after: str) -> None:
    marked = pieces(before, after)
    assert "".join(p.text for p in marked if p.kind != "new") == before
    assert "".join(p.text for p in marked if p.kind != "old") == after


columns = st.dictionaries(st.sampled_from(["title", "summary", "storage"]), st.text(max_size=5))
changes = st.fixed_dictionaries(
    {}, optional={"words": columns, "pictures": st.lists(st.integers(1, 9), unique=True)}
)


@given(changes, changes)
def test_the_newer_word_wins_and_nothing_is_lost(older: dict, newer: dict) -> None:
    both = merged(older, newer)
    assert both["words"] == older.get("words", {}) | newer.get("words", {})
    wanted = newer.get("pictures", older.get("pictures"))
    assert both.get("pictures") == wanted

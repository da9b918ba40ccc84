"""What a cooperative does with its goods, and what the operator decides on."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.domain.catalog import queries, service
from shop.domain.catalog.models import (
    PriceChange,
    Product,
    ProductHistory,
    ProductRevision,
    Variant,
)
from shop.domain.catalog.states import ProductStatus, RevisionStatus
from shop.domain.villages.models import Cooperative
from shop.flows import cataloguing, reviewing
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, Stale
from shop.reads.catalogue import products
from shop.reads.product_page import product_page
from shop.reads.review import change, queue
from tests import builders as a
from tests.conftest import NOON, Race
from tests.naive import a_moment, assert_breaks, on_postgresql

pytestmark = pytest.mark.usefixtures("ctx")

PAPER = {
    "kind": "compliance",
    "number": "HG-1",
    "holder": "演示合作社",
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2026, 12, 31),
}


@pytest.fixture
def home(ctx: Flask) -> Cooperative:
    return a.a_cooperative()


@pytest.fixture
def manager(home: Cooperative) -> Actor:
    return a.a_manager(home)


@pytest.fixture
def operator(ctx: Flask) -> Actor:
    return a.an_operator()


def state(slug: str) -> Product:
    db.session.rollback()
    found = db.session.scalar(
        select(Product).where(Product.slug == slug).execution_options(populate_existing=True)
    )
    assert found is not None
    return found


def edit(actor: Actor, slug: str, **content: Any) -> None:
    cataloguing.change_product(actor=actor, now=NOON, slug=slug, content=content)


def shown() -> list[str]:
    return [card.slug for card in products().rows]


def test_a_draft_takes_seller_and_village_from_its_cooperative(
    home: Cooperative, manager: Actor
) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    product = state(slug)
    assert product.status is ProductStatus.DRAFT
    assert product.seller_licence_no == home.licence_no
    assert product.village_id == home.village_id
    assert product.from_fen == 3680


def test_it_is_sold_only_after_the_operator_agreed(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    assert shown() == []
    cataloguing.submit_product(actor=manager, now=NOON, slug=slug)
    assert [waits.slug for waits in queue()] == [slug]
    assert shown() == []
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    assert shown() == [slug]
    assert queue() == []
    moves = db.session.scalars(select(ProductHistory).order_by(ProductHistory.id)).all()
    assert [(m.from_status, m.to_status, m.actor_role) for m in moves] == [
        (None, "draft", "manager"),
        ("draft", "in_review", "manager"),
        ("in_review", "on_sale", "operator"),
    ]


def test_what_is_missing_is_named_at_once(home: Cooperative, manager: Actor) -> None:
    papers = a.a_category(certificate_required=True)
    slug = a.a_product(cooperative=home, category=papers, variants=[], on_sale=False)
    edit(manager, slug, seller={"contact": ""})
    with pytest.raises(Invalid) as refused:
        cataloguing.submit_product(actor=manager, now=NOON, slug=slug)
    pointers = {error["pointer"] for error in refused.value.errors}
    assert pointers == {"/variants", "/certificates", "/seller/contact"}
    assert state(slug).status is ProductStatus.DRAFT


def test_a_price_without_its_unit_is_not_submitted(home: Cooperative, manager: Actor) -> None:
    variant = {"sku": "A-1", "name": "袋装", "price_fen": 100, "unit": " ", "weight_grams": 500}
    slug = a.a_product(cooperative=home, variants=[variant], on_sale=False)
    with pytest.raises(Invalid) as refused:
        cataloguing.submit_product(actor=manager, now=NOON, slug=slug)
    assert refused.value.errors[0]["pointer"] == "/variants/0/unit"


def test_goods_that_need_a_paper_are_not_sold_on_an_expired_one(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    papers = a.a_category(certificate_required=True)
    slug = a.a_product(cooperative=home, category=papers, certificates=[PAPER])
    later = NOON + timedelta(days=400)
    cataloguing.take_off_sale(actor=manager, now=later, slug=slug)
    with pytest.raises(Invalid):
        cataloguing.put_on_sale(actor=manager, now=later, slug=slug)
    assert product_page(slug, actor=manager, now=later).certificates == ()
    assert len(product_page(slug, actor=manager, now=NOON).certificates) == 1


def test_only_what_perishes_may_be_exempt_from_return(home: Cooperative, manager: Actor) -> None:
    exempt = {"after_sale": {"policy": "perishable"}}
    with pytest.raises(Invalid):
        a.a_product(cooperative=home, on_sale=False, **exempt)
    fresh = a.a_category(perishable=True)
    slug = a.a_product(cooperative=home, category=fresh, **exempt)
    with pytest.raises(Invalid):
        edit(manager, slug, category=a.a_category())
    draft = a.a_product(cooperative=home, category=fresh, on_sale=False, **exempt)
    with pytest.raises(Invalid):
        edit(manager, draft, category=a.a_category())


def test_a_rejected_product_goes_back_with_the_reason(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    cataloguing.submit_product(actor=manager, now=NOON, slug=slug)
    with pytest.raises(IllegalMove):
        edit(manager, slug, title="改名")
    reviewing.reject_product(actor=operator, now=NOON, slug=slug, reason="图片不清楚")
    product = state(slug)
    assert (product.status, product.status_reason) == (ProductStatus.DRAFT, "图片不清楚")
    edit(manager, slug, title="改名")
    assert state(slug).title == "改名"


def test_a_changed_word_waits_while_the_page_keeps_selling(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home, title="高山蘑菇")
    version = state(slug).version
    edit(manager, slug, title="河谷木耳", seller={"contact": "0353-1111111"})
    assert state(slug).title == "高山蘑菇"
    assert shown() == [slug]
    seen = change(slug)
    assert seen is not None
    by_field = {difference.field: difference for difference in seen.differences}
    assert (by_field["title"].before, by_field["title"].after) == ("高山蘑菇", "河谷木耳")
    assert "seller_contact" in by_field
    assert [card.slug for card in products(q="木耳").rows] == []
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    assert state(slug).title == "河谷木耳"
    assert state(slug).version > version
    assert [card.slug for card in products(q="木耳").rows] == [slug]
    assert [card.slug for card in products(q="蘑菇").rows] == []


def test_the_newer_change_takes_in_the_older(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home)
    edit(manager, slug, title="甲")
    edit(manager, slug, summary="乙")
    rows = db.session.scalars(select(ProductRevision).order_by(ProductRevision.id)).all()
    assert [row.status for row in rows] == [RevisionStatus.WITHDRAWN, RevisionStatus.WAITING]
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    assert (state(slug).title, state(slug).summary) == ("甲", "乙")


def test_a_change_back_to_what_stands_leaves_nothing_to_decide(
    home: Cooperative, manager: Actor
) -> None:
    slug = a.a_product(cooperative=home, title="甲")
    edit(manager, slug, title="乙")
    edit(manager, slug, title="甲")
    assert queue() == []


def test_a_rejected_change_leaves_the_page_as_it_was(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home, title="甲")
    edit(manager, slug, title="乙")
    reviewing.reject_product(actor=operator, now=NOON, slug=slug, reason="夸大")
    assert (state(slug).title, state(slug).status) == ("甲", ProductStatus.ON_SALE)
    page = product_page(slug, actor=manager, now=NOON)
    assert page.revision is not None
    assert page.revision.reason == "夸大"


def test_papers_and_new_variants_wait_too(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home, sku="ONE")
    two = {"sku": "TWO", "name": "大袋", "price_fen": 900, "unit": "袋", "weight_grams": 250}
    edit(manager, slug, certificates=[PAPER], variants=[two, {"sku": "ONE", "unit": "箱"}])
    page = product_page(slug, actor=None, now=NOON)
    assert [variant.sku for variant in page.variants] == ["ONE"]
    assert page.certificates == ()
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    page = product_page(slug, actor=None, now=NOON)
    assert {variant.sku: variant.unit for variant in page.variants} == {"ONE": "箱", "TWO": "袋"}
    assert [paper.number for paper in page.certificates] == ["HG-1"]
    assert products().rows[0].price_fen == 900
    edit(manager, slug, certificates=[])
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    assert product_page(slug, actor=None, now=NOON).certificates == ()


def test_a_price_holds_at_once_and_leaves_a_row(home: Cooperative, manager: Actor) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", price_fen=3680)
    edit(manager, slug, variants=[{"sku": "ONE", "price_fen": 2980}], ship_within_hours=24)
    assert products().rows[0].price_fen == 2980
    assert state(slug).ship_within_hours == 24
    assert queue() == []
    rows = db.session.scalars(select(PriceChange).order_by(PriceChange.id)).all()
    assert [(row.old_fen, row.new_fen) for row in rows] == [(None, 3680), (3680, 2980)]


def test_prices_that_buyers_see_are_a_managers(home: Cooperative, manager: Actor) -> None:
    clerk = a.a_manager(home, role=a.Role.CLERK)
    slug = a.a_product(cooperative=home, sku="ONE")
    edit(clerk, slug, title="改名")
    with pytest.raises(Forbidden):
        edit(clerk, slug, variants=[{"sku": "ONE", "price_fen": 1}])
    keeper = a.a_manager(home, role=a.Role.KEEPER)
    with pytest.raises(NotFound):
        edit(keeper, slug, title="改名")


def test_the_live_floor_is_never_above_the_price(home: Cooperative, manager: Actor) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", price_fen=3000, live_floor_fen=2500)
    with pytest.raises(Invalid) as refused:
        edit(manager, slug, variants=[{"sku": "ONE", "price_fen": 2400}])
    assert refused.value.errors[0]["pointer"] == "/variants/0/live_floor_fen"
    edit(manager, slug, variants=[{"sku": "ONE", "price_fen": 2400, "live_floor_fen": 2400}])


def test_a_new_variant_is_refused_with_a_floor_above_its_price(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    two = {"sku": "TWO", "name": "n", "price_fen": 900, "unit": "袋", "weight_grams": 250}
    high, fair = two | {"live_floor_fen": 901}, two | {"live_floor_fen": 800}
    draft = a.a_product(cooperative=home, on_sale=False)
    slug = a.a_product(cooperative=home)
    attempts: list[Callable[[], object]] = [
        lambda: edit(manager, slug, variants=[high]),
        lambda: edit(manager, draft, variants=[high]),
        lambda: a.a_product(cooperative=home, variants=[high]),
        lambda: (
            edit(manager, slug, variants=[fair]),
            edit(manager, slug, variants=[two | {"price_fen": 700}]),
        ),
    ]
    for attempt in attempts:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.errors[0]["pointer"] == "/variants/0/live_floor_fen"
    reviewing.approve_product(actor=operator, now=NOON, slug=slug)
    assert [v.live_floor_fen for v in state(slug).variants if v.sku == "TWO"] == [800]


def test_another_cooperatives_goods_are_not_found(home: Cooperative) -> None:
    slug = a.a_product(cooperative=home)
    stranger = a.a_manager(a.a_cooperative())
    for act in (
        cataloguing.submit_product,
        cataloguing.take_off_sale,
        cataloguing.put_on_sale,
        cataloguing.archive_product,
        cataloguing.take_back_product,
        cataloguing.withdraw_revision,
    ):
        with pytest.raises(NotFound):
            act(actor=stranger, now=NOON, slug=slug)
    with pytest.raises(NotFound):
        edit(stranger, slug, title="改名")
    with pytest.raises(NotFound):
        cataloguing.create_product(
            actor=stranger, now=NOON, cooperative=home.slug, content={"category": "x", "title": "x"}
        )
    assert state(slug).status is ProductStatus.ON_SALE


def test_only_the_operator_decides(home: Cooperative, manager: Actor) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    cataloguing.submit_product(actor=manager, now=NOON, slug=slug)
    with pytest.raises(Forbidden):
        reviewing.approve_product(actor=manager, now=NOON, slug=slug)


def test_a_block_is_lifted_only_by_the_operator(
    home: Cooperative, manager: Actor, operator: Actor
) -> None:
    slug = a.a_product(cooperative=home)
    reviewing.block_product(
        actor=operator, now=NOON, slug=slug, rule="广告法 9", reason="用了最高级"
    )
    assert shown() == []
    with pytest.raises(NotFound):
        product_page(slug, actor=None, now=NOON)
    page = product_page(slug, actor=manager, now=NOON)
    assert (page.blocked_rule, page.status_reason) == ("广告法 9", "用了最高级")
    for act in (cataloguing.put_on_sale, cataloguing.take_off_sale, cataloguing.archive_product):
        with pytest.raises(IllegalMove):
            act(actor=manager, now=NOON, slug=slug)
    reviewing.unblock_product(actor=operator, now=NOON, slug=slug)
    cataloguing.put_on_sale(actor=manager, now=NOON, slug=slug)
    assert shown() == [slug]


MOVES: dict[str, set[ProductStatus]] = {
    "submit": {ProductStatus.DRAFT},
    "take_back": {ProductStatus.IN_REVIEW},
    "approve": {ProductStatus.IN_REVIEW},
    "reject": {ProductStatus.IN_REVIEW},
    "off": {ProductStatus.ON_SALE},
    "on": {ProductStatus.OFF_SALE},
    "block": {ProductStatus.ON_SALE, ProductStatus.OFF_SALE},
    "unblock": {ProductStatus.BLOCKED},
    "archive": {ProductStatus.DRAFT, ProductStatus.OFF_SALE},
}
PATHS: dict[ProductStatus, tuple[str, ...]] = {
    ProductStatus.DRAFT: (),
    ProductStatus.IN_REVIEW: ("submit",),
    ProductStatus.ON_SALE: ("submit", "approve"),
    ProductStatus.OFF_SALE: ("submit", "approve", "off"),
    ProductStatus.BLOCKED: ("submit", "approve", "block"),
    ProductStatus.ARCHIVED: ("archive",),
}


@pytest.mark.parametrize("status", list(ProductStatus))
def test_every_step_that_is_not_in_the_table_changes_nothing(
    status: ProductStatus, home: Cooperative, manager: Actor, operator: Actor
) -> None:
    def go(name: str, slug: str) -> None:
        word = {"now": NOON, "slug": slug}
        {
            "submit": lambda: cataloguing.submit_product(actor=manager, **word),
            "take_back": lambda: cataloguing.take_back_product(actor=manager, **word),
            "approve": lambda: reviewing.approve_product(actor=operator, **word),
            "reject": lambda: reviewing.reject_product(actor=operator, reason="r", **word),
            "off": lambda: cataloguing.take_off_sale(actor=manager, **word),
            "on": lambda: cataloguing.put_on_sale(actor=manager, **word),
            "block": lambda: reviewing.block_product(actor=operator, rule="r", reason="r", **word),
            "unblock": lambda: reviewing.unblock_product(actor=operator, **word),
            "archive": lambda: cataloguing.archive_product(actor=manager, **word),
        }[name]()

    for name, allowed in MOVES.items():
        slug = a.a_product(cooperative=home, on_sale=False)
        for step in PATHS[status]:
            go(step, slug)
        before = state(slug).version
        if status in allowed:
            go(name, slug)
            assert state(slug).status is not status
            continue
        with pytest.raises(IllegalMove):
            go(name, slug)
        assert (state(slug).status, state(slug).version) == (status, before)


def test_the_second_of_two_editors_is_told(home: Cooperative, manager: Actor) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    seen = state(slug).version
    edit(manager, slug, title="甲")
    with pytest.raises(Stale):
        cataloguing.change_product(
            actor=manager, now=NOON, slug=slug, content={"title": "乙"}, expected_version=seen
        )
    assert state(slug).title == "甲"


def many_editors(home: Cooperative, manager: Actor, race: Race, *, crowd: int) -> list[Any]:
    """All saw the same version; gives what each was told."""
    slug = a.a_product(cooperative=home)
    seen = state(slug).version
    db.session.rollback()

    def act(number: int) -> None:
        cataloguing.change_product(
            actor=manager,
            now=NOON,
            slug=slug,
            content={"title": f"第{number}版"},
            expected_version=seen,
        )

    return race(crowd, act)


def several_operators(
    home: Cooperative, manager: Actor, operator: Actor, race: Race, *, crowd: int
) -> list[Any]:
    """Half approve, half reject; gives what each was told."""
    slug = a.a_product(cooperative=home, on_sale=False)
    cataloguing.submit_product(actor=manager, now=NOON, slug=slug)

    def act(number: int) -> None:
        if number % 2:
            reviewing.approve_product(actor=operator, now=NOON, slug=slug)
        else:
            reviewing.reject_product(actor=operator, now=NOON, slug=slug, reason="r")

    return race(crowd, act)


def test_of_many_editors_with_one_version_one_wins(
    home: Cooperative, manager: Actor, race: Race
) -> None:
    results = many_editors(home, manager, race, crowd=8)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, Stale) for result in results) == 7
    assert len(queue()) == 1


def test_two_operators_decide_once(
    home: Cooperative, manager: Actor, operator: Actor, race: Race
) -> None:
    results = several_operators(home, manager, operator, race, crowd=6)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, IllegalMove) for result in results) == 5


def read_unlocked(slug: str, *, cooperative_ids: Sequence[int] | None = None) -> Product | None:
    """``queries.locked`` without its lock."""
    query = select(Product).where(Product.slug == slug)
    found = db.session.scalar(query.execution_options(populate_existing=True))
    a_moment()
    return found


@on_postgresql
def test_naive_twins_without_the_lock_let_two_win(
    home: Cooperative,
    manager: Actor,
    operator: Actor,
    race: Race,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def two_won(results: list[Any]) -> bool:
        return results.count(None) > 1

    monkeypatch.setattr(queries, "locked", read_unlocked)
    assert_breaks(lambda: many_editors(home, manager, race, crowd=2), wrong=two_won)
    assert_breaks(lambda: several_operators(home, manager, operator, race, crowd=2), wrong=two_won)


def test_a_sku_is_one_products_in_the_whole_shop(home: Cooperative, manager: Actor) -> None:
    a.a_product(cooperative=a.a_cooperative(), sku="ONE")
    with pytest.raises(Invalid) as refused:
        a.a_product(cooperative=home, sku="ONE", on_sale=False)
    assert refused.value.errors[0] == {
        "pointer": "/variants/0/sku",
        "code": "taken",
        "detail": "this SKU is taken",
    }


def test_a_sku_that_waits_for_one_product_is_not_asked_for_another(
    home: Cooperative, manager: Actor
) -> None:
    two = {"sku": "TWO", "name": "n", "price_fen": 5, "unit": "袋", "weight_grams": 1}
    slug, other = (a.a_product(cooperative=home) for _ in range(2))
    edit(manager, slug, variants=[two])
    edit(manager, slug, variants=[two | {"price_fen": 6}])
    for attempt in (
        lambda: edit(manager, other, variants=[two]),
        lambda: a.a_product(variants=[two], on_sale=False),
    ):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.errors[0]["code"] == "taken"
    assert queue()[0].slug == slug
    cataloguing.withdraw_revision(actor=manager, now=NOON, slug=slug)
    edit(manager, other, variants=[two])


def test_what_else_the_database_refuses_is_not_called_a_taken_sku(
    home: Cooperative, manager: Actor
) -> None:
    slug = a.a_product(cooperative=home, on_sale=False)
    weightless = {"sku": "TWO", "name": "n", "price_fen": 5, "unit": "袋", "weight_grams": 0}
    with pytest.raises(IntegrityError):
        edit(manager, slug, variants=[weightless])


def many_with_one_sku(
    home: Cooperative, manager: Actor, race: Race, *, sku: str, crowd: int
) -> list[Any]:
    category, slug = a.a_category(), home.slug
    variant = {"sku": sku, "name": "n", "price_fen": 1, "unit": "袋", "weight_grams": 1}
    content = {"title": "t", "category": category, "variants": [variant]}
    return race(
        crowd,
        lambda _: cataloguing.create_product(
            actor=manager, now=NOON, cooperative=slug, content=content
        ),
    )


@on_postgresql
def test_naive_twin_lets_the_database_refuse_a_taken_sku(
    home: Cooperative, manager: Actor, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_then_add(product: Product, values: dict[str, Any], **_: object) -> None:
        assert queries.variant(values["sku"]) is None
        a_moment()
        db.session.add(Variant(product_id=product.id, position=0, **values))
        db.session.flush()

    monkeypatch.setattr(service, "add_variant", read_then_add)
    skus = iter(range(100))
    assert_breaks(lambda: many_with_one_sku(home, manager, race, sku=f"S-{next(skus)}", crowd=2))


def test_a_sku_taken_at_the_same_moment_is_refused(
    home: Cooperative, manager: Actor, race: Race
) -> None:
    results = many_with_one_sku(home, manager, race, sku="ONE", crowd=6)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, Invalid) for result in results) == 5, results


def test_a_variant_leaves_a_draft_unless_something_leans_on_it(
    home: Cooperative, manager: Actor
) -> None:
    slug = a.a_product(cooperative=home, sku="ONE", on_sale=False)
    two = {"sku": "TWO", "name": "n", "price_fen": 5, "unit": "袋", "weight_grams": 1}
    edit(manager, slug, variants=[two])
    a._lot("ONE", 3, NOON)
    with pytest.raises(Invalid):
        cataloguing.drop_variant(actor=manager, now=NOON, slug=slug, sku="ONE")
    cataloguing.drop_variant(actor=manager, now=NOON, slug=slug, sku="TWO")
    assert [variant.sku for variant in state(slug).variants] == ["ONE"]
    assert state(slug).from_fen == 3680


def test_archiving_takes_back_what_waits(home: Cooperative, manager: Actor) -> None:
    slug = a.a_product(cooperative=home)
    edit(manager, slug, title="乙")
    cataloguing.take_off_sale(actor=manager, now=NOON, slug=slug)
    cataloguing.archive_product(actor=manager, now=NOON, slug=slug)
    assert queue() == []
    assert queries.waiting_revision(state(slug).id) is None

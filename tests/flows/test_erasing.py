"""A person leaves, and what the law wants stays without a name."""

import pytest
from flask import Flask
from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts import passwords, queries
from shop.domain.accounts.models import Address, Invitation, SmsCode, User
from shop.domain.accounts.service import AccountInUse
from shop.domain.accounts.states import CodePurpose, Role, TokenKind
from shop.domain.live.models import LiveComment, LiveSession
from shop.domain.notices.models import Message
from shop.domain.orders.models import Order
from shop.domain.orders.states import OrderStatus
from shop.flows import addresses, carts, erasing, own_account, people, signing_in
from shop.kernel.actor import Actor
from shop.kernel.codes import new_order_number
from shop.reads import personal
from shop.reads.pricing import PERISHABLE_CONSENT
from tests import money
from tests.builders import COUNTY, a_category, a_cooperative, a_sku, a_token, a_user, an_actor
from tests.conftest import NOON, FixedClock

PHONE, CANARY_PHONE = "13812345678", "13887654321"
CANARY_NAME, CANARY_STREET = "金丝雀", "翠鸟路 7 号"
PASSWORD = "a fine password"
SECRET = "a secret of the tests"


@transactional
def an_order(buyer_id: int, status: OrderStatus = OrderStatus.COMPLETED) -> int:
    """A bare order with an address that must not outlive its owner."""
    made = Order(
        number=new_order_number(NOON),
        buyer_id=buyer_id,
        status=status,
        goods_fen=1000,
        freight_fen=0,
        total_fen=1000,
        ship_name=CANARY_NAME,
        ship_phone="+86" + CANARY_PHONE,
        ship_region_code=COUNTY,
        ship_region="山西省 阳泉市 郊区",
        ship_street=CANARY_STREET,
        note="放在" + CANARY_NAME,
        consents=[],
        seller_of_record="operator",
        ship_by=NOON,
        expires_at=NOON,
        created_at=NOON,
        completed_at=NOON if status is OrderStatus.COMPLETED else None,
    )
    db.session.add(made)
    db.session.flush()
    return made.id


@transactional
def a_comment(user_id: int, host_id: int) -> None:
    """Something said in a room."""
    session = LiveSession(host_id=host_id, title="演示", starts_at=NOON, created_at=NOON)
    db.session.add(session)
    db.session.flush()
    db.session.add(
        LiveComment(
            session_id=session.id, user_id=user_id, name=CANARY_NAME, text="真新鲜", at=NOON
        )
    )


def a_person_with_a_past() -> Actor:
    """Someone of whom every table that can know them knows something."""
    user_id = a_user(phone=PHONE, name=CANARY_NAME, password_hash=passwords.hashed(PASSWORD))
    actor = an_actor(user_id)
    addresses.add(
        actor=actor,
        name=CANARY_NAME,
        phone=CANARY_PHONE,
        region_code=COUNTY,
        street=CANARY_STREET,
        now=NOON,
    )
    an_order(user_id)
    a_comment(user_id, a_user(roles=(Role.HOST,)))
    cooperative = a_cooperative()
    people.invite(
        actor=an_actor(a_user(seat=(Role.MANAGER, cooperative.id))),
        cooperative_id=cooperative.id,
        phone=PHONE,
        role=Role.CLERK,
        now=NOON,
    )
    signing_in.send_code(phone=PHONE, purpose=CodePurpose.SIGN_IN, secret=SECRET, now=NOON)
    return actor


def erase(actor: Actor, **proof: str | None) -> None:
    erasing.erase_account(
        actor=actor,
        password=proof.get("password", PASSWORD),
        code=proof.get("code"),
        secret=SECRET,
        now=NOON,
    )


def everything_stored(tables: tuple[type, ...]) -> str:
    """Every cell of some tables as one text."""
    rows = [
        str(tuple(row))
        for table in tables
        for row in db.session.execute(select(*table.__table__.c))
    ]
    return "\n".join(rows)


def test_after_erasure_no_table_knows_the_person(ctx: Flask) -> None:
    actor = a_person_with_a_past()
    token = a_token(actor.user_id or 0)
    erase(actor)
    left = everything_stored((User, Address, Invitation, SmsCode, Message, LiveComment, Order))
    for canary in (PHONE, CANARY_PHONE, CANARY_NAME):
        assert canary not in left
    assert CANARY_STREET not in everything_stored((User, Address, LiveComment))
    assert queries.actor_by_token(token, kind=TokenKind.API, now=NOON) is None


def test_the_facts_of_the_orders_stay(ctx: Flask) -> None:
    actor = a_person_with_a_past()
    erase(actor)
    order = db.session.scalars(select(Order)).one()
    assert (order.buyer_id, order.total_fen, order.ship_region_code) == (
        actor.user_id,
        1000,
        COUNTY,
    )


def test_the_street_goes_when_its_three_years_are_over(ctx: Flask, clock: FixedClock) -> None:
    erase(a_person_with_a_past())
    other = a_user()
    an_order(other)
    assert erasing.forget_held(now=clock.tick(days=3 * 365)) == 0
    assert erasing.forget_held(now=clock.tick(days=4)) == 1
    assert erasing.forget_held(now=clock()) == 0
    streets = {one.buyer_id: one.ship_street for one in db.session.scalars(select(Order)).all()}
    assert streets[other] == CANARY_STREET
    assert sorted(streets.values()) == ["", CANARY_STREET]


def test_the_number_is_free_again(ctx: Flask) -> None:
    actor = a_person_with_a_past()
    erase(actor)
    assert a_user(phone=PHONE) != actor.user_id


def test_erasure_needs_the_password_or_a_code(ctx: Flask) -> None:
    actor = a_person_with_a_past()
    for proof in ({"password": "wrong"}, {"password": None}, {"password": None, "code": "000000"}):
        with pytest.raises(own_account.ReauthRequired):
            erase(actor, **proof)
    message = db.session.scalars(select(Message).where(Message.template == "sign-in-code")).one()
    code = str(message.variables["code"])
    db.session.rollback()
    erase(actor, password=None, code=code)
    assert queries.user_by_phone("+86" + PHONE) is None


@pytest.mark.parametrize(
    "status", [one for one in OrderStatus if one not in {"completed", "cancelled", "refunded"}]
)
def test_an_open_order_binds(ctx: Flask, status: OrderStatus) -> None:
    actor = a_person_with_a_past()
    an_order(actor.user_id or 0, status)
    with pytest.raises(AccountInUse) as refused:
        erase(actor)
    assert refused.value.facts["bonds"] == ["orders"]


def test_the_last_manager_and_the_last_operator_are_bound(ctx: Flask) -> None:
    cooperative = a_cooperative()
    for hat in ({"seat": (Role.MANAGER, cooperative.id)}, {"roles": (Role.OPERATOR,)}):
        user_id = a_user(password_hash=passwords.hashed(PASSWORD), **hat)  # type: ignore[arg-type]
        with pytest.raises(AccountInUse):
            erase(an_actor(user_id))
        a_user(**hat)  # type: ignore[arg-type]
        erase(an_actor(user_id))


def test_an_export_holds_what_the_shop_knows_and_nothing_of_others(ctx: Flask) -> None:
    actor = a_person_with_a_past()
    a_user(phone="13800000099", name="别人")
    data = personal.personal_data(actor.user_id or 0, now=NOON)
    assert data["account"]["phone"] == PHONE
    assert data["addresses"][0]["street"] == CANARY_STREET
    assert data["orders"][0]["ship_to"]["phone"] == CANARY_PHONE
    assert data["comments"][0]["text"] == "真新鲜"
    assert "别人" not in str(data)
    assert "argon2" not in str(data)


def test_an_export_tells_what_was_agreed_paid_sent_given_back_and_put_aside(ctx: Flask) -> None:
    actor, fresh = an_actor(), a_category(perishable=True)
    sku = a_sku(on_hand=9, price_fen=1000, category=fresh, after_sale={"policy": "perishable"})
    order = money.place({sku: 2}, buyer=actor)
    money.pay(order)
    money.ship(order)
    money.arrive(order)
    money.refunded(order, lines={sku: 1})
    money.a_paid({sku: 1}, buyer=an_actor())
    carts.put(actor=actor, sku=sku, quantity=3, now=NOON)
    db.session.expire_all()
    data = personal.personal_data(actor.user_id or 0, now=NOON)
    [told] = data["orders"]
    assert [consent["code"] for consent in told["consents"]] == [PERISHABLE_CONSENT]
    assert [payment["amount_fen"] for payment in told["payments"]] == [order.total_fen]
    assert [refund["amount_fen"] for refund in told["refunds"]] == [1000]
    [parcel] = told["parcels"]
    assert parcel["lines"] == [{"sku": sku, "quantity": 2}]
    assert parcel["waybill_no"].startswith("SF")
    assert parcel["events"][-1]["at"] == "2026-03-02T04:00:00.000Z"
    assert [(row["sku"], row["quantity"]) for row in data["cart"]] == [(sku, 3)]

"""A small county with three tenants: the first owns things, the others may not touch them."""

from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.aftersales.states import ClaimReason
from shop.domain.catalog import queries
from shop.domain.catalog.models import Category, Picture
from shop.domain.inventory.models import Lot
from shop.domain.live.states import SessionStatus
from shop.domain.payments.models import Payment
from shop.domain.villages.models import Cooperative, Village
from shop.flows import addresses, chatting, claiming, going_live, linking, shipping
from shop.flows.drafting import ShipTo
from shop.kernel.actor import Actor
from tests.builders import COUNTY, a_cooperative, a_farmer, a_sku, a_token, a_user, an_actor
from tests.conftest import NOON
from tests.live_builders import a_show
from tests.paid_orders import a_paid_order, an_order

CANARIES = {
    "street": "canary-street-91",
    "farmer": "canary-farmer-92",
    "phone": "13700000093",
    "waybill": "SF1234567890093",
    "note": "canary-note-94",
    "receiver": "canary-receiver-95",
    "ship_phone": "13700000096",
}
"""What marks the first tenant's things; nobody else may ever read one of these."""
ROLES = ("buyer", "host", "keeper", "clerk", "manager", "operator")


@dataclass
class World:
    """Who is there by role, and what they own.

    The second tenant is one person a role. The third is one person in every role at once, so that
    a second hat opens nothing that the first keeps closed. ``ids`` are the first's things; those
    of the others begin with ``other_`` and ``third_``.
    """

    first: dict[str, int]
    second: dict[str, int]
    third: int
    tokens: dict[int, str]
    ids: dict[str, Any]

    def header(self, role: str, *, other: bool = False) -> dict[str, str]:
        """The header of the owner in this role, or of the other one; ``third`` is a role too."""
        whose = self.second if other else self.first
        return self.credentials(self.third if role == "third" else whose[role])

    def credentials(self, user_id: int) -> dict[str, str]:
        """The header of this person."""
        return {"Authorization": f"Bearer {self.tokens[user_id]}"}

    def outsiders(self) -> Iterator[tuple[str, int]]:
        """Everybody who may not touch what is the first's."""
        yield from self.second.items()
        yield "third", self.third


def build() -> World:
    """Make it; inside an app context."""
    home, away, far = (a_cooperative(name=f"演示合作社{mark}") for mark in "甲乙丙")
    first = {
        "buyer": a_user(phone=CANARIES["phone"]),
        "host": a_user(roles=(Role.HOST,)),
        "operator": a_user(roles=(Role.OPERATOR,)),
        **{role: a_user(seat=(Role(role), home.id)) for role in ("keeper", "clerk", "manager")},
    }
    second = {
        "buyer": a_user(),
        "host": a_user(roles=(Role.HOST,)),
        **{role: a_user(seat=(Role(role), away.id)) for role in ("keeper", "clerk", "manager")},
    }
    third = a_user(roles=(Role.HOST,), seat=(Role.MANAGER, far.id))
    owners = {role: an_actor(user) for role, user in first.items()}
    others = {role: an_actor(user) for role, user in second.items()}
    theirs = dict.fromkeys(("buyer", "host", "keeper"), an_actor(third))
    skus = [
        a_sku(on_hand=on_hand, cooperative=place)
        for on_hand, place in ((500, home), (50, away), (50, far))
    ]
    ids: dict[str, Any] = {
        **_owned(home, skus[0], owners, CANARIES),
        **_named("other", _owned(away, skus[1], others, _marks(2))),
        **_named("third", _owned(far, skus[2], theirs, _marks(3))),
        "mixed": a_paid_order({skus[0]: 3, skus[2]: 3}, buyer=owners["buyer"]).number,
    }
    people = (*first.values(), *second.values(), third)
    return World(first, second, third, {user: a_token(user) for user in people}, ids)


def _marks(tenant: int) -> dict[str, str]:
    """Words in the place of the first tenant's canaries."""
    return {
        name: f"{word[:-4]}{tenant:04d}" if word[-4:].isdigit() else f"{tenant}-{name}"
        for name, word in CANARIES.items()
    }


def _named(whose: str, ids: dict[str, Any]) -> dict[str, Any]:
    return {f"{whose}_{name}": value for name, value in ids.items()}


def _owned(
    place: Cooperative, sku: str, actors: dict[str, Actor], marks: dict[str, str]
) -> dict[str, Any]:
    """A tenant's things: a household, a lot, orders, a show, an address and a picture."""
    return {
        "cooperative": place.slug,
        "sku": sku,
        "public_sku": sku,
        "farmer_id": a_farmer(place, name=marks["farmer"]).id,
        "code": _lot(sku),
        **_bought(actors, sku, marks),
        **_shown(actors, sku),
        **_place(actors["buyer"], marks),
        **_product(sku),
        "picture": _picture(actors["buyer"].user_id),
        "cover": _picture(actors["host"].user_id),
        "paper": _picture(actors["keeper"].user_id),
    }


def _bought(actors: dict[str, Actor], sku: str, marks: dict[str, str]) -> dict[str, Any]:
    ship_to = ShipTo(
        name=marks["receiver"],
        phone=f"+86{marks['ship_phone']}",
        region_code=COUNTY,
        street=marks["street"],
    )
    said: dict[str, Any] = {"ship_to": ship_to, "note": marks["note"]}
    sent = a_paid_order({sku: 3}, buyer=actors["buyer"], **said)
    parcel = shipping.hand_over(
        actor=actors["keeper"],
        number=sent.number,
        carrier="shunfeng",
        waybill_no=marks["waybill"],
        lines=[(sku, 1)],
        now=NOON,
    )
    claim = claiming.open_claim(
        actor=actors["buyer"],
        number=sent.number,
        lines=[(sku, 1)],
        reason=ClaimReason.ROTTEN,
        note=marks["note"],
        pictures=[],
        now=NOON,
    )
    payment = db.session.scalar(select(Payment.id).where(Payment.order_id == sent.id))
    db.session.rollback()
    waiting = an_order({sku: 1}, buyer=actors["buyer"], **said)
    return {
        "number": sent.number,
        "waiting": waiting.number,
        "shipment_id": parcel,
        "claim_id": claim,
        "payment_id": payment,
    }


def _shown(actors: dict[str, Actor], sku: str) -> dict[str, Any]:
    host = actors["host"]
    session_id = a_show(host=host, status=SessionStatus.LIVE)
    item_id = linking.add_item(session_id, actor=host, now=NOON, sku=sku)
    said = chatting.comment(session_id, actor=actors["buyer"], now=NOON, text="好")
    draft = going_live.create_session(
        actor=host, now=NOON, title="演示草稿", starts_at=NOON, media_origins=()
    )
    return {
        "session_id": session_id,
        "item_id": item_id,
        "comment_id": said.id,
        "draft": draft,
        "hidden_item": linking.add_item(draft, actor=host, now=NOON, sku=sku),
    }


def _place(buyer: Actor, marks: dict[str, str]) -> dict[str, Any]:
    address_id = addresses.add(
        actor=buyer,
        name="演示收件人",
        phone="13800000001",
        region_code=COUNTY,
        street=marks["street"],
        now=NOON,
    )
    return {"address_id": address_id}


@transactional
def _picture(owner_id: int | None) -> int:
    picture = Picture(
        name=token_hex(16), owner_id=owner_id, width=1, height=1, bytes=1, created_at=NOON
    )
    db.session.add(picture)
    db.session.flush()
    return picture.id


def _lot(sku: str) -> str:
    code = db.session.scalar(select(Lot.code).where(Lot.sku == sku))
    db.session.rollback()
    assert code is not None
    return code


def _product(sku: str) -> dict[str, Any]:
    variant = queries.variant(sku)
    assert variant is not None
    product = variant.product
    village = db.session.get_one(Village, product.village_id)
    category = db.session.get_one(Category, product.category_id)
    found = {"slug": product.slug, "category": category.slug, "village": village.slug}
    db.session.rollback()
    return found

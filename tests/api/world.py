"""A small county with two of everybody: the first owns things, the second may not touch them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.aftersales.states import ClaimReason
from shop.domain.catalog import queries
from shop.domain.catalog.models import Picture
from shop.domain.inventory.models import Lot
from shop.domain.live.states import SessionStatus
from shop.domain.payments.models import Payment
from shop.domain.villages.models import Village
from shop.flows import addresses, chatting, claiming, going_live, linking, shipping
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
}
ROLES = ("buyer", "host", "keeper", "clerk", "manager", "operator")


@dataclass
class World:
    """Tokens of two people a role (one operator), and what the first of each owns."""

    tokens: dict[str, str]
    others: dict[str, str]
    ids: dict[str, Any]

    def header(self, role: str, *, other: bool = False) -> dict[str, str]:
        """The header of the owner in this role, or of the other one."""
        return {"Authorization": f"Bearer {(self.others if other else self.tokens)[role]}"}


def build() -> World:
    """Make it; inside an app context."""
    home, away = a_cooperative(name="演示合作社甲"), a_cooperative(name="演示合作社乙")
    people = {
        "buyer": a_user(phone=CANARIES["phone"]),
        "host": a_user(roles=(Role.HOST,)),
        "operator": a_user(roles=(Role.OPERATOR,)),
        **{role: a_user(seat=(Role(role), home.id)) for role in ("keeper", "clerk", "manager")},
    }
    others = {
        "buyer": a_user(),
        "host": a_user(roles=(Role.HOST,)),
        **{role: a_user(seat=(Role(role), away.id)) for role in ("keeper", "clerk", "manager")},
    }
    actors = {role: an_actor(user) for role, user in people.items()}
    farmer = a_farmer(home, name=CANARIES["farmer"])
    sku = a_sku(on_hand=500, cooperative=home)
    ids: dict[str, Any] = {
        "cooperative": home.slug,
        "other_cooperative": away.slug,
        "sku": sku,
        "other_sku": a_sku(on_hand=50, cooperative=away),
        "farmer_id": farmer.id,
        "code": _lot(sku),
        **_bought(actors, sku),
        **_shown(actors, sku),
        **_place(actors["buyer"]),
        "picture": _picture(people["buyer"]),
    }
    ids |= _product(sku)
    return World(
        tokens={role: a_token(user) for role, user in people.items()},
        others={role: a_token(user) for role, user in others.items()},
        ids=ids,
    )


def _bought(actors: dict[str, Actor], sku: str) -> dict[str, Any]:
    sent = a_paid_order({sku: 3}, buyer=actors["buyer"])
    parcel = shipping.hand_over(
        actor=actors["keeper"],
        number=sent.number,
        carrier="shunfeng",
        waybill_no=CANARIES["waybill"],
        lines=[(sku, 1)],
        now=NOON,
    )
    claim = claiming.open_claim(
        actor=actors["buyer"],
        number=sent.number,
        lines=[(sku, 1)],
        reason=ClaimReason.ROTTEN,
        note=CANARIES["note"],
        pictures=[],
        now=NOON,
    )
    payment = db.session.scalar(select(Payment.id).where(Payment.order_id == sent.id))
    db.session.rollback()
    waiting = an_order({sku: 1}, buyer=actors["buyer"])
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
    }


def _place(buyer: Actor) -> dict[str, Any]:
    address_id = addresses.add(
        actor=buyer,
        name="演示收件人",
        phone="13800000001",
        region_code=COUNTY,
        street=CANARIES["street"],
        now=NOON,
    )
    return {"address_id": address_id}


@transactional
def _picture(owner_id: int) -> int:
    picture = Picture(name="0" * 32, owner_id=owner_id, width=1, height=1, bytes=1, created_at=NOON)
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
    found = {"slug": product.slug, "category": product.category_id, "village": village.slug}
    db.session.rollback()
    return found

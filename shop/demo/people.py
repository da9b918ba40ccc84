"""The demo county's people: six sign-ins with one password, and their hats."""

from datetime import datetime

from sqlalchemy import select

from shop.db import db
from shop.demo.county import COOPERATIVES
from shop.demo.signins import PASSWORD
from shop.domain.accounts import passwords
from shop.domain.accounts import queries as accounts
from shop.domain.accounts.states import Role
from shop.domain.accounts.texts import AGREEMENTS
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.states import PlaceStatus
from shop.flows import addresses, people
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound

BUYER, HOST, MANAGER = "13800000001", "13800000002", "13800000003"
OPERATOR, OTHER_BUYER, OTHER_MANAGER = "13800000004", "13800000005", "13800000006"

NAMES = {
    BUYER: "演示买家",
    HOST: "演示主播",
    MANAGER: "演示社长甲",
    OPERATOR: "演示运营",
    OTHER_BUYER: "演示买家二",
    OTHER_MANAGER: "演示社长乙",
}

HOMES = {
    BUYER: ("110105", "演示路1号院2单元301"),
    OTHER_BUYER: ("140105", "演示街8号"),
}
"""Addresses of demonstration: the counties are real, the streets are not."""


def make(now: datetime) -> None:
    """Make the six people; the argon2 work is done once, before any transaction."""
    hashed = passwords.hashed(PASSWORD)
    hats = {HOST: (Role.HOST,), OPERATOR: (Role.OPERATOR,)}
    for phone, name in NAMES.items():
        people.make_user(
            phone=phone,
            name=name,
            password_hash=hashed,
            proven=True,
            roles=hats.get(phone, ()),
            agreements=AGREEMENTS,
            now=now,
        )
    for phone, (region_code, street) in HOMES.items():
        addresses.add(
            actor=actor(phone),
            name=NAMES[phone],
            phone=phone,
            region_code=region_code,
            street=street,
            is_default=True,
            now=now,
        )


def seat_managers(cooperative_ids: dict[str, int], now: datetime) -> None:
    """Give each cooperative its manager."""
    for cooperative in COOPERATIVES:
        people.make_user(
            phone=cooperative.manager_phone,
            name=NAMES[cooperative.manager_phone],
            password_hash=None,
            proven=True,
            seat=(Role.MANAGER, cooperative_ids[cooperative.slug]),
            now=now,
        )


def actor(phone: str, role: str = "buyer") -> Actor:
    """One of them, with every hat held now, wearing ``role``; raises ``NotFound``."""
    user = accounts.user_by_phone(f"+86{phone}")
    person = accounts.person(user.id) if user else None
    if person is None:
        raise NotFound(f"{phone} may not sign in any more")
    return person.actor.wearing(role)


def farmer_ids(cooperative: str, village: str) -> list[int]:
    """The active households of a demo cooperative in one village, as they were enrolled."""
    return list(
        db.session.scalars(
            select(Farmer.id)
            .join(Cooperative, Cooperative.id == Farmer.cooperative_id)
            .join(Village, Village.id == Farmer.village_id)
            .where(
                Cooperative.slug == cooperative,
                Village.slug == village,
                Farmer.status == PlaceStatus.ACTIVE,
            )
            .order_by(Farmer.id)
        )
    )

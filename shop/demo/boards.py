"""The demo county's boards: one month is published, one waits for its second signature."""

from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db
from shop.demo import people as cast
from shop.domain.accounts.states import Role
from shop.domain.villages.models import Village
from shop.flows import disclosing, people
from shop.reads import board

SEATS = (
    ("beiyangjiazhuang", cast.MANAGER, cast.OTHER_MANAGER),
    ("wanglong", cast.OTHER_MANAGER, cast.MANAGER),
)
"""Village, who drafts its board, who countersigns."""


def make(*, now: datetime) -> None:
    """Seat the villages' people and let them draft the newest month."""
    for slug, drafter, supervisor in SEATS:
        village_id = db.session.scalars(select(Village.id).where(Village.slug == slug)).one()
        for phone, role in ((drafter, Role.VILLAGE), (supervisor, Role.SUPERVISOR)):
            people.grant_role(
                actor=cast.actor(cast.OPERATOR, "operator"),
                user_id=cast.actor(phone).user_id or 0,
                role=role,
                village_id=village_id,
                now=now - timedelta(days=12),
            )
        sheet_id = disclosing.draft_board(
            actor=cast.actor(drafter, "village"),
            village_id=village_id,
            period=board.periods(village_id)[0],
            note="演示：由买家已收货的订单汇总。",
            now=now - timedelta(minutes=40),
        )
        if slug == SEATS[0][0]:
            disclosing.countersign_board(
                actor=cast.actor(supervisor, "supervisor"),
                sheet_id=sheet_id,
                now=now - timedelta(minutes=30),
            )

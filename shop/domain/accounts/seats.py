"""Roles are granted and taken off; seats in a cooperative are kept for a phone number."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from shop.db import changed, db
from shop.domain.accounts.models import Invitation, RoleGrant, User
from shop.domain.accounts.service import AccountInUse
from shop.domain.accounts.states import Role, UserStatus
from shop.kernel.actor import COOPERATIVE_ROLES, VILLAGE_ROLES
from shop.kernel.errors import Invalid, NotFound

INVITATION_LIFE = timedelta(days=14)


def place_of(cooperative_id: int | None = None, village_id: int | None = None) -> str:
    """``c7``, ``v3`` or ``""`` for the platform."""
    if cooperative_id is not None:
        return f"c{cooperative_id}"
    return "" if village_id is None else f"v{village_id}"


def grant(
    user_id: int,
    *,
    role: Role,
    now: datetime,
    cooperative_id: int | None = None,
    village_id: int | None = None,
    granted_by: int | None = None,
) -> None:
    """Put a hat on; holding it already is no error. Raises ``Invalid`` for a hat of elsewhere."""
    if (role in COOPERATIVE_ROLES) != (cooperative_id is not None) or (role in VILLAGE_ROLES) != (
        village_id is not None
    ):
        raise Invalid.at("/role", "this role belongs to another kind of place")
    hat = RoleGrant(
        user_id=user_id,
        role=role,
        cooperative_id=cooperative_id,
        village_id=village_id,
        place=place_of(cooperative_id, village_id),
        granted_by=granted_by,
        granted_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(hat)
    except IntegrityError:
        if db.session.get(User, user_id) is None:
            raise NotFound() from None


def revoke(
    user_id: int,
    *,
    role: Role,
    now: datetime,
    cooperative_id: int | None = None,
    village_id: int | None = None,
) -> None:
    """Take a hat off at once; raises ``AccountInUse`` for a place's last manager or operator."""
    place = place_of(cooperative_id, village_id)
    if role in {Role.MANAGER, Role.OPERATOR} and _others(user_id, role, place) == 0:
        raise AccountInUse("somebody must keep this role", role=str(role))
    taken = changed(
        update(RoleGrant)
        .where(
            RoleGrant.user_id == user_id,
            RoleGrant.role == role,
            RoleGrant.place == place,
            RoleGrant.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if not taken:
        raise NotFound()


def _others(user_id: int, role: Role, place: str) -> int:
    """Other active holders, their rows locked so that two cannot dismiss each other at once."""
    held = db.session.execute(
        select(RoleGrant.id, RoleGrant.user_id)
        .where(RoleGrant.role == role, RoleGrant.place == place, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()
    others = {row.user_id for row in held} - {user_id}
    active = select(User.id).where(User.id.in_(others), User.status == UserStatus.ACTIVE)
    return len(db.session.scalars(active).all())


def revoke_all(user_id: int, *, now: datetime) -> None:
    """Take every hat off; raises ``AccountInUse`` where nobody else would hold it."""
    held = db.session.scalars(
        select(RoleGrant)
        .where(RoleGrant.user_id == user_id, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.place, RoleGrant.role)
    ).all()
    for hat in held:
        if hat.role in {Role.MANAGER, Role.OPERATOR} and _others(user_id, hat.role, hat.place) == 0:
            raise AccountInUse("somebody must keep this role", role=str(hat.role))
    db.session.execute(
        update(RoleGrant)
        .where(RoleGrant.user_id == user_id, RoleGrant.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def invite(
    *, phone: str, role: Role, cooperative_id: int, invited_by: int, now: datetime
) -> Invitation:
    """Keep a seat for a number; an open invitation to the same seat is replaced."""
    if role not in COOPERATIVE_ROLES:
        raise Invalid.at("/role", "not a role of a cooperative")
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.phone == phone,
            Invitation.cooperative_id == cooperative_id,
            Invitation.role == role,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )
    made = Invitation(
        phone=phone,
        role=role,
        cooperative_id=cooperative_id,
        invited_by=invited_by,
        created_at=now,
        expires_at=now + INVITATION_LIFE,
    )
    db.session.add(made)
    db.session.flush()
    return made


def withdraw(invitation_id: int, *, cooperatives: Sequence[int] | None, now: datetime) -> None:
    """Take an invitation of these cooperatives (``None``: of any) back."""
    waiting = update(Invitation).where(
        Invitation.id == invitation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
    )
    if cooperatives is not None:
        waiting = waiting.where(Invitation.cooperative_id.in_(cooperatives))
    if not changed(waiting.values(withdrawn_at=now)):
        raise NotFound()


def take_seats(user: User, *, now: datetime) -> int:
    """Give a proven number the seats that were kept for it; says how many."""
    if user.phone is None or user.phone_proven_at is None:
        return 0
    kept = db.session.scalars(
        update(Invitation)
        .where(
            Invitation.phone == user.phone,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(accepted_at=now)
        .returning(Invitation)
        .execution_options(synchronize_session=False)
    ).all()
    for one in sorted(kept, key=lambda each: each.id):
        grant(
            user.id,
            role=one.role,
            cooperative_id=one.cooperative_id,
            granted_by=one.invited_by,
            now=now,
        )
    return len(kept)


def forget_invitations(phone: str) -> None:
    """Drop every invitation of a number."""
    db.session.execute(delete(Invitation).where(Invitation.phone == phone))

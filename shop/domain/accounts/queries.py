"""Who somebody is and what they may do, as the tables say now."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from shop.bulk import among
from shop.db import db
from shop.domain.accounts.models import AccessToken, Address, Invitation, RoleGrant, User
from shop.domain.accounts.states import Role, TokenKind, UserStatus
from shop.kernel.actor import COOPERATIVE_ROLES, VILLAGE_ROLES, Actor
from shop.kernel.codes import hash_token

BUYER = "buyer"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A signed-in caller; ``phone`` is E.164."""

    actor: Actor
    user_id: int
    name: str
    phone: str | None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a password is checked against."""

    user_id: int
    password_hash: str | None
    status: UserStatus


def actor_by_token(token: str, *, kind: TokenKind, now: datetime) -> Person | None:
    """The active person behind a live credential, with the roles held at this moment."""
    return people_by_tokens([(kind, token)], now=now).get((kind, token))


def people_by_tokens(
    shown: Collection[tuple[TokenKind, str]], *, now: datetime
) -> dict[tuple[TokenKind, str], Person]:
    """The active people behind live credentials, in one query; an unknown one is absent."""
    by_hash = {hash_token(token): token for _, token in shown}
    rows = db.session.execute(
        select(AccessToken.token_hash, AccessToken.kind, User.id, User.name, User.phone, *_GRANT)
        .join(User, User.id == AccessToken.user_id)
        .outerjoin(RoleGrant, _HELD)
        .where(
            among(AccessToken.token_hash, by_hash),
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > now,
            User.status == UserStatus.ACTIVE,
        )
    ).all()
    of_hash: dict[str, list[Any]] = {}
    for row in rows:
        of_hash.setdefault(row.token_hash, []).append(row)
    return {
        (grants[0].kind, by_hash[digest]): person
        for digest, grants in of_hash.items()
        if (person := _person(grants)) is not None
    }


def person(user_id: int) -> Person | None:
    """An active person with the roles held at this moment."""
    rows = db.session.execute(
        select(User.id, User.name, User.phone, *_GRANT)
        .outerjoin(RoleGrant, _HELD)
        .where(User.id == user_id, User.status == UserStatus.ACTIVE)
    ).all()
    return _person(rows)


_GRANT = (RoleGrant.role, RoleGrant.cooperative_id, RoleGrant.village_id)
_HELD = and_(RoleGrant.user_id == User.id, RoleGrant.revoked_at.is_(None))


def _person(rows: Sequence[Any]) -> Person | None:
    if not rows:
        return None
    first = rows[0]
    held = [row for row in rows if row.role is not None]
    actor = Actor(
        user_id=first.id,
        role=BUYER,
        roles=frozenset({BUYER, *(str(row.role) for row in held)}),
        seats=frozenset(
            (str(row.role), row.cooperative_id) for row in held if row.role in COOPERATIVE_ROLES
        ),
        village_seats=frozenset(
            (str(row.role), row.village_id) for row in held if row.role in VILLAGE_ROLES
        ),
    )
    return Person(actor=actor, user_id=first.id, name=first.name, phone=first.phone)


def credentials(phone: str) -> Credentials | None:
    """The password hash kept for a number (E.164)."""
    row = db.session.execute(
        select(User.id, User.password_hash, User.status).where(User.phone == phone)
    ).one_or_none()
    if row is None:
        return None
    return Credentials(user_id=row.id, password_hash=row.password_hash, status=row.status)


def user(user_id: int) -> User | None:
    """One account, whatever its status."""
    return db.session.get(User, user_id)


def locked_user(user_id: int) -> User | None:
    """One account, which nobody else changes or orders for until the transaction ends."""
    return db.session.get(User, user_id, with_for_update=True, populate_existing=True)


def user_by_phone(phone: str) -> User | None:
    """The account of a number (E.164)."""
    return db.session.scalar(select(User).where(User.phone == phone))


def users(*, limit: int, before: int | None = None) -> list[User]:
    """Accounts, the newest first, below the id ``before``."""
    query = select(User).order_by(User.id.desc()).limit(limit)
    return list(db.session.scalars(query if before is None else query.where(User.id < before)))


def names(user_ids: Iterable[int]) -> dict[int, str]:
    """User id to display name."""
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(set(user_ids))))
    return {row.id: row.name for row in found}


def grants(user_ids: Iterable[int]) -> list[RoleGrant]:
    """Roles held now by some people, oldest first."""
    return list(
        db.session.scalars(
            select(RoleGrant)
            .where(RoleGrant.user_id.in_(set(user_ids)), RoleGrant.revoked_at.is_(None))
            .order_by(RoleGrant.id)
        )
    )


def operators() -> int:
    """How many active people run the platform."""
    return len(_holders(Role.OPERATOR, place=""))


def seats_of(cooperative_id: int) -> list[tuple[RoleGrant, User]]:
    """Who sits in a cooperative now."""
    return _seats(RoleGrant.cooperative_id == cooperative_id)


def seats_of_village(village_id: int) -> list[tuple[RoleGrant, User]]:
    """Who keeps a village's board now, and who countersigns it."""
    return _seats(RoleGrant.village_id == village_id)


def _seats(where: ColumnElement[bool]) -> list[tuple[RoleGrant, User]]:
    rows = db.session.execute(
        select(RoleGrant, User)
        .join(User, User.id == RoleGrant.user_id)
        .where(where, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.id)
    )
    return [(row[0], row[1]) for row in rows]


def _holders(role: Role, *, place: str) -> list[int]:
    return list(
        db.session.scalars(
            select(RoleGrant.user_id)
            .join(User, User.id == RoleGrant.user_id)
            .where(
                RoleGrant.role == role,
                RoleGrant.place == place,
                RoleGrant.revoked_at.is_(None),
                User.status == UserStatus.ACTIVE,
            )
        )
    )


def open_invitations(*, cooperative_id: int, now: datetime) -> list[Invitation]:
    """Seats of a cooperative that wait for their number to sign in."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.cooperative_id == cooperative_id, *_waiting(now))
            .order_by(Invitation.id)
        )
    )


def invitations_for(phone: str, *, now: datetime) -> list[Invitation]:
    """Seats that wait for a number (E.164)."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.phone == phone, *_waiting(now))
            .order_by(Invitation.id)
        )
    )


def _waiting(now: datetime) -> tuple[Any, ...]:
    return (
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > now,
    )


def addresses_of(user_id: int) -> Select[Address]:
    """A buyer's addresses, to be listed in pages."""
    return select(Address).where(Address.user_id == user_id)


def addresses(user_id: int) -> list[Address]:
    """A buyer's address book: the default first, then the newest."""
    return list(
        db.session.scalars(
            select(Address)
            .where(Address.user_id == user_id)
            .order_by(Address.is_default.desc(), Address.id.desc())
        )
    )


def address(address_id: int, *, user_id: int) -> Address | None:
    """One address of this buyer; another's is not found."""
    return db.session.scalar(
        select(Address).where(Address.id == address_id, Address.user_id == user_id)
    )


def phone_of(user_id: int) -> str | None:
    """The number messages go to; an erased person has none."""
    return db.session.scalar(select(User.phone).where(User.id == user_id))

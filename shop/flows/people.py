"""People of the shop: seats in a cooperative and hats of the platform."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select

from shop.db import db, transactional
from shop.domain.accounts import phones, queries, seats, service, texts
from shop.domain.accounts.models import AccessToken, User
from shop.domain.accounts.states import Role, TokenKind, UserStatus
from shop.domain.accounts.texts import Agreement
from shop.domain.villages import queries as villages
from shop.flows.telling import tell
from shop.kernel.actor import VILLAGE_ROLES, Actor
from shop.kernel.codes import hash_token, new_token
from shop.kernel.errors import Forbidden, Invalid, NotFound

ROLE_WORDS = {Role.KEEPER: "库管员", Role.CLERK: "店员", Role.MANAGER: "负责人"}
"""How a seat is called in a message; messages on the mainland are Chinese."""


class AccountShut(Forbidden):
    """A suspended account takes no hat before it is restored."""


PLATFORM_ROLES = frozenset({Role.HOST, Role.OPERATOR})
DEMO_PREFIX = "+86171"


@transactional
def invite(*, actor: Actor, cooperative_id: int, phone: str, role: Role, now: datetime) -> int:
    """A manager, or the operator, keeps a seat for a number; says the invitation's id.

    The seat is taken when the owner of the number signs in. Raises ``NotFound`` for another's
    cooperative.
    """
    _manages(actor, cooperative_id)
    return invite_inside(
        actor=actor,
        cooperative_id=cooperative_id,
        phone=phone,
        role=role,
        now=now,
    )


def invite_inside(
    *, actor: Actor, cooperative_id: int, phone: str, role: Role, now: datetime
) -> int:
    """The invitation itself, inside a transaction that has checked who may."""
    place = villages.cooperatives_by_id([cooperative_id]).get(cooperative_id)
    if place is None:
        raise NotFound()
    number = phones.parse(phone)
    made = seats.invite(
        phone=number,
        role=role,
        cooperative_id=cooperative_id,
        invited_by=_self(actor),
        now=now,
    )
    tell(
        user_id=None,
        phone=number,
        template="invitation",
        variables={"cooperative": place.name, "role": ROLE_WORDS[role]},
        dedupe_key=f"invitation:{made.id}",
        now=now,
    )
    return made.id


@transactional
def withdraw_invitation(*, actor: Actor, invitation_id: int, now: datetime) -> None:
    """A manager, or the operator, takes an invitation back; another cooperative's is not found."""
    own = None if actor.is_operator else actor.cooperatives("manager")
    seats.withdraw(invitation_id, cooperatives=own, now=now)


@transactional
def accept_invitations(*, actor: Actor, now: datetime) -> int:
    """Take the seats kept for one's own proven number without signing in again."""
    user = queries.user(_self(actor))
    if user is None:
        raise NotFound()
    return seats.take_seats(user, now=now)


@transactional
def dismiss(*, actor: Actor, cooperative_id: int, user_id: int, role: Role, now: datetime) -> None:
    """A manager, or the operator, takes a seat away; it holds for the person's next request.

    Raises ``AccountInUse``.
    """
    _manages(actor, cooperative_id)
    seats.revoke(user_id, role=role, cooperative_id=cooperative_id, now=now)


@transactional
def grant_role(
    *, actor: Actor, user_id: int, role: Role, now: datetime, village_id: int | None = None
) -> None:
    """The operator gives somebody a hat of the platform, or of a village.

    A number that nobody has proven may be a stranger's, and gets none (``Invalid``).
    """
    _check_hat(actor, role, village_id)
    user = queries.user(user_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        raise NotFound()
    if user.phone_proven_at is None:
        raise Invalid.at(
            "/phone", "this number is not proven: its owner signs in by text message once"
        )
    seats.grant(user_id, role=role, village_id=village_id, granted_by=actor.user_id, now=now)


@transactional
def revoke_role(
    *, actor: Actor, user_id: int, role: Role, now: datetime, village_id: int | None = None
) -> None:
    """The operator takes such a hat off; the last operator keeps it (``AccountInUse``)."""
    _check_hat(actor, role, village_id)
    seats.revoke(user_id, role=role, village_id=village_id, now=now)


def _check_hat(actor: Actor, role: Role, village_id: int | None) -> None:
    _operator(actor)
    if village_id is None:
        if role not in PLATFORM_ROLES:
            raise Invalid.at("/role", "not a role of the platform")
        return
    if role not in VILLAGE_ROLES:
        raise Invalid.at("/role", "not a role of a village")
    if village_id not in villages.villages_by_id([village_id]):
        raise NotFound()


@transactional
def suspend_user(*, actor: Actor, user_id: int) -> None:
    """Shut somebody out at once; nobody suspends oneself."""
    _operator(actor)
    if user_id == actor.user_id:
        raise Forbidden("nobody suspends oneself")
    service.suspend(user_id)


@transactional
def restore_user(*, actor: Actor, user_id: int) -> None:
    """Let a suspended person in again."""
    _operator(actor)
    service.restore(user_id)


@transactional
def revoke_tokens(*, actor: Actor, user_id: int, now: datetime) -> None:
    """End every credential of somebody, for instance after a lost phone."""
    _operator(actor)
    if queries.user(user_id) is None:
        raise NotFound()
    service.revoke_tokens(user_id, now=now)


def _manages(actor: Actor, cooperative_id: int) -> None:
    if not actor.is_operator and cooperative_id not in actor.cooperatives("manager"):
        raise NotFound()


def _operator(actor: Actor) -> None:
    if not actor.is_operator:
        raise Forbidden()


def _self(actor: Actor) -> int:
    if actor.user_id is None:
        raise Forbidden()
    return actor.user_id


@transactional
def make_user(
    *,
    phone: str,
    name: str,
    password_hash: str | None,
    proven: bool,
    now: datetime,
    roles: tuple[Role, ...] = (),
    seat: tuple[Role, int] | None = None,
    agreements: Sequence[Agreement] = (),
) -> int:
    """A person with hats, for the demo county and ``flask operator create``; gives the id.

    A number that has an account keeps it, and gets the hats; ``proven`` voids what a stranger set
    there before, and a password that is given replaces the former. Raises ``AccountShut``.
    """
    number = phones.parse(phone)
    user = queries.user_by_phone(number)
    if user is None:
        user = service.create_user(
            phone=number, name=name, password_hash=password_hash, proven=proven, now=now
        )
    else:
        _take_over(user, password_hash=password_hash, proven=proven, now=now)
    texts.accept(user.id, agreements, now=now)
    for role in roles:
        seats.grant(user.id, role=role, now=now)
    if seat is not None:
        seats.grant(user.id, role=seat[0], cooperative_id=seat[1], now=now)
    return user.id


def _take_over(user: User, *, password_hash: str | None, proven: bool, now: datetime) -> None:
    if user.status is not UserStatus.ACTIVE:
        raise AccountShut("this account is suspended")
    if proven:
        service.prove_phone(user, now=now)
    if password_hash is not None:
        service.set_password(user.id, password_hash=password_hash)
        service.revoke_tokens(user.id, now=now)


@transactional
def make_demo_buyers(count: int, *, now: datetime) -> list[str]:
    """Buyers for load tests, without a password to compute; gives one API token each."""
    newest = db.session.scalar(
        select(User.phone)
        .where(User.phone.startswith(DEMO_PREFIX))
        .order_by(User.phone.desc())
        .limit(1)
    )
    first = int(newest.removeprefix(DEMO_PREFIX)) + 1 if newest else 0
    if count < 1 or first + count > 10**8:
        raise Invalid("that many demonstration buyers do not fit")
    user_ids = db.session.scalars(
        insert(User).returning(User.id),
        [
            {
                "phone": f"{DEMO_PREFIX}{first + i:08d}",
                "name": f"演示买家{first + i + 1}",
                "status": UserStatus.ACTIVE,
                "phone_proven_at": now,
                "created_at": now,
            }
            for i in range(count)
        ],
    ).all()
    tokens = [new_token() for _ in user_ids]
    db.session.execute(
        insert(AccessToken),
        [
            {
                "user_id": user_id,
                "kind": TokenKind.API,
                "token_hash": hash_token(token),
                "created_at": now,
                "expires_at": now + service.TOKEN_LIFE,
            }
            for user_id, token in zip(user_ids, tokens, strict=True)
        ],
    )
    return tokens

"""A person leaves: the profile goes, the facts that the law keeps stay under a pseudonym."""

from datetime import datetime, timedelta

from shop.db import transactional
from shop.domain.accounts import addresses, codes, queries, seats, service
from shop.domain.accounts.service import AccountInUse
from shop.domain.audit import service as answers
from shop.domain.live import talk
from shop.domain.notices import service as notices
from shop.domain.orders import forgetting
from shop.flows.own_account import confirm_identity
from shop.kernel.actor import Actor
from shop.kernel.errors import NotFound
from shop.reads import personal

HELD = timedelta(days=3 * 366)
"""Order 117 art. 16 and E-commerce Law art. 31: three years from completion."""


def erase_account(
    *, actor: Actor, password: str | None, code: str | None, secret: str, now: datetime
) -> None:
    """Erase one's own account after password or sign-in code.

    Raises ``ReauthRequired``, and ``AccountInUse`` while orders, claims, refunds or shows are open
    or a cooperative or the platform would lose its last manager or operator.
    """
    if actor.user_id is None:
        raise NotFound()
    refuse_bound(actor.user_id)
    confirm_identity(actor=actor, password=password, code=code, secret=secret, now=now)
    _erase(actor.user_id, now=now)


def refuse_bound(user_id: int) -> None:
    """Raise ``AccountInUse`` while something is open, naming it in ``bonds``."""
    if found := personal.bonds(user_id):
        raise AccountInUse("something is still open", bonds=found)


@transactional
def _erase(user_id: int, *, now: datetime) -> None:
    user = queries.locked_user(user_id)
    if user is None:
        raise NotFound()
    refuse_bound(user_id)
    phone = user.phone
    seats.revoke_all(user_id, now=now)
    addresses.forget(user_id)
    forgetting.forget_buyer(user_id)
    talk.forget(user_id)
    answers.forget_caller(user_id)
    notices.forget(user_id=user_id, phone=phone)
    if phone is not None:
        codes.forget(phone)
        seats.forget_invitations(phone)
    service.erase(user_id, now=now)


@transactional
def forget_held(*, now: datetime) -> int:
    """Drop what was held for the term of people who left; says how many orders."""
    return forgetting.forget_streets(held_since=now - HELD)

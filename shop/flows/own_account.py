"""One's own account: name, password, agreements, and showing that it is oneself."""

from collections.abc import Sequence
from datetime import datetime

from shop.db import db, transactional
from shop.domain.accounts import codes, passwords, queries, service, texts
from shop.domain.accounts.service import InvalidCredentials
from shop.domain.accounts.states import CodePurpose
from shop.domain.accounts.texts import Agreement
from shop.flows.telling import tell
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden


class ReauthRequired(Forbidden):
    """The person must show password or code again for this."""

    code = "reauth-required"


@transactional
def rename(*, actor: Actor, name: str) -> None:
    """Correct one's own name."""
    service.rename(_self(actor), name=name)


def change_password(
    *, actor: Actor, current: str | None, new: str, token: str | None, now: datetime
) -> None:
    """Set another password and end every other credential; ``token`` is the one to keep.

    Raises ``InvalidCredentials`` when the account has a password and ``current`` is not it.
    """
    user_id = _self(actor)
    user = queries.user(user_id)
    kept_hash = user.password_hash if user else None
    db.session.rollback()  # no connection is held while argon2 works
    passwords.checked(new, pointer="/new_password")
    if kept_hash is not None and not passwords.verify(kept_hash, current or ""):
        raise InvalidCredentials("the current password is wrong")
    _store_password(
        user_id, seen=kept_hash, password_hash=passwords.hashed(new), token=token, now=now
    )


@transactional
def _store_password(
    user_id: int, *, seen: str | None, password_hash: str, token: str | None, now: datetime
) -> None:
    user = queries.user(user_id)
    if user is None or user.password_hash != seen:
        raise InvalidCredentials("the password was changed meanwhile")
    service.set_password(user_id, password_hash=password_hash)
    service.revoke_tokens(user_id, keep=token, now=now)
    tell(
        user_id=user_id,
        phone=user.phone,
        template="password-changed",
        variables={},
        dedupe_key=f"password:{user_id}:{int(now.timestamp() * 1000)}",
        now=now,
    )


@transactional
def end_others(*, actor: Actor, token: str | None, now: datetime) -> None:
    """End every credential of one's own but ``token``."""
    service.revoke_tokens(_self(actor), keep=token, now=now)


@transactional
def accept_agreements(*, actor: Actor, versions: Sequence[Agreement], now: datetime) -> None:
    """Keep that one accepted these texts."""
    texts.accept(_self(actor), versions, now=now)


def confirm_identity(
    *, actor: Actor, password: str | None, code: str | None, secret: str, now: datetime
) -> None:
    """Re-authentication by password or by a sign-in code; raises ``ReauthRequired``."""
    user = queries.user(_self(actor))
    phone, kept_hash = (user.phone, user.password_hash) if user else (None, None)
    db.session.rollback()  # no connection is held while argon2 works
    if code and phone:
        if _code_fits(code, phone=phone, secret=secret, now=now):
            return
    elif password and passwords.verify(kept_hash, password):
        return
    raise ReauthRequired("password or code is wrong")


@transactional
def _code_fits(code: str, *, phone: str, secret: str, now: datetime) -> bool:
    return codes.use_code(code, phone=phone, purpose=CodePurpose.SIGN_IN, secret=secret, now=now)


def _self(actor: Actor) -> int:
    if actor.user_id is None:
        raise Forbidden()
    return actor.user_id

"""Accounts are made, proven, suspended and erased; credentials come and go."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.exc import IntegrityError

from shop.db import changed, db
from shop.domain.accounts.models import AccessToken, User
from shop.domain.accounts.states import TokenKind, UserStatus
from shop.kernel.codes import hash_token, new_token
from shop.kernel.errors import DomainError, NotFound
from shop.kernel.words import line

TOKEN_LIFE = timedelta(days=30)
NAME_LENGTH = 40
ERASED_NAME = "已注销用户"


class PhoneTaken(DomainError):
    """The number has an account already."""

    code = "phone-taken"


class InvalidCredentials(DomainError):
    """Wrong password, wrong code, or no such account: the caller cannot tell which."""

    code = "invalid-credentials"


class AccountInUse(DomainError):
    """Something still depends on this account."""

    code = "conflict"


def clean_name(text: str) -> str:
    """A display name; raises ``Invalid``."""
    return line(text, pointer="/name", most=NAME_LENGTH)


def create_user(
    *, phone: str, name: str, password_hash: str | None, proven: bool, now: datetime
) -> User:
    """Make an account for a number (E.164); raises ``PhoneTaken``."""
    made = User(
        phone=phone,
        name=clean_name(name),
        password_hash=password_hash,
        phone_proven_at=now if proven else None,
        created_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError as error:
        raise PhoneTaken("this number has an account") from error
    return made


def prove_phone(user: User, *, now: datetime) -> bool:
    """The number's owner is here: whoever signed up with it before loses password and tokens.

    False when the number was proven before, which changes nothing.
    """
    proven = changed(
        update(User)
        .where(User.id == user.id, User.phone_proven_at.is_(None))
        .values(phone_proven_at=now, password_hash=None)
    )
    if proven:
        revoke_tokens(user.id, now=now)
    return proven > 0


def issue_token(user_id: int, *, kind: TokenKind, now: datetime) -> tuple[str, datetime]:
    """A new opaque credential and when it ends; only its hash is kept."""
    token, expires_at = new_token(), now + TOKEN_LIFE
    db.session.add(
        AccessToken(
            user_id=user_id,
            kind=kind,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=expires_at,
        )
    )
    return token, expires_at


def revoke_token(token: str, *, kind: TokenKind, now: datetime) -> bool:
    """End one credential; false when it had ended."""
    return _revoke(AccessToken.token_hash == hash_token(token), AccessToken.kind == kind, now=now)


def revoke_tokens(user_id: int, *, now: datetime, keep: str | None = None) -> bool:
    """End every credential of a person, but the one in ``keep``."""
    mine = AccessToken.user_id == user_id
    if keep is None:
        return _revoke(mine, now=now)
    return _revoke(mine, AccessToken.token_hash != hash_token(keep), now=now)


def _revoke(*which: ColumnElement[bool], now: datetime) -> bool:
    live = update(AccessToken).where(*which, AccessToken.revoked_at.is_(None))
    return changed(live.values(revoked_at=now)) > 0


def rename(user_id: int, *, name: str) -> None:
    """Correct one's own name."""
    _change(user_id, name=clean_name(name))


def set_password(user_id: int, *, password_hash: str) -> None:
    """Keep another password."""
    _change(user_id, password_hash=password_hash)


def _change(user_id: int, **values: object) -> None:
    statement = update(User).where(User.id == user_id, User.status == UserStatus.ACTIVE)
    if changed(statement.values(**values)) == 0:
        raise NotFound()


def suspend(user_id: int) -> None:
    """Shut somebody out: the status is read with every credential, so it holds at once."""
    _move(user_id, UserStatus.ACTIVE, UserStatus.SUSPENDED)


def restore(user_id: int) -> None:
    """Let a suspended person in again."""
    _move(user_id, UserStatus.SUSPENDED, UserStatus.ACTIVE)


def _move(user_id: int, source: UserStatus, target: UserStatus) -> None:
    done = changed(
        update(User).where(User.id == user_id, User.status == source).values(status=target)
    )
    if not done:
        kept = db.session.get(User, user_id)
        if kept is None or kept.status is not target:
            raise NotFound()


def erase(user_id: int, *, now: datetime) -> None:
    """Empty the profile; the row stays as the pseudonym that orders point to."""
    done = changed(
        update(User)
        .where(User.id == user_id, User.status != UserStatus.ERASED)
        .values(
            phone=None,
            name=ERASED_NAME,
            password_hash=None,
            phone_proven_at=None,
            status=UserStatus.ERASED,
            erased_at=now,
        )
    )
    if not done:
        raise NotFound()
    revoke_tokens(user_id, now=now)

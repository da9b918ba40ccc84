"""Coming in: codes are sent, accounts made, credentials given and taken back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.db import db, transactional
from shop.domain.accounts import codes, passwords, phones, queries, seats, service, texts
from shop.domain.accounts.models import User
from shop.domain.accounts.service import InvalidCredentials, PhoneTaken
from shop.domain.accounts.states import CodePurpose, TokenKind, UserStatus
from shop.domain.accounts.texts import Agreement
from shop.flows.telling import tell
from shop.kernel.errors import Invalid

Agreements = Sequence[Agreement]
"""Each text that was accepted."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A credential that was just given; the token is nowhere else in clear."""

    token: str
    expires_at: datetime
    user_id: int
    made: bool = False


@transactional
def send_code(
    *, phone: str, purpose: CodePurpose, secret: str, now: datetime, limited: bool = True
) -> None:
    """Send six digits to a number, the same whether it has an account or not.

    ``phone`` is as people write it; ``limited`` is false in load tests. Raises ``Invalid`` and
    ``TooManyCodes``.
    """
    number = phones.parse(phone)
    code = codes.new_code(phone=number, purpose=purpose, secret=secret, now=now, limited=limited)
    cause = hashlib.sha256(f"{secret}:{number}:{now.isoformat()}".encode()).hexdigest()[:32]
    tell(
        user_id=None,
        phone=number,
        template=f"{purpose}-code",
        variables={"code": code, "minutes": int(codes.LIFE.total_seconds() // 60)},
        dedupe_key=f"code:{cause}",
        now=now,
    )


def sign_up(
    *,
    phone: str,
    password: str,
    name: str,
    code: str | None,
    code_required: bool,
    secret: str,
    now: datetime,
    agreements: Agreements = (),
) -> int:
    """Make an account and give its id; ``code`` proves the number.

    An account that somebody made with a number they never proved falls to who proves it. Raises
    ``Invalid`` (also for a wrong code, before anything is said about the number) and
    ``PhoneTaken``.
    """
    number = phones.parse(phone)
    service.clean_name(name)
    if code is None and code_required:
        raise Invalid.at("/code", "a code proves the number", code="required")
    password_hash = passwords.hashed(passwords.checked(password))
    user_id = _open_account(
        phone=number,
        name=name,
        password_hash=password_hash,
        code=code,
        secret=secret,
        agreements=agreements,
        now=now,
    )
    if user_id is None:
        raise Invalid.at("/code", "the code is wrong, used or expired", code="invalid")
    return user_id


@transactional
def _open_account(
    *,
    phone: str,
    name: str,
    password_hash: str,
    code: str | None,
    secret: str,
    agreements: Agreements,
    now: datetime,
) -> int | None:
    """``None`` for a wrong code, so that the try is kept."""
    if code is not None and not codes.use_code(
        code, phone=phone, purpose=CodePurpose.SIGN_UP, secret=secret, now=now
    ):
        return None
    try:
        user = service.create_user(
            phone=phone, name=name, password_hash=password_hash, proven=code is not None, now=now
        )
    except PhoneTaken:
        if code is None:
            raise
        user = _taken_back(phone, name=name, password_hash=password_hash, now=now)
    texts.accept(user.id, agreements, now=now)
    seats.take_seats(user, now=now)
    return user.id


def _taken_back(phone: str, *, name: str, password_hash: str, now: datetime) -> User:
    """The number's owner is here: the account of whoever signed up with it before is theirs."""
    user = queries.user_by_phone(phone)
    if user is None or user.status is not UserStatus.ACTIVE:
        raise PhoneTaken("this number has an account")
    if not service.prove_phone(user, now=now):
        raise PhoneTaken("this number has an account")
    service.rename(user.id, name=name)
    service.set_password(user.id, password_hash=password_hash)
    return user


def with_password(*, phone: str, password: str, kind: TokenKind, now: datetime) -> SignedIn:
    """A credential for number and password; one error for every reason, after the same work."""
    number = phones.parse(phone)
    found = queries.credentials(number)
    db.session.rollback()  # argon2 takes tens of milliseconds, and a connection is dear
    right = passwords.verify(found.password_hash if found else None, password)
    if found is None or not right or found.status is not UserStatus.ACTIVE:
        raise InvalidCredentials("wrong number or password")
    return _give(found, kind=kind, now=now)


@transactional
def _give(found: queries.Credentials, *, kind: TokenKind, now: datetime) -> SignedIn:
    """Look again: the account may have changed while the password was checked."""
    user = queries.user(found.user_id)
    if user is None or user.status is not UserStatus.ACTIVE:
        raise InvalidCredentials("wrong number or password")
    if user.password_hash != found.password_hash:
        raise InvalidCredentials("wrong number or password")
    return _credential(user, kind=kind, now=now)


def with_code(
    *,
    phone: str,
    code: str,
    kind: TokenKind,
    secret: str,
    now: datetime,
    agreements: Agreements = (),
) -> SignedIn:
    """A credential for number and code; makes the account when there is none.

    The first code of an unproven number voids the password and tokens made before. Raises
    ``InvalidCredentials``.
    """
    given = _by_code(
        phone=phones.parse(phone),
        code=code,
        kind=kind,
        secret=secret,
        agreements=agreements,
        now=now,
    )
    if given is None:
        raise InvalidCredentials("wrong number or code")
    return given


@transactional
def _by_code(
    *, phone: str, code: str, kind: TokenKind, secret: str, agreements: Agreements, now: datetime
) -> SignedIn | None:
    """``None`` for a wrong code or a shut account, so that the try is kept."""
    if not codes.use_code(code, phone=phone, purpose=CodePurpose.SIGN_IN, secret=secret, now=now):
        return None
    user = queries.user_by_phone(phone)
    made = user is None
    if user is None:
        user = _newcomer(phone, now=now)
    if user.status is not UserStatus.ACTIVE:
        return None
    service.prove_phone(user, now=now)
    texts.accept(user.id, agreements, now=now)
    return _credential(user, kind=kind, now=now, made=made)


def _newcomer(phone: str, *, now: datetime) -> User:
    """An account for a number that came by code; a twin that was faster is used instead."""
    name = f"用户{phone[-4:]}"
    try:
        return service.create_user(phone=phone, name=name, password_hash=None, proven=True, now=now)
    except PhoneTaken:
        user = queries.user_by_phone(phone)
        if user is None:
            raise
        return user


def _credential(user: User, *, kind: TokenKind, now: datetime, made: bool = False) -> SignedIn:
    seats.take_seats(user, now=now)
    token, expires_at = service.issue_token(user.id, kind=kind, now=now)
    return SignedIn(token=token, expires_at=expires_at, user_id=user.id, made=made)


@transactional
def sign_out(*, token: str, kind: TokenKind, now: datetime) -> None:
    """End one credential; again is no error."""
    service.revoke_token(token, kind=kind, now=now)

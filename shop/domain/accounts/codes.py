"""One-time codes: six digits, hashed, single use, five tries, ten minutes."""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, null, select, update

from shop.db import db
from shop.domain.accounts.models import SmsCode
from shop.domain.accounts.states import CodePurpose
from shop.kernel.codes import new_sms_code
from shop.kernel.errors import DomainError

LIFE = timedelta(minutes=10)
TRIES = 5
PAUSE = timedelta(minutes=1)
QUOTAS = ((timedelta(hours=1), 5), (timedelta(days=1), 10))


class TooManyCodes(DomainError):
    """This number was sent a code a moment ago, or too many today."""

    code = "rate-limited"


def code_hash(code: str, *, phone: str, secret: str) -> str:
    """A keyed hash: six digits alone could be tried out on a stolen table."""
    return hmac.new(secret.encode(), f"{phone}:{code}".encode(), hashlib.sha256).hexdigest()


def new_code(
    *, phone: str, purpose: CodePurpose, secret: str, now: datetime, limited: bool = True
) -> str:
    """Make a code for a number, known or not; raises ``TooManyCodes`` with ``retry_after``."""
    if limited:
        _one_at_a_time(phone)
        _check_quota(phone, now)
    code = new_sms_code()
    db.session.add(
        SmsCode(
            phone=phone,
            purpose=purpose,
            code_hash=code_hash(code, phone=phone, secret=secret),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    return code


def _one_at_a_time(phone: str) -> None:
    """On PostgreSQL two requests for one number would both count the rows before either writes."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(phone))))


def _check_quota(phone: str, now: datetime) -> None:
    sent = list(
        db.session.scalars(
            select(SmsCode.created_at)
            .where(SmsCode.phone == phone, SmsCode.created_at > now - QUOTAS[-1][0])
            .order_by(SmsCode.created_at.desc())
        )
    )
    for span, most in ((PAUSE, 1), *QUOTAS):
        within = [at for at in sent if at > now - span]
        if len(within) >= most:
            wait = within[most - 1] + span - now
            raise TooManyCodes(
                "too many codes for this number", retry_after=max(1, int(wait.total_seconds()) + 1)
            )


def use_code(code: str, *, phone: str, purpose: CodePurpose, secret: str, now: datetime) -> bool:
    """Try the newest code of a number once: one statement counts the try and uses the code up.

    The caller must let the transaction commit when this is false, or the try would not count.
    """
    newest = (
        select(func.max(SmsCode.id))
        .where(SmsCode.phone == phone, SmsCode.purpose == purpose)
        .scalar_subquery()
    )
    right = SmsCode.code_hash == code_hash(code, phone=phone, secret=secret)
    used_at = db.session.execute(
        update(SmsCode)
        .where(
            SmsCode.id == newest,
            SmsCode.used_at.is_(None),
            SmsCode.tries < TRIES,
            SmsCode.expires_at > now,
        )
        .values(tries=SmsCode.tries + 1, used_at=case((right, now), else_=null()))
        .returning(SmsCode.used_at)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return used_at is not None


def forget(phone: str) -> None:
    """Drop every code of a number."""
    db.session.execute(delete(SmsCode).where(SmsCode.phone == phone))


def drop_old(*, before: datetime) -> int:
    """Drop codes that no quota counts any more."""
    dropped = db.session.execute(
        delete(SmsCode).where(SmsCode.created_at < before).returning(SmsCode.id)
    )
    return len(dropped.all())

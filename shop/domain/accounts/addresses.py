"""A buyer's address book; another's entry is not found."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from shop.db import changed, db, overwrite
from shop.domain.accounts.models import Address
from shop.kernel.errors import DomainError, NotFound

MOST = 20


class AddressBookFull(DomainError):
    """Twenty addresses are enough for one buyer."""

    code = "quota-exceeded"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and to whom; ``phone`` is E.164, ``region_code`` a county of GB/T 2260."""

    name: str
    phone: str
    region_code: str
    street: str


def add(place: Place, *, user_id: int, default: bool, now: datetime) -> Address:
    """Write an address down; the first one is the default. Raises ``AddressBookFull``."""
    kept = db.session.scalar(
        select(func.count()).select_from(Address).where(Address.user_id == user_id)
    )
    if kept is not None and kept >= MOST:
        raise AddressBookFull("the address book is full")
    if default:
        _no_default(user_id)
    made = Address(
        user_id=user_id,
        name=place.name,
        phone=place.phone,
        region_code=place.region_code,
        street=place.street,
        is_default=default or not kept,
        created_at=now,
        updated_at=now,
    )
    db.session.add(made)
    db.session.flush()
    return made


def edit(
    address_id: int,
    *,
    user_id: int,
    values: dict[str, str],
    default: bool | None,
    now: datetime,
    expected: int | None = None,
) -> None:
    """Correct some fields; raises ``NotFound``, and ``Stale`` for another version."""
    mine = (Address.id == address_id, Address.user_id == user_id)
    flag = {} if default is None else {"is_default": default}
    overwrite(Address, *mine, expected=expected, **values, **flag, updated_at=now)
    if default:
        _no_default(user_id, but=address_id)


def remove(address_id: int, *, user_id: int, expected: int | None = None) -> None:
    """Strike an address out; raises ``NotFound``, and ``Stale`` for another version."""
    mine = (Address.id == address_id, Address.user_id == user_id)
    if expected is not None:
        overwrite(Address, *mine, expected=expected)
    if changed(delete(Address).where(*mine)) == 0:
        raise NotFound()


def forget(user_id: int) -> None:
    """Empty the address book."""
    db.session.execute(delete(Address).where(Address.user_id == user_id))


def _no_default(user_id: int, *, but: int = 0) -> None:
    db.session.execute(
        update(Address)
        .where(Address.user_id == user_id, Address.is_default.is_(True), Address.id != but)
        .values(is_default=False, version=Address.version + 1)
    )

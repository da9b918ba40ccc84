"""The buyer's address book: counties by code, never by name."""

from datetime import datetime

from shop.db import transactional
from shop.domain.accounts import addresses, phones
from shop.domain.accounts.addresses import Place
from shop.domain.logistics import regions
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from shop.kernel.errors import Forbidden, Invalid
from shop.kernel.words import line


@transactional
def add(
    *,
    actor: Actor,
    name: str,
    phone: str,
    region_code: str,
    street: str,
    is_default: bool = False,
    now: datetime,
) -> int:
    """Write an address down and give its id; raises ``Invalid`` and ``AddressBookFull``."""
    place = Place(
        name=line(name, pointer="/name", most=40),
        phone=phones.parse(phone),
        region_code=checked_region(region_code, now=now),
        street=line(street, pointer="/street", most=200),
    )
    return addresses.add(place, user_id=_self(actor), default=is_default, now=now).id


@transactional
def edit(
    *,
    actor: Actor,
    address_id: int,
    now: datetime,
    name: str | None = None,
    phone: str | None = None,
    region_code: str | None = None,
    street: str | None = None,
    is_default: bool | None = None,
    expected_version: int | None = None,
) -> None:
    """Correct the fields that are given; another's address is not found.

    Raises ``Stale`` where the caller read another version.
    """
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = line(name, pointer="/name", most=40)
    if phone is not None:
        values["phone"] = phones.parse(phone)
    if region_code is not None:
        values["region_code"] = checked_region(region_code, now=now)
    if street is not None:
        values["street"] = line(street, pointer="/street", most=200)
    addresses.edit(
        address_id,
        user_id=_self(actor),
        values=values,
        default=is_default,
        expected=expected_version,
        now=now,
    )


@transactional
def remove(*, actor: Actor, address_id: int, expected_version: int | None = None) -> None:
    """Strike an address out; another's is not found. Raises ``Stale``."""
    addresses.remove(address_id, user_id=_self(actor), expected=expected_version)


def checked_region(code: str, *, now: datetime, pointer: str = "/region_code") -> str:
    """A county of today's list, or a city without counties; raises ``Invalid``."""
    if not regions.is_valid_on(code, local_date(now)) or not regions.is_deliverable_level(code):
        raise Invalid.at(pointer, "not a county of the current list", code="unknown-region")
    return code


def _self(actor: Actor) -> int:
    if actor.user_id is None:
        raise Forbidden()
    return actor.user_id

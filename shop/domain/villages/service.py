"""Villages, cooperatives and farmers are entered, corrected, suspended and restored."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from shop.db import changed, db, overwrite
from shop.domain.villages import licences
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.states import PlaceStatus, SellerKind
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.words import block, line

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
SLUG_LENGTH = 64
TEXT_LENGTH = 4000

P = TypeVar("P", Village, Cooperative, Farmer)


@dataclass(frozen=True, kw_only=True)
class VillageWords:
    """What the operator says about a village."""

    name: str
    name_en: str
    region_code: str
    intro: str = ""
    intro_en: str = ""
    cover_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CooperativeWords:
    """Seller identity (DOMAIN 9): who sells, where, how to reach them, under which licence."""

    name: str
    licence_no: str
    village_id: int
    address: str
    contact: str
    seller_kind: SellerKind = SellerKind.COOPERATIVE
    story: str = ""
    cover_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class FarmerWords:
    """What a cooperative notes of a household; ``phone`` is E.164."""

    name: str
    village_id: int
    phone: str | None = None


def clean_slug(text: str) -> str:
    """The word of an address in the browser; raises ``Invalid``."""
    if len(text) > SLUG_LENGTH or SLUG.fullmatch(text) is None:
        raise Invalid.at("/slug", "lower-case letters, digits and single hyphens", code="format")
    return text


def add_village(slug: str, *, words: VillageWords, now: datetime) -> Village:
    """Enter a village; raises ``Invalid`` when the slug is taken."""
    made = Village(slug=clean_slug(slug), created_at=now, **_of_village(words))
    return _insert(made, taken=Invalid.at("/slug", "this address is taken", code="taken"))


def edit_village(village_id: int, *, words: VillageWords, expected: int | None = None) -> None:
    """Correct what is said about a village; raises ``Stale`` for another version."""
    overwrite(Village, Village.id == village_id, expected=expected, **_of_village(words))


def _of_village(words: VillageWords) -> dict[str, object]:
    return asdict(words) | {
        "name": line(words.name, pointer="/name", most=40),
        "name_en": line(words.name_en, pointer="/name_en", most=80),
        "intro": block(words.intro, pointer="/intro", most=TEXT_LENGTH),
        "intro_en": block(words.intro_en, pointer="/intro_en", most=TEXT_LENGTH),
    }


def add_cooperative(slug: str, *, words: CooperativeWords, now: datetime) -> Cooperative:
    """Enter a cooperative; raises ``Invalid`` when slug or licence number is taken or wrong."""
    made = Cooperative(slug=clean_slug(slug), created_at=now, **_of_cooperative(words))
    return _insert(made, taken=_slug_or_licence_taken())


def edit_cooperative(
    cooperative_id: int, *, words: CooperativeWords, expected: int | None = None
) -> None:
    """Correct the seller's identity; raises ``Stale`` for another version."""
    values, mine = _of_cooperative(words), Cooperative.id == cooperative_id
    try:
        with db.session.begin_nested():
            overwrite(Cooperative, mine, expected=expected, **values)
    except IntegrityError as error:
        raise _slug_or_licence_taken() from error


def _of_cooperative(words: CooperativeWords) -> dict[str, object]:
    return asdict(words) | {
        "name": line(words.name, pointer="/name", most=80),
        "licence_no": licences.of_seller(
            words.licence_no, self_grown=words.seller_kind is SellerKind.SELF_GROWN
        ),
        "address": line(words.address, pointer="/address", most=200),
        "contact": line(words.contact, pointer="/contact", most=40),
        "story": block(words.story, pointer="/story", most=TEXT_LENGTH),
    }


def _slug_or_licence_taken() -> Invalid:
    return Invalid.at("/slug", "this address or licence number is taken", code="taken")


def add_farmer(cooperative_id: int, *, words: FarmerWords, now: datetime) -> Farmer:
    """Note a household of a cooperative."""
    made = Farmer(cooperative_id=cooperative_id, created_at=now, **_of_farmer(words))
    return _insert(made, taken=NotFound())


def edit_farmer(
    farmer_id: int,
    *,
    cooperatives: tuple[int, ...],
    words: FarmerWords,
    expected: int | None = None,
) -> None:
    """Correct what is noted; another cooperative's farmer is not found.

    Raises ``Stale`` for another version.
    """
    own = (Farmer.id == farmer_id, Farmer.cooperative_id.in_(cooperatives))
    overwrite(Farmer, *own, expected=expected, **_of_farmer(words))


def _of_farmer(words: FarmerWords) -> dict[str, object]:
    return asdict(words) | {"name": line(words.name, pointer="/name", most=40)}


def record_consent(
    farmer_id: int, *, cooperatives: tuple[int, ...], given: bool, now: datetime
) -> None:
    """Note that a household agreed to be shown by its masked name, or withdrew that."""
    _only_one(
        changed(
            update(Farmer)
            .where(Farmer.id == farmer_id, Farmer.cooperative_id.in_(cooperatives))
            .values(consented_at=now if given else None)
        )
    )


def set_assisted(farmer_id: int, *, assisted: bool) -> None:
    """The operator's own note; it is shown nowhere else (DESIGN law 11)."""
    _only_one(changed(update(Farmer).where(Farmer.id == farmer_id).values(assisted=assisted)))


def set_farmer_status(
    farmer_id: int, *, cooperatives: tuple[int, ...], status: PlaceStatus
) -> None:
    """A household leaves or comes back; what it grew stays its own."""
    _only_one(
        changed(
            update(Farmer)
            .where(Farmer.id == farmer_id, Farmer.cooperative_id.in_(cooperatives))
            .values(status=status)
        )
    )


def set_village_status(village_id: int, *, status: PlaceStatus) -> None:
    """Suspend or restore a village."""
    _only_one(changed(update(Village).where(Village.id == village_id).values(status=status)))


def set_cooperative_status(cooperative_id: int, *, status: PlaceStatus) -> None:
    """Suspend or restore a cooperative: it sells nothing new, its open orders go on."""
    _only_one(
        changed(update(Cooperative).where(Cooperative.id == cooperative_id).values(status=status))
    )


def _insert(made: P, *, taken: Exception) -> P:
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError as error:
        raise taken from error
    return made


def _only_one(touched: int) -> None:
    if touched == 0:
        raise NotFound()

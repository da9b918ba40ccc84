"""Places and growers: villages, cooperatives with their first rules, farmers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.db import db, transactional
from shop.domain.accounts import phones
from shop.domain.accounts.states import Role
from shop.domain.catalog.models import Product
from shop.domain.logistics import freight
from shop.domain.logistics.freight import Zone
from shop.domain.settlement import service as settlement
from shop.domain.villages import queries, service
from shop.domain.villages.service import CooperativeWords, FarmerWords, VillageWords
from shop.domain.villages.states import PlaceStatus
from shop.flows import product_content as contents
from shop.flows.addresses import checked_region
from shop.flows.people import invite_inside
from shop.kernel.actor import Actor
from shop.kernel.errors import Forbidden, Invalid, NotFound


@dataclass(frozen=True, kw_only=True)
class Split:
    """How income is shared, in basis points of the goods; the rest is the cooperative's."""

    platform_bp: int
    village_bp: int
    farmer_bp: int


@dataclass(frozen=True, kw_only=True)
class Freight:
    """First and next weight in grams, prices by region prefix in fen."""

    first_grams: int
    next_grams: int
    free_from_fen: int | None
    zones: Sequence[Zone]


@transactional
def add_village(*, actor: Actor, slug: str, words: VillageWords, now: datetime) -> int:
    """The operator enters a village and gets its id."""
    _operator(actor)
    checked_region(words.region_code, now=now)
    return service.add_village(slug, words=words, now=now).id


@transactional
def edit_village(
    *,
    actor: Actor,
    village_id: int,
    words: VillageWords,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """The operator corrects what is said about a village; goods are found by its new name.

    Raises ``Stale`` where the caller read another version.
    """
    _operator(actor)
    checked_region(words.region_code, now=now)
    kept = queries.locked_village(village_id)
    before = (kept.name, kept.name_en)
    service.edit_village(village_id, words=words, expected=expected_version)
    db.session.refresh(kept)
    if (kept.name, kept.name_en) != before:
        contents.reword(Product.village_id == village_id)


@transactional
def set_village_status(*, actor: Actor, village_id: int, status: PlaceStatus) -> None:
    """The operator suspends or restores a village."""
    _operator(actor)
    service.set_village_status(village_id, status=status)


@transactional
def add_cooperative(
    *,
    actor: Actor,
    slug: str,
    words: CooperativeWords,
    split: Split,
    freight_rule: Freight,
    manager_phone: str | None,
    now: datetime,
) -> int:
    """The operator enters a cooperative with its first rules and invites its manager.

    Nothing is sold without a split rule and a freight rule, so they come into being together.
    """
    _operator(actor)
    _known_village(words.village_id)
    made = service.add_cooperative(slug, words=words, now=now)
    _set_split(made.id, split, actor=actor, now=now)
    _set_freight(made.id, freight_rule, actor=actor, now=now)
    if manager_phone:
        invite_inside(
            actor=actor,
            cooperative_id=made.id,
            phone=manager_phone,
            role=Role.MANAGER,
            now=now,
        )
    return made.id


@transactional
def edit_cooperative(
    *,
    actor: Actor,
    cooperative_id: int,
    words: CooperativeWords,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """The operator corrects a seller's identity, also on the pages that say what it was.

    Goods are found by its new name; orders keep what they were placed under. Raises ``Stale``
    where the caller read another version.
    """
    _operator(actor)
    _known_village(words.village_id)
    kept = queries.locked_cooperative(cooperative_id)
    before = contents.seller_of(kept)
    service.edit_cooperative(cooperative_id, words=words, expected=expected_version)
    db.session.refresh(kept)
    contents.follow_seller(cooperative_id, before, contents.seller_of(kept), now=now)
    if kept.name != before["seller_name"]:
        contents.reword(Product.cooperative_id == cooperative_id)


@transactional
def set_split(*, actor: Actor, cooperative_id: int, split: Split, now: datetime) -> None:
    """The next version of how income is shared; orders placed before keep theirs."""
    _operator(actor)
    _known_cooperative(cooperative_id)
    _set_split(cooperative_id, split, actor=actor, now=now)


@transactional
def set_freight(*, actor: Actor, cooperative_id: int, rule: Freight, now: datetime) -> None:
    """The next version of a cooperative's freight, by its manager or the operator."""
    if not actor.is_operator and cooperative_id not in actor.cooperatives("manager"):
        raise NotFound()
    _known_cooperative(cooperative_id)
    _set_freight(cooperative_id, rule, actor=actor, now=now)


@transactional
def set_cooperative_status(*, actor: Actor, cooperative_id: int, status: PlaceStatus) -> None:
    """The operator suspends or restores a cooperative; its open orders go on."""
    _operator(actor)
    service.set_cooperative_status(cooperative_id, status=status)


@transactional
def add_farmer(
    *,
    actor: Actor,
    cooperative_id: int,
    name: str,
    phone: str | None,
    village_id: int,
    now: datetime,
) -> int:
    """A manager or keeper notes a household of the cooperative and gets its id."""
    if cooperative_id not in actor.cooperatives("keeper"):
        raise NotFound()
    _known_village(village_id)
    words = _farmer(name=name, phone=phone, village_id=village_id)
    return service.add_farmer(cooperative_id, words=words, now=now).id


@transactional
def edit_farmer(
    *,
    actor: Actor,
    farmer_id: int,
    name: str,
    phone: str | None,
    village_id: int,
    expected_version: int | None = None,
) -> None:
    """Correct what is noted; another cooperative's farmer is not found. Raises ``Stale``."""
    _known_village(village_id)
    words = _farmer(name=name, phone=phone, village_id=village_id)
    own = actor.cooperatives("keeper")
    service.edit_farmer(farmer_id, cooperatives=own, words=words, expected=expected_version)


def _farmer(*, name: str, phone: str | None, village_id: int) -> FarmerWords:
    number = phones.parse(phone) if phone else None
    return FarmerWords(name=name, phone=number, village_id=village_id)


@transactional
def record_consent(*, actor: Actor, farmer_id: int, given: bool, now: datetime) -> None:
    """Note a household's consent to be shown by its masked name, or its withdrawal."""
    service.record_consent(
        farmer_id, cooperatives=actor.cooperatives("keeper"), given=given, now=now
    )


@transactional
def set_farmer_status(*, actor: Actor, farmer_id: int, status: PlaceStatus) -> None:
    """A household leaves the cooperative, or comes back."""
    service.set_farmer_status(farmer_id, cooperatives=actor.cooperatives("keeper"), status=status)


@transactional
def set_assisted(*, actor: Actor, farmer_id: int, assisted: bool) -> None:
    """The operator's own note about a household (DESIGN law 11)."""
    _operator(actor)
    service.set_assisted(farmer_id, assisted=assisted)


def _set_split(cooperative_id: int, split: Split, *, actor: Actor, now: datetime) -> None:
    settlement.set_rule(
        cooperative_id,
        platform_bp=split.platform_bp,
        village_bp=split.village_bp,
        farmer_bp=split.farmer_bp,
        actor_id=actor.user_id,
        now=now,
    )


def _set_freight(cooperative_id: int, rule: Freight, *, actor: Actor, now: datetime) -> None:
    freight.set_rule(
        cooperative_id,
        first_grams=rule.first_grams,
        next_grams=rule.next_grams,
        free_from_fen=rule.free_from_fen,
        zones=list(rule.zones),
        actor_id=actor.user_id,
        now=now,
    )


def _known_village(village_id: int) -> None:
    if village_id not in queries.villages_by_id([village_id]):
        raise Invalid.at("/village", "no such village", code="unknown")


def _known_cooperative(cooperative_id: int) -> None:
    if cooperative_id not in queries.cooperatives_by_id([cooperative_id]):
        raise NotFound()


def _operator(actor: Actor) -> None:
    if not actor.is_operator:
        raise Forbidden()

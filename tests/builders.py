"""Small makers of what a test needs, each in a transaction of its own."""

from datetime import datetime
from itertools import count
from typing import Any

from shop.db import db, transactional
from shop.domain.accounts import queries as accounts
from shop.domain.accounts import service as account_service
from shop.domain.accounts.states import Role, TokenKind
from shop.domain.accounts.texts import AGREEMENTS
from shop.domain.catalog import queries as catalog
from shop.domain.inventory import service as inventory
from shop.domain.inventory.service import Contribution
from shop.domain.logistics import freight
from shop.domain.logistics.freight import Zone
from shop.domain.settlement import service as settlement
from shop.domain.villages import licences
from shop.domain.villages import service as places
from shop.domain.villages.models import Cooperative, Farmer, Village
from shop.domain.villages.service import CooperativeWords, FarmerWords, VillageWords
from shop.flows import cataloguing, curating, people, reviewing
from shop.kernel.actor import Actor
from shop.kernel.clock import local_date
from tests.conftest import NOON

COUNTY = "140311"
"""阳泉市 郊区."""

_numbers = count(1)


def a_phone() -> str:
    """A number nobody else in this test has."""
    return f"137{next(_numbers):08d}"


def a_user(
    *,
    phone: str | None = None,
    name: str = "演示用户",
    password_hash: str | None = None,
    proven: bool = True,
    roles: tuple[Role, ...] = (),
    seat: tuple[Role, int] | None = None,
    agreed: bool = True,
    now: datetime = NOON,
) -> int:
    """A person who accepted the texts in force; gives the id."""
    return people.make_user(
        phone=phone or a_phone(),
        name=name,
        password_hash=password_hash,
        proven=proven,
        roles=roles,
        seat=seat,
        agreements=AGREEMENTS if agreed else (),
        now=now,
    )


def an_actor(user_id: int | None = None, **about: object) -> Actor:
    """The hats of a person as they are now; makes one where none is given."""
    found = accounts.person(user_id or a_user(**about))  # type: ignore[arg-type]
    db.session.rollback()
    assert found is not None
    return found.actor


@transactional
def a_token(user_id: int, *, kind: TokenKind = TokenKind.API, now: datetime = NOON) -> str:
    """A credential of a person."""
    return account_service.issue_token(user_id, kind=kind, now=now)[0]


@transactional
def a_village(*, slug: str | None = None, name: str = "演示村", now: datetime = NOON) -> Village:
    """A village of 阳泉."""
    words = VillageWords(name=name, name_en="Demo village", region_code=COUNTY)
    return places.add_village(slug or f"village-{next(_numbers)}", words=words, now=now)


@transactional
def _cooperative(slug: str | None, name: str, village_id: int, now: datetime) -> Cooperative:
    number = next(_numbers)
    words = CooperativeWords(
        name=name,
        licence_no=licences.demo_licence(number),
        village_id=village_id,
        address="演示路 1 号",
        contact="0353-0000000",
    )
    made = places.add_cooperative(slug or f"cooperative-{number}", words=words, now=now)
    settlement.set_rule(
        made.id, platform_bp=200, village_bp=500, farmer_bp=6000, actor_id=None, now=now
    )
    freight.set_rule(
        made.id,
        first_grams=1000,
        next_grams=1000,
        free_from_fen=None,
        zones=[Zone(prefix="", first_fen=800, next_fen=200), Zone(prefix="65", delivers=False)],
        actor_id=None,
        now=now,
    )
    return made


def a_cooperative(
    *,
    slug: str | None = None,
    name: str = "演示合作社",
    village: Village | None = None,
    now: datetime = NOON,
) -> Cooperative:
    """A cooperative with a split rule (2 %, 5 %, 60 %) and a freight rule (¥8 + ¥2 a kilo)."""
    village = village or a_village(now=now)
    return _cooperative(slug, name, village.id, now)


@transactional
def a_farmer(cooperative: Cooperative, *, name: str = "演示农户", now: datetime = NOON) -> Farmer:
    """A household of a cooperative."""
    words = FarmerWords(name=name, village_id=cooperative.village_id)
    return places.add_farmer(cooperative.id, words=words, now=now)


def a_manager(cooperative: Cooperative, *, role: Role = Role.MANAGER) -> Actor:
    """Somebody with a seat in this cooperative."""
    return an_actor(seat=(role, cooperative.id))


def an_operator() -> Actor:
    """One of the platform's own people."""
    return an_actor(roles=(Role.OPERATOR,))


def a_category(
    *,
    slug: str | None = None,
    name: str = "演示干货",
    perishable: bool = False,
    certificate_required: bool = False,
) -> str:
    """A kind of produce; gives its slug."""
    slug = slug or f"category-{next(_numbers)}"
    values = {
        "name": name,
        "name_en": "Demo goods",
        "perishable": perishable,
        "certificate_required": certificate_required,
        "position": 0,
    }
    curating.save_category(actor=an_operator(), slug=slug, values=values)
    return slug


def a_product(
    *,
    cooperative: Cooperative | None = None,
    category: str | None = None,
    title: str = "演示香菇",
    sku: str | None = None,
    price_fen: int = 3680,
    weight_grams: int = 500,
    commission_bp: int = 0,
    live_floor_fen: int | None = None,
    on_sale: bool = True,
    now: datetime = NOON,
    **content: object,
) -> str:
    """A product with one variant, on sale unless told otherwise; gives its slug."""
    home = cooperative or a_cooperative(now=now)
    manager = a_manager(home)
    variant = {
        "sku": sku or f"SKU-{next(_numbers)}",
        "name": "演示装",
        "price_fen": price_fen,
        "unit": "袋",
        "weight_grams": weight_grams,
        "commission_bp": commission_bp,
        "live_floor_fen": live_floor_fen,
    }
    words = {"title": title, "category": category or a_category(), "variants": [variant], **content}
    slug = cataloguing.create_product(actor=manager, now=now, cooperative=home.slug, content=words)
    if on_sale:
        cataloguing.submit_product(actor=manager, now=now, slug=slug)
        reviewing.approve_product(actor=an_operator(), now=now, slug=slug)
    return slug


def a_sku(*, on_hand: int = 0, sku: str | None = None, now: datetime = NOON, **about: Any) -> str:
    """A variant of a product on sale with ``on_hand`` units of one lot; gives its SKU."""
    sku = sku or f"SKU-{next(_numbers)}"
    a_product(sku=sku, now=now, **about)
    if on_hand:
        _lot(sku, on_hand, now)
    return sku


@transactional
def _lot(sku: str, quantity: int, now: datetime) -> None:
    variant = catalog.variant(sku)
    assert variant is not None
    product = variant.product
    growers = [Contribution(farmer_id=None, village_id=product.village_id, grams=quantity * 500)]
    inventory.receive_lot(
        sku=sku,
        cooperative_id=product.cooperative_id,
        village_id=product.village_id,
        quantity=quantity,
        harvested_on=local_date(now),
        best_before=None,
        contributions=growers,
        now=now,
    )

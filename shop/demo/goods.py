"""The demo county's places and goods, through the same flows that people use."""

from datetime import datetime, timedelta
from typing import Any

from shop.demo import people as cast
from shop.demo import pictures
from shop.demo.county import (
    CATEGORIES,
    COOPERATIVES,
    HALLS,
    REGION,
    VILLAGES,
    DemoCooperative,
)
from shop.demo.produce import DemoProduct
from shop.domain.catalog import queries as catalogue
from shop.domain.catalog.images import Pictures
from shop.domain.inventory.states import IntakeTerms
from shop.domain.logistics.freight import Zone
from shop.domain.villages.service import CooperativeWords, VillageWords
from shop.flows import cataloguing, curating, picturing, places, reviewing, stocking
from shop.flows.places import Freight, Split
from shop.flows.stocking import Delivery, NewLot
from shop.kernel.clock import local_date

FREIGHT = Freight(
    first_grams=1000,
    next_grams=1000,
    free_from_fen=19900,
    zones=(
        Zone(prefix="", first_fen=800, next_fen=200),
        Zone(prefix="14", first_fen=500, next_fen=100),
        Zone(prefix="54", delivers=False),
        Zone(prefix="65", delivers=False),
    ),
)
"""Freight of the demo in fen: cheaper inside Shanxi, not to Tibet and Xinjiang."""


def picture(name: str, *, phone: str, store: Pictures, now: datetime) -> int | None:
    """Draw a picture and upload it as one of the people; ``None`` where it is not drawn."""
    if name not in pictures.NAMES:
        return None
    kept = picturing.upload_picture(
        actor=cast.actor(phone), now=now, store=store, data=pictures.draw(name)
    )
    return kept.id


def make_places(*, store: Pictures, now: datetime) -> dict[str, int]:
    """Villages and cooperatives with their rules; gives cooperative ids by slug."""
    operator = cast.actor(cast.OPERATOR, "operator")
    villages = {}
    for village in VILLAGES:
        cover = picture(village.picture, phone=cast.OPERATOR, store=store, now=now)
        villages[village.slug] = places.add_village(
            actor=operator,
            slug=village.slug,
            words=VillageWords(
                name=village.name,
                name_en=village.name_en,
                region_code=REGION,
                intro=village.intro,
                intro_en=village.intro_en,
                cover_id=cover,
            ),
            now=now,
        )
    made = {}
    for cooperative in COOPERATIVES:
        platform_bp, village_bp, farmer_bp = cooperative.split
        made[cooperative.slug] = places.add_cooperative(
            actor=operator,
            slug=cooperative.slug,
            words=_words(cooperative, villages, store=store, now=now),
            split=Split(platform_bp=platform_bp, village_bp=village_bp, farmer_bp=farmer_bp),
            freight_rule=FREIGHT,
            manager_phone=None,
            now=now,
        )
    cast.seat_managers(made, now)
    for cooperative in COOPERATIVES:
        _add_farmers(cooperative, made[cooperative.slug], villages, now=now)
    return made


def _words(
    cooperative: DemoCooperative, villages: dict[str, int], *, store: Pictures, now: datetime
) -> CooperativeWords:
    return CooperativeWords(
        name=cooperative.name,
        licence_no=cooperative.licence_no,
        village_id=villages[cooperative.village],
        address="山西省阳泉市（演示地址）",
        contact="0353-0000000（演示）",
        story=cooperative.story,
        cover_id=picture(cooperative.picture, phone=cast.OPERATOR, store=store, now=now),
    )


def _add_farmers(
    cooperative: DemoCooperative, cooperative_id: int, villages: dict[str, int], *, now: datetime
) -> None:
    manager = cast.actor(cooperative.manager_phone, "manager")
    for name, village in cooperative.farmers:
        places.add_farmer(
            actor=manager,
            cooperative_id=cooperative_id,
            name=name,
            phone=None,
            village_id=villages[village],
            now=now,
        )


def make_goods(*, store: Pictures, now: datetime) -> None:
    """Categories, products through review, lots with their growers, and the halls."""
    operator = cast.actor(cast.OPERATOR, "operator")
    for position, (slug, name, name_en, perishable, paper) in enumerate(CATEGORIES):
        curating.save_category(
            actor=operator,
            slug=slug,
            values={
                "name": name,
                "name_en": name_en,
                "perishable": perishable,
                "certificate_required": paper,
                "position": position,
            },
        )
    for cooperative in COOPERATIVES:
        manager = cast.actor(cooperative.manager_phone, "manager")
        for product in cooperative.products:
            shown = picture(product.picture, phone=cooperative.manager_phone, store=store, now=now)
            cataloguing.create_product(
                actor=manager,
                now=now,
                cooperative=cooperative.slug,
                slug=product.slug,
                content=_content(product, shown, now=now),
            )
            cataloguing.submit_product(actor=manager, now=now, slug=product.slug)
            reviewing.approve_product(actor=operator, now=now, slug=product.slug)
            for variant in product.variants:
                shelve(cooperative, product, variant.sku, now=now)
    _make_halls(now)


def _content(product: DemoProduct, picture_id: int | None, *, now: datetime) -> dict[str, Any]:
    papers = []
    if product.category == "fresh-fruit":
        papers.append(_paper("compliance", product, "演示合格证", days=3650, now=now))
    if product.report_days:
        papers.append(
            _paper("test_report", product, "演示检测机构", days=product.report_days, now=now)
        )
    return {
        "title": product.title,
        "category": product.category,
        "village": product.village,
        "summary": product.summary,
        "description": product.description,
        "storage": product.storage,
        "shelf_life_days": product.shelf_life_days,
        "ship_within_hours": product.ship_within_hours,
        "after_sale": {"policy": "perishable" if product.perishable else "seven_days"},
        "pictures": [picture_id] if picture_id is not None else [],
        "certificates": papers,
        "variants": [vars(variant) for variant in product.variants],
    }


def _paper(
    kind: str, product: DemoProduct, holder: str, *, days: int, now: datetime
) -> dict[str, Any]:
    today = local_date(now)
    return {
        "kind": kind,
        "number": f"DEMO-{product.slug}",
        "holder": holder,
        "valid_from": today - timedelta(days=1),
        "valid_to": today + timedelta(days=days),
    }


def propose_change(*, now: datetime) -> None:
    """A changed page that waits for the operator's eyes."""
    cooperative = COOPERATIVES[2]
    cataloguing.change_product(
        actor=cast.actor(cooperative.manager_phone, "manager"),
        now=now,
        slug="gaojiazhuang-walnuts",
        content={"summary": "今年的新核桃，薄皮，手捏能开。"},
    )


def weigh_delivery(*, now: datetime) -> None:
    """One basket of fresh mushrooms at the scale, which waits to be packed."""
    cooperative = COOPERATIVES[0]
    product = catalogue.by_slug("dried-shiitake")
    if product is None:
        return
    stocking.weigh(
        Delivery(
            farmer_id=cast.farmer_ids(cooperative.slug, cooperative.village)[0],
            product_id=product.id,
            grade="一级（演示）",
            gross_grams=26_400,
            tare_grams=1_400,
            terms=IntakeTerms.CONSIGNED,
            harvested_on=local_date(now),
        ),
        actor=cast.actor(cooperative.manager_phone, "manager"),
        now=now,
    )


def shelve(cooperative: DemoCooperative, product: DemoProduct, sku: str, *, now: datetime) -> None:
    """Put one lot of a SKU on the shelf, grown by the households of its village in turn."""
    manager = cast.actor(cooperative.manager_phone, "manager")
    farmers = cast.farmer_ids(cooperative.slug, product.village)
    today = local_date(now)
    variant = next(v for v in product.variants if v.sku == sku)
    grams = product.units * variant.weight_grams
    shares = [(farmer, grams // len(farmers) + 1000 * n) for n, farmer in enumerate(farmers)]
    stocking.shelve_lot(
        NewLot(
            sku=sku,
            quantity=product.units,
            harvested_on=today - timedelta(days=2),
            best_before=today + timedelta(days=product.shelf_life_days),
            growers=shares,
            label="演示批次",
        ),
        actor=manager,
        now=now,
    )


def _make_halls(now: datetime) -> None:
    operator = cast.actor(cast.OPERATOR, "operator")
    for position, (slug, title, title_en, village, products) in enumerate(HALLS):
        curating.save_hall(
            actor=operator,
            now=now,
            slug=slug,
            values={
                "title": title,
                "title_en": title_en,
                "kind": "village" if village else "season",
                "intro": "",
                "village": village,
                "position": position,
                "shown": True,
            },
            products=list(products),
            new=True,
        )

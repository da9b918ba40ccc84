"""What only pages show: invitations, weighing slips, tasks, a hall and a draft."""

from dataclasses import asdict
from datetime import date, timedelta

from shop.db import db, transactional
from shop.domain.accounts.states import Role
from shop.domain.catalog import queries as catalog
from shop.domain.compliance import service as tasks
from shop.domain.compliance.states import TaskKind
from shop.domain.inventory.states import IntakeTerms
from shop.domain.settlement import sheets
from shop.domain.villages import queries as villages
from shop.flows import curating, people, stocking
from shop.flows.stocking import Delivery
from shop.reads import board
from tests.api.world import World
from tests.builders import a_phone, a_product, a_user, an_actor
from tests.conftest import NOON


def furnish(world: World) -> None:
    """Add it to a world; inside an app context."""
    ids = world.ids
    for prefix, users in (("", world.first), ("other_", world.second)):
        place = villages.cooperative(ids[f"{prefix}cooperative"])
        variant = catalog.variant(ids[f"{prefix}sku"])
        assert place is not None
        assert variant is not None
        place_id, product_id = place.id, variant.product.id
        db.session.rollback()
        ids |= {
            f"{prefix}user_id": a_user(seat=(Role.KEEPER, place_id)),
            f"{prefix}product_id": product_id,
            f"{prefix}invitation_id": _invitation(users["manager"], place_id),
            f"{prefix}slip_no": _slip(users["keeper"], ids[f"{prefix}farmer_id"], product_id),
            f"{prefix}task_id": _task(place_id),
        }
    who = world.first["buyer"]
    for prefix in ("", "third_"):
        # The third tenant drafts nothing, so that it may countersign.
        ids[f"{prefix}sheet_id"] = _sheet(ids[f"{prefix}village"], "2026-02", drafter=who)
        ids[f"{prefix}late_sheet_id"] = _sheet(ids[f"{prefix}village"], "2026-03", drafter=who)
    _seats(world)
    home = villages.cooperative(ids["cooperative"])
    assert home is not None
    ids["draft_slug"] = a_product(cooperative=home, on_sale=False, title="演示草稿")
    ids["hall"] = _hall(world)


def _invitation(manager: int, place_id: int) -> int:
    return people.invite(
        actor=an_actor(manager),
        cooperative_id=place_id,
        phone=a_phone(),
        role=Role.KEEPER,
        now=NOON,
    )


def _slip(keeper: int, farmer_id: int, product_id: int) -> str:
    delivery = Delivery(
        farmer_id=farmer_id,
        product_id=product_id,
        grade="一级",
        gross_grams=10_000,
        tare_grams=500,
        terms=IntakeTerms.CONSIGNED,
        harvested_on=date(2026, 3, 1),
    )
    return stocking.weigh(delivery, actor=an_actor(keeper), now=NOON).slip_no


@transactional
def _task(place_id: int) -> int:
    task_id = tasks.open_task(
        TaskKind.LATE_PARCEL,
        dedupe_key=f"test:{place_id}",
        ref="order:none",
        summary="演示任务",
        due_at=NOON + timedelta(hours=1),
        now=NOON,
        cooperative_id=place_id,
    )
    assert task_id is not None
    return task_id


@transactional
def _sheet(slug: str, period: str, *, drafter: int) -> int:
    village = villages.village(slug)
    assert village is not None
    until = sheets.newest_leg()
    return sheets.draft(
        village.id,
        period,
        figures=asdict(board.figures(village.id, period, until=until)),
        last_entry_id=until,
        note="演示说明",
        actor_id=drafter,
        now=NOON,
    ).id


def _seats(world: World) -> None:
    """The third tenant is both of its village's people."""
    village = villages.village(world.ids["third_village"])
    assert village is not None
    for role in (Role.VILLAGE, Role.SUPERVISOR):
        people.grant_role(
            actor=an_actor(world.first["operator"]),
            user_id=world.third,
            role=role,
            village_id=village.id,
            now=NOON,
        )


def _hall(world: World) -> str:
    values = {
        "title": "演示馆", "title_en": "Demo hall", "kind": "season", "intro": "演示",
        "village": None, "position": 0, "shown": True,
    }  # fmt: skip
    curating.save_hall(
        actor=an_actor(world.first["operator"]),
        now=NOON,
        slug="demo-hall",
        values=values,
        products=[world.ids["slug"]],
        new=True,
    )
    return "demo-hall"

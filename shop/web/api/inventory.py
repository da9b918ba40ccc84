"""Lots, shelf, corrections and moves: for the people of a cooperative."""

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from shop.domain.inventory.models import Lot, StockMove
from shop.domain.inventory.states import AdjustReason, MoveKind
from shop.flows import stocking
from shop.flows.stocking import NewLot
from shop.kernel.actor import Actor
from shop.kernel.errors import Invalid, NotFound
from shop.keyset import keyset
from shop.reads import inventory
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import (
    Day,
    Fen,
    Grams,
    LotCode,
    PageArgs,
    Sku,
    Slug,
    StrictSchema,
    Text,
    Utc,
    Whole,
    list_of,
)
from shop.web.paging import paged
from shop.web.security import link
from shop.web.who import cooperative, me

bp = ApiBlueprint("inventory", __name__, description="Lots, stock and its moves.")

BY_HAND = (AdjustReason.DAMAGED, AdjustReason.COUNTED, AdjustReason.SAMPLED, AdjustReason.RETURNED)


class ContributionIn(StrictSchema):
    """Grams of a lot that one farmer of the cooperative grew."""

    farmer_id = Whole(1, required=True)
    grams = Grams(1, required=True)


class LotIn(StrictSchema):
    """A new lot; with neither growers nor farmer the cooperative itself grew it."""

    sku = Sku(required=True)
    quantity = Whole(1, 1_000_000, required=True)
    harvested_on = Day(required=True)
    best_before = Day(load_default=None, allow_none=True)
    contributions = ma.fields.List(
        ma.fields.Nested(ContributionIn), load_default=(), validate=ma.validate.Length(max=500)
    )
    farmer_id = Whole(1, load_default=None, allow_none=True)
    label = Text(1, 40, load_default=None, allow_none=True)
    unit_cost_fen = Fen(load_default=None, allow_none=True)


class LotOut(ma.Schema):
    """A lot as its cooperative sees it; quantities are units of the SKU."""

    code = ma.fields.String(required=True)
    label = ma.fields.String(required=True, allow_none=True)
    sku = ma.fields.String(required=True)
    quantity = Whole(required=True)
    on_hand = Whole(required=True)
    harvested_on = Day(required=True)
    best_before = Day(required=True, allow_none=True)
    unit_cost_fen = Fen(required=True, allow_none=True)
    contributions = ma.fields.List(
        ma.fields.Nested(
            ma.Schema.from_dict(
                {
                    "farmer_id": Whole(required=True, allow_none=True),
                    "grams": Grams(required=True),
                },
                name="Contribution",
            )
        ),
        required=True,
    )
    trace_url = ma.fields.String(required=True)
    created_at = Utc(required=True)


def show_lot(lot: Lot) -> dict[str, Any]:
    """A lot as ``LotOut`` dumps it."""
    return {
        **{name: getattr(lot, name) for name in LotOut().fields if hasattr(lot, name)},
        "trace_url": link("trace.show", code=lot.code),
    }


@bp.route("/lots")
class Lots(MethodView):
    """Lots of the caller's cooperatives."""

    @cooperative("keeper")
    @bp.arguments(LotIn)
    @bp.response(201, LotOut)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Put a lot on the shelf."""
        contributions = body.pop("contributions")
        if contributions and body["farmer_id"] is not None:
            raise Invalid.at("/farmer_id", "name the growers one way only")
        growers = [(part["farmer_id"], part["grams"]) for part in contributions]
        if len({farmer for farmer, _ in growers}) != len(growers):
            raise Invalid.at("/contributions", "a farmer stands twice")
        lot = stocking.shelve_lot(NewLot(growers=growers, **body), actor=me(), now=tools().clock())
        return show_lot(lot)


class ShelfArgs(PageArgs):
    """Which cooperative's shelf; by default all of the caller's."""

    cooperative = Slug(load_default=None)


class ShelfOut(ma.Schema):
    """One SKU of the shelf, in units."""

    sku = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    on_hand = Whole(required=True)
    held = Whole(required=True)
    allotted = Whole(required=True)
    available = Whole(required=True)
    lots = ma.fields.List(ma.fields.Nested(LotOut), required=True)


@bp.get("/inventory")
@cooperative()
@bp.arguments(ShelfArgs, location="query")
@bp.response(200, list_of(ShelfOut))
def shelf(args: dict[str, Any]) -> dict[str, Any]:
    """The counters of every SKU with the lots that have units left."""
    own = own_cooperatives(me(), args["cooperative"])
    found = inventory.shelf_page(own, limit=args["limit"], after=args["after"])
    return paged(found, lambda row: {**vars(row), "lots": [show_lot(lot) for lot in row.lots]})


def own_cooperatives(actor: Actor, slug: str | None) -> tuple[int, ...]:
    """The caller's cooperatives, or the one named; another's is not found."""
    own = actor.cooperatives()
    if slug is None:
        return own
    found = inventory.cooperative_id(slug, own)
    if found is None:
        raise NotFound
    return (found,)


class AdjustIn(StrictSchema):
    """A correction of a lot's count and its reason."""

    lot = LotCode(required=True)
    delta = Whole(-1_000_000, 1_000_000, required=True)
    reason = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(reason) for reason in BY_HAND])
    )
    note = Text(1, 200, load_default=None, allow_none=True)


@bp.post("/inventory/adjustments")
@cooperative("keeper")
@bp.arguments(AdjustIn)
@bp.response(201, LotOut)
def adjust(body: dict[str, Any]) -> dict[str, Any]:
    """Count a lot right; 409 when units are already promised."""
    lot = stocking.correct_lot(
        actor=me(),
        code=body["lot"],
        delta=body["delta"],
        reason=AdjustReason(body["reason"]),
        note=body["note"],
        now=tools().clock(),
    )
    return show_lot(lot)


class MoveArgs(PageArgs):
    """Of one SKU, or of all."""

    sku = Sku(load_default=None)


MEANT = (
    "Signed units. Of receipt, consume, adjust and return: what came on hand or left it, so that "
    "their sum is what is on hand; a sale leaves one consume for each lot, and one of 0 that ends "
    "its hold. Of hold, release and transfer: what may still be promised, less when units are "
    "kept for a buyer or set aside for a room."
)


class MoveOut(ma.Schema):
    """One entry of the stock ledger; ``MEANT`` says what ``delta`` counts."""

    id = Whole(required=True)
    sku = ma.fields.String(required=True)
    lot = ma.fields.String(required=True, allow_none=True)
    kind = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(kind) for kind in MoveKind])
    )
    delta = Whole(required=True, metadata={"description": MEANT})
    on_hand_delta = Whole(required=True)
    held_delta = Whole(required=True)
    allotted_delta = Whole(required=True)
    order = ma.fields.String(required=True, allow_none=True)
    reason = ma.fields.String(required=True, allow_none=True)
    at = Utc(required=True)


@bp.get("/inventory/moves")
@cooperative()
@bp.arguments(MoveArgs, location="query")
@bp.response(200, list_of(MoveOut))
def moves(args: dict[str, Any]) -> dict[str, Any]:
    """The append-only ledger of own moves, the newest first."""
    found = keyset(
        inventory.moves(me(), sku=args["sku"]),
        keys=[(StockMove.id, "desc")],
        limit=args["limit"],
        after=args["after"],
    )
    rows = {row.move.id: row for row in inventory.named(found.rows)}
    return paged(found, lambda move: show_move(rows[move.id]))


def show_move(row: inventory.MoveRow) -> dict[str, Any]:
    """A move as ``MoveOut`` dumps it."""
    move = row.move
    return {
        "id": move.id,
        "sku": move.sku,
        "lot": row.lot,
        "kind": str(move.kind),
        "delta": row.delta,
        "on_hand_delta": move.on_hand_delta,
        "held_delta": move.held_delta,
        "allotted_delta": move.allotted_delta,
        "order": row.order,
        "reason": str(move.reason) if move.reason else None,
        "at": move.at,
    }

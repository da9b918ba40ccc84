"""Shapes of the live part of the API."""

import marshmallow as ma

from shop.domain.live.states import CHECKLIST, ItemStatus, SessionStatus, StockState
from shop.web.api.schemas import (
    ByName,
    Fen,
    Flag,
    PageArgs,
    Phone,
    Sku,
    StrictSchema,
    Text,
    Utc,
    Whole,
)

STATUSES = [str(status) for status in SessionStatus]
ITEM_STATUSES = [str(status) for status in ItemStatus]
MAX_UNITS = 1_000_000


class RoomsArgs(PageArgs):
    """``as=host`` lists the caller's own shows in every state, ``as=operator`` everybody's."""

    status = ma.fields.String(
        load_default=None, validate=ma.validate.OneOf(["live", "scheduled", "ended"])
    )
    seen_as = ma.fields.String(
        data_key="as",
        load_default="viewer",
        validate=ma.validate.OneOf(["viewer", "host", "operator"]),
    )


class SessionIn(StrictSchema):
    """A show to draft."""

    title = Text(1, 80, required=True)
    intro = Text(0, 200, load_default="")
    starts_at = Utc(required=True)
    play_url = ma.fields.String(load_default=None, allow_none=True)
    cover = Whole(1, load_default=None, allow_none=True)


class SessionPatch(StrictSchema):
    """Only named fields change."""

    title = Text(1, 80)
    intro = Text(0, 200)
    starts_at = Utc()
    play_url = ma.fields.String(allow_none=True)
    cover = Whole(1, allow_none=True)


class ReasonIn(StrictSchema):
    """Why."""

    reason = Text(1, 200, required=True)


class PauseIn(StrictSchema):
    """Why, for the viewers, if they should know."""

    reason = Text(1, 200, load_default=None, allow_none=True)


class CheckerIn(StrictSchema):
    """Whoever may confirm the checklist."""

    phone = Phone(required=True)


class MarksIn(StrictSchema):
    """Points of the checklist and whether they are confirmed."""

    items = ByName(
        keys=ma.fields.String(),
        values=Flag(),
        required=True,
        validate=ma.validate.Length(min=1, max=len(CHECKLIST)),
    )


class PointOut(ma.Schema):
    """One point as it stands."""

    code = ma.fields.String(required=True)
    ticked = ma.fields.Boolean(required=True)
    at = Utc(required=True, allow_none=True)
    valid_until = Utc(required=True, allow_none=True)


class ChecklistOut(ma.Schema):
    """``items`` as ``PUT`` takes them; a confirmation is good for 24 hours."""

    items = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Boolean(), required=True)
    points = ma.fields.List(ma.fields.Nested(PointOut), required=True)
    complete = ma.fields.Boolean(required=True)


class ItemIn(StrictSchema):
    """A SKU for the shelf; an ``allotment`` is set aside from the shop's stock."""

    sku = Sku(required=True)
    live_price_fen = Fen(1, load_default=None, allow_none=True)
    allotment = Whole(1, MAX_UNITS, load_default=None, allow_none=True)
    per_buyer_max = Whole(1, 999, load_default=None, allow_none=True)


class ItemPatch(StrictSchema):
    """Only named fields change."""

    live_price_fen = Fen(1, allow_none=True)
    allotment = Whole(1, MAX_UNITS, allow_none=True)
    per_buyer_max = Whole(1, 999, allow_none=True)
    status = ma.fields.String(validate=ma.validate.OneOf(ITEM_STATUSES))


class ShelfOrderIn(StrictSchema):
    """The shelf's items in their new order."""

    items = ma.fields.List(Whole(1), required=True, validate=ma.validate.Length(min=1, max=100))


class PinIn(StrictSchema):
    """What goes on the card."""

    item_id = Whole(1, required=True)


class CommentIn(StrictSchema):
    """What a viewer says; 1 to 100 characters once it is in one line."""

    text = Text(1, 400, lines=True, required=True)


class MuteIn(StrictSchema):
    """For how long; without it for good."""

    minutes = Whole(1, 525_600, load_default=None, allow_none=True)


class CommentOut(ma.Schema):
    """A comment with its speaker's name masked."""

    id = Whole(required=True)
    name = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    at = Utc(required=True)


class ItemOut(ma.Schema):
    """A live item; ``remaining``, ``held`` and ``sold`` for its host and the operator only."""

    id = Whole(required=True)
    seq_no = Whole(required=True)
    sku = ma.fields.String(required=True)
    product = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    weight_grams = Whole(required=True)
    cover_url = ma.fields.String(required=True, allow_none=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(ITEM_STATUSES))
    live_price_fen = Fen(required=True, allow_none=True)
    price_fen = Fen(required=True)
    strike_price_fen = Fen(required=True, allow_none=True)
    allotment = Whole(required=True, allow_none=True)
    stock = ma.fields.String(
        required=True, validate=ma.validate.OneOf([str(state) for state in StockState])
    )
    per_buyer_max = Whole(required=True, allow_none=True)
    remaining = Whole()
    held = Whole()
    sold = Whole()


class HostOut(ma.Schema):
    """Who talks."""

    name = ma.fields.String(required=True)


class RoomCardOut(ma.Schema):
    """A show in a list."""

    id = Whole(required=True)
    title = ma.fields.String(required=True)
    intro = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    status_reason = ma.fields.String(required=True, allow_none=True)
    host = ma.fields.Nested(HostOut, required=True)
    starts_at = ma.fields.String(required=True, metadata={"format": "date-time"})
    started_at = ma.fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_at = ma.fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    cover_url = ma.fields.String(required=True, allow_none=True)
    viewers = Whole(required=True)
    item_count = Whole(required=True)


class IngestOut(ma.Schema):
    """Where an encoder sends its picture."""

    url = ma.fields.String(required=True)
    stream_key = ma.fields.String(required=True)


class RoomOut(RoomCardOut):
    """The snapshot: everything a client needs to go on from ``seq``."""

    play_url = ma.fields.String(required=True, allow_none=True)
    ingest = ma.fields.Nested(IngestOut, required=True, allow_none=True)
    items = ma.fields.List(ma.fields.Nested(ItemOut), required=True)
    pinned_item_id = Whole(required=True, allow_none=True)
    likes = Whole(required=True)
    seq = Whole(required=True)
    comments = ma.fields.List(ma.fields.Nested(CommentOut), required=True)
    server_time = ma.fields.String(required=True, metadata={"format": "date-time"})

"""What an order would cost now."""

from typing import Any

import marshmallow as ma

from shop.flows import drafting
from shop.reads import pricing
from shop.reads.pricing import PricedLine, Quote, Wish
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Fen, Grams, Pattern, Sku, StrictSchema, Text, Utc, Whole
from shop.web.coupons import refuse_coupon
from shop.web.who import public

bp = ApiBlueprint("quotes", __name__, description="What an order would cost now.")

REGION = r"^[1-9][0-9]{5}$"


class WishIn(StrictSchema):
    """One SKU; from a room by ``live_item_id``."""

    sku = Sku(required=True)
    quantity = Whole(1, pricing.MAX_UNITS, required=True)
    live_item_id = Whole(1, load_default=None, allow_none=True)

    @ma.post_load
    def make(self, data: dict[str, Any], **_: object) -> Wish:
        """In the read's own words."""
        return Wish(**data)


class RegionIn(StrictSchema):
    """Where to: a GB/T 2260 county-level code."""

    region_code = Pattern(REGION, required=True)


class QuoteIn(StrictSchema):
    """What is wanted, and where it goes."""

    items = ma.fields.List(
        ma.fields.Nested(WishIn),
        required=True,
        validate=ma.validate.Length(min=1, max=pricing.MAX_LINES),
    )
    ship_to = ma.fields.Nested(RegionIn, load_default=None, allow_none=True)
    coupon = Text(1, 40, load_default=None, allow_none=True)


class QuotedLineOut(ma.Schema):
    """One line at the price of this moment."""

    sku = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    variant = ma.fields.String(required=True)
    unit = ma.fields.String(required=True)
    weight_grams = Grams(required=True)
    quantity = Whole(required=True)
    max_quantity = Whole(required=True)
    unit_price_fen = Fen(required=True)
    list_price_fen = Fen(required=True)
    total_fen = Fen(required=True)
    cooperative = ma.fields.String(required=True)
    live_item_id = Whole(required=True, allow_none=True)
    live_session_id = Whole(required=True, allow_none=True)


class ConsentOut(ma.Schema):
    """A tick that the order will need."""

    code = ma.fields.String(required=True)
    skus = ma.fields.List(ma.fields.String(), required=True)


class QuoteOut(ma.Schema):
    """Sums in fen; ``freight_known`` is false until a region is named."""

    lines = ma.fields.List(ma.fields.Nested(QuotedLineOut), required=True)
    goods_fen = Fen(required=True)
    discount_fen = Fen(required=True)
    freight_fen = Fen(required=True)
    freight_known = ma.fields.Boolean(required=True)
    total_fen = Fen(required=True)
    ship_by = Utc(required=True)
    needs_consent = ma.fields.List(ma.fields.Nested(ConsentOut), required=True)


def show_line(line: PricedLine) -> dict[str, Any]:
    """A priced line as ``QuotedLineOut`` dumps it."""
    return {
        **vars(line),
        "variant": line.variant_name,
        "total_fen": line.total_fen,
        "cooperative": line.cooperative_slug,
    }


def show(quote: Quote, *, freight_known: bool) -> dict[str, Any]:
    """A quote as ``QuoteOut`` dumps it."""
    return {
        **vars(quote),
        "lines": [show_line(line) for line in quote.lines],
        "freight_known": freight_known,
        "needs_consent": [
            {"code": code, "skus": list(skus)} for code, skus in quote.needs_consent.items()
        ],
    }


@bp.post("/quotes")
@public
@bp.arguments(QuoteIn)
@bp.response(200, QuoteOut)
def quote(body: dict[str, Any]) -> dict[str, Any]:
    """Price a wish; an order placed at once with this total is not refused for its price."""
    refuse_coupon(body["coupon"])
    region = body["ship_to"] and body["ship_to"]["region_code"]
    found = pricing.quote(body["items"], region_code=region, now=tools().clock())
    drafting.check_sellers(found, seller_of_record=tools().settings.seller_of_record)
    return show(found, freight_known=region is not None)

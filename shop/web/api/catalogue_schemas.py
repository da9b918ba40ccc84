"""What a product looks like on the way in and on the way out."""

from enum import StrEnum

import marshmallow as ma

from shop.domain.catalog.states import (
    AfterSale,
    CertificateKind,
    ProductStatus,
    RevisionStatus,
    StrikeBasis,
)
from shop.web.api.schemas import (
    Bp,
    Day,
    Fen,
    Flag,
    Grams,
    PageArgs,
    Sku,
    Slug,
    StrictSchema,
    Text,
    Utc,
    Whole,
)

MAX_PRICE_FEN = 100_000_000
MAX_WEIGHT_GRAMS = 10_000_000
MAX_COMMISSION_BP = 5_000


def one_of(words: type[StrEnum]) -> ma.validate.OneOf:
    """A text field's values, for the reader of the OpenAPI document too."""
    return ma.validate.OneOf([str(word) for word in words])


class ProductArgs(PageArgs):
    """Search and filters; ``q`` takes Chinese words, parts of them, pinyin and initials."""

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=100))
    village = Slug(load_default=None)
    cooperative = Slug(load_default=None)
    category = Slug(load_default=None)
    sort = ma.fields.String(
        load_default="newest",
        validate=ma.validate.OneOf(["newest", "price", "-price", "sales"]),
    )


class ProductCardOut(ma.Schema):
    """A product in a list; ``price_fen`` is its lowest, ``unit`` belongs to that price."""

    slug = Slug(required=True)
    title = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    cover_url = ma.fields.String(required=True, allow_none=True)
    price_fen = Fen(required=True)
    price_varies = Flag(required=True)
    unit = ma.fields.String(required=True)
    available = Whole(required=True)
    sales = Whole(required=True)
    village = Slug(required=True)
    village_name = ma.fields.String(required=True)
    cooperative = Slug(required=True)
    cooperative_name = ma.fields.String(required=True)


class NamedOut(ma.Schema):
    """A place or kind by its address and name."""

    slug = Slug(required=True)
    name = ma.fields.String(required=True)


class SellerOut(ma.Schema):
    """Who sells; ``self_grown`` sells own produce and need not register."""

    name = ma.fields.String(required=True)
    address = ma.fields.String(required=True)
    contact = ma.fields.String(required=True)
    licence_no = ma.fields.String(required=True)
    self_grown = Flag(required=True)


class ImageOut(ma.Schema):
    """A picture in three sizes; width and height are the largest one's."""

    id = Whole(required=True)
    url = ma.fields.String(required=True)
    small_url = ma.fields.String(required=True)
    large_url = ma.fields.String(required=True)
    width = Whole(required=True)
    height = Whole(required=True)


class CertificateOut(ma.Schema):
    """A paper that is valid today."""

    kind = ma.fields.String(required=True, validate=one_of(CertificateKind))
    number = ma.fields.String(required=True)
    holder = ma.fields.String(required=True)
    scope = ma.fields.String(required=True)
    valid_from = Day(required=True)
    valid_to = Day(required=True)
    picture_url = ma.fields.String(required=True, allow_none=True)


class AfterSaleOut(ma.Schema):
    """What a buyer may claim; quality faults are never exempt."""

    policy = ma.fields.String(required=True, validate=one_of(AfterSale))
    return_days = Whole(required=True)
    claim_window_hours = Whole(required=True)


class VariantOut(ma.Schema):
    """One SKU; floor and commission are shown to its own cooperative."""

    sku = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    price_fen = Fen(required=True)
    strike_price_fen = Fen(required=True, allow_none=True)
    unit = ma.fields.String(required=True)
    weight_grams = Grams(required=True)
    available = Whole(required=True)
    live_floor_fen = Fen(allow_none=True)
    commission_bp = Bp()


class RevisionOut(ma.Schema):
    """A change that waits for the operator, or was sent back; ``fields`` says what it touches."""

    status = ma.fields.String(required=True, validate=one_of(RevisionStatus))
    fields_ = ma.fields.List(ma.fields.String(), required=True, data_key="fields")
    reason = ma.fields.String(required=True, allow_none=True)
    submitted_at = Utc(required=True)


class ProductOut(ma.Schema):
    """A product's page; ``status_reason``, ``blocked_rule`` and ``revision`` for its own people."""

    slug = Slug(required=True)
    title = ma.fields.String(required=True)
    summary = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=one_of(ProductStatus))
    version = Whole(required=True)
    village = ma.fields.Nested(NamedOut, required=True)
    cooperative = ma.fields.Nested(NamedOut, required=True)
    category = ma.fields.Nested(NamedOut, required=True)
    seller = ma.fields.Nested(SellerOut, required=True)
    cover_url = ma.fields.String(required=True, allow_none=True)
    images = ma.fields.List(ma.fields.Nested(ImageOut), required=True)
    certificates = ma.fields.List(ma.fields.Nested(CertificateOut), required=True)
    after_sale = ma.fields.Nested(AfterSaleOut, required=True)
    shelf_life_days = Whole(required=True)
    storage = ma.fields.String(required=True)
    ship_within_hours = Whole(required=True)
    sales = Whole(required=True)
    variants = ma.fields.List(ma.fields.Nested(VariantOut), required=True)
    status_reason = ma.fields.String(allow_none=True)
    blocked_rule = ma.fields.String(allow_none=True)
    revision = ma.fields.Nested(RevisionOut, allow_none=True)


class SellerIn(StrictSchema):
    """The seller on this page, where it is not the cooperative as it is registered."""

    name = Text(1, 80)
    address = Text(1, 200)
    contact = Text(1, 40)
    licence_no = Text(1, 18)


class AfterSaleIn(StrictSchema):
    """``perishable`` is exempt from the 7-day return, and only perishable kinds may be."""

    policy = ma.fields.String(validate=one_of(AfterSale))
    claim_window_hours = Whole(24, 720)


class CertificateIn(StrictSchema):
    """A paper with its term; ``picture`` is the id of an uploaded picture."""

    kind = ma.fields.String(required=True, validate=one_of(CertificateKind))
    number = Text(1, 60, required=True)
    holder = Text(1, 80, required=True)
    scope = Text(0, 120)
    valid_from = Day(required=True)
    valid_to = Day(required=True)
    picture = Whole(1, allow_none=True)


class VariantPatch(StrictSchema):
    """Changes of one SKU; a SKU the product does not have is a new one and needs all of it.

    A struck-through price is allowed up to the lowest price paid in the last seven days, or with
    ``strike_basis`` ``retail_price`` or ``stated_period`` and its ``strike_source``.
    """

    sku = Sku(required=True)
    name = Text(1, 60)
    price_fen = Fen(1, MAX_PRICE_FEN)
    unit = Text(1, 8)
    weight_grams = Grams(1, MAX_WEIGHT_GRAMS)
    strike_price_fen = Fen(1, MAX_PRICE_FEN, allow_none=True)
    strike_basis = ma.fields.String(validate=one_of(StrikeBasis))
    strike_source = Text(1, 200)
    live_floor_fen = Fen(1, MAX_PRICE_FEN, allow_none=True)
    commission_bp = Bp(0, MAX_COMMISSION_BP)


class VariantIn(VariantPatch):
    """One SKU: what goes into the cart, its price per unit and its net weight."""

    name = Text(1, 60, required=True)
    price_fen = Fen(1, MAX_PRICE_FEN, required=True)
    unit = Text(1, 8, required=True)
    weight_grams = Grams(1, MAX_WEIGHT_GRAMS, required=True)


class ProductWords(StrictSchema):
    """What may be said about a product at any time."""

    title = Text(1, 80)
    summary = Text(0, 200)
    description = Text(0, 5000, lines=True)
    storage = Text(0, 80)
    shelf_life_days = Whole(1, 3650)
    ship_within_hours = Whole(1, 2160)
    category = Slug()
    village = Slug()
    seller = ma.fields.Nested(SellerIn)
    after_sale = ma.fields.Nested(AfterSaleIn)
    pictures = ma.fields.List(Whole(1), validate=ma.validate.Length(max=12))
    certificates = ma.fields.List(
        ma.fields.Nested(CertificateIn), validate=ma.validate.Length(max=20)
    )


class ProductPatch(ProductWords):
    """A change; on an approved page words, pictures, seller and papers wait for the operator."""

    variants = ma.fields.List(ma.fields.Nested(VariantPatch), validate=ma.validate.Length(max=50))


class ProductIn(ProductWords):
    """A new draft; village and seller are the cooperative's unless said otherwise."""

    cooperative = Slug(required=True)
    title = Text(1, 80, required=True)
    category = Slug(required=True)
    variants = ma.fields.List(
        ma.fields.Nested(VariantIn), required=True, validate=ma.validate.Length(1, 50)
    )


class ReasonIn(StrictSchema):
    """Why something is sent back."""

    reason = Text(1, 200, required=True)


class BlockIn(ReasonIn):
    """By which rule a product leaves the shop, and why."""

    rule = Text(1, 80, required=True)

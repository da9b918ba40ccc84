"""What the forms of a cooperative's goods take, and the content they amount to."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from shop.domain.catalog.states import AfterSale, CertificateKind, StrikeBasis
from shop.web.fields import Day, Sku, Slug, Text
from shop.web.form_fields import Checkbox, FormInt, Kilos, Percent, Yuan
from shop.web.forms import FormSchema

MAX_PRICE_FEN = 100_000_000
MAX_WEIGHT_GRAMS = 10_000_000
PLAIN = ("title", "summary", "description", "storage", "ship_within_hours", "category")
SELLER = ("name", "address", "contact", "licence_no")
PAPER = ("kind", "number", "holder", "scope", "valid_from", "valid_to")


def _known(words: Any) -> ma.validate.OneOf:
    return ma.validate.OneOf([str(word) for word in words])


class VariantRow(FormSchema):
    """One SKU in words; the price only where it is new or the product a draft."""

    sku = Sku(required=True)
    name = Text(1, 60, required=True)
    unit = Text(1, 8, required=True)
    weight_grams = Kilos(1, MAX_WEIGHT_GRAMS, required=True)
    price_fen = Yuan(1, MAX_PRICE_FEN)


class ProductForm(FormSchema):
    """The words of a product."""

    title = Text(1, 80, required=True)
    summary = Text(0, 200, load_default="")
    description = Text(0, 5000, lines=True, load_default="")
    category = Slug(required=True)
    village = Slug()
    storage = Text(0, 80, load_default="")
    shelf_life_days = FormInt(1, 3650)
    ship_within_hours = FormInt(1, 2160, required=True)
    policy = ma.fields.String(required=True, validate=_known(AfterSale))
    claim_window_hours = FormInt(24, 720, required=True)
    seller_name = Text(1, 80)
    seller_address = Text(1, 200)
    seller_contact = Text(1, 40)
    seller_licence_no = Text(1, 18)
    variants = ma.fields.List(ma.fields.Nested(VariantRow), load_default=())

    @classmethod
    def content(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The content of ``cataloguing`` that this form amounts to."""
        made: dict[str, Any] = {name: data[name] for name in PLAIN}
        made |= {name: data[name] for name in ("village", "shelf_life_days") if name in data}
        made["after_sale"] = {
            "policy": data["policy"],
            "claim_window_hours": data["claim_window_hours"],
        }
        made["seller"] = {
            name: data[f"seller_{name}"] for name in SELLER if f"seller_{name}" in data
        }
        made["variants"] = list(data["variants"])
        return made


class NewProductForm(ProductForm):
    """The same for a new draft, with its cooperative."""

    cooperative = Slug(required=True)


class PriceRow(FormSchema):
    """Prices of one SKU in yuan; an empty struck-through price takes it away."""

    sku = Sku(required=True)
    price_fen = Yuan(1, MAX_PRICE_FEN, required=True)
    strike_price_fen = Yuan(1, MAX_PRICE_FEN, load_default=None)
    strike_basis = ma.fields.String(validate=_known(StrikeBasis))
    strike_source = Text(1, 200)
    live_floor_fen = Yuan(1, MAX_PRICE_FEN, load_default=None)
    commission_bp = Percent(0, 5000, load_default=0)


class PricesForm(FormSchema):
    """Prices of all SKUs."""

    variants = ma.fields.List(ma.fields.Nested(PriceRow), required=True)

    @classmethod
    def content(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The content of ``cataloguing`` that this form amounts to."""
        return {"variants": list(data["variants"])}


class PictureRow(FormSchema):
    """A picture that is there: its place, or out with it."""

    id = FormInt(1, 2**53, required=True)
    place = FormInt(0, 999, load_default=0)
    out = Checkbox()


class PicturesForm(FormSchema):
    """The gallery; new files come beside this form."""

    pictures = ma.fields.List(ma.fields.Nested(PictureRow), load_default=())

    @classmethod
    def content(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """Ids of what stays, in the order of the places given."""
        kept = [row for row in data["pictures"] if not row["out"]]
        return {"pictures": [row["id"] for row in sorted(kept, key=lambda row: row["place"])]}


class PaperRow(FormSchema):
    """One certificate; an empty number means there is none in this row."""

    kind = ma.fields.String(required=True, validate=_known(CertificateKind))
    number = Text(0, 60, load_default="")
    holder = Text(0, 80, load_default="")
    scope = Text(0, 120, load_default="")
    valid_from = Day()
    valid_to = Day()
    picture_id = FormInt(1, 2**53, load_default=None)
    out = Checkbox()

    @ma.validates_schema
    def whole(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        """A row with a number needs its holder and its term."""
        if not data.get("number") or data.get("out"):
            return
        lacking = [name for name in ("holder", "valid_from", "valid_to") if not data.get(name)]
        if lacking:
            raise ma.ValidationError({name: ["this is needed"] for name in lacking})


class PapersForm(FormSchema):
    """All certificates of a product."""

    papers = ma.fields.List(ma.fields.Nested(PaperRow), load_default=())

    @classmethod
    def content(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """What stays, in the shape of ``cataloguing``."""
        kept = [row for row in data["papers"] if row["number"] and not row["out"]]
        papers = []
        for row in kept:
            columns = {name: row[name] for name in PAPER}
            papers.append({**columns, "picture": row["picture_id"]})
        return {"certificates": papers}

"""Base schemas of the API: strict coming in, plain going out."""

from functools import cache

import marshmallow as ma

from shop.web.fields import (
    Bp,
    ByName,
    Day,
    Fen,
    Flag,
    Grams,
    LotCode,
    Pattern,
    Phone,
    QueryInt,
    Sku,
    Slug,
    Text,
    Utc,
    Whole,
    refuse,
)
from shop.web.paging import PageArgs

__all__ = [
    "Bp",
    "ByName",
    "Day",
    "Fen",
    "Flag",
    "Grams",
    "LotCode",
    "PageArgs",
    "Pattern",
    "Phone",
    "QueryInt",
    "QuerySchema",
    "Sku",
    "Slug",
    "StrictSchema",
    "Text",
    "Utc",
    "Whole",
    "list_of",
    "refuse",
]


class StrictSchema(ma.Schema):
    """A JSON object in which every field is known."""

    class Meta:
        unknown = ma.RAISE


class QuerySchema(ma.Schema):
    """What stands after the question mark; names of others (``lang``) are let alone."""

    class Meta:
        unknown = ma.EXCLUDE


@cache
def list_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The page schema ``{items, next}`` of an item's schema."""
    name = item.__name__.removesuffix("Out").removesuffix("Schema") + "Page"
    return ma.Schema.from_dict(
        {
            "items": ma.fields.List(ma.fields.Nested(item), required=True),
            "next": ma.fields.String(
                required=True,
                allow_none=True,
                metadata={"description": "Send it as ?after= for the next page."},
            ),
        },
        name=name,
    )

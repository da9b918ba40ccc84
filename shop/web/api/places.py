"""Villages, cooperatives and kinds of produce: what products are filed under."""

from typing import Any

import marshmallow as ma

from shop.domain.catalog import queries
from shop.keyset import Keyset
from shop.reads import places
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Flag, PageArgs, Slug, Whole, list_of
from shop.web.lagging import may_lag
from shop.web.microcache import shared
from shop.web.paging import page
from shop.web.who import public

bp = ApiBlueprint("places", __name__, description="Villages, cooperatives, kinds of produce.")


class CategoryOut(ma.Schema):
    """A kind of produce."""

    slug = Slug(required=True)
    name = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)
    perishable = Flag(required=True)
    certificate_required = Flag(required=True)


class VillageOut(ma.Schema):
    """A village; ``goods`` counts products that can be bought."""

    slug = Slug(required=True)
    name = ma.fields.String(required=True)
    name_en = ma.fields.String(required=True)
    region_code = ma.fields.String(required=True)
    intro = ma.fields.String(required=True)
    cover_url = ma.fields.String(required=True, allow_none=True)
    goods = Whole(required=True)


class CooperativeOut(ma.Schema):
    """A cooperative with its licence."""

    slug = Slug(required=True)
    name = ma.fields.String(required=True)
    village = Slug(required=True)
    licence_no = ma.fields.String(required=True)
    story = ma.fields.String(required=True)
    cover_url = ma.fields.String(required=True, allow_none=True)
    goods = Whole(required=True)


@bp.get("/villages")
@public
@shared
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(VillageOut))
@may_lag
def villages(asked: dict[str, Any]) -> dict[str, Any]:
    """Villages."""
    return page(places.villages(**asked))


@bp.get("/cooperatives")
@public
@shared
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(CooperativeOut))
@may_lag
def cooperatives(asked: dict[str, Any]) -> dict[str, Any]:
    """Cooperatives that sell here."""
    return page(places.cooperatives(**asked))


@bp.get("/categories")
@public
@shared
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(CategoryOut))
@may_lag
def categories(asked: dict[str, Any]) -> dict[str, Any]:
    """Kinds of produce, in the operator's order."""
    found: Keyset = queries.category_page(limit=asked["limit"], after=asked["after"])
    return page(found)

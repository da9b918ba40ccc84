"""Villages, cooperatives and kinds of produce: what products are filed under."""

from typing import Any

from shop.domain.catalog import queries
from shop.keyset import Keyset
from shop.reads import places
from shop.web.api.catalogue_schemas import CategoryOut, CooperativeOut, VillageOut
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import PageArgs, list_of
from shop.web.paging import page
from shop.web.who import public

bp = ApiBlueprint("places", __name__, description="Villages, cooperatives, kinds of produce.")


@bp.get("/villages")
@public
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(VillageOut))
def villages(asked: dict[str, Any]) -> dict[str, Any]:
    """Villages."""
    return page(places.villages(**asked))


@bp.get("/cooperatives")
@public
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(CooperativeOut))
def cooperatives(asked: dict[str, Any]) -> dict[str, Any]:
    """Cooperatives that sell here."""
    return page(places.cooperatives(**asked))


@bp.get("/categories")
@public
@bp.arguments(PageArgs, location="query")
@bp.response(200, list_of(CategoryOut))
def categories(asked: dict[str, Any]) -> dict[str, Any]:
    """Kinds of produce, in the operator's order."""
    found: Keyset = queries.category_page(limit=asked["limit"], after=asked["after"])
    return page(found)

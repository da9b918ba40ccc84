"""GB/T 2260: provinces, cities and counties of today's list."""

from typing import Any

import marshmallow as ma

from shop.domain.logistics import regions
from shop.domain.logistics.regions import UnknownRegion
from shop.kernel.clock import local_date
from shop.keyset import MAX_LIMIT, Keyset
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import PageArgs, Pattern, QueryInt, StrictSchema, list_of
from shop.web.microcache import shared
from shop.web.paging import paged
from shop.web.parsing import InvalidParameter
from shop.web.who import public

bp = ApiBlueprint("regions", __name__, description="GB/T 2260 codes with names.")

REGION_CODE = r"^[0-9]{6}$"


class RegionArgs(PageArgs):
    """Below which code; without ``parent`` the provinces. One page holds any list."""

    parent = Pattern(REGION_CODE, load_default=None)
    limit = QueryInt(1, MAX_LIMIT, load_default=MAX_LIMIT)


class RegionOut(StrictSchema):
    """One code; an address may end where ``deliverable``."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    level = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["province", "city", "county"])
    )
    deliverable = ma.fields.Boolean(required=True)


@bp.get("/regions")
@public
@shared
@bp.arguments(RegionArgs, location="query")
@bp.response(200, list_of(RegionOut))
def below(asked: dict[str, Any]) -> dict[str, Any]:
    """What stands below a code today, in the order of the codes."""
    try:
        found = regions.children(asked["parent"], on=local_date(tools().clock()))
    except UnknownRegion as error:
        wrong = {"pointer": "/parent", "code": "unknown-region", "detail": "no such region"}
        raise InvalidParameter(errors=[wrong]) from error
    last = str(asked["after"][0]) if asked["after"] else ""
    rest = [one for one in found if one.code > last]
    shown = rest[: asked["limit"]]
    more = (shown[-1].code,) if len(rest) > len(shown) else None
    return paged(Keyset(rows=shown, next=more), _show)


def _show(one: regions.Region) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "level": one.level,
        "deliverable": regions.is_deliverable_level(one.code),
    }

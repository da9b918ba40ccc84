"""The farmers of one's own cooperatives."""

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from shop.domain.villages import queries as villages
from shop.domain.villages.models import Farmer
from shop.flows import places
from shop.kernel.errors import Invalid, NotFound
from shop.keyset import keyset
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import PageArgs, Phone, Slug, StrictSchema, Text, Whole, list_of
from shop.web.fields import MAX_INT
from shop.web.paging import page
from shop.web.who import cooperative, me

bp = ApiBlueprint("farmers", __name__, description="The farmers of a cooperative.")


class FarmerIn(StrictSchema):
    """A household; ``cooperative`` is needed by who works for several."""

    name = Text(1, 40, required=True)
    phone = Phone(load_default=None, allow_none=True)
    village = Slug(required=True)
    cooperative = Slug(load_default=None, allow_none=True)


class FarmerOut(StrictSchema):
    """A household as its cooperative notes it."""

    id = Whole(1, MAX_INT, required=True)
    name = ma.fields.String(required=True)
    phone = Phone(required=True, allow_none=True)
    village = ma.fields.String(required=True)
    cooperative = ma.fields.String(required=True)
    consented = ma.fields.Boolean(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["active", "suspended"]))


class FarmerArgs(PageArgs):
    """Of one cooperative, or of all of one's own."""

    cooperative = Slug(load_default=None)


def _own(slug: str | None) -> tuple[int, ...]:
    """The caller's cooperatives, or the one that is named; another's is not found."""
    mine = me().cooperatives("keeper")
    if slug is None:
        return mine
    found = villages.cooperative(slug)
    if found is None or found.id not in mine:
        raise NotFound()
    return (found.id,)


def _show(rows: list[Farmer]) -> list[dict[str, Any]]:
    homes = villages.villages_by_id(row.village_id for row in rows)
    owners = villages.cooperatives_by_id(row.cooperative_id for row in rows)
    return [
        {
            "id": row.id,
            "name": row.name,
            "phone": row.phone,
            "village": homes[row.village_id].slug,
            "cooperative": owners[row.cooperative_id].slug,
            "consented": row.consented_at is not None,
            "status": str(row.status),
        }
        for row in rows
    ]


@bp.route("/farmers")
class Farmers(MethodView):
    """Households of one's own cooperatives."""

    @cooperative("keeper")
    @bp.arguments(FarmerArgs, location="query")
    @bp.response(200, list_of(FarmerOut))
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """In the order they were noted."""
        found = keyset(
            villages.farmers_of(_own(asked["cooperative"])),
            keys=[(Farmer.id, "asc")],
            limit=asked["limit"],
            after=asked["after"],
        )
        return page(found) | {"items": _show(found.rows)}

    @cooperative("keeper")
    @bp.arguments(FarmerIn)
    @bp.response(201, FarmerOut)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Note a household."""
        own = _own(body["cooperative"])
        if len(own) != 1:
            raise Invalid.at("/cooperative", "say which cooperative", code="required")
        home = villages.village(body["village"])
        if home is None:
            raise Invalid.at("/village", "no such village", code="unknown")
        farmer_id = places.add_farmer(
            actor=me(),
            cooperative_id=own[0],
            name=body["name"],
            phone=body["phone"],
            village_id=home.id,
            now=tools().clock(),
        )
        made = villages.farmer(farmer_id, cooperative_ids=own)
        if made is None:
            raise NotFound()
        return _show([made])[0]

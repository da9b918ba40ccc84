"""The public story of a lot."""

from typing import Any

import marshmallow as ma

from shop.kernel.clock import local_date
from shop.reads import trace as traces
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Day, Utc, Whole
from shop.web.lagging import may_lag
from shop.web.microcache import shared
from shop.web.who import public

bp = ApiBlueprint("trace", __name__, description="Where a lot came from.")

Named = ma.Schema.from_dict(
    {"slug": ma.fields.String(required=True), "name": ma.fields.String(required=True)},
    name="Named",
)


class PaperOut(ma.Schema):
    """A certificate that is valid today."""

    kind = ma.fields.String(required=True)
    number = ma.fields.String(required=True)
    holder = ma.fields.String(required=True)
    valid_to = Day(required=True)


class StepOut(ma.Schema):
    """One thing that happened to the lot."""

    what = ma.fields.String(required=True)
    at = Utc(required=True)
    count = Whole(required=True, allow_none=True)


class TraceOut(ma.Schema):
    """Origin, harvest, papers and journey, without personal data."""

    code = ma.fields.String(required=True)
    product = ma.fields.Nested(
        ma.Schema.from_dict(
            {
                "slug": ma.fields.String(required=True),
                "title": ma.fields.String(required=True),
                "sku": ma.fields.String(required=True),
                "variant": ma.fields.String(required=True),
            },
            name="TracedProduct",
        ),
        required=True,
    )
    village = ma.fields.Nested(Named, required=True)
    villages = ma.fields.List(ma.fields.Nested(Named), required=True)
    cooperative = ma.fields.Nested(Named, required=True)
    harvested_on = Day(required=True)
    best_before = Day(required=True, allow_none=True)
    growers = Whole(required=True)
    certificates = ma.fields.List(ma.fields.Nested(PaperOut), required=True)
    journey = ma.fields.List(ma.fields.Nested(StepOut), required=True)


@bp.get("/trace/<code:code>")
@public
@shared
@bp.response(200, TraceOut)
@may_lag
def show(code: str) -> dict[str, Any]:
    """The story of the lot whose code stands on a box."""
    found = traces.trace(code)
    today = local_date(tools().clock())
    return {
        **vars(found),
        "product": {
            "slug": found.product.slug,
            "title": found.product.title,
            "sku": found.variant.sku,
            "variant": found.variant.name,
        },
        "certificates": [paper for paper in found.certificates if paper.is_shown(today)],
    }

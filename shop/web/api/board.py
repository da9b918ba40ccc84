"""Money to the village: statements and the sunshine board."""

from typing import Any

import marshmallow as ma

from shop.kernel.clock import period_of
from shop.reads import board as boards
from shop.reads import statements
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Bp, Fen, Pattern, QuerySchema, Slug, Utc, Whole
from shop.web.api.trace import Named
from shop.web.lagging import may_lag
from shop.web.microcache import shared
from shop.web.periods import PERIOD
from shop.web.who import me, public, role

bp = ApiBlueprint("board", __name__, description="Statements and the village's sunshine board.")


class PeriodArgs(QuerySchema):
    """A month in Asia/Shanghai; the present one by default."""

    period = Pattern(PERIOD, load_default=None)


class StatementArgs(PeriodArgs):
    """Whose month."""

    cooperative = Slug(required=True)


class SignedFen(Whole):
    """Fen of either sign."""


class SignedUnits(Whole):
    """Units of either sign."""


class ShareOut(ma.Schema):
    """What one party has, after refunds; ``farmer_id`` tells farmers of one name apart."""

    party = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    amount_fen = SignedFen(required=True)
    farmer_id = Whole(required=True, allow_none=True)


class StatementLineOut(ma.Schema):
    """One lot of one order line."""

    order = ma.fields.String(required=True)
    sku = ma.fields.String(required=True)
    lot = ma.fields.String(required=True)
    quantity = SignedUnits(required=True)
    gross_fen = SignedFen(required=True)
    shares = ma.fields.List(ma.fields.Nested(ShareOut), required=True)


class StatementOut(ma.Schema):
    """A cooperative's month."""

    cooperative = ma.fields.String(required=True)
    period = ma.fields.String(required=True)
    orders = Whole(required=True)
    lines = ma.fields.List(ma.fields.Nested(StatementLineOut), required=True)
    totals = ma.fields.List(ma.fields.Nested(ShareOut), required=True)


@bp.get("/settlements")
@role("manager", "operator")
@bp.arguments(StatementArgs, location="query")
@bp.response(200, StatementOut)
def settlement(args: dict[str, Any]) -> dict[str, Any]:
    """Statement lines and totals per party, recomputed from the ledger."""
    cooperative = statements.cooperative_in_reach(args["cooperative"], me())
    found = statements.statement(cooperative, args["period"] or period_of(tools().clock()))
    return {**vars(found), "cooperative": cooperative.slug}


class RuleOut(ma.Schema):
    """A version of a split rule that the figures were made by."""

    cooperative = ma.fields.String(required=True)
    version = Whole(required=True)
    platform_bp = Bp(required=True)
    village_bp = Bp(required=True)
    farmer_bp = Bp(required=True)


class CorrectionOut(ma.Schema):
    """A figure that the ledger has changed since it was published; all but ``orders`` are fen."""

    figure = ma.fields.String(required=True)
    published = SignedFen(required=True)
    now = SignedFen(required=True)


class BoardOut(ma.Schema):
    """A month of a village; where growers are merged, their line is in the cooperatives'.

    The figures are the ledger's of this moment; ``published_at`` is when a supervisor
    countersigned the month, and ``corrections`` what has changed since.
    """

    village = ma.fields.Nested(Named, required=True)
    period = ma.fields.String(required=True)
    orders = Whole(required=True)
    gmv_fen = Fen(required=True)
    refunds_fen = Fen(required=True)
    freight_fen = SignedFen(required=True)
    platform_fee_fen = SignedFen(required=True)
    host_commission_fen = SignedFen(required=True)
    net_fen = SignedFen(required=True)
    farmers_fen = SignedFen(required=True, allow_none=True)
    cooperative_fen = SignedFen(required=True)
    village_fen = SignedFen(required=True)
    growers_merged = ma.fields.Boolean(required=True)
    rule_versions = ma.fields.List(ma.fields.Nested(RuleOut), required=True)
    published_at = Utc(required=True, allow_none=True)
    corrections = ma.fields.List(ma.fields.Nested(CorrectionOut), required=True)


@bp.get("/board/<slug:village>")
@public
@shared
@bp.arguments(PeriodArgs, location="query")
@bp.response(200, BoardOut)
@may_lag
def board(args: dict[str, Any], village: str) -> dict[str, Any]:
    """The village's sunshine board: sums of the ledger, and no household."""
    found = boards.board(village, args["period"] or period_of(tools().clock()))
    return {**vars(found), "rule_versions": found.rules, "published_at": found.published_at}

"""A cooperative's monthly statements."""

from flask import Blueprint, request

from shop.kernel.clock import period_of
from shop.reads import statements as reads
from shop.tools import tools
from shop.web.pages import render
from shop.web.periods import clean_period
from shop.web.who import me, role

bp = Blueprint("coop_statements", __name__, url_prefix="/coop/statements")


@bp.get("")
@role("manager", "operator")
def index() -> str:
    """One cooperative and month at a time; the operator sees every cooperative."""
    choices = reads.cooperatives_in_reach(me())
    chosen = request.args.get("cooperative") or next((c.slug for c in choices), None)
    if chosen is None:
        return render("coop_statements/index.html", statement=None, choices=[], periods=[])
    cooperative = reads.cooperative_in_reach(chosen, me())
    periods = reads.periods(cooperative.id)
    this_month = period_of(tools().clock())
    period = clean_period(request.args.get("period")) or next(iter(periods), this_month)
    return render(
        "coop_statements/index.html",
        statement=reads.statement(cooperative, period),
        choices=choices,
        periods=periods,
    )

"""The sunshine board (阳光公开栏): every village's public account."""

from flask import Blueprint, request

from shop.kernel.clock import period_of
from shop.reads import board as reads
from shop.tools import tools
from shop.web.pages import render
from shop.web.periods import clean_period
from shop.web.who import public

bp = Blueprint("board", __name__, url_prefix="/board")


@bp.get("")
@public
def index() -> str:
    """Every village with the newest month that has figures."""
    return render("board/index.html", villages=reads.villages_with_boards())


@bp.get("/<slug:village>")
@public
def show(village: str) -> str:
    """One village's month, to be read by every villager and printed for the wall."""
    known = reads.village_by_slug(village)
    periods = reads.periods(known.id)
    this_month = period_of(tools().clock())
    period = clean_period(request.args.get("period")) or next(iter(periods), this_month)
    return render("board/show.html", board=reads.board(village, period), periods=periods)

"""A village's own people: one drafts the month for the sunshine board, another countersigns it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.settlement.states import SheetStatus
from shop.domain.villages import queries as villages
from shop.domain.villages.models import Village
from shop.flows import disclosing
from shop.kernel.clock import period_of
from shop.kernel.errors import DomainError, NotFound
from shop.reads import board as boards
from shop.reads import village_sheets
from shop.tools import tools
from shop.web.fields import Pattern, Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.periods import PERIOD, clean_period
from shop.web.problems import said
from shop.web.who import me, role
from shop.web.words import _

bp = Blueprint("my_village", __name__, url_prefix="/village")


class DraftForm(FormSchema):
    period = Pattern(PERIOD, required=True)
    note = Text(0, disclosing.NOTE_LENGTH, lines=True, load_default="")


def _own(slug: str) -> Village:
    """A village that the reader has a role in; another's is not found."""
    found = villages.village(slug)
    if found is None or found.id not in me().villages("village", "supervisor"):
        raise NotFound()
    return found


@bp.get("")
@role("village", "supervisor")
def index() -> ResponseReturnValue:
    """The one village, or a choice of several."""
    mine = villages.villages_by_id(me().villages("village", "supervisor"))
    if len(mine) == 1:
        return see("my_village.show", slug=next(iter(mine.values())).slug)
    return render("my_village/choose.html", villages=list(mine.values()))


@bp.get("/<slug:slug>")
@role("village", "supervisor")
def show(slug: str) -> ResponseReturnValue:
    """A month: the ledger's figures, the draft that is open, and what was published."""
    home = _own(slug)
    return render("my_village/show.html", form=Form(), **_about(home, _period(home)))


@bp.post("/<slug:slug>/drafts")
@role("village")
def draft(slug: str) -> ResponseReturnValue:
    """Freeze a month's figures."""
    home = _own(slug)
    form, error = Form.read(DraftForm), None
    if form.ok:
        try:
            disclosing.draft_board(actor=me(), village_id=home.id, now=tools().clock(), **form.data)
            flash(_("The month is drafted. Now the supervisor looks at it."), "success")
            return see("my_village.show", slug=slug, period=form.data["period"])
        except NotFound:
            raise
        except DomainError as refusal:
            error = refusal
    period = clean_period(request.form.get("period")) or _period(home)
    return render_form("my_village/show.html", form, error, **_about(home, period))


@bp.post("/<slug:slug>/drafts/<id:sheet_id>/countersign")
@role("supervisor")
def countersign(slug: str, sheet_id: int) -> ResponseReturnValue:
    """Publish what another drafted."""
    words = _("Published. It stands on the sunshine board now.")
    return _decide(slug, disclosing.countersign_board, sheet_id, words)


@bp.post("/<slug:slug>/drafts/<id:sheet_id>/withdraw")
@role("village", "supervisor")
def withdraw(slug: str, sheet_id: int) -> ResponseReturnValue:
    """Take a draft back unsigned."""
    return _decide(slug, disclosing.withdraw_board, sheet_id, _("The draft is taken back."))


def _decide(slug: str, verb: Callable[..., None], sheet_id: int, words: str) -> ResponseReturnValue:
    _own(slug)
    try:
        verb(actor=me(), sheet_id=sheet_id, now=tools().clock())
    except NotFound:
        raise
    except DomainError as error:
        flash(said(error.detail), "error")
    else:
        flash(words, "success")
    return see("my_village.show", slug=slug, period=clean_period(request.form.get("period")))


def _period(home: Village) -> str:
    """The month asked for, else the newest with figures, else the present one."""
    newest = next(iter(boards.periods(home.id)), period_of(tools().clock()))
    return clean_period(request.args.get("period")) or newest


def _about(home: Village, period: str) -> dict[str, Any]:
    found = village_sheets.of_month(home.id, period)
    return {
        "home": home,
        "board": boards.board(home.slug, period),
        "periods": boards.periods(home.id),
        "draft": next((one for one in found if one.status is SheetStatus.DRAFT), None),
        "sheets": found,
        "may_draft": home.id in me().villages("village"),
        "may_sign": home.id in me().villages("supervisor"),
    }

"""Where the ``type`` of a problem document leads."""

from flask import Blueprint

from shop.kernel.errors import NotFound
from shop.web.errors import what_kept, what_to_do
from shop.web.pages import render
from shop.web.problems import KINDS
from shop.web.who import public

bp = Blueprint("problems", __name__, url_prefix="/problems")


@bp.get("/<slug:code>")
@public
def show(code: str) -> str:
    """One kind of problem, in words."""
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound
    return render(
        "problems/show.html",
        code=code,
        status=kind.status,
        title=str(kind.title),
        retryable=kind.retryable,
        what_kept=what_kept(kind.status),
        what_to_do=what_to_do(kind.status),
    )

"""The page behind the QR code on a box."""

import segno
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.kernel.clock import local_date
from shop.kernel.codes import clean_lot_code
from shop.reads import trace as reads
from shop.tools import tools
from shop.web.pages import render
from shop.web.security import link
from shop.web.who import public

bp = Blueprint("trace", __name__, url_prefix="/trace")


@bp.get("")
@public
def find() -> ResponseReturnValue:
    """A field for the code, for who has no camera at hand."""
    typed = request.args.get("code", "")
    code = clean_lot_code(typed)
    if code is not None:
        return redirect(url_for("trace.show", code=code), code=303)
    return render("trace/find.html", typed=typed[:40], wrong=bool(typed))


@bp.get("/<code:code>")
@public
def show(code: str) -> str:
    """Origin, harvest, papers and journey."""
    return render("trace/show.html", trace=reads.trace(code), today=local_date(tools().clock()))


@bp.get("/<code:code>/qr.svg")
@public
def qr(code: str) -> Response:
    """The QR code of a lot; its address comes from the settings alone."""
    reads.trace(code)
    drawn = segno.make(link("trace.show", code=code), error="m")
    svg = drawn.svg_inline(scale=8, border=2, light="#fff")
    response = Response(svg, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response

"""The texts that people accept, by version."""

from flask import Blueprint

from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web.i18n import choose
from shop.web.pages import render
from shop.web.who import public
from shop.web.words import _, later

bp = Blueprint("legal", __name__, url_prefix="/legal")

VERSIONS = {
    "user-agreement": "2026-03-01",
    "trading-rules": "2026-03-01",
    "privacy": "2026-03-01",
}
"""The version of each text that is in force; a changed text gets a new one."""

AGREEMENTS = tuple(VERSIONS.items())

TITLES = {
    "user-agreement": later("User agreement"),
    "trading-rules": later("Trading rules"),
    "privacy": later("Privacy notice"),
}


@bp.get("/<slug:kind>")
@public
def show(kind: str) -> str:
    """One text in the reader's language."""
    if kind not in VERSIONS:
        raise NotFound()
    settings = tools().settings
    return render(
        "legal/show.html",
        title=str(TITLES[kind]),
        version=VERSIONS[kind],
        body=f"legal/{kind}.{choose()}.html",
        operator=settings.operator_name or _("the operator of this demonstration"),
        seller_of_record=settings.seller_of_record,
        hold_minutes=settings.hold_minutes,
        live_hold_minutes=settings.live_hold_minutes,
        complete_after_days=settings.complete_after_days,
    )

"""The texts that people accept: each version keeps its file and its address."""

from collections.abc import Iterable

from flask import Blueprint

from shop.domain.accounts.texts import VERSIONS, Agreement
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web.i18n import choose
from shop.web.pages import render
from shop.web.who import public
from shop.web.words import _, later

bp = Blueprint("legal", __name__, url_prefix="/legal")

TITLES = {
    "user-agreement": later("User agreement"),
    "trading-rules": later("Trading rules"),
    "privacy": later("Privacy notice"),
}


@bp.get("/<slug:kind>")
@public
def show(kind: str) -> str:
    """The version in force, in the reader's language."""
    if kind not in VERSIONS:
        raise NotFound()
    return _page(kind, VERSIONS[kind][0])


@bp.get("/<slug:kind>/<slug:version>")
@public
def version(kind: str, version: str) -> str:
    """One version for good, also when another is in force."""
    if version not in VERSIONS.get(kind, ()):
        raise NotFound()
    return _page(kind, version)


def _page(kind: str, version: str) -> str:
    settings = tools().settings
    return render(
        "legal/show.html",
        kind=kind,
        title=str(TITLES[kind]),
        version=version,
        in_force=VERSIONS[kind][0],
        others=[one for one in VERSIONS[kind] if one != version],
        body=f"legal/{kind}.{version}.{choose()}.html",
        operator=settings.operator_name or _("the operator of this demonstration"),
        seller_of_record=settings.seller_of_record,
        hold_minutes=settings.hold_minutes,
        live_hold_minutes=settings.live_hold_minutes,
        complete_after_days=settings.complete_after_days,
    )


def titled(texts: Iterable[Agreement]) -> list[tuple[str, str, str]]:
    """(kind, title, version) of texts that somebody is asked to accept."""
    return [(kind, str(TITLES[kind]), version) for kind, version in texts]

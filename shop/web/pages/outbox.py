"""Messages that would have left the shop, outside production and on this machine alone."""

from flask import Blueprint

from shop.domain.notices import queries as notices
from shop.domain.notices import wording
from shop.kernel.errors import NotFound
from shop.web.pages import render
from shop.web.pages.signin import outbox_is_open
from shop.web.who import public

bp = Blueprint("outbox", __name__)

SHOWN = 50


@bp.get("/outbox")
@public
def index() -> str:
    """The newest messages."""
    if not outbox_is_open():
        raise NotFound()
    found = [
        {
            "phone": one.phone,
            "at": one.created_at,
            "sent_at": one.sent_at,
            "template": one.template,
            "code": one.variables.get("code"),
            "text": wording.rendered(one.template, one.variables),
        }
        for one in notices.newest(limit=SHOWN)
    ]
    return render("outbox/index.html", messages=found)

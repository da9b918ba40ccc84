"""Pictures by their address: they never change, so a browser keeps them for good."""

from flask import Blueprint, Response, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from shop.domain.catalog.images import NAME
from shop.kernel.errors import NotFound
from shop.tools import tools
from shop.web.who import anyone

bp = Blueprint("pictures", __name__)


@bp.record_once
def install(state: BlueprintSetupState) -> None:
    """Give every template ``picture_url``."""
    state.app.jinja_env.globals["picture_url"] = picture_url


def picture_url(name: str, size: str = "m") -> str:
    """The address of a picture: ``s`` 320, ``m`` 800, ``l`` 1600 pixels on its longest side."""
    return f"/pictures/{name}/{size}.webp"


@bp.get("/pictures/<string(length=32):name>/<any(s, m, l):size>.webp")
@anyone
def show(name: str, size: str) -> ResponseReturnValue:
    """One size; its bytes were drawn by us, and a browser takes them as nothing else."""
    content = tools().pictures.open(name, size) if NAME.fullmatch(name) else None
    if content is None:
        raise NotFound("no such picture")
    response = Response(content, content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{size}.webp"'
    response.set_etag(f"{name}-{size}")
    return response.make_conditional(request)

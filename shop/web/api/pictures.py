"""Bringing pictures: for products, papers and claims."""

from typing import Any

import marshmallow as ma
from flask import request
from flask_smorest.fields import Upload
from werkzeug.datastructures import FileStorage

from shop.domain.catalog.images import MAX_BYTES
from shop.flows import picturing
from shop.kernel.errors import Invalid
from shop.tools import tools
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import Whole
from shop.web.limits import limit
from shop.web.parsing import UnsupportedMediaType
from shop.web.security import body_limit
from shop.web.who import me, signed_in

bp = ApiBlueprint("pictures", __name__, description="Uploaded pictures.")


class PictureIn(ma.Schema):
    """One part of ``multipart/form-data`` with a JPEG, PNG or WebP of at most 10 MB and 40 MP."""

    class Meta:
        unknown = ma.INCLUDE

    file = Upload(metadata={"description": "The picture; any name of the part will do."})


class PictureOut(ma.Schema):
    """A kept picture; width and height are those of its largest version."""

    id = Whole(required=True)
    url = ma.fields.String(required=True)
    width = Whole(required=True)
    height = Whole(required=True)


@bp.post("/pictures")
@signed_in
@body_limit()
@limit("upload")
@bp.arguments(PictureIn, location="files")
@bp.response(201, PictureOut)
def bring(files: dict[str, Any]) -> dict[str, Any]:
    """Bring a picture; it is drawn again in three sizes, without its place and camera."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("send multipart/form-data with one file")
    kept = picturing.upload_picture(
        actor=me(), now=tools().clock(), store=tools().pictures, data=_one_file(files)
    )
    return {**vars(kept), "url": f"/pictures/{kept.name}/m.webp"}


def _one_file(files: dict[str, Any]) -> bytes:
    found = [file for file in files.values() if isinstance(file, FileStorage)]
    if len(found) != 1:
        raise Invalid.at("/file", "one file is needed", code="required")
    return found[0].stream.read(MAX_BYTES + 1)

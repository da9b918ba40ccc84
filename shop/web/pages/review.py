"""The operator's review queue: new products, changed pages, blocks."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.catalog.states import ProductStatus
from shop.flows import reviewing
from shop.kernel.errors import DomainError
from shop.reads import catalogue, own_goods
from shop.reads import review as reads
from shop.reads.product_page import product_page
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Text
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.paging import decode, page
from shop.web.who import me, operator
from shop.web.words import _

bp = Blueprint("review", __name__, url_prefix="/operator/review")


class ReasonForm(FormSchema):
    """Why something goes back to its cooperative."""

    reason = Text(1, 200, required=True)


class BlockForm(ReasonForm):
    """By which rule a product leaves the shop."""

    rule = Text(1, 80, required=True)


@bp.get("")
@operator
def index() -> str:
    """What waits, the oldest first."""
    return render("review/index.html", queue=reads.queue())


@bp.get("/goods")
@operator
def goods() -> str:
    """All goods of the county, in every state."""
    status = request.args.get("status", "")
    q = request.args.get("q", "")[:100]
    found = catalogue.goods(
        None,
        status=ProductStatus(status) if status in list(ProductStatus) else None,
        q=q,
        after=decode(request.args.get("after", "")),
    )
    return render(
        "review/goods.html",
        cards=found.rows,
        next=page(found)["next"],
        q=q,
        status=status,
        statuses=list(ProductStatus),
    )


@bp.get("/<slug:slug>")
@operator
def show(slug: str) -> str:
    """One product with what there is to decide."""
    return render("review/show.html", form=Form({}), **_about(slug))


@bp.post("/<slug:slug>/approve")
@operator
def approve(slug: str) -> ResponseReturnValue:
    """Agree: a new product goes on sale, a changed page says its new words."""
    return _decide(slug, None, reviewing.approve_product, _("Approved."))


@bp.post("/<slug:slug>/reject")
@operator
def reject(slug: str) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _decide(slug, ReasonForm, reviewing.reject_product, _("Sent back with your reason."))


@bp.post("/<slug:slug>/block")
@operator
def block(slug: str) -> ResponseReturnValue:
    """Take it out of the shop."""
    return _decide(slug, BlockForm, reviewing.block_product, _("Blocked. Open orders go on."))


@bp.post("/<slug:slug>/unblock")
@operator
def unblock(slug: str) -> ResponseReturnValue:
    """Lift the block."""
    done = _("The block is lifted. The cooperative may put it on sale again.")
    return _decide(slug, None, reviewing.unblock_product, done)


def _decide(
    slug: str, schema: type[FormSchema] | None, flow: Callable[..., None], done: str
) -> ResponseReturnValue:
    form = Form.read(schema) if schema else Form({})
    version = etag.form_version()
    error: DomainError | None = None
    if form.ok:
        try:
            now = tools().clock()
            flow(actor=me(), now=now, slug=slug, expected_version=version, **form.data)
            flash(done, "success")
            return see("review.index") if reads.queue() else see("review.show", slug=slug)
        except DomainError as refusal:
            if refusal.code == "not-found":
                raise
            error = refusal
    return render_form("review/show.html", form, error, **_about(slug))


def _about(slug: str) -> dict[str, Any]:
    found = product_page(slug, actor=me(), now=tools().clock())
    skus = [offer.sku for offer in found.variants]
    return {
        "product": found,
        "change": reads.change(slug),
        "decisions": reads.decisions(found.id),
        "prices": own_goods.price_history(skus),
        "grounds": reads.evidence(skus),
    }

"""A cooperative's goods: the list, one product with its state, and the steps of its life."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.catalog.states import ProductStatus
from shop.flows import cataloguing
from shop.kernel.clock import local_date
from shop.kernel.errors import DomainError, NotFound
from shop.reads import catalogue, own_goods, review
from shop.reads.product_page import product_page
from shop.tools import tools
from shop.web import etag
from shop.web.fields import Sku
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.paging import decode, page
from shop.web.who import cooperative, me
from shop.web.words import _

bp = Blueprint("coop_products", __name__, url_prefix="/coop/products")

HIDDEN = frozenset({"not-found", "forbidden"})
STEPS: dict[str, Callable[..., None]] = {
    "submit": cataloguing.submit_product,
    "take-back": cataloguing.take_back_product,
    "off-sale": cataloguing.take_off_sale,
    "on-sale": cataloguing.put_on_sale,
    "archive": cataloguing.archive_product,
    "withdraw": cataloguing.withdraw_revision,
}


class DropForm(FormSchema):
    """Which variant leaves a draft."""

    sku = Sku(required=True)


@bp.get("")
@cooperative()
def index() -> str:
    """Own goods in every state."""
    status = request.args.get("status", "")
    q = request.args.get("q", "")[:100]
    found = catalogue.goods(
        me().cooperatives(),
        status=ProductStatus(status) if status in list(ProductStatus) else None,
        q=q,
        after=decode(request.args.get("after", "")),
    )
    return render(
        "coop_products/index.html",
        cards=found.rows,
        next=page(found)["next"],
        q=q,
        status=status,
        statuses=list(ProductStatus),
    )


@bp.get("/<slug:slug>")
@cooperative()
def show(slug: str) -> str:
    """One product: state, what is missing, what waits, prices, steps so far."""
    found = product_page(slug, actor=me(), now=tools().clock())
    if found.cooperative_id not in me().cooperatives():
        raise NotFound("no such product")
    writes = found.cooperative_id in me().cooperatives("clerk")
    today = local_date(tools().clock())
    return render(
        "coop_products/show.html",
        product=found,
        desk=own_goods.desk(slug, actor=me(), today=today) if writes else None,
        change=review.change(slug) if found.own else None,
        decisions=review.decisions(found.id),
        prices=own_goods.price_history([offer.sku for offer in found.variants]),
    )


@bp.post("/<slug:slug>/<any(submit, 'take-back', 'off-sale', 'on-sale', archive, withdraw):step>")
@cooperative("clerk")
def go(slug: str, step: str) -> ResponseReturnValue:
    """Take one step of the product's life."""
    return _tried(slug, STEPS[step])


@bp.post("/<slug:slug>/drop-variant")
@cooperative("clerk")
def drop_variant(slug: str) -> ResponseReturnValue:
    """Take a variant out of a draft."""
    form = Form.read(DropForm)
    if not form.ok:
        flash(_("Choose a variant."), "warning")
        return see("coop_products.show", slug=slug)
    return _tried(slug, cataloguing.drop_variant, sku=form.data["sku"])


def _tried(slug: str, flow: Callable[..., None], **more: Any) -> ResponseReturnValue:
    """Do it and say so; a refusal is said on the same page."""
    version = etag.form_version()
    try:
        flow(actor=me(), now=tools().clock(), slug=slug, expected_version=version, **more)
        flash(_("Done."), "success")
    except DomainError as error:
        if error.code in HIDDEN:
            raise
        flash(_refusal(error), "warning")
    return see("coop_products.show", slug=slug)


def _refusal(error: DomainError) -> str:
    words = {
        "precondition-failed": _("Somebody changed it in the meantime. Look at it again."),
        "illegal-transition": _("This step is not possible now."),
        "validation-error": _("Something is still missing; it is listed on this page."),
    }
    if error.code == "validation-error" and not any(
        entry["code"] == "required" for entry in error.errors
    ):
        return _(error.detail)
    return words.get(error.code, error.detail)

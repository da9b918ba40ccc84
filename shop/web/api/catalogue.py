"""Products: for everyone to find, for their cooperative to write, for the operator to decide."""

from typing import Any

from flask import url_for
from flask.views import MethodView

from shop.flows import cataloguing, reviewing
from shop.reads import catalogue
from shop.reads.product_page import Offer, ProductPage, product_page
from shop.tools import tools
from shop.web import etag
from shop.web.api.catalogue_schemas import (
    BlockIn,
    ProductArgs,
    ProductCardOut,
    ProductIn,
    ProductOut,
    ProductPatch,
    ReasonIn,
)
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import list_of
from shop.web.lagging import may_lag
from shop.web.microcache import shared
from shop.web.paging import page
from shop.web.who import cooperative, me, operator, public

bp = ApiBlueprint("products", __name__, description="Products and their review.")

OWN = ("status_reason", "blocked_rule")
OWN_VARIANT = ("live_floor_fen", "commission_bp")


@bp.route("/products")
class Products(MethodView):
    """What can be bought."""

    @public
    @shared
    @bp.arguments(ProductArgs, location="query")
    @bp.response(200, list_of(ProductCardOut))
    @may_lag
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Find products on sale."""
        return page(catalogue.products(**asked))

    @cooperative("clerk")
    @bp.arguments(ProductIn)
    @bp.response(201, ProductOut)
    def post(self, body: dict[str, Any]) -> Any:
        """Begin a draft."""
        slug = cataloguing.create_product(
            actor=me(), now=tools().clock(), cooperative=body.pop("cooperative"), content=body
        )
        where = url_for("api_products.Product", slug=slug)
        return shown(slug), 201, {"Location": where}


@bp.route("/products/<slug:slug>")
class Product(MethodView):
    """One product."""

    @public
    @shared
    @bp.response(200, ProductOut)
    @may_lag
    def get(self, slug: str) -> dict[str, Any]:
        """A page on sale; its own people and the operator see it in every state."""
        return shown(slug)

    @cooperative("clerk")
    @bp.arguments(ProductPatch)
    @bp.response(200, ProductOut)
    def patch(self, body: dict[str, Any], slug: str) -> dict[str, Any]:
        """Change a product; prices hold at once, words of an approved page wait."""
        cataloguing.change_product(
            actor=me(),
            now=tools().clock(),
            slug=slug,
            content=body,
            expected_version=etag.expected_version(),
        )
        return shown(slug)


@bp.post("/products/<slug:slug>/submit")
@cooperative("clerk")
@bp.response(200, ProductOut)
def submit(slug: str) -> dict[str, Any]:
    """Ask for the first approval."""
    cataloguing.submit_product(**_about(slug))
    return shown(slug)


@bp.post("/products/<slug:slug>/off-sale")
@cooperative("clerk")
@bp.response(200, ProductOut)
def off_sale(slug: str) -> dict[str, Any]:
    """Take it off the shelf."""
    cataloguing.take_off_sale(**_about(slug))
    return shown(slug)


@bp.post("/products/<slug:slug>/on-sale")
@cooperative("clerk")
@bp.response(200, ProductOut)
def on_sale(slug: str) -> dict[str, Any]:
    """Put it back on the shelf."""
    cataloguing.put_on_sale(**_about(slug))
    return shown(slug)


@bp.post("/products/<slug:slug>/approve")
@operator
@bp.response(200, ProductOut)
def approve(slug: str) -> dict[str, Any]:
    """Approve what waits: a new product, or the change of a page."""
    reviewing.approve_product(**_about(slug))
    return shown(slug)


@bp.post("/products/<slug:slug>/reject")
@operator
@bp.arguments(ReasonIn)
@bp.response(200, ProductOut)
def reject(body: dict[str, Any], slug: str) -> dict[str, Any]:
    """Send back what waits, with a reason."""
    reviewing.reject_product(**_about(slug), reason=body["reason"])
    return shown(slug)


@bp.post("/products/<slug:slug>/block")
@operator
@bp.arguments(BlockIn)
@bp.response(200, ProductOut)
def block(body: dict[str, Any], slug: str) -> dict[str, Any]:
    """Take a product out of the shop by a rule; open orders go on."""
    reviewing.block_product(**_about(slug), rule=body["rule"], reason=body["reason"])
    return shown(slug)


@bp.post("/products/<slug:slug>/unblock")
@operator
@bp.response(200, ProductOut)
def unblock(slug: str) -> dict[str, Any]:
    """Lift a block; the product is off sale then."""
    reviewing.unblock_product(**_about(slug))
    return shown(slug)


def _about(slug: str) -> dict[str, Any]:
    return {
        "actor": me(),
        "now": tools().clock(),
        "slug": slug,
        "expected_version": etag.expected_version(),
    }


def shown(slug: str) -> dict[str, Any]:
    """A product as this caller may see it, with its tag."""
    found = product_page(slug, actor=me(), now=tools().clock())
    etag.tag(found.version)
    return show(found)


def show(found: ProductPage) -> dict[str, Any]:
    """A page as ``ProductOut`` dumps it."""
    said = {
        name: getattr(found, name)
        for name in ProductOut().fields
        if name not in {*OWN, "revision", "variants"}
    }
    said["variants"] = [show_variant(offer, own=found.own) for offer in found.variants]
    if found.own:
        said |= {name: getattr(found, name) for name in OWN}
        said["revision"] = _revision(found)
    return said


def show_variant(offer: Offer, *, own: bool) -> dict[str, Any]:
    """A SKU as ``VariantOut`` dumps it."""
    said = dict(vars(offer))
    return said if own else {k: v for k, v in said.items() if k not in OWN_VARIANT}


def _revision(found: ProductPage) -> dict[str, Any] | None:
    waiting = found.revision
    if waiting is None:
        return None
    fields = [*waiting.changes.get("words", {})]
    fields += [name for name in ("pictures", "certificates") if name in waiting.changes]
    fields += [f"variants/{sku}" for sku in waiting.changes.get("variants", {})]
    return {
        "status": str(waiting.status),
        "fields_": sorted(fields),
        "reason": waiting.reason,
        "submitted_at": waiting.submitted_at,
    }

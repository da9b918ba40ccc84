"""What a visitor walks through: home, goods, villages, flagship stores and specialty halls."""

from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.domain.catalog import queries as catalog
from shop.domain.catalog.states import HallKind
from shop.reads import catalogue, money_goes, places
from shop.reads.product_page import Offer, ProductPage, product_page
from shop.reads.review import evidence
from shop.reads.room_lists import SHOWN, RoomCard, rooms, rooms_with
from shop.tools import tools
from shop.web import i18n
from shop.web.fields import Sku, Slug
from shop.web.form_fields import FormInt
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.paging import decode, page
from shop.web.security import local_path
from shop.web.who import anyone, me, public
from shop.web.words import _

bp = Blueprint("storefront", __name__)

SORTS = ("newest", "sales", "price", "-price")
ON_HOME = 8
MORE = 6


class Filters(ma.Schema):
    """What a list is narrowed by; anything that makes no sense is left out."""

    class Meta:
        unknown = ma.EXCLUDE

    q = ma.fields.String(load_default="", validate=ma.validate.Length(max=100))
    village = Slug(load_default=None)
    cooperative = Slug(load_default=None)
    category = Slug(load_default=None)
    sort = ma.fields.String(load_default="newest", validate=ma.validate.OneOf(SORTS))


class Choice(FormSchema):
    """What the buyer chose on a product's page."""

    sku = Sku(required=True)
    quantity = FormInt(1, 999, load_default=1)


@bp.get("/")
@public
def home() -> str:
    """On air, coming up, what the season brings, where it comes from."""
    halls = places.halls(first=ON_HOME)
    season = next((hall for hall in halls if hall.kind is HallKind.SEASON), None)
    return render(
        "storefront/home.html",
        live=_shows("live", 4),
        coming=_shows("scheduled", 3, soonest_first=True),
        season=season,
        newest=catalogue.products(limit=ON_HOME).rows,
        halls=halls,
        villages=places.villages(limit=4).rows,
        categories=catalog.categories(),
    )


@bp.get("/products")
@public
def products() -> str:
    """Goods, by words, village, kind and price."""
    asked = _asked(Filters())
    found = catalogue.products(**asked, after=decode(request.args.get("after", "")))
    return render(
        "storefront/products.html",
        asked=asked,
        cards=found.rows,
        next=_next_page(page(found)["next"]),
        villages=places.villages(limit=100).rows,
        cooperatives=places.cooperatives(limit=100).rows,
        categories=catalog.categories(),
        sorts=SORTS,
    )


@bp.get("/products/<slug:slug>")
@public
def product(slug: str) -> str:
    """Everything a buyer wants to know before buying."""
    now = tools().clock()
    found = product_page(slug, actor=me(), now=now)
    chosen = _chosen(found, request.args.get("sku", ""))
    shows = rooms_with(found.cooperative_id) if found.buyable else []
    more = catalogue.products(cooperative=found.cooperative.slug, limit=MORE).rows
    return render(
        "storefront/product.html",
        product=found,
        chosen=chosen,
        money=money_goes.for_sku(chosen.sku, chosen.price_fen, now=now) if chosen else None,
        grounds=evidence([offer.sku for offer in found.variants if offer.strike_price_fen]),
        on_air=[show for show in shows if show.status in SHOWN["live"]],
        more=[card for card in more if card.slug != slug],
    )


@bp.post("/products/<slug:slug>/choose")
@public
def choose(slug: str) -> ResponseReturnValue:
    """Go on with what was chosen: straight to the order, or into the cart."""
    form = Form.read(Choice)
    if not form.ok:
        flash(_("Choose a quantity from 1 to 999."), "warning")
        return see("storefront.product", slug=slug)
    if request.form.get("go") == "cart":
        return redirect(url_for("cart.add"), code=307)
    return see("checkout.start", **form.data)


@bp.get("/villages")
@public
def villages() -> str:
    """Where the goods grow."""
    found = places.villages(after=decode(request.args.get("after", "")))
    return render(
        "storefront/villages.html", cards=found.rows, next=_next_page(page(found)["next"])
    )


@bp.get("/villages/<slug:slug>")
@public
def village(slug: str) -> str:
    """One village: its story, its cooperatives, what it sells, its board."""
    found = places.village(slug)
    listed = catalogue.products(village=slug, after=decode(request.args.get("after", "")))
    return render(
        "storefront/village.html",
        village=found,
        cooperatives=places.cooperatives(village=slug, limit=20).rows,
        cards=listed.rows,
        next=_next_page(page(listed)["next"]),
    )


@bp.get("/cooperatives/<slug:slug>")
@public
def cooperative(slug: str) -> str:
    """A cooperative's flagship store: story, licence, shows, goods."""
    found = places.cooperative(slug)
    listed = catalogue.products(cooperative=slug, after=decode(request.args.get("after", "")))
    shows = rooms_with(found.id)
    return render(
        "storefront/cooperative.html",
        cooperative=found,
        current=[show for show in shows if show.status not in SHOWN["ended"]],
        past=[show for show in shows if show.status in SHOWN["ended"]][:3],
        cards=listed.rows,
        next=_next_page(page(listed)["next"]),
    )


@bp.get("/halls")
@public
def halls() -> str:
    """Specialty halls (特产馆)."""
    return render("storefront/halls.html", halls=places.halls(first=4))


@bp.get("/halls/<slug:slug>")
@public
def hall(slug: str) -> str:
    """One hall with everything in it."""
    return render("storefront/hall.html", hall=places.hall(slug))


@bp.post("/language/<any(zh, en):lang>")
@anyone
def set_language(lang: str) -> ResponseReturnValue:
    """Go on reading in the other language."""
    return i18n.remember(_back(), lang)


@bp.post("/text-size")
@anyone
def set_text_size() -> ResponseReturnValue:
    """Large print (大字版), or the usual one."""
    return i18n.remember_size(_back(), request.form.get("size", ""))


def _back() -> Any:
    """The page the switch stood on, without its own wish for a language."""
    path, _mark, query = local_path(request.form.get("next")).partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("lang=")]
    return redirect(path + ("?" + "&".join(kept) if kept else ""), code=303)


def _asked(filters: ma.Schema) -> dict[str, Any]:
    given = {name: value for name, value in request.args.items() if value.strip()}
    wrong = filters.validate(given)
    return dict(filters.load({name: v for name, v in given.items() if name not in wrong}))


def _next_page(cursor: str | None) -> str:
    """The same list, further down."""
    if cursor is None:
        return ""
    kept = [(k, v) for k, v in request.args.items(multi=True) if k != "after"]
    return f"{request.path}?{urlencode([*kept, ('after', cursor)])}"


def _chosen(found: ProductPage, sku: str) -> Offer | None:
    """The variant asked for, else the cheapest that is left, else the cheapest."""
    asked = next((offer for offer in found.variants if offer.sku == sku), None)
    ranked = sorted(found.variants, key=lambda offer: (not offer.available, offer.price_fen))
    return asked or next(iter(ranked), None)


def _shows(kind: str, limit: int, *, soonest_first: bool = False) -> list[RoomCard]:
    return rooms(statuses=SHOWN[kind], limit=limit, soonest_first=soonest_first).rows

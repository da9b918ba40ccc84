"""The address book as pages."""

from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.addresses import MOST
from shop.domain.accounts.models import Address
from shop.domain.logistics import regions
from shop.flows import addresses as flow
from shop.kernel.errors import DomainError, NotFound
from shop.tools import tools
from shop.web.fields import Pattern, Phone, Text
from shop.web.form_fields import Checkbox
from shop.web.pages import Form, FormSchema, flash, render, render_form, see
from shop.web.regions import PICK, picker
from shop.web.security import local_path
from shop.web.who import me, signed_in
from shop.web.words import _

bp = Blueprint("addresses", __name__, url_prefix="/account/addresses")


class AddressForm(FormSchema):
    name = Text(1, 40, required=True)
    phone = Phone(required=True)
    region_code = Pattern(
        r"^[0-9]{6}$", required=True, error_messages={"required": "please choose a county"}
    )
    street = Text(1, 200, required=True)
    is_default = Checkbox()


def _mine(address_id: int) -> Address:
    found = accounts.address(address_id, user_id=me().user_id or 0)
    if found is None:
        raise NotFound()
    return found


@bp.get("")
@signed_in
def index() -> str:
    """Every address, the default first."""
    found = accounts.addresses(me().user_id or 0)
    names = {one.id: regions.full_name(one.region_code) for one in found}
    return render("addresses/index.html", addresses=found, names=names, full=len(found) >= MOST)


@bp.get("/new")
@signed_in
def new() -> ResponseReturnValue:
    """A blank address."""
    return _page(Form())


@bp.post("/new")
@signed_in
def add() -> ResponseReturnValue:
    """Write an address down; the button of the region lists only asks for the next one."""
    if PICK in request.form:
        return _page(Form({name: request.form[name] for name in request.form}))
    form = Form.read(AddressForm)
    if not form.ok:
        return _page(form, refused=True)
    try:
        flow.add(actor=me(), now=tools().clock(), **form.data)
    except DomainError as error:
        return _page(form, error=error)
    flash(_("The address is kept."), "success")
    return _onwards()


@bp.get("/<id:address_id>")
@signed_in
def show(address_id: int) -> ResponseReturnValue:
    """One address to correct."""
    kept = _mine(address_id)
    values = {
        "name": kept.name,
        "phone": kept.phone.removeprefix("+86"),
        "region_code": kept.region_code,
        "street": kept.street,
        "is_default": "1" if kept.is_default else "",
    }
    return _page(Form(values), kept=kept)


@bp.post("/<id:address_id>")
@signed_in
def edit(address_id: int) -> ResponseReturnValue:
    """Correct an address."""
    kept = _mine(address_id)
    if PICK in request.form:
        return _page(Form({name: request.form[name] for name in request.form}), kept=kept)
    form = Form.read(AddressForm)
    if not form.ok:
        return _page(form, kept=kept, refused=True)
    try:
        flow.edit(actor=me(), address_id=address_id, now=tools().clock(), **form.data)
    except DomainError as error:
        return _page(form, kept=kept, error=error)
    flash(_("The address is kept."), "success")
    return _onwards()


@bp.post("/<id:address_id>/default")
@signed_in
def make_default(address_id: int) -> ResponseReturnValue:
    """Let orders begin with this address."""
    flow.edit(actor=me(), address_id=address_id, is_default=True, now=tools().clock())
    return see("addresses.index")


@bp.post("/<id:address_id>/remove")
@signed_in
def remove(address_id: int) -> ResponseReturnValue:
    """Strike an address out."""
    flow.remove(actor=me(), address_id=address_id)
    flash(_("The address is deleted."), "success")
    return see("addresses.index")


def _onwards() -> ResponseReturnValue:
    """Back to the checkout, or to the list."""
    onwards = local_path(request.values.get("next"), "")
    return redirect(onwards, code=303) if onwards else see("addresses.index")


def _page(
    form: Form,
    *,
    kept: Address | None = None,
    refused: bool = False,
    error: DomainError | None = None,
) -> ResponseReturnValue:
    about: dict[str, Any] = {
        "kept": kept,
        "pick": picker(form.values),
        "next": local_path(request.values.get("next"), ""),
    }
    if refused or error is not None:
        return render_form("addresses/form.html", form, error, **about)
    return render("addresses/form.html", form=form, **about)

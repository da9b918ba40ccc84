"""The buyer's address book."""

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from shop.domain.accounts import queries as accounts
from shop.domain.accounts.models import Address
from shop.domain.logistics import regions
from shop.flows import addresses as flow
from shop.kernel.errors import NotFound
from shop.keyset import keyset
from shop.tools import tools
from shop.web import etag
from shop.web.api.regions import REGION_CODE
from shop.web.api.resource import ApiBlueprint
from shop.web.api.schemas import (
    Flag,
    PageArgs,
    Pattern,
    Phone,
    StrictSchema,
    Text,
    Whole,
    list_of,
)
from shop.web.fields import MAX_INT
from shop.web.paging import paged
from shop.web.who import me, signed_in

bp = ApiBlueprint("addresses", __name__, description="The buyer's address book.")


class AddressIn(StrictSchema):
    """Where and to whom; ``region_code`` is a county of GB/T 2260, as ``GET /regions`` has it."""

    name = Text(1, 40, required=True)
    phone = Phone(required=True)
    region_code = Pattern(REGION_CODE, required=True)
    street = Text(1, 200, required=True)
    is_default = Flag(load_default=False)


class AddressPatch(StrictSchema):
    """The fields to correct."""

    name = Text(1, 40)
    phone = Phone()
    region_code = Pattern(REGION_CODE)
    street = Text(1, 200)
    is_default = Flag()


class AddressOut(StrictSchema):
    """One entry; ``region`` is the name of the county with those above it."""

    id = Whole(1, MAX_INT, required=True)
    name = ma.fields.String(required=True)
    phone = Phone(required=True)
    region_code = ma.fields.String(required=True)
    region = ma.fields.String(required=True)
    street = ma.fields.String(required=True)
    is_default = ma.fields.Boolean(required=True)


def show(address: Address) -> dict[str, Any]:
    """An address for ``AddressOut``."""
    return {
        "id": address.id,
        "name": address.name,
        "phone": address.phone,
        "region_code": address.region_code,
        "region": regions.full_name(address.region_code),
        "street": address.street,
        "is_default": address.is_default,
    }


def _own(address_id: int) -> dict[str, Any]:
    found = accounts.address(address_id, user_id=me().user_id or 0)
    if found is None:
        raise NotFound()
    etag.tag(found.version)
    return show(found)


@bp.route("/addresses")
class Addresses(MethodView):
    """One's own addresses."""

    @signed_in
    @bp.arguments(PageArgs, location="query")
    @bp.response(200, list_of(AddressOut))
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The newest first."""
        found = keyset(
            accounts.addresses_of(me().user_id or 0), keys=[(Address.id, "desc")], **asked
        )
        return paged(found, show)

    @signed_in
    @bp.arguments(AddressIn)
    @bp.response(201, AddressOut)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Write an address down; the first one is the default."""
        return _own(flow.add(actor=me(), now=tools().clock(), **body))


@bp.route("/addresses/<id:address_id>")
class OneAddress(MethodView):
    """One of one's own addresses."""

    @signed_in
    @bp.response(200, AddressOut)
    def get(self, address_id: int) -> dict[str, Any]:
        """One address."""
        return _own(address_id)

    @signed_in
    @bp.arguments(AddressPatch)
    @bp.response(200, AddressOut)
    def patch(self, body: dict[str, Any], address_id: int) -> dict[str, Any]:
        """Correct an address."""
        seen = etag.expected_version()
        flow.edit(
            actor=me(), address_id=address_id, now=tools().clock(), expected_version=seen, **body
        )
        return _own(address_id)

    @signed_in
    @bp.response(204)
    def delete(self, address_id: int) -> None:
        """Strike an address out."""
        seen = etag.expected_version()
        flow.remove(actor=me(), address_id=address_id, expected_version=seen)

"""The demo county's orders: one in every state, paid through the sandbox as anyone would."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.config import Settings
from shop.db import db
from shop.demo import people as cast
from shop.domain.aftersales.states import ClaimReason
from shop.domain.audit.service import Kept
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.payments.gateways.base import Gateway, Method
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway
from shop.domain.payments.models import Payment, Refund
from shop.flows import (
    cancelling,
    checkout,
    claiming,
    completing,
    hearing,
    paying,
    sending_back,
    shipping,
    tracking,
)
from shop.flows.checkout import OrderRequest, ShipTo, Terms
from shop.flows.paying import HoldTerms, PayRequest
from shop.kernel.actor import Actor
from shop.reads import addresses
from shop.reads.pricing import PERISHABLE_CONSENT, Wish

TERMS = Terms(
    hold=timedelta(minutes=15), live_hold=timedelta(minutes=5), seller_of_record="operator"
)
HOLD = HoldTerms(extension=timedelta(minutes=15), cap=timedelta(minutes=45))


class DemoOrders:
    """Plays buyers, cooperatives and carriers at moments of the past."""

    def __init__(self, settings: Settings, gateways: Mapping[str, Gateway]) -> None:
        self.settings = settings
        self.gateways = gateways

    def place(self, phone: str, *wishes: Wish, at: datetime) -> str:
        """Order, and give the number."""
        buyer = cast.actor(phone)
        home = addresses.book(buyer.user_id)[0]
        placed = checkout.place_order(
            OrderRequest(
                wishes=wishes,
                ship_to=ShipTo(
                    name=home.name,
                    phone=home.phone,
                    region_code=home.region_code,
                    street=home.street,
                ),
                consents=[PERISHABLE_CONSENT],
                source="demo",
            ),
            actor=buyer,
            terms=TERMS,
            now=at,
        )
        if isinstance(placed, Kept):
            raise TypeError("an order without a key is never a repetition")
        return placed.number

    def pay(self, phone: str, number: str, *, at: datetime) -> None:
        """Pay in the sandbox; the provider's word is then heard as on the return page."""
        sandbox = self.gateways.get("sandbox")
        if not isinstance(sandbox, SandboxGateway):
            return
        payment_id = paying.start_payment(
            PayRequest(number=number, gateway="sandbox", method=Method.ALIPAY, request_key="demo"),
            actor=cast.actor(phone),
            gateways=self.gateways,
            return_url=lambda n: f"{self.settings.base_url}/orders/{n}/paid",
            terms=HOLD,
            clock=lambda: at,
        )
        provider_id = db.session.scalar(select(Payment.provider_id).where(Payment.id == payment_id))
        sandbox.decide(str(provider_id), decision=Decision.PAY, now=at)
        hearing.look(payment_id, gateways=self.gateways, source="return", now=at)

    def ship(self, phone: str, number: str, *, at: datetime) -> int:
        """Hand a cooperative's whole part over to a carrier."""
        return shipping.hand_over(
            actor=cast.actor(phone, "manager"),
            number=number,
            carrier="zhongtong",
            waybill_no=f"78{secrets.randbelow(10**11):011d}",
            lines=None,
            now=at,
        )

    def arrive(self, phone: str, number: str, parcel: int, *, at: datetime) -> None:
        """The parcel travels, and reaches the door at ``at``."""
        steps = (
            (ShipmentStatus.PICKED_UP, "演示：村级寄递点已揽收", timedelta(days=2)),
            (ShipmentStatus.IN_TRANSIT, "演示：干线运输中", timedelta(days=1)),
            (ShipmentStatus.DELIVERED, "演示：本人签收", timedelta()),
        )
        for status, words, before in steps:
            tracking.record_event(
                actor=cast.actor(phone, "manager"),
                number=number,
                shipment_id=parcel,
                status=status,
                note=words,
                occurred_at=at - before,
                now=at,
            )

    def through(self, phone: str, seller: str, *wishes: Wish, at: datetime, to: str) -> str:
        """Take an order as far as ``to``: paid, shipped, delivered or completed."""
        number = self.place(phone, *wishes, at=at)
        self.pay(phone, number, at=at + timedelta(minutes=2))
        if to == "paid":
            return number
        parcel = self.ship(seller, number, at=at + timedelta(hours=6))
        if to == "shipped":
            return number
        self.arrive(seller, number, parcel, at=at + timedelta(days=3))
        if to == "delivered":
            return number
        completing.confirm_receipt(
            actor=cast.actor(phone), number=number, now=at + timedelta(days=3, hours=2)
        )
        return number

    def refund_by_claim(self, phone: str, number: str, sku: str, *, at: datetime) -> None:
        """A complaint that the operator finds right, and the money back."""
        buyer: Actor = cast.actor(phone)
        claim_id = claiming.open_claim(
            actor=buyer,
            number=number,
            lines=[(sku, 1)],
            reason=ClaimReason.DAMAGED,
            note="演示：外箱压坏",
            pictures=[],
            now=at,
        )
        claiming.answer_claim(
            actor=cast.actor(cast.OPERATOR, "operator"),
            claim_id=claim_id,
            decision="approve",
            amount_fen=None,
            reason="演示：照片清楚，全额退",
            now=at + timedelta(hours=1),
        )
        for refund_id in list(
            db.session.scalars(select(Refund.id).where(Refund.claim_id == claim_id))
        ):
            sending_back.send_refund(refund_id, gateways=self.gateways, now=at + timedelta(hours=1))

    def cancel(self, phone: str, number: str, *, at: datetime) -> None:
        """The buyer thinks better of it."""
        cancelling.cancel_order(actor=cast.actor(phone), number=number, now=at)

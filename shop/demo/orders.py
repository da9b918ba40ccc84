"""The demo county's orders: one in every state, paid through the sandbox as anyone would."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.config import Settings
from shop.db import db
from shop.demo import people as cast
from shop.demo.county import COOPERATIVES
from shop.domain.aftersales.states import ClaimReason
from shop.domain.audit.service import Kept
from shop.domain.logistics.states import ShipmentStatus
from shop.domain.orders.models import Order, OrderPart
from shop.domain.orders.states import OrderStatus
from shop.domain.payments.gateways.base import Gateway, Method
from shop.domain.payments.gateways.sandbox import Decision, SandboxGateway
from shop.domain.payments.models import Payment, Refund
from shop.domain.villages.models import Cooperative
from shop.flows import (
    cancelling,
    checkout,
    claiming,
    completing,
    hearing,
    paying,
    refunding,
    sending_back,
    shipping,
    tracking,
)
from shop.flows.drafting import OrderRequest, ShipTo, Terms
from shop.flows.paying import HoldTerms, PayRequest
from shop.reads import addresses
from shop.reads.parcels import unsent
from shop.reads.pricing import PERISHABLE_CONSENT, Wish

TERMS = Terms(
    hold=timedelta(minutes=15), live_hold=timedelta(minutes=5), seller_of_record="operator"
)
SOURCE = "demo"
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
                source=SOURCE,
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

    def send_what_is_late(self, *, now: datetime) -> None:
        """Hand over what the demo's own orders promised for a day that has passed."""
        rows = db.session.execute(
            select(Order.number, Cooperative.slug)
            .join(OrderPart, OrderPart.order_id == Order.id)
            .join(Cooperative, Cooperative.id == OrderPart.cooperative_id)
            .where(
                Order.source == SOURCE,
                Order.status.in_(shipping.SHIPPABLE),
                OrderPart.ship_by < now,
                unsent(),
            )
        ).all()
        managers = {one.slug: one.manager_phone for one in COOPERATIVES}
        for number, cooperative in rows:
            self.ship(managers[cooperative], number, at=now)

    def keep_one_to_pack(self, *, now: datetime) -> None:
        """A paid order, so that a cooperative has something to pack."""
        paid = select(Order.id).where(Order.status == OrderStatus.PAID, Order.source == SOURCE)
        if db.session.scalar(paid.limit(1)) is None:
            wish = Wish(sku="MG-ME-250", quantity=1)
            self.through(cast.OTHER_BUYER, set(), wish, at=now - timedelta(minutes=2), to="paid")

    def arrive(self, phone: str, number: str, parcel: int, *, at: datetime) -> None:
        """The parcel travels, and reaches the door at ``at``."""
        steps = (
            (ShipmentStatus.PICKED_UP, "演示：村级寄递点已揽收", timedelta(hours=14)),
            (ShipmentStatus.IN_TRANSIT, "演示：干线运输中", timedelta(hours=8)),
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

    def through(
        self, phone: str, sellers: Collection[str], *wishes: Wish, at: datetime, to: str
    ) -> str:
        """Take an order as far as ``to``: paid, shipped, delivered or completed.

        Each of ``sellers`` hands its part over; with one of two the order is sent in part.
        """
        number = self.place(phone, *wishes, at=at)
        self.pay(phone, number, at=at + timedelta(minutes=2))
        parcels = {
            seller: self.ship(seller, number, at=at + timedelta(hours=4)) for seller in sellers
        }
        if to in {"paid", "shipped"}:
            return number
        for seller, parcel in parcels.items():
            self.arrive(seller, number, parcel, at=at + timedelta(hours=20))
        if to == "delivered":
            return number
        completing.confirm_receipt(
            actor=cast.actor(phone), number=number, now=at + timedelta(hours=22)
        )
        return number

    def complain(self, phone: str, number: str, sku: str, *, at: datetime) -> int:
        """A buyer complains of one unit; gives the claim's id."""
        return claiming.open_claim(
            actor=cast.actor(phone),
            number=number,
            lines=[(sku, 1)],
            reason=ClaimReason.DAMAGED,
            note="演示：外箱压坏",
            pictures=[],
            now=at,
        )

    def refund_by_claim(self, phone: str, number: str, sku: str, *, at: datetime) -> None:
        """A complaint that the operator finds right, and the goods' price back."""
        claim_id = self.complain(phone, number, sku, at=at)
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
            self._send_back(refund_id, at=at + timedelta(hours=1))

    def refund_all(self, number: str, *, at: datetime) -> None:
        """Everything that was paid goes back, freight too."""
        refund = refunding.ask_refund(
            actor=cast.actor(cast.OPERATOR, "operator"),
            number=number,
            lines=None,
            amount_fen=None,
            freight=False,
            reason="演示：整箱受潮，连运费全额退",
            request_key="demo",
            now=at,
        )
        self._send_back(refund.id, at=at)

    def _send_back(self, refund_id: int, *, at: datetime) -> None:
        sending_back.send_refund(refund_id, gateways=self.gateways, now=at)

    def cancel(self, phone: str, number: str, *, at: datetime) -> None:
        """The buyer thinks better of it."""
        cancelling.cancel_order(actor=cast.actor(phone), number=number, now=at)

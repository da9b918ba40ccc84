"""The shop's side of the payment counter: both gateways, and the buyer who presses pay."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from shop.domain.orders.models import Order
from shop.domain.payments.gateways.base import Gateway, Method
from shop.domain.payments.gateways.stripe import StripeGateway
from shop.domain.payments.gateways.transport import Transport
from shop.domain.payments.models import Payment
from shop.flows import paying, reconciling, sending_back
from shop.flows.paying import HoldTerms, PayRequest
from shop.kernel.actor import Actor
from shop.kernel.circuit import Circuit
from tests.builders import an_actor
from tests.conftest import NOON, FixedClock
from tests.fakes.doors import SECRETS, SandboxDoor, StripeDoor
from tests.fakes.stripe_server import FakeStripe
from tests.seen import payment_now, waiting

TERMS = HoldTerms(extension=timedelta(minutes=15), cap=timedelta(minutes=45))
MINUTE = timedelta(minutes=1)


def return_url(number: str) -> str:
    """Where a provider sends the buyer back to."""
    return f"http://shop.example/orders/{number}/paid"


class Till:
    """``till.sandbox`` and ``till.stripe`` are the providers' sides."""

    def __init__(self, folder: Path, *, fake: FakeStripe, clock: FixedClock) -> None:
        self.clock = clock
        self.sandbox = SandboxDoor(folder / "sandbox")
        self.stripe = StripeDoor(fake, budget_s=1.0)
        self.stripe.circuit = Circuit("stripe", failures=99)
        self.stripe.gateway = _patient(self.stripe)

    @property
    def gateways(self) -> dict[str, Gateway]:
        return {"sandbox": self.sandbox.gateway, "stripe": self.stripe.gateway}

    def start(
        self,
        order: Order,
        *,
        key: str = "k-1",
        gateway: str = "sandbox",
        actor: Actor | None = None,
        method: Method = Method.ALIPAY,
    ) -> Payment:
        """The buyer presses pay."""
        request = PayRequest(number=order.number, gateway=gateway, method=method, request_key=key)
        payment_id = paying.start_payment(
            request,
            actor=actor or an_actor(order.buyer_id),
            gateways=self.gateways,
            return_url=return_url,
            terms=TERMS,
            clock=self.clock,
        )
        return payment_now(payment_id)

    def reconcile(self, *, now: datetime = NOON + MINUTE) -> int:
        """The job that asks when nobody tells."""
        return reconciling.reconcile(gateways=self.gateways, return_url=return_url, now=now)

    def send(self, refund_id: int) -> str | None:
        """The worker sends one refund."""
        return sending_back.send_refund(refund_id, gateways=self.gateways, now=self.clock())

    def send_all(self) -> None:
        """The worker sends every refund that waits."""
        for payload in waiting("refund.send"):
            self.send(payload["refund_id"])

    def cancel(self, payment: Payment, *, now: datetime) -> None:
        """The worker calls a payment off."""
        paying.cancel_payment(payment.id, gateways=self.gateways, now=now)


def _patient(door: StripeDoor) -> StripeGateway:
    transport = Transport(circuit=door.circuit, budget_s=door.budget_s)
    return StripeGateway(
        secret_key=door.fake.api_key,
        webhook_secrets=SECRETS,
        api_base=door.fake.url,
        transport=transport,
    )


@contextmanager
def opened(folder: Path, clock: FixedClock) -> Iterator[Till]:
    """A till with a fake Stripe that answers."""
    with FakeStripe() as fake:
        yield Till(folder, fake=fake, clock=clock)

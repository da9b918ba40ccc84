"""Opens the payment doors that the settings name."""

from collections.abc import Mapping

from shop.config import Settings
from shop.domain.payments.gateways.base import Gateway
from shop.domain.payments.gateways.sandbox import SandboxGateway
from shop.domain.payments.gateways.sandbox_ledger import FileSandboxLedger
from shop.kernel.clock import Clock


def open_gateways(settings: Settings, *, clock: Clock) -> Mapping[str, Gateway]:
    """Every gateway that is offered, by name; Stripe's library is read only where it is used."""
    doors: dict[str, Gateway] = {}
    if "sandbox" in settings.gateways:
        doors["sandbox"] = SandboxGateway(
            base_url=settings.base_url,
            secrets=settings.sandbox_secrets,
            ledger=FileSandboxLedger(settings.data_dir / "sandbox"),
            clock=clock,
        )
    if "stripe" in settings.gateways:
        from shop.domain.payments.gateways.stripe import StripeGateway

        doors["stripe"] = StripeGateway(
            secret_key=settings.stripe_secret_key,
            webhook_secrets=settings.stripe_webhook_secrets,
            api_base=settings.stripe_api_base,
        )
    return doors

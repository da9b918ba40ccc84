"""A Stripe account in memory, stricter than the real one where a mistake of ours would hide."""

import copy
import itertools
import threading
import time
from typing import Any

HALF_HOUR, DAY = 1800, 86400
OPEN_INTENT = ("requires_payment_method", "requires_confirmation", "requires_action")


class StripeRefusal(Exception):
    """An answer that is no success, in Stripe's form."""

    def __init__(self, status: int, type_: str, code: str, message: str = "", **more: Any) -> None:
        super().__init__(message or code)
        self.status = status
        error = {"type": type_, "code": code, "message": message or code, **more}
        self.body = {"error": error}


def invalid(code: str, message: str = "", status: int = 400) -> StripeRefusal:
    return StripeRefusal(status, "invalid_request_error", code, message)


class Account:
    """PaymentIntents, Checkout sessions, charges, refunds and the events about them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.objects: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.heard: list[Any] = []
        self.refunds_wait = False
        self.decline_code: str | None = None
        self.pages = "https://pay.stripe.example"
        self._numbers = itertools.count(1)

    def create_intent(self, asked: dict[str, Any]) -> dict[str, Any]:
        _check_money(asked["amount"], asked["currency"])
        _check_metadata(asked)
        intent = self._new("pi", "payment_intent") | {
            "amount": asked["amount"],
            "amount_received": 0,
            "currency": asked["currency"],
            "metadata": asked.get("metadata", {}),
            "description": asked.get("description"),
            "payment_method_types": asked.get("allowed_payment_method_types", ["card"]),
            "status": "requires_payment_method",
            "next_action": None,
            "last_payment_error": None,
            "latest_charge": None,
        }
        if asked.get("confirm"):
            _check_confirmable(asked, intent)
        self._keep(intent, "payment_intent.created")
        if asked.get("confirm"):
            self._confirm(intent, asked)
        return intent

    def _confirm(self, intent: dict[str, Any], asked: dict[str, Any]) -> None:
        if self.decline_code:
            self._fail(intent, self.decline_code)
            raise StripeRefusal(402, "card_error", "card_declined", decline_code=self.decline_code)
        base = f"{self.pages}/{intent['id']}"
        if asked["payment_method_data"]["type"] == "alipay":
            kind = "alipay_handle_redirect"
            details = {"url": base, "return_url": asked["return_url"], "native_url": None}
        else:
            kind = "wechat_pay_display_qr_code"
            details = {"data": f"weixin://wxpay/{intent['id']}", "hosted_instructions_url": base}
        intent["status"], intent["next_action"] = "requires_action", {"type": kind, kind: details}
        self._say("payment_intent.requires_action", intent)

    def confirm_intent(self, id_: str, asked: dict[str, Any]) -> dict[str, Any]:
        intent = self.get(id_, "payment_intent")
        if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise invalid("payment_intent_unexpected_state")
        _check_confirmable(asked, intent)
        self._confirm(intent, asked)
        return intent

    def cancel_intent(self, id_: str) -> dict[str, Any]:
        intent = self.get(id_, "payment_intent")
        if intent["status"] not in OPEN_INTENT:
            raise invalid("payment_intent_unexpected_state")
        intent["status"], intent["next_action"] = "canceled", None
        self._say("payment_intent.canceled", intent)
        return intent

    def create_session(self, asked: dict[str, Any]) -> dict[str, Any]:
        _check_session(asked)
        prices = [(item["price_data"], item["quantity"]) for item in asked["line_items"]]
        session = self._new("cs_test", "checkout.session") | {
            "amount_total": sum(price["unit_amount"] * many for price, many in prices),
            "currency": prices[0][0]["currency"],
            "metadata": asked.get("metadata", {}),
            "intent_metadata": asked.get("payment_intent_data", {}).get("metadata", {}),
            "expires_at": asked.get("expires_at", int(time.time()) + DAY),
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
        }
        session["url"] = f"https://checkout.stripe.example/{session['id']}"
        self.objects[session["id"]] = session
        return session

    def expire_session(self, id_: str) -> dict[str, Any]:
        session = self.get(id_, "checkout.session")
        if session["status"] != "open":
            raise invalid("resource_state", "Only Checkout Sessions with a status in open expire.")
        session["status"], session["url"] = "expired", None
        self._say("checkout.session.expired", session)
        return session

    def session_view(self, id_: str, expand: list[str]) -> dict[str, Any]:
        session = dict(self.get(id_, "checkout.session"))
        session.pop("intent_metadata")
        if "payment_intent" in expand and session["payment_intent"]:
            session["payment_intent"] = self.get(session["payment_intent"], "payment_intent")
        return session

    def create_refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        intent = self.get(asked.get("payment_intent", ""), "payment_intent")
        _check_metadata(asked)
        if intent["status"] != "succeeded":
            raise invalid("charge_missing", "This PaymentIntent has no successful charge.")
        charge = self.get(intent["latest_charge"], "charge")
        left = charge["amount"] - charge["amount_refunded"]
        amount = asked.get("amount", left)
        if left == 0:
            raise invalid("charge_already_refunded")
        if not 0 < amount <= left:
            raise invalid("amount_too_large", f"Refund amount is greater than {left}.")
        charge["amount_refunded"] += amount
        refund = self._new("re", "refund") | {
            "amount": amount,
            "currency": intent["currency"],
            "charge": charge["id"],
            "payment_intent": intent["id"],
            "metadata": asked.get("metadata", {}),
            "status": "pending" if self.refunds_wait else "succeeded",
            "failure_reason": None,
        }
        self._keep(refund, "refund.created")
        self._say("charge.refunded", charge)
        return refund

    def get(self, id_: str, kind: str) -> dict[str, Any]:
        found = self.objects.get(id_)
        if found is None or found["object"] != kind:
            raise invalid("resource_missing", f"No such {kind}: '{id_}'", status=404)
        return found

    def complete_payment(self, id_: str, *, amount: int | None = None) -> str:
        """The buyer pays an intent or a session; the PaymentIntent's id."""
        with self.lock:
            session = self.objects[id_] if id_.startswith("cs_") else None
            intent = self._intent_of(session) if session else self.objects[id_]
            assert intent["status"] in (*OPEN_INTENT, "processing"), intent["status"]
            paid = amount or intent["amount"]
            charge = self._new("ch", "charge") | {
                "amount": paid,
                "amount_refunded": 0,
                "captured": True,
                "currency": intent["currency"],
                "metadata": dict(intent["metadata"]),
                "payment_intent": intent["id"],
                "status": "succeeded",
            }
            intent |= {"status": "succeeded", "amount_received": paid, "next_action": None}
            intent |= {"latest_charge": charge["id"], "last_payment_error": None}
            self._keep(charge, "charge.succeeded")
            self._say("payment_intent.succeeded", intent)
            if session:
                session |= {"status": "complete", "payment_status": "paid"}
                self._say("checkout.session.completed", session)
            return str(intent["id"])

    def start_processing(self, id_: str) -> None:
        with self.lock:
            self.objects[id_] |= {"status": "processing", "next_action": None}
            self._say("payment_intent.processing", self.objects[id_])

    def decline(self, id_: str, code: str = "insufficient_funds") -> None:
        """The buyer's bank says no; a session stays open for another card."""
        with self.lock:
            found = self.objects[id_]
            self._fail(self._intent_of(found) if id_.startswith("cs_") else found, code)

    def settle_refund(self, id_: str, *, failure: str | None = None) -> None:
        """A pending refund arrives, or comes back."""
        with self.lock:
            refund = self.objects[id_]
            refund |= {"status": "failed" if failure else "succeeded", "failure_reason": failure}
            if failure:
                self.objects[refund["charge"]]["amount_refunded"] -= refund["amount"]
            self._say("refund.failed" if failure else "refund.updated", refund)

    def dispute(self, intent_id: str, what: str = "created") -> None:
        with self.lock:
            intent = self.objects[intent_id]
            dispute = self._new("du", "dispute") | {
                "amount": intent["amount"],
                "currency": intent["currency"],
                "payment_intent": intent_id,
                "metadata": {},
                "status": "needs_response",
            }
            self._keep(dispute, f"charge.dispute.{what}")

    def _intent_of(self, session: dict[str, Any]) -> dict[str, Any]:
        if session["payment_intent"] is None:
            intent = self.create_intent(
                {
                    "amount": session["amount_total"],
                    "currency": session["currency"],
                    "metadata": dict(session["intent_metadata"]),
                }
            )
            session["payment_intent"] = intent["id"]
        return self.objects[session["payment_intent"]]

    def _fail(self, intent: dict[str, Any], code: str) -> None:
        error = {"type": "card_error", "code": "card_declined", "decline_code": code}
        intent |= {"status": "requires_payment_method", "next_action": None}
        intent["last_payment_error"] = error
        self._say("payment_intent.payment_failed", intent)

    def _new(self, prefix: str, kind: str) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "id": f"{prefix}_fake{number:020d}",
            "object": kind,
            "created": int(time.time()),
            "livemode": False,
        }

    def _keep(self, thing: dict[str, Any], event_type: str) -> None:
        self.objects[thing["id"]] = thing
        self._say(event_type, thing)

    def _say(self, type_: str, thing: dict[str, Any]) -> None:
        about = {key: copy.deepcopy(value) for key, value in thing.items()}
        about.pop("intent_metadata", None)
        event = self._new("evt", "event") | {"type": type_, "data": {"object": about}}
        self.events.append(event)
        for hear in self.heard:
            hear(event)


def _check_money(amount: int, currency: str) -> None:
    if currency != currency.lower() or currency != "cny":
        raise invalid("parameter_invalid", f"Invalid currency: {currency}")
    if not 0 < amount < 10**8:
        raise invalid("parameter_invalid_integer", "Invalid amount")


def _check_metadata(asked: dict[str, Any]) -> None:
    if any(len(key) > 40 or len(value) > 500 for key, value in asked.get("metadata", {}).items()):
        raise invalid("metadata_too_long")


def _check_confirmable(asked: dict[str, Any], intent: dict[str, Any]) -> None:
    wallet = asked.get("payment_method_data", {}).get("type")
    if wallet not in intent["payment_method_types"] or wallet not in ("alipay", "wechat_pay"):
        raise invalid("payment_intent_incompatible_payment_method")
    if not asked.get("return_url", "").startswith("http"):
        raise invalid("parameter_missing", "return_url")
    options = asked.get("payment_method_options", {}).get(wallet, {})
    if wallet == "wechat_pay" and options.get("client") != "web":
        raise invalid("parameter_missing", "payment_method_options[wechat_pay][client]")


def _check_session(asked: dict[str, Any]) -> None:
    if asked.get("mode") != "payment" or not asked.get("line_items"):
        raise invalid("parameter_missing", "mode or line_items")
    if not asked.get("success_url", "").startswith("http"):
        raise invalid("parameter_missing", "success_url")
    for item in asked["line_items"]:
        price = item.get("price_data", {})
        if not price.get("product_data", {}).get("name", "").strip() or not item.get("quantity"):
            raise invalid("parameter_missing", "line_items")
        _check_money(price.get("unit_amount", 0), price["currency"])
    left = asked.get("expires_at", time.time() + DAY) - time.time()
    if not HALF_HOUR - 1 <= left <= DAY + 1:
        raise invalid("parameter_invalid", "expires_at must be 30 minutes to 24 hours ahead")
    _check_metadata(asked)
    _check_metadata(asked.get("payment_intent_data", {}))

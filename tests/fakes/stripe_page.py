"""The page on which the buyers of the fake Stripe pay: plain HTML on an origin of its own."""

from html import escape
from typing import Any
from urllib.parse import urlencode

from tests.fakes.stripe_objects import Account

PREFIX = "/pages/"


def shown(account: Account, path: str) -> str:
    """What the buyer sees: an amount and a button."""
    intent = _intent(account, path)
    return (
        "<!doctype html><html lang=en><title>Fake provider</title><h1>Fake provider</h1>"
        f"<p>{intent['amount']} fen</p>"
        f"<form method=post action='{escape(path)}'><button>Pay at the provider</button></form>"
    )


def paid(account: Account, path: str) -> str:
    """The buyer pays; gives the address back to the shop, as Stripe writes it."""
    intent = _intent(account, path)
    action = intent["next_action"]
    back: str = action[action["type"]]["return_url"]
    account.complete_payment(intent["id"])
    said = {"payment_intent": intent["id"], "redirect_status": "succeeded"}
    return f"{back}?{urlencode(said)}"


def _intent(account: Account, path: str) -> dict[str, Any]:
    return account.get(path.removeprefix(PREFIX), "payment_intent")

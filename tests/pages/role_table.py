"""Who may call what, by the contract and the pages' own purpose: the first line that fits counts.

A line is the verb, how the path begins, and the roles. ``EVERYBODY`` needs no account, ``MEMBERS``
anyone's. A manager holds every seat of a cooperative, so only seats without one are told apart.
"""

import re

EVERYBODY = frozenset({"stranger"})
MEMBERS = frozenset(
    {"buyer", "host", "keeper", "clerk", "manager", "operator", "village", "supervisor"}
)
HOST = frozenset({"host"})
OPERATOR = frozenset({"operator"})
KEEPER = frozenset({"keeper", "manager"})
CLERK = frozenset({"clerk", "manager"})
MANAGER = frozenset({"manager"})
VILLAGE = frozenset({"village"})
SUPERVISOR = frozenset({"supervisor"})
DESK = frozenset({"keeper", "clerk", "manager"})

V1 = "/api/v1"
LINES: list[tuple[str, str, frozenset[str]]] = [
    ("GET", f"{V1}/(categories|cooperatives|villages|regions|board|trace|products)", EVERYBODY),
    ("POST", f"{V1}/(quotes|sms-codes|tokens|users)", EVERYBODY),
    ("DELETE", f"{V1}/tokens", MEMBERS),
    ("*", f"{V1}/(addresses|me|pictures|payments|sandbox)", MEMBERS),
    ("POST", f"{V1}/orders/ID/refunds", MANAGER | OPERATOR),
    ("POST", f"{V1}/orders/ID/shipments", KEEPER),
    ("*", f"{V1}/orders", MEMBERS),
    ("POST", f"{V1}/claims", CLERK | OPERATOR),
    ("*", f"{V1}/products/ID/(approve|reject|block|unblock)", OPERATOR),
    ("*", f"{V1}/products", CLERK),
    ("*", f"{V1}/(farmers|lots|inventory/adjustments)", KEEPER),
    ("GET", f"{V1}/inventory", DESK),
    ("GET", f"{V1}/settlements", MANAGER | OPERATOR),
    ("*", f"{V1}/live-sessions/ID/(approve|reject|ban|checker)", OPERATOR),
    ("*", f"{V1}/live-sessions/ID/(archive|notices|comments/ID)", HOST | OPERATOR),
    ("*", f"{V1}/live-sessions/ID/(checklist|comments)", MEMBERS),
    ("POST", f"{V1}/live-sessions/ID/presence", EVERYBODY),
    ("GET", f"{V1}/live-sessions", EVERYBODY),
    ("*", f"{V1}/live-sessions", HOST),
    ("*", "/api/(docs|openapi.json|hooks)", EVERYBODY),
    ("*", "/operator", OPERATOR),
    ("*", "/host", HOST),
    ("*", "/coop/claims", CLERK | OPERATOR),
    ("*", "/coop/farmers", KEEPER),
    ("*", "/coop/people", MANAGER),
    ("*", "/coop/statements", MANAGER | OPERATOR),
    ("POST", "/coop/orders/ID/refunds", MANAGER | OPERATOR),
    ("POST", "/coop/orders/ID/cancel", OPERATOR),
    ("GET", "/coop/orders/(pick|slips)", KEEPER),
    ("GET", "/coop/orders", DESK | OPERATOR),
    ("POST", "/coop/orders", KEEPER),
    ("*", "/coop/products/ID/prices", MANAGER),
    ("GET", "/coop/products(/ID)?$", DESK),
    ("*", "/coop/products", CLERK),
    ("GET", "/coop/stock(/moves|/lots/ID|/slips/ID)?$", DESK),
    ("*", "/coop/stock", KEEPER),
    ("*", "/shows/ID(/checklist)?$", MEMBERS),
    ("*", "/shows", OPERATOR),
    ("POST", "/village/ID/drafts$", VILLAGE),
    ("POST", "/village/ID/drafts/ID/countersign", SUPERVISOR),
    ("*", "/village(/|$)", VILLAGE | SUPERVISOR),
    ("POST", "/work/ID/(send-again|apply-again|send-back|dismiss|run-again)", OPERATOR),
    ("*", "/work", MANAGER | OPERATOR),
    ("POST", "/live/ID/comments", MEMBERS),
    ("*", "/(account|checkout|orders|pay|sandbox)(/|$)", MEMBERS),
    ("*", "/", EVERYBODY),
]


def who_may(route: str) -> frozenset[str]:
    """The people of the first line that fits ``VERB rule``."""
    verb, _, path = route.partition(" ")
    plain = re.sub(r"<[^>]*>", "ID", path)
    for wanted, beginning, people in LINES:
        if wanted in ("*", verb) and re.match(beginning, plain):
            return people
    raise AssertionError(route)

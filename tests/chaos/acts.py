"""What people do in a shop: each act asks by HTTP until it is answered, then writes a page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shop.kernel.clock import local_date, utc_now
from tests.chaos.actor import Actor
from tests.chaos.books import OrderPage
from tests.chaos.caller import Answer

PASSWORD = "village-demo"
HOST, MANAGER, OPERATOR, OTHER = "13800000002", "13800000003", "13800000004", "13800000006"
SHIP_TO = {
    "name": "演示收件人", "phone": "13800000099", "region_code": "110105", "street": "演示街 9 号",
}  # fmt: skip
SELLS = {"MG-ME-250": MANAGER, "MG-XG-500": MANAGER, "MG-PG-2500": MANAGER, "ZL-XM-2500": OTHER}


def yesterday() -> str:
    """A day on which something may have been harvested."""
    return local_date(utc_now() - timedelta(days=1)).isoformat()


class Person(Actor):
    """A buyer with orders of her own, who also lends a hand to whoever else an act needs."""

    def _act(self) -> None:
        self._pick()()

    def _pick(self) -> Callable[[], object]:
        """An act, likelier where it leads an order on."""
        with_pages: list[Callable[[], object]] = [self._go_on] * 9 if self._pages else []
        own_lots: list[Callable[[], object]] = [self._correct] if self._lots else []
        if self.number == 0:
            own_lots += [self._pin, self._unpin, self._notice]
        return self._dice.choice(
            [
                *with_pages, *own_lots, self._order, self._order, self._order, self._order_live,
                self._order_live, self._browse, self._browse, self._quote, self._comment,
                self._comment, self._receive, self._address, self._list, self._seldom,
            ]
        )  # fmt: skip

    def _seldom(self) -> None:
        self._dice.choice([self._farmer, self._product, self._presence])()

    def _browse(self) -> None:
        room = self.world.room
        path = self._dice.choice([
            "/products?limit=5", f"/products?q={self._dice.choice('xmh')}", "/villages",
            "/live-sessions?status=live", f"/live-sessions/{room}", "/regions?parent=110000",
            f"/live-sessions/{room}/changes?after=0&wait=0", "/board/beiyangjiazhuang", "/me",
        ])  # fmt: skip
        self._expect(self._ask("GET", path), 200)

    def _quote(self) -> None:
        body = {"items": [{"sku": self._dice.choice(list(SELLS)), "quantity": 1}]}
        self._expect(self._ask("POST", "/quotes", body), 200, 409)

    def _order(self) -> None:
        self._place({"sku": self._dice.choice(list(SELLS)), "quantity": self._dice.randint(1, 2)})

    def _order_live(self) -> None:
        sku = self._dice.choice([one for one in SELLS if one in self.world.items])
        self._place({"sku": sku, "quantity": 1, "live_item_id": self.world.items[sku]})

    def _place(self, wish: dict[str, Any]) -> None:
        body = {"items": [wish], "ship_to": SHIP_TO, "consents": ["perishable-no-return"]}
        found = self._ask("POST", "/orders", body)
        if self._expect(found, 201, 409):
            order = found.body
            page = OrderPage(order["number"], order["total_fen"], wish["sku"], wish["quantity"], "")
            page.became(order["status"])
            self.world.books.orders[page.number] = page
            self._pages.append(page)

    def _go_on(self) -> None:
        """Lead one order a step on, or back."""
        page = self._dice.choice(self._pages)
        steps: dict[str, list[Callable[[OrderPage], object]]] = {
            "pending_payment": [self._pay, self._pay, self._pay, self._cancel, self._decline],
            "paid": [self._ship, self._ship, self._refund, self._cancel],
            "shipped": [self._deliver, self._deliver, self._claim, self._refund],
            "delivered": [self._confirm, self._claim],
            "completed": [self._refund, self._claim],
        }
        self._dice.choice(steps.get(page.status, [self._look]))(page)
        if page.status in ("completed", "cancelled", "refunded") and self._dice.random() < 0.5:
            self._pages.remove(page)

    def _look(self, page: OrderPage) -> None:
        found = self._ask("GET", f"/orders/{page.number}")
        if self._expect(found, 200):
            page.became(found.body["status"])

    def _step(self, page: OrderPage, to: str, path: str, body: Any = None, **by: str) -> Answer:
        """An act that moves an order; while no answer is final, either status may be true."""
        page.in_doubt.add(to)
        found = self._ask("POST", f"/orders/{page.number}{path}", body, **by)
        self._expect(found, 200, 201, 409)
        self._look(page)
        return found

    def _pay(self, page: OrderPage) -> None:
        if (payment := self._payment_of(page)) is None:
            return
        page.in_doubt.add("paid")
        decided = self._ask("POST", f"/sandbox/payments/{payment}", {"outcome": "pay"})
        self._expect(decided, 200, 409)
        told = self._ask("GET", f"/payments/{payment}")
        if self._expect(told, 200) and told.body["status"] == "captured":
            self.world.books.note("captured", page.number, told)
        self._look(page)

    def _payment_of(self, page: OrderPage) -> int | None:
        body = {"gateway": "sandbox", "method": "alipay"}
        found = self._ask("POST", f"/orders/{page.number}/payments", body)
        return int(found.body["id"]) if self._expect(found, 201, 202, 409) else None

    def _decline(self, page: OrderPage) -> None:
        if (payment := self._payment_of(page)) is not None:
            answer = self._ask("POST", f"/sandbox/payments/{payment}", {"outcome": "decline"})
            self._expect(answer, 200, 409)

    def _cancel(self, page: OrderPage) -> None:
        page.in_doubt.add("refunded")
        self._step(page, "cancelled", "/cancel")

    def _ship(self, page: OrderPage) -> None:
        mark = next(self._marks)
        body = {"carrier": "shunfeng", "waybill_no": f"SF{mark}".upper()}
        found = self._step(page, "shipped", "/shipments", body, by=SELLS[page.sku])
        self.world.books.note("shipment", body["waybill_no"], found)

    def _deliver(self, page: OrderPage) -> None:
        parcels = self._ask("GET", f"/orders/{page.number}").body["shipments"]
        self._step(
            page, "delivered", f"/shipments/{parcels[0]['id']}/events", {"status": "delivered"},
            by=SELLS[page.sku],
        )  # fmt: skip

    def _confirm(self, page: OrderPage) -> None:
        self._step(page, "completed", "/confirm-receipt")

    def _refund(self, page: OrderPage) -> None:
        mark = next(self._marks)
        body = {"amount_fen": self._dice.randint(1, 300), "reason": mark}
        path = f"/orders/{page.number}/refunds"
        found = self._make("refund", mark, path, body, by=SELLS[page.sku])
        self._expect(found, 201, 409, 422)

    def _claim(self, page: OrderPage) -> None:
        mark = next(self._marks)
        body = {"lines": [{"sku": page.sku, "quantity": 1}], "reason": "damaged", "note": mark}
        page.in_doubt.add("refunded")
        made = self._make("claim", mark, f"/orders/{page.number}/claims", body)
        if self._expect(made, 201, 409, 422):
            word = {"decision": self._dice.choice(["approve", "refuse"]), "reason": "looked at"}
            path = f"/claims/{made.body['id']}/answer"
            answer = self._ask("POST", path, word, by=SELLS[page.sku])
            self._expect(answer, 200, 409, 422)
        self._look(page)

    def _receive(self) -> None:
        mark, sku = next(self._marks), self._dice.choice(list(SELLS))
        body = {
            "sku": sku, "quantity": self._dice.randint(1, 9), "label": mark,
            "harvested_on": yesterday(),
        }  # fmt: skip
        found = self._make("lot", mark, "/lots", body, by=SELLS[sku])
        if self._expect(found, 201):
            self._lots.append(f"{found.body['code']} {SELLS[sku]}")

    def _correct(self) -> None:
        (code, seller), mark = self._dice.choice(self._lots).split(), next(self._marks)
        body = {"lot": code, "delta": -1, "reason": "damaged", "note": mark}
        found = self._make("correction", mark, "/inventory/adjustments", body, by=seller)
        self._expect(found, 201, 409, 422)

    def _comment(self) -> None:
        mark = next(self._marks)
        path = f"/live-sessions/{self.world.room}/comments"
        self._expect(self._make("comment", mark, path, {"text": mark}), 201)

    def _address(self) -> None:
        mark = next(self._marks)
        made = self._make("address", mark, "/addresses", SHIP_TO | {"street": mark})
        if self._expect(made, 201, 409) and self._dice.random() < 0.5:
            path = f"/addresses/{made.body['id']}"
            changed = self._ask("PATCH", path, {"name": "演示新名"})
            self._expect(changed, 200)

    def _farmer(self) -> None:
        mark = next(self._marks)
        body = {"name": mark, "village": "beiyangjiazhuang"}
        self._expect(self._make("farmer", mark, "/farmers", body, by=MANAGER), 201)

    def _product(self) -> None:
        """A draft on its way to the shelf."""
        mark = next(self._marks).upper()
        variant = {
            "sku": mark, "name": "演示装", "price_fen": 900, "unit": "袋", "weight_grams": 500,
        }  # fmt: skip
        body = {
            "cooperative": "beiyang-mushrooms", "title": "演示香菇", "category": "dried-mushrooms",
            "variants": [variant],
        }  # fmt: skip
        made = self._make("product", mark, "/products", body, by=MANAGER)
        if self._expect(made, 201, 409) and made.done:
            for step, who in (("submit", MANAGER), ("approve", OPERATOR), ("off-sale", MANAGER)):
                path = f"/products/{made.body['slug']}/{step}"
                self._expect(self._ask("POST", path, by=who), 200)

    def _presence(self) -> None:
        path = f"/live-sessions/{self.world.room}/presence"
        self._expect(self._ask("POST", path), 204)

    def _list(self) -> None:
        path, by = self._dice.choice([
            ("/orders", ""), ("/orders?as=manager&limit=5", MANAGER), ("/inventory", MANAGER),
            ("/inventory/moves?limit=5", OTHER),
            ("/settlements?cooperative=hepo-grains", OPERATOR), ("/addresses", ""),
        ])  # fmt: skip
        self._expect(self._ask("GET", path, by=by), 200)

    def _pin(self) -> None:
        item = self._dice.choice(list(self.world.items.values()))
        path = f"/live-sessions/{self.world.room}/pin"
        self._expect(self._ask("PUT", path, {"item_id": item}, by=HOST), 200, 409)

    def _unpin(self) -> None:
        self._expect(self._ask("DELETE", f"/live-sessions/{self.world.room}/pin", by=HOST), 204)

    def _notice(self) -> None:
        mark = next(self._marks)
        path = f"/live-sessions/{self.world.room}/notices"
        self._expect(self._make("notice", mark, path, {"text": mark}, by=HOST), 204)

"""A provider on another site: our own page leads there, and coming back settles by asking it."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.people import BUYER, someone
from tests.fakes.stripe_server import FakeStripe
from tests.servers.shop import ShopServer


def test_a_buyer_pays_on_another_site_and_comes_back_to_a_paid_order(
    browser: Browser, start_shop: Callable[..., ShopServer]
) -> None:
    with FakeStripe() as fake:
        provider = fake.url.replace("127.0.0.1", "localhost")
        fake.account.pages = f"{provider}/pages"
        shop = start_shop(
            demo=True,
            worker=False,
            SHOP_GATEWAYS="stripe",
            STRIPE_SECRET_KEY=fake.api_key,
            STRIPE_WEBHOOK_SECRETS=fake.secret,
            STRIPE_API_BASE=fake.url,
        )
        page = someone(browser, shop.url, BUYER)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{shop.url}/checkout?sku=MG-XG-500")
        page.get_by_role("button", name="Place the order").click()

        page.get_by_role("button", name="Alipay").click()
        page.wait_for_url(re.compile(rf"^{shop.url}/pay/\d+$"))
        way_out = page.get_by_role("link", name="Go on to payment")
        expect(way_out).to_have_attribute("href", re.compile(f"^{provider}/pages/pi_"))
        way_out.click()

        expect(page.get_by_role("heading", name="Fake provider")).to_be_visible()
        page.get_by_role("button", name="Pay at the provider").click()
        page.wait_for_url(re.compile(rf"^{shop.url}/orders/[0-9A-Z-]+$"))
        expect(page.get_by_text("Paid, being packed").first).to_be_visible()
        assert [text for text in said if "Content Security Policy" in text] == []
        assert fake.count("GET", r"/v1/payment_intents/\w+") == 1

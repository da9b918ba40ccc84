"""One journey a role: from the pin in a room to the income on the village's board."""

import json
import re
import urllib.request
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, expect

from tests.browser.people import (
    BUYER,
    HOST,
    MANAGER,
    OPERATOR,
    OTHER_BUYER,
    pay_in_sandbox,
    someone,
)
from tests.servers.ground import until


def answer(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def test_a_pin_reaches_the_buyer_and_the_income_reaches_the_board(
    browser: Browser, live_url: str
) -> None:
    room = answer(f"{live_url}/api/v1/live-sessions?status=live")["items"][0]["id"]
    month = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m")
    board = f"{live_url}/api/v1/board/beiyangjiazhuang?period={month}"
    before = answer(board)

    host = someone(browser, live_url, HOST, desk=True)
    host.goto(f"{live_url}/host/sessions/{room}/console")
    buyer = someone(browser, live_url, BUYER)
    buyer.goto(f"{live_url}/live/{room}")
    loaded = buyer.evaluate("performance.timeOrigin")
    host.get_by_role("button", name=re.compile("^Pin .*黑木耳")).click()
    card = buyer.locator("[data-pin]")
    expect(card.get_by_text("北杨家庄黑木耳").first).to_be_visible(timeout=5000)
    assert buyer.evaluate("performance.timeOrigin") == loaded, "the page was loaded anew"

    card.get_by_role("link", name=re.compile("Buy")).click()
    buyer.get_by_role("button", name="Place the order").click()
    number = pay_in_sandbox(buyer)
    expect(host.locator("[data-orders]").get_by_text("北杨家庄黑木耳").first).to_be_visible(
        timeout=10_000
    )

    manager = someone(browser, live_url, MANAGER, desk=True)
    manager.goto(f"{live_url}/coop/orders/{number}")
    manager.get_by_label("Carrier").first.fill("顺丰")
    manager.get_by_label("Waybill number").first.fill(f"SF{number[-6:]}123456")
    manager.get_by_role("button", name="Hand over").click()
    expect(manager.get_by_text("SF Express").or_(manager.get_by_text("顺丰")).first).to_be_visible()

    expect(buyer.get_by_text("On the way").first).to_be_visible(timeout=20_000)
    buyer.get_by_role("button", name="Yes, I have received it").click()
    expect(buyer.get_by_text("Where your money went")).to_be_visible()

    until(lambda: answer(board)["orders"] == before["orders"] + 1, within_s=5, what="the board")
    after = answer(board)
    assert after["net_fen"] > before["net_fen"]
    buyer.goto(f"{live_url}/board/beiyangjiazhuang?period={month}")
    shown = f"¥{after['net_fen'] / 100:,.2f}"
    expect(buyer.get_by_text(shown).first).to_be_visible()


def test_a_buyer_without_scripts_gets_from_sign_in_to_paid(browser: Browser, live_url: str) -> None:
    page = someone(browser, live_url, OTHER_BUYER, scripts=False)
    page.goto(f"{live_url}/products?q=mogu")
    page.get_by_role("link", name="北杨家庄干香菇").first.click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Buy now").click()
    page.get_by_role("button", name="Place the order").click()
    pay_in_sandbox(page)


def test_signing_in_at_checkout_comes_back_to_the_same_goods(
    browser: Browser, live_url: str
) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(f"{live_url}/products/hepo-millet?lang=en")
    page.get_by_label("How many").fill("3")
    page.get_by_role("button", name="Buy now").click()
    page.get_by_label("Mobile number").fill(BUYER)
    page.get_by_label("Password").fill("village-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
    expect(page.get_by_text("× 3")).to_be_visible()


def test_an_operator_sees_what_changed_approves_it_and_finishes_a_task(
    browser: Browser, live_url: str
) -> None:
    page = someone(browser, live_url, OPERATOR, desk=True)
    page.goto(f"{live_url}/operator/review")
    page.get_by_role("link", name="高家庄核桃").click()
    change = page.locator("section", has=page.get_by_role("heading", name="What would change"))
    expect(change.locator("ins").first).to_contain_text("今年的新核桃")
    expect(change.get_by_text("薄皮").first).to_be_visible()
    buyer = browser.new_context(locale="en-GB").new_page()
    buyer.goto(f"{live_url}/products/gaojiazhuang-walnuts")
    expect(buyer.get_by_text("今年的新核桃")).to_have_count(0)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    buyer.reload()
    expect(buyer.get_by_text("今年的新核桃").first).to_be_visible()

    page.goto(f"{live_url}/work")
    row = page.get_by_role("row", name=re.compile("DEMO-hepo-millet"))
    row.get_by_role("link", name=re.compile("See to it")).click()
    page.get_by_role("link", name="Open the product").click()
    expect(page.get_by_role("heading", name="河坡小米")).to_be_visible()
    page.go_back()
    page.get_by_label("How it ended").fill("新报告已在路上（演示）")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.get_by_text("Done.")).to_be_visible()
    page.goto(f"{live_url}/work?status=done")
    expect(page.get_by_role("row", name=re.compile("DEMO-hepo-millet"))).to_be_visible()

"""The demo county's people in browsers of their own."""

import re

from playwright.sync_api import Browser, Page, expect

PASSWORD = "village-demo"
BUYER, HOST, MANAGER = "13800000001", "13800000002", "13800000003"
OPERATOR, OTHER_BUYER = "13800000004", "13800000005"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


def sign_in(page: Page, base: str, phone: str) -> None:
    """Sign in by password; the language is English, so that tests can name what they press."""
    page.goto(f"{base}/sign-in?lang=en")
    page.get_by_label("Mobile number").fill(phone)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))


def someone(
    browser: Browser, base: str, phone: str, *, desk: bool = False, scripts: bool = True
) -> Page:
    """A new browser in which ``phone`` has signed in."""
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Asia/Shanghai",
        viewport=DESK if desk else PHONE,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    sign_in(page, base, phone)
    return page


def pay_in_sandbox(page: Page) -> str:
    """From the choice of ways to the paid order; gives its number."""
    page.get_by_role("button", name=re.compile("Alipay")).click()
    page.get_by_role("link", name="Go on to payment").click()
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_text("Paid, being packed").first).to_be_visible()
    found = re.search(r"/orders/([0-9]{6}-[0-9A-Z]{10})", page.url)
    assert found is not None, page.url
    return found[1]

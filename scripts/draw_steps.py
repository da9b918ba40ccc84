"""Steps of people whose pages no link leads to: paying, a mistyped address, a busy shop."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

BUYER = "13800000001"
PASSWORD = "village-demo"
GOODS = "/products/hepo-millet"


def sign_in(page: Page, base: str, phone: str) -> None:
    """By password, on the first form that asks for one."""
    page.goto(f"{base}/sign-in")
    form = page.locator("form:has(input[name=password])").first
    form.locator("input[name=phone]").fill(phone)
    form.locator("input[name=password]").fill(PASSWORD)
    form.get_by_role("button").last.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def mistype(walk: Any, page: Page, who: str) -> None:
    """An address that leads nowhere, and the page that a problem's address names."""
    walk.draw(page, who, "/no-such-page", status=404)
    walk.draw(page, who, "/problems/not-found")


def sign_up(walk: Any, page: Page, who: str) -> None:
    """The form with the three texts, which stands behind two other ways in."""
    walk.draw(page, who, "/sign-in?way=new", turn=2)


def put_aside(walk: Any, page: Page, _who: str) -> None:
    """Something for the cart."""
    page.goto(f"{walk.base}{GOODS}")
    page.locator("button[name=go][value=cart]:visible").click()
    page.wait_for_url("**/cart")


def buy(walk: Any, page: Page, who: str) -> None:
    """From the cart over checkout to the provider's own page; a friend may pay instead."""
    number = _place(walk, page, who)
    walk.draw(page, who, f"/orders/{number}/pay")
    _choose(page, "alipay")
    walk.draw(page, who, urlsplit(page.url).path)
    provider = page.locator("a[href*='/sandbox/pay/']").first.get_attribute("href") or ""
    walk.draw(page, who, urlsplit(provider).path)
    walk.draw(page, who, walk.link_for_a_friend(int(provider.rpartition("/")[2])))


def _place(walk: Any, page: Page, who: str) -> str:
    """Order what is in the cart; gives the number."""
    walk.draw(page, who, "/cart")
    walk.draw(page, who, "/checkout")
    _press_order(page)
    page.wait_for_url("**/pay")
    found = re.search(r"/orders/([^/]+)/pay", page.url)
    assert found is not None, page.url
    return found[1]


def _press_order(page: Page) -> None:
    form = page.locator("form[method=post]:has(input[name=expected_total_fen])")
    form.get_by_role("button").last.click()


def _choose(page: Page, method: str) -> None:
    page.locator(f"button[name=way][value='sandbox:{method}']").click()
    page.wait_for_url("**/pay/*")


def wait_in_the_queue(walk: Any, database: Path) -> None:
    """Somebody else writes for as long as a buyer waits: the order stands in the queue."""
    context = walk.browser.new_context(locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, walk.base, BUYER)
    for language in ("zh", "en"):
        put_aside(walk, page, "buyer")
        page.goto(f"{walk.base}/checkout?lang={language}")
        with sqlite3.connect(database, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            _press_order(page)
            page.wait_for_selector("[data-waiting]")
            other.execute("ROLLBACK")
        other.close()
        for size, (width, height) in {"phone": (390, 844), "desk": (1280, 800)}.items():
            page.set_viewport_size({"width": width, "height": height})
            name = f"checkout-waiting-buyer-0-{language}-{size}"
            walk.keep(page, name, f"buyer in the queue {language} {size}")
    context.close()


Step = Callable[[Any, Page, str], None]
STEPS: Mapping[str, tuple[Step, ...]] = {
    "visitor": (mistype, sign_up),
    "buyer": (put_aside, buy, put_aside),
}
"""What each person does before following links."""

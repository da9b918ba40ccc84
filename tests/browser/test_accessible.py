"""Axe finds nothing serious on the pages people use most, in both colour schemes."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import BUYER, HOST, MANAGER, OPERATOR, someone

SERIOUS = {"serious", "critical"}
BOTH = ("light", "dark")
VISITED = {
    None: ("/", "/live", "/products", "/products/dried-shiitake", "/villages/hepo", "/halls",
           "/board/beiyangjiazhuang", "/trace", "/sign-in", "/cooperatives/beiyang-mushrooms"),
    BUYER: ("/cart", "/checkout?sku=MG-XG-500", "/orders", "/account", "/account/addresses"),
    HOST: ("/host/sessions",),
    MANAGER: ("/coop/products", "/coop/stock", "/coop/orders", "/coop/statements",
              "/coop/stock/lots/new", "/coop/stock/scale"),
    OPERATOR: ("/operator/review", "/work"),
}  # fmt: skip
FOUND = {
    None: (("/live", r"^/live/\d+$", BOTH),),
    BUYER: (("/orders", r"^/orders/[^/]+$", BOTH),),
    HOST: (("/host/sessions", r"/console$", BOTH),),
    MANAGER: (),
    OPERATOR: (("/work", r"^/work/\d+$", ("light",)),),
}
"""A page, and the first link on it that looks so."""
MORE = {
    None: ("/sign-in?way=new", "/board/wanglong", "/no-such-page"),
    BUYER: ("/account/erase",),
    HOST: (),
    MANAGER: ("/coop/products/dried-shiitake/edit",),
    OPERATOR: ("/operator/review/gaojiazhuang-walnuts",),
}
"""Seen in the light scheme only: they share their parts with those above."""


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def pages(page: Page, base: str, phone: str | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every page of a person with the schemes it is seen in."""
    yield from ((path, BOTH) for path in VISITED[phone])
    for path, pattern, schemes in FOUND[phone]:
        page.goto(f"{base}{path}")
        links = page.evaluate("[...document.links].map(a => a.pathname)")
        yield next(link for link in links if re.search(pattern, link)), schemes
    yield from ((path, ("light",)) for path in MORE[phone])


@pytest.mark.parametrize("phone", VISITED)
def test_axe_finds_nothing_serious(browser: Browser, live_url: str, phone: str | None) -> None:
    page = (
        someone(browser, live_url, phone)
        if phone
        else browser.new_context(locale="zh-CN").new_page()
    )
    faults = {}
    for path, schemes in pages(page, live_url, phone):
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            answer = page.goto(f"{live_url}{path}")
            assert answer is not None
            assert answer.status == (404 if path == "/no-such-page" else 200), path
            if found := serious(page):
                faults[f"{path} {scheme}"] = found
    assert not faults, re.sub(r"', '", "\n", str(faults))


def test_paying_is_accessible_and_large_print_shows_one_task(
    browser: Browser, live_url: str
) -> None:
    page = someone(browser, live_url, BUYER)
    page.goto(f"{live_url}/products/hepo-millet")
    expect(page.locator(".extra")).to_be_visible()
    page.get_by_role("button", name="Large print").click()
    expect(page.locator("html.large")).to_be_visible()
    expect(page.locator(".extra")).to_be_hidden()
    assert serious(page) == []
    page.get_by_role("button", name="Buy now").last.click()
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("button", name=re.compile("Alipay"))).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name=re.compile("Alipay")).click()
    page.get_by_role("link", name="Go on to payment").click()
    expect(page.get_by_role("button", name="Pay now")).to_be_visible()
    assert serious(page) == []

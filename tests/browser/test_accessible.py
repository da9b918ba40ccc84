"""Axe finds nothing serious on the pages people use most, in both colour schemes."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.people import BUYER, HOST, MANAGER, OPERATOR, someone

SERIOUS = {"serious", "critical"}
VISITED = {
    None: ("/", "/live", "/products", "/products/dried-shiitake", "/villages/hepo", "/halls",
           "/board/beiyangjiazhuang", "/trace", "/sign-in", "/cooperatives/beiyang-mushrooms"),
    BUYER: ("/cart", "/checkout?sku=MG-XG-500", "/orders", "/account", "/account/addresses"),
    HOST: ("/host/sessions",),
    MANAGER: ("/coop/products", "/coop/stock", "/coop/orders", "/coop/statements",
              "/coop/stock/lots/new", "/coop/stock/scale"),
    OPERATOR: ("/operator/review", "/work"),
}  # fmt: skip


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("phone", VISITED)
def test_axe_finds_nothing_serious(browser: Browser, live_url: str, phone: str | None) -> None:
    page = (
        someone(browser, live_url, phone)
        if phone
        else browser.new_context(locale="zh-CN").new_page()
    )
    faults = {}
    for path in VISITED[phone]:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            answer = page.goto(f"{live_url}{path}")
            assert answer is not None
            assert answer.status == 200, f"{path}: {answer.status}"
            if found := serious(page):
                faults[f"{path} {scheme}"] = found
    assert not faults, re.sub(r"', '", "\n", str(faults))

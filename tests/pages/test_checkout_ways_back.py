"""Every way out of the checkout leads back to the same goods; what is missing is asked there."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from sqlalchemy import select, update

from shop.db import db, transactional
from shop.domain.accounts import texts
from shop.domain.accounts.models import Address
from shop.domain.logistics import regions
from shop.domain.orders.models import Order
from shop.flows import addresses, own_account
from shop.kernel.actor import Actor
from tests.builders import COUNTY, a_sku, a_user, an_actor
from tests.conftest import NOON
from tests.pages.goods_reader import Reader, fields_of


def a_buyer(*, agreed: bool = True) -> Actor:
    buyer = an_actor(a_user(agreed=agreed))
    addresses.add(
        actor=buyer,
        name="演示买家",
        phone="13800000099",
        region_code=COUNTY,
        street="演示街 9 号",
        now=NOON,
    )
    return buyer


def leads_to(answer_location: str) -> dict[str, list[str]]:
    """What the sign-in page leads back to."""
    back = parse_qs(urlsplit(answer_location).query)["next"][0]
    assert urlsplit(back).path == "/checkout"
    return parse_qs(urlsplit(back).query)


def test_a_session_that_ends_at_the_checkout_loses_neither_goods_nor_deal(
    app: Flask, ctx: Flask
) -> None:
    buyer, skus = a_buyer(), [a_sku(on_hand=5), a_sku(on_hand=5)]
    reader = Reader(app, buyer)
    reader.get("/?lang=en")
    sent = fields_of(reader.get(f"/checkout?sku={skus[0]}&quantity=2&source=card"))
    refused = reader.client.post("/checkout", data=sent | {"expected_total_fen": "1"})
    assert refused.status_code == 409, "the page stands at /checkout now"
    again = fields_of(refused.get_data(as_text=True))
    direct = {name: value for name, value in sent.items() if not name.startswith("items-")}
    direct |= {"items-0-sku": skus[0], "items-0-quantity": "1"}
    direct |= {"items-1-sku": skus[1], "items-1-quantity": "2", "expected_total_fen": "1"}
    several = fields_of(reader.client.post("/checkout", data=direct).get_data(as_text=True))
    own_account.end_others(actor=buyer, token=None, now=NOON)
    wanted = {"sku": [skus[0]], "quantity": ["2"], "source": ["card"]}
    for form, query in ((sent, wanted), (again, wanted)):
        lost = reader.client.post(
            "/checkout", data=form, headers={"Referer": "http://localhost/checkout"}
        )
        assert (lost.status_code, leads_to(lost.headers["Location"])) == (303, query)
    lost = reader.client.post("/checkout", data=several)
    query = leads_to(lost.headers["Location"])
    assert query == {"line": [f"1::{skus[0]}", f"2::{skus[1]}"], "source": ["card"]}
    evil = reader.client.post("/checkout", data=sent | {"next": "//evil.example/x"})
    assert "evil" not in evil.headers["Location"]
    lines = "&".join(f"line={line}" for line in query["line"])
    page = Reader(app, buyer).get(f"/checkout?{lines}&source=card")
    fields = fields_of(page)
    assert (fields["items-0-sku"], fields["items-1-quantity"]) == (skus[0], "2")
    assert Reader(app, buyer).client.get("/checkout?line=nonsense").status_code == 404


@transactional
def end_county(buyer: Actor) -> None:
    ended = next(one.code for one in regions._regions().values() if one.valid_to)
    mine = update(Address).where(Address.user_id == buyer.user_id)
    db.session.execute(mine.values(region_code=ended))


def test_a_county_that_ended_is_chosen_again_and_the_goods_are_still_there(
    app: Flask, ctx: Flask
) -> None:
    buyer, sku = a_buyer(), a_sku(on_hand=5)
    end_county(buyer)
    reader = Reader(app, buyer)
    reader.get("/?lang=en")
    answer = reader.client.get(f"/checkout?sku={sku}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Choose the county again" in page
    assert "do not deliver" not in page
    assert 'name="expected_total_fen"' not in page, "it cannot be ordered like this"
    link = re.search(r'href="(/account/addresses/\d+\?next=[^"]+)"', page)
    assert link is not None
    form = fields_of(reader.get(unescape(link[1])))
    assert form["next"] == f"/checkout?sku={sku}"
    there = unescape(link[1]).partition("?")[0]
    done = reader.client.post(there, data=form | {"region_code": COUNTY})
    assert done.headers["Location"] == f"/checkout?sku={sku}"
    assert 'name="expected_total_fen"' in reader.get(done.headers["Location"])


def test_a_text_that_was_not_accepted_is_asked_once_at_the_checkout(app: Flask, ctx: Flask) -> None:
    buyer, sku = a_buyer(agreed=False), a_sku(on_hand=5)
    reader = Reader(app, buyer)
    form = fields_of(reader.get(f"/checkout?sku={sku}"))
    assert "agreed" not in form, "nothing is ticked for anybody"
    refused = reader.client.post("/checkout", data=form)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'id="f-agreed-error"' in page
    assert page.count('href="/legal/') >= len(texts.AGREEMENTS)
    placed = reader.client.post("/checkout", data=fields_of(page) | {"agreed": "1"})
    assert placed.status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(Order.buyer_id)) == buyer.user_id
    assert texts.missing(buyer.user_id or 0) == []
    db.session.rollback()
    assert 'name="agreed"' not in reader.get(f"/checkout?sku={sku}")

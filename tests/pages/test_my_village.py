"""The pages of a village's own people, and the operator's who says who they are."""

from flask import Flask

from shop.db import db
from shop.domain.accounts.states import Role
from shop.domain.settlement import sheets
from shop.flows import people
from shop.kernel.actor import Actor
from tests.builders import a_user, a_village, an_actor, an_operator
from tests.conftest import NOON, FixedClock
from tests.flows.test_disclosing import MONTH, a_month, one_of
from tests.money import refunded
from tests.pages.goods_reader import Reader

HOME, SEATS = "/village/mine", "/operator/places/villages/mine"
KEEPER, SUPERVISOR, STRANGER = "13900000031", "13900000032", "13900000033"


def seated(operator: Reader, phone: str, role: str) -> Actor:
    """Somebody to whom the operator gave a seat on the village's page."""
    user_id = a_user(phone=phone, name=f"演示{role}")
    given = operator.send(SEATS, {"phone": phone, "role": role}, f"{SEATS}/seats")
    assert given.status_code == 303
    return an_actor(user_id)


def newest_sheet(village_id: int) -> int:
    db.session.rollback()
    return sheets.of_month(village_id, MONTH)[0].id


def test_a_month_goes_from_the_operators_seats_to_the_published_board(
    app: Flask, ctx: Flask, clock: FixedClock
) -> None:
    village = a_village(slug="mine")
    order = a_month(village)
    operator, visitor = Reader(app, an_operator()), Reader(app)
    keeper = Reader(app, seated(operator, KEEPER, "village"))
    supervisor = Reader(app, seated(operator, SUPERVISOR, "supervisor"))
    assert "演示supervisor" in operator.get(SEATS)
    assert keeper.client.get("/village").headers["Location"] == HOME
    assert "/village" in keeper.get("/?lang=en")
    month = {"period": MONTH, "note": "三月第一批"}
    assert supervisor.send(HOME, month, f"{HOME}/drafts").status_code == 403
    assert keeper.send(HOME, month, f"{HOME}/drafts").status_code == 303
    draft = newest_sheet(village.id)
    assert f"/drafts/{draft}/countersign" not in keeper.get(HOME)
    assert f"/drafts/{draft}/countersign" in supervisor.get(HOME)
    board = f"/board/mine?period={MONTH}&lang=en"
    assert "Not published yet" in visitor.get(board)
    signed = supervisor.send(HOME, {"period": MONTH}, f"{HOME}/drafts/{draft}/countersign")
    assert signed.headers["Location"] == f"{HOME}?period={MONTH}"
    page = visitor.get(board)
    assert "Published on 2026-03-02 12:00, countersigned." in page
    assert "三月第一批" in page
    assert "Corrections" not in page
    api = f"/api/v1/board/mine?period={MONTH}"
    shown = app.test_client().get(api).get_json()
    assert (shown["published_at"], shown["corrections"]) == ("2026-03-02T04:00:00.000Z", [])
    refunded(order, amount_fen=500, now=clock.tick(hours=1))
    assert "Corrections since then" in visitor.get(board)
    shown = app.test_client().get(api).get_json()
    assert {"figure": "refunds_fen", "published": 0, "now": 500} in shown["corrections"]
    again = keeper.send(HOME, month, f"{HOME}/drafts")
    assert again.status_code == 303
    draft = newest_sheet(village.id)
    supervisor.send(HOME, {"period": MONTH}, f"{HOME}/drafts/{draft}/withdraw")
    assert "Taken back" in keeper.get(f"{HOME}?lang=en")


def test_another_village_is_not_found_and_a_stranger_is_not_let_in(app: Flask, ctx: Flask) -> None:
    mine = a_village(slug="mine")
    a_month(mine)
    other = Reader(app, one_of(a_village(slug="other"), Role.VILLAGE, Role.SUPERVISOR))
    assert other.client.get(HOME).status_code == 404
    for path in ("drafts/1/countersign", "drafts/1/withdraw", "drafts"):
        answer = other.send("/village/other", {"period": MONTH}, f"{HOME}/{path}")
        assert answer.status_code == 404, path
    buyer = Reader(app, an_actor())
    assert [buyer.client.get(path).status_code for path in ("/village", HOME)] == [403, 403]
    refused = other.send("/village/other", {"period": MONTH}, "/village/other/drafts")
    assert refused.status_code == 422
    assert "alert" in refused.get_data(as_text=True)


def test_a_seat_is_refused_in_plain_words_and_taken_back(app: Flask, ctx: Flask) -> None:
    a_village(slug="mine")
    operator = Reader(app, an_operator())
    a_user(phone=STRANGER, proven=False)
    for phone in ("12", "13900000039", STRANGER):
        refused = operator.send(SEATS, {"phone": phone, "role": "village"}, f"{SEATS}/seats")
        assert refused.status_code == 422
        page = refused.get_data(as_text=True)
        assert 'id="f-phone-error"' in page
        assert f'value="{phone}"' in page
    keeper = seated(operator, KEEPER, "village")
    assert keeper.villages("village") != ()
    operator.send(SEATS, {}, f"{SEATS}/seats/{keeper.user_id}/village/revoke")
    assert an_actor(keeper.user_id).villages("village") == ()


def test_an_unproven_number_gets_no_hat_of_the_platform_either(app: Flask, ctx: Flask) -> None:
    user_id = a_user(proven=False)
    operator = Reader(app, an_operator())
    operator.send("/operator/people", {}, f"/operator/people/{user_id}/grant/host")
    assert not an_actor(user_id).is_host
    assert people.accept_invitations(actor=an_actor(user_id), now=NOON) == 0

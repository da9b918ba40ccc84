from tests.conftest import *
from tests.money import *
from tests.builders import *
from shop.domain.live import sales
from shop.db import *
from sqlalchemy import text
def test_x(ctx):
    deal, buyer = a_deal(live_price_fen=2900, allotment=9, per_buyer_max=2), an_actor()
    import logging
    @transactional
    def go(q):
        fresh = insert_into(sales.BuyerQuota).values(live_item_id=deal.live_item_id, buyer_id=buyer.user_id, taken=q)
        st = fresh.on_conflict_do_update(index_elements=[sales.BuyerQuota.live_item_id, sales.BuyerQuota.buyer_id], set_={"taken": sales.BuyerQuota.taken + q}, where=sales.BuyerQuota.taken + q <= 2)
        r = db.session.execute(st)
        print(type(r), r.rowcount)
        print(db.session.execute(text("select * from buyer_quota")).all())
    go(1); go(2); go(1)

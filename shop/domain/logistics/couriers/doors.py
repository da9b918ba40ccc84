"""The carriers' doors as the settings open them."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.logistics.couriers.base import Courier
from shop.domain.logistics.couriers.kuaidi100 import Kuaidi100
from shop.domain.logistics.couriers.kuaidi100_query import KuaidiQuery
from shop.domain.logistics.couriers.kuaidi100_subscribe import KuaidiSubscription


@dataclass(frozen=True, kw_only=True)
class Couriers:
    """Who reports (``push``, signed with one of ``salts``), on what, and who may be asked.

    ``subscription`` asks for reports, ``query`` for an answer; both need a contract.
    """

    push: Courier
    salts: Sequence[str]
    query: KuaidiQuery | None
    subscription: KuaidiSubscription | None


def open_couriers(*, salts: Sequence[str], customer: str, key: str, hook_url: str) -> Couriers:
    """Kuaidi100's push, and what the shop's contract allows; the newest salt signs new pushes."""
    query = KuaidiQuery(customer=customer, key=key) if customer and key else None
    subscription = (
        KuaidiSubscription(key=key, salt=salts[0], callback_url=hook_url) if key and salts else None
    )
    return Couriers(push=Kuaidi100(), salts=tuple(salts), query=query, subscription=subscription)

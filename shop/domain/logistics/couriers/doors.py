"""The carriers' doors as the settings open them."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.logistics.couriers.base import Courier
from shop.domain.logistics.couriers.kuaidi100 import Kuaidi100
from shop.domain.logistics.couriers.kuaidi100_query import KuaidiQuery


@dataclass(frozen=True, kw_only=True)
class Couriers:
    """Who reports (``push``, signed with one of ``salts``) and who may be asked (``query``)."""

    push: Courier
    salts: Sequence[str]
    query: KuaidiQuery | None


def open_couriers(*, salts: Sequence[str], customer: str, key: str) -> Couriers:
    """Kuaidi100's push, and its query where the shop has a contract."""
    query = KuaidiQuery(customer=customer, key=key) if customer and key else None
    return Couriers(push=Kuaidi100(), salts=tuple(salts), query=query)

"""A random day in a shop whose parts die, stand still and come back: nothing told is untrue."""

import json
import os
import secrets
from pathlib import Path

from tests.chaos.house import House
from tests.chaos.supervisor import Chaos
from tests.lengths import FULL
from tests.servers.ground import Ground

MINUTES = float(os.environ.get("SHOP_CHAOS_MINUTES") or (2 if FULL else 0.2))
SEED = os.environ.get("SHOP_CHAOS_SEED", "millet") or secrets.token_hex(3)
"""Set and empty: a new one."""


def troubles(log: str) -> str:
    """The accidents in the shop's log, each with the end of its trace."""
    found = []
    for line in log.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("level") == "error":
            trace = str(told.get("exception", "")).splitlines()
            found.append("\n".join([told["event"], *trace[-30:]]))
    return "\n\n".join(found[-5:])


def test_nothing_told_is_lost_whatever_is_killed_stopped_or_cut_off(
    ground: Ground, tmp_path: Path
) -> None:
    """FAULTS 92, 93, 95, 97, 98, 102 and 110 at once; ``make chaos`` runs it as long as wanted."""
    house = House(ground, tmp_path)
    try:
        Chaos(house, SEED).run(MINUTES)
    except BaseException:
        print(f"replay with: make chaos MINUTES={MINUTES:g} SEED={SEED}")
        print(troubles(house.shop.log.read_text()))
        raise
    finally:
        house.close()

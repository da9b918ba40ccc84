"""The process that holds one server and ends it with the test session, however that ends."""

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.servers import postgres, valkey
from tests.servers.ground import Ground

STARTERS = {
    "postgresql": postgres.start,
    "postgresql_safe": partial(postgres.start, fast=False),
    "valkey": valkey.start,
}
"""By the name up to its first hyphen: ``valkey-gw0`` is a Valkey of its own."""


def keep(ground: Ground, name: str) -> None:
    """Start the server, say where it listens, and end it when the session is over."""
    kept = ground.folder / f"{name}.kept"
    kept.touch()
    try:
        server, facts = STARTERS[name.partition("-")[0]](ground.folder / name)
        try:
            draft = ground.folder / f"{name}.draft"
            draft.write_text(json.dumps(facts))
            draft.rename(ground.folder / f"{name}.ready")
            while server.poll() is None and not _over(ground):
                time.sleep(0.1)
        finally:
            _end(server)
    finally:
        kept.unlink(missing_ok=True)
        if not _owner_lives(ground) and not any(ground.folder.glob("*.kept")):
            shutil.rmtree(ground.folder, ignore_errors=True)


def _owner_lives(ground: Ground) -> bool:
    try:
        os.kill(ground.owner, 0)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True


def _over(ground: Ground) -> bool:
    return not _owner_lives(ground) or (ground.folder / "over").exists()


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(postgres.END)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    keep(Ground(Path(sys.argv[1])), sys.argv[2])

"""What the README promises is played as it stands, by a client that knows only the contract."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.servers.shop import ShopServer

README = Path(__file__).parents[2] / "README.md"


def test_the_curl_lines_play_the_whole_job(
    database_url: str, start_shop: Callable[..., ShopServer]
) -> None:
    given = {} if database_url.startswith("sqlite") else {"DATABASE_URL": database_url}
    server = start_shop(demo=True, **given)
    script = re.search(r"```bash\n(.*?)```", README.read_text(), re.S)
    assert script is not None
    played = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script[1]],
        env={**os.environ, "BASE": server.url, "PYTHON": f"{sys.executable} -ISE"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    said = played.stdout.splitlines()[-4:]
    assert said[:3] == ["captured", "completed", "北杨家庄村"]
    assert int(said[3]) > 0
    assert "every invariant holds" in server.flask("audit")

"""What the README promises is played as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_curl_lines_play_the_whole_job(live_url: str) -> None:
    script = re.search(r"```bash\n(.*?)```", README.read_text(), re.S)
    assert script is not None
    played = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script[1]],
        env={**os.environ, "BASE": live_url, "PYTHON": sys.executable, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    said = played.stdout.splitlines()[-4:]
    assert said[:2] == ["captured", "completed"]
    assert said[2] == "北杨家庄村"
    assert int(said[3]) > 0

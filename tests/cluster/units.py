"""Runs a systemd unit of ``deploy/`` without systemd: its command, environment and signals."""

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Rendered = Callable[[str], str]
"""Puts this machine's paths into a text of ``deploy/``."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What a unit file says of one process."""

    command: list[str]
    env: Mapping[str, str]
    folder: str
    stop: signal.Signals
    patience_s: float

    @classmethod
    def read(cls, path: Path, rendered: Rendered) -> "Unit":
        """Read ``path``, and the environment files that it names, which are rendered already."""
        said: dict[str, list[str]] = {}
        for line in rendered(path.read_text()).splitlines():
            if "=" in line and not line.startswith("#"):
                name, value = line.split("=", 1)
                said.setdefault(name, []).append(value)
        env: dict[str, str] = {}
        for file in said.get("EnvironmentFile", []):
            env |= environment(Path(file).read_text())
        env |= dict(one.split("=", 1) for one in said.get("Environment", []))
        return cls(
            command=said["ExecStart"][0].split(),
            env=env,
            folder=said["WorkingDirectory"][0],
            stop=signal.Signals[said.get("KillSignal", ["SIGTERM"])[0]],
            patience_s=float(said.get("TimeoutStopSec", ["90"])[0]),
        )

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        """Stop it as systemd would."""
        process.send_signal(self.stop)
        try:
            process.wait(self.patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(text: str) -> dict[str, str]:
    """The lines of an environment file."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)

"""The hosts of one session, built once; they and all that runs on them are gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.network import Network, NoNamespaces
from tests.servers.postgres import find

PROGRAMS = ("nginx", "pgbouncer", "curl", "openssl", "setpriv")
NEEDED = "make test-cluster installs it where it may"


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """Namespaces; skips where they cannot be made or a program of the layout is missing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    missing += [name for name in ("psql", "pg_basebackup") if not (find() / name).exists()]
    if missing:
        pytest.skip(f"the cluster needs {', '.join(missing)}: {NEEDED}")
    try:
        made = Network()
    except NoNamespaces as error:
        pytest.skip(str(error))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def cluster(network: Network) -> Iterator[Cluster]:
    """Everything up, the demo county loaded, the replica in step."""
    folder = Path(tempfile.mkdtemp(prefix="shop-cluster-"))
    folder.chmod(0o755)
    made = Cluster(network, folder)
    try:
        made.start()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)

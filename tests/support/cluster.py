"""Three nodes of MariaDB Galera and HAProxy, on loopback, with the configurations of deploy/."""

from __future__ import annotations

import os
import re
import shutil
import socket
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql

from callback.database.statements import bare, parts
from tests.support.processes import ROOT, MariaDB, Program, find, free_port, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIG = ROOT / "deploy" / "cluster"
# What galera.cnf sends a state with; a node that joins makes it ready, also where none is sent.
TRANSFER_LOGS = Path("/tmp/sst_log_archive")  # where its script leaves them
TLS = "default-server ssl verify required ca-file /etc/haproxy/machines.pem crt /etc/haproxy/me.pem"
STATE_TRANSFER = ("mariadb-server", "mariadb-backup", "socat")


class Node(MariaDB):
    """A node that joins those at `peers`; the first makes the cluster. `tools` send states."""

    START_S = 300  # to be sent a whole state

    def __init__(self, folder: Path, base: int, peers: Sequence[int], tools: Path) -> None:
        addresses = ",".join(f"127.0.0.1:{port}" for port in peers)
        here = {
            "wsrep_cluster_address": f"gcomm://{addresses}",
            "wsrep_node_address": f"127.0.0.1:{base}",
            "wsrep_node_incoming_address": "127.0.0.1",
            "wsrep_provider_options": (
                f"base_port={base};gmcast.listen_addr=tcp://127.0.0.1:{base};"
                f"ist.recv_addr=127.0.0.1:{free_port()};gcache.size=16M"
            ),
        }
        super().__init__(folder)
        file, *options = self.command[1:]
        pairs = [option.removeprefix("--").partition("=") for option in options]
        own = {name: value for name, _, value in pairs}
        # What sends a state reads the server's files, and not its command line.
        (folder / "my.cnf").write_text(written({**own, **configured(), **here}))
        self.command = [self.command[0], file]
        self._popen["env"] = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def _basics(self) -> list[str]:
        return [f"--defaults-file={self.folder / 'my.cnf'}", *super()._basics()[1:]]

    def _install(self) -> None:
        if not (self.folder / "data").exists():
            super()._install()

    def probe(self) -> None:
        """Wait until it has what the others have."""
        super().probe()  # a failed connect of PyMySQL would leave its socket open
        try:
            state = self.sql("SHOW STATUS LIKE 'wsrep_local_state_comment'")[0][1]
        except pymysql.MySQLError as error:
            raise ConnectionError(str(error)) from error
        if state != "Synced":
            raise ConnectionError(state)


def configured() -> dict[str, str]:
    """The options of galera.cnf."""
    lines = (CONFIG / "galera.cnf").read_text().splitlines()
    pairs = (line.split(" = ", 1) for line in lines if " = " in line and line[0] != "#")
    return dict(pairs)


def written(options: Mapping[str, str]) -> str:
    """A server's file of options."""
    lines = (f'{name} = "{value}"' if value else name for name, value in options.items())
    return "\n".join(["[mariadbd]", *lines, ""])


def backup_user() -> list[str]:
    """The statements of galera.cnf: they make the user who reads a state."""
    lines = (CONFIG / "galera.cnf").read_text().splitlines()
    return [line[1:].strip() for line in lines if re.match("# +(CREATE|GRANT) ", line)]


def certify(node: MariaDB, database: str) -> None:
    """Run promise.sql, as the guide says."""
    for statement in parts(bare((CONFIG / "promise.sql").read_text())):
        node.sql(statement, database)


@contextmanager
def galera(folder: Path, size: int = 3) -> Iterator[list[Node]]:
    """A cluster of equal nodes; the others start as copies of the first, so no state is sent."""
    ports = [free_port() for _ in range(size)]
    homes = [folder / f"node{number}" for number in range(size)]
    homes[0].mkdir()
    tools = unpacked(folder, *STATE_TRANSFER) / "bin"
    with Node(homes[0], ports[0], [], tools):
        pass
    for home in homes[1:]:
        shutil.copytree(homes[0], home, ignore=shutil.ignore_patterns("socket", "*.log"))
    with ExitStack() as stack:
        if not TRANSFER_LOGS.exists():
            stack.callback(shutil.rmtree, TRANSFER_LOGS, ignore_errors=True)
        nodes = []
        for number, (home, port) in enumerate(zip(homes, ports, strict=True)):
            nodes.append(stack.enter_context(Node(home, port, ports[:number], tools)))
        yield nodes


class HAProxy(Program):
    """HAProxy with deploy's configuration, in front of the program on these ports.

    `tls` has machines.pem and me.pem; without it the link is of these machines alone.
    """

    def __init__(
        self, folder: Path, backends: Sequence[int], health: str, tls: Path | None = None
    ) -> None:
        self.port = free_port()
        config = (CONFIG / "haproxy.cfg").read_text()
        changes: Mapping[str, str] = {
            "bind 10.0.0.10:443 ssl crt /etc/haproxy/pay.example.kz.pem": (
                f"bind 127.0.0.1:{self.port}"
            ),
            "/health/TOKEN": health,
            TLS: TLS.replace("/etc/haproxy", str(tls)) if tls else "",
            **{f"10.0.0.{n}:8000": f"127.0.0.1:{port}" for n, port in enumerate(backends, 1)},
        }
        for here, there in changes.items():
            assert here in config
            config = config.replace(here, there)
        path = folder / "haproxy.cfg"
        path.write_text(config)
        super().__init__([find("haproxy"), "-db", "-f", str(path)], folder / "haproxy.log")

    def probe(self) -> None:
        """Wait until it listens."""
        socket.create_connection(("127.0.0.1", self.port)).close()

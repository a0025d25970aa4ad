"""From an empty host to "the payment is in the program, the debt agrees on both sides".

The program's tables are in the same MySQL. A newcomer does what sql/mappings/README.md says, and
nothing else; how long it takes is printed. `make test-deploy`.
"""

from __future__ import annotations

import shutil
import time
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import flask, settings_toml
from tests.database.test_mappings import OWES
from tests.support import sites
from tests.support.processes import Endpoint, MariaDB, write_settings
from tests.support.programs import PROGRAMS, install, numbers, paste

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.programs import Program

pytestmark = pytest.mark.deploy

BANK = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\ncancel = true\nshow = ["debt"]\n'


class Newcomer:
    """Somebody with the guide in one window and phpMyAdmin in another."""

    def __init__(self, program: Program, server: MariaDB, folder: Path) -> None:
        self.program, self.server = program, server
        self.name = f"newcomer_{program.name}"
        self.root = sites.laid_over(folder, {})
        install(server, self.name, program)

        class Module:
            BANKS = BANK + program.settings

        self.toml = settings_toml(server.url(self.name), Module)  # type: ignore[arg-type]
        self.settings = write_settings(self.toml, folder / "instance")

    def flask(self, *args: str, status: int = 0) -> str:
        """A command of the guide."""
        done = flask(self.settings, *args, root=self.root)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def follow_the_guide(self) -> None:
        """Steps 2 to 5 of sql/mappings/README.md."""
        self.flask("init-db")
        paste(self.server, self.name, "DROP TABLE account, invoice;")
        paste(self.server, self.name, (self.program.mapping / "views.sql").read_text())
        for script in ("post_paid.sql", "post_cancelled.sql"):
            shutil.copy(self.program.mapping / script, self.root / "instance" / "sql")
        doctor = self.flask("doctor")
        assert "rehearsal account: find, pay, find, pay again" in doctor
        assert "fault" not in doctor

    def post(self) -> str:
        """What cron does, ours and the program's."""
        told = self.flask("post")
        paste(self.server, self.name, self.program.cron)
        return told

    def owes(self) -> str:
        """What the program's own screen says."""
        (owes,) = numbers(self.server, self.name, self.program.owes, self.program.number)
        return owes


def asked(endpoint: Endpoint, query: str, number: str) -> dict[str, str]:
    """The bank at our address."""
    reply = endpoint.call(f"/qiwi?{query}&account={number}")
    assert reply.status == 200
    answer = ET.fromstring(reply.body)
    return {part.tag: (part.text or "").strip() for part in answer.iter()} | {
        str(part.get("name")): (part.text or "").strip()
        for part in answer.iter()
        if part.get("name")
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_from_an_empty_host_to_the_program(
    name: str, mariadb: MariaDB, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check, pay, post, check; then the bank takes it back, and that is in the program, too."""
    newcomer = Newcomer(PROGRAMS[name], mariadb, tmp_path)
    number = newcomer.program.number
    began = time.monotonic()
    newcomer.follow_the_guide()
    ready = time.monotonic()

    with Endpoint(newcomer.toml, tmp_path / "instance", root=newcomer.root) as endpoint:
        pay = "command=pay&txn_id=1001&sum=1000.00&txn_date=20261103091500"
        assert OWES in asked(endpoint, "command=check&txn_id=1", number).values()
        assert asked(endpoint, pay, number)["result"] == "0"
        assert newcomer.owes() == OWES

        assert "1 posted" in newcomer.post()

        after = f"{Decimal(OWES) - 1000:.2f}"
        assert newcomer.owes() == after
        assert after in asked(endpoint, "command=check&txn_id=1", number).values()
        in_the_program = time.monotonic()

        assert asked(endpoint, pay, number)["result"] == "0"  # the bank repeats itself
        assert "0 posted" in newcomer.post()
        cancel = "command=cancel&txn_id=1002&cancel_txn_id=1001&sum=1000.00"
        assert asked(endpoint, cancel, number)["result"] == "0"
        assert "1 reversed" in newcomer.post()

        assert newcomer.owes() == OWES
        assert OWES in asked(endpoint, "command=check&txn_id=1", number).values()
    sums = numbers(mariadb, newcomer.name, newcomer.program.rows.replace("%", "%%"))
    assert sums == ["1000.00", "-1000.00"]
    with capsys.disabled():
        print(
            f"\n{name}: ready after {ready - began:.1f} s of commands, the payment in the program "
            f"after {in_the_program - began:.1f} s"
        )

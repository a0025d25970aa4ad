"""flask doctor finds what is wrong and says what to do: seeded misconfigurations, on real parts."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from itsdangerous import TimestampSigner

from callback import signature
from callback.settings import load
from callback.tools import doctor
from tests.conftest import SOME_BANK, MariaDBEngine, flask, settings_toml
from tests.support.processes import ROOT, Endpoint, MariaDB, free_port, write_settings
from tests.support.web_servers import release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

BANKS = SOME_BANK
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def toml(url: str, **more: object) -> str:
    """Settings with one bank."""

    class Module:
        SETTINGS = more
        BANKS = SOME_BANK

    return settings_toml(url, Module)  # type: ignore[arg-type]


def findings(done: CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """State and text by name."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: (line["state"], line["text"]) for line in lines}


def examined(settings: Path) -> dict[str, tuple[str, str]]:
    """What the doctor finds; the exit status agrees."""
    done = flask(settings, "doctor", "--json")
    found = findings(done)
    assert done.stderr == ""
    assert done.returncode == int("fault" in {state for state, _ in found.values()})
    return found


def faults(found: dict[str, tuple[str, str]]) -> list[str]:
    """The names of the faults."""
    return [name for name, (state, _) in found.items() if state == "fault"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server that a test may spoil."""
    with MariaDB(tmp_path_factory.mktemp("spoiled")) as running:
        yield running


@pytest.fixture
def site(server: MariaDB, tmp_path: Path) -> Iterator[tuple[MariaDBEngine, Path]]:
    """An installation without a fault."""
    name = f"usu_{tmp_path.name[-3:].strip('_')}"
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.create_database(name)
    engine = MariaDBEngine(server, name)
    settings = write_settings(toml(engine.url), tmp_path)
    assert flask(settings, "init-db").returncode == 0
    yield engine, settings
    server.sql(f"DROP DATABASE {name}")


@pytest.mark.slow
def test_a_sound_installation_has_no_fault(
    command: Callable[..., CompletedProcess[str]],
) -> None:
    """On both engines; the text for people says the same as the JSON."""
    found = findings(command("doctor", "--json"))
    plain = command("doctor")

    assert faults(found) == []
    assert plain.returncode == 0
    assert all(name in plain.stdout for name in found)


SPOILED: dict[str, tuple[list[str], str, str]] = {
    "MyISAM": (["ALTER TABLE payment ENGINE = MyISAM"], "table payment", "ENGINE = InnoDB"),
    "no unique key": (
        ["ALTER TABLE payment DROP KEY payment_once"],
        "key payment(bank,txn_id)",
        "ALTER TABLE payment ADD UNIQUE KEY (bank,txn_id)",
    ),
    "a key without the bank": (
        ["ALTER TABLE payment DROP KEY payment_once, ADD UNIQUE KEY payment_once (txn_id)"],
        "key payment(bank,txn_id)",
        "recorded twice",
    ),
    "flush 0": (["SET GLOBAL innodb_flush_log_at_trx_commit = 0"], "durability", "hoster for 1"),
    "flush 2": (["SET GLOBAL innodb_flush_log_at_trx_commit = 2"], "durability", "hoster for 1"),
    "read-only": (["SET GLOBAL read_only = 1"], "read-only", "Name the main server"),
    "double": (["ALTER TABLE payment MODIFY amount DOUBLE"], "payment.amount", "decimal(14,2)"),
    "whole seconds": (
        ["ALTER TABLE payment MODIFY performed_at DATETIME"],
        "payment.performed_at",
        "datetime(3)",
    ),
    "letter case": (
        ["ALTER TABLE payment MODIFY txn_id VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL"],
        "payment.txn_id",
        "_bin",
    ),
    "a missing table": (["DROP TABLE payment"], "database", "flask init-db"),
}


@pytest.mark.parametrize("seed", SPOILED)
@pytest.mark.slow
def test_a_spoiled_database_is_found(seed: str, site: tuple[MariaDBEngine, Path]) -> None:
    """One fault, and what to do about it."""
    engine, settings = site
    statements, name, advice = SPOILED[seed]
    for statement in statements:
        engine.execute(statement)
    found = examined(settings)
    engine.server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1, GLOBAL read_only = 0")

    assert faults(found) == [name]
    assert advice in found[name][1]


@pytest.mark.parametrize(
    ("seconds", "is_off"), [(-3600, True), (-60, True), (0, False), (60, True), (3600, True)]
)
@pytest.mark.slow
def test_a_clock_that_is_off_is_found(
    seconds: int, is_off: bool, site: tuple[MariaDBEngine, Path]
) -> None:
    """The database's, as everybody who connects is told it; by how much, and what to do."""
    engine, settings = site
    skew = f"SET timestamp = UNIX_TIMESTAMP(NOW(6)) + {seconds}"
    engine.server.sql(f"SET GLOBAL init_connect = '{skew if seconds else ''}'")
    try:
        found = examined(settings)
    finally:
        engine.server.sql("SET GLOBAL init_connect = ''")

    assert faults(found) == ["clock"] * is_off
    state, text = found["clock"]
    if is_off:
        said = int(text.split(" s apart")[0])
        # The server stands still at that moment, while the doctor goes on.
        assert abs(said - abs(seconds)) < 30
        assert "NTP" in text
    else:
        assert state == "ok"


@pytest.mark.slow
def test_a_revoked_insert_is_found(site: tuple[MariaDBEngine, Path]) -> None:
    """As a panel does over its quota (error 1142)."""
    engine, settings = site
    user = f"{engine.server.user}@'%'"
    engine.server.sql(f"REVOKE INSERT, CREATE, ALTER ON {engine.name}.* FROM {user}")
    found = examined(settings)

    assert faults(found) == ["rights"]
    assert "may not INSERT" in found["rights"][1]
    assert "quota" in found["rights"][1]


def test_a_user_who_may_do_everything_is_told_what_is_enough(
    site: tuple[MariaDBEngine, Path],
) -> None:
    """As most panels grant it: nothing stands still, and a stolen password deletes everything."""
    engine, settings = site
    user = f"{engine.server.user}@'%'"
    engine.server.sql(f"GRANT ALL ON {engine.name}.* TO {user}")
    state, text = examined(settings)["rights"]

    assert state == "warning"
    assert f"everything in {engine.name}" in text
    assert "sql/grants.sql" in text


@pytest.mark.slow
def test_the_smallest_rights_are_enough(site: tuple[MariaDBEngine, Path]) -> None:
    """SELECT, INSERT, UPDATE, also granted through a pattern."""
    engine, settings = site
    user = f"{engine.server.user}@'%'"
    engine.server.sql(f"REVOKE ALL ON {engine.name}.* FROM {user}")
    pattern = engine.name.replace("_", r"\_")
    engine.server.sql(f"GRANT SELECT, INSERT, UPDATE ON `{pattern}`.* TO {user}")
    found = examined(settings)
    engine.server.sql(f"REVOKE ALL ON `{pattern}`.* FROM {user}")

    assert faults(found) == []


@pytest.mark.slow
def test_settings_that_others_can_read_are_found(site: tuple[MariaDBEngine, Path]) -> None:
    """A shared host has neighbours."""
    _, settings = site
    settings.chmod(0o644)

    assert faults(found := examined(settings)) == [f"settings {settings}"]
    assert f"chmod 600 {settings}" in found[f"settings {settings}"][1]


@pytest.mark.slow
def test_a_wrong_user_is_found(site: tuple[MariaDBEngine, Path]) -> None:
    """Plain CGI runs as the web server, not as the account."""
    _, settings = site
    settings.chmod(0o600)
    os.chown(settings, 65534, 65534)  # only root can, and root is who runs it in the tests
    found = examined(settings)

    assert faults(found) == ["user"]
    assert "suEXEC" in found["user"][1]


@pytest.mark.slow
def test_a_database_that_is_far_and_in_the_clear_is_found(tmp_path: Path) -> None:
    """Reached through an address that is not this machine's own name."""
    with MariaDB(tmp_path, options=["--bind-address=127.0.0.1,127.0.0.3"]) as far:
        far.create_database("usu")
        settings = write_settings(
            toml(far.url("usu").replace("@127.0.0.1:", "@127.0.0.3:")), tmp_path
        )
        flask(settings, "init-db")
        found = examined(settings)

    assert faults(found) == ["encryption"]
    assert "ssl_ca" in found["encryption"][1]


def test_a_bank_in_another_zone_is_found(site: tuple[MariaDBEngine, Path]) -> None:
    """Its dates are hours off our clock."""
    engine, settings = site
    engine.account("1")
    for number in range(3):
        engine.execute(
            "INSERT INTO payment (bank, txn_id, account_id, amount, currency, state, paid_at,"
            " created_at) VALUES ('qiwi', ?, 1, '1.00', 'KZT', 'paid',"
            " '2026-11-03 09:15:00', '2026-11-03 06:15:07')",
            number,
        )
    found = examined(settings)  # TIMEZONE is Asia/Almaty, the dates are Moscow's

    assert faults(found) == ["bank qiwi timezone"]
    assert "-2.0 h" in found["bank qiwi timezone"][1]


@pytest.mark.parametrize(
    ("day", "state", "told"),
    [(3, "fault", "Asia/Almaty is not its zone"), (1, "warning", "typed by hand for a trial")],
)
def test_dates_of_other_days_are_no_matter_of_zones(
    day: int, state: str, told: str, tmp_path: Path
) -> None:
    """README's own payment, pasted weeks later."""
    bank = load(write_settings(toml("sqlite:///none.db"), tmp_path)).banks["qiwi"]
    paid_at, created_at = map(datetime.fromisoformat, (f"2026-11-0{day} 09:00", "2026-11-03 06:00"))
    dates = {"paid_at": paid_at, "created_at": created_at}
    session: Any = SimpleNamespace(run=lambda *_, **__: SimpleNamespace(rows=[dates]))
    (finding,) = doctor._dates(session, bank)  # noqa: SLF001

    assert finding.state == state
    assert told in finding.text


@pytest.mark.parametrize(
    "name", ["instance/sql/find_account.sql", "callback/shell.py", "sql/count_bills2.sql"]
)
@pytest.mark.slow
def test_what_was_not_built_with_the_release_is_found(name: str, tmp_path: Path) -> None:
    """By the command on the host; a statement that lies over ours is code, too."""
    root = tmp_path / "r1"
    release(root)
    settings = write_settings(toml(f"sqlite:///{tmp_path}/x.db"), tmp_path)
    assert flask(settings, "init-db", root=root).returncode == 0
    found = findings(flask(settings, "doctor", "--json", root=root))
    assert found["release"] == ("ok", "r1: every file is as it was built")

    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text((ROOT / "sql" / "find_account.sql").read_text())
    state, text = findings(flask(settings, "doctor", "--json", root=root))["release"]

    assert state == "fault"
    assert f"1 files were put there by somebody else ({name})" in text


@pytest.mark.parametrize(
    ("section", "proofs"),
    [
        (f'protocol = "cyberplat"\nbank_key = "{ROOT}/tests/keys/bank_rsa.pem"', "signature"),
        ('protocol = "ckassa"\nsecret = "0123456789"', "signature"),
        ('protocol = "kaspi"\nurl_token = true', "signed address"),
    ],
)
@pytest.mark.slow
def test_all_proofs_of_a_bank_are_told(section: str, proofs: str, tmp_path: Path) -> None:
    """That of a key like that of a secret, and none that it does not bring."""

    class Module:
        BANKS = f'[BANKS.a_bank]\nallow = ["203.0.113.0/24"]\n{section}\n'

    text = settings_toml("sqlite:///nothing.sqlite", Module)  # type: ignore[arg-type]
    found = findings(flask(write_settings(text, tmp_path), "doctor", "--json"))

    protocol = section.split('"')[1]
    assert found["bank a_bank"] == ("ok", f"{protocol}; addresses, {proofs}")


@pytest.mark.parametrize(
    ("password", "is_told"),
    [("short", True), ("passwordpassword", True), ("of-sixteen-chars", False)],
)
def test_a_weak_password_that_the_settings_let_in_is_spoken_of(
    tmp_path: Path, password: str, is_told: bool
) -> None:
    """The bank may agree on another."""
    own = f'username = "b"\npassword = "{password}"\nweak_password = true\n'
    path = write_settings(f"{toml('sqlite:///x.db')}[BANKS.b]\nprotocol = 'osmp'\n{own}", tmp_path)
    bank = load(path).banks["b"]
    told = [finding.text for finding in doctor._bank(bank) if "a password" in finding.text]  # noqa: SLF001
    assert bool(told) is is_told


@pytest.mark.parametrize(
    ("key", "is_told"), [("0123456789" * 4, True), ("a1s-d2f-g3h-j4k5" * 2, False)]
)
def test_a_key_that_is_soon_guessed_is_spoken_of(tmp_path: Path, key: str, is_told: bool) -> None:
    """It is long enough for the start."""
    path = write_settings(f"{toml('sqlite:///x.db')}", tmp_path)
    path.write_text(re.sub("SECRET_KEY = .*", f'SECRET_KEY = "{key}"', path.read_text()))
    told = [finding for finding in doctor._banks(load(path)) if "SECRET_KEY is" in finding.text]  # noqa: SLF001
    assert bool(told) is is_told


@pytest.mark.skipif(os.name != "posix", reason="modes")
@pytest.mark.parametrize(("mode", "is_fault"), [(0o644, True), (0o600, False)])
@pytest.mark.slow
def test_a_key_of_ours_that_others_can_read_is_found(
    mode: int, is_fault: bool, tmp_path: Path
) -> None:
    """Whoever has it answers in our name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    own = tmp_path / "own.pem"
    own.write_bytes(pem)
    own.chmod(mode)

    class Module:
        BANKS = (
            '[BANKS.a_bank]\nprotocol = "cyberplat"\nallow = ["203.0.113.0/24"]\n'
            'own_key = "own.pem"\n'
        )

    text = settings_toml("sqlite:///nothing.sqlite", Module)  # type: ignore[arg-type]
    found = findings(flask(write_settings(text, tmp_path), "doctor", "--json"))

    exposed = ("fault", f"others on this host can read the secrets: chmod 600 {own}")
    assert found.get("bank a_bank own_key") == (exposed if is_fault else None)


def test_an_old_passenger_with_a_new_python_is_found() -> None:
    """It imports a module that Python 3.12 removed."""
    assert doctor.passenger_and_python((6, 0, 17), (3, 12)).state == "fault"
    assert "Python 3.11" in doctor.passenger_and_python((6, 0, 17), (3, 12)).text
    assert doctor.passenger_and_python((6, 0, 17), (3, 11)).state == "ok"
    assert doctor.passenger_and_python((6, 0, 19), (3, 13)).state == "ok"


@only_mariadb
@pytest.mark.slow
def test_the_deployed_site_examines_itself(endpoint: Endpoint, tmp_path: Path) -> None:
    """For hosts without a shell: asked through a signed address, with what a stranger would try."""
    url = f"http://127.0.0.1:{endpoint.port}"
    settings = tmp_path / "config.toml"
    text = endpoint.settings.read_text()
    settings.write_text(f'PUBLIC_URL = "{url}"\n{text}')
    settings.chmod(0o600)
    found = findings(flask(settings, "doctor", "--site", "--json"))

    assert faults(found) == []
    assert found["Authorization"][0] == "ok"
    assert found["https"][0] == "warning"
    assert found["caller"][1].startswith("127.0.0.1")
    assert found["database"][0] == "ok"


@only_mariadb
def test_a_web_server_that_hides_authorization_is_found(endpoint: Endpoint) -> None:
    """And one that adds proxies nobody told us of."""
    key = "only-for-these-tests-" * 3
    token = signature.ops_pass("doctor", [key.encode()])
    reply = endpoint.call(f"/doctor/{token}", headers={"X-Forwarded-For": "1.2.3.4"})
    found = {name: (state, text) for state, name, text in json.loads(reply.body)}

    assert faults(found) == ["Authorization"]
    assert "CGIPassAuth" in found["Authorization"][1]
    state, text = found["TRUSTED_PROXIES"]
    assert state == "warning"
    assert 'TRUSTED_PROXIES = ["127.0.0.1"]' in text  # what to do


class Yesterday(TimestampSigner):
    """Signs as the program did a day ago."""

    def get_timestamp(self) -> int:
        return int(time.time()) - 86400


@only_mariadb
def test_without_a_fresh_pass_there_is_no_doctor(endpoint: Endpoint) -> None:
    """Not for a stranger, not for another purpose, not after ten minutes."""
    key = "only-for-these-tests-" * 3
    good = signature.ops_pass("doctor", [key.encode()])
    stale = Yesterday(key, salt="ops-pass", digest_method=hashlib.sha256).sign("doctor").decode()
    other = signature.ops_pass("health", [key.encode()])
    strange = signature.ops_pass("doctor", [b"another key"])
    for token in ("", "x", good[:-1], stale, other, strange):
        reply = endpoint.call(f"/doctor/{token}")
        assert (reply.status, reply.body) == (404, b"")
    assert endpoint.call("/doctor").status == 404
    assert endpoint.call(f"/doctor/{good}").status == 200


@pytest.mark.slow
def test_a_public_file_is_found(tmp_path: Path) -> None:
    """The web folder is the whole program: its sources and settings are served as text."""
    (tmp_path / "wsgi.py").write_text("secret")
    (tmp_path / "config.toml").write_text("secret")
    port = free_port()
    served = subprocess.Popen(
        [sys.executable, "-m", "http.server", "-b", "127.0.0.1", str(port)],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        settings = write_settings(
            toml(f"sqlite:///{tmp_path}/x.db", PUBLIC_URL=url), tmp_path / ".."
        )
        for _ in range(100):
            found = findings(flask(settings, "doctor", "--site", "--json"))
            if "site /wsgi.py" in found:
                break
    finally:
        served.terminate()
        served.wait()

    assert {"site", "site /", "site /wsgi.py", "site /config.toml"} <= set(faults(found))


def test_a_site_that_is_not_reached_is_not_called_public(tmp_path: Path) -> None:
    """A certificate that is not there yet, a name with a typo: nobody has seen the site."""
    url = f"https://127.0.0.1:{free_port()}"
    settings = load(write_settings(toml("sqlite:///none.db"), tmp_path))
    (finding,) = doctor.visit(settings, url)

    assert (finding.state, finding.name) == ("fault", "site")
    assert finding.text.startswith(f"{url} is not reached: ")
    assert "Connection refused" in finding.text

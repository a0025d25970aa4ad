"""flask doctor finds what is left open around the program: rights, files, addresses, logs."""

from __future__ import annotations

import py_compile
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callback import signature
from callback.settings import load
from callback.tools import exposure
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from tests.support.processes import MariaDB

TOML = """
SECRET_KEY = "only-for-tests-never-where-money-is-received"
DATABASE = "sqlite:///callback.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
PUBLIC_URL = "{url}"

[BANKS.qiwi]
protocol = "osmp"
allow = {allow}
url_token = true
"""
SITE = "https://pay.example.kz"
BANK = '["79.142.16.0/20"]'
TOKEN = signature.url_tokens("qiwi", [b"only-for-tests-never-where-money-is-received"])[0].decode()

# What a user is granted, and what the doctor calls it; nothing where it is well.
GRANTS = {
    "ALL PRIVILEGES ON *.*": "in every database",
    "SELECT ON *.*": "in every database",
    "FILE ON *.*": "FILE",
    "ALL PRIVILEGES ON `usu`.*": "",
    "SELECT, INSERT, UPDATE ON `usu`.*": "",
    "SELECT, INSERT, UPDATE ON `usu`.* WITH GRANT": "give its rights to others",
}


@pytest.mark.parametrize("grant", GRANTS)
def test_a_user_with_too_many_rights_is_named(grant: str, mariadb: MariaDB) -> None:
    """As the server itself prints what it granted."""
    right, _, option = grant.partition(" WITH ")
    mariadb.sql("CREATE OR REPLACE USER trusted@'%' IDENTIFIED BY 'x'")
    mariadb.sql(f"GRANT {right} TO trusted@'%'" + (f" WITH {option} OPTION" if option else ""))
    with mariadb.connect() as link, link.cursor() as cursor:
        cursor.execute("SHOW GRANTS FOR trusted@'%'")
        printed = [next(iter(row)) for row in cursor.fetchall()]
    mariadb.sql("DROP USER trusted@'%'")

    texts = [finding.text for finding in exposure.rights(printed)]
    assert (GRANTS[grant] in texts[0]) if GRANTS[grant] else texts == []


@pytest.mark.parametrize(
    ("allow", "versions"),
    [
        ('["0.0.0.0/0"]', ["IPv4"]),
        ('["0.0.0.0/1", "128.0.0.0/1"]', ["IPv4"]),
        ('["128.0.0.0/2", "0.0.0.0/2", "64.0.0.0/2", "64.0.0.0/3"]', ["IPv4"]),
        ('["0.0.0.0/0", "::/0"]', ["IPv4", "IPv6"]),
        ('["2000::/4", "3000::/4"]', ["IPv6"]),
        ('["79.142.16.0/20", "10.0.0.0/8", "2a00::/12", "::1"]', []),
        ('["0.0.0.0/2", "0.0.0.0/2", "0.0.0.0/2"]', []),
    ],
)
def test_a_list_that_lets_everybody_in_is_named(
    allow: str, versions: list[str], tmp_path: Path
) -> None:
    """However it is written."""
    bank = load(write_settings(TOML.format(url=SITE, allow=allow), tmp_path)).banks["qiwi"]
    findings = [*exposure.open_to_all(bank)]

    assert [finding.state for finding in findings] == ["warning"] * len(versions)
    for finding, version in zip(findings, versions, strict=True):
        assert version in finding.text


@pytest.mark.parametrize(
    ("url", "allow", "is_fault"),
    [
        (SITE, '["127.0.0.1/32", "::1/128"]', True),
        (SITE, '["127.0.0.1/32", "79.142.16.0/20"]', False),
        (SITE, BANK, False),
        ("http://127.0.0.1:8000", '["127.0.0.1/32"]', False),
        ("", '["127.0.0.1/32"]', False),
    ],
)
def test_a_public_site_for_this_machine_only(
    url: str, allow: str, is_fault: bool, tmp_path: Path
) -> None:
    """The sample's address list, taken along to a host."""
    settings = load(write_settings(TOML.format(url=url, allow=allow), tmp_path))

    findings = [*exposure.loopback(settings)]
    assert [finding.name for finding in findings] == ["bank qiwi"] * is_fault


@pytest.mark.parametrize(
    "name",
    [
        "callback/shell.py",
        "instance/sql/pay_account.sql",
        "vendor/json.py",
        "callback/__pycache__/shell.cpython-311.pyc",
        ".htaccess",
    ],
)
def test_a_planted_file_is_named(name: str, tmp_path: Path) -> None:
    """Code that nobody built: beside ours, over our statements, over a library, compiled."""
    _write(tmp_path, "callback/handlers.py", "callback/__pycache__/handlers.cpython-39.pyc")
    _write(tmp_path, "instance/callback.log")
    named = ["callback/handlers.py"]
    assert exposure.planted(tmp_path, named) is None

    _write(tmp_path, name)
    finding = exposure.planted(tmp_path, named)
    assert finding is not None
    assert (finding.state, f"({name})" in finding.text) == ("fault", True)


@pytest.mark.parametrize(("runs", "is_named"), [("answer = 1", False), ("answer = 2", True)])
def test_what_python_would_run_is_what_the_source_says(
    runs: str, is_named: bool, tmp_path: Path
) -> None:
    """Python looks at the time and size of the source, and runs what is kept in its place."""
    source, other = tmp_path / "answer.py", tmp_path / "instance" / "other.txt"
    _write(tmp_path, "instance/other.txt")
    source.write_text("answer = 1", encoding="utf-8")
    other.write_text(runs, encoding="utf-8")
    kept = Path(cache_from_source(str(source)))
    py_compile.compile(str(other), cfile=str(kept), dfile=str(source), doraise=True)

    finding = exposure.planted(tmp_path, ["answer.py"])
    assert (finding is not None) == is_named
    assert finding is None or f"({kept.relative_to(tmp_path)})" in finding.text


def test_a_folder_that_is_a_link_is_looked_into(tmp_path: Path) -> None:
    """Python imports from it, too: before a library of the same name."""
    release = tmp_path / "release"
    _write(release, "wsgi.py")
    _write(tmp_path / "elsewhere", "__init__.py")
    (release / "pymysql").symlink_to(tmp_path / "elsewhere")

    finding = exposure.planted(release, ["wsgi.py"])
    assert finding is not None
    assert "(pymysql/__init__.py)" in finding.text


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "is_leak"), [(f'"GET /qiwi/{TOKEN}?command=check"', True), ('"GET /qiwi/-"', False)]
)
def test_a_token_in_a_log_is_found(line: str, is_leak: bool, tmp_path: Path) -> None:
    """The panel's own log of addresses, of more than is read of it."""
    settings = load(write_settings(TOML.format(url=SITE, allow=BANK), tmp_path))
    log = tmp_path / "access-logs" / "pay.example.kz"
    log.parent.mkdir()
    log.write_text("-" * 2 * exposure.LOG_END + line + "\n", encoding="utf-8")

    texts = [finding.text for finding in exposure.leaks(settings, tmp_path)]
    assert len(texts) == is_leak
    assert all(str(log) in text and TOKEN not in text for text in texts)

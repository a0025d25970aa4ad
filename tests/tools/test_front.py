"""flask front: each bank's words while the program is down, as its sheet prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import canonicalize

import pytest
from click import ClickException

from callback.protocols import unavailable_answer
from callback.settings import load
from callback.tools import front
from callback.wire import Answer
from tests.conftest import flask
from tests.support import dialects
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from pathlib import Path

FILES = '[BANKS.statements]\nprotocol = "files"\n'
SAID = {dialect: dialects.table(dialect, "UNAVAILABLE") for dialect in dialects.CALLED}


def section(protocol: str) -> str:
    """The bank of a dialect that may call from here; more keys of it may follow."""
    bank: str = dialects.table(protocol, "BANK")
    return bank if "allow = " in bank else f'{bank}allow = ["127.0.0.1"]\n'


HEAD = """
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
"""


def said(folder: Path, protocol: str, more: str = "") -> tuple[int, str, str]:
    """What the web server is to say for a bank with these settings."""
    text = f"{HEAD}{section(protocol)}{more}\n"
    answer = unavailable_answer(load(write_settings(text, folder)).banks[protocol])
    return answer.status, answer.content_type, answer.body.decode()


def plain(text: str) -> str:
    """XML in one way of writing, everything else as it is."""
    return canonicalize(text) if text.startswith("<?xml") else text


@pytest.mark.parametrize("protocol", SAID)
def test_the_web_server_says_what_the_sheet_says(tmp_path: Path, protocol: str) -> None:
    """While the program is down."""
    status, kind, body = said(tmp_path, protocol)

    assert (status, kind, plain(body)) == (*SAID[protocol][:2], plain(SAID[protocol][2]))


def test_a_code_of_its_own_for_temporary_counts_where_the_web_server_speaks(
    tmp_path: Path,
) -> None:
    """Kaspi's must stay silent: its sheet forbids a 200 from the web server."""
    assert "<result>90</result>" in said(tmp_path, "osmp", 'codes = { temporary = "90" }')[2]
    assert said(tmp_path, "kaspi", 'codes = { temporary = "4" }') == dialects.NO_WORDS


def test_the_payers_language_counts(tmp_path: Path) -> None:
    """The comment may be shown at a terminal."""
    assert "<comment>повторите позже<" in said(tmp_path, "osmp", 'language = "ru"')[2]


def test_a_text_is_the_same_through_nginx(tmp_path: Path) -> None:
    """It knows quotes, backslashes and variables; only these cannot be written another way."""
    bank = load(write_settings(HEAD + section("osmp"), tmp_path)).banks["osmp"]

    assert r"say \"a\\b\"" in front.nginx_later(bank, Answer(rb'say "a\b"', "text/plain"))
    with pytest.raises(ClickException, match="osmp"):
        front.nginx_later(bank, Answer(b"$uri", "text/plain"))


@pytest.mark.parametrize("entry", ["passenger", "cgi", "fcgi", "wsgi", "nginx"])
@pytest.mark.slow
def test_made_again_it_forgets_the_banks_that_have_gone(tmp_path: Path, entry: str) -> None:
    """And is the same when nothing has changed; a bank that only sends files has no address."""
    both = HEAD + section("osmp") + section("kaspi") + FILES
    first = made(tmp_path, both, entry)
    assert first == made(tmp_path, both, entry)
    assert any("kaspi" in text for text in first.values())
    assert not any("statements" in text for text in first.values())

    second = made(tmp_path, HEAD + section("osmp"), entry)

    assert not any("kaspi" in name + text for name, text in second.items())


def made(folder: Path, text: str, entry: str) -> dict[str, str]:
    """What the command writes, file by file."""
    target = folder / entry
    done = flask(write_settings(text, folder), "front", entry, "-o", str(target))
    assert done.returncode == 0, done.stderr
    files = [path for path in target.rglob("*") if path.is_file()]
    return {str(path.relative_to(target)): path.read_text() for path in files}


@pytest.mark.parametrize(
    ("public_url", "password", "options", "refused"),
    [
        ("", True, (), True),
        ("", False, (), False),
        ("", True, ("--plain-http",), False),
        ("http://pay.example.kz", True, (), False),
    ],
)
def test_a_password_does_not_travel_in_the_clear_before_the_address_is_known(
    tmp_path: Path, public_url: str, password: bool, options: tuple[str, ...], refused: bool
) -> None:
    """Whoever leaves PUBLIC_URL out has not thought of it; only a trial on the machine goes on."""
    bank = '[BANKS.b]\nprotocol = "osmp"\nallow = ["::1"]\n'
    bank += 'username = "b"\npassword = "of-sixteen-letters"\n' * password
    text = f'PUBLIC_URL = "{public_url}"\n{HEAD}{bank}'
    flask(write_settings(text, tmp_path), "front", "cgi", "-o", str(tmp_path / "x"), *options)
    rules = (tmp_path / "x" / ".htaccess").read_text()

    assert ("%{HTTPS} !=on" in rules) == refused
    assert (r"%{REMOTE_ADDR} !^(?:127\.|::1$)" in rules) == refused


def test_what_suexec_runs_is_executable_and_its_lines_end_as_in_unix(tmp_path: Path) -> None:
    """And nobody else may write it (hosting.md, section 4)."""
    made(tmp_path, HEAD + section("osmp"), "cgi")

    for script in (tmp_path / "cgi" / "pay.cgi", tmp_path / "cgi" / "later" / "osmp.cgi"):
        assert script.stat().st_mode & 0o777 == 0o755
        assert b"\r" not in script.read_bytes()


@pytest.mark.slow
def test_a_panel_that_is_told_in_htaccess_where_the_program_is_gets_its_lines(
    tmp_path: Path,
) -> None:
    """hosting.md, section 3; without the options not a word of it: stock Passenger would fail."""
    panel = ("--app-root", "/home/u1/callback", "--python", "/home/u1/virtualenv/bin/python3.11")
    settings = write_settings(HEAD + section("osmp"), tmp_path)
    for options in ((), panel):
        flask(settings, "front", "passenger", "-o", str(tmp_path / "x"), *options)
        text = (tmp_path / "x" / ".htaccess").read_text()
        assert text.endswith(
            """
PassengerAppRoot "/home/u1/callback"
PassengerPython "/home/u1/virtualenv/bin/python3.11"
PassengerBaseURI "/"
"""
            if options
            else "</If>\n# END callback\n"
        )
        assert ("PassengerAppRoot" in text) == bool(options)


@pytest.mark.parametrize(
    ("public_url", "options", "refused"),
    [
        ("https://pay.example.kz", (), True),
        ("https://pay.example.kz", ("--plain-http",), False),
        ("http://127.0.0.1", (), False),
        ("", (), True),
    ],
)
def test_calls_without_tls_are_refused_where_the_address_is_https(
    tmp_path: Path, public_url: str, options: tuple[str, ...], refused: bool
) -> None:
    """Unless the host hides it."""
    text = f'PUBLIC_URL = "{public_url}"\n{HEAD}{section("osmp")}'
    flask(write_settings(text, tmp_path), "front", "cgi", "-o", str(tmp_path / "x"), *options)

    assert ("%{HTTPS} !=on" in (tmp_path / "x" / ".htaccess").read_text()) == refused

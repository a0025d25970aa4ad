"""From HAProxy to gunicorn on another machine: encrypted, and each knows whom it speaks with."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack, suppress
from http.client import HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.conftest import SQLiteEngine, flask, settings_toml
from tests.support.cluster import HAProxy
from tests.support.processes import HOST, ROOT, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.deploy
ACCOUNT = "7012340001"
CHECK = f"/qiwi?command=check&account={ACCOUNT}"


class Settings:
    """One bank, behind one proxy."""

    SETTINGS = {"TRUSTED_PROXIES": ["127.0.0.1"]}  # noqa: RUF012 - a module's constant
    BANKS = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\n'


def trusting(certificates: Path) -> ssl.SSLContext:
    """Whoever trusts what the authority has signed, by whatever name, as HAProxy does."""
    context = ssl.create_default_context(cafile=certificates / "machines.pem")
    context.check_hostname = False
    return context


class Machine(Endpoint):
    """The program on a machine that speaks TLS alone, with whom `certificates` have signed."""

    def __init__(self, toml: str, folder: Path, certificates: Path) -> None:
        super().__init__(toml, folder, workers=1)
        self.context = trusting(certificates)
        self.context.load_cert_chain(certificates / "me.pem")

    def probe(self) -> None:
        """Ask for an answer."""
        self.status_for(self.context)

    def status_for(self, context: ssl.SSLContext) -> int:
        """The status of an answer to whoever comes past HAProxy; OSError."""
        link = HTTPSConnection(HOST, self.port, context=context, timeout=60)
        try:
            link.request("GET", "/nothing")
            return link.getresponse().status
        finally:
            link.close()


class Site(NamedTuple):
    """A machine and what is in front of it."""

    machine: Machine
    front: Endpoint
    haproxy: HAProxy
    certificates: Path
    strangers: Path
    health: str


def certificates(folder: Path) -> Path:
    """What deploy/README.md says, done: an authority, and what it has signed."""
    folder.mkdir()
    guide = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    lines = re.search(
        r"\*\*TLS between machines.*?```sh\n(.*?)(NAME=one\n.*?)```", guide, re.DOTALL
    )
    assert lines
    script = f"set -e\n{lines[1]}{lines[2]}{lines[2].replace('one', 'haproxy')}"
    script += "cat haproxy.crt haproxy.key > me.pem\n"
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Gunicorn with TLS_CERT, TLS_KEY, TLS_CA, and the haproxy.cfg of deploy."""
    folder = tmp_path_factory.mktemp("link")
    ours, theirs = certificates(folder / "ours"), certificates(folder / "theirs")
    engine = SQLiteEngine(folder / "usu.db")
    toml = settings_toml(engine.url, Settings)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        for name, file in (("CERT", "one.crt"), ("KEY", "one.key"), ("CA", "machines.pem")):
            patch.setenv(f"TLS_{name}", str(ours / file))
        machine = Machine(toml, folder, ours)
    with ExitStack() as stack:
        assert flask(machine.settings, "init-db").returncode == 0
        stack.enter_context(machine)
        health = flask(machine.settings, "url", "--health").stdout.strip()
        haproxy = stack.enter_context(HAProxy(folder, [machine.port] * 3, health, ours))
        front = Endpoint("", folder)
        front.port = haproxy.port
        engine.account(ACCOUNT)
        yield Site(machine, front, haproxy, ours, theirs, health)


def refused(machine: Machine) -> list[dict[str, Any]]:
    """The lines of the log about who was not heard."""
    return [line for line in machine.log() if line.get("outcome") == "refused_by_gunicorn"]


def test_a_bank_is_answered_over_it(site: Site) -> None:
    """HAProxy shows its certificate, and looks at the machine's."""
    end = time.monotonic() + 60
    while (reply := site.front.call(CHECK)).status != 200 and time.monotonic() < end:
        time.sleep(0.2)
    assert b"<result>0</result>" in reply.body
    assert site.machine.log()[-1]["address"] == HOST


def test_who_has_no_certificate_of_ours_is_not_heard(site: Site) -> None:
    """None at all, another authority's, or no TLS: a line of the log, and no word."""
    assert site.machine.status_for(site.machine.context) == 404
    bare, foreign = trusting(site.certificates), trusting(site.certificates)
    foreign.load_cert_chain(site.strangers / "me.pem")
    for context in (bare, foreign):
        with pytest.raises(OSError):  # noqa: PT011 - of TLS, or a link that was cut
            site.machine.status_for(context)
    with suppress(OSError):  # the link is cut
        assert site.machine.raw(b"GET /qiwi HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    end = time.monotonic() + 30
    while len(lines := refused(site.machine)) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(lines) == 3
    assert all(line["why"].startswith("no TLS as TLS_CA wants it: ") for line in lines)


def test_where_anybody_may_call_no_authority_is_named(tmp_path: Path) -> None:
    """TLS_CERT and TLS_KEY alone: nobody has to show a certificate, but TLS it must be."""
    ours = certificates(tmp_path / "ours")
    toml = settings_toml("sqlite:///x.db", Settings)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLS_CERT", str(ours / "one.crt"))
        patch.setenv("TLS_KEY", str(ours / "one.key"))
        machine = Machine(toml, tmp_path, ours)
    with machine:
        assert machine.status_for(trusting(ours)) == 404
        with suppress(OSError):  # the link is cut
            assert machine.raw(b"GET /qiwi HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        end = time.monotonic() + 30
        while not (lines := refused(machine)) and time.monotonic() < end:
            time.sleep(0.05)
        (line,) = lines
        assert line["why"].startswith("no TLS, which this port speaks: ")


def test_who_says_nothing_gives_the_worker_back(site: Site) -> None:
    """Before TLS has begun, too: there is one worker, and no other takes its place."""
    before = site.machine.workers
    with socket.create_connection((HOST, site.machine.port)):
        assert site.machine.status_for(site.machine.context) == 404
    assert site.machine.workers == before


def test_a_machine_that_another_authority_signed_gets_no_call(site: Site, tmp_path: Path) -> None:
    """Who answers at its address learns no password."""
    wrong = certificates(tmp_path / "wrong")
    before = len(site.machine.log())
    with HAProxy(tmp_path, [site.machine.port] * 3, site.health, wrong) as haproxy:
        front = Endpoint("", tmp_path)
        front.port = haproxy.port
        reply = front.call(CHECK)
    assert (reply.status, reply.body) == (503, b"")
    assert not any(line.get("command") == "check" for line in site.machine.log()[before:])


@pytest.mark.parametrize(
    ("bind", "given", "why"),
    [
        ("8.8.8.8:0", {}, "8.8.8.8 is an address of the internet"),
        (f"{HOST}:0", {"TLS_CA": "machines.pem"}, "TLS_CERT"),
        (f"{HOST}:0", {"TLS_KEY": "key.pem"}, "TLS_CERT"),
    ],
)
def test_nothing_goes_over_the_internet_in_the_clear(
    tmp_path: Path, bind: str, given: dict[str, str], why: str
) -> None:
    """Gunicorn does not even start."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        endpoint = Endpoint(settings_toml("sqlite:///x.db", Settings), tmp_path)  # type: ignore[arg-type]
        endpoint.command = [*endpoint.command[:-1], "-b", bind, endpoint.command[-1]]
        with pytest.raises(RuntimeError, match=why), endpoint:
            pass

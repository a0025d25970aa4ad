"""The limits stand in one place: the table of docs/security.md and the files of deploy/ agree."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from callback import limits
from tests.support.processes import ROOT

DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([^|]+) \| ([0-9][^|]*) \| `([A-Z_]+)` \|(?: ([^|]*) ?\|)?$", re.MULTILINE)
TABLE = TEXT.partition("<!-- limits -->")[2].partition("<!-- up to here -->")[0]
ROWS = {name: (told, where) for _, told, name, where in ROW.findall(TABLE)}
VALUES = {name: value for name, value in vars(limits).items() if name.isupper()}
# Where a file of deploy/ has a number of the module's; all places in it must agree.
FILES = [
    ("ARRIVAL_S", "gunicorn.conf.py", r"^ARRIVAL_S = (\d+)$"),
    ("ARRIVAL_S", "cluster/haproxy.cfg", r"timeout http-request (\d+)s"),
    ("ARRIVAL_S", "apache.conf", r"RequestReadTimeout .*body=(\d+)"),
    ("ARRIVAL_S", "apache.conf", r"RequestReadTimeout handshake=(\d+)"),
    ("LIST_RATE", "apache.conf", r"RequestReadTimeout .*MinRate=(\d+)"),
    ("WORKER_S", "gunicorn.conf.py", r"^(?:graceful_)?timeout = (\d+)$"),
    ("WORKER_S", "apache.conf", r"(?:request|graceful)-timeout=(\d+)"),
    ("WEB_SERVER_S", "nginx.conf", r"fastcgi_(?:read|send)_timeout (\d+)s;"),
    ("WEB_SERVER_S", "apache.conf", r"socket-timeout=(\d+)"),
    ("WEB_SERVER_S", "cluster/haproxy.cfg", r"timeout (?:client|server) (\d+)s"),
    ("LINKS_OF_ONE", "cluster/haproxy.cfg", r"sc0_conn_cur gt (\d+)"),
    ("QUEUE", "gunicorn.conf.py", r"^backlog = (\d+)$"),
    ("PORT_QUEUE", "gunicorn.conf.py", r"^PORT_BACKLOG = (\d+)$"),
    ("MAX_LINE", "gunicorn.conf.py", r"^limit_request_line = (\d+)$"),
    ("MAX_HEADERS", "gunicorn.conf.py", r"^limit_request_fields = (\d+)$"),
]


def numbers(path: str, pattern: str) -> set[int]:
    """The numbers of a file in deploy/."""
    return {int(text) for text in re.findall(pattern, (DEPLOY / path).read_text(), re.MULTILINE)}


def told(name: str, value: float) -> str:
    """A limit as the table has it: seconds, whole KiB and MiB, or a bare number."""
    if name.endswith("_S"):
        return f"{value:,g} s"
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 16)):
        if value % size == 0:
            return f"{int(value) >> (20 if unit == 'MiB' else 10)} {unit}"
    return f"{value:,}"


def test_the_table_has_all_limits_as_they_are() -> None:
    """Each once, none that is not there, with its value."""
    names = re.findall(r"`([A-Z_]+)` \|", TABLE)

    assert sorted(names) == sorted(VALUES)
    assert {name: ROWS[name][0] for name in VALUES} == {
        name: told(name, value) for name, value in VALUES.items()
    }


@pytest.mark.parametrize(("name", "path", "pattern"), FILES)
def test_a_file_of_deploy_has_the_number_of_the_module(name: str, path: str, pattern: str) -> None:
    """Wherever it stands there; and the table names the file."""
    assert numbers(path, pattern) == {VALUES[name]}
    assert f"`{path.rpartition('/')[2]}`" in ROWS[name][1]


def test_each_wait_is_longer_than_the_one_inside_it() -> None:
    """The innermost gives up first; the table has them in that order."""
    first, *_ = TABLE.strip().split("\n\n")
    names = [name for _, _, name, _ in ROW.findall(first)]
    waits = [VALUES[name] for name in names]

    assert names[0] == "LOCK_TIMEOUT_S"
    assert names[-1] == "WEB_SERVER_S"
    assert waits == sorted({*waits})


def test_a_step_that_begins_at_the_last_moment_ends_in_time() -> None:
    """Also a statement that waits for two locks, and a systemd that stops us."""
    last = limits.LAST_START_S + limits.CONNECT_TIMEOUT_S + limits.STATEMENT_TIMEOUT_S
    (stop,) = numbers("callback.service", r"^TimeoutStopSec=(\d+)$")

    assert last <= limits.SHORTEST_BANK_S
    assert limits.LIFE_S + 2 * limits.LOCK_TIMEOUT_S <= limits.STATEMENT_TIMEOUT_S
    assert limits.OPENING_S + limits.STATEMENT_TIMEOUT_S <= limits.WHOLE_S
    assert stop > limits.WORKER_S


def test_a_web_server_gives_up_after_us_also_by_its_shorter_waits() -> None:
    """To connect on one machine, to be sent a header or a body, to wait for a process."""
    (connect,) = numbers("nginx.conf", r"fastcgi_connect_timeout (\d+)s;")
    (sent,) = numbers("nginx.conf", r"client_(?:header|body)_timeout (\d+)s;")
    (apache,) = numbers("apache.conf", r"header=(\d+)")
    (queue,) = numbers("apache.conf", r"queue-timeout=(\d+)")
    (haproxy,) = numbers("cluster/haproxy.cfg", r"timeout connect (\d+)s")

    assert max(connect, queue, haproxy) < limits.SHORTEST_BANK_S
    assert limits.ARRIVAL_S < sent == apache < limits.WORKER_S


def test_the_sheets_name_the_limit_of_a_statement() -> None:
    """Section 6 of each dialect that has one."""
    for dialect in ("payme", "paynet", "paynet_soap", "usmp"):
        sheet = (ROOT / "docs" / "protocols" / f"{dialect}.md").read_text(encoding="utf-8")
        assert f"over {limits.STATEMENT_ROWS:,}" in sheet.partition("## 6. ")[2], dialect


def test_gunicorn_knows_every_setting_that_it_is_given() -> None:
    """It ignores a name that it does not know: of a setting, and of what it should call."""
    path = DEPLOY / "gunicorn.conf.py"
    names = re.findall(r"^(?:def )?([a-z]\w*)(?: = |\()", path.read_text(), re.M)

    assert {"worker_class", "worker_abort", "http_parser", "backlog"} <= {*names}
    assert not {*names} - {*import_module("gunicorn.config").Config().settings}

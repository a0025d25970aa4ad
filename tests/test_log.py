"""The log: one JSON object a line, whatever a caller sends, and a file that rotates by itself."""

from __future__ import annotations

import json
import logging
import multiprocessing
import stat
from typing import TYPE_CHECKING

import pytest

from callback import log
from tests.conftest import flask, settings_toml
from tests.support.processes import Endpoint, write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["name", "address", "debt"]

[BANKS.secret]
protocol = "osmp"
username = "qiwi"
password = "hidden-password"
url_token = true
"""


def test_a_call_is_one_line_of_json(engine: Engine, endpoint: Endpoint) -> None:
    """With all that design.md, section 4, wants, and without the customer's name."""
    engine.account("55", name="Скрытова Анна")
    endpoint.call("/qiwi?command=pay&txn_id=7&account=55&sum=10.00&txn_date=20261103091500")
    line = endpoint.log()[-1]

    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("ms") < 5000
    assert line == {
        "bank": "qiwi",
        "address": "127.0.0.1",
        "command": "pay",
        "txn_id": "7",
        "account": "55",
        "sum": "10.00",
        "outcome": "ok",
        "code": "0",
    }
    endpoint.call("/qiwi?command=check&account=55")
    assert "Скрыт" not in json.dumps(endpoint.log(), ensure_ascii=False)


@pytest.mark.parametrize(
    "account",
    [
        "a%0Ab",
        "a%0D%0A%7B%22x%22:1%7D",
        "%22,%22outcome%22:%22ok",
        "%E2%80%A8",
        "%00",
        "%FF",
        "x" * 5000,
    ],
)
def test_nothing_a_caller_sends_breaks_a_line(endpoint: Endpoint, account: str) -> None:
    """Line breaks, quotes, bytes that are no text, long texts."""
    before = len(endpoint.log())
    endpoint.call(f"/qiwi?command=check&account={account}")

    added = endpoint.log()[before:]
    assert len(added) == 1
    assert added[0]["outcome"] in ("bad_account", "unknown_account")
    assert len(added[0]["account"]) <= log.MAX_TEXT


def test_a_conflict_is_an_alarm(engine: Engine, endpoint: Endpoint) -> None:
    """The same txn_id with another sum."""
    engine.account("55")
    for amount in ("10.00", "11.00"):
        endpoint.call(f"/qiwi?command=pay&txn_id=7&account=55&sum={amount}&txn_date=20261103091500")
    last = endpoint.log()[-1]

    assert (last["outcome"], last["alarm"], last["level"]) == ("duplicate_other", True, "warning")


def test_no_secret_is_in_the_log(endpoint: Endpoint) -> None:
    """Neither ours nor what a stranger tries."""
    header = {"Authorization": "Basic cWl3aTpoaWRkZW4tcGFzc3dvcmQ="}
    endpoint.call("/secret/hidden-token?command=check&account=1", headers=header)

    assert endpoint.log()[-1]["outcome"] == "bad_token"
    assert "hidden" not in endpoint.output()
    assert "cWl3aTpo" not in endpoint.output()


def test_the_file_that_the_settings_name_gets_the_lines(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Beside the settings file, readable by its owner only; stderr stays empty."""
    toml = 'LOG = "log/callback.log"\n' + settings_toml(engine.url, request.module)
    (tmp_path / "log").mkdir()
    with Endpoint(toml, tmp_path) as endpoint:
        for _ in range(3):
            endpoint.call("/qiwi?command=check&account=1")
        assert endpoint.log() == []
    file = tmp_path / "log" / "callback.log"

    assert [json.loads(line)["outcome"] for line in file.read_text().splitlines()] == [
        "unknown_account"
    ] * 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_log_file_that_cannot_be_written_stops_the_start(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With its key."""
    toml = 'LOG = "nowhere/callback.log"\n' + settings_toml(engine.url, request.module)
    done = flask(write_settings(toml, tmp_path), "init-db")

    assert done.returncode != 0
    assert "LOG: " in done.stderr
    assert "Traceback" not in done.stderr


def write_lines(path: Path, writer: int, lines: int) -> None:
    """What one worker process does."""
    log.start(path)
    for number in range(lines):
        log.call(logging.INFO, writer=writer, number=number, filler="x" * 150)


def test_processes_that_share_a_file_lose_no_line_when_it_rotates(tmp_path: Path) -> None:
    """Four of them fill it several times over; every line is whole and there once."""
    path = tmp_path / "callback.log"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill, args=(path, writer)) for writer in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    files = sorted(tmp_path.glob("callback.log*"))
    lines = [
        json.loads(line)
        for file in files
        if file.suffix != ".lock"
        for line in file.read_text().splitlines()
    ]
    seen = {(line["writer"], line["number"]) for line in lines}
    assert len(files) > 3
    assert len(lines) == len(seen) == 4 * LINES


LINES = 400


def fill(path: Path, writer: int) -> None:
    """Write with a limit that is soon reached, and enough files to keep them all."""
    log.MAX_BYTES, log.KEPT_FILES = 60_000, 20
    write_lines(path, writer, LINES)

"""A call through CGI: what a new process imports is what it waits for, so that is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

SETTINGS = {"LOG": "callback.log"}
BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
username = "qiwi"
password = "hidden-password"

[BANKS.token]
protocol = "osmp"
url_token = true

[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
"""
PROGRAM = """
from ENTRY import application
from callback.entries import cgi
cgi.serve(application)
import sys
print(*sorted(sys.modules), file=sys.stderr)
"""
ACCOUNT = "7012340001"
CHECK = f"command=check&txn_id=1&account={ACCOUNT}"
PAY = f"command=pay&txn_id=7&account={ACCOUNT}&sum=10.00&txn_date=20261103091500"
# Of others' code; what is not here has to give a reason in the commit that adds it.
LIBRARIES = {"callback", "pymysql", "tzdata"}
# What was there once: each costs a call between 2 and 80 ms.
NEVER = {
    *("flask", "werkzeug", "jinja2", "click", "itsdangerous", "cryptography", "defusedxml"),
    *("xml.etree", "xml.sax", "sqlite3", "logging", "zipfile", "tempfile", "shutil", "difflib"),
    *("dataclasses", "inspect"),
    *("http.client", "email", "importlib.metadata", "importlib.resources", "urllib.request"),
}
# 201 with Python 3.11; every version of Python divides its own a little differently.
MOST = 210
if sys.version_info >= (3, 14):  # its traceback, which the driver imports, wants these
    NEVER -= {"dataclasses", "inspect"}
    MOST += 20


def cgi(
    settings: Path, path: str, query: str, entry: str = "wsgi", home: Path = ROOT
) -> tuple[str, set[str]]:
    """The answer of a new process, and what it has imported."""
    request = {
        "CALLBACK_CONFIG": str(settings),
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": "Basic cWl3aTpoaWRkZW4tcGFzc3dvcmQ=",
    }
    # Without what a virtual environment's own .pth files import.
    paths = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM.replace("ENTRY", entry)],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths} | request,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/qiwi", CHECK, "<result>0<"),
        ("/qiwi", PAY, "<result>0<"),
        ("/kaspi", CHECK, '"result":0'),
        ("/kaspi", PAY, '"result":0'),
    ],
)
def test_a_banks_call_imports_what_it_needs(
    engine: Engine, folder: Path, path: str, query: str, says: str
) -> None:
    """Neither Flask nor anything of it, and no library that this call does not use."""
    engine.account(ACCOUNT)
    answer, modules = cgi(folder / "config.toml", path, query)
    libraries = {
        name.partition(".")[0]
        for name in modules - sys.stdlib_module_names
        if name.partition(".")[0] not in sys.stdlib_module_names | {"wsgi", "__main__"}
    }

    assert says in answer
    assert not modules & NEVER
    assert {name for name in libraries if not name.startswith("_")} == LIBRARIES
    assert len(modules) <= MOST, sorted(modules)
    dialects = {name for name in modules if name.startswith("callback.protocols.")}
    assert dialects == {"callback.protocols.osmp", "callback.protocols.kaspi"}  # of the settings


def test_the_first_call_of_an_uploaded_release_imports_no_more(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    """As Passenger and the other entries on a host begin: by way of passenger_wsgi.py."""
    engine.account(ACCOUNT)
    home = tmp_path / "site" / "callback"
    home.mkdir(parents=True)
    for name in ("callback", "sql", "wsgi.py", "deploy/passenger_wsgi.py"):
        (home / Path(name).name).symlink_to(ROOT / name)
    answer, modules = cgi(folder / "config.toml", "/qiwi", PAY, "passenger_wsgi", home)

    assert "<result>0<" in answer
    assert not modules & NEVER
    assert len(modules) <= MOST + 1, sorted(modules)  # the entry itself


@pytest.mark.slow
def test_a_token_wants_one_more_library(
    engine: Engine, folder: Path, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """What makes tokens checks them."""
    engine.account(ACCOUNT)
    token = command("url", "token").stdout.strip().rpartition("/")[2]
    answer, modules = cgi(folder / "config.toml", f"/token/{token}", CHECK)

    assert "<result>0<" in answer
    assert modules & NEVER == {"itsdangerous"}


def test_anything_else_is_flasks(engine: Engine, folder: Path) -> None:
    """An address of nobody's: 404 and bare, as ever."""
    answer, modules = cgi(folder / "config.toml", "/nobody", "")

    assert answer.startswith("Status: 404 Not Found\n")
    assert answer.endswith("\n\n")
    assert "flask" in modules

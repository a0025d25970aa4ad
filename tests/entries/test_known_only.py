"""flask front --allow: the web server itself refuses whom a bank's list does not name."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.conftest import settings_toml
from tests.support.processes import HOST, ROOT
from tests.support.web_servers import IS_ROOT, NEEDS_ROOT, Apache, Gunicorn, Nginx, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine
    from tests.support.web_servers import Entry

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NEIGHBOUR = "127.0.0.7"
SETTINGS = {"PUBLIC_URL": "https://localhost"}
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{HOST}", "2001:db8::/32"]

[BANKS.token]
protocol = "osmp"
url_token = true
"""
CHECK = "command=check&txn_id=1&account=7012340001"


@pytest.fixture(scope="module")
def doors(database: Engine, request: pytest.FixtureRequest) -> Iterator[dict[str, Entry]]:
    """CGI and nginx, whose files were made so; the log is in the site's folder."""
    assert database
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    with ExitStack() as stack:
        site = stack.enter_context(Site(settings_toml(database.url, request.module)))
        for entry in ("cgi", "nginx"):
            command = ["front", entry, "--allow", "-o", str(site.docroot(entry))]
            subprocess.run(
                [sys.executable, "-m", "flask", *command],
                cwd=ROOT,
                env={"CALLBACK_CONFIG": str(site.settings), "PATH": "/usr/bin"},
                check=True,
            )
        site.own()
        apache = stack.enter_context(Apache(site))
        nginx = stack.enter_context(Nginx(site, stack.enter_context(Gunicorn(site)).socket))
        yield {"cgi": apache.entries["cgi"], "nginx": nginx.entry}


@pytest.mark.parametrize("name", ["cgi", "nginx"])
@pytest.mark.parametrize(
    ("path", "source", "status"),
    [
        (f"/qiwi?{CHECK}", HOST, 200),
        (f"/qiwi?{CHECK}", NEIGHBOUR, 403),
        (f"/qiwi/x?{CHECK}", NEIGHBOUR, 403),
        (f"/token/wrong?{CHECK}", NEIGHBOUR, 404),  # has no list
        ("/robots.txt", HOST, 404),
    ],
)
@pytest.mark.slow
def test_a_stranger_is_refused_by_the_web_server(
    doors: dict[str, Entry], name: str, path: str, source: str, status: int
) -> None:
    """Without a body; nothing is started for him."""
    reply = doors[name].by(source=source).call(path)

    assert reply.status == status
    assert (reply.body == b"") is (status != 200)

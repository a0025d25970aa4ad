"""flask doctor says whether posting lags, since when, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from callback import create_app, settings
from callback.clock import utc_now
from callback.database import Database, load_statements
from callback.paths import SQL
from callback.tools.books import lag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engine

    Look = Callable[..., list[tuple[str, str]]]

ACCOUNT = "0071501"


@pytest.fixture
def look(engine: Engine, folder: Path) -> Look:
    """Look at a site that has these scripts, with a customer."""
    engine.execute("DELETE FROM posting")
    engine.account(ACCOUNT)
    engine_of_site = settings.load(folder / "config.toml").engine

    def find(*kinds: str) -> list[tuple[str, str]]:
        statements = load_statements(SQL) | {f"post_{kind}": "SELECT 1" for kind in kinds}
        findings = list(lag.find(Database(engine_of_site, statements, 1)))
        assert {finding.name for finding in findings} <= {"posting"}
        return [(finding.state, finding.text) for finding in findings]

    return find


def pay(engine: Engine, txn_id: str, *, state: str = "paid", **ago: int) -> str:
    """Record a payment of some time ago; return when it was."""
    when = f"{utc_now() - timedelta(**ago):%Y-%m-%d %H:%M:%S}"
    engine.execute(
        "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
        " created_at, performed_at, cancelled_at, posted_at) SELECT 'qiwi', ?, number, id,"
        " '100.00', 'KZT', ?, ?, ?, ?, ?, ? FROM account",
        *(txn_id, state, when, when, when),
        *((when, when) if state == "cancelled" else (None, None)),
    )
    return when[:16]


def test_a_site_without_a_script_does_not_post(engine: Engine, look: Look) -> None:
    """Its payments wait for nobody."""
    pay(engine, "1", days=9)

    assert look() == []


@pytest.mark.parametrize(
    ("ago", "state"),
    [(50, "ok"), (120, "warning"), (26 * 60, "fault")],
)
def test_nobody_posts(engine: Engine, look: Look, ago: int, state: str) -> None:
    """Since when is told, and where to look."""
    assert look("paid") == [("ok", "nothing waits")]
    since = pay(engine, "1", minutes=ago)
    pay(engine, "2", minutes=1)

    ((told, text),) = look("paid")

    assert told == state
    assert text.startswith(f"2 wait, the oldest since {since} UTC")
    assert ("does cron run flask post" in text) == (state != "ok")


def test_what_could_not_be_posted_says_why(engine: Engine, look: Look) -> None:
    """A payment that was posted since is no fault any more."""
    pay(engine, "1", hours=2)
    engine.execute(
        "INSERT INTO posting (payment_id, kind, state, tried_at, why)"
        " SELECT id, 'paid', 'failed', '2026-11-04 05:00:00', 'no such column' FROM payment"
    )

    failed, waiting = look("paid")
    engine.execute("UPDATE payment SET posted_at = paid_at")

    assert failed == (
        "fault",
        "1 could not be posted, tried last at 2026-11-04 05:00 UTC; paid qiwi 1: no such column",
    )
    assert waiting[0] == "warning"
    assert look("paid") == [("ok", "nothing waits")]


def test_cancellations_without_a_script(engine: Engine, look: Look) -> None:
    """The program would keep money that went back."""
    since = pay(engine, "1", state="cancelled", minutes=3)

    missing, rest = look("paid")

    assert missing == (
        "fault",
        f"1 cancelled, the oldest of {since} UTC, are not in the program: write "
        "instance/sql/post_cancelled.sql",
    )
    assert rest == ("ok", "nothing waits")


def test_an_older_database_wants_its_table(engine: Engine, look: Look) -> None:
    """And says how it gets it."""
    engine.execute("ALTER TABLE posting RENAME TO other")
    try:
        ((state, text),) = look("paid")
    finally:
        engine.execute("ALTER TABLE other RENAME TO posting")

    assert state == "fault"
    assert "posting" in text


def test_doctor_tells_it(
    engine: Engine, look: Look, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so does the site that is asked to examine itself: both call the same."""
    scripts = folder / "instance" / "sql"
    scripts.mkdir(parents=True, exist_ok=True)
    (scripts / "post_paid.sql").write_text("SELECT 1")
    monkeypatch.setattr("callback.INSTANCE", folder / "instance")
    pay(engine, "1", hours=30)

    runner = create_app(folder / "config.toml").test_cli_runner()
    done = runner.invoke(args=["doctor"])

    (line,) = [line for line in done.stdout.splitlines() if "posting: 1 wait" in line]
    assert line.startswith("fault")
    assert done.exit_code == 1

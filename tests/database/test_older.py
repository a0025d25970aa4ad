"""Statements that a site wrote for an older release: what is put in, where, and what is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callback.database import load_statements, older
from callback.tools import overlays

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE = "\n   AND :deadline > UTC_TIMESTAMP(3)"
PROMISE = (
    "\n   AND NOT EXISTS (SELECT 1 FROM promise AS k"
    " WHERE k.bucket = :bucket AND k.made_at >= :began AND k.made_at <= :latest)"
)
SELECT = "SELECT :bank, :txn_id, :state FROM account AS a WHERE a.number = :account"
# What a site wrote, and what becomes of it.
COMPLETED = {
    f"INSERT INTO payment (bank, txn_id, state) {SELECT}": (
        "INSERT INTO payment (number, bank, txn_id, state) "
        f"{SELECT.replace('SELECT', 'SELECT :number,')}{DEADLINE}{PROMISE}"
    ),
    "insert  into `payment`(bank,txn_id)select :bank, :txn_id from account as a "
    "WHERE (a.number IN (SELECT (1) WHERE 0)) for  update ": (
        "INSERT INTO `payment` (number, bank,txn_id) SELECT :number, :bank, :txn_id from account"
        f" as a WHERE (a.number IN (SELECT (1) WHERE 0)){DEADLINE} for  update "
    ),
    f"INSERT INTO usu.payment (bank, txn_id, state) {SELECT}": (
        "INSERT INTO usu.payment (number, bank, txn_id, state) "
        f"{SELECT.replace('SELECT', 'SELECT :number,')}{DEADLINE}{PROMISE}"
    ),
    "UPDATE payment SET bank = 1 WHERE txn_id = :txn_id AND (amount > 1 OR (amount) < 0)": (
        "UPDATE payment SET bank = 1 WHERE txn_id = :txn_id AND (amount > 1 OR (amount) < 0)"
        f"{DEADLINE}"
    ),
    # What stands in quotes is no word, and no bracket.
    "UPDATE `a-b`.payment SET bank = ':)' WHERE txn_id = :txn_id AND x IN ('(or', `LIMIT`)": (
        "UPDATE `a-b`.payment SET bank = ':)' WHERE txn_id = :txn_id AND x IN ('(or', `LIMIT`)"
        f"{DEADLINE}"
    ),
    # The WHERE that stands in no brackets counts.
    "UPDATE payment SET bank = (SELECT 1 WHERE 1) WHERE txn_id = :txn_id": (
        f"UPDATE payment SET bank = (SELECT 1 WHERE 1) WHERE txn_id = :txn_id{DEADLINE}"
    ),
    "update `usu` . `payment` set bank = 1 WHERE txn_id = :txn_id": (
        f"update `usu` . `payment` set bank = 1 WHERE txn_id = :txn_id{DEADLINE}"
    ),
    # A deadline that is written down, or asked of another time, ends nothing.
    "UPDATE payment SET seen_at = :deadline WHERE txn_id = :txn_id": (
        f"UPDATE payment SET seen_at = :deadline WHERE txn_id = :txn_id{DEADLINE}"
    ),
    "UPDATE payment SET a = :deadline > UTC_TIMESTAMP(3) WHERE txn_id = :txn_id": (
        f"UPDATE payment SET a = :deadline > UTC_TIMESTAMP(3) WHERE txn_id = :txn_id{DEADLINE}"
    ),
    "INSERT INTO payment (number, seen_at) SELECT :number, :began FROM a WHERE b = :state": (
        "INSERT INTO payment (number, seen_at) SELECT :number, :began FROM a WHERE b = :state"
        f"{PROMISE}"
    ),
    "UPDATE payment SET a = 1 WHERE txn_id = :txn_id AND :deadline > b": (
        f"UPDATE payment SET a = 1 WHERE txn_id = :txn_id AND :deadline > b{DEADLINE}"
    ),
    "SELECT p.txn_id, COALESCE( pi.number , pa.number ) AS payment_number FROM payment AS p": (
        "SELECT p.txn_id, p.number AS payment_number FROM payment AS p"
    ),
}
# What stays as it is, and what is said of it.
NAMED = {
    "SELECT a.number FROM account AS a WHERE a.number = :account": [],
    # Those that fill in what an older release left out may come at any time.
    "UPDATE payment SET number = 'x' WHERE id > :after": [],
    "SELECT p.bank FROM payment AS p WHERE p.txn_id = :txn_id AND p.state = :state": [],
    f"UPDATE payment SET state = 'paid' WHERE txn_id = :txn_id{DEADLINE}": [],
    "UPDATE payment SET a = 1 where txn_id = :txn_id AND utc_timestamp( 6 )<=:deadline": [],
    "INSERT INTO payment (number, b) SELECT 1, :txn_id FROM a JOIN b ON :deadline>=UTC_TIMESTAMP()"
    " AND a.b = b.a": [],
    "SELECT p.txn_id, p.NUMBER as payment_number FROM payment AS p": [],
    f"INSERT INTO payment (number, bank) SELECT :number, :state FROM a WHERE a.b{PROMISE}": [],
    "INSERT INTO payment (bank) SELECT DISTINCT :bank FROM account AS a": [older.NO_NUMBER],
    **{
        f"INSERT INTO payment (bank) SELECT {how} :bank FROM account": [older.NO_NUMBER]
        for how in ("straight_join", "ALL", "distinctrow", "SQL_NO_CACHE", "HIGH_PRIORITY")
    },
    # Neither what changes a payment that is there, nor what a register brings, is a payment by it.
    f"UPDATE payment SET performed_at = :now WHERE txn_id = :txn_id{DEADLINE}": [],
    f"INSERT INTO payment (number, b) SELECT :created_at, :txn_id FROM a WHERE b{DEADLINE}": [],
    "insert into payment (`bank`) values (:bank)": [older.NO_NUMBER],
    "INSERT INTO usu.payment (bank) VALUES (:bank)": [older.NO_NUMBER],
    "UPDATE payment SET bank = 1 WHERE txn_id = :txn_id group by bank": [older.NO_DEADLINE],
    "UPDATE payment SET bank = 1 WHERE txn_id = :txn_id OR 1": [older.NO_DEADLINE],
    "UPDATE payment SET bank = 1 WHERE txn_id IN(:txn_id)OR(bank)": [older.NO_DEADLINE],
    "INSERT INTO payment (number, bank) SELECT 1, :txn_id FROM a WHERE b UNION SELECT 2 WHERE c": [
        older.NO_DEADLINE
    ],
    # One condition at the end would be of the second alone.
    "INSERT INTO payment (number, bank) SELECT 1, :txn_id FROM a UNION SELECT 2 WHERE c": [
        older.NO_DEADLINE
    ],
    "UPDATE payment SET bank = 'WHERE', txn_id = :txn_id": [older.NO_DEADLINE],
    "UPDATE payment SET bank = (SELECT ')' WHERE c), txn_id = :txn_id": [older.NO_DEADLINE],
    **{
        f"UPDATE payment SET bank = 1 WHERE txn_id = :txn_id {end}": [older.NO_DEADLINE]
        for end in (
            *("|| 1", "xor 1", "HAVING 1", "ORDER BY 1", "LIMIT 1", "EXCEPT SELECT 1", "FOR SHARE"),
            *("INTERSECT SELECT 1", "WINDOW w AS (1)", "LOCK IN SHARE MODE", "RETURNING id"),
            "ON DUPLICATE KEY UPDATE bank = 1",
        )
    },
    "update payment set bank = 1 where txn_id = :txn_id": [older.NO_DEADLINE],
    "UPDATE `usu`.`payment` SET bank = :txn_id": [older.NO_DEADLINE],
    "UPDATE payment SET bank = :txn_id, seen_at = :deadline": [older.NO_DEADLINE],
    "UPDATE payment SET bank = (SELECT 1 WHERE (1)), x = :txn_id": [older.NO_DEADLINE],
    "INSERT INTO payment (number, bank) VALUES (:number, :state)": [older.NO_PROMISE],
    "SELECT p.txn_id, a.number AS payment_number FROM payment AS p": [older.OTHER_NUMBER],
    "SELECT COALESCE(p.number, a.number) AS payment_number": [older.OTHER_NUMBER],
    "select p.txn_id, coalesce(pi.number, pa.number) as payment_number": [older.OTHER_NUMBER],
    "SELECT p.txn_id, 1 AS payment_number FROM payment AS p": [older.OTHER_NUMBER],
}


@pytest.mark.parametrize(("text", "becomes"), COMPLETED.items())
def test_what_a_statement_lacks_is_put_in(text: str, becomes: str) -> None:
    """Once: a second time nothing is lacking."""
    assert older.completed(text) == becomes
    assert older.completed(becomes) == becomes
    assert [*older.faults(becomes)] == []


@pytest.mark.parametrize(("text", "faults"), NAMED.items())
def test_what_cannot_be_put_in_is_named(text: str, faults: list[str]) -> None:
    """And what lacks nothing is left alone."""
    assert older.completed(text) == text
    assert [*older.faults(text)] == faults
    assert {*faults} <= {*older.FAULTS}  # which the office reads in its language


def test_a_payment_that_is_written_as_paid_hears_of_promises_too(tmp_path: Path) -> None:
    """Where a site's banks know no other state; a register's do not."""
    text = f"INSERT INTO payment (number, b) SELECT 'paid', :txn_id FROM a WHERE b{DEADLINE}"
    for name, lacks in (("pay_account", True), ("pay_invoice", True), ("book_account", False)):
        assert [*older.faults(text, name)] == ([older.NO_PROMISE] if lacks else [])
        assert older.completed(text, name) == text + (PROMISE if lacks else "")
        (tmp_path / f"{name}.sql").write_text(text)
        assert load_statements(tmp_path)[name] == older.completed(text, name)
    found = [finding for finding in overlays.examine(tmp_path) if older.NO_PROMISE in finding.text]
    assert [finding.state for finding in found] == ["warning"] * 2


def test_the_promise_is_left_out_where_there_is_no_such_table() -> None:
    """In whatever letters it was written."""
    text = "UPDATE payment SET a = 1 WHERE b = 2"
    assert older.without_promise(text + PROMISE) == f"{text}\n   "
    assert older.without_promise(text + PROMISE.lower()) == f"{text}\n   "
    other = f"{text} AND NOT EXISTS (SELECT 1 FROM promises AS k)"
    assert older.without_promise(other) == other

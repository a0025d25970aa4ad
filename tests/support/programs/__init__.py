"""Three accounting programs in MariaDB: their tables, a few customers, their view of debts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callback.database.statements import bare, parts
from callback.paths import SQL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.processes import MariaDB

FOLDER = Path(os.environ.get("PROGRAMS", Path(__file__).parent))
# A person pastes into phpMyAdmin, whose connection has a collation of its own.
PHPMYADMIN = "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci"


@dataclass(frozen=True)
class Program:
    """A program, and statements that ask it for its own numbers."""

    name: str
    owes: str  # what the customer of `number` owes, by the program's own columns
    rows: str  # the sums that it has of our payments, in the order in which they came
    number: str
    other: str  # a customer who has never been billed, or owes nothing
    invoice: str
    cron: str = ""  # what the program does by itself with what it was given
    settings: str = ""

    @property
    def mapping(self) -> Path:
        """Our files for it."""
        return SQL / "mappings" / self.name


DOLIBARR = Program(
    name="dolibarr",
    owes="""SELECT ROUND(SUM(f.total_ttc) - COALESCE((SELECT SUM(l.amount)
 FROM llx_paiement_facture AS l JOIN llx_facture AS g ON g.rowid = l.fk_facture
 WHERE g.fk_soc = f.fk_soc), 0), 2)
 FROM llx_facture AS f JOIN llx_societe AS s ON s.rowid = f.fk_soc
 WHERE s.code_client = %s AND f.fk_statut IN (1, 2) AND f.type <> 4 GROUP BY f.fk_soc""",
    rows="SELECT ROUND(amount, 2) FROM llx_paiement WHERE note LIKE 'callback %' ORDER BY rowid",
    number="CU2401-00001",
    other="CU2401-00002",
    invoice="FA2602-0002",
)
INVOICEPLANE = Program(
    name="invoiceplane",
    owes="""SELECT SUM(m.invoice_balance) FROM ip_invoices AS i
 JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
 WHERE i.client_id = %s AND i.invoice_status_id > 1""",
    rows="""SELECT SUM(payment_amount) FROM ip_payments WHERE payment_note LIKE 'callback paid %'
 OR payment_note LIKE 'callback cancelled %' GROUP BY payment_note ORDER BY MIN(payment_id)""",
    number="71501",
    other="71502",
    invoice="INV-2",
    settings='account_pattern = "[1-9][0-9]{0,9}"\n',
)
UBILLING = Program(
    name="ubilling",
    owes="""SELECT ROUND(-u.Cash, 2) FROM users AS u JOIN op_static AS o ON o.realid = u.login
 WHERE o.virtualid = %s""",
    rows="SELECT ROUND(summ, 2) FROM op_transactions WHERE hash LIKE 'callback_%' ORDER BY id",
    number="7012340001",
    other="7012340002",
    invoice="7012340001",
    cron="""
UPDATE users AS u JOIN op_static AS o ON o.realid = u.login
  JOIN (SELECT customerid, SUM(summ) AS summ FROM op_transactions WHERE processed = 0
         GROUP BY customerid) AS t ON t.customerid = o.virtualid SET u.Cash = u.Cash + t.summ;
UPDATE op_transactions SET processed = 1;
""",
)
PROGRAMS = {program.name: program for program in (DOLIBARR, INVOICEPLANE, UBILLING)}


def paste(server: MariaDB, database: str, script: str) -> None:
    """Run a script, as it is pasted into phpMyAdmin."""
    with server.connect(database) as connection, connection.cursor() as cursor:
        for statement in (PHPMYADMIN, *parts(bare(script))):
            cursor.execute(statement)


def install(server: MariaDB, database: str, program: Program) -> None:
    """Make the program's database, with its tables and customers."""
    server.create_database(database)
    paste(server, database, (FOLDER / f"{program.name}.sql").read_text(encoding="utf-8"))
    rows = Path(__file__).with_name(f"{program.name}_rows.sql").read_text(encoding="utf-8")
    # Columns that a whole schema has besides have their usual values.
    paste(server, database, f"SET SESSION sql_mode = ''; {rows}")


def numbers(server: MariaDB, database: str, query: str, *values: object) -> list[str]:
    """Ask for sums, as text of two decimals."""
    rows: Sequence[Any] = server.sql(query, database, values)
    return [f"{row[0]:.2f}" for row in rows]

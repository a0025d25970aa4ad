"""The books: the product's own tables, filled with years of invoices and payments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.processes import MariaDB

FIRST_ACCOUNT = 7_010_000_000
# A monthly payer of eight years: what the check of one customer has to add up.
PAYMENTS_OF_ACCOUNT = 100
# A year of monthly invoices, the same in both books: the figure is about payments.
INVOICES_OF_ACCOUNT = 12

# Made by the server itself, in the order of the primary key. Without the checks an empty table
# is filled in one sorted pass (MariaDB 10.7 and newer): 5 million payments in about a minute.
ACCOUNTS = """
    INSERT INTO account (number, name, address)
    SELECT {first} + seq, 'Сериков Арман Оспанович', 'Алматы, Абая 10-5'
      FROM seq_0_to_{last_account}"""
INVOICES = """
    INSERT INTO invoice (number, account_id, amount, issued_on)
    SELECT CONCAT('INV-', seq), 1 + seq MOD {accounts}, 2500.00, '2026-10-01'
      FROM seq_0_to_{last_invoice}"""
# An account's payments lie far apart, as they came in: month by month.
PAYMENTS = """
    INSERT INTO payment (bank, txn_id, account_id, amount, currency, state,
                         paid_at, created_at, performed_at)
    SELECT 'qiwi', 100000000000000000 + seq, 1 + seq MOD {accounts}, 150.00, 'KZT', 'paid',
           '2018-01-01' + INTERVAL seq * 50 SECOND, '2018-01-01' + INTERVAL seq * 50 SECOND,
           '2018-01-01' + INTERVAL seq * 50 SECOND
      FROM seq_0_to_{last_payment}"""


@dataclass(frozen=True)
class Books:
    """One database of the private server."""

    server: MariaDB
    name: str
    accounts: int
    payments: int

    @property
    def url(self) -> str:
        """The DATABASE setting."""
        return self.server.url(self.name)

    def fill(self) -> None:
        """Put in the customers, their invoices and payments; the tables are there and empty."""
        numbers = {
            "first": FIRST_ACCOUNT,
            "accounts": self.accounts,
            "last_account": self.accounts - 1,
            "last_invoice": self.accounts * INVOICES_OF_ACCOUNT - 1,
            "last_payment": self.payments - 1,
        }
        self.server.sql("SET GLOBAL unique_checks = 0, GLOBAL foreign_key_checks = 0")
        for statement in (ACCOUNTS, INVOICES, PAYMENTS):
            self.server.sql(statement.format_map(numbers), self.name)
        self.server.sql("SET GLOBAL unique_checks = 1, GLOBAL foreign_key_checks = 1")
        self.server.sql("ANALYZE TABLE account, invoice, payment", self.name)

    def recorded(self, prefix: str) -> int:
        """Count the payments whose txn_id begins so."""
        count = "SELECT COUNT(*) FROM payment WHERE bank = 'qiwi' AND txn_id LIKE %s"
        return int(self.server.sql(count, self.name, [f"{prefix}%"])[0][0])

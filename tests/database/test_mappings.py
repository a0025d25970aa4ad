"""sql/mappings: two views and two scripts carry a program's own tables, over real ones of it."""

from __future__ import annotations

import itertools
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import operation, settings
from callback.database import Database, load_statements, mysql
from callback.model import Cancel, Check, Pay, Result
from callback.paths import SQL
from callback.tools import upgrade
from callback.tools.books import bills, posting
from tests.conftest import settings_toml
from tests.support.processes import MariaDB, write_settings
from tests.support.programs import PROGRAMS, Program, install, numbers, paste

if TYPE_CHECKING:
    from pathlib import Path

    from callback.bank import Bank

BANK = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\ncancel = true\n'
PAID_AT = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
OWES = "2750.10"
_names = itertools.count(1)


class Killed(BaseException):
    """The process is gone."""


def toml(server: MariaDB, name: str, program: Program) -> str:
    """Settings with a bank that pays accounts, and one that pays invoices."""

    class Module:
        BANKS = (
            f"{BANK}{program.settings}\n"
            + BANK.replace("qiwi", "bills")
            + 'account_pattern = ".+"\npayer = "invoice"\n'
        )

    return settings_toml(server.url(name), Module)  # type: ignore[arg-type]


class Site:
    """An installation whose customers are those of a program."""

    def __init__(self, server: MariaDB, program: Program, folder: Path) -> None:
        self.server, self.program = server, program
        self.name = f"{program.name}_{next(_names)}"
        install(server, self.name, program)
        self.path = write_settings(toml(server, self.name, program), folder)
        loaded = settings.load(self.path)
        self.banks = loaded.banks
        self.database = Database(loaded.engine, load_statements(SQL, program.mapping), 1)
        assert list(upgrade.run(self.database)) == []
        # As the README says: the two tables are empty, and give their names to the views.
        paste(server, self.name, "DROP TABLE account, invoice")
        paste(server, self.name, (program.mapping / "views.sql").read_text(encoding="utf-8"))

    def run(self, command: Any, bank: str = "qiwi") -> Result:
        """Do what a bank asks."""
        with self.database.session() as session:
            return operation.run(session, self.banks[bank], command)

    def pay(self, txn_id: str, amount: str, number: str = "", bank: str = "qiwi") -> str:
        """Pay for somebody."""
        pay = Pay(
            name="pay",
            txn_id=txn_id,
            account=number or self.program.number,
            amount=Decimal(amount),
            paid_at=PAID_AT,
        )
        return self.run(pay, bank).outcome

    def owed(self, number: str = "", bank: str = "qiwi") -> str:
        """What a check says."""
        payer = self.run(Check(name="check", account=number or self.program.number), bank).payer
        assert payer is not None
        return f"{payer.owed:.2f}"

    def post(self) -> posting.Report:
        """Post, and let the program do what it does by itself."""
        report = posting.run(self.database, posting.Options(), lambda items, label: items)
        paste(self.server, self.name, self.program.cron)
        return report

    def owes(self, number: str = "") -> str:
        """What the program says."""
        (owes,) = numbers(self.server, self.name, self.program.owes, number or self.program.number)
        return owes

    def rows(self) -> list[str]:
        """What the program has of our payments."""
        return numbers(self.server, self.name, self.program.rows.replace("%", "%%"))

    def sql(self, query: str) -> list[Any]:
        """Ask the database."""
        return self.server.sql(query, self.name)


@pytest.fixture(params=PROGRAMS)
def site(request: pytest.FixtureRequest, mariadb: MariaDB, tmp_path: Path) -> Site:
    """One of each program."""
    return Site(mariadb, PROGRAMS[request.param], tmp_path)


@pytest.fixture(scope="module", params=PROGRAMS)
def shared(
    request: pytest.FixtureRequest, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """One of each program, for tests that do not change what others see."""
    return Site(mariadb, PROGRAMS[request.param], tmp_path_factory.mktemp("shared"))


def test_the_debt_agrees_on_both_sides(site: Site) -> None:
    """Check, pay, post; more than is owed; a cancellation, posted too."""
    assert (site.owed(), site.owes()) == (OWES, OWES)
    assert site.pay("1", "100.01") == "ok"
    assert (site.owed(), site.owes()) == ("2650.09", OWES)

    assert site.post().posted == 1
    assert (site.owed(), site.owes()) == ("2650.09", "2650.09")

    assert site.pay("2", "3000.00") == "ok"
    assert site.owed() == "-349.91"
    site.post()
    assert (site.owed(), site.owes()) == ("-349.91", "-349.91")

    cancelled = site.run(Cancel(name="cancel", txn_id="2", refund=True))
    assert cancelled.outcome == "ok"
    assert (site.owed(), site.owes()) == ("2650.09", "-349.91")
    report = site.post()
    assert (report.reversed, report.failed) == (1, [])
    assert (site.owed(), site.owes()) == ("2650.09", "2650.09")
    assert site.rows() == ["100.01", "3000.00", "-3000.00"]
    assert site.post() == posting.Report()


def test_a_list_of_bills_is_the_programs_own(shared: Site) -> None:
    """By numbers that the program has, whole ones too."""
    bank: Bank = shared.banks["qiwi"]
    (bill,) = list(bills.read(shared.database, bank))

    assert (bill.number, bill.owed) == (shared.program.number, Decimal(OWES))
    assert bill.address.endswith("Абая, 1")


def test_a_payment_for_one_invoice(site: Site) -> None:
    """It is that one which is paid, not the oldest."""
    before, whole = site.owed(bank="bills", number=site.program.invoice), site.owes()
    assert site.pay("1", "2200.00", site.program.invoice, "bills") == "ok"
    report = site.post()

    assert (report.posted, report.failed) == (1, [])
    after = site.owed(bank="bills", number=site.program.invoice)
    assert Decimal(before) - Decimal(after) == Decimal("2200.00")
    assert Decimal(whole) - Decimal(site.owes()) == Decimal("2200.00")


def test_somebody_who_owes_nothing_pays_ahead(shared: Site) -> None:
    """It stands on the newest invoice, or on the balance, and is not lost."""
    assert shared.pay("ahead", "70.00", shared.program.other) == "ok"
    assert shared.owed(shared.program.other) == "-70.00"
    assert shared.post().posted == 1
    assert (shared.owed(shared.program.other), shared.owes(shared.program.other)) == (
        "-70.00",
        "-70.00",
    )


def test_a_closed_or_blocked_customer_is_not_paid_for(shared: Site) -> None:
    """By the program's own mark."""
    number = {"dolibarr": "CU2401-00004", "invoiceplane": "71503", "ubilling": "7012340003"}
    outcome = shared.pay("1", "70.00", number[shared.program.name])

    assert outcome == ("account_blocked" if shared.program.name == "ubilling" else "account_closed")


@pytest.mark.slow
def test_killed_between_any_two_statements(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check is right all the while, also where tables keep what was written."""
    site.pay("1", "700.00")
    kills = _kill_after_every_statement(site, monkeypatch, "2050.10")
    assert (site.owes(), site.rows()) == ("2050.10", ["700.00"])

    site.run(Cancel(name="cancel", txn_id="1", refund=True))
    kills += _kill_after_every_statement(site, monkeypatch, OWES)

    assert (site.owes(), site.rows()) == (OWES, ["700.00", "-700.00"])
    assert kills > 15


def _kill_after_every_statement(site: Site, monkeypatch: pytest.MonkeyPatch, owed: str) -> int:
    for last in itertools.count(1):
        number = 0

        def counted(method: Any, last: int = last) -> Any:
            def call(*args: Any, **more: Any) -> Any:
                nonlocal number
                result = method(*args, **more)
                number += 1
                if number == last:
                    raise Killed
                return result

            return call

        with monkeypatch.context() as patch:
            for name in ("run", "script"):
                kind = mysql.MySQLConnection
                patch.setattr(kind, name, counted(getattr(kind, name)))
            try:
                report = posting.run(site.database, posting.Options(), lambda items, label: items)
            except Killed:
                report = None
        assert site.owed() == owed
        if report:
            assert report.failed == []
            paste(site.server, site.name, site.program.cron)
            assert site.owed() == owed
            return last - 1
    raise AssertionError


def test_dolibarr_has_the_rows_that_its_own_code_writes(mariadb: MariaDB, tmp_path: Path) -> None:
    """Oldest first, the rest to the newest; closed when paid; a line in the bank with two links."""
    site = Site(mariadb, PROGRAMS["dolibarr"], tmp_path)
    site.pay("77", "1000.00")
    site.post()

    lines = "SELECT fk_facture, ROUND(amount, 2) FROM llx_paiement_facture WHERE fk_paiement = 5"
    assert site.sql(lines) == [(1, 600.10), (2, 399.90)]
    (payment,) = site.sql(
        "SELECT p.ref, p.fk_paiement, p.num_paiement, p.datep, p.fk_bank, ROUND(b.amount, 2),"
        " b.fk_account, b.fk_type, b.label, b.emetteur"
        " FROM llx_paiement AS p JOIN llx_bank AS b ON b.rowid = p.fk_bank WHERE p.rowid = 5"
    )
    assert payment == (
        *("PAY2611-0005", 50, "77", PAID_AT, 1, 1000.0, 1, "VAD", "(CustomerInvoicePayment)"),
        "Серова Анна",
    )
    links = "SELECT url_id, url, label, type FROM llx_bank_url ORDER BY rowid"
    assert site.sql(links) == [
        (5, "/compta/paiement/card.php?id=", "(paiement)", "payment"),
        (1, "/comm/card.php?socid=", "Серова Анна", "company"),
    ]
    states = "SELECT rowid, fk_statut, paye FROM llx_facture WHERE rowid IN (1, 2) ORDER BY rowid"
    assert site.sql(states) == [(1, 2, 1), (2, 1, 0)]

    site.run(Cancel(name="cancel", txn_id="77", refund=True))
    site.post()
    assert site.sql(states) == [(1, 1, 0), (2, 1, 0)]
    assert site.sql("SELECT ROUND(SUM(amount), 2) FROM llx_bank") == [(0,)]


def test_dolibarr_credits_count_once(mariadb: MariaDB, tmp_path: Path) -> None:
    """A credit note becomes a discount, which an invoice uses: what is owed stays the same."""
    site = Site(mariadb, PROGRAMS["dolibarr"], tmp_path)
    discount = "INSERT INTO llx_societe_remise_except (fk_soc, amount_ht, amount_ttc, fk_user,"
    paste(
        mariadb,
        site.name,
        f"{discount} fk_facture_source, description) VALUES (1, 50, 50, 1, 5, '(CREDIT_NOTE)');"
        "UPDATE llx_facture SET fk_statut = 2, paye = 1 WHERE rowid = 5",
    )
    assert site.owed() == OWES
    paste(mariadb, site.name, "UPDATE llx_societe_remise_except SET fk_facture = 2")
    assert site.owed() == OWES
    site.pay("1", "2750.10")
    site.post()
    paid = "SELECT rowid FROM llx_facture WHERE fk_soc = 1 AND fk_statut = 1 AND type = 0"
    assert (site.owed(), site.sql(paid)) == ("0.00", [])


def test_invoiceplane_has_the_rows_that_its_own_code_writes(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    """Sums, status, and no more changes where its setting says so; open again when taken back."""
    site = Site(mariadb, PROGRAMS["invoiceplane"], tmp_path)
    site.pay("77", "1000.00")
    site.post()

    rows = (
        "SELECT i.invoice_id, i.invoice_status_id, i.is_read_only, m.invoice_paid,"
        " m.invoice_balance FROM ip_invoices AS i JOIN ip_invoice_amounts AS m"
        " ON m.invoice_id = i.invoice_id WHERE i.invoice_id IN (1, 2) ORDER BY i.invoice_id"
    )
    assert [tuple(map(str, row)) for row in site.sql(rows)] == [
        ("1", "4", "1", "1000.10", "0.00"),
        ("2", "3", "None", "399.90", "1800.10"),
    ]
    (day,) = site.sql("SELECT MAX(payment_date) FROM ip_payments")
    assert str(day[0]) == "2026-11-03"

    site.run(Cancel(name="cancel", txn_id="77", refund=True))
    site.post()
    assert [tuple(map(str, row)) for row in site.sql(rows)] == [
        ("1", "2", "0", "400.00", "600.10"),
        ("2", "3", "None", "0.00", "2200.00"),
    ]


def test_ubilling_has_the_row_that_its_own_code_writes(mariadb: MariaDB, tmp_path: Path) -> None:
    """One in the queue, which its cron credits."""
    site = Site(mariadb, PROGRAMS["ubilling"], tmp_path)
    site.pay("77", "1000.00")
    posting.run(site.database, posting.Options(), lambda items, label: items)

    row = "SELECT hash, date, summ, customerid, paysys, processed FROM op_transactions WHERE id = 3"
    (payment,) = site.sql("SELECT id FROM payment")
    assert site.sql(row) == [(f"callback_{payment[0]}", PAID_AT, 1000.0, "7012340001", "QIWI", 0)]
    assert (site.owed(), site.owes()) == ("1750.10", OWES)  # it waits in the queue

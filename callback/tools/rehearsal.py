"""Rehearses a payment on a customer of the site's, whatever its views and statements are.

Find, pay, find, pay again: by the program's own operations, in one transaction that is undone. What
a bank would hear, and what would be in the books, is compared with what it should be.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from typing import Protocol as Interface

from callback.clock import utc_now
from callback.database.errors import DatabaseError, DuplicateError
from callback.database.statements import SCRIPTS
from callback.limits import STATEMENT_ROWS
from callback.model import Cancel, Check, Lifetime, Pay, Perform, Statement
from callback.tools.finding import Finding
from callback.tools.hints import explained
from callback.tools.undone import NOW, STATES, SUM, Books, NothingError, Undone, WrongError
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from callback.bank import Bank
    from callback.database import Database, Row
    from callback.model import Command, Result

OTHER_SUM = 2 * SUM
LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - as in the columns
DAY_S = 86400
# So many rows take a millisecond. A table that is read whole has them once.
LARGE = 1000
NOT_EXPLAINED = ("doctor_grants", "doctor_nodes", "doctor_tls", "grants")  # SHOW, GRANT
NO_SHOW_VIEW = "(1345,"  # MySQL explains a view only to who may see what it is made of
OF_TABLE = {"account": STATES["state"], "invoice": STATES["invoice_state"]}
# What nothing may be found for: a trailing blank, zeros in front.
NEAR = ("{} ", "000000{}")


def examine(
    database: Database, banks: Sequence[Bank], laid_over: Sequence[str]
) -> Iterator[Finding]:
    """Look at the customers, then rehearse for each sort of payer that the banks have."""
    sorts = {bank.payer: bank for bank in sorted(banks, key=lambda bank: not bank.prefix)}
    looks: tuple[_Look, ...] = (
        _Customers(tuple(sorts)),
        _OwnStatements(laid_over),
        *(_Play(bank, banks) for bank in sorts.values()),
    )
    for look in looks:
        with closing(Undone(database.engine.connect())) as connection:
            finding = _look(look, Books(database, connection))
        if finding.text:
            yield finding


def _look(look: _Look, books: Books) -> Finding:
    try:
        return Finding("ok", look.name, look.run(books))
    except NothingError as nothing:
        return Finding(nothing.state, look.name, str(nothing))
    except WrongError as wrong:
        return Finding("fault", f"{look.name}: {wrong.name}", str(wrong))
    except DatabaseError as error:
        return Finding("fault", f"{look.name}: {books.last}", explained(error))


class _Look(Interface):
    """Something to look at; WrongError, NothingError, DatabaseError."""

    @property
    def name(self) -> str: ...
    def run(self, books: Books) -> str: ...


@dataclass
class _Customers:
    """What may be wrong with any customer, where another program's are behind a view."""

    payers: Sequence[str]
    name: str = "customers"

    def run(self, books: Books) -> str:
        """Look at all of them; the keys and types of tables of our own need no look."""
        if not (books.is_mysql and any(not row["engine"] for row in books.rows("doctor_tables"))):
            raise NothingError
        self._states(books)
        self._rows(books)
        self._numbers(books)
        owners = books.rows("doctor_owners")[0]
        if owners["n"] and not owners["owned"]:
            raise WrongError(
                "invoice.account_id",
                _("is the id of no account, so nobody owes anything: mend it"),
            )
        return _("their numbers are unique, and their states ours")

    def _states(self, books: Books) -> None:
        for row in books.rows("doctor_states"):
            states = OF_TABLE[row["name"]]
            if row["state"] not in states:
                raise WrongError(
                    f"{row['name']}.state",
                    _("is {state!r} of {n}: expected {states}").format(
                        state=row["state"], n=row["n"], states=", ".join(states)
                    ),
                )

    def _numbers(self, books: Books) -> None:
        """Look whether each number is one customer's."""
        for payer in self.payers:
            for row in books.rows(f"doctor_same_{payer}"):
                what = (
                    _("some have none")
                    if row["number"] is None
                    else _("{n} are {number!r}").format(n=row["n"], number=row["number"])
                )
                raise WrongError(
                    f"{payer}.number",
                    _(
                        "{what}: nobody can tell whose the money is; leave out those without, "
                        "and number the others apart"
                    ).format(what=what),
                )

    def _rows(self, books: Books) -> None:
        """Look for what a join does to them: rows without a partner, and rows that are doubled."""
        for row in books.rows("doctor_lacking"):
            if row["n"]:
                raise WrongError(
                    row["name"], _("is NULL of {n}: leave them out, or mend it").format(n=row["n"])
                )
        for row in books.rows("doctor_twice"):
            raise WrongError(
                "invoice.id",
                _(
                    "{n} rows have the id {id}, and all of them are owed: does a join in the view "
                    "double them?"
                ).format(n=row["n"], id=row["id"]),
            )


@dataclass
class _OwnStatements:
    """Statements of the site's: can the server run them at all?"""

    laid_over: Sequence[str]
    name: str = "instance/sql"

    def run(self, books: Books) -> str:
        """Have each looked at by the server."""
        if not (self.laid_over and books.is_mysql):
            raise NothingError
        for name in self.laid_over:
            if name in books.texts and name not in (*SCRIPTS, *NOT_EXPLAINED):
                books.plan(name)
        return _("{n} of the site's own: the server can run them").format(n=len(self.laid_over))


@dataclass
class _Play:
    """A bank that pays for an account, or an invoice, of the site's."""

    bank: Bank
    banks: Sequence[Bank]
    number: str = ""
    issued: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)
    unseen: str = ""
    id: str = field(default_factory=lambda: f"doctor-{secrets.token_hex(8)}")

    @property
    def name(self) -> str:
        return f"rehearsal {self.bank.payer}"

    @property
    def payer(self) -> str:
        return self.bank.payer

    def run(self, books: Books) -> str:
        """Play it from the first check to the last cancellation."""
        self.number = self._somebody(books)
        self._find(books)
        self._plans(books)
        self._letters(books)
        self._pay(books)
        self._refusals(books)
        self._post(books)
        self._book_and_perform(books)
        self._register(books)
        self._lists(books)
        played = _("find, pay, find, pay again on one of the site's own, undone")
        return played + self.unseen

    def _somebody(self, books: Books) -> str:
        rows = books.rows(f"doctor_{self.payer}", state="active")
        self._check_patterns(rows)
        for row in rows:
            number = str(row["number"])
            typed = number.removeprefix(self.bank.prefix)
            owes = self._sum(books.rows(f"find_{self.payer}", **self._look(number)))
            fits = self.bank.account_number(typed) == number
            if fits and (self.payer == "account" or owes >= 5 * SUM):
                return typed
        raise NothingError(_("nobody is there yet to rehearse a payment with"))

    def _check_patterns(self, rows: Sequence[Row]) -> None:
        """Say so where nobody can be paid for, whatever the tables are."""
        banks = [bank for bank in self.banks if bank.payer == self.payer]
        numbers = [str(row["number"]) for row in rows]
        if numbers and not any(bank.takes(number) for bank in banks for number in numbers):
            raise NothingError(
                _(
                    "no bank lets in any of {n} numbers, such as {number!r}: is account_pattern "
                    "that of the site's numbers?"
                ).format(n=len(numbers), number=numbers[0]),
                "warning",
            )

    def _look(self, number: str) -> dict[str, Any]:
        since = {"waits_created_at": LONG_AGO, "waits_paid_at": LONG_AGO}
        return {"account": number, **(since if self.payer == "invoice" else {})}

    def _sum(self, rows: Sequence[Row]) -> Decimal:
        return Decimal(rows[0]["issued"]) - Decimal(rows[0]["paid"]) if rows else Decimal(0)

    def _find(self, books: Books) -> None:
        find = f"find_{self.payer}"
        number = self.bank.account_number(self.number)
        rows = books.rows(find, **self._look(number))
        if len(rows) != 1:
            text = _("finds {n} for {number!r}, which is one").format(n=len(rows), number=number)
            raise WrongError(find, text)
        for form in NEAR:
            if books.rows(find, **self._look(form.format(number))):
                text = _(
                    "finds {number!r} for {typed!r}: compare the lengths, too, as ours does "
                    "(CHAR_LENGTH)"
                ).format(number=number, typed=form.format(number))
                raise WrongError(find, text)
        if len(books.rows(find, **self._look(number[:-1]))) > 1:
            text = _("finds several for {typed!r}: compare the whole number")
            raise WrongError(find, text.format(typed=number[:-1]))
        self.issued, self.owed = Decimal(rows[0]["issued"]), self._sum(rows)

    def _plans(self, books: Books) -> None:
        if not books.is_mysql:
            return
        values = {"account": self.bank.account_number(self.number), "bank": self.bank.name}
        own = [f"{name}_{self.payer}" for name in ("find", "pay", "explain", "book")]
        for name in (*own, "find_payment", "perform_payment", "cancel_payment"):
            for row in self._plan(books, name, values):
                if row["type"] in ("ALL", "index") and int(row["rows"] or 0) >= LARGE:
                    text = _(
                        "reads all {rows} rows of {table}, and everybody waits for that: give it "
                        "a key on what it is looked up by (an expression has none)"
                    ).format(rows=row["rows"], table=row["table"])
                    raise WrongError(name, text)

    def _plan(self, books: Books, name: str, values: Mapping[str, Any]) -> Sequence[Row]:
        try:
            return books.plan(name, **values)
        except DatabaseError as error:
            if NO_SHOW_VIEW not in str(error):
                raise
            self.unseen = _(
                "; whether whole tables are read could not be seen: grant SHOW VIEW, to look once"
            )
            return ()

    def _letters(self, books: Books) -> None:
        find = f"find_{self.payer}"
        if self._lets_in("Ж"):
            try:
                books.rows(find, **self._look("Ж"))
            except DatabaseError as error:
                text = _(
                    "fails for a letter that the number's column cannot hold ({error}), so who "
                    'types one hears "ask again" for ever: set account_pattern, such as {pattern}'
                ).format(error=explained(error), pattern='"[0-9A-Za-z-]{1,30}"')
                raise WrongError(find, text) from error
        whole = [self.number[:-1] + "e" + self.number[-1:], "1e2", "10e3"]
        rows = books.rows(f"doctor_{self.payer}", state="active")
        if any(isinstance(row["number"], int) for row in rows) and self._lets_in("e", *whole):
            raise WrongError(
                f"{self.payer}.number",
                _(
                    "is a whole number, and the server takes 1e2 for 100: set account_pattern to "
                    "digits, such as {pattern}"
                ).format(pattern='"[1-9][0-9]{0,9}"'),
            )

    def _lets_in(self, letter: str, *more: str) -> bool:
        typed = [letter * n for n in range(1, 33)]
        typed += [self.number[:n] + letter + self.number[n + 1 :] for n in range(len(self.number))]
        patterns = [bank.account_pattern for bank in self.banks if bank.payer == self.payer]
        return any(pattern.fullmatch(text) for pattern in patterns for text in (*typed, *more))

    def _pay(self, books: Books) -> None:
        pay, explain = f"pay_{self.payer}", f"explain_{self.payer}"
        # The server locks what lies between a repeated id and the one before it, and new payments
        # of the bank would lie there and wait: this one is before it.
        guard = self._payment("0", state="created")
        self._expect(books, pay, guard, "ok", _("does not record a booking (:state)"))
        self._owes(books, self.owed, _("a payment is booked, and not performed"))
        paid = self._expect(books, pay, self._payment("a"), "ok", _("does not record a payment"))
        self._recorded(books, pay)
        self._times(books, pay, paid)
        if books.rows("find_payment", bank="", txn_id=self._id("a")):
            text = _("finds another bank's payment: compare p.bank = :bank")
            raise WrongError("find_payment", text)
        self._owes(books, self.owed - SUM, _("a payment is recorded"))
        self._ids(books, explain)
        self._repeats(books, pay, explain)
        self._owes(books, self.owed - SUM, _("a payment is repeated"))

    def _ids(self, books: Books, explain: str) -> None:
        """What reads a payment finds the one that is asked for, and no other."""
        look = self._look(self.bank.account_number(self.number))
        books.rows(explain, bank=self.bank.name, txn_id=self._id("a"), **look)
        for name, more in (("find_payment", {}), (explain, look)):
            rows = books.rows(name, bank=self.bank.name, txn_id=self._like(), **more)
            if rows and rows[0]["id"] is not None:
                raise WrongError(name, self._like_fault())

    def _repeats(self, books: Books, pay: str, explain: str) -> None:
        again = _("takes a payment that is there already for a new one, or does not find it")
        self._expect(books, explain, self._payment("a"), "duplicate_same", again)
        # A bank may send the same with another date.
        later = self._payment("a", paid_at=NOW + timedelta(hours=1))
        self._expect(books, pay, later, "duplicate_same", again)
        other = _("takes another payment under the same txn_id for the first, and raises no alarm")
        for command in (
            self._payment("a", amount=OTHER_SUM),
            self._payment("a", account=f"{self.number}7"),
        ):
            self._expect(books, explain, command, "duplicate_other", other)
        self._recorded(books, pay)

    def _recorded(self, books: Books, pay: str) -> None:
        rows = books.rows("find_payment", bank=self.bank.name, txn_id=self._id("a"))
        if not rows:
            text = _("records it under another bank or txn_id than it was given")
            raise WrongError(pay, text)
        told = {
            "payment_number": self.bank.prefix + self.number,
            "amount": SUM,
            "payment_state": "paid",
            "paid_at": NOW,
        }
        for name, value in told.items():
            self._is_recorded(pay, name, rows[0][name], value)
        listed = books.rows("list_payments", bank=self.bank.name, since=NOW, until=NOW)
        currencies = [row["currency"] for row in listed if row["txn_id"] == self._id("a")]
        if not currencies:
            raise WrongError("list_payments", _("leaves a payment of these days out"))
        self._is_recorded(pay, "currency", currencies[0], self.bank.currency)

    def _is_recorded(self, statement: str, name: str, recorded: Any, value: Any) -> None:
        if recorded != value:
            text = _("records {recorded!r} as {name}, not {value!r}")
            text = text.format(recorded=recorded, name=name, value=value)
            raise WrongError(statement, text)

    def _times(self, books: Books, statement: str, result: Result) -> None:
        """What was told as the time of a change is recorded, and not another clock's."""
        payment = result.payment
        if payment is None:
            return
        (row,) = books.rows("find_payment", bank=self.bank.name, txn_id=payment.txn_id)
        for name in ("created_at", "performed_at", "cancelled_at"):
            told = getattr(payment, name)
            if row[name] != told:
                text = _("records {recorded!r} as {name}, not {value!r}: write :now, as ours does")
                raise WrongError(statement, text.format(recorded=row[name], name=name, value=told))

    def _refusals(self, books: Books) -> None:
        pay = f"pay_{self.payer}"
        nobody = self._payment("b", account=f"000000{self.number}")
        wrong = _("records for a number that is not there")
        self._expect(books, pay, nobody, "unknown_account", wrong)
        for state in ("closed", "blocked") if self.payer == "account" else ():
            for row in books.rows("doctor_account", state=state)[:1]:
                typed = str(row["number"]).removeprefix(self.bank.prefix)
                command = self._payment("b", account=typed)
                wrong = _("records for an account that is {state}").format(state=state)
                self._expect(books, pay, command, f"account_{state}", wrong)
        if self.payer == "invoice":
            # In part it is paid by now, and cannot be paid whole.
            wrong = _("records a part of an invoice that is to be paid whole (:exact)")
            for amount in (SUM, self.issued):
                whole = self._payment("b", amount=amount, exact=True)
                self._expect(books, pay, whole, "already_paid", wrong)

    def _post(self, books: Books) -> None:
        """What the accounting program knows is not subtracted again."""
        (row,) = books.rows("find_payment", bank=self.bank.name, txn_id=self._id("a"))
        books.change("mark_posted", ids=(row["id"],), now=utc_now())
        self._owes(books, self.owed, _("the program has the payment (posted_at)"))
        cancel = Cancel(name="cancel_payment", txn_id=self._id("a"), refund=True)
        self._expect(books, "cancel_payment", cancel, "ok", _("does not cancel a payment"))
        self._owes(books, self.owed + SUM, _("a payment is cancelled that the program has"))
        books.change("mark_reversed", ids=(row["id"],), now=utc_now())
        self._owes(books, self.owed, _("the program has the cancellation (reversed_at)"))

    def _book_and_perform(self, books: Books) -> None:
        pay = f"pay_{self.payer}"
        created = self._payment("c", state="created")
        self._expect(books, pay, created, "ok", _("does not record a booking (:state)"))
        self._owes(books, self.owed, _("a payment is booked, and not performed"))
        if self.payer == "invoice":
            held = Lifetime(DAY_S, "created_at")
            second = self._payment("d", state="created", held_for=held)
            wrong = _("books an invoice that is booked (:waits_created_at, :waits_paid_at)")
            self._expect(books, pay, second, "already_paid", wrong)
        self._perform_and_cancel(books)

    def _perform_and_cancel(self, books: Books) -> None:
        """Each once, and only what is as it was read."""
        perform, cancel = "perform_payment", "cancel_payment"
        performs, cancels = {"paid_at": NOW}, {"reason": None, "seen": "created"}
        for name, values in ((perform, performs), (cancel, cancels)):
            self._changes_nothing(books, name, self._like_fault(), **values, txn_id=self._like())
        command: Command = Perform(name=perform, txn_id=self._id("c"))
        done = self._expect(books, perform, command, "ok", _("does not perform a booking"))
        self._times(books, perform, done)
        self._owes(books, self.owed - SUM, _("a booking is performed"))
        wrong = _("cancels a payment that was performed since it was read: AND state = :seen")
        self._changes_nothing(books, cancel, wrong, **cancels)
        command = Cancel(name=cancel, txn_id=self._id("c"), refund=True)
        done = self._expect(books, cancel, command, "ok", _("does not cancel a payment"))
        self._times(books, cancel, done)
        self._owes(books, self.owed, _("a payment is cancelled"))
        wrong = _("performs a payment that is cancelled: AND state = 'created'")
        self._changes_nothing(books, perform, wrong, **performs)

    def _changes_nothing(self, books: Books, name: str, wrong: str, **values: Any) -> None:
        names = {"bank": self.bank.name, "txn_id": self._id("c"), "now": utc_now()}
        if books.change(name, **names | values):
            raise WrongError(name, wrong)

    def _register(self, books: Books) -> None:
        book = f"book_{self.payer}"
        now = utc_now()
        values = {
            "bank": self.bank.name,
            "txn_id": self._id("e"),
            "account": self.bank.account_number(self.number),
            "number": self.bank.prefix + self.number,
            "amount": SUM,
            "currency": self.bank.currency,
            "paid_at": NOW,
            "created_at": now,
            "performed_at": now,
        }
        if books.change(book, **values) != 1:
            raise WrongError(book, _("does not record a payment of a register, and only one"))
        self._owes(books, self.owed - SUM, _("a payment of a register is booked"))
        try:
            books.change(book, **values)
        except DuplicateError:
            return
        raise WrongError(book, _("records a payment of a register once more, when it is there"))

    def _lists(self, books: Books) -> None:
        since, until = NOW - timedelta(days=1), utc_now() + timedelta(days=1)
        columns: tuple[Literal["paid_at", "performed_at"], ...] = ("paid_at", "performed_at")
        for by in columns:
            name = f"statement_by_{by}"
            books.rows(name, bank=self.bank.name, since=since, until=until, most=STATEMENT_ROWS)
            command = Statement(name=name, since=since, until=until, by=by)
            listed = books.do(self.bank, command).payments
            if self._id("a") not in {payment.txn_id for payment in listed}:
                raise WrongError(name, _("leaves a payment of these days out"))
        of_days = {"before": NOW - timedelta(days=1), "last": NOW + timedelta(days=1)}
        rows = books.rows("payments_of_days", bank=self.bank.name, **of_days)
        if self._id("e") not in {row["txn_id"] for row in rows}:
            raise WrongError("payments_of_days", _("leaves a payment of these days out"))
        number = self.bank.account_number(self.number)
        bills = books.rows(f"doctor_bill_{self.payer}", account=number)
        if len(bills) != 1 or self._sum(bills) != self.owed - SUM:
            text = _(
                "has {n} lines of {number!r}, which say {sum}, and a check says {owed}: a list "
                "and a check are to say the same"
            ).format(n=len(bills), number=number, sum=self._sum(bills), owed=self.owed - SUM)
            raise WrongError(f"bills_{self.payer}", text)

    def _like(self) -> str:
        """An id that nobody has, but to LIKE; what is locked then lies between our own."""
        return self._id("_")

    def _like_fault(self) -> str:
        return _("takes _ in a txn_id for any letter: compare with =, and not with LIKE")

    def _id(self, letter: str) -> str:
        return f"{self.id}{letter}"

    def _payment(self, letter: str, **more: Any) -> Pay:
        common: dict[str, Any] = {"account": self.number, "amount": SUM, "paid_at": NOW}
        return Pay(name=f"pay_{self.payer}", txn_id=self._id(letter), **common | more)

    def _expect(
        self, books: Books, statement: str, command: Command, outcome: str, wrong: str
    ) -> Result:
        try:
            result = books.do(self.bank, command)
        except DatabaseError as error:
            raise WrongError(statement, f"{wrong}: {explained(error)}") from error
        if (found := result.outcome) != outcome:
            text = _("{wrong} (it comes to {found}, not {outcome})")
            raise WrongError(statement, text.format(wrong=wrong, found=found, outcome=outcome))
        return result

    def _owes(self, books: Books, wanted: Decimal, when: str) -> None:
        find = f"find_{self.payer}"
        payer = books.do(self.bank, Check(name=find, account=self.number)).payer
        owed = payer.owed if payer else None
        if owed != wanted:
            raise WrongError(
                find,
                _(
                    "says that {owed} is owed when {when}, and not {wanted}: what ours subtracts "
                    'is in sql/README.md, "What is owed"'
                ).format(owed=owed, when=when, wanted=wanted),
            )

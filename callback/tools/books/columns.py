"""What the columns of a row say: a payment, money that went back, no payment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.readers import SUMS
from callback.tools.books import ids, purpose, reading, sums
from callback.tools.books.entry import Entry, Remark, entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from callback.bank import Bank
    from callback.layouts import RegisterLayout


@dataclass(frozen=True)
class Columns:
    """How a row is read; `day` is that of the whole file, where its rows have none."""

    bank: Bank
    day: date | None = None

    @property
    def _layout(self) -> RegisterLayout:
        return self.bank.register

    def judge(self, line: int, fields: list[str]) -> Entry | Remark:
        """Read a row; ValueError when it cannot be read."""
        longest = max(map(len, fields))
        if longest > reading.LONGEST:
            raise ValueError(Phrase("a field of {longest} characters", longest=longest))
        state = field(fields, self._layout.state) if self._layout.state else ""
        if state in self._layout.refund:
            return self._refund(line, fields, f"{state!r}")
        if self._layout.state and state not in self._layout.good:
            good = " or ".join(map(repr, self._layout.good))
            return self._no_payment(
                line, fields, Phrase("{state!r} is not {good}", state=state, good=good)
            )
        if self._layout.ignore and self._layout.ignore.search(self._account(fields)):
            return self._no_payment(line, fields, purpose.shortened(self._account(fields)))
        amount = self._sum(fields)
        if amount < 0:
            return self._refund(line, fields, "")
        return self._payment(line, fields, amount) if amount else self._no_payment(line, fields)

    def has_money(self, fields: list[str]) -> bool:
        """Whether a row that is to be passed over says which payment, how much, and when."""
        with suppress(ValueError):
            row = self._row(0, fields)
            return any(character.isdigit() for character in row.txn_id) and row.amount > 0
        return False

    def _payment(self, line: int, fields: list[str], amount: Decimal) -> Entry | Remark:
        row = self._row(line, fields)
        number = self._account(fields)
        try:
            if self._layout.purpose:
                number = purpose.account(number, self._layout.purpose)
        except purpose.NoNumberError as error:
            return Remark(error.name, line, str(error), row._replace(account=""))
        payment = entry(line, row.txn_id, ids.account(number), amount, row.paid_at)
        service = field(fields, self._layout.service) if self._layout.service else ""
        return payment._replace(service=service, sums=tuple(self._further_sums(fields)))

    def _further_sums(self, fields: list[str]) -> Iterator[tuple[str, Decimal]]:
        """Nothing is decided by them: one that cannot be read is not there."""
        for kind in SUMS:
            column = getattr(self._layout, kind)
            if column:
                with suppress(ValueError):
                    text = field(fields, column)
                    yield kind, sums.signed(text, self._layout, self.bank.currency)

    def _refund(self, line: int, fields: list[str], detail: str) -> Remark:
        row = self._row(line, fields)
        return Remark("refund", line, detail, row._replace(amount=-abs(row.amount)))

    def _no_payment(self, line: int, fields: list[str], detail: str = "0.00") -> Remark:
        row = None
        with suppress(ValueError):
            row = self._row(line, fields)
        return Remark("not a payment", line, detail, row)

    def _row(self, line: int, fields: list[str]) -> Entry:
        """The row as it stands there, whatever it is; ValueError."""
        txn_id = ids.txn_id(field(fields, self._layout.txn_id), self._layout)
        account = purpose.shortened(self._account(fields))
        return Entry(line, txn_id, account, self._sum(fields), self._paid_at(fields))

    def _account(self, fields: list[str]) -> str:
        return field(fields, self._layout.account)

    def _sum(self, fields: list[str]) -> Decimal:
        return sums.signed(field(fields, self._layout.sum), self._layout, self.bank.currency)

    def _paid_at(self, fields: list[str]) -> datetime:
        layout = self._layout
        moment = self._moment(fields)
        time = field(fields, layout.time) if layout.time else ""
        if not time:
            return moment
        try:
            clock = reading.parsed(time, layout.time_form)
        except ValueError:
            raise ValueError(
                Phrase("not a time by {time_form}: {time!r}", time_form=layout.time_form, time=time)
            ) from None
        return datetime.combine(moment.date(), clock.time())

    def _moment(self, fields: list[str]) -> datetime:
        if self.day:
            return datetime.combine(self.day, datetime.min.time())
        layout = self._layout
        return reading.moment(field(fields, layout.date), layout.date_form, self.bank.timezone)


def field(fields: list[str], column: int) -> str:
    """The text in a column; ValueError when there is none."""
    try:
        return fields[column - 1 if column > 0 else column]
    except IndexError:
        hint = Phrase("; does separator name what is between them?") if len(fields) == 1 else ""
        raise ValueError(
            Phrase("too few columns: {fields}{hint}", fields=len(fields), hint=hint)
        ) from None

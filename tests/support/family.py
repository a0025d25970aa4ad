"""What the dialects of the OSMP family do alike, tested in each with its own words.

A file of the family derives a class from the groups that hold for its dialect and supplies WORDS:

    class TestLikeTheFamily(family.Requests, family.Forms):
        WORDS = family.Words(bank="qiwi", ...)

The numbers in brackets are sections, which are the same in the sheets of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.support.answers import payments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BARE = "bare integer: kopecks? if not, sum_form = lenient"
DECIMAL = "a comma, or one decimal: sum_form = decimal"
DATED = "another form of date: dates = lenient"


def query(parameters: Mapping[str, str | None]) -> str:
    """The query of a request, without the parameters that are None; the rest as it is."""
    return "&".join(f"{name}={text}" for name, text in parameters.items() if text is not None)


def account_becomes(books: Engine, number: str, since: str) -> None:
    """What may happen to an account after a payment: "closed", "blocked", "gone", or "nothing"."""
    if since in ("closed", "blocked"):
        books.execute("UPDATE account SET state = ? WHERE number = ?", since, number)
    elif since == "gone":
        books.execute("DELETE FROM account WHERE number = ?", number)


def last_outcome(endpoint: Endpoint) -> tuple[str, bool]:
    """The outcome that was logged last, and whether it is an alarm."""
    line = endpoint.log()[-1]
    return line["outcome"], "alarm" in line


@dataclass(frozen=True)
class Words:
    """What one dialect calls the things that these tests speak of."""

    bank: str  # of the worked examples; "plain" and "strict" are banks of the same file
    first: str  # a payment of the worked examples, as a query
    paid: tuple[str, ...]  # what it leaves in the books
    pay: Callable[..., str]  # the query of another one, with some parameters changed
    amount: str  # the parameter with the sum
    date: str  # and the one with the date
    twice: str  # a parameter of the first payment, to be sent again in the form
    read: Callable[[Reply], dict[str, Any]]
    code: str  # where the code stands in an answer
    codes: Mapping[str, str | int]  # by our outcome
    # For the group Texts alone.
    txn_id: str = ""  # the parameter with the id
    echo: str = ""  # where the id stands in an answer
    number: str = ""  # where our number does
    check: str = ""  # the query of a check, up to the number of the account

    def result(self, endpoint: Endpoint, query: str, bank: str = "") -> str | int:
        """Ask by GET; the code alone."""
        code: str | int = self.read(endpoint.call(f"/{bank or self.bank}?{query}"))[self.code]
        return code


class Requests:
    """How a request comes, and what a refusal leaves behind."""

    WORDS: ClassVar[Words]

    def test_a_refused_payment_is_judged_afresh(self, books: Engine, endpoint: Endpoint) -> None:
        """Refusals are not stored [7]."""
        words, account = self.WORDS, self.WORDS.paid[2]
        books.execute("UPDATE account SET state = 'blocked' WHERE number = ?", account)
        assert words.result(endpoint, words.first) == words.codes["account_blocked"]
        books.execute("UPDATE account SET state = 'active' WHERE number = ?", account)
        assert words.result(endpoint, words.first) == words.codes["ok"]
        assert payments(books) == [words.paid]

    def test_a_parameter_in_query_and_form_is_there_twice(
        self, books: Engine, endpoint: Endpoint
    ) -> None:
        """Also with the same value; a form of more than 64 KiB is not read at all [3]."""
        words = self.WORDS
        for body in (words.twice, "x" * 70_000):
            reply = endpoint.call(f"/{words.bank}?{words.first}", "POST", body, FORM)
            assert words.read(reply)[words.code] == words.codes["bad_request"]
        assert payments(books) == []

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    def test_another_method_does_nothing(
        self, books: Engine, endpoint: Endpoint, method: str
    ) -> None:
        """405, empty; HEAD must not run what GET runs [2, 13]."""
        reply = endpoint.call(f"/{self.WORDS.bank}?{self.WORDS.first}", method)

        assert (reply.status, reply.body) == (405, b"")
        assert payments(books) == []


class Forms:
    """Other forms of sums and dates; the bank "strict" has `dates = "lenient"` as well."""

    WORDS: ClassVar[Words]

    @pytest.mark.parametrize(
        ("sum_form", "part", "text", "why"),
        [
            ("decimal", "amount", "1050", BARE),
            ("decimal", "amount", "1050.505", None),
            ("decimal", "amount", "1e3", None),
            ("decimal", "date", "2026-11-03+10:15:00", DATED),
            ("decimal", "date", "03.11.2026+10:15:00", DATED),
            ("decimal", "date", "2026-02-30+10:15:00", None),
            ("decimal", "date", "2026-11-03", None),
            ("strict", "amount", "1050", BARE),
            ("strict", "amount", "1050.5", DECIMAL),
            ("strict", "amount", "1050,50", DECIMAL),
        ],
    )
    def test_the_log_says_which_setting_would_take_it(  # noqa: PLR0917
        self,
        books: Engine,
        endpoint: Endpoint,
        sum_form: str,
        part: str,
        text: str,
        why: str | None,
    ) -> None:
        """A sum or a date that is refused; what no setting takes has no such line [3]."""
        words = self.WORDS
        bank = "strict" if sum_form == "strict" else words.bank
        words.result(endpoint, words.pay(**{getattr(words, part): text}), bank)

        line = endpoint.log()[-1]
        assert line["outcome"] in ("bad_sum", "bad_date")
        assert line.get("why") == why
        assert payments(books) == []

    @pytest.mark.parametrize(
        "text",
        ["20261103101500", "2026-11-03+10:15:00", "2026-11-03T10:15:00", "03.11.2026+10:15:00"],
    )
    def test_lenient_dates_are_the_same_date(
        self, books: Engine, endpoint: Endpoint, text: str
    ) -> None:
        """dates = "lenient" [10]."""
        self.WORDS.result(endpoint, self.WORDS.pay(**{self.WORDS.date: text}), "strict")

        assert [row[5] for row in payments(books)] == ["2026-11-03 10:15:00"]


class Texts:
    """Ids and accounts are texts, and a date is fourteen digits."""

    WORDS: ClassVar[Words]

    @pytest.mark.parametrize(
        ("text", "outcome"),
        [
            ("20240229235959", "ok"),
            ("19700101000000", "ok"),
            ("20991231235959", "ok"),
            ("20230229000000", "bad_date"),
            ("19691231235959", "bad_date"),
            ("21000101000000", "bad_date"),
            ("20261103240000", "bad_date"),
            ("20261103236000", "bad_date"),
            ("20261103235960", "bad_date"),
            ("20261303000000", "bad_date"),
            ("2026110310150", "bad_date"),
            ("202611031015000", "bad_date"),
            ("20261103101500%0A", "bad_date"),
            ("2026%D9%A1103101500", "bad_date"),
            ("20261103T101500", "bad_date"),
            ("", "bad_date"),
        ],
    )
    def test_a_date_is_real_and_kept_as_the_bank_gave_it(
        self, books: Engine, endpoint: Endpoint, text: str, outcome: str
    ) -> None:
        """Years 1970 to 2099, of any age [3]."""
        words = self.WORDS
        assert words.result(endpoint, words.pay(**{words.date: text})) == words.codes[outcome]
        digits = ["".join(filter(str.isdigit, row[5])) for row in payments(books)]
        assert digits == ([text] if outcome == "ok" else [])

    def test_ids_are_texts(self, books: Engine, endpoint: Endpoint) -> None:
        """0007 and 7 are two payments, and so are two ids beyond 64 bits [3]."""
        words = self.WORDS
        ids = ["7", "0007", "18446744073709551617", "18446744073709551616"]
        answers = [
            words.read(endpoint.call(f"/{words.bank}?{words.pay(**{words.txn_id: txn_id})}"))
            for txn_id in ids
        ]

        assert [answer[words.echo] for answer in answers] == ids
        assert len({answer[words.number] for answer in answers}) == 4
        assert [row[1] for row in payments(books)] == ids

    def test_ids_belong_to_a_bank(self, books: Engine, endpoint: Endpoint) -> None:
        """The same id from two banks is two payments."""
        words = self.WORDS
        results = [
            words.result(endpoint, words.first, bank) for bank in (words.bank, "plain", words.bank)
        ]

        assert results == [words.codes["ok"]] * 3
        assert [row[0] for row in payments(books)] == [words.bank, "plain"]

    def test_account_numbers_are_compared_exactly(self, engine: Engine, endpoint: Endpoint) -> None:
        """Letter case, leading zeros, blanks at the end, other alphabets [3]."""
        words, codes = self.WORDS, self.WORDS.codes
        for number in ("AbC-1", "007", "ё-1", "a&<b>'\""):
            engine.account(number)

        for text in ("AbC-1", "007", "%D1%91-1", "a%26%3Cb%3E'%22"):
            assert words.result(endpoint, words.check + text, "plain") == codes["ok"], text
        for text in ("abc-1", "7", "0007", "%D0%B5-1", "AbC-1%C2%A0"):
            code = words.result(endpoint, words.check + text, "plain")
            assert code == codes["unknown_account"], text
        for hostile in ("'%20OR%201=1--", "%F0%9F%92%B0", "1%00", "x" * 65, "%25s", ":account"):
            code = words.result(endpoint, words.check + hostile, "plain")
            assert code in (codes["bad_account"], codes["unknown_account"]), hostile

"""Our own words: what each says unless it is told otherwise, and what is made of a payer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from callback import model
from callback.model import (
    Cancel,
    Check,
    Command,
    Note,
    Pay,
    Payer,
    Payment,
    Perform,
    Refuse,
    Status,
)

PAID_AT = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
PAYER = Payer(
    *("7012340001", "Aigerim Sadykova", "Abai 1", "active", None),
    *(Decimal("100.00"), Decimal("30.50"), 0),
)
SUM = Decimal("5.00")
NO_SUMS = ("sum_differs", "sum_differs")
COMMAND: dict[str, Any] = {
    **dict.fromkeys(("txn_id", "account", "service"), ""),
    **dict.fromkeys(("amount", "echo", "credentials")),
    "name": "n",
    "noted": {},
}
OUTCOMES = """
account_blocked account_closed already_paid bad_account bad_address bad_date bad_id
bad_method bad_request bad_service bad_signature bad_sum bad_token bad_type
cancel_differs cancel_refused duplicate_other duplicate_same invoice_cancelled
missing not_authenticated ok payment_cancelled payment_expired payment_not_found
payment_performed sum_differs sum_too_large sum_too_small temporary
too_many_payments unknown_account unknown_command unreadable
"""
OF = {**dict.fromkeys(("of_id", "of_account", "of_sum")), "mismatch": "payment_not_found"}
DEFAULTS: list[tuple[type[Command], dict[str, Any]]] = [
    (Check, {"exact": False, "differs": NO_SUMS, "held_for": None}),
    (
        Pay,
        {
            **dict.fromkeys(("paid_at", "refused", "held_for", "lifetime")),
            **{"state": "paid", "exact": False, "differs": NO_SUMS},
            "performed": "duplicate_same",
        },
    ),
    (
        Perform,
        {
            **OF,
            **{"sum_first": False, "unknown": "payment_not_found"},
            **dict.fromkeys(("paid_at", "lifetime")),
        },
    ),
    (
        Cancel,
        {
            **OF,
            **{"unknown": "payment_not_found", "reason": None, "refund": False, "booked": False},
        },
    ),
    (Note, {}),
    (Status, {"cancelled": "ok", "lifetime": None, "booked": False}),
]


@pytest.mark.parametrize(("command", "own"), DEFAULTS)
def test_a_command_wants_nothing_that_is_not_said(
    command: type[Command], own: dict[str, Any]
) -> None:
    """A dialect that names nothing gets the plain payment, whole and once."""
    values = vars(command(name="n"))
    assert values == COMMAND | own
    assert [type(values[name]) for name in own] == [type(value) for value in own.values()]


def test_a_statement_is_by_the_banks_own_dates() -> None:
    """Unless it is told otherwise."""
    statement = model.Statement(name="n", since=PAID_AT, until=PAID_AT)
    assert vars(statement) == COMMAND | {"since": PAID_AT, "until": PAID_AT, "by": "paid_at"}


def test_credentials_and_passwords_are_not_shown() -> None:
    """A log that prints a command has none."""
    shown = repr(Refuse(name="n", outcome="missing", credentials=(b"user", b"word")))
    assert "word" not in shown
    changed = model.ChangePassword(name="n", password="secret")
    assert "secret" not in repr(changed)


@pytest.mark.parametrize(
    ("pays", "refused", "amount", "expected"),
    [
        (True, None, SUM, Pay(name="n", paid_at=PAID_AT, amount=SUM)),
        (True, "bad_date", SUM, Pay(name="n", paid_at=PAID_AT, amount=SUM, refused="bad_date")),
        (True, "bad_sum", None, Refuse(name="n", outcome="bad_sum")),
        (False, "bad_sum", SUM, Refuse(name="n", outcome="bad_sum", amount=SUM)),
        (False, None, SUM, Check(name="n", amount=SUM)),
        (False, None, None, Check(name="n")),
    ],
)
def test_what_is_made_of_a_request(
    pays: bool, refused: Any, amount: Decimal | None, expected: Command
) -> None:
    """A payment whose sum is known may be known itself."""
    assert model.check_or_pay(pays, refused, PAID_AT, name="n", amount=amount) == expected


@pytest.mark.parametrize(
    ("paid", "owed", "debt"),
    [("30.50", "69.50", "69.50"), ("100.00", "0.00", "0.00"), ("100.01", "-0.01", "0.00")],
)
def test_what_is_owed(paid: str, owed: str, debt: str) -> None:
    """To the hundredth; nothing more is to pay when too much was paid."""
    payer = PAYER._replace(paid=Decimal(paid))
    assert (str(payer.owed), str(payer.debt)) == (owed, debt)
    assert payer.shown == {"name": "A*** S***", "address": "Abai 1", "debt": owed}
    assert payer._replace(issued=Decimal(1), paid=Decimal(0)).shown["debt"] == "1.00"


@pytest.mark.parametrize(
    ("name", "masked"), [("", ""), (" ", ""), ("Ё", "Ё***"), ("Ann  B. Lee", "A*** B*** L***")]
)
def test_a_name_is_not_told(name: str, masked: str) -> None:
    """Whatever blanks are in it."""
    assert PAYER._replace(name=name).masked_name == model.masked(name) == masked


def test_the_words_that_settings_name() -> None:
    """`codes` is by them: none may go."""
    assert sorted(get_args(model.Outcome)) == OUTCOMES.split()


def test_done_is_what_is_recorded() -> None:
    """Now, or before by the same request."""
    outcomes = get_args(model.Outcome)
    done = [outcome for outcome in outcomes if model.Result(outcome).done]
    assert done == ["ok", "duplicate_same"]
    assert model.Result("ok") == ("ok", None, None, ())
    payment = Payment(1, "1", None, SUM, "created", PAID_AT, PAID_AT)
    assert payment[7:] == (None, None, None)


def test_every_alarm_and_every_broader_word_is_an_outcome() -> None:
    """And which they are: somebody is woken, a dialect without the word says the other."""
    outcomes = {*get_args(model.Outcome)}
    assert outcomes > model.ALARMS
    assert sorted(model.ALARMS) == [
        *("bad_address", "bad_signature", "bad_token", "cancel_differs"),
        *("duplicate_other", "not_authenticated"),
    ]
    assert model.BROADER == {
        "invoice_cancelled": "unknown_account",
        "cancel_differs": "cancel_refused",
        "payment_performed": "duplicate_same",
        "bad_service": "bad_request",
    }
    assert outcomes > {*model.BROADER, *model.BROADER.values()}

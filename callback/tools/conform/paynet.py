"""The bank's side of paynet.md: Paynet, JSON-RPC in one phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.forms import Members
from callback.tools.conform.json_simulator import (
    LONE_SURROGATE,
    WHOLE,
    JsonSimulator,
    wrong_amounts,
    wrong_numbers,
)
from callback.tools.conform.model import ABSENT, Raw, Reading, require
from callback.tools.conform.simulator import Sheet, other_service, wrong_dates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="paynet.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "states": "7",
        "repeats": "8",
        "cancel": "9",
    },
    codes={
        "ok": "result",
        "pay.duplicate_same": "201",  # always, whatever else the request says
        "pay.duplicate_other": "201",
        "pay.payment_cancelled": "201",
        "cancel.duplicate_same": "result",
        "status.payment_cancelled": "result",
        "status.payment_not_found": "result",  # state 3
        "payment_not_found": "203",
        "cancel_refused": "77",
        "unknown_account": "302",
        "bad_account": "302",
        "account_closed": "302",
        "already_paid": "302",
        "account_blocked": "501",
        "bad_service": "305",
        "bad_sum": "413",
        "sum_too_small": "413",
        "sum_too_large": "415",
        "bad_date": "414",
        "too_many_payments": "414",
        "bad_id": "411",
        "missing": "411",
        "unreadable": "-32700",
        "bad_request": "-32600",
        "no_object": "-32600",
        "unknown_command": "-32601",
        "bad_method": "-32300",
        # Where a password is changed no code is known to mean "ask again" either: HTTP 503.
        "check.temporary": "100",
        "status.temporary": "100",
        "statement.temporary": "100",
    },
    acts={
        "check": "GetInformation",
        "pay": "PerformTransaction",
        "status": "CheckTransaction",
        "cancel": "CancelTransaction",
        "statement": "GetStatement",
        "password": "ChangePassword",
    },
    unknown_acts=("Foo", "changePassword", "performTransaction", "Perform Transaction", "", " "),
    slots={
        "check": ("act", "service", "account"),
        "pay": ("act", "service", "id", "time", "sum", "account"),
    },
    optional_in_pay=("time",),
    order=(
        *("twice", "act", "no service", "service", "no account", "id", "sum", "time", "account"),
        *("limits", "payer"),
    ),
    ids_have_letters=True,
    longest_id=64,
    any_type=True,
    upside_down="bad_date",
    exact_invoice=True,
    wrong_methods=("GET", "PUT", "DELETE"),
)
RPC_ID = 17
EXAMPLE_PASSWORD = "example-only-password"  # noqa: S105 - what a page prints
WRONG_PASSWORDS: tuple[Any, ...] = (
    "",
    "1234567",
    "x" * 129,
    12345678,
    True,
    [],
    "12345\t78",
    "пароль-пароль",
)
STATES = {1: "paid", 2: "cancelled", 3: "none"}


class Paynet(JsonSimulator):
    """Paynet (UZPAYNET)."""

    SHEET = SHEET

    def refunds(self) -> bool:
        """Section 9."""
        return bool(self.bank.own["refund"])

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "id":  # a number, where it stands for the same text
            return int(step.id) if WHOLE.fullmatch(step.id) else step.id
        if slot == "service":
            return int(self.bank.own["service_id"][0])
        if slot == "time":
            return text_of(step.at)
        if slot == "password":  # the present one: nobody is locked out by it
            return self.bank.password[-1].decode() if self.bank.password else EXAMPLE_PASSWORD
        return self.tiyin(step.sum) if slot == "sum" else super().value(slot, step)

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """Section 3: blanks around a method, a service and an account as text or number."""
        yield from super().spellings(step)
        method, service = self.value("act", step), str(self.value("service", step))
        yield from (("act", f" {method}"), ("act", f"{method} "), ("service", service))
        if step.act == "pay":
            yield from (("id", step.id), ("time", f"{step.at:%d.%m.%Y %H:%M:%S}"))

    def body(self, step: Step) -> Members:
        """The envelope, and the params of the method."""
        params = Members([*self._params(step), *dict(step.extra).items()])
        method = self.member("method", "act", step)
        return Members([("jsonrpc", "2.0"), ("id", RPC_ID), *method, ("params", params)])

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3: what is missing, and what is wrong."""
        tiyin, other = self.tiyin(probe), other_service(self.bank)
        tables: dict[Slot, tuple[str, tuple[Any, ...]]] = {
            "id": ("bad_id", ("", "a b", "a_b", "x" * 65, LONE_SURROGATE, 0, -5, True, [])),
            "time": ("bad_date", (*self._dates(step), 5, True, [])),
            "sum": ("bad_sum", (*wrong_amounts(tiyin), 0, -tiyin)),
            "account": ("bad_account", (*wrong_numbers(self, step.account), True, [], Raw("1.5"))),
            "accounts": ("bad_account", ("x", [], 5)),
            "service": ("bad_service", (other, str(other), "x", True, [], Raw(f"{other}.0"))),
            "password": ("missing", WRONG_PASSWORDS),
        }
        outcome, values = tables[slot]
        yield from ((value, outcome) for value in values)
        if slot == "sum":
            yield 10**25, "sum_too_large"
        if slot not in self.SHEET.optional_in_pay:
            yield from ((value, "missing") for value in (None, ABSENT))
        if slot in ("account", "accounts"):
            yield ("" if slot == "account" else {}), "missing"

    def understand(self, step: Step, reply: Reply) -> Reading:
        """HTTP 401 may have a body, for readers that want one (section 2)."""
        return self.bare(reply) if reply.status == 401 else super().understand(step, reply)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        members = forms.read_json(reply)
        require(members.get("jsonrpc") == "2.0", Phrase('jsonrpc is not "2.0"'))
        require(members.get("id", "missing") in (RPC_ID, None), Phrase("id is not the request's"))
        require(
            ("result" in members) != ("error" in members),
            Phrase("it has not one of result and error"),
        )
        if "error" in members:
            return Reading(_error(members["error"]))
        require(members["id"] == RPC_ID, Phrase("id is not the request's"))
        result = members["result"]
        if step.act == "password":
            require(result == "success", Phrase('result is not the text "success"'))
            return Reading("result")
        require(isinstance(result, dict), Phrase("result is no object"))
        if step.act == "check":
            require(result.get("status") == "0", Phrase('status is not the text "0"'))
            return self._shown(result)
        if step.act == "statement":
            return Reading("result", listed=_listed(result))
        return self._payment(step, result)

    def _dates(self, step: Step) -> Iterator[str]:
        yield from wrong_dates(text_of(step.at), "2026-02-30 12:00:00", "30.02.2026 12:00:00", "")

    def _params(self, step: Step) -> Iterator[tuple[str, Any]]:
        if step.act == "password":
            yield from self.member("newPassword", "password", step)
            return
        yield from self.member("serviceId", "service", step)
        if step.act == "statement" and step.until:
            yield from (("dateFrom", text_of(step.at)), ("dateTo", text_of(step.until)))
            return
        if step.act != "check":
            yield from self.member("transactionId", "id", step)
        if step.act == "pay":
            yield from self.member("transactionTime", "time", step)
            yield from self.member("amount", "sum", step)
        if step.act in ("status", "cancel"):
            yield from self.member("timestamp", "time", step)
        if step.act in ("check", "pay"):
            yield from self._fields(step)

    def _fields(self, step: Step) -> forms.Pairs:
        if "accounts" in step.change:
            fields = step.change["accounts"]
            return [] if fields is ABSENT else [("fields", fields)]
        return [("fields", Members(self.member(self.bank.own["account_field"], "account", step)))]

    def _payment(self, step: Step, result: dict[str, Any]) -> Reading:
        number = result.get("providerTrnId")
        require(type(number) is int, Phrase("providerTrnId is no whole number"))
        require(isinstance(result.get("timestamp"), str), Phrase("timestamp is no text"))
        state = "paid" if step.act == "pay" else STATES.get(result.get("transactionState", 0), "")
        require(state, Phrase("transactionState is none of 1, 2, 3"))
        if state == "none":
            require(number == 0, Phrase("providerTrnId is not 0"))
            return Reading("result", state=state)
        receipt = {"number": str(number)}
        if not (self.bank.own["java_dates"] and step.act == "status"):
            receipt["cancelled" if state == "cancelled" else "time"] = result["timestamp"]
        return Reading("result", receipt, state=state)

    def _shown(self, result: dict[str, Any]) -> Reading:
        fields = result.get("fields")
        require(isinstance(fields, dict), Phrase("there are no fields"))
        wanted = {self.bank.labels[word]: word for word in self.bank.show}
        require(
            (fields or {}).keys() == wanted.keys(),
            Phrase("fields has not {value}", value=[*wanted]),
        )
        shown = {word: (fields or {})[label] for label, word in wanted.items()}
        debt = forms.money(shown["debt"]) if "debt" in shown else None
        return Reading("result", debt=debt, name=shown.get("name"))


def text_of(at: datetime) -> str:
    """A date as they write it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _error(error: Any) -> str:
    require(isinstance(error, dict), Phrase("error is no object"))
    require(type(error.get("code")) is int, Phrase("code is no whole number"))
    require(isinstance(error.get("message"), str), Phrase("message is no text"))
    return str(error["code"])


def _listed(result: dict[str, Any]) -> dict[str, Decimal]:
    rows = result.get("statements")
    require(isinstance(rows, list), Phrase("there are no statements"))
    return {str(row["transactionId"]): forms.tiyin(row["amount"]) for row in rows or ()}


SIMULATOR = Paynet

"""The bank's side of payme.md: Payme, JSON-RPC in two phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.forms import Members
from callback.tools.conform.json_simulator import (
    NOT_TEXT,
    WRONG_TEXT_IDS,
    JsonSimulator,
    milliseconds,
    wrong_amounts,
    wrong_numbers,
    wrong_times,
)
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="payme.md",
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
        "duplicate_same": "result",
        "status.payment_cancelled": "result",
        "unknown_account": "-31050",
        "bad_account": "-31050",
        "account_closed": "-31051",
        "account_blocked": "-31052",
        "already_paid": "-31053",
        "bad_sum": "-31001",
        "sum_too_small": "-31001",
        "sum_too_large": "-31001",
        "bad_id": "-32600",
        "bad_date": "-32600",
        "bad_request": "-32600",
        "no_object": "-32600",
        "too_many_payments": "-32600",
        "unreadable": "-32700",
        "bad_method": "-32300",
        "unknown_command": "-32601",
        "repeat_of_paid": "-31008",
        "duplicate_other": "-31008",
        "payment_cancelled": "-31008",
        "payment_expired": "-31008",
        "payment_not_found": "-31003",
        "cancel_refused": "-31007",
        "temporary": "-32400",
        "not_authenticated": "-32504",
    },
    acts={
        "check": "CheckPerformTransaction",
        "pay": "CreateTransaction",
        "perform": "PerformTransaction",
        "cancel": "CancelTransaction",
        "status": "CheckTransaction",
        "statement": "GetStatement",
    },
    unknown_acts=("Foo", "ChangePassword", "createtransaction", ""),
    slots={
        "check": ("act", "sum", "account"),
        "pay": ("act", "id", "time", "sum", "account"),
    },
    order=("twice", "act", "id", "time", "sum", "account", "limits", "payer"),
    ids_have_letters=True,
    longest_id=64,
    any_type=True,
    two_phase=True,
    exact_invoice=True,
    ids_are_digits=False,
    wrong_methods=("GET", "PUT", "DELETE"),
)
RPC_ID = 2032
REASON = 5
STATES = {1: "created", 2: "paid", -1: "cancelled", -2: "cancelled"}
TIMES = {"created": "create_time", "performed": "perform_time", "cancelled": "cancel_time"}
# What an answer tells, besides our number and the state.
TOLD = {
    "pay": ("created",),
    "perform": ("performed",),
    "cancel": ("cancelled",),
    "status": ("created", "performed", "cancelled"),
}
LANGUAGES = {"ru", "uz", "en"}


class Payme(JsonSimulator):
    """Payme (Paycom)."""

    SHEET = SHEET

    def id(self, number: int) -> str:
        """24 characters, as theirs."""
        return f"{number:024}"

    def refunds(self) -> bool:
        """Section 9."""
        return bool(self.bank.own["refund"])

    def expires_s(self) -> int:
        """Section 7: by Payme's own time."""
        return int(self.bank.own["timeout"])

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "time":
            return milliseconds(step.at, self)
        return self.tiyin(step.sum) if slot == "sum" else super().value(slot, step)

    def body(self, step: Step) -> Members:
        """The envelope, and the params of the method."""
        params = Members([*self._params(step), *dict(step.extra).items()])
        method = self.member("method", "act", step)
        return Members([*method, ("params", params), ("id", RPC_ID)])

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3."""
        tiyin = self.tiyin(probe)
        tables: dict[Slot, tuple[Any, ...]] = {
            "id": (*WRONG_TEXT_IDS, 5, ABSENT),
            "time": (*wrong_times(milliseconds(step.at, self)), 999_999_999_999, ABSENT),
            "sum": (*wrong_amounts(tiyin), 0, -tiyin, None, ABSENT),
            "account": (*wrong_numbers(self, step.account), "", *NOT_TEXT, ABSENT),
            "accounts": ("x", None, [], {}, 5, ABSENT),
        }
        outcomes = {"id": "bad_id", "time": "bad_date", "sum": "bad_sum"}
        outcome = outcomes.get(slot, "bad_account")
        yield from ((value, outcome) for value in tables.get(slot, ()))
        if slot == "sum":
            yield 10**25, "sum_too_large"

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
            return Reading(self._error(members["error"]))
        require(members["id"] == RPC_ID, Phrase("id is not the request's"))
        result = members["result"]
        require(isinstance(result, dict), Phrase("result is no object"))
        if step.act == "check":
            require(result.get("allow") is True, Phrase("allow is not true"))
            return self._shown(result)
        if step.act == "statement":
            return Reading("result", listed=self._listed(result))
        return self._payment(step, result)

    def _params(self, step: Step) -> Iterator[tuple[str, Any]]:
        if step.act == "statement" and step.until:
            yield from (
                ("from", milliseconds(step.at, self)),
                ("to", milliseconds(step.until, self)),
            )
            return
        if step.act != "check":
            yield from self.member("id", "id", step)
        if step.act == "cancel":
            yield "reason", REASON
        if step.act == "pay":
            yield from self.member("time", "time", step)
        if step.act in ("check", "pay"):
            yield from self.member("amount", "sum", step)
            yield from self._account(step)

    def _account(self, step: Step) -> forms.Pairs:
        if "accounts" in step.change:
            accounts = step.change["accounts"]
            return [] if accounts is ABSENT else [("account", accounts)]
        account = self.member(self.bank.own["account_field"], "account", step)
        return [("account", Members([*account, *self.service()]))]

    def _error(self, error: Any) -> str:
        require(isinstance(error, dict), Phrase("error is no object"))
        code = error.get("code")
        require(type(code) is int, Phrase("code is no whole number"))
        message = error.get("message")
        in_all = isinstance(message, dict) and message.keys() >= LANGUAGES
        if -31099 <= int(code) <= -31050:
            require(in_all, Phrase("message does not have ru, uz and en"))
            require(
                error.get("data") == self.bank.own["account_field"], Phrase("data names no field")
            )
        return str(code)

    def _payment(self, step: Step, result: dict[str, Any]) -> Reading:
        state = STATES.get(result.get("state", 0), "")
        number = result.get("transaction")
        require(state, Phrase("state {value!r} is none", value=result.get("state")))
        require(isinstance(number, str) and number, Phrase("transaction is no text"))
        receipt = {"number": str(number)}
        for name in TOLD[step.act]:
            at = result.get(TIMES[name])
            require(type(at) is int, Phrase("{TIMES} is no whole number", TIMES=TIMES[name]))
            if at:
                receipt[name] = str(at)
        return Reading("result", receipt, state=state)

    def _listed(self, result: dict[str, Any]) -> dict[str, Decimal]:
        rows = result.get("transactions")
        require(isinstance(rows, list), Phrase("there are no transactions"))
        times = [row["time"] for row in rows or ()]
        require(times == sorted(times), Phrase("the transactions are not in the order of time"))
        return {row["id"]: forms.tiyin(row["amount"]) for row in rows or ()}

    def _shown(self, result: dict[str, Any]) -> Reading:
        additional = result.get("additional")
        require((additional is None) == (not self.bank.show), Phrase("additional: against `show`"))
        shown = {word: (additional or {}).get(self.bank.labels[word]) for word in self.bank.show}
        debt = forms.money(shown["debt"]) if "debt" in shown else None
        return Reading("result", debt=debt, name=shown.get("name"))


SIMULATOR = Payme

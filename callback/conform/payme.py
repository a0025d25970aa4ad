"""The bank's side of payme.md: Payme, JSON-RPC in two phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.conform import forms
from callback.conform.forms import Members
from callback.conform.json_player import (
    NOT_TEXT,
    WRONG_TEXT_IDS,
    JsonPlayer,
    milliseconds,
    wrong_amounts,
    wrong_numbers,
    wrong_times,
)
from callback.conform.player import Sheet
from callback.conform.words import ABSENT, Heard, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.conform.words import Ask, Reply, Slot

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


class Payme(JsonPlayer):
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

    def value(self, slot: Slot, ask: Ask) -> Any:
        """Section 3."""
        if slot == "time":
            return milliseconds(ask.at, self)
        return self.tiyin(ask.sum) if slot == "sum" else super().value(slot, ask)

    def body(self, ask: Ask) -> Members:
        """The envelope, and the params of the method."""
        params = Members([*self._params(ask), *dict(ask.extra).items()])
        method = self.member("method", "act", ask)
        return Members([*method, ("params", params), ("id", RPC_ID)])

    def wrong(self, slot: Slot, ask: Ask, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3."""
        tiyin = self.tiyin(probe)
        tables: dict[Slot, tuple[Any, ...]] = {
            "id": (*WRONG_TEXT_IDS, 5, ABSENT),
            "time": (*wrong_times(milliseconds(ask.at, self)), 999_999_999_999, ABSENT),
            "sum": (*wrong_amounts(tiyin), 0, -tiyin, None, 10**25, ABSENT),
            "account": (*wrong_numbers(self, ask.account), "", *NOT_TEXT, ABSENT),
            "accounts": ("x", None, [], {}, 5, ABSENT),
        }
        outcomes = {"id": "bad_id", "time": "bad_date", "sum": "bad_sum"}
        yield from ((one, outcomes.get(slot, "bad_account")) for one in tables.get(slot, ()))

    def hear(self, ask: Ask, reply: Reply) -> Heard:
        """Section 5."""
        found = forms.read_json(reply)
        require(found.get("jsonrpc") == "2.0", 'jsonrpc is not "2.0"')
        require(found.get("id", "missing") in (RPC_ID, None), "id is not the request's")
        require(("result" in found) != ("error" in found), "it has not one of result and error")
        if "error" in found:
            return Heard(self._error(found["error"]))
        result = found["result"]
        require(isinstance(result, dict), "result is no object")
        if ask.act == "check":
            require(result.get("allow") is True, "allow is not true")
            return Heard("result", debt=self._debt(result))
        if ask.act == "statement":
            return Heard("result", listed=self._listed(result))
        return self._told(ask, result)

    def _params(self, ask: Ask) -> Iterator[tuple[str, Any]]:
        if ask.act == "statement" and ask.until:
            yield from (("from", milliseconds(ask.at, self)), ("to", milliseconds(ask.until, self)))
            return
        if ask.act != "check":
            yield from self.member("id", "id", ask)
        if ask.act == "cancel":
            yield "reason", REASON
        if ask.act == "pay":
            yield from self.member("time", "time", ask)
        if ask.act in ("check", "pay"):
            yield from self.member("amount", "sum", ask)
            yield from self._account(ask)

    def _account(self, ask: Ask) -> forms.Pairs:
        if "accounts" in ask.change:
            given = ask.change["accounts"]
            return [] if given is ABSENT else [("account", given)]
        return [("account", Members(self.member(self.bank.own["account_field"], "account", ask)))]

    def _error(self, error: Any) -> str:
        require(isinstance(error, dict), "error is no object")
        code = error.get("code")
        require(type(code) is int, "code is no whole number")
        message = error.get("message")
        told = isinstance(message, dict) and message.keys() >= LANGUAGES
        if -31099 <= int(code) <= -31050:
            require(told, "message does not have ru, uz and en")
            require(error.get("data") == self.bank.own["account_field"], "data names no field")
        return str(code)

    def _told(self, ask: Ask, result: dict[str, Any]) -> Heard:
        state = STATES.get(result.get("state", 0), "")
        number = result.get("transaction")
        require(state, f"state {result.get('state')!r} is none")
        require(isinstance(number, str) and number, "transaction is no text")
        receipt = {"number": str(number)}
        for name in TOLD[ask.act]:
            at = result.get(TIMES[name])
            require(type(at) is int, f"{TIMES[name]} is no whole number")
            if at:
                receipt[name] = str(at)
        return Heard("result", receipt, state=state)

    def _listed(self, result: dict[str, Any]) -> dict[str, Decimal]:
        rows = result.get("transactions")
        require(isinstance(rows, list), "there are no transactions")
        times = [row["time"] for row in rows or ()]
        require(times == sorted(times), "the transactions are not in the order of time")
        return {row["id"]: forms.tiyin(row["amount"]) for row in rows or ()}

    def _debt(self, result: dict[str, Any]) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        shown = result.get("additional")
        require(isinstance(shown, dict), "there is no additional")
        return forms.money((shown or {}).get(self.bank.labels["debt"]))

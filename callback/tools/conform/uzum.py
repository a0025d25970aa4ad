"""The bank's side of uzum.md: Uzum Bank, JSON over five addresses, in two phases."""

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
from callback.tools.conform.model import ABSENT, Raw, Reading, Request, require
from callback.tools.conform.simulator import Sheet, other_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.bank import Bank
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="uzum.md",
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
        "check.ok": "OK",
        "pay.ok": "CREATED",
        "perform.ok": "CONFIRMED",
        "cancel.ok": "REVERSED",
        "status.ok": "OK",
        "status.payment_cancelled": "OK",
        "pay.duplicate_same": "10010",
        "repeat_of_paid": "10010",
        "pay.payment_cancelled": "10010",
        "duplicate_other": "10010",
        "perform.duplicate_same": "10016",
        "perform.payment_cancelled": "10015",
        "payment_expired": "10015",
        "cancel.duplicate_same": "10018",
        "cancel_refused": "10017",
        "payment_not_found": "10014",
        "sum_differs": "10011",
        "sum_too_small": "10012",
        "sum_too_large": "10013",
        "unknown_account": "10007",
        "bad_account": "10007",
        "account_closed": "10007",
        "account_blocked": "10007",
        "already_paid": "10008",
        "invoice_cancelled": "10009",
        "bad_service": "10006",
        "bad_request": "10005",
        "missing": "10005",
        "bad_id": "10005",
        "bad_sum": "10005",
        "bad_date": "10005",
        "bad_method": "10003",
        "unreadable": "10002",
        "no_object": "10002",
        "not_authenticated": "10001",
        "unknown_command": "HTTP 404",
        "check.temporary": "99999",
        "pay.temporary": "99999",
    },
    acts={
        "check": "check",
        "pay": "create",
        "perform": "confirm",
        "cancel": "reverse",
        "status": "status",
    },
    unknown_acts=("pay", "CREATE", "create/", "create/create"),
    slots={
        "check": ("service", "time", "account"),
        "pay": ("service", "time", "id", "account", "sum"),
    },
    order=(
        *("act", "twice", "service", "time", "id", "no account", "sum", "account", "limits"),
        "payer",
    ),
    ids_have_letters=True,
    longest_id=64,
    any_type=True,
    two_phase=True,
    exact_invoice=True,
    ids_are_digits=False,
    repeated="unreadable",
    wrong_methods=("GET", "PUT", "DELETE"),
    perform_names={"sum": "sum_differs"},
)
# Where an answer tells its time, and what it is called in ours.
TIMES = {"pay": "transTime", "perform": "confirmTime", "cancel": "reverseTime"}
OURS = {"transTime": "created", "confirmTime": "performed", "reverseTime": "cancelled"}
STATES = {"CREATED": "created", "CONFIRMED": "paid", "REVERSED": "cancelled"}
# FAILED for what was done before: it tells the first time.
REPEATS = ("10010", "10016", "10018")


class Uzum(JsonSimulator):
    """Uzum Bank, once Apelsin."""

    SHEET = SHEET

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        if bank.own["repeats"] == "same":
            for act in ("pay", "perform", "cancel"):
                self.codes[f"{act}.duplicate_same"] = self.codes[f"{act}.ok"]

    def id(self, number: int) -> str:
        """An UUID in form."""
        return f"c0f0{number:028}"[:32]

    def refunds(self) -> bool:
        """Section 9."""
        return bool(self.bank.own["refund"])

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "service":
            return self.bank.own["service_id"]
        if slot == "time":
            return milliseconds(step.at, self)
        return self.tiyin(step.sum) if slot == "sum" else super().value(slot, step)

    def request(self, step: Step) -> Request:
        """A POST below the bank's address."""
        path = str(step.change.get("act", self.acts[step.act]))
        return super().request(step)._replace(path=path)

    def body(self, step: Step) -> Members:
        """One object."""
        members = [*self.member("serviceId", "service", step)]
        members += self.member("timestamp", "time", step)
        if step.act != "check":
            members += self.member("transId", "id", step)
        if step.act in ("check", "pay"):
            members += self._params(step)
        if step.act in ("pay", "perform"):
            members += self.member("amount", "sum", step)
        return Members([*members, *dict(step.extra).items()])

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3."""
        tiyin, other = self.tiyin(probe), other_service(self.bank)
        tables: dict[Slot, tuple[str, tuple[Any, ...]]] = {
            "id": ("bad_id", (*WRONG_TEXT_IDS, 5)),
            "time": ("bad_date", (*wrong_times(milliseconds(step.at, self)),)),
            "sum": ("bad_sum", (*wrong_amounts(tiyin), None)),
            "account": ("missing", ("", *NOT_TEXT)),
            "accounts": ("missing", ("x", None, [], {}, 5)),
            "service": (
                "bad_service",
                (other, str(self.value("service", step)), True, Raw(f"{other}.0")),
            ),
        }
        outcome, values = tables[slot]
        yield from ((value, outcome) for value in values)
        yield ABSENT, "missing"
        if slot == "account":
            yield from ((value, "bad_account") for value in wrong_numbers(self, step.account))
        if slot == "sum":
            yield from ((0, "sum_too_small"), (-tiyin, "sum_too_small"), (10**25, "sum_too_large"))

    def understand(self, step: Step, reply: Reply) -> Reading:
        """HTTP 200 for success, 400 for every refusal (section 2)."""
        if not reply.body:
            return self.bare(reply)
        members = forms.read_json(reply)
        failed = members.get("status") == "FAILED"
        code = str(members.get("errorCode"))
        denied = code == self.code(step.act, "not_authenticated")
        wanted = 200 if not failed else self.bank.own["auth_status"] if denied else 400
        require(
            reply.status == wanted,
            Phrase("it is HTTP {status}, not {wanted}", status=reply.status, wanted=wanted),
        )
        if not failed:
            return self._success(step, members)
        number = isinstance(members.get("errorCode"), int)
        require(number == self.bank.own["numeric_codes"], Phrase("errorCode is of the wrong type"))
        name = TIMES.get(step.act, "timestamp")
        if code not in REPEATS or name not in members:
            return Reading(code)
        return Reading(code, {OURS[name]: str(members[name])})

    def read(self, step: Step, reply: Reply) -> Reading:
        """As `understand`, which also looks at the status."""
        return self.understand(step, reply)

    def _params(self, step: Step) -> forms.Pairs:
        if "accounts" in step.change:
            params = step.change["accounts"]
            return [] if params is ABSENT else [("params", params)]
        return [("params", Members(self.member(self.bank.own["account_field"], "account", step)))]

    def _success(self, step: Step, members: dict[str, Any]) -> Reading:
        status = str(members.get("status"))
        require(
            members.get("serviceId") == self.value("service", step), Phrase("serviceId is not ours")
        )
        account = self._datum(members, self.bank.own["account_field"])
        require(
            account == step.account, Phrase("the account in data is {account!r}", account=account)
        )
        if step.act == "check":
            require("timestamp" in members, Phrase("there is no timestamp"))
            return Reading(status, debt=self._debt(members), name=self._name(members))
        require(members.get("transId") == step.id, Phrase("transId is not the request's"))
        require(
            members.get("amount") == self.tiyin(step.sum), Phrase("amount is not the payment's")
        )
        if step.act != "status":
            time = members.get(TIMES[step.act])
            require(type(time) is int, Phrase("{TIMES} is no whole number", TIMES=TIMES[step.act]))
            return Reading(status, {OURS[TIMES[step.act]]: str(time)})
        require(status in STATES, Phrase("status is {status}", status=status))
        times = {OURS[name]: str(members[name]) for name in OURS if members.get(name) is not None}
        return Reading("OK", times, state=STATES[status])

    def _datum(self, members: dict[str, Any], name: str) -> Any:
        data = members.get("data")
        datum = data.get(name) if isinstance(data, dict) else None
        require(
            isinstance(datum, dict) and "value" in datum, Phrase("{name} is not in data", name=name)
        )
        return (datum or {}).get("value")

    def _name(self, members: dict[str, Any]) -> str | None:
        return self._datum(members, self.bank.labels["name"]) if self.tells_name() else None

    def _debt(self, members: dict[str, Any]) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        return forms.money(self._datum(members, self.bank.labels["debt"]))


SIMULATOR = Uzum

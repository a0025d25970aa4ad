"""Click SHOP-API: Prepare books a payment, Complete says how it ended; getinfo asks (click.md)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback import proofs, readers, wire
from callback.model import Cancel, Check, Command, Pay, Perform, Refuse
from callback.phrase import Phrase
from callback.readers import REQUIRED, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Result
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("", "info")
OPENED_BY = {"info": "show"}
PROOFS = ("secret",)
SERVICE = "service_id"
# click.md, section 6; "cancel" is a Complete with which Click gives up, "info" is getinfo. Complete
# has no word for "temporary": every negative number gives the money back.
CODES = {
    "ok": "0",
    "cancel.ok": "-9",
    "cancel.duplicate_same": "-9",
    "prepare.duplicate_same": "0",
    "complete.duplicate_same": "-4",  # or 0, by a setting
    "already_paid": "-4",
    "cancel_refused": "-4",
    "not_authenticated": "-1",
    "bad_sum": "-2",
    "sum_too_small": "-2",
    "sum_too_large": "-2",
    "sum_differs": "-2",
    "unknown_command": "-3",
    "unknown_account": "-5",
    "bad_account": "-5",
    "account_closed": "-5",
    "account_blocked": "-5",
    "invoice_cancelled": "-5",
    "payment_not_found": "-6",
    "prepare.temporary": "-7",
    "info.temporary": "-7",
    "info.unknown_account": "-5",  # by its own key: the page's example has another, -250
    "bad_request": "-8",
    "duplicate_other": "-8",
    "payment_cancelled": "-9",
}
NOTES = {
    "0": "Success",
    "-1": "SIGN CHECK FAILED!",
    "-2": "Incorrect parameter amount",
    "-3": "Action not found",
    "-4": "Already paid",
    "-5": "User does not exist",
    "-6": "Transaction does not exist",
    "-7": "Failed to update user",
    "-8": "Error in request from click",
    "-9": "Transaction cancelled",
}
TELLS_OURS = ("0", "-4")  # these tell the number of the payment, if there is one


def _service_id(value: Any) -> str:
    if type(value) not in (int, str) or not re.fullmatch("[0-9]{1,20}", str(value)):
        raise ValueError(Phrase("a whole number such as 20202"))
    return str(value)


def _repeat_complete(value: Any) -> str:
    if type(value) not in (int, str) or str(value) not in ("-4", "0"):
        raise ValueError(Phrase("-4 or 0"))
    return str(value)


SETTINGS = {
    "secret": Setting(readers.secrets, REQUIRED),
    "service_id": Setting(_service_id, REQUIRED),
    "repeat_complete": Setting(_repeat_complete, -4),
    "late_cancel": Setting(readers.choice("refuse", "cancel"), "refuse"),
    "account_field": Setting(readers.nonempty, "contract"),
    "show": Setting(readers.any_of("name", "address", "debt"), []),
    "labels": Setting(readers.labels, {"name": "fio", "address": "address", "debt": "debt"}),
    "register": Setting(readers.table, {"id_form": wire.DIGITS.pattern}),
}
ACTIONS = {"0": "prepare", "1": "complete"}
IN_COMPLETE = {"merchant_prepare_id"}
IN_BOTH = {
    "click_trans_id",
    "service_id",
    "click_paydoc_id",
    "merchant_trans_id",
    "amount",
    "action",
    "error",
    "error_note",
    "sign_time",
    "sign_string",
}
# Section 2: what is signed before and after the secret.
BEFORE_SECRET = ("click_trans_id", "service_id")
AFTER_SECRET = ("merchant_trans_id", "merchant_prepare_id", "amount", "action", "sign_time")
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?")
ERROR = re.compile("-?[0-9]{1,9}")
OUR_NUMBER = re.compile("[1-9][0-9]*")  # as we write it
# Section 9: what is signed before the secret and, with the values of params before it, after.
INFO_BEFORE_SECRET = ("click_paydoc_id", "attempt_trans_id", "service_id")
INFO_AFTER_PARAMS = ("action", "sign_time")
NOT_UTF8 = re.compile("[\ud800-\udfff]")


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4, a getinfo in that of section 9."""
    if call.path == "info":
        return _info(bank, call.body)
    form = wire.fields(call.form, IN_BOTH | IN_COMPLETE, lossless=True)
    values = form.values
    bank, stranger = _of_service(bank, values.get("service_id"))
    action = values.get("action", "")
    common: dict[str, Any] = {
        "name": ACTIONS.get(action, action),
        "txn_id": values.get("click_trans_id", ""),
        "account": values.get("merchant_trans_id", ""),
        "service": bank.service,
        "noted": {"click_paydoc_id": values.get("click_paydoc_id", "")},
    }
    completes = action == "1" and not _gives_up(values)
    required = IN_BOTH | IN_COMPLETE if completes else IN_BOTH
    missing = required - values.keys()
    if form.repeated or missing:
        common["noted"] |= form.hints or wire.named("missing", missing if values else ())
        return Refuse(outcome="bad_request", **common)
    if stranger or not _is_from_click(bank, values):
        return Refuse(outcome="not_authenticated", **common)
    if action not in ACTIONS:
        return Refuse(outcome="unknown_command", **common)
    common["echo"] = _echo(values)
    malformed = _malformed(bank, values)
    if malformed:
        return Refuse(outcome=malformed, **common)
    common["amount"] = Decimal(values["amount"])
    return (_prepare if action == "0" else _complete)(bank, values, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    answer: dict[str, Any] = dict(command.echo or {})
    payment = result.payment
    usual = _usual_code(command, result.outcome)
    code = bank.own["repeat_complete"] if _is_repeated(command, result) else code
    if payment and usual in TELLS_OURS:
        answer["merchant_prepare_id"] = payment.id
        if command.name != "prepare" or code != "0":
            answer["merchant_confirm_id"] = payment.id
    answer["error"] = int(code)
    # A number of the settings' own is explained by what stands for it here.
    answer["error_note"] = NOTES.get(code) or NOTES[usual]
    if result.payer and result.done and isinstance(command, Check):
        answer["params"] = _shown(bank, result.payer)
    return wire.json_answer(answer)


def _usual_code(command: Command, outcome: Outcome) -> str:
    return CODES.get(f"{command.name}.{outcome}") or CODES.get(outcome, "-8")


def _gives_up(values: Mapping[str, str]) -> bool:
    """Say whether Click says that the payment has failed."""
    error = values.get("error", "")
    return bool(ERROR.fullmatch(error)) and int(error) < 0


def _of_service(bank: Bank, name: str | None) -> tuple[Bank, Outcome | None]:
    return bank.for_service(name, (bank.own["service_id"],))


def _is_from_click(bank: Bank, values: Mapping[str, str]) -> bool:
    """Check the sign with every secret: no short cut, the time must not tell which was right."""
    completes = values["action"] == "1"
    before = [wire.as_received(values[name]) for name in BEFORE_SECRET]
    after = [
        wire.as_received(values.get(name, ""))
        for name in AFTER_SECRET
        if completes or name not in IN_COMPLETE
    ]
    return _is_signed(bank, values["sign_string"], before, after)


def _is_signed(bank: Bank, sign: str, before: list[bytes], after: list[bytes]) -> bool:
    right = (
        proofs.same(sign.lower(), proofs.md5_hex(*before, secret, *after)) for secret in bank.secret
    )
    return sum(right) > 0


def _malformed(bank: Bank, values: Mapping[str, str]) -> Outcome | None:
    sign_time = wire.moment(values["sign_time"], wire.BLANK_TIME, any_year=True)
    error = values["error"]
    if not (wire.DIGITS.fullmatch(values["click_trans_id"]) and ERROR.fullmatch(error)):
        return "bad_request"
    if sign_time is None:
        return "bad_request"
    if not AMOUNT.fullmatch(values["amount"]):
        return "bad_sum"
    if bank.account_refusal(values["merchant_trans_id"]):
        return "bad_account"
    if values["action"] == "1" and not _is_prepare_id(values):
        return "payment_not_found"
    return "bad_request" if int(error) > 0 else None


def _is_prepare_id(values: Mapping[str, str]) -> bool:
    """Say whether it is digits; of a Prepare that was refused Click has none to send."""
    prepare_id = values.get("merchant_prepare_id", "")
    return bool(wire.DIGITS.fullmatch(prepare_id)) or (not prepare_id and _gives_up(values))


def _echo(values: Mapping[str, str]) -> dict[str, int | str]:
    """Repeat the two ids that are Click's, exactly or not at all."""
    echo: dict[str, int | str] = {}
    if wire.DIGITS.fullmatch(values["click_trans_id"]):
        echo["click_trans_id"] = int(values["click_trans_id"])
    if not NOT_UTF8.search(values["merchant_trans_id"]):
        echo["merchant_trans_id"] = values["merchant_trans_id"]
    return echo


def _prepare(bank: Bank, values: Mapping[str, str], common: dict[str, Any]) -> Command:
    if _gives_up(values):
        return Refuse(outcome="payment_cancelled", **common)
    return Pay(
        state="created",
        paid_at=wire.moment(values["sign_time"], wire.BLANK_TIME, any_year=True),
        refused=bank.sum_refusal(common["amount"]),
        exact=True,
        performed="already_paid",
        **common,
    )


def _complete(bank: Bank, values: Mapping[str, str], common: dict[str, Any]) -> Command:
    """Name the payment by all that is signed: digits move from one field to the next."""
    prepare_id = values.get("merchant_prepare_id", "")
    of: dict[str, Any] = {
        # Ours are never 0, and are written without one in front.
        "of_id": int(prepare_id) if OUR_NUMBER.fullmatch(prepare_id) else 0,
        "of_account": values["merchant_trans_id"],
    }
    if _gives_up(values):
        return Cancel(
            booked=True,
            reason=int(values["error"]),
            refund=bank.own["late_cancel"] == "cancel",
            unknown="payment_cancelled",  # its Prepare was refused: nothing is to be taken off
            **of,
            **(common | {"name": "cancel"}),
        )
    sign_time = wire.moment(values["sign_time"], wire.BLANK_TIME, any_year=True)
    return Perform(of_sum=common["amount"], paid_at=sign_time, **of, **common)


def _is_repeated(command: Command, result: Result) -> bool:
    """Say whether a Complete is the one that was heard before; one of another sum is not."""
    return (
        isinstance(command, Perform)
        and result.outcome == "duplicate_same"
        and result.payment is not None
        and result.payment.amount == command.amount
    )


def _info(bank: Bank, raw: bytes) -> Command:
    """Read a getinfo (section 9)."""
    document = wire.read_json(raw)
    body = document.value if isinstance(document.value, dict) else {}
    params = body.get("params")
    number = params.get(bank.own["account_field"]) if isinstance(params, dict) else None
    account = wire.decimal_text(number)
    bank, stranger = _of_service(bank, wire.decimal_text(body.get("service_id")))
    common: dict[str, Any] = {"name": "info", "account": account or "", "service": bank.service}
    refused: Outcome | None = None
    if document.repeated or account is None or not _is_getinfo(body):
        refused = "bad_request"
    elif stranger or not _may_ask(bank, body):
        refused = "not_authenticated"
    elif wire.decimal_text(body["action"]) != "0":
        refused = "unknown_command"
    else:
        refused = bank.account_refusal(account)
    return Refuse(outcome=refused, **common) if refused else Check(exact=True, **common)


def _is_getinfo(body: Mapping[str, Any]) -> bool:
    """Say whether all is there, and each value of params is one that can be signed."""
    there = all(body.get(name) is not None for name in ("action", "service_id", "params"))
    return there and None not in map(wire.decimal_text, body["params"].values())


def _may_ask(bank: Bank, body: Mapping[str, Any]) -> bool:
    """A getinfo needs no sign; one that is there must be right."""
    sign = body.get("sign_string")
    if sign is None:
        return True
    before = [_signed(body.get(name, "")) for name in INFO_BEFORE_SECRET]
    after = [_signed(value) for value in body["params"].values()]
    after += [_signed(body.get(name, "")) for name in INFO_AFTER_PARAMS]
    return isinstance(sign, str) and _is_signed(bank, sign, before, after)


def _signed(value: Any) -> bytes:
    """A member as it is signed: a number stands for its literal; what is neither is nothing."""
    text = value.literal if isinstance(value, wire.NotWhole) else wire.decimal_text(value)
    return (text or "").encode(errors="replace")


def _shown(bank: Bank, payer: Payer) -> dict[str, str]:
    words = payer.shown | {"debt": f"{payer.debt:.2f}"}
    return {bank.labels[word]: words[word] for word in bank.show}

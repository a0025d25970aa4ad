"""What a bank's settings make of numbers, sums, dates, services and codes."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import wire
from callback.limits import MAX_NUMBER
from callback.model import Payer, Payment, Result
from callback.settings import load
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from callback.bank import Bank, Settings
    from callback.model import Outcome

KEY, PASSWORD, SIGN = (
    "key-of-the-tests-" * 2,
    "a-right-password-of-the-bank",
    "a-secret-of-the-bank",
)
TOML = f"""
SECRET_KEY = "{KEY}"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
[BANKS.plain]
protocol = "osmp"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{{4,12}}"
min_sum = "1.00"
max_sum = "500.00"
[BANKS.many]
protocol = "osmp"
username = "many"
password = "{PASSWORD}"
account_clean = "digits"
account_pattern = "[0-9]{{4}}"
service_field = "service"
sum_form = "decimal"
dates = "lenient"
services.17 = {{ prefix = "17-", account_pattern = "[0-9]{{6}}" }}
services.18 = {{ prefix = "18-" }}
[BANKS.click]
protocol = "click"
secret = "{SIGN}"
service_id = "1"
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(write_settings(TOML, tmp_path_factory.mktemp("bank")))


@pytest.fixture(scope="module")
def plain(settings: Settings) -> Bank:
    """One that says only what it must."""
    return settings.banks["plain"]


@pytest.fixture(scope="module")
def many(settings: Settings) -> Bank:
    """One with services, whose payers may write blanks and dashes."""
    return settings.banks["many"]


def test_what_a_bank_does_not_say_is_nothing(settings: Settings, plain: Bank) -> None:
    """Neither services nor a prefix; nor does the office say more than it must."""
    said = (plain.account_clean, plain.service_field, plain.service, plain.prefix)
    assert said == ("", "", "", "")
    assert (plain.sums, plain.services) == ({}, {})
    assert (settings.but(weak=()).weak, settings.language) == ((), "")
    values = vars(settings)
    bare = type(settings)(**{name: values[name] for name in values if name not in DEFAULTS})
    assert {name: getattr(bare, name) for name in DEFAULTS} == DEFAULTS


DEFAULTS: dict[str, Any] = {"weak": (), "digest": "", "language": ""}


def test_no_secret_is_shown(settings: Settings) -> None:
    """Wherever a traceback or a log prints what it has."""
    told = repr(settings) + "".join(map(repr, settings.banks.values()))
    for secret in (KEY, PASSWORD, SIGN, *map(repr, settings.banks["many"].password_keys)):
        assert secret.strip("b'") not in told
    assert "own=" not in told
    assert "username='many'" in told


def test_a_setting_is_the_dialects_or_every_banks(plain: Bank) -> None:
    """By one name."""
    assert plain.setting("check_sum") == "optional"
    assert plain.setting("currency") == "KZT"


@pytest.mark.parametrize(
    ("command", "outcome", "code"),
    [
        ("pay", "ok", "0"),
        ("pay", "bad_sum", "7"),
        ("check", "bad_sum", "8"),
        ("pay", "cancel_refused", "9"),
        # design.md, section 5: what has no word of its own is said as what is broader.
        ("pay", "cancel_differs", "9"),
        ("cancel", "cancel_differs", "10"),
        ("pay", "invoice_cancelled", "5"),
        ("pay", "bad_date", None),
        ("pay", "bad_service", None),
    ],
)
def test_a_code_is_that_of_the_command_or_of_all(
    plain: Bank, command: str, outcome: Outcome, code: str | None
) -> None:
    """None where the dialect has no word."""
    codes = {"ok": "0", "bad_sum": "7", "check.bad_sum": "8", "cancel_refused": "9"}
    codes |= {"cancel.cancel_refused": "10", "unknown_account": "5", "invoice_cancelled": ""}
    codes.pop("invoice_cancelled")
    assert plain.but(codes=codes).code(command, outcome) == code


def test_a_request_names_its_service(plain: Bank, many: Bank) -> None:
    """Where there are any; else it may be one of those that the dialect's own setting lets in."""
    for name in ("17", "18"):
        assert many.for_service(name) == (many.services[name], None)
        assert many.for_service(name, ("1",)) == (many.services[name], None)
        assert many.of_service(name) is many.services[name]
    for wrong in ("19", "", None):
        assert many.for_service(wrong) == (many, "bad_service")
        assert plain.for_service(wrong) == (plain, None)
        assert plain.for_service(wrong, ("1", "2")) == (plain, "bad_service")
        assert many.of_service(wrong or "") is many
    assert plain.for_service("2", ("1", "2")) == (plain, None)
    nameless = many.but(services={"": many.services["17"]})
    assert nameless.for_service(None) == (many.services["17"], None)


@pytest.mark.parametrize(
    ("name", "service", "number", "refused"),
    [
        ("plain", "", "1234", False),
        ("plain", "", "123", True),
        ("plain", "", "1234567890123", True),
        ("plain", "", "1234a", True),
        ("plain", "", "12 34", True),
        ("plain", "", "", True),
        ("many", "", "12-34", False),
        ("many", "17", "(12)34-56", False),
        ("many", "17", "1234", True),
        ("many", "18", "1234", False),
    ],
)
def test_a_number_fits_as_a_whole_or_is_refused(
    settings: Settings, name: str, service: str, number: str, refused: bool
) -> None:
    """By the pattern of the service, without what does not count."""
    bank = settings.banks[name].of_service(service)
    assert bank.account_refusal(number) == ("bad_account" if refused else None)


def test_a_number_is_no_longer_than_its_column(many: Bank) -> None:
    """With its prefix, and with all that the payer has typed."""
    bank = many.services["17"]
    for blanks, refused in ((MAX_NUMBER - 9, None), (MAX_NUMBER - 8, "bad_account")):
        assert bank.account_refusal("123456" + "-" * blanks) == refused
    lax = bank.but(account_pattern=re.compile(".*"), account_clean="")
    assert lax.account_refusal("") == "bad_account"


def test_what_is_looked_up_stands_behind_the_prefix(plain: Bank, many: Bank) -> None:
    """Without blanks and dashes, where they do not count."""
    assert plain.account_number("12-34") == "12-34"
    assert many.services["17"].account_number("12-34-56") == "17-123456"
    assert many.plain("8 701-234") == "8701234"


@pytest.mark.parametrize(
    ("name", "recorded", "typed", "same"),
    [
        ("plain", "1234", "1234", True),
        ("plain", "1234", "12-34", False),
        ("plain", None, "1234", True),
        ("plain", "1234", None, True),
        ("plain", None, None, True),
        ("many", "12-34", "1234", True),
        ("many", "17-123456", "12 34 56", True),
        ("many", "17-123456", "123457", False),
        ("many", "123456", "17-123456", False),
        ("many", "18-1234", "12-34", True),
        ("many", "19-1234", "1234", False),
        ("many", "1234a", "1234", False),
    ],
)
def test_one_spelling_of_a_number_is_as_good_as_another(
    settings: Settings, name: str, recorded: str | None, typed: str | None, same: bool
) -> None:
    """design.md, section 4: what is recorded has its prefix, what a bank repeats has none."""
    assert settings.banks[name].names(recorded, typed) is same


@pytest.mark.parametrize(
    ("number", "takes"),
    [
        ("1234", True),
        ("17-123456", True),
        ("18-1234", True),
        ("17-1123", False),
        ("123456", False),
        ("12345617-", False),
        ("18-123456", False),
        ("19-1234", False),
    ],
)
def test_a_number_that_some_service_has_can_be_typed(many: Bank, number: str, takes: bool) -> None:
    """With the prefix of just that one."""
    assert many.takes(number) is takes


PAYMENT = Payment(
    *(1, "7", "17-123456", Decimal("5.00"), "paid"),
    *(datetime(2026, 11, 3, 9, 15), datetime(2026, 11, 3, 9, 15)),  # noqa: DTZ001
)


@pytest.mark.parametrize(
    ("recorded", "typed"),
    [("17-123456", "123456"), ("18-1234", "1234"), ("1234", "1234"), ("1-17-1", "1-17-1")],
)
def test_a_bank_hears_what_was_typed(
    plain: Bank, many: Bank, recorded: str | None, typed: str | None
) -> None:
    """Without the prefix that stands in front; a row of an older release has no number."""
    payment, old = PAYMENT._replace(number=recorded), PAYMENT._replace(number=None)
    result = Result("ok", payment=payment, payments=[payment, old])
    told = payment._replace(number=typed)
    assert many.as_typed(result) == Result("ok", payment=told, payments=[told, old])
    assert plain.as_typed(result) is result
    assert many.as_typed(Result("ok")) == Result("ok", payments=[])
    service = many.services["17"].but(prefix="17-", services={})
    assert service.as_typed(Result("ok", payment=PAYMENT)).payment == PAYMENT._replace(
        number="123456"
    )
    assert many.but(prefix="9").without_prefix("8-1") == "8-1"


@pytest.mark.parametrize(
    ("amount", "refused"),
    [
        (None, None),
        ("0.99", "sum_too_small"),
        ("1.00", None),
        ("500.00", None),
        ("500.01", "sum_too_large"),
        ("0.00", "sum_too_small"),
    ],
)
def test_a_sum_lies_between_both_or_is_refused(
    plain: Bank, amount: str | None, refused: Outcome | None
) -> None:
    """Both inclusive."""
    assert plain.sum_refusal(Decimal(amount) if amount else None) == refused


def test_nothing_is_too_small_whatever_the_settings_say(plain: Bank) -> None:
    """A cent is not."""
    bank = plain.but(min_sum=Decimal("0.00"))
    assert bank.sum_refusal(Decimal("0.00")) == "sum_too_small"
    assert bank.sum_refusal(Decimal("0.01")) is None


@pytest.mark.parametrize(
    ("form", "rule", "text", "amount", "refused"),
    [
        ("decimal", "validate", "5.00", "5.00", None),
        ("decimal", "validate", "5", None, "bad_sum"),
        ("lenient", "validate", "5", "5.00", None),
        ("decimal", "validate", "", None, "bad_sum"),
        ("decimal", "optional", "", None, None),
        ("decimal", "optional", "x", None, "bad_sum"),
        ("decimal", "optional", "5.00", "5.00", None),
        ("decimal", "ignore", "5.00", None, None),
        ("decimal", "ignore", "", None, None),
    ],
)
def test_a_sum_is_read_as_the_settings_say(  # noqa: PLR0917
    plain: Bank, form: str, rule: str, text: str, amount: str | None, refused: Outcome | None
) -> None:
    """Of a check, too, in which a zero is none yet."""
    bank = plain.but(own={**plain.own, "sum_form": form, "check_sum": rule})
    wanted = (amount and Decimal(amount), refused)
    assert bank.read_sum(text, rule) == wanted
    assert bank.read_sum_of_check(text) == wanted
    assert bank.read_sum_of_check("0.00") == bank.read_sum("", rule)
    if rule == "validate":
        assert bank.read_sum(text) == wanted


@pytest.mark.parametrize(
    ("name", "text", "any_year", "moment"),
    [
        ("plain", "20261103091500", False, "2026-11-03T09:15:00"),
        ("plain", "2026-11-03T09:15:00", False, None),
        ("many", "20261103091500", False, "2026-11-03T09:15:00"),
        ("many", "2026-11-03T09:15:00", False, "2026-11-03T09:15:00"),
        ("plain", "19691103091500", False, None),
        ("plain", "19691103091500", True, "1969-11-03T09:15:00"),
    ],
)
def test_a_date_is_read_as_the_settings_say(
    settings: Settings, name: str, text: str, any_year: bool, moment: str | None
) -> None:
    """In the dialect's form, or in any."""
    wanted = moment and datetime.fromisoformat(moment)
    bank = settings.banks[name]
    assert bank.read_time(text, wire.COMPACT_TIME, any_year=any_year) == wanted
    if not any_year:
        assert bank.read_time(text, wire.COMPACT_TIME) == wanted


@pytest.mark.parametrize(
    ("refused", "amount", "date", "hint"),
    [
        ("bad_sum", "500", "", {"why": "bare integer: kopecks? if not, sum_form = lenient"}),
        ("bad_sum", "x", "2026-11-03T09:15:00", {}),
        ("bad_sum", "", "", {}),
        ("bad_date", "5", "2026-11-03T09:15:00", {"why": "another form of date: dates = lenient"}),
        ("bad_date", "500", "x", {}),
        ("bad_id", "500", "2026-11-03T09:15:00", {}),
        (None, "500", "2026-11-03T09:15:00", {}),
    ],
)
def test_the_log_says_which_setting_would_take_it(
    many: Bank, refused: Outcome | None, amount: str, date: str, hint: dict[str, str]
) -> None:
    """Of a sum or a date; nothing where none would."""
    assert many.hints(refused, amount, date) == hint
    if not hint:
        assert many.hints(refused) == {}


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-11-03T19:30:00", "2026-11-04T00:30:00"),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T18:59:59", "9999-12-31T23:59:59"),
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_a_time_of_ours_is_told_in_the_banks_zone(plain: Bank, utc: str, local: str | None) -> None:
    """And read back, wherever our machine is; at either end of the calendar there are no zones."""
    ours = datetime.fromisoformat(utc)
    if local is None:
        assert plain.utc(ours) == ours
        return
    assert plain.local(ours) == datetime.fromisoformat(local)
    assert plain.utc(datetime.fromisoformat(local)) == ours


@pytest.mark.parametrize(
    ("written", "offset", "local"),
    [
        ("2026-11-03T19:30:00", "Z", "2026-11-04T00:30:00"),
        ("2026-11-03T19:30:00", "+05:00", "2026-11-03T19:30:00"),
        ("2026-11-03T19:30:00", "-03:30", "2026-11-04T04:00:00"),
        ("2026-11-03T19:30:00", "+99:99", None),
        ("9999-12-31T23:59:59", "Z", None),
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_a_time_with_an_offset_is_told_in_the_banks_zone(
    plain: Bank, written: str, offset: str, local: str | None
) -> None:
    """None where there is no such offset, or no such day."""
    time = plain.at_offset(datetime.fromisoformat(written), offset)

    assert time == (local and datetime.fromisoformat(local))


def test_a_balance_is_what_is_there_or_what_is_owed(plain: Bank) -> None:
    """As the bank counts."""
    payer = Payer("1", "", "", "active", None, Decimal("100.00"), Decimal("30.50"), 0)
    for sign, balance in (("debt", "69.50"), ("account", "-69.50")):
        bank = plain.but(own={**plain.own, "balance_sign": sign})
        assert bank.balance(payer) == Decimal(balance)

"""A bank, and the settings around it: the values that the settings file is read into."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from callback import wire
from callback.limits import MAX_NUMBER
from callback.model import BROADER
from callback.record import Record

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Mapping
    from datetime import date
    from decimal import Decimal
    from ipaddress import IPv4Network, IPv6Network
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from callback import layouts
    from callback.database import Engine
    from callback.model import Outcome, Payer, Payment, Result

    Networks = tuple[IPv4Network | IPv6Network, ...]


class Bank(Record, hidden=("password", "password_keys", "secret", "own")):
    """One bank: a section of the settings, with its dialect's own keys in `own`."""

    name: str
    currency: str
    protocol: str
    allow: Networks
    username: str
    password: tuple[bytes, ...]  # oldest first; empty: no Basic
    weak_password: bool  # the bank dictates a short one
    password_keys: tuple[bytes, ...]  # of digests, one for each SECRET_KEY
    secret: tuple[bytes, ...]  # oldest first
    url_token: tuple[int, ...]  # generations, newest last; empty: none in the address
    url_token_until: date | None  # the last day of those before the newest
    payer: str
    account_pattern: re.Pattern[str]
    min_sum: Decimal
    max_sum: Decimal
    timezone: ZoneInfo
    show: tuple[str, ...]
    labels: Mapping[str, str]
    codes: Mapping[str, str]  # by outcome, or by "command.outcome" where the command matters
    language: str
    register: layouts.RegisterLayout
    bills: layouts.BillsLayout
    send: layouts.Target | None
    smtp: layouts.Target | None
    mail_from: str
    own: Mapping[str, Any]
    account_clean: str
    service_field: str
    sums: Mapping[str, str]
    # By the service's own name: the bank as it is for that one. Empty: it has no services.
    services: Mapping[str, Bank]
    service: str = ""  # of one of these: its name
    prefix: str = ""  # and what stands before the numbers of its accounts

    def setting(self, name: str) -> Any:
        """A setting by its key, one of all banks or one of the dialect."""
        return self.own[name] if name in self.own else getattr(self, name)

    def code(self, command: str, outcome: Outcome) -> str | None:
        """The dialect's code of an outcome; None where it has no word for it."""
        code = self.codes.get(f"{command}.{outcome}") or self.codes.get(outcome)
        if code is None and outcome in BROADER:
            return self.code(command, BROADER[outcome])
        return code

    def for_service(
        self, name: str | None, accepted: Collection[str] = ()
    ) -> tuple[Bank, Outcome | None]:
        """The bank as it is for the service that a request names, or why that is refused.

        `accepted` is what the dialect's own setting lets in; without any, and without `services`,
        nothing is compared.
        """
        if self.services:
            bank = self.services.get(name or "")
            return (bank, None) if bank else (self, "bad_service")
        return self, "bad_service" if accepted and name not in accepted else None

    def of_service(self, name: str) -> Bank:
        """The bank as it is for a service of ours; itself where the name is none."""
        return self.services.get(name, self)

    def account_refusal(self, number: str) -> Outcome | None:
        """Refuse an empty number, and one that does not match account_pattern as a whole."""
        fits = number and len(self.prefix + number) <= MAX_NUMBER
        plain = self.plain(number)
        return None if fits and self.account_pattern.fullmatch(plain) else "bad_account"

    def plain(self, number: str) -> str:
        """What a payer typed without what account_clean takes away; our patterns are about that."""
        return wire.bare_digits(number) if self.account_clean == "digits" else number

    def account_number(self, typed: str) -> str:
        """The number that is looked up for what a payer typed."""
        return self.prefix + self.plain(typed)

    def names(self, recorded: str | None, typed: str | None) -> bool:
        """Whether a payment's number is the one that is typed now; nothing contradicts nothing.

        One spelling is as good as another where account_clean says that they are one number. A
        request that names no service of ours may mean any.
        """
        if recorded is None or typed is None:
            return True
        return any(
            recorded.startswith(bank.prefix)
            and bank.plain(recorded.removeprefix(bank.prefix)) == bank.plain(typed)
            for bank in (self, *self.services.values())
        )

    def takes(self, number: str) -> bool:
        """Whether a payer of this bank, or of one of its services, can type an account's number."""
        return any(
            number.startswith(bank.prefix)
            and bank.account_refusal(number.removeprefix(bank.prefix)) is None
            for bank in (self, *self.services.values())
        )

    def without_prefix(self, recorded: str) -> str:
        """What a payer typed, of a payment's number."""
        prefixes = ["", self.prefix, *(bank.prefix for bank in self.services.values())]
        # The settings let none begin as another does: there is one, or none.
        return recorded.removeprefix(max(filter(recorded.startswith, prefixes)))

    def as_typed(self, result: Result) -> Result:
        """Take the prefixes of services off payments' numbers: the bank does not know them."""
        if not (self.prefix or self.services):
            return result

        def typed(payment: Payment) -> Payment:
            return payment._replace(number=payment.number and self.without_prefix(payment.number))

        return result._replace(
            payment=result.payment and typed(result.payment),
            payments=[*map(typed, result.payments)],
        )

    def sum_refusal(self, amount: Decimal | None) -> Outcome | None:
        """Refuse a sum, if there is one, outside of min_sum and max_sum, both inclusive.

        0.00 is too small whatever min_sum says.
        """
        if amount is None or (amount > 0 and self.min_sum <= amount <= self.max_sum):
            return None
        return "sum_too_large" if amount > self.max_sum else "sum_too_small"

    def read_sum(self, text: str, rule: str = "validate") -> tuple[Decimal | None, Outcome | None]:
        """Read a sum by the bank's sum_form, or say why it is refused.

        By `rule` it must be there ("validate"), may lack ("optional"), is not looked at ("ignore").
        """
        if rule == "ignore" or (rule == "optional" and not text):
            return None, None
        amount = wire.amount(text, self.own["sum_form"])
        return amount, "bad_sum" if amount is None else None

    def read_sum_of_check(self, text: str) -> tuple[Decimal | None, Outcome | None]:
        """Read the sum of a check as the bank's check_sum says; a zero is a sum that lacks."""
        return self.read_sum("" if wire.NO_SUM_YET.fullmatch(text) else text, self.own["check_sum"])

    def read_time(
        self, text: str, *forms: re.Pattern[str], any_year: bool = False
    ) -> datetime | None:
        """Read a date and time in the dialect's forms, or in any, as the bank's `dates` says."""
        lenient = wire.ALL_TIMES if self.own["dates"] == "lenient" else ()
        return wire.moment(text, *forms, *lenient, any_year=any_year)

    def hints(self, refused: Outcome | None, amount: str = "", date: str = "") -> dict[str, str]:
        """Say, for the log, which setting would take what was refused."""
        hint = ""
        if refused == "bad_sum":
            hint = wire.sum_hint(amount, self.own["sum_form"])
        elif refused == "bad_date":
            hint = wire.date_hint(date)
        return {"why": hint} if hint else {}

    def local(self, utc: datetime) -> datetime:
        """A time of ours in the bank's zone."""
        return utc.replace(tzinfo=timezone.utc).astimezone(self.timezone).replace(tzinfo=None)

    def utc(self, local: datetime) -> datetime:
        """The inverse of `local`; of two hours with the same name the first, or by `fold`."""
        try:
            utc = local.replace(tzinfo=self.timezone).astimezone(timezone.utc)
        except OverflowError:  # at either end of the calendar an offset means nothing
            return local
        return utc.replace(tzinfo=None)

    def at_offset(self, written: datetime, offset: str) -> datetime | None:
        """A time with its offset, as +05:00 or Z, in the bank's zone; None where there is none."""
        try:
            zone = datetime.strptime(offset, "%z").tzinfo
            return written.replace(tzinfo=zone).astimezone(self.timezone).replace(tzinfo=None)
        except (ValueError, OverflowError):  # no such offset; the ends of the calendar
            return None

    def balance(self, payer: Payer) -> Decimal:
        """Money on the account, or with balance_sign = "debt" what is owed."""
        return payer.owed if self.own["balance_sign"] == "debt" else -payer.owed


class Settings(Record, hidden=("secret_keys",)):
    """What the whole program needs to know."""

    path: Path
    secret_keys: tuple[bytes, ...]  # oldest first
    engine: Engine
    connections: int
    trusted_proxies: int | Networks  # how many, or which
    log: Path | None
    public_url: str
    contact: str  # of ours, for the bank's people
    banks: Mapping[str, Bank]
    imports: layouts.ListLayout | None  # None: customers and debts do not come by files
    exports: layouts.StatementLayout
    exchange: layouts.Exchange | None  # None: its addresses are not there
    weak: tuple[str, ...] = ()  # what would stop the start of a site with a public address
    digest: str = ""  # of the file, as it was when it was read
    language: str = ""  # of the office: doctor, reports, --help; and of banks that say nothing else

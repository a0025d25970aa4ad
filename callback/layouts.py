"""How a bank's files look: the tables `bills` and `register` of its settings, and `send`.

registers.md, sections 2, 3 and 5. Everything is checked at start, so that no file is half written
or half read because of a setting.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from callback import readers
from callback.phrase import Phrase
from callback.readers import Setting, expected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

STATEMENTS = ("1c", "mt940", "camt053")  # forms in which the account stands in a text
ENCODINGS = ("utf-8", "windows-1251", "koi8-r", "cp866")
UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")  # of registers only
ISO = "iso"  # a form of dates: ISO 8601, with or without a zone
DAY = "day"  # a group of the expression for a file's name
SCHEMES = ("folder", "ftp", "ftps", "sftp", "https", "mailto", "held")
SEND_FORMS = Phrase(
    '"folder:/path", "ftps://user:password@host/folder/", "sftp://user@host/folder/", '
    '"https://host/folder/", "mailto:name@example.kz" or "held:48" (hours)'
)
# A customer's number, unless `pattern` says more. A spreadsheet leaves what nobody can type: the
# quotes of '0071501 and ="0071501", blanks and marks that cannot be seen.
LIST_NUMBER = (
    r"(?=.*[0-9])[^\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\ufeff\"'=]{1,64}"
)
SOME_DAY = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - tries out forms of dates
COLUMNS = ("number", "name", "address", "period", "sum", "kopecks")
# GOST R 56042: what stands first, in this order, and how long it may be.
QR_FIRST = {
    "Name": re.compile(r"(?s).{1,160}"),
    "PersonalAcc": re.compile("[0-9]{20}"),
    "BankName": re.compile(r"(?s).{1,45}"),
    "BIC": re.compile("[0-9]{9}"),
    "CorrespAcc": re.compile("[0-9]{20}|0"),
}
QR_NEXT = {"Purpose": re.compile(r"(?s).{1,210}"), "PayeeINN": re.compile("[0-9]{10}|[0-9]{12}")}
QR_ENCODINGS = {"windows-1251": "1", "utf-8": "2", "koi8-r": "3"}
QR_SEPARATORS = "|#;:^_~{}@%"
QR_FIRST_BYTES = 300
# Of a file: with a bank's name, numbers and ".part" it must not be longer than 255 bytes.
MAX_NAME = 160
DIRECTIVE = re.compile("%([A-Za-z])")
A_COLUMN = Phrase("a column, from 1, or from the end when negative")
LIST_COLUMN = Phrase("a column, from 1")
NUMBER = Phrase('a regular expression with a group for the number, such as "л/с ([0-9]{8})"')
HEAD_DAY = Phrase('a regular expression with a group for the day, such as "за ([0-9.]{10})"')
MAIL_SERVER = Phrase("a mail server, to send by")
SENDER = Phrase("an address, to send from")


class TableForms(Protocol):
    """How sums and dates look in any table that is read."""

    @property
    def date_form(self) -> str: ...
    @property
    def time_form(self) -> str: ...
    @property
    def decimal(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def kopecks(self) -> bool: ...
    @property
    def sheet(self) -> str: ...


class RegisterLayout(NamedTuple):
    """How a register of the bank is read; columns from 1, from the end when negative, 0: none."""

    form: str
    separator: str
    encoding: str
    second_encoding: str
    address_line: bool
    skip: int
    txn_id: int
    account: int
    sum: int
    date: int
    time: int
    date_form: str
    time_form: str
    day: re.Pattern[str] | None
    day_ends: timedelta  # before midnight
    decimal: str
    group: str
    kopecks: bool
    quote: str
    header: str
    total: str
    total_count: int
    total_sum: int
    footer: re.Pattern[str] | None
    state: int
    good: tuple[str, ...]
    refund: tuple[str, ...]
    id_form: re.Pattern[str] | None
    service: int
    gross: int
    net: int
    commission: int
    file: re.Pattern[str] | None
    sheet: str
    purpose: re.Pattern[str] | None
    ignore: re.Pattern[str] | None


class ListLayout(NamedTuple):
    """How the accounting program's list of customers and debts is read; columns from 1, 0: none."""

    encoding: str
    separator: str
    quote: str
    skip: int
    number: int
    name: int
    address: int
    debt: int
    invoice: int
    issued_on: int
    amount: int
    date_form: str
    decimal: str
    group: str
    kopecks: bool
    sheet: str
    pattern: re.Pattern[str]
    known_until: str
    total: str
    total_count: int
    total_sum: int

    @property
    def time_form(self) -> str:
        """Of a cell that holds a time alone: there is none."""
        return "%H:%M:%S"

    @property
    def is_whole(self) -> bool:
        """A customer's debt stands there as a whole, not as invoices."""
        return not self.invoice


class StatementLayout(NamedTuple):
    """How payments are told to the accounting program, and where the file goes."""

    account: str
    name: str
    inn: str
    payer_account: str
    payer_name: str
    payer_inn: str
    purpose: str
    decimal: str
    send: Target | None
    smtp: Target | None
    mail_from: str
    folder: str


class Exchange(NamedTuple):
    """How the accounting program's office gets at its files over HTTPS."""

    token: tuple[int, ...]  # newest last
    folder: str  # where lists arrive
    plain_http: bool  # TLS ends in front, and nobody says so


class BillsLayout(NamedTuple):
    """How a list of bills is written."""

    form: str
    shape: str
    encoding: str
    separator: str
    quote: str
    header: str
    columns: tuple[str, ...]
    decimal: str
    line_end: str
    period: str
    head: tuple[str, ...]
    tail: tuple[str, ...]
    name: str
    inn: str
    rs: str
    folder: str
    zero: bool
    full_names: bool
    qr: Mapping[str, str] | None


class Target(NamedTuple):
    """Where a list is delivered; `options` are what stands behind "?"."""

    scheme: str
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = ""
    path: str = ""
    options: Mapping[str, str] = {}

    def __repr__(self) -> str:  # what is printed, logged, kept: no password in it
        if not self.host:
            return f"{self.scheme}:{self.path}"
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}{self.path}"


def expression(value: Any) -> re.Pattern[str] | None:
    """A regular expression; an empty text is none."""
    try:
        return re.compile(readers.text(value)) if value else None
    except readers.NO_EXPRESSION as error:
        raise ValueError(Phrase('a regular expression such as "QIWI_.*[.]csv"')) from error


# Of Unix or of Windows, whose disks have letters and whose network has two backslashes.
FOLDER = r"/.*|[A-Za-z]:[\\/].*|\\\\.+"


def send(value: Any) -> Target | None:
    """Where to deliver; an empty text is nowhere."""
    if not readers.text(value):
        return None
    scheme, _, rest = value.partition(":")
    if scheme in ("folder", "mailto", "held"):
        wanted = {"folder": FOLDER, "mailto": r"[^@\s]+@[^@\s]+", "held": "[1-9][0-9]{0,3}"}
        if not re.fullmatch(wanted[scheme], rest):
            raise ValueError(SEND_FORMS)
        return Target(scheme, path=rest)
    return _address(value, SCHEMES, SEND_FORMS)


def mail_server(value: Any) -> Target | None:
    """A mail server; an empty text is none."""
    forms = Phrase('"smtps://user:password@host:465" or "smtp://host:25"')
    return _address(value, ("smtp", "smtps"), forms) if readers.text(value) else None


def _address(value: str, schemes: Collection[str], forms: str) -> Target:
    try:
        url = urlsplit(value)
        target = Target(
            scheme=url.scheme,
            host=url.hostname or "",
            port=url.port,
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            path=unquote(url.path),
            options=dict(parse_qsl(url.query, strict_parsing=bool(url.query))),
        )
    except ValueError as error:
        raise ValueError(forms) from error
    if target.scheme == "sftp" and target.password:
        raise ValueError(
            Phrase("a key for sftp, no password: sftp://user@host/folder/?key=/path/id")
        )
    known = {"key", "known_hosts"} if target.scheme == "sftp" else set()
    folder = target.path.endswith("/") or target.scheme.startswith("smtp")
    if (
        target.scheme not in schemes
        or not target.host
        or not folder
        or not target.options.keys() <= known
    ):
        raise ValueError(forms)
    return target


def _form(value: Any) -> str:
    """A form of strptime that reads what it has written."""
    try:
        text = SOME_DAY.replace(tzinfo=timezone.utc).strftime(readers.nonempty(value))
        if "%d" in value and not re.search("%[yYGcxD]", value):  # Python guesses, some day no more
            raise ValueError(value)
        datetime.strptime(text, value)  # noqa: DTZ007
    except readers.NO_EXPRESSION as error:  # of which it makes one
        raise ValueError(Phrase('a form of date or time such as "%d.%m.%Y %H:%M:%S"')) from error
    return str(value)


def _date_form(value: Any) -> str:
    """The same for dates, or ISO 8601."""
    try:
        return ISO if value == ISO else _form(value)
    except ValueError as error:
        raise ValueError(Phrase('{error}, or "iso"', error=error)) from error


def _day_end(value: Any) -> timedelta:
    """The hour at which a bank's day ends, as what is then left until midnight."""
    match = re.fullmatch("(?:(1[2-9]|2[0-3]):([0-5][0-9]))?", readers.text(value))
    if match is None:
        raise ValueError(Phrase('an hour from "12:00" to "23:59" such as "21:00"'))
    return timedelta(hours=24 - int(match[1] or 24), minutes=-int(match[2] or 0))


def _words(value: Any) -> tuple[str, ...]:
    """A text, or a list of them, none of them empty."""
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError(Phrase('a text in quotes, or a list of them such as ["OK", "DONE"]'))
    return tuple(filter(None, words))


def _digits(length: int, other: int = 0) -> Callable[[Any], str]:
    wanted = (
        Phrase("{n} or {other} digits in quotes", n=length, other=other)
        if other
        else Phrase("{n} digits in quotes", n=length)
    )

    def read(value: Any) -> str:
        lengths = (length, other)
        if value and not (re.fullmatch("[0-9]*", readers.text(value)) and len(value) in lengths):
            raise ValueError(wanted)
        return readers.text(value)

    return read


def _columns(value: Any) -> tuple[str, ...]:
    for column in readers.texts(value) or ("",):
        if column not in COLUMNS and not column.startswith("const:"):
            raise ValueError(Phrase('a list of {words}, "const:…"', words=readers.listed(COLUMNS)))
    return tuple(value)


def _lines(value: Any) -> tuple[str, ...]:
    for line in readers.texts(value):
        _try_out(line, count=1, total="1.00", date=SOME_DAY)
    return tuple(value)


def _file_name(value: Any) -> str:
    sample = _try_out(readers.nonempty(value), bank="b", date=SOME_DAY, n=1, inn="1", rs="1")
    parts = [form for _, field, form, _ in Formatter().parse(value) if field == "date"]
    if not all(re.fullmatch("([^%]|%[YmdyHMSj])+", form or "") for form in parts):
        raise ValueError(Phrase("dates in it of %Y %m %d %y %H %M %S %j only, as {date:%Y%m%d}"))
    if re.search(r"[/\\\x00-\x1f]|^[.]|[.](sent|part)$", sample):
        raise ValueError(Phrase("the name of a file, without a folder"))
    if len(sample.encode()) > MAX_NAME:
        raise ValueError(Phrase("a name of at most {most} bytes", most=MAX_NAME))
    return str(value)


def _try_out(template: str, **values: Any) -> str:
    wanted = Phrase("a text with {names}", names=", ".join(f"{{{name}}}" for name in values))
    try:
        for _, name, _, _ in Formatter().parse(template):
            if name is not None and name not in values:
                raise ValueError(wanted)
        return template.format(**values)
    except (ValueError, LookupError, AttributeError) as error:
        raise ValueError(wanted) from error


def _purpose(value: Any) -> str:
    _try_out(readers.nonempty(value), number="1", account="1", bank="b", txn_id="1")
    return str(value)


def _qr(value: Any) -> dict[str, str]:
    readers.labels(value)
    for name, form in QR_FIRST.items():
        if not form.fullmatch(value.get(name, "")):
            raise ValueError(
                Phrase(
                    "{name} by GOST R 56042 in it, as {form}",
                    name=name,
                    form=form.pattern.removeprefix("(?s)"),
                )
            )
    for name, text in value.items():
        if name not in QR_FIRST and not (name in QR_NEXT and QR_NEXT[name].fullmatch(text)):
            raise ValueError(
                Phrase("nothing in it but {names}, by GOST", names=", ".join([*QR_FIRST, *QR_NEXT]))
            )
    return dict(value)


_COLUMN = readers.integer(-99, 99)
REGISTER_KEYS: Mapping[str, Setting] = {
    "form": Setting(readers.choice("table", "dbf", *STATEMENTS), "table"),
    "separator": Setting(readers.nonempty, ";"),
    "encoding": Setting(readers.choice(*ENCODINGS, *UTF_16, "auto"), "utf-8"),
    "second_encoding": Setting(readers.choice("", *ENCODINGS), ""),  # where the first does not fit
    "address_line": Setting(readers.boolean, False),  # may come first: one column, no payment
    "skip": Setting(readers.integer(0, 1000), 1),
    "txn_id": Setting(_COLUMN, 1),
    "account": Setting(_COLUMN, 2),
    "sum": Setting(_COLUMN, 3),
    "date": Setting(_COLUMN, 4),
    "time": Setting(_COLUMN, 0),
    "date_form": Setting(_date_form, "%Y-%m-%d %H:%M:%S"),
    "time_form": Setting(_form, "%H:%M:%S"),
    "day": Setting(expression, ""),  # of a day in the head of the file
    "day_ends": Setting(_day_end, ""),
    "decimal": Setting(readers.choice("both", ".", ",", "-"), "both"),
    "group": Setting(readers.choice("", " ", "'", ",", "."), ""),
    "kopecks": Setting(readers.boolean, False),
    "quote": Setting(readers.choice("", '"'), ""),
    "header": Setting(readers.text, ""),
    "total": Setting(readers.text, ""),
    "total_count": Setting(_COLUMN, 0),
    "total_sum": Setting(_COLUMN, 0),
    "footer": Setting(expression, ""),
    "state": Setting(_COLUMN, 0),
    "good": Setting(_words, ""),
    "refund": Setting(_words, ""),
    "id_form": Setting(expression, ""),  # a dialect knows its own
    "service": Setting(_COLUMN, 0),
    **{kind: Setting(_COLUMN, 0) for kind in readers.SUMS},
    "file": Setting(expression, ""),
    "sheet": Setting(readers.text, ""),
    "purpose": Setting(expression, ""),
    "ignore": Setting(expression, ""),
}
BILLS_KEYS: Mapping[str, Setting] = {
    "form": Setting(readers.choice("table", "pull", "qr"), "table"),
    "shape": Setting(readers.choice("full", "kaspi"), "full"),  # of "pull"
    "encoding": Setting(readers.choice(*ENCODINGS), "utf-8"),
    "separator": Setting(readers.nonempty, ";"),
    "quote": Setting(readers.choice("", '"', "'"), '"'),
    "header": Setting(readers.text, "number;name;address;period;sum"),
    "columns": Setting(_columns, ["number", "name", "address", "period", "sum"]),
    "decimal": Setting(readers.choice(".", ","), "."),
    "line_end": Setting(readers.choice("\r\n", "\n", "\r"), "\r\n"),
    "period": Setting(readers.nonempty, "%m%y"),
    "head": Setting(_lines, []),
    "tail": Setting(_lines, []),
    "name": Setting(_file_name, "{bank}_{date:%Y%m%d}_{n:03}.csv"),
    "inn": Setting(_digits(10, 12), ""),
    "rs": Setting(_digits(20), ""),
    "folder": Setting(readers.nonempty, "instance/bills"),
    "zero": Setting(readers.boolean, False),
    "full_names": Setting(readers.boolean, False),
    "qr": Setting(_qr),
}
_PLACE = readers.integer(0, 99)
IMPORT_KEYS: Mapping[str, Setting] = {
    "encoding": Setting(readers.choice(*ENCODINGS, "auto"), "utf-8"),
    "separator": Setting(readers.choice(";", ",", "\t", "|"), ";"),
    "quote": Setting(readers.choice("", '"'), '"'),
    "skip": Setting(readers.integer(0, 1000), 1),
    "number": Setting(_PLACE, 1),
    "name": Setting(_PLACE, 2),
    "address": Setting(_PLACE, 3),
    "debt": Setting(_PLACE, 4),
    "invoice": Setting(_PLACE, 0),
    "issued_on": Setting(_PLACE, 0),
    "amount": Setting(_PLACE, 0),
    "date_form": Setting(_form, "%Y-%m-%d"),
    "decimal": Setting(readers.choice("both", ".", ","), "both"),
    "group": Setting(readers.choice("", " ", "'", ",", "."), ""),
    "kopecks": Setting(readers.boolean, False),
    "sheet": Setting(readers.text, ""),
    "pattern": Setting(readers.pattern, LIST_NUMBER),
    "known_until": Setting(readers.nonempty, "known_until"),
    "total": Setting(readers.text, ""),
    "total_count": Setting(_PLACE, 0),
    "total_sum": Setting(_PLACE, 0),
}
EXPORT_KEYS: Mapping[str, Setting] = {
    "account": Setting(readers.text, ""),
    "name": Setting(readers.text, ""),
    "inn": Setting(_digits(10, 12), ""),
    "payer_account": Setting(readers.text, ""),
    "payer_name": Setting(readers.text, ""),
    "payer_inn": Setting(_digits(10, 12), ""),
    "purpose": Setting(_purpose, "Оплата по л/с {number}; {bank} {txn_id}"),
    "decimal": Setting(readers.choice(".", ","), "."),  # of a csv
    "send": Setting(send, ""),
    "smtp": Setting(mail_server, ""),
    "mail_from": Setting(readers.text, ""),
    "folder": Setting(readers.nonempty, "instance/export"),
}

EXCHANGE_KEYS: Mapping[str, Setting] = {
    "token": Setting(readers.generations, 1),
    "folder": Setting(readers.nonempty, "exchange", in_folder=True),
    "plain_http": Setting(readers.boolean, False),
}


def import_layout(values: Mapping[str, Any], faults: list[str], prefix: str) -> ListLayout:
    """Make a layout of keys that are right each for itself, and look whether they fit together."""
    for name in ("number", *(("issued_on", "amount") if values["invoice"] else ("debt",))):
        if values[name] == 0:
            faults.append(expected(f"{prefix}{name}", LIST_COLUMN))
    if (values["total_count"] or values["total_sum"]) and not values["total"]:
        wanted = Phrase("the text that the totals line begins with")
        faults.append(expected(f"{prefix}total", wanted))
    return ListLayout(**values)


def export_layout(values: Mapping[str, Any], faults: list[str], prefix: str) -> StatementLayout:
    """Make a layout of keys that are right each for itself, and look whether they fit together."""
    scheme = values["send"] and values["send"].scheme
    if scheme == "held":
        wanted = Phrase("another than held: nobody comes for it")
        faults.append(expected(f"{prefix}send", wanted))
    if scheme == "mailto" and not values["smtp"]:
        faults.append(expected(f"{prefix}smtp", MAIL_SERVER))
    if values["smtp"] and "@" not in values["mail_from"]:
        faults.append(expected(f"{prefix}mail_from", SENDER))
    return StatementLayout(**values)


def exchange(values: Mapping[str, Any], faults: list[str], prefix: str) -> Exchange:  # noqa: ARG001
    """Make it of keys that are right each for itself."""
    return Exchange(**values)


def register_layout(values: Mapping[str, Any], faults: list[str], prefix: str) -> RegisterLayout:
    """Make a layout of keys that are right each for itself, and look whether they fit together."""
    for key, wanted in _misfits(values):
        faults.append(expected(f"{prefix}{key}", wanted))
    return RegisterLayout(**values)


def _misfits(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name the keys of a register that do not fit the others, each with what is wanted."""
    for key in ("txn_id", "account", "sum"):
        if values[key] == 0:
            yield key, A_COLUMN
    if values["date"] == 0 and not _says_the_day(values):
        yield (
            "date",
            Phrase(
                "{a_column}; or day, where the head of the file says the day", a_column=A_COLUMN
            ),
        )
    if values["state"] and not values["good"]:
        yield "good", Phrase("the text that state must hold")
    for key, wanted in (("purpose", NUMBER), ("day", HEAD_DAY)):
        if values[key] and not values[key].groups:
            yield key, wanted
    if values["form"] in STATEMENTS and values["purpose"] is None:
        yield "purpose", NUMBER
    if values["header"] and not values["skip"]:
        yield "skip", Phrase("1 or more: the header is one of the lines before the rows")
    if values["group"] and values["group"] == values["decimal"]:
        yield "group", Phrase("another than decimal")


def _says_the_day(values: Mapping[str, Any]) -> bool:
    in_name = values["file"] and DAY in values["file"].groupindex
    return bool(values["day"] or in_name)


def bank_day(layout: RegisterLayout, moment: datetime) -> date:
    """The day of the bank's books to which a moment belongs."""
    return (moment + layout.day_ends).date()


def beginning(layout: RegisterLayout, day: date) -> datetime:
    """The first moment of a day of the bank's books."""
    return datetime.combine(day, datetime.min.time()) - layout.day_ends


def bills_layout(values: Mapping[str, Any], faults: list[str], prefix: str) -> BillsLayout:
    """Make a layout of keys that are right each for itself, and look whether they fit together."""
    for name in ("inn", "rs"):
        if f"{{{name}" in values["name"] and not values[name]:
            wanted = Phrase("one, it is part of the file's name")
            faults.append(expected(f"{prefix}{name}", wanted))
    if values["shape"] != "full" and values["form"] != "pull":
        faults.append(expected(f"{prefix}form", Phrase('"pull" with this shape')))
    if values["quote"] and values["quote"] == values["separator"]:
        faults.append(expected(f"{prefix}separator", Phrase("another than quote")))
    qr = values["qr"]
    if values["form"] == "qr" and qr is None:
        wanted = Phrase("a table of {names}", names=", ".join(QR_FIRST))
        faults.append(expected(f"{prefix}qr", wanted))
    if qr and values["encoding"] not in QR_ENCODINGS:
        wanted = Phrase("one of {words} with qr", words=", ".join(QR_ENCODINGS))
        faults.append(expected(f"{prefix}encoding", wanted))
    elif qr and len("|".join(qr_first(qr)).encode(values["encoding"], "replace")) > QR_FIRST_BYTES:
        wanted = Phrase(
            "{names} in {most} bytes together", names=", ".join(QR_FIRST), most=QR_FIRST_BYTES
        )
        faults.append(expected(f"{prefix}qr", wanted))
    return BillsLayout(**values)


def name(bank: str, layout: BillsLayout, day: datetime, n: int) -> str:
    """The name of the list that was written as the n-th of a day."""
    return layout.name.format(bank=bank, date=day, inn=layout.inn, rs=layout.rs, n=n)


def names(bank: str, layout: BillsLayout, day: datetime | None = None) -> re.Pattern[str]:
    """The names of lists with any `n`, of one day or of any."""
    pattern = ""
    values = {"bank": bank, "inn": layout.inn, "rs": layout.rs, "date": day}
    for literal, field, form, _ in Formatter().parse(layout.name):
        pattern += re.escape(literal)
        if field == "n":
            pattern += "[0-9]+"
        elif field == "date" and day is None:
            pattern += DIRECTIVE.sub(_date_part, re.escape(form or "%"))
        elif field:
            pattern += re.escape(Formatter().format(f"{{{field}:{form}}}", **values))
    return re.compile(pattern)


def names_collide(first: tuple[str, BillsLayout], other: tuple[str, BillsLayout]) -> bool:
    """Whether lists of one bank would be taken for another's, and sent to it."""
    (bank, layout), (other_bank, other_layout) = first, other
    shared = layout.folder == other_layout.folder
    return shared and bool(
        names(bank, layout).fullmatch(name(other_bank, other_layout, SOME_DAY, 1))
    )


def _date_part(match: re.Match[str]) -> str:
    return {"Y": "[0-9]{4}", "j": "[0-9]{3}"}.get(match[1], "[0-9]{2}")


def qr_first(qr: Mapping[str, str]) -> list[str]:
    """The fields that stand first in a code, written."""
    return [f"{name}={qr[name]}" for name in QR_FIRST]


def sum_text(amount: Decimal, decimal: str = ".") -> str:
    """A sum with two decimals."""
    return f"{amount:.2f}".replace(".", decimal)

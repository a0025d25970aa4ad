"""The dialects, a module each. What a module holds is `Dialect`; a new one is a line here.

Its other files are found by its name: `tools/conform/`, `tools/sheet/`, `tests/protocols/`,
`docs/protocols/`. CONTRIBUTING.md tells what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from callback.model import Result
from callback.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.bank import Bank
    from callback.model import Command, Outcome, Refuse
    from callback.readers import Setting
    from callback.wire import Call

# What HTTP itself says where a dialect has no word. 503 is a broken line to a bank: it repeats.
HTTP_STATUS: Mapping[Outcome, int] = {
    "bad_token": 404,
    "bad_address": 403,
    "not_authenticated": 401,
    "bad_method": 405,
    "temporary": 503,
}
# The tables that a dialect may leave out.
DEFAULTS: Mapping[str, Any] = {
    "CODES_BY_FORM": {},
    "UNAVAILABLE": None,
    "ERROR_BODIES": False,
    "BARE_BASIC": False,
    "METHOD_FIRST": False,
    "SHARED_PROOFS": (),
    "OPENED_BY": {},
    "CHANGES_PASSWORD": False,
    "CREDENTIALS_INSIDE": False,
    "SERVICE": "",
}


class Dialect(Protocol):
    """What a dialect's module gives; tables on top, a few short functions below."""

    @property
    def METHODS(self) -> tuple[str, ...]:
        """HTTP methods; others are the outcome bad_method."""

    @property
    def PATHS(self) -> tuple[str, ...]:
        """Its operations below the bank's address; ("",) when there is only that."""

    @property
    def PROOFS(self) -> tuple[str, ...]:
        """Settings of its own that prove who is calling."""

    @property
    def SHARED_PROOFS(self) -> tuple[str, ...]:
        """May be left out. Those of PROOFS which a network brings to all whom it calls, so that
        they do not tell for whom the call was meant: another proof is wanted beside them.
        """

    @property
    def SETTINGS(self) -> Mapping[str, Setting]:
        """Keys of its own, and common keys with other defaults."""

    @property
    def CODES(self) -> Mapping[str, str]:
        """Codes by outcome, or by "command.outcome" where the command matters."""

    @property
    def CODES_BY_FORM(self) -> Mapping[str, Mapping[str, str]]:
        """May be left out. By a value of its setting `form`: the codes that are used instead."""

    @property
    def UNAVAILABLE(self) -> Refuse | None:
        """May be left out. Of a dialect in whose words the web server says "ask again", with HTTP
        200, while the program is down: the request, unread and with an empty name, that is
        answered so. The answer is written beforehand: no time and nothing of a request is in it.
        Without this table a broken line is the word: HTTP 503 without a body.
        """

    @property
    def ERROR_BODIES(self) -> bool:
        """May be left out. True: answers of its own come with HTTP 400, 401 or 500 and a body,
        which no web server may take away.
        """

    @property
    def BARE_BASIC(self) -> bool:
        """May be left out. True: user name and password of HTTP Basic may come without the word
        Basic before them.
        """

    @property
    def METHOD_FIRST(self) -> bool:
        """May be left out. True: another HTTP method is bad_method before user name and password
        are looked at.
        """

    @property
    def OPENED_BY(self) -> Mapping[str, str]:
        """May be left out. Addresses among PATHS that are there only while a setting is given, each
        with that setting. No proof of the dialect's own holds there: allow or url_token must.
        """

    @property
    def CHANGES_PASSWORD(self) -> bool:
        """May be left out. True: the bank changes its password itself (callback/passwords.py)."""

    @property
    def CREDENTIALS_INSIDE(self) -> bool:
        """May be left out. True: user name and password are not those of HTTP Basic but parts of
        the request, which `read` passes on as `Command.credentials`.
        """

    @property
    def SERVICE(self) -> str:
        """May be left out. The setting of its own with the numbers of our services, where a part of
        its requests tells which of them is meant. Without it the common setting `service_field`
        names a parameter that does.
        """

    def read(self, bank: Bank, call: Call) -> Command:
        """Turn the request into our words; never raises for what a bank may send."""

    def write(self, bank: Bank, command: Command, result: Result, code: str) -> Answer:
        """Turn what came of it into the bank's words.

        `code` is the dialect's for this outcome. `command` may also be a bare Refuse with an
        empty name: the request was not read at all.
        """


class Dialects(Mapping[str, Dialect]):
    """The dialects by name. A module is imported when it is asked for: a host that starts a
    Python for every call should not pay for the banks that it does not have.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._modules: dict[str, Dialect] = {}

    def __getitem__(self, name: str) -> Dialect:
        if name not in self._modules:
            if name not in self._names:
                raise KeyError(name)
            module = import_module(f"{__name__}.{name}")
            for table, default in DEFAULTS.items():
                vars(module).setdefault(table, default)
            self._modules[name] = cast("Dialect", module)
        return self._modules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


PROTOCOLS = Dialects(
    "osmp",
    "kaspi",
    "files",  # a bank that never calls
    "sberbank",
    "cyberplat",
    "payme",
    "paynet",
    "mbank",
    "ckassa",
    "click",
    "uzum",
    "alif",
    "usmp",
    "nonstop",
    "paynet_soap",
)


def default_codes(dialect: Dialect, own: Mapping[str, Any]) -> Mapping[str, str]:
    """The codes of a dialect with these settings, before a bank's own are laid over them."""
    return dialect.CODES_BY_FORM.get(own.get("form", ""), dialect.CODES)


def has_path(bank: Bank, path: str) -> bool:
    """Say whether this is an address of the bank's dialect, and open."""
    dialect = PROTOCOLS[bank.protocol]
    setting = dialect.OPENED_BY.get(path)
    return path in dialect.PATHS and (setting is None or bool(bank.setting(setting)))


def opens(bank: Bank, path: str) -> bool:
    """Say whether an address of the bank's is one that a setting opens."""
    return path in PROTOCOLS[bank.protocol].OPENED_BY


def answer(bank: Bank, command: Command, result: Result) -> Answer:
    """Say what came of a command: in the dialect's words, or as HTTP where it has none."""
    code = bank.code(command.name, result.outcome)
    if code is None:
        return bare_answer(result.outcome)
    return PROTOCOLS[bank.protocol].write(bank.of_service(command.service), command, result, code)


def unavailable_answer(bank: Bank) -> Answer:
    """What a bank hears while the program cannot answer: the web server says it instead."""
    unread = PROTOCOLS[bank.protocol].UNAVAILABLE
    if unread is None:
        return bare_answer("temporary")
    return answer(bank, unread, Result(unread.outcome))


def bare_answer(outcome: Outcome) -> Answer:
    """An answer of HTTP alone; "ask again" for what has no status of its own."""
    return Answer(b"", "", HTTP_STATUS.get(outcome, HTTPStatus.SERVICE_UNAVAILABLE))

"""The settings file, read once at start. Every fault in it is named at once, by its key."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import stat
import sys
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from callback import layouts, readers
from callback.bank import Bank, Settings
from callback.messages import LANGUAGES
from callback.model import Outcome
from callback.paths import INSTANCE
from callback.phrase import Phrase, joined
from callback.protocols import PROTOCOLS, default_codes
from callback.readers import REQUIRED, Setting, expected

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from callback.database import Engine
    from callback.protocols import Dialect

BANK_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
NUMBER = re.compile("[0-9]{1,18}")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how such a file begins
OPS_ADDRESSES = ("doctor", "health")
EXCHANGE = "exchange"  # likewise, where the settings have [EXCHANGE]
DATABASE_FORM = Phrase(
    "mysql://user:password@host:3306/database?ssl_ca=/path/ca.pem (several hosts: h1:3306,h2:3306) "
    "or sqlite:////path/file.db"
)
# What the reader of TOML says, and what it comes from.
PLAINER = {
    r"Illegal character '\n'": Phrase("a text without its second quotation mark"),
    "Unclosed array": Phrase("a list without its ], or without a comma between two values"),
    "Unclosed inline table": Phrase("a table without its }, or without a comma between two values"),
}
MYSQL_URL = re.compile(
    r"mysql://(?P<user>[^:@/]*)(?::(?P<password>.*))?@(?P<hosts>[^@/?]+)"
    r"/(?P<database>[^@/?]+)(?:\?(?P<options>[^@]*))?"
)
# charset is utf8mb4 whatever is said
MYSQL_OPTIONS = {"ssl_ca", "unix_socket", "charset", "insecure"}

TOO_MUCH = Phrase("no more than max_sum")

# What every bank may set; a dialect's own SETTINGS come on top (design.md, section 3).
BANK_KEYS: Mapping[str, Setting] = {
    "protocol": Setting(readers.choice(*PROTOCOLS), REQUIRED),
    "allow": Setting(readers.networks, []),
    "username": Setting(readers.username, ""),
    "password": Setting(readers.secrets),
    "weak_password": Setting(readers.boolean, False),
    "secret": Setting(readers.secrets),
    "url_token": Setting(readers.url_token, False),
    "url_token_until": Setting(readers.day),
    "payer": Setting(readers.choice("account", "invoice"), "account"),
    "account_pattern": Setting(readers.pattern, r"[^\x00-\x20\x7f]{1,64}"),
    "account_clean": Setting(readers.choice("", "digits"), ""),
    "min_sum": Setting(readers.sum_of_money, "0.01"),
    "max_sum": Setting(readers.sum_of_money, "999999999999.99"),
    "timezone": Setting(readers.zone),
    "show": Setting(readers.any_of("name", "address", "debt"), []),
    "labels": Setting(readers.labels, {}),
    "codes": Setting(readers.codes, {}),
    "language": Setting(readers.choice(*LANGUAGES), "en"),
    "register": Setting(readers.table, {}),
    "bills": Setting(readers.table, {}),
    "send": Setting(layouts.send, ""),
    "smtp": Setting(layouts.mail_server, ""),
    "mail_from": Setting(readers.text, ""),
    "services": Setting(readers.table, {}),
    "service_field": Setting(readers.text, ""),
    "sums": Setting(readers.sums, {}),
}
# What one of the services may have of its own; what is not set is the bank's.
SERVICE_KEYS: Mapping[str, Setting] = {
    "prefix": Setting(readers.beginning),
    "account_pattern": Setting(readers.pattern),
    "currency": Setting(readers.currency),
    "min_sum": Setting(readers.sum_of_money),
    "max_sum": Setting(readers.sum_of_money),
    "secret": Setting(readers.secrets),
}
FILE_KEYS: Mapping[str, Setting] = {
    "SECRET_KEY": Setting(readers.secret_keys, REQUIRED),
    "DATABASE": Setting(readers.nonempty, REQUIRED),
    "insecure": Setting(readers.boolean, False),
    "TIMEZONE": Setting(readers.zone, REQUIRED),
    "CURRENCY": Setting(readers.currency, REQUIRED),
    "TRUSTED_PROXIES": Setting(readers.proxies, 0),
    "CONNECTIONS": Setting(readers.integer(1, 100), 2),
    "LOG": Setting(readers.file, ""),
    "PUBLIC_URL": Setting(readers.web_address, ""),
    "CONTACT": Setting(readers.text, ""),
    "language": Setting(readers.choice("", *LANGUAGES), ""),
    "BANKS": Setting(readers.table, {}),
    "IMPORT": Setting(readers.table),
    "EXPORT": Setting(readers.table, {}),
    "EXCHANGE": Setting(readers.table),
}


class SettingsError(Exception):
    """The settings file cannot be used; the text names every fault, a line each."""


def open_to_others(path: Path) -> str:
    """Say that others of this machine can read the file; nothing where that cannot be said.

    A group that was given the file by another owner, so that the program can read it, is meant.
    """
    status = path.stat()
    others = stat.S_IRWXG | stat.S_IRWXO
    if os.name != "posix" or not status.st_mode & others or not _has_modes(path.parent):
        return ""
    if status.st_uid != os.geteuid() and stat.S_IMODE(status.st_mode) & others == stat.S_IRGRP:
        return ""
    return Phrase("others on this host can read the secrets: chmod 600 {path}", path=path)


def reachable_by_others(path: Path) -> str:
    """The same where others can come as far as the file: a folder of ours may be closed to them.

    That of a link to it says nothing: they need not take it.
    """
    if os.name == "posix" and any(_is_closed(folder) for folder in path.resolve().parents):
        return ""
    return open_to_others(path)


def _is_closed(folder: Path) -> bool:
    return not folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH)


def _has_modes(folder: Path) -> bool:
    """Whether the file system keeps modes at all: a disk of Windows shows 777 for everything."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            return stat.S_IMODE(os.stat(file.name).st_mode) == 0o600
    except OSError:
        return True


def file() -> Path:
    """Where the settings are: CALLBACK_CONFIG says it, or they stand in instance/."""
    named = os.environ.get("CALLBACK_CONFIG")
    return Path(named) if named else INSTANCE / "config.toml"


class NotUTF8Error(Exception):
    """A file that an editor has saved in another encoding; the text says what to do."""


def text_of(path: Path, content: bytes) -> str:
    """The text of a file that people edit; NotUTF8Error."""
    if content.startswith(UTF_16) or b"\0" in content:  # no text in UTF-8 has a byte of zero
        raise NotUTF8Error(
            Phrase(
                '{file} is in UTF-16 (Notepad calls it "Unicode" or "UTF-16 LE"): Save as…, '
                "Encoding: UTF-8",
                file=path.absolute(),
            )
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUTF8Error(
            Phrase(
                "{file}: line {line} is not UTF-8, perhaps windows-1251: save it as UTF-8",
                file=path.absolute(),
                line=content[: error.start].count(b"\n") + 1,
            )
        ) from None


def load(path: Path) -> Settings:
    """Read the settings file; SettingsError names every fault in it."""
    content, raw = _read(path)
    if way := os.environ.get("CALLBACK_DATABASE"):
        raw["DATABASE"] = way  # another way to the same database, from another machine
    faults: list[str] = []
    values = _table(raw, FILE_KEYS, "", faults)
    weak = _weak_keys(values["SECRET_KEY"] or ())
    engine = _engine(values["DATABASE"], path.parent, faults, insecure=values["insecure"] or False)
    banks = {
        name: _bank(name, section, values, faults, path.parent)
        for name, section in (values["BANKS"] or {}).items()
    }
    weak += [fault for bank in banks.values() if bank for fault in _weak_proofs(bank)]
    # What has no address of its own is tried on this machine.
    host = urlsplit(values["PUBLIC_URL"] or "").hostname
    faults += weak if host and not _is_here(host) else []
    faults += _mistaken_lists(banks)
    exchange = _exchange(values["EXCHANGE"], banks, faults, path.parent)
    imports = _layout(
        values["IMPORT"], layouts.IMPORT_KEYS, layouts.import_layout, "IMPORT.", faults
    )
    exports = _layout(
        values["EXPORT"], layouts.EXPORT_KEYS, layouts.export_layout, "EXPORT.", faults
    )
    if faults:
        raise SettingsError(joined("\n", [f"{path.absolute()}:", *faults]))
    return Settings(
        path=path,
        secret_keys=values["SECRET_KEY"],
        engine=engine,  # type: ignore[arg-type]
        connections=values["CONNECTIONS"],
        trusted_proxies=values["TRUSTED_PROXIES"],
        log=values["LOG"] and path.parent / values["LOG"],
        public_url=values["PUBLIC_URL"].rstrip("/"),
        contact=values["CONTACT"],
        language=values["language"] or "",
        banks=banks,  # type: ignore[arg-type]
        imports=imports,
        exports=exports,
        exchange=exchange,
        weak=tuple(weak),
        digest=hashlib.sha256(content).hexdigest()[:16],
    )


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The file as it is, and the tables in it; SettingsError."""
    try:
        content = path.read_bytes()
        return content, tomllib.loads(text_of(path, content))
    except FileNotFoundError:
        raise SettingsError(
            Phrase(
                "no settings file at {file}: write one there (sample.toml is an example, flask "
                "secret prints a SECRET_KEY), or let CALLBACK_CONFIG name another",
                file=path.absolute(),
            )
        ) from None
    except NotUTF8Error as error:
        raise SettingsError(str(error)) from None
    except (OSError, ValueError, RecursionError) as error:  # also TOMLDecodeError
        raise SettingsError(
            Phrase("{file}: {error}", file=path.absolute(), error=unreadable(error))
        ) from None


def unreadable(error: Exception) -> object:
    """What the reader of TOML says, with the place where it stopped; others as they are."""
    if isinstance(error, PermissionError):
        return Phrase("{strerror}: run this as the user whose file it is", strerror=error.strerror)
    text, is_cut, _ = str(error).partition(" (at end of document)")
    if is_cut:
        return Phrase("{error} (at end of document)", error=text)
    match = re.fullmatch(r"(.*) \(at line ([0-9]+), column ([0-9]+)\)", text, re.DOTALL)
    if match is None:
        return error
    return Phrase(
        "{error} (at line {line}, column {column})",
        error=PLAINER.get(match[1], match[1]),
        line=match[2],
        column=match[3],
    )


def _table(
    raw: Mapping[str, Any], keys: Mapping[str, Setting], prefix: str, faults: list[str]
) -> dict[str, Any]:
    """Read the keys of one table; what is wrong goes to faults and is None in the answer."""
    for name in raw:
        if name not in keys:
            from difflib import get_close_matches

            close = get_close_matches(name, keys, 1)
            fault = Phrase("{key}: no such key", key=f"{prefix}{name}")
            faults.append(fault + f"; {close[0]}?" if close else fault)
    return {name: _value(raw, name, key, prefix, faults) for name, key in keys.items()}


def _value(raw: Mapping[str, Any], name: str, key: Setting, prefix: str, faults: list[str]) -> Any:
    value = raw.get(name, key.default)
    if value is REQUIRED:
        faults.append(Phrase("{key}: missing", key=f"{prefix}{name}"))
        return None
    if value is None:
        return None
    if isinstance(value, dict) and isinstance(key.default, dict):
        value = key.default | value
    try:
        return key.read(value)
    except ValueError as error:
        faults.append(expected(f"{prefix}{name}", error))
        return None


def _in_folder(
    section: Mapping[str, Any], keys: Mapping[str, Setting], folder: Path
) -> dict[str, Any]:
    """Make the paths of a section's files absolute."""
    files = {
        name: str(folder / value)
        for name, value in section.items()
        if name in keys and keys[name].in_folder and value and isinstance(value, str)
    }
    return {**section, **files}


def _bank(
    name: str, section: Any, of_file: Mapping[str, Any], faults: list[str], folder: Path
) -> Bank | None:
    prefix = f"BANKS.{name}."
    dialect = _dialect(name, section, faults)
    if dialect is None:
        return None
    if of_file["language"]:  # else the dialect's own
        section = {"language": of_file["language"], **section}
    before = len(faults)
    keys = _keys(section, dialect)
    values = _table(_in_folder(section, keys, folder), keys, prefix, faults)
    if len(faults) > before:
        return None
    codes = _codes(default_codes(dialect, values), values["codes"])
    faults += _unknown_outcomes(codes, dialect, prefix)
    faults += _contradictions(values, section, prefix)
    _read_generations(values, prefix, faults)
    _read_layouts(values, prefix, faults)
    faults += _unproved(values, dialect, prefix)
    services = values.pop("services")
    common = {key: values.pop(key) for key in Bank.__annotations__ if key in values}
    common |= {
        "timezone": common["timezone"] or of_file["TIMEZONE"],
        "password": common["password"] or (),
        "password_keys": _password_keys(name, of_file["SECRET_KEY"] or ()),
        "secret": common["secret"] or (),
        "codes": codes,
    }
    currency = of_file["CURRENCY"] or ""
    bank = Bank(name=name, currency=currency, own=values, services={}, **common)
    return bank.but(services=_services(bank, services, dialect, prefix, faults))


def _dialect(name: str, section: Any, faults: list[str]) -> Dialect | None:
    """The dialect of a section that is a bank's; None where it is none."""
    if not BANK_NAME.fullmatch(name) or not isinstance(section, dict):
        wanted = Phrase("a table named by 1 to 32 of A-Z a-z 0-9 _ -")
        faults.append(expected(f"BANKS.{name}", wanted))
        return None
    if name in OPS_ADDRESSES:
        wanted = Phrase("another name, /{name} is an address of our own", name=name)
        faults.append(expected(f"BANKS.{name}", wanted))
    dialect = PROTOCOLS.get(str(section.get("protocol")))
    if dialect is None:
        wanted = Phrase("one of {words}", words=", ".join(PROTOCOLS))
        faults.append(expected(f"BANKS.{name}.protocol", wanted))
    return dialect


def _keys(section: Mapping[str, Any], dialect: Dialect) -> dict[str, Setting]:
    keys = {**BANK_KEYS, **dialect.SETTINGS}
    if section.get("services") and dialect.SERVICE:
        # The table names them all.
        keys[dialect.SERVICE] = keys[dialect.SERVICE]._replace(default=None)
    return keys


def _unknown_outcomes(codes: Iterable[str], dialect: Dialect, prefix: str) -> Iterator[str]:
    known = {*get_args(Outcome), *dialect.CODES}
    for key in codes:
        if key not in known:
            yield Phrase("{key}: no such outcome", key=f"{prefix}codes.{key}")


def _contradictions(
    values: Mapping[str, Any], section: Mapping[str, Any], prefix: str
) -> Iterator[str]:
    """Name what is right by itself, and not beside another key."""
    if values["min_sum"] > values["max_sum"]:
        yield expected(f"{prefix}min_sum", TOO_MUCH)
    if bool(values["username"]) != bool(values["password"]) and "username" in section:
        yield expected(f"{prefix}password", Phrase("one, to go with username"))
    if values["password"] and not values["username"]:
        yield expected(f"{prefix}username", Phrase("one, to go with password"))


def _unproved(values: Mapping[str, Any], dialect: Dialect, prefix: str) -> Iterator[str]:
    """Name the addresses at which nobody could prove to be the bank."""
    proofs = ("allow", "password", "url_token", *dialect.PROOFS)
    # Nobody calls where a dialect has no address.
    if dialect.PATHS and not any(values[proof] for proof in proofs):
        yield Phrase(
            "{key}: nobody could prove to be this bank; set one of {names}",
            key=prefix.rstrip("."),
            names=", ".join(proofs),
        )
    for path, setting in dialect.OPENED_BY.items():
        if values[setting] and not (values["allow"] or values["url_token"]):
            wanted = Phrase("allow or url_token, the only proofs of who asks /{path}", path=path)
            yield expected(f"{prefix}{setting}", wanted)


def _read_generations(values: dict[str, Any], prefix: str, faults: list[str]) -> None:
    """With a last day the one before the newest is good until then."""
    if values["url_token_until"] is None or len(values["url_token"]) > 1:
        return
    newest = max(values["url_token"], default=0)
    if newest < 2:
        wanted = Phrase("url_token = 2 or more, the new one")
        faults.append(expected(f"{prefix}url_token_until", wanted))
    values["url_token"] = (newest - 1, newest)


def _weak_keys(keys: Iterable[bytes]) -> list[str]:
    short = any(len(key) < readers.LEAST_KEY for key in keys)
    return [expected("SECRET_KEY", readers.a_key())] if short else []


def _weak_proofs(bank: Bank) -> Iterator[str]:
    yield from _weak_passwords(bank)
    dialect = PROTOCOLS[bank.protocol]
    shared = [name for name in dialect.SHARED_PROOFS if bank.own[name]]
    if shared and not (bank.allow or bank.password or bank.url_token):
        wanted = Phrase(
            "allow, password or url_token beside {shared}: it is the same for all whom the network "
            "calls, and says nothing of whom it means",
            shared=shared[0],
        )
        yield expected(f"BANKS.{bank.name}", wanted)


def _weak_passwords(bank: Bank) -> list[str]:
    if bank.weak_password or all(
        len(password.decode()) >= readers.LEAST_PASSWORD for password in bank.password
    ):
        return []
    wanted = Phrase(
        "at least {least} characters (flask secret prints some); or weak_password = true, where "
        "the bank dictates a shorter one",
        least=readers.LEAST_PASSWORD,
    )
    return [expected(f"BANKS.{bank.name}.password", wanted)]


def _services(
    bank: Bank, tables: Mapping[str, Any], dialect: Dialect, prefix: str, faults: list[str]
) -> dict[str, Bank]:
    """The bank as it is for each of its services; those of the dialect's own setting are as it."""
    faults += [
        expected(f"{prefix}service_field", wanted) for wanted in _field_fault(bank, tables, dialect)
    ]
    if not tables:
        return {}
    keys = dict(SERVICE_KEYS)
    if not (dialect.SERVICE and "secret" in dialect.PROOFS):
        del keys["secret"]  # what it would sign is checked before the service is known
    services = {name: bank.but(service=name) for name in _named(bank.own.get(dialect.SERVICE))}
    for name, table in tables.items():
        place = f"{prefix}services.{name}"
        if not isinstance(table, dict):
            faults.append(expected(place, Phrase('a table such as { prefix = "17-" }')))
            continue
        values = _table(table, keys, f"{place}.", faults)
        ours = {key: value for key, value in values.items() if value is not None}
        services[name] = bank.but(service=name, **ours)
        if services[name].min_sum > services[name].max_sum:
            faults.append(expected(f"{place}.min_sum", TOO_MUCH))
    faults += _mistaken_prefixes(services, prefix)
    return {
        name: service.but(own=_own(service, dialect, f"{prefix}services.{name}", faults))
        for name, service in services.items()
    }


def _mistaken_prefixes(services: Mapping[str, Bank], prefix: str) -> Iterator[str]:
    """One account must not be behind the prefixes of two services."""
    for (name, service), (other, shorter) in permutations(services.items(), 2):
        begins_alike = shorter.prefix and service.prefix.startswith(shorter.prefix)
        if begins_alike and service.prefix != shorter.prefix:
            wanted = Phrase("one that does not begin as that of {other}", other=other)
            yield expected(f"{prefix}services.{name}.prefix", wanted)


def _field_fault(bank: Bank, tables: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
    if bank.service_field and not tables:
        yield Phrase("none without services")
    elif bank.service_field and dialect.SERVICE:
        yield Phrase("none: this protocol has a part that names the service")
    elif tables and dialect.PATHS and not (dialect.SERVICE or bank.service_field):
        yield Phrase("the name of the parameter that names the service")


def _named(accepted: Any) -> tuple[str, ...]:
    """The services that a dialect's own setting lets in."""
    if isinstance(accepted, tuple):
        return tuple(map(str, accepted))
    return () if accepted in (None, "") else (str(accepted),)


def _own(service: Bank, dialect: Dialect, place: str, faults: list[str]) -> Mapping[str, Any]:
    """The dialect's settings for one service: the one of services names this one alone."""
    if not dialect.SERVICE:
        return service.own
    name, why = service.service, ""
    for value in (name, [name], *([int(name)] if NUMBER.fullmatch(name) else [])):
        try:
            return {**service.own, dialect.SERVICE: dialect.SETTINGS[dialect.SERVICE].read(value)}
        except ValueError as error:
            why = str(error)
    wanted = Phrase("as the name of a service {why}", why=why)
    faults.append(expected(place, wanted))
    return service.own


def _password_keys(name: str, secret_keys: Iterable[bytes]) -> tuple[bytes, ...]:
    """One key for each SECRET_KEY, good for the passwords of this bank and for nothing else."""
    purpose = f"bank-password/{name}".encode()
    return tuple(hmac.new(key, purpose, hashlib.sha256).digest() for key in secret_keys)


def _mistaken_lists(banks: Mapping[str, Bank | None]) -> Iterator[str]:
    """Two banks that are sent lists must not find each other's."""
    sent = [bank for bank in banks.values() if bank and bank.send]
    for bank, other in permutations(sent, 2):
        if layouts.names_collide((bank.name, bank.bills), (other.name, other.bills)):
            wanted = Phrase(
                "another than that of BANKS.{other}, or {example} in the names of the lists",
                other=other.name,
                example="{bank}",
            )
            yield expected(f"BANKS.{bank.name}.bills.folder", wanted)


def _layout(
    raw: Mapping[str, Any] | None,
    keys: Mapping[str, Setting],
    make: Callable[[Mapping[str, Any], list[str], str], Any],
    prefix: str,
    faults: list[str],
) -> Any:
    """Read a table that says how files look; None where it is not there, or wrong."""
    if raw is None:
        return None
    before = len(faults)
    columns = _table(raw, keys, prefix, faults)
    return make(columns, faults, prefix) if len(faults) == before else None


def _exchange(
    raw: Mapping[str, Any] | None, banks: Mapping[str, Any], faults: list[str], folder: Path
) -> layouts.Exchange | None:
    """Read the table that opens the exchange; None where it is not there, or wrong."""
    if raw is None:
        return None
    if EXCHANGE in banks:
        wanted = Phrase("another name, [EXCHANGE] opens /{name}", name=EXCHANGE)
        faults.append(expected(f"BANKS.{EXCHANGE}", wanted))
    keys = layouts.EXCHANGE_KEYS
    raw = _in_folder({"folder": keys["folder"].default, **raw}, keys, folder)
    exchange: layouts.Exchange | None = _layout(raw, keys, layouts.exchange, "EXCHANGE.", faults)
    return exchange


def _read_layouts(values: dict[str, Any], prefix: str, faults: list[str]) -> None:
    """Read the tables of the bank's files, in place, and what belongs to them."""
    for name, keys, make in (
        ("register", layouts.REGISTER_KEYS, layouts.register_layout),
        ("bills", layouts.BILLS_KEYS, layouts.bills_layout),
    ):
        values[name] = _layout(values[name], keys, make, f"{prefix}{name}.", faults)
    scheme = values["send"] and values["send"].scheme
    if scheme == "mailto" and not values["smtp"]:
        faults.append(expected(f"{prefix}smtp", layouts.MAIL_SERVER))
    if values["smtp"] and "@" not in values["mail_from"]:
        faults.append(expected(f"{prefix}mail_from", layouts.SENDER))
    bills = values["bills"]
    if bills and bills.shape not in ("full", values["protocol"]):
        faults.append(expected(f"{prefix}bills.shape", Phrase('"full" with this protocol')))
    # What only the dialect could prove, a bank that fetches a list does not show.
    fetched = scheme == "held" or (bills and bills.form == "pull")
    if fetched and not any(values[proof] for proof in ("allow", "password", "url_token")):
        wanted = Phrase("allow, password or url_token for a list to be fetched")
        faults.append(expected(f"{prefix}bills", wanted))


def _codes(defaults: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Lay a bank's own codes over the dialect's.

    One that the dialect has for single commands only is replaced for all of them; but "ask again"
    stays where a command has a word for it.
    """
    replaced = own.keys() - defaults.keys() - {"temporary"}
    kept = {key: code for key, code in defaults.items() if key.partition(".")[2] not in replaced}
    return {**kept, **own}


def _engine(
    url: str | None, folder: Path, faults: list[str], *, insecure: bool = False
) -> Engine | None:
    if url is None:
        return None
    if re.fullmatch("sqlite:///.+", url):
        from callback.database.sqlite import SQLite

        return SQLite(folder / url.removeprefix("sqlite:///"))
    match = MYSQL_URL.fullmatch(url)
    options = dict(parse_qsl(match["options"] or "", keep_blank_values=True)) if match else {}
    hosts = _hosts(match["hosts"]) if match else None
    if match is None or hosts is None or not options.keys() <= MYSQL_OPTIONS:
        faults.append(expected("DATABASE", DATABASE_FORM))
        return None
    insecure = insecure or options.get("insecure") == "true"
    faults += _insecure_ways(hosts, options, folder, insecure=insecure)
    from callback.database.mysql import MySQL

    return MySQL(
        hosts=hosts,
        user=unquote(match["user"]),
        password=unquote(match["password"] or ""),
        database=unquote(match["database"]),
        unix_socket=options.get("unix_socket"),
        ssl_ca=str(folder / options["ssl_ca"]) if "ssl_ca" in options else None,
    )


def _insecure_ways(
    hosts: Iterable[tuple[str, int]], options: Mapping[str, str], folder: Path, *, insecure: bool
) -> Iterator[str]:
    """Name what would let another machine pass for the database."""
    if "ssl_ca" in options and not os.path.isfile(folder / options["ssl_ca"]):
        wanted = Phrase("ssl_ca to name a file with the certificate of an authority")
        yield expected("DATABASE", wanted)
    is_far = "unix_socket" not in options and not all(_is_here(host) for host, _ in hosts)
    if is_far and "ssl_ca" not in options and not insecure:
        wanted = Phrase(
            "?ssl_ca=/path/ca.pem: the host is another machine, and nothing proves that it is the "
            "one; insecure = true lets the program go there all the same"
        )
        yield expected("DATABASE", wanted)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hosts(text: str) -> list[tuple[str, int]] | None:
    hosts = []
    for host in text.split(","):
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]@]+)(?::([0-9]{1,5}))?", host)
        if match is None or not 0 < int(match[2] or 3306) < 65536:
            return None
        hosts.append((match[1].strip("[]"), int(match[2] or 3306)))
    return hosts

"""Looks for what is wrong with an installation, and says in a sentence what to do about it.

`flask doctor` runs it on the host; where there is no shell, the deployed site runs it for whoever
brings a signed, short-lived address. What it looks for is hosting.md, section 8.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import platform
import re
import stat
import sys
import time
from contextlib import closing, suppress
from datetime import timedelta
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from callback import log, signature
from callback.clock import utc_now
from callback.database.errors import DatabaseError
from callback.database.login import COLD
from callback.database.mysql import MySQL
from callback.limits import DOCTOR_S
from callback.paths import INSTANCE, ROOT
from callback.protocols import PROTOCOLS
from callback.readers import LEAST_PASSWORD, LEAST_RSA_BITS, is_guessed
from callback.settings import open_to_others
from callback.tools import (
    arrival,
    compiled,
    exposure,
    htaccess,
    nodes,
    overlays,
    password,
    rehearsal,
    tables,
    web,
)
from callback.tools.books import lag, mt940, pull
from callback.tools.finding import Finding
from callback.tools.hints import explained, send_settings
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from callback.bank import Bank, Settings
    from callback.database import Database, Row, Session
    from callback.tools.finding import State

LIBRARIES = ("Flask", "PyMySQL", "itsdangerous", "gunicorn", "defusedxml", "tzdata")
MAX_SKEW = timedelta(seconds=5)
# Banks send a date of the same minute; a wrong zone is off by hours.
MAX_DATE_SKEW = timedelta(minutes=50)
ZONES_APART = timedelta(hours=26)  # from UTC-12 to UTC+14
# Nothing of these may ever be shown (hosting.md, section 7.2).
PRIVATE = (
    *("/", "/robots.txt", "/.git/config", "/.htaccess", "/config.toml", "/instance/config.toml"),
    *("/wsgi.py", "/passenger_wsgi.py", "/callback/handlers.py", "/sql/schema.sql"),
    *("/callback.log", "/MANIFEST.sha256", "/requirements.txt"),
)
OLD_PASSENGER = (6, 0, 19)  # loaders before it import a module that Python 3.12 removed
RIGHTS = ("SELECT", "INSERT", "UPDATE")
# Faults of these leave a rehearsal its sense.
BESIDE = (
    *("bank ", "clock", "connections", "durability", "encryption", "login", "node ", "posting"),
    "promise_written",
)

MISSING = "missing"  # a library
IN_USE = "settings in use"  # told by a digest, so that others can be told from them
# What a statement of the schema or of an upgrade adds: a table; a column or a key of a table.
ADDITION = re.compile(
    r"(?:CREATE TABLE IF NOT EXISTS|ALTER TABLE) (\w+)(?: ADD (?:COLUMN|KEY) (\w+))?"
)


def examine(
    settings: Settings, database: Database, environ: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Look at everything. `environ` is the WSGI environment when it runs in the deployed site."""
    yield from _python(environ or {})
    yield from _files(settings)
    yield from _release(ROOT)
    yield from compiled.examine()
    yield from _banks(settings)
    yield from overlays.examine(INSTANCE / "sql")
    yield from _exchange(settings)
    yield from _database(settings, database, is_site=environ is not None)
    if environ is not None:
        yield from _door(settings, environ)


def visit(settings: Settings, url: str) -> Iterator[Finding]:
    """Ask the deployed site at `url` to examine itself, and try what a stranger would."""
    token = signature.ops_pass("doctor", settings.secret_keys)
    status, body = web.get(f"{url}/doctor/{token}", DOCTOR_S, web.SOME_BASIC)
    if not status:
        yield Finding(
            "fault",
            "site",
            _(
                "{url} is not reached: {why}: look at PUBLIC_URL, the domain's address and its "
                "certificate"
            ).format(url=url, why=body.decode(errors="replace")),
        )
        return
    if status == HTTPStatus.OK:
        yield from (_compared(settings, Finding(*found)) for found in json.loads(body))
    else:
        yield Finding(
            "fault",
            "site",
            _(
                "{url} does not answer as this program with this SECRET_KEY (HTTP "
                "{status}): is the address right and no redirect, does the program run,"
                " are both clocks right? Why it does not start is in "
                "callback/STARTUP.txt on the host; without that file the entry never ran: mode "
                "755, line ends of Unix, a Python that is there in line 1 of pay.cgi; on a machine "
                "of your own journalctl -u callback says it"
            ).format(url=url, status=status),
        )
    yield from _seen_by_strangers(url)


def _seen_by_strangers(url: str) -> Iterator[Finding]:
    """What the site shows to anybody; an answer that did not come is none."""
    for path in PRIVATE:
        status, body = web.get(url + path, DOCTOR_S)
        if not status:
            continue
        if status not in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            yield Finding(
                "fault",
                f"site {path}",
                _(
                    "is public (HTTP {status}): nothing but the entry file belongs in the "
                    "web folder"
                ).format(status=status),
            )
        elif body:
            yield Finding("warning", f"site {path}", _("shows an error page of the web server"))


def _compared(settings: Settings, finding: Finding) -> Finding:
    """Whether the site runs with the settings that are here."""
    if finding.name != IN_USE or finding.text == settings.digest:
        return finding
    return Finding(
        "warning",
        IN_USE,
        _("are not as {path} here: {command} sends these").format(
            path=settings.path, command=send_settings()
        ),
    )


def caller_at(settings: Settings, url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """For whom the site of these settings takes this machine; None where it does not say."""
    token = signature.ops_pass("doctor", settings.secret_keys)
    status, body = web.get(f"{url}/doctor/{token}", DOCTOR_S, web.SOME_BASIC)
    findings = json.loads(body) if status == HTTPStatus.OK else []
    seen = next((text for _state, name, text in findings if name == "caller"), "")
    with suppress(ValueError):
        return ipaddress.ip_address(seen.partition(": ")[0])
    return None


def _python(environ: Mapping[str, str]) -> Iterator[Finding]:
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    yield Finding("ok", "python", f"{platform.python_version()} in {sys.prefix}; {libraries}")
    match = re.search(r"Passenger[/ ](\d+)\.(\d+)\.(\d+)", environ.get("SERVER_SOFTWARE", ""))
    if match:
        yield passenger_and_python(
            (int(match[1]), int(match[2]), int(match[3])), sys.version_info[:2]
        )


def passenger_and_python(passenger: tuple[int, ...], python: tuple[int, ...]) -> Finding:
    """Tell whether this Passenger can load this Python."""
    version = ".".join(map(str, passenger))
    if passenger < OLD_PASSENGER and python >= (3, 12):
        return Finding(
            "fault",
            "passenger",
            _(
                "Passenger {version} cannot start Python {python}: choose "
                "Python 3.11 or older in the panel, or have Passenger 6.0.19 or newer "
                "installed"
            ).format(version=version, python=".".join(map(str, python))),
        )
    return Finding("ok", "passenger", version)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return MISSING


def _files(settings: Settings) -> Iterator[Finding]:
    path = settings.path
    status = path.stat()
    name = f"settings {path}"
    if exposed := open_to_others(path):
        yield Finding("fault", name, say(exposed))
    else:
        yield Finding("ok", name, _("only their owner can read them"))
    yield Finding("ok", IN_USE, settings.digest)
    uid = os.geteuid() if hasattr(os, "geteuid") else status.st_uid
    if status.st_uid != uid:
        yield Finding(
            "fault",
            "user",
            _(
                "the program runs as uid {uid}, its settings belong to uid {st_uid}: "
                "have the host run it as your account (suEXEC, Passenger), or change "
                "the owner"
            ).format(uid=uid, st_uid=status.st_uid),
        )
    else:
        yield Finding("ok", "user", _("uid {uid}, the owner of the settings").format(uid=uid))
    if fault := log.fault(settings.log):
        yield Finding(
            "fault",
            "LOG",
            _("{fault}: until it can be written, lines go to stderr").format(fault=say(fault)),
        )


def _release(root: Path) -> Iterator[Finding]:
    manifest = root / "MANIFEST.sha256"
    if not manifest.exists():
        yield Finding("ok", "release", _("{name}: a checkout, no manifest").format(name=root.name))
        return
    wrong = []
    named = {manifest.name}
    for line in manifest.read_text(encoding="utf-8").splitlines():
        digest, _blank, name = line.partition("  ")
        named.add(name)
        file = root / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            wrong.append(name)
    if wrong:
        shown = ", ".join(wrong[:5])
        yield Finding(
            "fault",
            "release",
            _("{wrong} files are not as they were built ({shown}): deploy again").format(
                wrong=len(wrong), shown=shown
            ),
        )
    elif foreign := exposure.planted(root, named):
        yield foreign
    else:
        yield Finding(
            "ok", "release", _("{name}: every file is as it was built").format(name=root.name)
        )


def _banks(settings: Settings) -> Iterator[Finding]:
    for fault in settings.weak:
        yield Finding(
            "warning",
            "secrets",
            _("{fault}; with a PUBLIC_URL this stops the start").format(fault=say(fault)),
        )
    if any(map(is_guessed, settings.secret_keys)):
        yield Finding(
            "warning",
            "secrets",
            _(
                "SECRET_KEY is the same few letters again, or goes along the alphabet: whoever has "
                "one token guesses the others. flask secret prints a better one"
            ),
        )
    if settings.public_url.startswith("http://") and "//127." not in settings.public_url:
        yield Finding("fault", "PUBLIC_URL", _("not https: get a certificate, banks send sums"))
    for bank in settings.banks.values():
        yield from _bank(bank)
    yield from exposure.loopback(settings)
    yield from exposure.leaks(settings, Path.home())


def _by_password(bank: Bank) -> str:
    return _("password") if PROTOCOLS[bank.protocol].CREDENTIALS_INSIDE else "Basic"


def _bank(bank: Bank) -> Iterator[Finding]:
    dialect = PROTOCOLS[bank.protocol]
    proofs = [
        *([_("addresses")] if bank.allow else []),
        *([_by_password(bank)] if bank.password else []),
        *([_("signed address")] if bank.url_token else []),
        *([_("signature")] if any(map(bank.setting, dialect.PROOFS)) else []),
    ]
    yield Finding("ok", f"bank {bank.name}", f"{bank.protocol}; " + ", ".join(proofs))
    if (key := bank.own.get("own_key")) and (exposed := open_to_others(key.file)):
        yield Finding("fault", f"bank {bank.name} own_key", say(exposed))
    yield from exposure.open_to_all(bank)
    if any(len(secret) < LEAST_PASSWORD or is_guessed(secret) for secret in bank.password):
        yield Finding(
            "warning",
            f"bank {bank.name}",
            _(
                "a password has under {least_password} characters, or the same few again: agree on "
                "a better one"
            ).format(least_password=LEAST_PASSWORD),
        )
    if any(len(secret) < 8 for secret in bank.secret):
        yield Finding("warning", f"bank {bank.name}", _("a secret has under 8 characters"))
    for name in ("bank_key", "own_key"):
        if (key := bank.own.get(name)) and key.bits < LEAST_RSA_BITS:
            yield Finding(
                "warning",
                f"bank {bank.name} {name}",
                _("RSA of {bits} bits: ask for one of {least_rsa_bits} or more").format(
                    bits=key.bits, least_rsa_bits=LEAST_RSA_BITS
                ),
            )
    if bank.register.form == "mt940" and _version("mt-940") == MISSING:
        yield Finding("fault", f"bank {bank.name} register", _(mt940.MISSING))


def _database(settings: Settings, database: Database, *, is_site: bool) -> Iterator[Finding]:
    in_the_way = False
    for finding in _server_and_tables(settings, database, is_site=is_site):
        is_other = finding.name.startswith(BESIDE)
        is_away = finding.name == "database" and finding.state != "ok"
        in_the_way = in_the_way or is_away or (finding.state == "fault" and not is_other)
        yield finding
    if not in_the_way:
        laid_over = [file.stem for file in sorted((INSTANCE / "sql").glob("*.sql"))]
        try:
            yield from rehearsal.examine(database, [*settings.banks.values()], laid_over)
        except DatabaseError as error:
            yield Finding("fault", "rehearsal", explained(error))


def _server_and_tables(
    settings: Settings, database: Database, *, is_site: bool
) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        if isinstance(settings.engine, MySQL):
            yield from _login(settings.engine)
        with database.session() as session:
            missing = list(_missing(session, database))
            yield from missing
            if not missing:
                session.run("find_payment", bank="", txn_id="")
            took = (time.monotonic() - started) * 1000
            yield Finding(
                "ok", "database", _("answers, connecting took {took:.0f} ms").format(took=took)
            )
            if isinstance(settings.engine, MySQL):
                yield from _server(session, settings.engine, settings)
                yield from nodes.examine(session, settings.engine)
                yield from tables.examine(session)
            if not missing:
                yield from _numbers(session)
            for bank in settings.banks.values():
                yield from _dates(session, bank)
                yield from _bills(database, bank)
    except DatabaseError as error:
        yield _away(settings, error, is_site=is_site)
        return
    yield from lag.find(database)
    for bank in settings.banks.values():
        if PROTOCOLS[bank.protocol].CHANGES_PASSWORD:
            yield _password(database, bank)


def _away(settings: Settings, error: DatabaseError, *, is_site: bool) -> Finding:
    """The database was not reached; in an office it may be the site's alone.

    The site does not ask itself: that one would ask again, until no worker is left.
    """
    if isinstance(settings.engine, MySQL) and not is_site and _is_reached_by_site(settings):
        return Finding(
            "warning",
            "database",
            _(
                "the site has it, this machine does not ({error}): ask there (flask "
                "doctor --site), or name a way from here, CALLBACK_DATABASE "
                "(deploy/exchange/README.md)"
            ).format(error=explained(error)),
        )
    return Finding("fault", "database", explained(error))


def _is_reached_by_site(settings: Settings) -> bool:
    """Whether the site at PUBLIC_URL says that its database answers."""
    if not settings.public_url:
        return False
    token = signature.ops_pass("doctor", settings.secret_keys)
    status, body = web.get(f"{settings.public_url}/doctor/{token}", DOCTOR_S)
    if status != HTTPStatus.OK:
        return False
    return any(
        finding.name == "database" and finding.state == "ok"
        for finding in (Finding(*values) for values in json.loads(body))
    )


def _exchange(settings: Settings) -> Iterator[Finding]:
    """What the office needs."""
    if settings.exchange is None:
        return
    fault = arrival.fault(Path(settings.exchange.folder))
    if fault:
        yield Finding("fault", "exchange", _("no list can arrive: {fault}").format(fault=fault))
    elif settings.imports is None:
        yield Finding("ok", "exchange", _("payments go out; no lists come in, without [IMPORT]"))
    else:
        yield Finding(
            "ok",
            "exchange",
            _("is open; lists arrive in {folder}").format(folder=settings.exchange.folder),
        )


def _password(database: Database, bank: Bank) -> Finding:
    """Which password a bank that changes it by itself must bring."""
    name = f"bank {bank.name} password"
    try:
        return Finding("ok", name, password.state(database, bank))
    except DatabaseError as error:
        wants = _("the bank is answered 'ask again' without the table bank_password")
        return Finding(
            "fault",
            name,
            _("{wants}: run flask init-db, or paste sql/schema.sql ({error})").format(
                wants=wants, error=explained(error)
            ),
        )


def _missing(session: Session, database: Database) -> Iterator[Finding]:
    """Find what a database of an older release lacks, each with the statement to paste."""
    engine = database.engine
    there = {row["name"] for row in session.run(f"doctor_{engine.UPGRADE}").rows}
    if "payment" not in there:  # a new database: one sentence is enough
        return
    for script in (engine.SCHEMA, engine.UPGRADE):
        for statement in database.statements_of(script):
            added = ADDITION.match(statement)
            if added and ".".join(filter(None, added.groups())) not in there:
                yield Finding(
                    "warning" if " ADD KEY " in statement else "fault",
                    ".".join(filter(None, added.groups())),
                    _("is missing: run flask init-db, or paste {statement};").format(
                        statement=statement
                    ),
                )


def _numbers(session: Session) -> Iterator[Finding]:
    lacking = session.run("doctor_numbers").rows[0]["n"]
    if lacking:
        yield Finding(
            "warning",
            "payment.number",
            _(
                "{lacking} of the newest payments are without the number that was "
                "typed, so a repeat of them cannot be compared: run flask init-db, now "
                "that no older release writes"
            ).format(lacking=lacking),
        )


def _login(engine: MySQL) -> Iterator[Finding]:
    with closing(engine.connect()) as connection:
        if not connection.can_log_in_again:
            yield Finding("fault", "login", _(COLD))


def _server(session: Session, engine: MySQL, settings: Settings) -> Iterator[Finding]:
    server = session.run("doctor_server").rows[0]
    yield Finding("ok", "database version", server["version"])
    yield _encryption(session, engine)
    yield from _rights(session, engine)
    yield _durability(server)
    skew = abs(server["utc_now"] - utc_now())
    if skew > MAX_SKEW:
        text = _("{total_seconds:.0f} s apart from the database's: have both hosts use NTP").format(
            total_seconds=skew.total_seconds()
        )
        yield Finding("fault", "clock", text)
    else:
        yield Finding("ok", "clock", _("agrees with the database's"))
    limit = server["max_user_connections"]
    if 0 < limit <= settings.connections:
        yield Finding(
            "warning",
            "connections",
            _("the host allows {limit} in all: keep workers times CONNECTIONS below that").format(
                limit=limit
            ),
        )
    idle = _("idle ones are cut after {wait_timeout} s, which is fine").format(
        wait_timeout=server["wait_timeout"]
    )
    yield Finding(
        "ok",
        "connections",
        _("{connections} a process; {idle}").format(connections=settings.connections, idle=idle),
    )
    if str(server["read_only"]).upper() not in ("0", "OFF"):
        yield Finding(
            "fault",
            "read-only",
            _(
                "the server takes no changes (read_only), so every payment is answered 'ask "
                "again': is DATABASE a copy? Name the main server, or ask the hoster"
            ),
        )
    if not server["autocommit"]:
        yield Finding("fault", "autocommit", _("is off in our own session: tell the developers"))


def _encryption(session: Session, engine: MySQL) -> Finding:
    cipher = session.run("doctor_tls").rows[0]["Value"]
    local = engine.unix_socket or all(
        host in ("localhost", "127.0.0.1", "::1") for host, _ in engine.hosts
    )
    if cipher:
        how = (
            _("the certificate is checked")
            if engine.ssl_ca
            else _("the certificate is not checked")
        )
        state: State = "ok" if engine.ssl_ca else "warning"
        hint = "" if engine.ssl_ca else _(": name the authority with ?ssl_ca= in DATABASE")
        return Finding(state, "encryption", f"{cipher}; {how}{hint}")
    if local:
        return Finding("ok", "encryption", _("none, inside this machine"))
    return Finding(
        "fault",
        "encryption",
        _(
            "payments cross the network in the clear: ask the hoster for TLS and "
            "its authority's certificate, and name that with ?ssl_ca= in DATABASE"
        ),
    )


def _rights(session: Session, engine: MySQL) -> Iterator[Finding]:
    grants = [str(next(iter(row.values()))) for row in session.run("doctor_grants").rows]
    have = {
        right
        for grant in grants
        for right in (*RIGHTS, "ALL PRIVILEGES")
        if re.search(rf"\b{right}\b", grant.partition(" ON ")[0])
        and _covers(grant, engine.database)
    }
    missing = [] if "ALL PRIVILEGES" in have else [right for right in RIGHTS if right not in have]
    if missing:
        yield Finding(
            "fault",
            "rights",
            _(
                "the database user may not {missing}: grant it; if it was there before,"
                " the panel may have revoked it because the database is over its quota"
            ).format(missing=", ".join(missing)),
        )
    elif excess := [*exposure.rights(grants)]:
        yield from excess
    elif "ALL PRIVILEGES" in have:
        yield Finding(
            "warning",
            "rights",
            _(
                "the database user may do everything in {database}, DROP and DELETE too: leave it "
                "SELECT, INSERT and UPDATE in the panel, or by sql/grants.sql"
            ).format(database=engine.database),
        )
    else:
        yield Finding("ok", "rights", "SELECT, INSERT, UPDATE")


def _covers(grant: str, database: str) -> bool:
    place = grant.partition(" ON ")[2].partition(" TO ")[0].replace("`", "").replace("\\", "")
    # A panel may grant "usu\_%.*": wildcards as in LIKE.
    pattern = re.escape(place.partition(".")[0]).replace("%", ".*").replace("_", ".")
    return place.startswith("*.") or re.fullmatch(pattern, database) is not None


def _durability(server: Row) -> Finding:
    if server["flush"] != 1:
        return Finding(
            "fault",
            "durability",
            _(
                "innodb_flush_log_at_trx_commit is {flush}: a crash loses payments that"
                " the bank was told are recorded; ask the hoster for 1, and reconcile "
                "every day"
            ).format(flush=server["flush"]),
        )
    if server["log_bin"] and server["sync_binlog"] != 1:
        return Finding(
            "warning",
            "durability",
            _("sync_binlog is not 1: a copy of the database may lack the last"),
        )
    return Finding("ok", "durability", _("a commit is on the disk before we answer"))


def _dates(session: Session, bank: Bank) -> Iterator[Finding]:
    rows = session.run("doctor_dates", bank=bank.name).rows
    if not rows:
        return
    off = median(row["paid_at"] - bank.local(row["created_at"]) for row in rows)
    hours = off.total_seconds() / 3600
    if abs(off) > ZONES_APART:
        yield Finding(
            "warning",
            f"bank {bank.name} timezone",
            _(
                "its dates are {hours:+.1f} h off our clock, which no zone is: payments that were "
                "typed by hand for a trial, or its clock is wrong"
            ).format(hours=hours),
        )
    elif abs(off) > MAX_DATE_SKEW:
        yield Finding(
            "fault",
            f"bank {bank.name} timezone",
            _("its dates are {hours:+.1f} h off our clock: {key} is not its zone").format(
                hours=hours, key=bank.timezone.key
            ),
        )
    else:
        yield Finding(
            "ok",
            f"bank {bank.name} timezone",
            _("{key} fits its dates").format(key=bank.timezone.key),
        )


def _bills(database: Database, bank: Bank) -> Iterator[Finding]:
    """Whom a bank is not told of, because its shape of the list has no room for the number."""
    if bank.bills.shape != "kaspi":
        return
    numbers = pull.without_integer(database, bank)
    if numbers:
        yield Finding(
            "warning",
            f"bank {bank.name} bills",
            _("left out of the list, for they are no integers: {numbers}").format(numbers=numbers),
        )


def _door(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What the web server in front does to a request; the caller sends a test credential."""
    yield Finding("ok", "web server", environ.get("SERVER_SOFTWARE", "unknown"))
    if signature.credentials(environ) == (b"", b""):
        yield Finding(
            "fault",
            "Authorization",
            _(
                "the web server hides it, so Basic can never be right: see CGIPassAuth "
                "in deploy/README.md"
            ),
        )
    else:
        yield Finding("ok", "Authorization", _("arrives"))
    yield from _scripts(Path(environ.get("DOCUMENT_ROOT") or os.devnull))
    yield _caller(settings, environ)
    if signature.scheme(environ) != "https":
        yield Finding("warning", "https", _("this call came without it, as far as we are told"))
    else:
        yield Finding("ok", "https", _("yes"))


def _scripts(docroot: Path) -> Iterator[Finding]:
    """What the web server is to run: the entry, and what says "ask again" while it cannot."""
    with suppress(OSError):
        text = (docroot / ".htaccess").read_text(encoding="utf-8", errors="backslashreplace")
        yield from htaccess.examine(text)
    for script in [*docroot.glob("pay.*cgi"), *docroot.glob("later/*.cgi")]:
        mode = stat.S_IMODE(script.stat().st_mode)
        if not mode & stat.S_IXUSR or mode & (stat.S_IWGRP | stat.S_IWOTH):
            name = script.relative_to(docroot).as_posix()
            yield Finding(
                "fault",
                f"web folder {name}",
                _(
                    "has mode {mode:o}, and no web server runs it: chmod 755, or in an outage "
                    "banks get an HTML page"
                ).format(mode=mode),
            )


def _caller(settings: Settings, environ: Mapping[str, str]) -> Finding:
    caller = signature.caller(environ, settings.trusted_proxies)
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    hops = len(forwarded.split(",")) if forwarded else 0
    if isinstance(settings.trusted_proxies, int):
        is_right = hops == settings.trusted_proxies
    else:  # whoever wrote it last must be one of them
        is_right = not hops or caller != environ.get("REMOTE_ADDR")
    if is_right:
        return Finding("ok", "caller", _("{caller}: is it yours?").format(caller=caller))
    if not settings.trusted_proxies:
        return Finding("warning", "TRUSTED_PROXIES", _unnamed(environ.get("REMOTE_ADDR"), hops))
    return Finding(
        "warning",
        "TRUSTED_PROXIES",
        _(
            "does not fit: {hops} proxies wrote X-Forwarded-For, the last is "
            "{remote_addr}, and the caller is taken for {caller}"
        ).format(hops=hops, remote_addr=environ.get("REMOTE_ADDR"), caller=caller),
    )


def _unnamed(proxy: str | None, hops: int) -> str:
    return _(
        "is not set, and calls come through a proxy ({proxy}): all callers are one address to us, "
        "so allow lets nobody in or everybody, and whoever guesses slows the banks; if it is yours "
        "or the host's, set TRUSTED_PROXIES = {value}"
    ).format(proxy=proxy, value=f'["{proxy}"]' if proxy else hops)

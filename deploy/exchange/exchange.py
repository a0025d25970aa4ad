"""Carries the list of customers to the site, and payments from it. For a PC in the office.

    python exchange.py [SETTINGS.ini] [--force]

Python 3.8 or newer, on Windows too, and nothing besides. exchange.ini beside this file says the
rest. Meant for Task Scheduler or cron: each run goes on where the last one ended, however that was.

A payment gets into the folder once, as a line of one file, payments_FIRST-LAST.csv. The numbers are
those of lines, which the site gives once. What is not known for sure is asked again.

Exit status 0: done. 1: a person has to look (the list was refused, a setting is wrong). 3: the site
was not reached, or said "later": the next run tries again.
"""

from __future__ import annotations

import argparse
import configparser
import csv
import gzip
import hashlib
import http.client
import io
import json
import locale
import os
import re
import sqlite3
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

ADDRESS = re.compile(r"https?://[^/?#@\s]+(/[^?#\s]*)?/exchange/[A-Za-z0-9_-]{20,}")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FILE = re.compile(r"payments_([0-9]+)-([0-9]+)\.csv")
COLUMNS = (
    *("id", "kind", "bank", "txn_id", "number", "sum", "currency", "paid_at", "recorded_at"),
    "account",
)
DEFAULTS = {
    "exchange": {
        "ca": "",
        "piece_kib": "64",
        "timeout": "180",
        "tries": "3",
        "pause": "2",
        "log": "",
        "language": "",
    },
    "customers": {"file": "", "quiet": "10"},
    "payments": {
        **{"folder": "", "rows": "1000", "known": "loaded"},
        **{"encoding": "utf-8-sig", "separator": ";"},
    },
}
# What a host says that lets no PUT pass.
NO_PUT = (403, 405, 501)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
DONE, LOOK, LATER = 0, 1, 3
SHOWN = 20  # faults of a list
LANGUAGE = re.compile(rb"^[ \t]*language[ \t]*=[ \t]*([a-z]{2})[ \t\r]*$", re.M)
RUSSIAN_SPEAKERS = ("ru", "kk", "uz", "ky", "tg", "be", "uk")
# All that is said, in the office's other language.
RUSSIAN = {
    "options": "параметры",
    "show this and end": "показать это и закончить",
    "take the list, whatever it closes": "принять список, сколько бы клиентов он ни закрыл",
    "address: expected what `flask url --exchange` prints, with https://": (
        "address: нужно то, что печатает `flask url --exchange`, с https://"
    ),
    "address: expected https://, for the token opens your books": (
        "address: нужен https://, ведь этот адрес открывает ваш учёт"
    ),
    "tries: expected 1 or more": "tries: нужно 1 или больше",
    "no trusted TLS: {why}": "нет TLS, которому можно доверять: {why}",
    "the site was not reached: {why}": "сайт недоступен: {why}",
    "the site knows no such address: has the token changed? flask url --exchange": (
        "сайт не знает такого адреса: может быть, он сменился? flask url --exchange"
    ),
    "the site sends us elsewhere (HTTP {status}): the address is not its own": (
        "сайт перенаправляет (HTTP {status}): адрес не его собственный"
    ),
    "the site cannot answer now (HTTP {status})": "сайт сейчас не может ответить (HTTP {status})",
    "[{section}] {name}: expected a whole number": "[{section}] {name}: нужно целое число",
    "known: expected loaded, fetched or never": "known: нужно loaded, fetched или never",
    "[payments] encoding or separator: {why}": "[payments] encoding или separator: {why}",
    "[payments] folder: there is no {folder}: make it": (
        "[payments] folder: папки {folder} нет: создайте её"
    ),
    "payments: {why}": "платежи: {why}",
    "the site's answer is not in order": "ответ сайта не по порядку",
    "{name}: lines: {n}": "{name}: строк: {n}",
    "known: {why}": "known: {why}",
    "known up to line {until}": "учтено до строки {until}",
    "{path} is not there: no list is sent": "{path} нет: список не отправлен",
    "{name}: just written, the next run takes it": (
        "{name}: только что записан, его возьмёт следующий запуск"
    ),
    "{name}: taken; {counts}": "{name}: принят; {counts}",
    "the list was refused, nothing has changed": "список отклонён, ничего не изменилось",
    "the list: the site and we do not agree how much of it is there": (
        "список: мы с сайтом не сходимся, сколько его уже передано"
    ),
    "line {line}: {text}": "строка {line}: {text}",
    "and {n} more": "и ещё: {n}",
    "[{section}] {name}: no such setting": "[{section}] {name}: такой настройки нет",
    "{path} is not in UTF-8 (windows-1251, UTF-16?): save it as UTF-8": (
        "{path} не в UTF-8 (windows-1251, UTF-16?): сохраните в UTF-8"
    ),
    "{path} cannot be read: {why}": "{path} не читается: {why}",
    "{path}: [{section}] {name} is missing": "{path}: не хватает [{section}] {name}",
    "later: {why}": "позже: {why}",
    "later: another run is at it ({why})": "позже: работает другой запуск ({why})",
    "No such file or directory": "такого файла или папки нет",
    "Permission denied": "нет прав",
    "No space left on device": "на диске нет места",
    "Connection refused": "в соединении отказано",
    "Name or service not known": "такого имени в интернете нет",
    "timed out": "время вышло",
    "customers": "клиентов",
    "new": "новых",
    "changed": "изменено",
    "back": "вернулось",
    "closed": "закрыто",
    "invoices_new": "счетов новых",
    "invoices_changed": "счетов изменено",
    "invoices_cancelled": "счетов отменено",
    "posted": "платежей учтено",
    "not_known": "платежей ещё не учтено",
    "usage: ": "использование: ",
    str(
        __doc__
    ): """Относит список клиентов на сайт и приносит с него платежи. Для компьютера в офисе.

    python exchange.py [SETTINGS.ini] [--force]

Нужен только Python 3.8 или новее, в том числе на Windows. Остальное сказано в exchange.ini рядом с
этим файлом. Запускается Планировщиком заданий или cron: каждый запуск продолжает с того места, где
кончился прошлый, чем бы тот ни кончился.

Платёж попадает в папку один раз, строкой одного файла payments_FIRST-LAST.csv. Номера — это номера
строк, которые сайт даёт один раз. О том, что точно не известно, спрашивается ещё раз.

Код выхода 0: сделано. 1: должен посмотреть человек (список отклонён, неверна настройка). 3: сайт
недоступен или сказал «позже»: следующий запуск попробует снова.
""",
}


class LookError(Exception):
    """A person has to look."""


class LaterError(Exception):
    """The outcome is not known, or nothing was reached: the next run goes on."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Carries the token nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Site:
    """The addresses of the exchange."""

    def __init__(self, settings: configparser.SectionProxy) -> None:
        self._address = settings["address"].rstrip("/")
        if not ADDRESS.fullmatch(self._address):
            raise LookError(
                _("address: expected what `flask url --exchange` prints, with https://")
            )
        url = urllib.parse.urlsplit(self._address)
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            raise LookError(_("address: expected https://, for the token opens your books"))
        handlers: list[Any] = [NoRedirect()]
        if url.scheme == "https":
            context = ssl.create_default_context(cafile=settings["ca"] or None)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        if url.hostname in LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)
        self._timeout = number(settings, "timeout")
        self._tries = number(settings, "tries")
        self._pause = number(settings, "pause")

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """Ask until there is an answer, and return its status and content; LaterError."""
        for left in reversed(range(self._tries)):
            try:
                return self.once(method, path, body)
            except LaterError:
                if not left:
                    raise
                time.sleep(self._pause)
        raise LookError(_("tries: expected 1 or more"))

    def once(self, method: str, path: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
        headers = {"Accept": "application/json", "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(
            f"{self._address}/{path}", data=body, headers=headers, method=method
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as reply:
                status, content = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, _rest(error)
        except ssl.SSLError as error:
            raise LaterError(_("no trusted TLS: {why}", why=error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", "") or error
            raise LaterError(_("the site was not reached: {why}", why=why(reason))) from None
        return status, understood(status, content)


def _rest(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read()
    except (OSError, http.client.HTTPException):
        return b""


def understood(status: int, content: bytes) -> dict[str, Any]:
    """Read an answer of the program; what is none leaves everything open."""
    if status == 404:
        raise LookError(
            _("the site knows no such address: has the token changed? flask url --exchange")
        )
    if 300 <= status < 400:
        raise LookError(
            _(
                "the site sends us elsewhere (HTTP {status}): the address is not its own",
                status=status,
            )
        )
    try:
        answer = json.loads(content.decode("utf-8"))
    except ValueError:
        answer = None
    if status in NO_PUT and not isinstance(answer, dict):
        return {}
    if status >= 500 or not isinstance(answer, dict):
        raise LaterError(_("the site cannot answer now (HTTP {status})", status=status))
    return answer


class State:
    """What has been done, in a file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.values: dict[str, Any] = {"after": 0, "known": 0, "list": "", "pending": None}
        if path.exists():
            self.values.update(json.loads(path.read_text(encoding="utf-8")))

    def keep(self, **values: Any) -> None:
        """Change some, durably."""
        self.values.update(values)
        new = self._path.with_suffix(".new")
        write(new, json.dumps(self.values).encode())
        replace(new, self._path)


def _(text: str, /, **values: Any) -> str:
    """Say a text in the language that is spoken."""
    words = RUSSIAN.get(text, text) if "ru" in _spoken else text
    return words.format(**values) if values else words


def language_of(path: Path) -> str:
    """What the settings say, else the language of this computer: "ru" or "en"."""
    try:
        match = LANGUAGE.search(path.read_bytes().replace(b"\0", b""))
    except OSError:
        match = None
    names = [match[1].decode()] if match else []
    names += [os.environ.get(name, "") for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    if os.name == "nt":
        import ctypes

        number = ctypes.windll.kernel32.GetUserDefaultUILanguage()  # type: ignore[attr-defined]
        names.append(locale.windows_locale.get(number, ""))
    code = next(filter(None, names), "")[:2].lower()
    return "ru" if code in RUSSIAN_SPEAKERS else "en"


def why(error: Any) -> str:
    """Say an error, of the system too, with the file that it is about."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    where = f"{error.filename}: " if getattr(error, "filename", None) else ""
    return where + _(str(text))


def number(settings: configparser.SectionProxy, name: str) -> int:
    """A setting that is a whole number; LookError."""
    if not re.fullmatch("[0-9]{1,6}", settings[name]):
        raise LookError(
            _("[{section}] {name}: expected a whole number", section=settings.name, name=name)
        )
    return int(settings[name])


def write(path: Path, content: bytes) -> None:
    """Write a file that is on the disk then."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, target: Path) -> None:
    """Rename a file over another; on Windows somebody may be looking at it just now."""
    for left in reversed(range(5)):
        try:
            os.replace(path, target)
            break
        except PermissionError:
            if not left:
                raise
            time.sleep(0.5)
    if hasattr(os, "O_DIRECTORY"):  # elsewhere a folder is no file
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Office:
    """Everything that a run does."""

    def __init__(self, settings: configparser.ConfigParser, home: Path) -> None:
        self._site = Site(settings["exchange"])
        self._piece = number(settings["exchange"], "piece_kib") * 1024
        self._customers = settings["customers"]
        self._payments = settings["payments"]
        self._known = self._payments["known"]
        if self._known not in ("loaded", "fetched", "never"):
            raise LookError(_("known: expected loaded, fetched or never"))
        try:
            self._table([])
        except (LookupError, TypeError) as error:
            raise LookError(_("[payments] encoding or separator: {why}", why=error)) from None
        self._home = home
        self._folder = home / self._payments["folder"]
        self.state = State(home / "exchange.state")

    # --- Payments come down ---

    def finish(self) -> None:
        """Put into its place what a run that was killed has written."""
        pending = self.state.values["pending"]
        if pending:
            part = self._folder / f"{pending['name']}.part"
            if part.exists():  # otherwise it was in its place already, and perhaps has gone since
                replace(part, self._folder / pending["name"])
            self.state.keep(after=pending["last"], pending=None)
        for name in self._names():
            if name.startswith("payments_") and name.endswith(".part"):
                (self._folder / name).unlink()

    def _names(self) -> list[str]:
        """What is in the folder; one that is away is not empty."""
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:
            raise LookError(
                _("[payments] folder: there is no {folder}: make it", folder=self._folder)
            ) from None

    def fetch(self) -> None:
        """Write the payments that are new into the folder, a page a file."""
        more = True
        while more:
            after = self.state.values["after"]
            status, page = self._site.call(
                "GET", f"payments?format=json&after={after}&rows={self._payments['rows']}"
            )
            if status != 200:
                raise LookError(_("payments: {why}", why=page.get("error")))
            lines, more = page["payments"], page["more"]
            if lines:
                self._put(lines, after)

    def _put(self, lines: list[dict[str, Any]], after: int) -> None:
        ids = [line["id"] for line in lines]
        if ids != sorted(set(ids)) or ids[0] <= after:
            raise LaterError(_("the site's answer is not in order"))
        name = f"payments_{ids[0]:010}-{ids[-1]:010}.csv"
        part = self._folder / f"{name}.part"
        write(part, self._table(lines))
        # From here on it is ours to finish; see `finish`.
        self.state.keep(pending={"name": name, "last": ids[-1]})
        replace(part, self._folder / name)
        self.state.keep(after=ids[-1], pending=None)
        say(_("{name}: lines: {n}", name=name, n=len(lines)))

    def _table(self, lines: list[dict[str, Any]]) -> bytes:
        text = io.StringIO()
        table = csv.writer(text, delimiter=self._payments["separator"], lineterminator="\r\n")
        table.writerow(COLUMNS)
        for line in lines:
            table.writerow(_harmless(str(line[name])) for name in COLUMNS)
        return text.getvalue().encode(self._payments["encoding"], "backslashreplace")

    def tell(self) -> None:
        """Say which payments the program has: their files have gone, or are merely there."""
        until = self.state.values["after"]
        if self._known == "loaded":
            waiting = [FILE.fullmatch(name) for name in self._names()]
            until = min([until, *(int(match[1]) - 1 for match in waiting if match)])
        if self._known == "never" or until <= self.state.values["known"]:
            return
        status, answer = self._site.call("POST", f"known?until={until}", b"")
        if status != 200:
            raise LookError(_("known: {why}", why=answer.get("error")))
        self.state.keep(known=until)
        say(_("known up to line {until}", until=until))

    # --- The list goes up ---

    def send(self, *, force: bool) -> None:
        """Send the list, if it is another than the last that was taken."""
        path = self._home / self._customers["file"]
        if not self._customers["file"]:
            return
        if not path.exists():
            say(_("{path} is not there: no list is sent", path=path))
            return
        if time.time() - path.stat().st_mtime < number(self._customers, "quiet"):
            say(_("{name}: just written, the next run takes it", name=path.name))
            return
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest == self.state.values["list"] and not force:
            return
        answer = self._upload(gzip.compress(content, mtime=0), "&force=1" if force else "")
        self.state.keep(list=digest)
        counts = ", ".join(
            f"{_(name)} {count}" for name, count in answer.items() if name != "taken"
        )
        say(_("{name}: taken; {counts}", name=path.name, counts=counts))

    def _upload(self, content: bytes, more: str) -> dict[str, Any]:
        whole = f"sha256={hashlib.sha256(content).hexdigest()}&size={len(content)}"
        method, start, gaps = "PUT", 0, 0
        while gaps < 5:
            piece = content[start : start + self._piece]
            path = f"customers?{whole}&start={start}{more}"
            status, answer = self._site.call(method, path, piece)
            if status in NO_PUT and method == "PUT":
                method = "POST"
            elif status == 200:
                return answer
            elif status in (202, 409) and "received" in answer:
                gaps += status == 409 or answer["received"] <= start
                start = answer["received"]
            else:
                raise LookError(
                    _("the list was refused, nothing has changed") + "\n" + _faults(answer)
                )
        raise LaterError(_("the list: the site and we do not agree how much of it is there"))


def _faults(answer: dict[str, Any]) -> str:
    faults = answer.get("faults") or [{"line": 0, "text": answer.get("error")}]
    named = [_fault(fault) for fault in faults[:SHOWN]]
    more = [_("and {n} more", n=len(faults) - SHOWN)] if len(faults) > SHOWN else []
    return "\n".join(f"  {text}" for text in named + more)


def _fault(fault: dict[str, Any]) -> str:
    text = str(fault["text"])
    return _("line {line}: {text}", line=fault["line"], text=text) if fault["line"] else text


def _harmless(text: str) -> str:
    """What no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def read(path: Path) -> configparser.ConfigParser:
    """Read the settings; LookError."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read_dict(DEFAULTS)
    try:
        with path.open(encoding="utf-8-sig") as file:
            settings.read_file(file)
        for section, values in DEFAULTS.items():
            unknown = set(settings[section]) - set(values) - {"address"}
            if unknown:
                raise LookError(
                    _("[{section}] {name}: no such setting", section=section, name=min(unknown))
                )
    except UnicodeDecodeError:
        raise LookError(
            _("{path} is not in UTF-8 (windows-1251, UTF-16?): save it as UTF-8", path=path)
        ) from None
    except OSError as error:
        raise LookError(why(error)) from None
    except (ValueError, configparser.Error) as error:
        raise LookError(_("{path} cannot be read: {why}", path=path, why=error)) from None
    for section, name in (("exchange", "address"), ("payments", "folder")):
        if not settings[section].get(name):
            raise LookError(
                _("{path}: [{section}] {name} is missing", path=path, section=section, name=name)
            )
    return settings


_log: list[Path] = []
_spoken: list[str] = ["en"]


def say(text: str) -> None:
    """Tell whoever looks: a terminal, if there is one, and the log."""
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}"
    if sys.stdout:  # Task Scheduler's pythonw has none
        encoding = sys.stdout.encoding or "ascii"
        print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    for path in _log:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def attempt(step: Any) -> int:
    """Do one step, and say what became of it."""
    try:
        step()
    except LookError as error:
        say(f"! {why(error)}")
        return LOOK
    except (LaterError, OSError) as error:
        say(_("later: {why}", why=why(error)))
        return LATER
    return DONE


def run(office: Office, *, force: bool) -> int:
    """Do everything that can be done now; the worst of it is the exit status."""
    finished = attempt(office.finish)
    if finished != DONE:
        return finished
    # What the program has loaded is known before its list comes, which says so, too.
    steps = (office.tell, lambda: office.send(force=force), office.fetch, office.tell)
    results = {attempt(step) for step in steps}
    return next((result for result in (LOOK, LATER) if result in results), DONE)


class Help(argparse.RawDescriptionHelpFormatter):
    """The library's own word, too."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        super().add_usage(usage, actions, groups, prefix or _("usage: "))


def main(arguments: list[str]) -> int:
    """Run once."""
    ini = Path(__file__).resolve().with_name("exchange.ini")
    named = [Path(argument) for argument in arguments if not argument.startswith("-")]
    _spoken[:] = [language_of((named or [ini])[0])]
    parser = argparse.ArgumentParser(
        description=_(str(__doc__)),
        formatter_class=Help,
        usage="exchange.py [SETTINGS.ini] [--force]",
        add_help=False,
    )
    group = parser.add_argument_group(_("options"))
    group.add_argument("settings", nargs="?", type=Path, default=ini, metavar="SETTINGS.ini")
    group.add_argument("--force", action="store_true", help=_("take the list, whatever it closes"))
    group.add_argument("-h", "--help", action="help", help=_("show this and end"))
    options = parser.parse_args(arguments)
    home = options.settings.resolve().parent
    try:
        settings = read(options.settings)
        log = settings["exchange"]["log"]
        _log[:] = [home / log] if log else []
        # The system gives it back, however we end; that is why it is no mere file.
        with closing(sqlite3.connect(str(home / "exchange.lock"), timeout=0)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            return run(Office(settings, home), force=options.force)
    except sqlite3.OperationalError as error:
        say(_("later: another run is at it ({why})", why=error))
        return LATER
    except (LookError, OSError, ValueError) as error:
        say(f"! {why(error)}")
        return LOOK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

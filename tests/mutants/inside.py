"""A plugin of pytest for `make mutants`: the program runs inside the tests' own process.

A gunicorn for each of some thousand mutants would take a day. Tests that need the real one fail
here in the first run, without any mutant, and are left out.

By the environment: FAULTS is the file of faults to plant (faults.py), RESULTS the one to write what
came of them. First all tests run once, and it is noted which of them meets which line and which
statement; then, for each fault, those that meet it, in a child of this process, until one fails.
"""

from __future__ import annotations

import gc
import io
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import nullcontext, suppress
from email.message import Message
from functools import partial
from http.client import HTTPMessage, responses
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, make_server

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

from callback import Program, log
from callback.database import Database, statements
from tests import conftest
from tests.support import processes

REMOTE = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": processes.HOST,
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": processes.HOST,
    "wsgi.url_scheme": "http",
    "wsgi.input_terminated": True,
}


class Lines:
    """The place of a log that stays in memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Keep the line."""
        self.lines.append(line)


class Inside(processes.Client):
    """Answers as `Endpoint` does, without a server."""

    def __init__(
        self,
        settings_toml: str,
        folder: Path,
        *,
        workers: int = 2,
        options: Sequence[str] = (),
        root: Path = processes.ROOT,
    ) -> None:
        self.port = processes.free_port()
        self.settings = processes.write_settings(settings_toml, folder)
        self._lines = Lines()

    def __enter__(self) -> Inside:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Load the program, and listen: the simulators of banks call over the network."""
        self._program = Program(self.settings)
        self._server = make_server(processes.HOST, self.port, self._answer, handler_class=Quiet)
        serve = partial(self._server.serve_forever, 0.01)
        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close its connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._program.database.close()

    def output(self) -> str:
        """Everything it has logged."""
        return "".join(f"{line}\n" for line in self._lines.lines)

    def log(self) -> list[dict[str, Any]]:
        """The same, read."""
        return [json.loads(line) for line in self._lines.lines]

    def call(
        self,
        path: str | bytes,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> processes.Reply:
        """Ask the program, as gunicorn would."""
        content = _encoded(body or b"")
        environ = _environ(_encoded(path), method, headers or {}, self.port)
        if body is not None:
            environ.setdefault("CONTENT_LENGTH", str(len(content)))
        environ["wsgi.input"] = io.BytesIO(content)
        told: list[Any] = []
        answer = b"".join(self._answer(environ, lambda *head: told.extend(head)))
        status = int(told[0].partition(" ")[0])
        assert told[0] == f"{status} {responses[status]}"
        message = HTTPMessage()
        for name, value in told[1]:
            Message.add_header(message, name, value)
        return processes.Reply(status, message, answer)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._program.settings.log is None:
            log._place = self._lines  # noqa: SLF001 - a process has one log, here are many programs
        return self._program(environ, start_response)


ServerHandler.server_software = ""  # as which nothing is told of what runs here


class Quiet(WSGIRequestHandler):
    """Says nothing of each call."""

    def log_message(self, *_: object) -> None:
        """Write no line."""


def _environ(target: bytes, method: str, headers: Mapping[str, str], port: int) -> dict[str, Any]:
    address, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        **REMOTE,
        "SERVER_PORT": str(port),
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(address).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
    }
    for name, value in {"Host": f"{processes.HOST}:{port}", **headers}.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = _encoded(value).decode("latin-1")
    return environ


def _encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


class Running(processes.MariaDB):
    """The session's server; its databases are made anew, for each child calls them the same."""

    def create_database(self, name: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {name}")
        super().create_database(name)


# The embedded database as it is when it was made: to make it takes longer than most tests.
TEMPLATE: list[bytes] = []


def _flask(
    settings: Path, *args: str, root: Path = processes.ROOT
) -> subprocess.CompletedProcess[str]:
    program = Program(settings)
    path = getattr(program.settings.engine, "path", None)
    if args == ("init-db",) and path and not path.exists() and TEMPLATE:
        path.write_bytes(TEMPLATE[0])
        return subprocess.CompletedProcess(args, 0, "", "")
    result = program.app.test_cli_runner().invoke(args=args)
    program.database.close()
    if args == ("init-db",) and path and not TEMPLATE:
        TEMPLATE.append(path.read_bytes())
    return subprocess.CompletedProcess(args, result.exit_code, result.stdout, result.stderr)


def pytest_configure() -> None:
    """Before a test is imported; and never where this module is not the plugin."""
    processes.Endpoint = Inside  # type: ignore[misc,assignment]
    processes.MariaDB = Running  # type: ignore[misc]
    vars(conftest).update(Endpoint=Inside, MariaDB=Running)
    conftest.flask = _flask


class Noted(dict[str, str]):
    """Prepared statements that remember which of them were asked for."""

    def __getitem__(self, name: str) -> str:
        met.add(name)
        return super().__getitem__(name)


met: set[str] = set()


def _note_statements() -> None:
    make = Database.__init__

    def wrapped(self: Database, *args: Any) -> None:
        make(self, *args)
        self.statements = Noted(self.statements)

    Database.__init__ = wrapped  # type: ignore[method-assign,assignment]


class Watcher:
    """Notes of each test how long it takes and how it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.bad: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called three times for each test."""
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed" and report.nodeid not in self.bad:
            self.bad.append(report.nodeid)
            if os.environ.get("SHOW"):
                Path(os.environ["SHOW"]).write_text(f"{report.nodeid}\n{report.longreprtext}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the server before there are children."""
    if any("[mariadb" in item.nodeid or "-mariadb" in item.nodeid for item in session.items):
        folder = Path(os.environ["RESULTS"]).with_suffix(".mariadb")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        server = Running(folder)
        server.__enter__()
        session.config.add_cleanup(server.stop)
        conftest.MariaDB = lambda _: nullcontext(server)  # type: ignore[assignment,attr-defined,misc]


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Plant one fault after the other."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        text = conftest.settings_toml(f"sqlite:///{path}/new.db", conftest)
        conftest.flask(processes.write_settings(text, path), "init-db")
    gc.freeze()
    results = Path(os.environ["RESULTS"])
    faults = json.loads(Path(os.environ["FAULTS"]).read_text())
    known = _in_child(lambda: _recorded(session, {fault["file"] for fault in faults}), 600)
    assert known, "the tests did not end"
    tests = known["tests"]
    print(f"{len(tests)} tests, {len(known['bad'])} not here: {known['bad'][:9]}")
    items = {item.nodeid: item for item in session.items}
    kills: dict[str, int] = defaultdict(int)
    nearby: dict[int, set[str]] = defaultdict(set)
    shaky = [test for test in iter(partial(_shaky, session, tests), "") if tests.pop(test)]
    print(f"left out, for they fail by themselves: {shaky}")
    with results.open("w") as file:
        for number, fault in enumerate(faults):
            line = fault["line"]
            chosen = _chosen(tests, fault, kills, nearby[line] | nearby[line - 1])
            limit = 10 + 10 * sum(tests[name]["seconds"] for name in chosen)
            began = time.monotonic()
            ended = _in_child(
                partial(_judged, session, [items[name] for name in chosen], fault), limit
            )
            ended = ended or {"by": "time", "tests": len(chosen)}
            kills[ended["by"]] += 1
            nearby[line].add(ended["by"])
            ended["seconds"] = round(time.monotonic() - began, 2)
            told = {key: fault[key] for key in ("file", "line", "was", "becomes")}
            file.write(json.dumps({**told, **ended}, ensure_ascii=False) + "\n")
            file.flush()
            if not ended["by"]:
                place = f"{number}/{len(faults)} {fault['file']}:{fault['line']}"
                print(f"{place}\n  - {fault['was']}\n  + {fault['becomes']}", flush=True)
    return True


def _shaky(session: pytest.Session, tests: dict[str, Any]) -> str:
    """Run the tests once more, in another order and without a fault; the one that fails."""
    wanted = sorted(tests, key=lambda test: (_module_of(test), tests[test]["seconds"]))
    items = {item.nodeid: item for item in session.items}
    ended = _in_child(partial(_judged, session, [items[test] for test in wanted]), 600)
    return str(ended["by"]) if ended else ""


def _in_child(work: Callable[[], dict[str, Any]], limit: float) -> dict[str, Any] | None:
    """Do it in a copy of this process; None when it does not end in time, or not of itself."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(read)
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(write)
    told = bytearray()
    end = time.monotonic() + limit
    with os.fdopen(read, "rb", 0) as pipe:
        while select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            piece = pipe.read(65536)
            if not piece:
                break
            told += piece
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return dict(json.loads(told))
    except ValueError:
        return None


def _recorded(session: pytest.Session, files: set[str]) -> dict[str, Any]:
    """Run all tests; say of those that pass which lines and which statements they meet."""
    import coverage

    watcher = Watcher()
    session.config.pluginmanager.register(watcher)
    _note_statements()
    tracer = coverage.Coverage(
        data_file=None, include=["callback/operation.py", *sorted(files)], config_file=False
    )
    # Statements may be asked by themselves, without a line of the program's.
    tracer.set_option("run:disable_warnings", ["no-data-collected"])
    tracer.start()
    asked, stored = {}, {}
    for item, after in pairwise([*session.items, None]):
        assert item is not None
        met.clear()
        tracer.switch_context(item.nodeid)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        asked[item.nodeid] = sorted(met)
        stored[item.nodeid] = "database" in getattr(item, "fixturenames", ())
    tracer.stop()
    data = tracer.get_data()
    lines: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for path in data.measured_files():
        name = Path(path).relative_to(processes.ROOT).as_posix()
        for line, tests in data.contexts_by_lineno(path).items():
            for test in tests:
                lines[test].setdefault(name, []).append(line)
    record = {
        name: {
            "seconds": took,
            "lines": lines.get(name, {}),
            "statements": asked[name],
            "database": stored[name],
        }
        for name, took in watcher.seconds.items()
        if name not in watcher.bad
    }
    return {"tests": record, "bad": watcher.bad}


def _chosen(
    tests: dict[str, Any], fault: dict[str, Any], kills: Mapping[str, int], near: set[str]
) -> list[str]:
    """The tests that meet a fault: first who found one here, then who found most.

    Those of one database come together.
    """
    name = fault["file"]
    if name.endswith(".sql"):
        stem = Path(name).stem
        wanted = {stem, f"{stem}_account", f"{stem}_invoice"}
        if stem.startswith("bills_"):
            wanted |= {f"{list_}{stem[5:]}" for list_ in LISTS}
        met_by = [test for test, about in tests.items() if wanted & set(about["statements"])]
    else:
        met_by = [
            test
            for test, about in tests.items()
            if {*fault["lines"]} & {*about["lines"].get(name, ())}
        ]
    alike: dict[Any, int] = defaultdict(int)
    chosen = []
    for test in sorted(
        met_by or tests,
        key=lambda test: (
            test not in near,
            _worth(kills.get(test, 0), tests[test]["seconds"]),
        ),
    ):
        about = tests[test]
        kind = (
            test.partition("[")[0],
            _module_of(test),
            str(about["lines"].get(name)),
            str(about["statements"]),
        )
        alike[kind] += 1
        if alike[kind] <= ALIKE and about["seconds"] < SLOW_S:
            chosen.append(test)
    # A module keeps its database; to come back to it would make another. Those without one are
    # done before the first of the others has its own.
    best: dict[tuple[str, bool], int] = {}
    for place, test in enumerate(chosen):
        best.setdefault(_module_of(test), place)
    with_one = {_module_of(test) for test in chosen if tests[test]["database"]}
    found_here = {_module_of(test) for test in near}
    order = {
        module: (module not in found_here, module in with_one, best[module]) for module in best
    }
    return sorted(chosen, key=lambda test: order[_module_of(test)])


def _worth(kills: int, seconds: float) -> tuple[float, float]:
    """What finds most in the least time comes first; of those that found nothing, the fastest."""
    return -kills / (seconds + 0.05), seconds


def _module_of(test: str) -> tuple[str, bool]:
    return test.partition("::")[0], "[mariadb" in test


def _judged(
    session: pytest.Session, items: list[pytest.Item], fault: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Plant the fault, and say which test finds it."""
    watcher = Watcher()
    session.config.pluginmanager.register(watcher)
    try:
        if fault:
            plant(fault)
    except ImportFaultError as error:
        return {"by": f"import: {error}", "tests": 0}
    except Exception as error:  # our own: nothing has found the fault
        return {"by": "", "tests": 0, "not_planted": repr(error)}
    for place, (item, after) in enumerate(pairwise([*items, None])):
        assert item is not None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if watcher.bad:
            return {"by": watcher.bad[0], "tests": place + 1}
    return {"by": "", "tests": len(items)}


class ImportFaultError(Exception):
    """The changed file cannot even be imported."""


def plant(fault: dict[str, Any]) -> None:
    """Change what is imported already as if it had been imported from the changed file."""
    name = fault["file"]
    if name.endswith(".sql"):
        read = statements.read
        text = statements.bare(fault["code"])
        statements.read = lambda file: text if file.match(f"*/{name}") else read(file)
        return
    dotted = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    module = sys.modules[dotted]
    anew: dict[str, Any] = {
        key: vars(module)[key] for key in vars(module) if key.startswith("__") and key != "__all__"
    }
    try:
        exec(compile(fault["code"], str(module.__file__), "exec"), anew)
    except Exception as error:
        raise ImportFaultError(str(error)) from error
    for key, new in anew.items():
        old = vars(module).get(key)
        if key.startswith("__") or _alike(old, new):
            continue
        if isinstance(new, type) and isinstance(old, type):
            _graft_class(old, new)
        elif not _graft(old, new):
            for other in [*sys.modules.values()]:
                if vars(other).get(key) is old and old is not None:
                    setattr(other, key, new)
            setattr(module, key, new)


def _graft(old: Any, new: Any) -> bool:
    """Let an object become as another, wherever it is known; False when it cannot."""
    has_setter = isinstance(old, property) and old.fset
    old, new = _bare(old), _bare(new)
    if has_setter:
        return False
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        if not _alike(_enclosed(old), _enclosed(new)):
            return False
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    elif isinstance(old, dict | set) and type(old) is type(new):
        old.clear()
        old.update(new)
    elif isinstance(old, list) and isinstance(new, list):
        old[:] = new
    else:
        return False
    return True


def _graft_class(old: type, new: type) -> None:
    for key, value in vars(new).items():
        if key in ("__dict__", "__weakref__", "__doc__", "__module__"):
            continue
        before = vars(old).get(key)
        if not _alike(before, value) and not _graft(before, value):
            setattr(old, key, value)


def _bare(thing: Any) -> Any:
    """The function inside of a decorator."""
    if isinstance(thing, property):
        return thing.fget
    if isinstance(thing, staticmethod | classmethod):
        thing = thing.__func__
    return getattr(thing, "__wrapped__", getattr(thing, "func", thing))


def _alike(old: Any, new: Any) -> bool:
    """Whether both are the same but for where they are in memory."""
    if isinstance(old, property) and isinstance(new, property):
        old, new = [old.fget, old.fset], [new.fget, new.fset]
    old, new = _bare(old), _bare(new)
    if type(old) is not type(new):
        return False
    if isinstance(old, FunctionType):
        return _code(old.__code__) == _code(new.__code__) and _alike(_given(old), _given(new))
    if isinstance(old, MethodType):
        return old.__func__ is new.__func__ and _alike(*map(_state, (old, new)))
    if isinstance(old, dict):
        return len(old) == len(new) and all(
            (_alike(*keys) and _alike(*values))
            for keys, values in zip(
                zip(old, new, strict=True),
                zip(old.values(), new.values(), strict=True),
                strict=True,
            )
        )
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(_alike, old, new))
    if isinstance(old, type):
        return all(
            key in vars(old) and _alike(vars(old)[key], value)
            for key, value in vars(new).items()
            if key not in ("__dict__", "__weakref__", "__doc__")
        )
    # A pattern's repr has only its beginning.
    has_repr = not isinstance(old, re.Pattern)
    return (
        old is new
        or bool(old == new)
        or (has_repr and ADDRESS.sub("", repr(old)) == ADDRESS.sub("", repr(new)))
    )


def _given(function: FunctionType) -> tuple[Any, ...]:
    """What a function has besides its code; one that another has made: what it was made with."""
    return function.__defaults__, function.__kwdefaults__, _enclosed(function)


def _enclosed(function: FunctionType) -> list[Any]:
    """The values that a function took from where it was made; no class, which may be its own."""
    values = [cell.cell_contents for cell in function.__closure__ or ()]
    return [value for value in values if value is not function and not isinstance(value, type)]


def _state(method: MethodType) -> dict[str, Any]:
    """What the object of a method holds."""
    return getattr(method.__self__, "__dict__", {})


def _code(code: CodeType) -> Any:
    consts = [
        _code(const) if isinstance(const, CodeType) else repr(const) for const in code.co_consts
    ]
    return (code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars)


ADDRESS = re.compile(" at 0x[0-9a-f]+")
# As many of the cases of one test as go the same way through a file.
ALIKE = int(os.environ.get("ALIKE", "20"))
SLOW_S = 4.0
# Statements about a whole list.
LISTS = (
    "count_bills",
    "doctor_bill",
    "page_of_bills",
    "page_of_integer_bills",
    "sum_of_bills",
    "text_bills",
)

"""`make mutants`: plant faults in the money path, one at a time, and see which no test finds."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.processes import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable

HELP = """Plants faults in files of the money path, one at a time, and runs the tests that meet
them until one fails. Names each fault that none has found and that tests/mutants/equal.toml does
not explain; then the exit status is 1. Without a name: all of them, which takes some hours."""

BUILD = ROOT / "build" / "mutants"
PLANTER = ROOT / "build" / "mutmut" / "bin" / "python"
EQUAL = ROOT / "tests" / "mutants" / "equal.toml"
MEMORY = Path("/dev/shm")  # thousands of databases are made and thrown away
PAYS = ("osmp", "payme", "services")
# Tests of guesses that take some seconds each.
SECONDS = "(wrong_proofs or wrong_tokens or mends)"
OURS = ("database/owed", "database/number_as_typed", "database/ghost")


@dataclass(frozen=True)
class Target:
    """Files in which faults are planted, and the tests that guard them."""

    files: tuple[str, ...]
    tests: tuple[str, ...]  # a bare name is a dialect's
    only: str = "not mariadb"  # pytest's -k


def _dialect(name: str, *others: str) -> Target:
    """Its own tests; those that compare its tables with its sheet are the fastest of all."""
    return Target(
        (f"callback/protocols/{name}.py",),
        ("conform/codes", "own_settings", "translation*", name, *others),
    )


def _database(*names: str, tests: tuple[str, ...], only: str = "") -> Target:
    """Files of the way to the database, whose tests run over MariaDB, too."""
    return Target(
        tuple(f"callback/database/{name}.py" for name in names),
        tuple(f"database/{name}" for name in tests),
        only,
    )


TARGETS = {
    "operation": Target(
        ("callback/operation.py",), (*PAYS, *OURS, "cyberplat", "passwords", "operation")
    ),
    "lookup": Target(
        ("callback/lookup.py",), ("lookup", "osmp", "payme", "database/ghost", "operation")
    ),
    "model": Target(
        ("callback/model.py",), ("model", *PAYS, "paynet", "database/owed", "operation")
    ),
    "further_sums": Target(("callback/further_sums.py",), ("further_sums", "osmp", "services")),
    "proofs": Target(("callback/proofs.py",), ("proofs", "settings", "signature", "osmp", "payme")),
    "signature": Target(
        ("callback/signature.py",),
        ("signature", "guessing", "passwords", "tools/exchange"),
        f"not mariadb and not {SECONDS}",
    ),
    "guessing": Target(("callback/guessing.py",), ("guessing",)),
    "passwords": Target(("callback/passwords.py",), ("passwords",)),
    "handlers": Target(
        ("callback/handlers.py",), ("handlers", "guessing"), f"not mariadb and not {SECONDS}"
    ),
    "request": Target(("callback/request.py",), ("request",)),
    "bank": Target(("callback/bank.py",), ("bank", "settings")),
    "wire": Target(("callback/wire.py",), ("wire", "properties", *PAYS, "mbank", "cyberplat")),
    "answers": _database("answers", tests=("answers",)),
    "driver": _database("driver", tests=("driver",)),
    "statements": _database(
        *("statements", "older"),
        tests=("statements", "older", "number_as_typed"),
        only="not mariadb and not sqlite",
    ),
    "sqlite": _database("sqlite", tests=("sqlite", "sessions"), only="not mariadb"),
    "steps": _database("__init__", tests=("steps", "sessions", "sqlite"), only="not mariadb"),
    "mysql": _database("mysql", "errors", tests=("mysql", "sqlite")),
    "timing": _database("timing", "limited", tests=("timing", "limited")),
    # What runs in another process meets no fault that is planted in this one.
    "login": _database(
        "login", tests=("login",), only="not mariadb and not without_the_library and not doctor"
    ),
    "dialects": Target(
        ("callback/protocols/__init__.py",),
        ("parts", "translation", "handlers", "click", "usmp", "services"),
    ),
    "sql": Target(
        (
            *("sql/pay_*.sql", "sql/perform_payment.sql", "sql/cancel_payment.sql"),
            *(
                "sql/explain_*.sql",
                "sql/find_[ai]*.sql",
                "sql/find_payment.sql",
                "sql/promise*.sql",
            ),
        ),
        (
            *PAYS,
            *OURS,
            "database/each_condition",
            "paynet",
            "click",
            "operation",
            "database/statements",
            "database/exactly_once",
        ),
        "",
    ),
    "sql-books": Target(
        (
            *(
                "sql/book_*.sql",
                "sql/statement_*.sql",
                "sql/payments_of_days.sql",
                "sql/mark_*.sql",
            ),
            *("sql/bills_*.sql", "sql/page_of_bills.sql", "sql/sum_of_bills.sql"),
            "sql/*_password.sql",
        ),
        ("database/each_condition",),
        "register or statement or days or mark or bill or password",
    ),
    "osmp": _dialect("osmp", "services"),
    "payme": _dialect("payme", "services"),
    "jsonrpc": _dialect("jsonrpc", "payme", "paynet"),
    **{
        name: _dialect(name, "services")
        for name in (
            *("alif", "ckassa", "click", "cyberplat", "kaspi", "mbank", "nonstop", "paynet"),
            *("paynet_soap", "sberbank", "usmp", "uzum"),
        )
    },
}


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=HELP)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TARGETS))
    parser.add_argument(
        "--survivors", action="store_true", help="plant only those that the last run has left"
    )
    parser.add_argument("--report", action="store_true", help="only tell what the last runs found")
    given = parser.parse_args()
    if wrong := set(given.names) - TARGETS.keys():
        parser.error(f"unknown: {', '.join(sorted(wrong))}")
    survivors = 0
    for name in given.names or TARGETS:
        if not given.report:
            plant(name, again=given.survivors)
        if result_file(name).exists():
            survivors += report(name)
    return bool(survivors)


def result_file(name: str) -> Path:
    """What came of each fault, a line of JSON each."""
    return BUILD / f"{name}.jsonl"


def plant(name: str, *, again: bool = False) -> None:
    """Plant all faults of a target, or those that were left; the results are in `result_file`."""
    target = TARGETS[name]
    BUILD.mkdir(parents=True, exist_ok=True)
    faults = BUILD / f"{name}.json"
    files = [file.as_posix() for pattern in target.files for file in _files(pattern)]
    with faults.open("w") as out:
        subprocess.run(
            [PLANTER, "tests/mutants/faults.py", *files], stdout=out, cwd=ROOT, check=True
        )
    known = _keep_survivors(faults, result_file(name)) if again else []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-s", "-o", "addopts="),
                *("-p", "no:cacheprovider", "-p", "tests.mutants.inside"),
                *(f"--basetemp={folder}/t", "-k", target.only, *_tests(target.tests)),
            ],
            env=os.environ
            | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
            | {"FAULTS": str(faults), "RESULTS": str(result_file(name))},
            cwd=ROOT,
            check=False,
        )
    if known:
        _merge(known, result_file(name))


def _keep_survivors(faults: Path, results: Path) -> list[dict[str, Any] | None]:
    """Leave in the file of faults those that no test found yet; return what came of the others.

    The same change may be made at several places: they stand in the same order here and there.
    """
    before: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in results.read_text().splitlines() if results.exists() else ():
        before[_key(json.loads(line))].append(json.loads(line))
    all_ = json.loads(faults.read_text())
    ended = [before[_key(fault)].pop(0) if before[_key(fault)] else None for fault in all_]
    known = [result if result and result["by"] else None for result in ended]
    left = [fault for fault, result in zip(all_, known, strict=True) if not result]
    faults.write_text(json.dumps(left))
    return known


def _merge(known: list[dict[str, Any] | None], results: Path) -> None:
    """Put what was known among what came of the others."""
    anew = iter([json.loads(line) for line in results.read_text().splitlines()])
    merged = [result or next(anew, None) for result in known]
    lines = [json.dumps(result, ensure_ascii=False) + "\n" for result in merged if result]
    results.write_text("".join(lines))


def _files(pattern: str) -> list[Path]:
    return sorted(file.relative_to(ROOT) for file in ROOT.glob(pattern))


def _tests(names: Iterable[str]) -> list[str]:
    """Find the files of tests by their short names."""
    found = []
    for name in names:
        folder, _, last = name.rpartition("/")
        found += [
            str(file)
            for file in sorted((ROOT / "tests").rglob(f"test_{last or '*'}.py"))
            if str(file.relative_to(ROOT / "tests").parent).endswith(folder)
        ]
    return found


def report(name: str) -> int:
    """Print how many faults of each file were found, and those that were not; return how many."""
    results = [json.loads(line) for line in result_file(name).read_text().splitlines()]
    why = explained()
    survivors = [one for one in results if not one["by"]]
    for file in dict.fromkeys(one["file"] for one in results):
        here = [one for one in results if one["file"] == file]
        left = [one for one in here if not one["by"]]
        known = [one for one in left if _key(one) in why]
        found = len(here) - len(left)
        share = 100 * found / (len(here) - len(known)) if len(here) > len(known) else 100.0
        late = sum(one["by"] == "time" for one in here)
        print(
            f"{file}: {len(here)} faults, {found} found ({late} by their time), "
            f"{len(known)} change nothing; {share:.1f} %"
        )
    open_ = [one for one in survivors if _key(one) not in why]
    for one in open_:
        print(f"{one['file']}:{one['line']}\n  - {one['was']}\n  + {one['becomes']}")
    return len(open_)


def explained() -> dict[tuple[str, str], str]:
    """Why a fault changes nothing that anybody could see, by file and change."""
    entries = tomllib.loads(EQUAL.read_text(encoding="utf-8"))["equal"] if EQUAL.exists() else []
    return {(entry["file"], fault): entry["why"] for entry in entries for fault in entry["faults"]}


def _key(result: dict[str, Any]) -> tuple[str, str]:
    return result["file"], f"{result['was']} => {result['becomes']}"


if __name__ == "__main__":
    sys.exit(main())

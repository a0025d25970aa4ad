"""No English sentence is left where the office reads Russian: by its kind, not by a list.

Every command's --help and a crowd of mistakes are run with language = "ru", in a process of their
own, for the library of commands keeps its language. A run of four English words is a sentence;
names of keys, files and commands hardly ever stand four in a row.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from callback import layouts, settings
from callback.paths import ROOT
from callback.protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SENTENCE = re.compile(r"(?:\b[a-z]+(?:'[a-z]+)? ){3,}[a-z]+\b")
# What stands in help as it is typed, or comes from a program of others as it is.
TYPED = re.compile(r"(?m)^\s*flask .*$|unrecognized token.*|\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")
GOOD = """language = "ru"
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///books.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
"""
BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
bills = { inn = "7700000000", rs = "40702810000000000001", folder = "FOLDER/bills" }
send = "ftps://user:wrong@127.0.0.1:1/folder/"

[BANKS.total]
protocol = "files"
register = { total = "ИТОГО", total_count = 2, total_sum = 3 }

[BANKS.header]
protocol = "files"
register = { header = "id;number;sum;date", encoding = "windows-1251" }

[BANKS.excel]
protocol = "files"
register = { sheet = "Лист9" }

[BANKS.statement]
protocol = "files"
register = { form = "1c", purpose = "([0-9]{8})" }

[BANKS.camt]
protocol = "files"
register = { form = "camt053", purpose = "([0-9]{8})" }

[BANKS.swift]
protocol = "files"
register = { form = "mt940", purpose = "([0-9]{8})" }

[BANKS.dbase]
protocol = "files"
register = { form = "dbf" }

[IMPORT]
total = "ИТОГО"
total_sum = 4

[EXPORT]
send = "sftp://user@127.0.0.1/none/?key=/none"
folder = "FOLDER/export"
"""
# Files that somebody may give to the commands; each to all banks, and to the import.
FILES: dict[str, bytes] = {
    "empty": b"",
    "no-end": b"a;b;c;d\n1;2;3",
    "cp1251": "номер;имя;адрес;долг\n1;Иван;;5\n".encode("cp1251"),
    "utf-16": "номер;имя\n1;Иван\n".encode("utf-16"),
    "zero": b"a;b;c;d\n\0\0\0\n",
    "pdf": b"%PDF-1.4 something",
    "xls": b"\xd0\xcf\x11\xe0" + b"x" * 600,
    "xlsx": b"PK\x03\x04 no archive at all",
    "gzip": b"\x1f\x8b\x08\x00rest",
    "html": b"<html><body>log in first</body></html>\n",
    "rows": (
        b"id;number;sum;date\n1;7012340001;1.234,5x;2026-11-03 10:00:00\n7,01E+09;1;5;3.11.2026\n"
        b"2;3\n4;5;-6.00;2026-11-03 10:00:00\n;;;\n8;9;0;x\n"
    ),
    "total": "x;x;x;x\n1;2;3.00;2026-11-03 10:00:00\nИТОГО;5;7.00\nafter;1;2;3\n".encode(),
    "quote": b'number;name;address;debt\n1;"open;b;c\n2;b;c;5\n',
    "list": (
        "number;name;address;debt\n1;a;b;3\n1;a;b;4\n7,01E+09;a;b;1\nx y;a;b;1\n3;a;b;\n"
        "4;a;b;c;d;5\nИТОГО;;;1.00\nrest;a;b;1\n"
    ).encode(),
    "statement": "1CClientBankExchange\nКодировка=Windows\nСекцияДокумент=x\nСумма=5\n".encode(
        "cp1251"
    ),
    "swift": b":20:X\n:25:1\n:60F:C261103KZT1,00\n:61:261103C5,00NTRF\n",
    "camt": b"<Document><BkToCstmrStmt><Stmt></Stmt></BkToCstmrStmt></Document>",
}
WRONG = ("false", "7", '"…"', "[7]", "{ a = 1 }", "[]", '"x y"')

PROGRAM = """
import contextlib, io, json, sys
from pathlib import Path
from click import Command, Context
from click.testing import CliRunner
from callback import create_app
from callback.settings import SettingsError
good, job = Path(sys.argv[1]), json.loads(sys.stdin.read())
said = {}
app = create_app(good)
runner = app.test_cli_runner()
said["init-db"] = runner.invoke(args=["init-db", "--sample"]).output
names = app.cli.list_commands(Context(app.cli))
for name in names:
    said[f"{name} --help"] = runner.invoke(args=[name, "--help"]).output
for args in job["runs"]:
    done = runner.invoke(args=args)
    said[" ".join(args)] = done.output + repr(done.exception or "")
for text in job["settings"]:
    file = good.with_name("wrong.toml")
    file.write_text(text, encoding="utf-8")
    with Context(Command("x")):
        try:
            create_app(file)
        except SettingsError as error:
            said[text] = str(error)
print(json.dumps(said))
"""


def mistakes() -> Iterator[list[str]]:
    """Command lines that cannot be done, whatever for."""
    banks = re.findall(r"BANKS\.(\w+)", BANKS)
    yield from (["foo"], ["url"], ["url", "none"], ["url", "--exchange"], ["sheet"], ["doctor"])
    yield from (["payments", "--from", "yesterday"], ["payments", "--bank", "none"])
    yield from (
        ["export", "--format", "xls"],
        ["export", "--after", "9"],
        ["export", "--after", "x"],
    )
    yield from (["export", "--send"], ["export", "--format", "1c"], ["export", "-o", "/none/a/b"])
    yield from (["send-bills", "qiwi"], ["send-bills", "total"], ["bills", "qiwi", "--qr", "codes"])
    yield from (["conform", "qiwi"], ["conform", "total", "--account", "1"], ["password", "qiwi"])
    yield from (["conform", "qiwi", "--account", "1", "--url", "http://127.0.0.1:1"],)
    yield from (["conform", "qiwi", "--account", "1", "--url", "ftp://x"], ["post"], ["post", "x"])
    yield from (["conform", "qiwi", "--account", "1", "--sum", "x"], ["front", "iis", "-o", "x"])
    yield from (["release", "-o", "x.tar"], ["release", "-o", "ы.zip"], ["secret", "--digest", "x"])
    yield from (["doctor", "--site"], ["reconcile", "qiwi"], ["reconcile", "qiwi", "none.csv"])
    yield from (["import", "none.csv"], ["import"], ["import", "--known-until", "-1", "x"])
    for file in FILES:
        yield from (["reconcile", bank, file] for bank in banks)
        yield ["import", file]
    for more in (["--force"], ["--book"], ["--mail", "a@b"], ["-o", "x.txt"], ["--from", "x"]):
        yield ["reconcile", "qiwi", "rows", *more]


def faulty() -> Iterator[str]:
    """Settings in which every key there is has every wrong kind of value."""
    of_banks = {name: {**settings.BANK_KEYS, **PROTOCOLS[name].SETTINGS} for name in PROTOCOLS}
    for value in WRONG:
        lines = [f"{key} = {value}" for key in settings.FILE_KEYS if key.isupper() or key > "l"]
        yield 'language = "ru"\n' + "\n".join(lines)
        for name, keys in of_banks.items():
            table = "\n".join(f"{key} = {value}" for key in keys if key != "protocol")
            yield f'{GOOD}[BANKS.b]\nprotocol = "{name}"\n{table}\n'
        for table, own in (
            ("BANKS.b.register", layouts.REGISTER_KEYS),
            ("BANKS.b.bills", layouts.BILLS_KEYS),
            ("IMPORT", layouts.IMPORT_KEYS),
            ("EXPORT", layouts.EXPORT_KEYS),
            ("EXCHANGE", layouts.EXCHANGE_KEYS),
        ):
            bank = '[BANKS.b]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\n'
            rows = "\n".join(f"{key} = {value}" for key in own)
            yield f"{GOOD}{bank}[{table}]\n{rows}\n"
    yield from (
        f"{GOOD}CONTACT = {text}\n" for text in ("", "x", '"a', "[1", "{a=1", "1 2", "=", '"\\q"')
    )
    yield from (
        f"{GOOD}{text}\n" for text in ("[BANKS.x", "[BANKS.x]\n[BANKS.x]", "CURRENCY = 1", "a b")
    )
    yield f'{GOOD}[BANKS.doctor]\nprotocol = "osmp"\n[BANKS."x y"]\n[BANKS.z]\nprotocol = "osmp"\n'


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was printed, by what was asked for."""
    folder: Path = tmp_path_factory.mktemp("office")
    good = folder / "config.toml"
    good.touch(mode=0o600)
    good.write_text(GOOD + BANKS.replace("FOLDER", str(folder)), encoding="utf-8")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    job = {"runs": list(mistakes()), "settings": list(faulty())}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(good)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "LANG": "C"},
        input=json.dumps(job),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, str] = json.loads(done.stdout)
    assert len(answers) > 300
    return answers


@pytest.mark.slow
def test_no_english_sentence_is_left(said: dict[str, str]) -> None:
    """In no help and in no refusal."""
    left = {
        f"{asked[:80]}: {match[0]}"
        for asked, text in said.items()
        for match in SENTENCE.finditer(TYPED.sub(" ", text))
    }

    assert sorted(left) == []


def test_the_mistakes_are_mistakes(said: dict[str, str]) -> None:
    """What is looked through says something, in Russian, and is no traceback."""
    silent = [asked for asked, text in said.items() if not re.search("[а-яё]{3}", text)]
    crashed = [
        asked for asked, text in said.items() if re.search(r"(?!SystemExit)\w+Error\(", text)
    ]

    assert [asked for asked in silent if "json" not in asked] == []
    assert crashed == []


def test_every_refusal_in_the_code_can_be_said_otherwise() -> None:
    """A sentence that is raised or printed is a phrase, or wrapped: else it is English for ever."""
    past = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in _printing()
        for line in _past_the_catalog(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert past == []


SAYS = {"echo", "warn", "UsageError", "ClickException", "fail", "confirm", "print", "exit"}
WORDS = re.compile("[a-z]{2,} [a-z]{2,}")
# Machines read these, the bank does, or whoever works on the program.
ENGLISH = {
    *("tools/arrival.py", "tools/exchange.py", "tools/by_dialect.py", "tools/readme.py"),
    *("tools/output.py", "tools/sheet/page.py", "tools/books/purpose.py", "tools/books/credits.py"),
}


def _printing() -> Iterator[Path]:
    package = ROOT / "callback"
    for file in sorted((package / "tools").rglob("*.py")):
        if file.relative_to(package).as_posix() not in ENGLISH:
            yield file
    yield from (package / name for name in ("settings.py", "readers.py", "layouts.py"))
    yield from (ROOT / "deploy" / name for name in ("release.py", "hosts.py"))


def _past_the_catalog(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        told = node.exc if isinstance(node, ast.Raise) else node
        if told is None or not (isinstance(node, ast.Raise) or _name(node) in SAYS):
            continue
        if any(map(WORDS.search, _unwrapped(told))):
            yield told.lineno  # type: ignore[attr-defined]


def _name(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _unwrapped(node: ast.AST) -> Iterator[str]:
    if _name(node) in ("_", "Phrase"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _unwrapped(child)

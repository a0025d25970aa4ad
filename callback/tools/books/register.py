"""Reading the bank's register: every row exactly, or the whole file not at all.

registers.md, section 3. How the file looks, `RegisterLayout` says; statements are read by
`statement`, `mt940` and `camt053`, Excel's files by `spreadsheet`, those of dBase by `dbf`, others
by `rows`; what rows say, `tabular` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.tools.books import (
    camt053,
    dbf,
    mt940,
    reading,
    rows,
    spreadsheet,
    statement,
    tabular,
)
from callback.tools.books.entry import Entry, Register, RegisterError, Remark
from callback.tools.printable import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from callback.bank import Bank

END = (b"\r", b"\n", b"\x1a")
ZIP = b"PK\x03\x04"  # how every .xlsx begins
STATEMENTS = {"1c": statement.read, "mt940": mt940.read, "camt053": camt053.read}
# What is sent or saved by mistake, told by its first bytes.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": Phrase("an old Excel file (.xls): save it as .xlsx or as CSV"),
    b"%PDF": Phrase("a PDF: ask the bank for a table"),
    b"{\\rtf": Phrase("a text of Word: ask the bank for a table"),
    b"\x1f\x8b": Phrase("packed (gzip): unpack it first"),
    b"Rar!": Phrase("packed (RAR): unpack it first"),
    b"7z\xbc\xaf": Phrase("packed (7-Zip): unpack it first"),
}


def read(bank: Bank, *paths: Path) -> Register:
    """Read a register of one or of several files; RegisterError when it is refused as a whole."""
    entries: list[Entry] = []
    remarks: list[Remark] = []
    days: list[date] = []
    names = _names(paths)
    for path in paths:
        try:
            part = _read(bank, path)
            _refuse_shared_origins(entries, part.entries)
        except RegisterError as error:
            error.file = path
            raise
        name = names.get(path, "")
        entries += [entry._replace(file=name) for entry in part.entries]
        remarks += [remark._replace(file=name) for remark in part.remarks]
        days += part.days
    return once(entries, remarks)._replace(days=tuple(days))


def once(entries: Iterable[Entry], remarks: Iterable[Remark]) -> Register:
    """Drop a row that repeats another; RegisterError when it says something else."""
    known: dict[str, Entry] = {}
    others = list(remarks)
    for entry in entries:
        first = known.setdefault(entry.txn_id, entry)
        if first is entry:
            continue
        if (first.account, first.amount) != (entry.account, entry.amount):
            raise RegisterError(
                Phrase(
                    "{place}: payment {txn_id} is there twice, in {place2} with another account "
                    "or sum",
                    place=entry.place,
                    txn_id=entry.txn_id,
                    place2=first.place,
                )
            )
        others.append(
            Remark(
                "twice",
                entry.line,
                Phrase("as in {place}", place=first.place),
                entry,
                entry.file,
            )
        )
    return Register(list(known.values()), others)


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """What files are called in a report; one alone needs no name."""
    names = {path: file_name(path.name) for path in paths}
    if len(set(names.values())) < len(names):
        names = {path: file_name(path) for path in paths}
    return names if len(paths) > 1 else {}


def _read(bank: Bank, path: Path) -> Register:
    layout = bank.register
    if layout.file and not layout.file.fullmatch(path.name):
        raise RegisterError(
            Phrase("the name of the file is not {pattern}", pattern=layout.file.pattern)
        )
    if layout.form in STATEMENTS:
        raw = reading.content(path, reading.MAX_STATEMENT)
        return STATEMENTS[layout.form](raw, bank)
    raw = reading.content(path)
    if layout.form == "dbf":
        return tabular.Table(bank, path).read(dbf.rows(raw, layout))
    if path.suffix.lower() == ".dbf" and dbf.is_one(raw):
        raise RegisterError(Phrase('a table of dBase, which form = "dbf" reads'))
    _refuse_foreign(raw)
    if not raw.startswith(ZIP):
        table = tabular.Table(bank, path, has_end=raw[-4:].rstrip(b"\0")[-1:] in END)
        return table.read(rows.read(raw, layout))
    with spreadsheet.opened(raw, layout) as sheets:
        (_, first), *others = sheets
        table = tabular.Table(bank, path)
        register = table.read(first)
        table.refuse_more(others)
    return register


def _refuse_foreign(raw: bytes) -> None:
    if not raw.strip():
        raise RegisterError(Phrase("empty: {raw} bytes, none of them a text", raw=len(raw)))
    for beginning, what in FOREIGN.items():
        if raw.startswith(beginning):
            raise RegisterError(what)


def _refuse_shared_origins(known: Iterable[Entry], new: Iterable[Entry]) -> None:
    """Of ids that are derived nobody can say whether two files have one payment, or two."""
    shared = {entry.origin for entry in known if entry.origin} & {entry.origin for entry in new}
    if shared:
        raise RegisterError(
            Phrase(
                "{shared} is in another file, too: give one file with the whole day",
                shared=min(shared),
            )
        )

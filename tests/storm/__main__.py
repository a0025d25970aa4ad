"""`make storm`: storms on demand, each from its seed. Loopback only; it ends by itself."""

from __future__ import annotations

import argparse
import itertools
import json
import sys

from tests.storm import bugs, storm
from tests.storm.books import OFFICES
from tests.storm.command import BUGS as OF_COMMANDS

HELP = """Plays impatient banks of every dialect against the program while its workers and its
database are killed and the links between them are cut, held and slow. Then the books of the banks,
the table and the register must be equal. The exit status is 1 if anything was lost, doubled or
taken back. A storm is repeated by its seed; its faults come in the same order."""


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=HELP)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other (1)")
    parser.add_argument("--payments", type=int, default=3000, help="of each storm (3000)")
    parser.add_argument(
        "--bug",
        choices=[*bugs.BUGS, *filter(None, OF_COMMANDS)],
        default="",
        help="plant it: must be caught",
    )
    parser.add_argument("--bank", action="append", default=[], help="only this dialect's bank")
    parser.add_argument(
        "--books",
        choices=["files", "tables", "both"],
        help="an office works meanwhile, by commands that are killed: flask export and import, "
        "flask post, or one after the other",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each storm")
    given = parser.parse_args()
    bad = 0
    seeds = range(given.seed, given.seed + given.seeds)
    offices = [*OFFICES] if given.books == "both" else [given.books or ""]
    for seed, books in itertools.product(seeds, offices):
        tell(f"seed {seed}: {given.payments} payments begin{f', books by {books}' * bool(books)}")
        outcome = storm.run(
            *(seed, given.payments), bug=given.bug, only=given.bank, books=books, tell=tell
        )
        bad += not outcome.good
        print(json.dumps(outcome.summary()) if given.json else text_of(outcome), flush=True)
    number = len(seeds) * len(offices)
    if number > 1 and not given.json:
        print(f"{number - bad} of {number} storms left the books equal")
    return bool(bad)


def tell(line: str) -> None:
    """How far it is; what came of it is what stands on the standard output."""
    print(line, file=sys.stderr, flush=True)


def text_of(outcome: storm.Outcome) -> str:
    """The summary for a person."""
    counts, weather = outcome.counts, outcome.weather
    lines = [
        f"seed {outcome.seed}: {outcome.payments} payments, {counts.requests} requests "
        f"({counts.parallel} parallel, {counts.late} late, {counts.altered} altered; "
        f"{counts.unanswered} unanswered, {counts.ask_again} told to ask again), "
        f"{counts.given_up} given up, {counts.cancelled} cancelled",
        "  " + ", ".join(f"{name} {number}" for name, number in sorted(weather.items())),
        f"  paid {outcome.recorded}, {outcome.total:.2f}; all final {outcome.settled_s:.1f} s "
        f"after the last fault; {outcome.seconds:.0f} s in all",
        "  " + ", ".join(f"{outcome.faults[name]} {name}" for name in storm.FAULTS),
        *(f"  {example}" for example in outcome.examples),
    ]
    if not outcome.good:
        again = f"make storm SEED={outcome.seed} PAYMENTS={outcome.payments}"
        lines.append(f"  again: {again}{f' BOOKS={outcome.books}' * bool(outcome.books)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

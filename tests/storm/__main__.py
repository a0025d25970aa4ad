"""`make storm`: storms on demand, each from its seed. Loopback only; it ends by itself."""

from __future__ import annotations

import argparse
import json
import sys

from tests.storm import bugs, storm

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
    parser.add_argument("--bug", choices=[*bugs.BUGS], default="", help="plant it: must be caught")
    parser.add_argument("--bank", action="append", default=[], help="only this dialect's bank")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each storm")
    given = parser.parse_args()
    bad = 0
    for seed in range(given.seed, given.seed + given.seeds):
        outcome = storm.run(seed, given.payments, bug=given.bug, only=given.bank)
        bad += not outcome.good
        print(json.dumps(outcome.summary()) if given.json else text_of(outcome), flush=True)
    if given.seeds > 1 and not given.json:
        print(f"{given.seeds - bad} of {given.seeds} storms left the books equal")
    return bool(bad)


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
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

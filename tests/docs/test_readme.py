"""What the READMEs print works as pasted, and both say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click import Context

from callback import create_app, settings
from callback.protocols import PROTOCOLS
from callback.settings import SettingsError
from callback.tools.readme import TABLES, filled
from tests.support.processes import ROOT, free_port, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

READMES = ("README.md", "README.ru.md")
VENV = Path(sys.prefix)


KEY = "0123456789abcdef-of-a-test-alone"  # in place of the dots


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return [block.strip() for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`make run` in a fresh copy of what is tracked, on a port of its own."""
    copy = tmp_path_factory.mktemp("clone")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    port = free_port()
    with (copy / "output").open("w") as output:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}", f"VENV={VENV}"], cwd=copy, stdout=output, stderr=output
        )
        try:
            wait_for(port, copy / "output", process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def wait_for(port: int, output: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when it answers."""
    deadline = time.monotonic() + 60
    while subprocess.run(
        ["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/"], check=False
    ).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(output.read_text())
        time.sleep(0.1)


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.slow
def test_the_first_screen_works_as_pasted(readme: str, run: int) -> None:
    """Two curl lines with the two answers that are printed; the second may be repeated."""
    curls = [line for line in blocks(readme, "sh") if line.startswith("curl ")]
    answers = blocks(readme, "xml")
    assert len(curls) == len(answers) == 2

    check, pay = (line.replace(":8000/", f":{run}/") for line in curls)
    if readme == READMES[0]:  # before the first payment
        assert pasted(check) == answers[0]
    assert [pasted(pay) for _ in range(3)] == [answers[1]] * 3


def pasted(line: str) -> str:
    """What the line prints when it is pasted into a shell."""
    return subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("readme", READMES)
def test_the_first_screen_is_the_two_commands(readme: str) -> None:
    """make run, then make test, and no other command to learn before."""
    shown = [line for line in blocks(readme, "sh") if not line.startswith("curl ")]

    assert shown == ["make run", "make test"]


@pytest.mark.parametrize("readme", READMES)
def test_the_settings_that_are_printed_start_the_program(readme: str, tmp_path: Path) -> None:
    """With a database that can be reached, and a certificate that is there."""
    (toml,) = blocks(readme, "toml")
    (tmp_path / "ca.pem").touch()
    toml = toml.replace("/path/ca.pem", "ca.pem")

    with pytest.raises(SettingsError) as caught:
        create_app(write_settings(toml, tmp_path))
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()[1:]] == [
        "SECRET_KEY",
        "BANKS.qiwi.password",
    ]
    assert str(caught.value).count("flask secret") == 2
    assert create_app(write_settings(toml.replace("…", KEY), tmp_path))


@pytest.mark.parametrize("readme", READMES)
def test_every_dialect_and_every_link_is_there(readme: str) -> None:
    """A row a dialect; no link points to nothing."""
    text = (ROOT / readme).read_text(encoding="utf-8")

    rows = re.findall(r"^\| .* \| `(\w+)` \| \[(\w+)\.py\]", text, re.MULTILINE)
    assert {name for name, _ in rows} == set(PROTOCOLS)
    assert all(name == file for name, file in rows)
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", TABLES)
def test_no_table_of_banks_is_stale(document: str) -> None:
    """`make readme` writes it, out of the banks' own files."""
    text = (ROOT / document).read_text(encoding="utf-8")

    assert text == filled(text, TABLES[document]())


def test_a_document_without_the_marks_is_not_written_over() -> None:
    """The table must have its place."""
    with pytest.raises(ValueError, match="there is no <!-- written"):
        filled("| who calls |", "| who calls |")


@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_there(readme: str, tmp_path: Path) -> None:
    """And none that the program does not have."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    sample = (ROOT / "sample.toml").read_text(encoding="utf-8")
    app = create_app(
        write_settings(sample.replace("public-secret-of-the-sample", "x" * 32), tmp_path)
    )
    own = set(app.cli.list_commands(Context(app.cli))) - {"run", "shell", "routes"}

    assert set(re.findall(r"^\| `flask ([a-z-]+)", text, re.MULTILINE)) == own


def test_the_banks_that_the_sample_leaves_out_would_start(tmp_path: Path) -> None:
    """What stands there behind marks of comment is as it should be: keys, and a bank."""
    text = (ROOT / "sample.toml").read_text(encoding="utf-8")
    text = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    text = text.replace("public-secret-of-the-sample", KEY).replace("…", KEY)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    banks = settings.load(path).banks

    assert [str(network) for network in banks["paynet"].allow] == [
        "213.230.106.112/28",
        "213.230.65.80/28",
    ]


def test_a_port_that_is_taken_names_another(run: int) -> None:
    """The server would try for five seconds and speak of itself."""
    made = [word for name in ("instance/config.toml", f"{VENV}/run.stamp") for word in ("-o", name)]
    done = subprocess.run(
        ["make", "--no-print-directory", "run", f"PORT={run}", f"VENV={VENV}", *made],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"Port {run} of this machine is taken" in done.stderr
    assert done.stdout == ""

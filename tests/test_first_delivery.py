"""The README's way from an export to a first delivery, replayed in a real terminal, as it is printed there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from support.people.terminal import typed

ROOT = Path(__file__).parents[1]
QUESTION = re.compile(r"^(?:>(?: \(.*\))?:|.*\[y/n\] \(y\):) ?(.*)$")
CHANGING = (
    (r"20\d{6}T\d{6}Z(-[0-9a-f]{6})?", "RUN"),
    (r"\b(\d+)-[0-9a-f]{6}\b", r"\1-HASH"),
    (r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", "NOW"),
    (r"SHA256:\S+", "FINGERPRINT"),
    (r"AsyncSSH_[\d.]+", "SOFTWARE"),
    (r"[\d.,]+ GB", "ROOM"),
    (r"[\d,]+ bytes", "SIZE"),
    (r"\d+ seconds", "TIME"),
    (r"past due on 20\d\d-\d\d-\d\d", "past due on TODAY"),
)


def test_the_transcript_is_what_a_terminal_shows(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    shown, answers = transcript(), iter(answers_of(transcript()))
    approval, screens = "", []
    for command in (line[2:] for line in shown if line.startswith("$ ")):
        program, *arguments = shlex.split(command)
        if program != "arfeed":
            prepare(folder, arguments)
            continue
        code, screen = typed(shlex.split(re.sub(r"\b0-[0-9a-f]{6}\b", approval, command)), folder, answers)
        screens += [f"$ {command}", *screen.splitlines()]
        assert code == (3 if command == "arfeed plan" else 0), screen
        approval = next(iter(re.findall(r"--approve (\S+)", screen)), approval)
    expected = [line for line in masked(shown) if line != "…" and not re.match(r"\$ (cp|cd|mkdir) ", line)]
    assert missing(expected, masked(screens)) == [], "\n".join(screens)
    assert next(answers, None) is None


def test_an_answer_that_is_wrong_is_asked_for_again(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "exports" / "subsidiary" / "OffenePosten_Wien.csv", tmp_path / "offen.csv")
    answers = iter(["", "y", "Euro", "EUR", "none.csv", "", "9", "", "pdf/x.pdf", "", "9", "1", "n"])
    code, screen = typed(["arfeed", "init"], tmp_path, answers)
    assert code == 0
    for said in (
        "'Euro' is not an ISO 4217 code",
        "none.csv: there is no such file",
        "type a number from 1 to 2",
        "it has to contain {invoice_ref}",
        "type a number from 1 to 3",
    ):
        assert f"! {said}" in screen
    assert "Nothing was written." in screen
    assert not tmp_path.joinpath("plugins.toml").exists()


def test_headings_are_corrected_one_by_one(tmp_path: Path) -> None:
    tmp_path.joinpath("open.csv").write_text(
        "Invoice,Customer,Date,Owed,Balance,Currency\n1,Ada,2026-04-01,5.00,9.00,GBP\n2,Bob,2026-04-02,6.00,9.00,GBP\n"
    )
    corrected = ["", "", "Owd", "Owed", "", ""]
    code, screen = typed(["arfeed", "init"], tmp_path, iter(["", "n", *corrected, "", "", "", "", "y"]))
    assert code == 0, screen
    assert 'balance = "Owed"' in tmp_path.joinpath("plugins.toml").read_text()


@pytest.mark.parametrize("answer", ["1", "DMY"])
def test_dates_that_prove_nothing_are_asked_about_with_what_they_would_mean(tmp_path: Path, answer: str) -> None:
    tmp_path.joinpath("open[1].csv").write_text(
        "Invoice,Customer,Date,Balance,Currency\n1,Ada,03/04/2026,5.00,GBP\n2,Bob,05/04/2026,6.00,GBP\n"
    )
    code, screen = typed(["arfeed", "init"], tmp_path, iter(["", "y", answer, "", "", "", "", "y"]))
    assert code == 0, screen
    assert "> (open[1].csv): " in screen
    assert "2  MDY: 03/04/2026 is 4 March 2026" in screen
    assert 'dates = "DMY"' in tmp_path.joinpath("plugins.toml").read_text()


def prepare(folder: Path, arguments: list[str]) -> None:
    """Do what `mkdir ~/acme`, `cp … ~/acme` and `cd ~/acme` would."""
    for argument in arguments:
        example = ROOT / argument
        if example.is_dir():
            shutil.copytree(example, folder / example.name)
        elif example.is_file():
            shutil.copy(example, folder)


def transcript() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```console\n(\$ mkdir .*?)```", readme, re.DOTALL)
    return [line.rstrip() for line in shown.splitlines()]


def answers_of(shown: list[str]) -> list[str]:
    return [match[1] for line in shown if (match := QUESTION.match(line))]


def masked(lines: list[str]) -> list[str]:
    text = "\n".join(line.rstrip() for line in lines)
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return text.splitlines()


def missing(expected: list[str], found: list[str]) -> list[str]:
    """Return the expected lines that do not come up in their order."""
    rest = iter(found)
    return [line for line in expected if line and line not in rest]

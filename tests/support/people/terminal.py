"""A real terminal, and somebody who types into it when a program asks."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROMPT = re.compile(r"(?:^|\n)(?:>[^\n]*: |[^\n]*\[y/n\] \(y\): )$")
PATIENCE_SECONDS = 60


def typed(arguments: Sequence[str], folder: Path, answers: Iterator[str], *, columns: int = 110) -> tuple[int, str]:
    """Run a program of ours, answer each of its questions, and return its exit code and all that was on the screen."""
    program = Path(sys.executable).with_name(arguments[0])
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": str(columns), "LINES": "50"}
    master, slave = pty.openpty()
    with subprocess.Popen(
        [program, *arguments[1:]], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True
    ) as running:
        os.close(slave)
        try:
            screen = _conversation(master, answers)
        except BaseException:
            running.kill()  # or it would wait for an answer for ever
            raise
        finally:
            os.close(master)
        return running.wait(PATIENCE_SECONDS), screen


def _conversation(master: int, answers: Iterator[str]) -> str:
    screen, answered = "", 0
    while True:
        ready, _, _ = select.select([master], [], [], PATIENCE_SECONDS)
        assert ready, f"nothing more came behind:\n{screen}"
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            return screen
        if not piece:
            return screen
        screen += piece.decode().replace("\r\n", "\n")
        if PROMPT.search(screen[answered:]):
            answered = len(screen)
            os.write(master, f"{next(answers)}\n".encode())

"""Asking the person at the terminal, if there is one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm, Prompt

if TYPE_CHECKING:
    from arfeed.operations.init.answers import Asker, Complaint


def asker_for(people: Console, *, unattended: bool = False) -> Asker:
    """Return who answers questions: the person at the terminal, or nobody."""
    from arfeed.operations.init.answers import Unattended as Nobody

    # Without a terminal nobody can answer, and a question would wait for ever. What a person is asked is then an error
    # that names the option.
    alone = unattended or not sys.stdin.isatty()
    return Nobody(lambda mark, text: report(people, mark, text)) if alone else Person(people)


def report(people: Console, mark: str, text: str) -> None:
    """Print a line behind its mark: ✓ for what was found out, ! for what a person should check."""
    style = {"✓": "green", "!": "yellow"}[mark]
    people.print(f"{mark} {text}", style=style, markup=False, soft_wrap=not people.is_terminal)


class Person:
    """A person at a terminal, who is asked."""

    def __init__(self, people: Console) -> None:
        """Ask on this console."""
        self._people = people

    def found(self, text: str) -> None:
        """Report what was found out."""
        report(self._people, "✓", text)

    def doubt(self, text: str) -> None:
        """Report what the person should check."""
        report(self._people, "!", text)

    def ask(self, question: str, option: str, default: str | None = None, wrong: Complaint = lambda _: None) -> str:
        """Ask until the answer is valid: `wrong` returns what is wrong with it, or None."""
        del option
        while True:
            self._people.print(question, markup=False, style="bold", soft_wrap=False)
            shown = f" ({escape(default)})" if default else ""
            answer = Prompt.ask(
                f"[bold]>[/bold]{shown}", console=self._people, default=default or "", show_default=False
            )
            # A blank default is offered for what may be left out; elsewhere a blank is not an answer.
            complaint = wrong(answer) if answer or default == "" else "an answer is needed"
            if complaint is None:
                return answer
            self.doubt(complaint)

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Show the choices with their numbers, and ask for one by number or name."""
        del option
        self._people.print(question, markup=False, style="bold")
        numbered = {str(number): name for number, name in enumerate(choices, 1)}
        for number, name in numbered.items():
            self._people.print(f"  {number}  {name}: {choices[name]}", markup=False)
        shown = f" ({escape(default)})" if default else ""
        while True:
            answer = Prompt.ask(
                f"[bold]>[/bold]{shown}", console=self._people, default=default or "", show_default=False
            )
            # By name too, so that what is typed stays the same when choices are added.
            chosen = numbered.get(answer, answer)
            if chosen in choices:
                return chosen
            self.doubt(f"type a number from 1 to {len(numbered)}")

    def agree(self, question: str) -> bool:
        """Ask for a yes."""
        return Confirm.ask(f"[bold]{escape(question)}[/bold]", console=self._people, default=True)

"""What a notifier must do: notify of every ending, even with hostile texts, and never show a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from arfeed.model.errors import RefusedError, SourceError
from arfeed.model.parts import Notifier, PartKind
from arfeed.model.results import Failure, Objection
from arfeed.model.text.secrets import collect_secrets
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice, plan
from arfeed.testing.parts import PartConformance
from arfeed.testing.project import ArfeedProject

_CSV = "invoice_ref,customer_name,currency,issued_on,balance\nINV-1,Ada Ltd,EUR,2026-04-07,1.00\n"


class NotifierConformance(PartConformance):
    """Inherit, name `plugin` and `notifier`, return its settings, and return the messages sent through it."""

    kind: ClassVar[PartKind] = "notifier"
    notifier: ClassVar[type[Notifier]]

    def settings(self) -> Mapping[str, object]:
        """Return its settings, without `use`: they lead to a place of the test's own, such as a server on loopback."""
        raise NotImplementedError

    def heard(self) -> Sequence[str]:
        """Return every message that has arrived there so far, as text."""
        raise NotImplementedError

    @property
    def part(self) -> type[Notifier]:
        """The class under test."""
        return self.notifier

    def test_it_tells_how_whole_runs_end(self, arfeed_project: ArfeedProject) -> None:
        """Refused with what would approve it, delivered, failed: a message each, and the exit code stays."""
        arfeed_project.write({"erp.csv": _CSV})
        told = {"told": {"use": self.notifier.name, **self.settings()}}
        source = {"use": "folder", "path": "erp.csv", "dates": "YMD"}
        arfeed_project.configure([self.plugin, "folder"], {"erp": source}, notifiers=told)
        refused = arfeed_project.run("sync", "--json")
        assert refused.code == RefusedError.exit_code, f"a refused run ended with {refused.code}:\n{refused.err}"
        self._check_heard(1, "the refusal", refused.err)
        approval = refused.json()["plan"]["approval"]
        assert approval in self.heard()[-1], f"it notified of the refusal without the code that approves it, {approval}"
        delivered = arfeed_project.deliver()
        assert delivered.code == 0, f"the delivery ended with {delivered.code}:\n{delivered.err}"
        self._check_heard(2, "the delivery", delivered.err)
        arfeed_project.folder.joinpath("erp.csv").unlink()
        # The file is gone: the plainest failure that a source can have.
        failed = arfeed_project.run("sync")
        assert failed.code == SourceError.exit_code, f"a failed run ended with {failed.code}:\n{failed.err}"
        self._check_heard(3, "the failure", failed.err)
        self._check_secrets()

    def test_hostile_texts_are_no_error(self) -> None:
        """It notifies of a refusal whatever customers and invoices are called."""
        texts = [*HOSTILE_REFS, *HOSTILE_NAMES, "two\nlines\r\n\r\n.", "<!channel> *all* `x` ```"]
        # One plan for each text: messages name only the three largest, so most of them would never be tried together.
        before = [Invoice(f"H-{number}", Decimal(1), customer_name=text) for number, text in enumerate(texts)]
        objections = tuple(Objection("house-rule", text) for text in texts)
        for each in before:
            refused = replace(plan(SAMPLE, [each]), objections=objections, approval="1-9f3c2a")
            self._notifier().refused(refused)
        for text in texts:
            # Long ones too, since chats and mail servers have limits.
            self._notifier().failed(Failure("sample", "sftp://sample@example.com:22/", text * 20, 4))
        assert len(self.heard()) == 2 * len(texts), f"of {2 * len(texts)} messages {len(self.heard())} arrived"
        self._check_secrets()

    def _notifier(self) -> Notifier:
        return self.notifier("told", self.notifier.Settings.model_validate(dict(self.settings())))

    def _check_heard(self, count: int, what: str, printed: str) -> None:
        assert len(self.heard()) == count, (
            f"it did not notify exactly once of {what}; {len(self.heard())} messages so far:\n{printed}"
        )

    def _check_secrets(self) -> None:
        # In everything that arrived, subjects and headers included if `heard` returns them.
        sent = "\n".join(self.heard())
        assert not [secret for secret in collect_secrets([self._notifier().settings]) if secret in sent], (
            "it showed a secret"
        )

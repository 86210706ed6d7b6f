"""What every reviewer must keep to: it objects to what it is meant for, states why, and lets everything else pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from arfeed.model.errors import RefusedError
from arfeed.model.results import Objection, Plan
from arfeed.planning.approval import OUR_CODES
from arfeed.plugins.loading import call_each, load
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice, plan
from arfeed.testing.project import ArfeedProject

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HEADER = ("invoice_ref", "kind", "customer_name", "currency", "issued_on", "due_on", "amount", "balance")


class ReviewerConformance:
    """Inherit, name `plugin` and the `code` of its objection, and give it a plan that it must object to.

    If the objection depends on the invoices alone, return them from `refused_invoices`, and it is tried in a whole run
    as well; otherwise override `refused`.
    """

    plugin: ClassVar[str]
    code: ClassVar[str]

    def refused_invoices(self) -> Sequence[Invoice]:
        """Return open invoices that make a report to which it must object."""
        raise NotImplementedError

    def accepted(self) -> Plan:
        """Return a plan that it has nothing against."""
        return plan(SAMPLE, SAMPLE)

    def refused(self) -> Plan:
        """Return a plan that it must object to."""
        return plan(self.refused_invoices(), self.refused_invoices())

    def test_it_is_asked(self) -> None:
        """The entry point, the contract's version and the hook are right."""
        hooks = load([self.plugin]).infos[self.plugin].hooks
        assert "arfeed_review" in hooks, f"the plugin {self.plugin!r} implements only {hooks}"

    def test_it_objects_to_what_it_is_for(self) -> None:
        """With its code, a message, and references that are in the plan."""
        refused = self.refused()
        objections = [item for item in self._list_objections(refused) if item.code == self.code]
        assert objections, f"it does not object with {self.code!r}"
        for objection in objections:
            assert objection.message, "its objection has no message; write what was found and what to do"
            # An approval is bound to the invoices that an objection names, so it can only name some of the plan.
            known = {*refused.report["invoice_ref"], *refused.missing["invoice_ref"]}
            assert {*objection.refs} <= known, f"it names {objection.refs}, which are not all in the plan"

    def test_its_codes_are_its_own(self) -> None:
        """In words with hyphens, and none of arfeed's, which mean something else."""
        for objection in self._list_objections(self.refused()):
            assert _CODE.fullmatch(objection.code), f"write the code {objection.code!r} as in no-reminders"
            assert objection.code not in OUR_CODES, f"{objection.code!r} is a code of arfeed's own"

    def test_it_lets_everything_else_pass(self) -> None:
        """Whoever is refused every day approves without reading."""
        said = self._list_objections(self.accepted())
        assert not said, f"it objects to a plan it should have nothing against: {said}"

    def test_it_says_the_same_every_time(self) -> None:
        """An approval is bound to the objections."""
        first, second = self._list_objections(self.refused()), self._list_objections(self.refused())
        assert first == second, f"it returned {first}, and then {second}"

    def test_first_deliveries_empty_reports_and_hostile_texts_are_no_error(self) -> None:
        """A reviewer that raises refuses the run."""
        texts = [*HOSTILE_REFS, *HOSTILE_NAMES]
        hostile = [Invoice(f"H-{n}", Decimal(1), customer_name=text, due_on=None) for n, text in enumerate(texts)]
        hostile += [replace(hostile[0], invoice_ref=ref) for ref in HOSTILE_REFS]
        # The plans that reviewers forget: no baseline, nothing open, and neither.
        for each in (plan(SAMPLE), plan([], SAMPLE), plan([]), plan(hostile, SAMPLE)):
            self._list_objections(each)

    def test_a_whole_run_is_refused(self, arfeed_project: ArfeedProject) -> None:
        """Nothing is delivered, and the objection is shown with its code."""
        # A plan of another making can't be brought about by a file of invoices.
        if type(self).refused is not ReviewerConformance.refused:
            return
        rows = [[str(getattr(item, name) or "") for name in _HEADER] for item in self.refused_invoices()]
        lines = [",".join(f'"{text}"' for text in row) for row in [[*_HEADER], *rows]]
        arfeed_project.write({"erp.csv": "\n".join(lines) + "\n"})
        source = {"use": "folder", "path": "erp.csv", "dates": "YMD"}
        arfeed_project.configure([self.plugin, "folder"], {"erp": source})
        outcome = arfeed_project.run("sync", "--json")
        assert outcome.code == RefusedError.exit_code, f"the run ended with {outcome.code}:\n{outcome.err}"
        codes = [objection["code"] for objection in outcome.json()["plan"]["objections"]]
        assert self.code in codes, f"the run was refused for {codes}"
        assert not arfeed_project.server, "something was delivered all the same"

    def _list_objections(self, plan: Plan) -> list[Objection]:
        # As a run calls it, with a copy that can't be written through.
        (answer,) = call_each(load([self.plugin]).manager, "arfeed_review", plan=plan)
        if isinstance(answer.value, BaseException):
            raise answer.value
        objections = list(answer.value) if isinstance(answer.value, (list, tuple)) else []
        wrong = [item for item in objections if not isinstance(item, Objection)]
        assert answer.value is None or isinstance(answer.value, (list, tuple)), f"it returned {answer.value!r}"
        assert not wrong, f"it returned {wrong}, which are not an arfeed.Objection"
        return objections

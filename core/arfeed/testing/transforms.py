"""What every transform must keep to: it keeps or drops rows and rewrites columns, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from arfeed.intake.transform import transform
from arfeed.model.parts import PartKind, Transform
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice, frame
from arfeed.testing.parts import PartConformance

if TYPE_CHECKING:
    import pandas as pd


class TransformConformance(PartConformance):
    """Inherit, name `plugin` and `transform`, and return its settings. `invoices` may give it other rows to work on."""

    kind: ClassVar[PartKind] = "transform"
    transform: ClassVar[type[Transform]]

    def settings(self) -> Mapping[str, object]:
        """Return the step's settings, without `use`."""
        return {}

    def invoices(self) -> pd.DataFrame:
        """Return open invoices, typed, as a step is given them."""
        return frame([invoice for invoice in SAMPLE if invoice.status == "open"])

    @property
    def part(self) -> type[Transform]:
        """The class under test."""
        return self.transform

    def test_it_keeps_to_the_contract(self) -> None:
        """All columns stay, with their types; no source_ref is invented or repeated; no balance becomes blank or 0.

        What changes in a row of balance, amount, currency, customer_id and customer_name is declared in `changes`.
        """
        before = self.invoices()
        # Through core's own `transform`, which raises for everything that the contract forbids.
        after = transform(before, [self._step()]).invoices
        assert len(after) <= len(before), "it added rows"

    def test_it_leaves_what_it_was_given_as_it_was(self) -> None:
        """Steps return new frames."""
        given, same = self.invoices(), self.invoices()
        self._step().apply(given)
        assert given.equals(same), "it changed the frame it was given; work on a copy, as with assign()"

    def test_it_does_the_same_every_time(self) -> None:
        """A plan must not differ from the delivery that follows it."""
        step = self._step()
        first = step.apply(self.invoices())
        for again in (step.apply(self.invoices()), self._step().apply(self.invoices())):
            assert again.equals(first), "the same invoices came out differently"

    def test_a_row_does_not_depend_on_where_it_stands(self) -> None:
        """Sources list the same invoices in another order tomorrow."""
        before = self.invoices()
        # A step that writes by position gives every balance to another customer, and nothing in the frame shows it.
        forward, backward = (self._step().apply(each.reset_index(drop=True)) for each in (before, before.iloc[::-1]))
        # What no step may change, so rows can be matched by it.
        keys = ["source", "source_ref"]
        same = forward.sort_values(keys, ignore_index=True).equals(backward.sort_values(keys, ignore_index=True))
        assert same, "turned around, the same invoices came out differently"

    def test_no_invoices_are_no_error(self) -> None:
        """A feed may be empty after an earlier step."""
        after = transform(self.invoices().iloc[:0].reset_index(drop=True), [self._step()]).invoices
        assert after.empty, f"it made {len(after)} rows of none"

    def test_hostile_texts_and_blanks_are_no_error(self) -> None:
        """Blank dates and columns, formulas, quotes, other scripts."""
        plain = Invoice("INV-1", Decimal("10.00"), due_on=None)
        invoices = [replace(plain, invoice_ref=text) for text in HOSTILE_REFS]
        for number, text in enumerate(HOSTILE_NAMES):
            invoices.append(replace(plain, invoice_ref=f"N-{number}", customer_name=text))
        transform(frame(invoices), [self._step()])

    def _step(self) -> Transform:
        return self.transform(self.transform.Settings.model_validate(dict(self.settings())))

"""What a plugin does to what it is given reaches neither the run nor another plugin."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from arfeed import Complete, Objection, Plan, SourceSettings, Transform, TransformSettings
from arfeed.intake.transform import transform
from arfeed.planning.report import write_report
from arfeed.planning.review import review_plan
from arfeed.plugins.isolation import isolated_copy
from arfeed_connectors.kolleno import Kolleno
from planning.test_review import reviewers
from support.feeds.plans import invoices, planned
from support.feeds.sources import given, opened, rows


def set_a_cell(frame: pd.DataFrame) -> None:
    frame.loc[0, "customer_name"] = "Nobody"


def set_a_column(frame: pd.DataFrame) -> None:
    frame["balance"] = "free"


def drop_columns(frame: pd.DataFrame) -> None:
    for name in [*frame.columns]:
        del frame[name]


def write_below_numpy(frame: pd.DataFrame) -> None:
    frame["customer_name"].to_numpy()[:] = "Nobody"


def write_below_arrow(frame: pd.DataFrame) -> None:
    array = pa.chunked_array(pa.array(frame["balance"])).chunk(0)
    bytes_of_it = np.frombuffer(array.buffers()[1], dtype="uint8")
    bytes_of_it[:] = 0  # ValueError: assignment destination is read-only


MEDDLING = [set_a_cell, set_a_column, drop_columns, write_below_numpy, write_below_arrow]
each_way = pytest.mark.parametrize("meddle", MEDDLING, ids=lambda function: function.__name__)


def tried(meddle: Callable[[pd.DataFrame], None], frame: pd.DataFrame) -> None:
    with suppress(ValueError):  # what is below the frame is read-only
        meddle(frame)


@each_way
def test_a_transform_cannot_change_what_it_was_given(meddle: Callable[[pd.DataFrame], None]) -> None:
    class Meddling(Transform):
        name = "meddling"

        def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
            before = invoices.copy(deep=False)
            tried(meddle, invoices)
            return before

    frame = invoices(3)
    after = transform(frame, [Meddling(TransformSettings())]).invoices
    pd.testing.assert_frame_equal(frame, invoices(3))
    pd.testing.assert_frame_equal(after, invoices(3))


@each_way
def test_a_destination_cannot_change_what_it_was_given(meddle: Callable[[pd.DataFrame], None], tmp_path: Path) -> None:
    class Meddling(Kolleno):
        def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
            laid_out = super().report(invoices)
            tried(meddle, invoices)
            return laid_out

    frame = invoices(3)
    settings = Kolleno.Settings(url="memory://", mode="open-ar")
    write_report(Meddling(settings), frame, tmp_path / "report.csv")
    pd.testing.assert_frame_equal(frame, invoices(3))


@each_way
def test_a_reviewer_cannot_change_a_plan_nor_what_the_next_one_sees(meddle: Callable[[pd.DataFrame], None]) -> None:
    seen: list[pd.DataFrame] = []

    def meddling(plan: Plan) -> None:
        seen.append(plan.report.copy())
        for frame in (plan.report, plan.missing, plan.before):
            assert frame is not None
            tried(meddle, frame)

    plan = planned(invoices(4), invoices(3))
    final = review_plan(plan, reviewers(one=meddling, two=meddling), "s")
    for frame in (final.report, *seen):
        pd.testing.assert_frame_equal(frame, planned(invoices(4), invoices(3)).report)
    assert final.missing["invoice_ref"].tolist() == ["A4"]


def test_a_connector_cannot_change_what_it_has_yielded() -> None:
    def frames() -> object:
        frame = rows(invoice_ref=["INV-1", "INV-2"])
        yield frame
        set_a_cell(frame)
        drop_columns(frame)

    source = given(complete=Complete(rows=2))
    source.frames = frames  # type: ignore[assignment]
    assert opened(source)["invoice_ref"].tolist() == ["INV-1", "INV-2"]


def test_the_fields_of_a_plan_stay() -> None:
    plan = isolated_copy(planned(invoices(1), invoices(1)))
    with pytest.raises(FrozenInstanceError):
        plan.objections = (Objection("a", "b"),)  # type: ignore[misc]
    with pytest.raises(TypeError):
        plan.documents.broken["A1"] = "torn"  # type: ignore[index]
    with pytest.raises(TypeError):
        plan.seconds["source erp"] = 0  # type: ignore[index]


def test_the_refs_without_a_pdf_stay() -> None:
    given = planned(invoices(1), invoices(1))
    plan = replace(given, documents=replace(given.documents, without=invoices(2)["invoice_ref"]))
    mine = isolated_copy(plan).documents.without
    assert (mine.name, mine.tolist()) == ("invoice_ref", ["A1", "A2"])
    mine.iloc[0] = "B1"
    _, _, letters = pa.chunked_array(pa.array(isolated_copy(plan).documents.without)).chunk(0).buffers()
    with pytest.raises(ValueError, match="read-only"):
        np.frombuffer(letters, dtype="uint8")[:] = 0
    assert plan.documents.without.tolist() == ["A1", "A2"]


def test_settings_and_totals_in_a_plan_are_copies() -> None:
    plan = planned(invoices(1), invoices(1))
    settings, totals = SourceSettings(columns={"memo": "Text"}), {"GBP": Decimal(10)}
    complete = Complete(totals=totals)
    (source,) = plan.sources
    copy = isolated_copy(replace(plan, sources=(source._replace(settings=settings, complete=complete),)))
    copy.sources[0].settings.columns["memo"] = "Remark"
    assert settings.columns == {"memo": "Text"}
    with pytest.raises(TypeError):
        copy.sources[0].complete.totals["GBP"] = Decimal(0)  # type: ignore[index]


def test_the_memory_of_a_large_frame_is_shared_not_copied() -> None:
    frame = invoices(1000)
    (ours,), (theirs,) = (pa.chunked_array(pa.array(each["balance"])).chunks for each in (frame, isolated_copy(frame)))
    assert ours.buffers()[1].address == theirs.buffers()[1].address
    assert not theirs.buffers()[1].is_mutable


@pytest.mark.parametrize("column", [["a", None], [["a"], []], [1.5, 2.5], [None, None]], ids=str)
def test_a_frame_of_any_columns_is_given_as_it_is(column: list[object]) -> None:
    for dtype in (None, pd.ArrowDtype(pa.array(column).type)):
        frame = pd.DataFrame({"x": pd.Series(column, dtype=dtype)})
        pd.testing.assert_frame_equal(isolated_copy(frame), frame)

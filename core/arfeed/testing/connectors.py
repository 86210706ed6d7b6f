"""What every connector must keep to: no row lost, none invented, and no delivery from half a reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import pytest

from arfeed.intake.extract import extract
from arfeed.intake.normalize import Normalizer
from arfeed.intake.problems import describe_problems
from arfeed.model import arrow, schema
from arfeed.model.errors import ProblemsError, SourceError
from arfeed.model.parts import Connector, PartKind
from arfeed.testing.accidents import ACCIDENTS, drain, with_accident
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice
from arfeed.testing.parts import PartConformance
from arfeed.testing.project import ArfeedProject, age
from arfeed.testing.servers import files_below

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, object]

_COMPARED = ("invoice_ref", "kind", "status", "customer_name", "currency", "issued_on", "due_on", "amount", "balance")
_PDF = b"%PDF-1.4\n% {}\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class ConnectorConformance(PartConformance):
    """Inherit, name `plugin` and `connector`, and write `system`, which puts invoices into the system.

    `kinds`, `statuses` and `columns` state which of an invoice's facts the system can hold, `unspeakable` the texts
    that it can't. `keeps_documents` states that the connector finds PDFs itself. `secret_urls` are secret settings that
    are URLs, of which everything but the password may be shown.
    """

    kind: ClassVar[PartKind] = "connector"
    connector: ClassVar[type[Connector]]
    kinds: ClassVar[Sequence[str]] = ("invoice", "credit_note", "payment")
    statuses: ClassVar[Sequence[str]] = ("open",)
    columns: ClassVar[Sequence[str]] = _COMPARED
    unspeakable: ClassVar[Sequence[str]] = ()
    keeps_documents: ClassVar[bool] = False
    secret_urls: ClassVar[Sequence[str]] = ()

    def system(self, folder: Path, invoices: Sequence[Invoice]) -> Settings:
        """Make the system hold just these invoices, and return the source's settings, without `use`.

        `folder` is empty, and belongs to this test.
        """
        raise NotImplementedError

    def unreachable(self, folder: Path, settings: Settings) -> Mapping[str, Settings]:
        """Return settings with which `check` must fail, by what is wrong: a password, an address, a path."""
        raise NotImplementedError

    def damages(self, folder: Path, settings: Settings) -> Mapping[str, Callable[[], object]]:
        """Return what can befall the system so that a reading is incomplete and must fail, by name."""
        del folder, settings
        return {}

    def state(self, folder: Path) -> object:
        """Return all that the system holds, to be compared; by default the files in the folder."""
        return files_below(folder)

    @property
    def part(self) -> type[Connector]:
        """The class under test."""
        return self.connector

    # --- what it reads ------------------------------------------------------------------------------------------------

    def test_it_reads_what_the_system_holds_and_nothing_else(self, tmp_path: Path) -> None:
        """Every fact of every document, exactly."""
        invoices = self._sample()
        rows = _read(self._source(tmp_path, invoices))
        # As sets: which order a system lists its documents in is its own affair.
        expected = {tuple(getattr(invoice, name) for name in self.columns) for invoice in invoices}
        blanks = rows[list(self.columns)].astype("object").where(rows[list(self.columns)].notna(), None)
        found = {*blanks.itertuples(index=False, name=None)}
        assert found == expected, (
            f"of {self.columns}\nlost or changed: {sorted(map(str, expected - found))}\n"
            f"found instead: {sorted(map(str, found - expected))}"
        )

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        """The same rows in the same order, from the same connector and from a new one."""
        settings = self.system(_make_folder(tmp_path), self._sample())
        source = self._connector(settings)
        first = drain(source)
        for other in (drain(source), drain(self._connector(settings))):
            assert other.rows.equals(first.rows), "another reading gave other rows, or another order"
            assert other.complete == first.complete, "another reading gave another Complete(…)"

    def test_it_yields_text_dates_and_decimals_and_no_floats(self, tmp_path: Path) -> None:
        """Floats lose cents, and numbers lose the zeros of a reference."""
        import pyarrow as pa

        frames = drain(self._source(tmp_path, self._sample())).frames
        for frame in frames:
            found = pa.Schema.from_pandas(frame, preserve_index=False)
            floats = [field.name for field in found if pa.types.is_floating(field.type)]
            assert not floats, f"the columns {floats} are floats; yield text, or decimals"
            # Only the reference has to be text by now: other columns may be dates and decimals already.
            ref = self._header(frame, "invoice_ref")
            assert pa.types.is_large_string(found.field(ref).type) or pa.types.is_string(found.field(ref).type), (
                f"the column {ref!r} is {found.field(ref).type}; a reference is text"
            )

    @pytest.mark.parametrize("texts", [HOSTILE_REFS, HOSTILE_NAMES], ids=["references", "names"])
    def test_what_programs_mistake_for_something_else_comes_through(self, tmp_path: Path, texts: Sequence[str]) -> None:
        """Leading zeros, NULL, formulas, quotes, separators, other scripts."""
        # A system may be unable to hold some texts, such as a file format without a tab; its author states which.
        wanted = [text for text in texts if text not in self.unspeakable]
        made = [Invoice(f"INV-{number}", Decimal(number)) for number in range(1, len(wanted) + 1)]
        field = "invoice_ref" if texts is HOSTILE_REFS else "customer_name"
        invoices = [replace(invoice, **{field: text}) for invoice, text in zip(made, wanted, strict=True)]  # type: ignore[arg-type]
        rows = _read(self._source(tmp_path, invoices))
        # Matched by their balances, since the texts are what may have been changed.
        found = {str(balance.normalize()): text for balance, text in zip(rows["balance"], rows[field], strict=True)}
        expected = {str(invoice.balance.normalize()): text for invoice, text in zip(invoices, wanted, strict=True)}
        changed = {text: found.get(key) for key, text in expected.items() if found.get(key) != text}
        assert not changed, f"these came through as something else (None: not at all): {changed}"

    def test_large_and_small_amounts_are_exact(self, tmp_path: Path) -> None:
        """To the cent, up to sixteen digits before the point."""
        amounts = [Decimal(text) for text in ("0.01", "0.10", "19.99", "1000000.01", "12345678901234.56")]
        invoices = [Invoice(f"INV-{number}", amount) for number, amount in enumerate(amounts)]
        found = sorted(_read(self._source(tmp_path, invoices))["balance"])
        assert found == amounts, f"the balances {amounts} were read as {found}"

    def test_closed_documents_come_with_their_status(self, tmp_path: Path) -> None:
        """They explain why an invoice is absent; if they are listed, `lists_closed` must be true."""
        if set(self.statuses) <= {"open"}:
            pytest.skip("this system lists open documents only")
        complete = drain(self._source(tmp_path, self._sample())).complete
        assert complete.lists_closed, "it lists closed documents, so say Complete(lists_closed=True)"

    def test_what_became_of_missing_invoices_is_answered_with_a_status(self, tmp_path: Path) -> None:
        """`explain` answers for those that were asked about, in known columns and words, and for no others."""
        import pandas as pd

        if self.connector.explain is Connector.explain:
            pytest.skip("this connector can't be asked what became of an invoice")
        source = self._source(tmp_path, self._sample())
        missing = drained_rows(source)
        # A number that the system does not know must be left out of the answer, not called paid.
        unknown = missing.head(1).assign(invoice_ref="no-such-invoice", source_ref="no-such-invoice")
        asked = pd.concat([missing, unknown], ignore_index=True)
        raw = source.explain(asked.copy())
        source.release()
        if raw is None:
            assert not source.explains, "explain() answers None, so `explains` must be False with these settings"
            pytest.skip("with these settings it can't be asked")
        assert source.explains, "explain() answers, so `explains` must be True with these settings"
        assert isinstance(raw, pd.DataFrame), f"explain() returned {type(raw).__name__}, not a DataFrame"
        status = self._header(raw, "status")
        assert status in raw.columns, f"the answer of explain() has no column {status!r}; it has {[*raw.columns]}"
        rows = typed_answer(source, raw)
        assert rows["status"].isin(schema.STATUSES).all(), f"its statuses are {rows['status'].unique().tolist()}"
        others = sorted({*rows["source_ref"]} - {*missing["source_ref"]})
        assert not others, f"explain() answers for {others}, which it was not asked about"

    # --- what it proves -----------------------------------------------------------------------------------------------

    def test_a_system_without_invoices_is_refused_unless_that_is_allowed(self, tmp_path: Path) -> None:
        """An empty answer would mark everything as paid."""
        settings = self.system(_make_folder(tmp_path), [])
        with pytest.raises(SourceError):
            _read(self._connector(settings))
        rows = _read(self._connector({**settings, "allow_empty": True}))
        assert rows.empty, f"with allow_empty = true it read {len(rows)} rows of a system that holds none"

    def test_a_damaged_system_is_a_failed_source(self, tmp_path: Path) -> None:
        """Half a file, a lost connection, a page too few: whatever `damages` names."""
        # For the names only: each kind of damage gets another system below, since it can't be undone.
        first = _make_folder(tmp_path / "undamaged")
        names = [*self.damages(first, self.system(first, self._sample()))]
        for name in names:
            folder = _make_folder(tmp_path / name)
            settings = self.system(folder, self._sample())
            self.damages(folder, settings)[name]()
            try:
                rows = _read(self._connector(settings))
            except SourceError:
                continue
            pytest.fail(f"after {name!r} it was read as if nothing had happened, with {len(rows)} rows")

    @pytest.mark.parametrize("accident", ACCIDENTS)
    def test_nothing_is_published_after(
        self, accident: str, arfeed_project: ArfeedProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Through the whole of arfeed: the next day's reading ends otherwise than it should."""
        settings = self.system(_make_folder(arfeed_project.folder / "system"), self._sample())
        # Just written, the files would be waited for, since they might still be growing.
        age(*(path for path in arfeed_project.folder.joinpath("system").rglob("*") if path.is_file()))
        arfeed_project.configure([self.plugin], {"source": {"use": self.connector.name, **settings}})
        first = arfeed_project.deliver()
        assert first.code == 0, f"not even the first delivery succeeds:\n{first.err}"
        before = arfeed_project.server
        # On the class, since the run makes its own connector from plugins.toml.
        monkeypatch.setattr(self.connector, "invoices", with_accident(accident, self.connector.invoices))
        second = arfeed_project.run("sync")
        assert second.code == SourceError.exit_code, f"a source that {accident} ended with {second.code}:\n{second.err}"
        assert arfeed_project.server == before, "something was published anyway"

    def test_it_may_be_left_before_its_end(self, tmp_path: Path) -> None:
        """If another source fails, arfeed reads no further."""
        # Closing raises GeneratorExit inside the connector, which must let go of files and connections then.
        with closing(self._source(tmp_path, self._sample()).invoices()) as frames:
            next(frames)

    # --- what it leaves alone -----------------------------------------------------------------------------------------

    def test_neither_check_nor_reading_changes_the_system(self, tmp_path: Path) -> None:
        """A source is read, never written to."""
        folder = _make_folder(tmp_path)
        source = self._connector(self.system(folder, self._sample()))
        before = self.state(folder)
        source.check()
        drain(source)
        assert self.state(folder) == before, "the system holds something else than before it was read"

    def test_check_names_what_is_wrong(self, tmp_path: Path) -> None:
        """It passes with the right settings, and raises `SourceError` with wrong ones, without telling secrets."""
        folder = _make_folder(tmp_path)
        settings = self.system(folder, self._sample())
        self._connector(settings).check()
        for name, wrong in self.unreachable(folder, settings).items():
            source = self._connector(wrong)
            try:
                source.check()
            except SourceError as exc:
                said = str(exc)
            else:
                pytest.fail(f"check() finds nothing wrong with {name!r}; it must raise arfeed.SourceError")
            # An author who forgets the message leaves people with a bare "check failed".
            assert said, f"the error about {name!r} has no message"
            assert not [secret for secret in self._secrets(source) if secret in said], (
                f"the error shows a secret: {said}"
            )

    def test_secrets_do_not_show(self, tmp_path: Path) -> None:
        """Neither in the settings' repr nor in what a receipt keeps."""
        source = self._source(tmp_path, self._sample())
        shown = f"{source.settings!r} {source.settings.model_dump_json()} {source!r}"
        assert not [value for value in self._secrets(source) if value in shown], f"a secret shows in {shown}"

    def test_documents_are_the_ones_asked_for(self, tmp_path: Path) -> None:
        """With a version that stays while the PDF does, and the PDF itself."""
        import pandas as pd

        overridden = self.connector.documents is not Connector.documents
        assert overridden == self.keeps_documents, "keeps_documents must say whether the connector has documents()"
        if not overridden:
            pytest.skip("this connector finds no PDFs itself")
        pdfs = {f"INV-{number}": _PDF.replace(b"{}", str(number).encode()) for number in range(3)}
        invoices = [Invoice(ref, Decimal(10), pdf=pdf) for ref, pdf in pdfs.items()]
        source = self._source(tmp_path, invoices)
        asked = pd.Series(["INV-0", "INV-2", "no-such-invoice"], dtype="str")
        # Twice: if the version differed at every look, every PDF would be sent again with every delivery.
        found, again = ({item.invoice_ref: item for item in source.documents(asked)} for _ in range(2))
        assert {*found} == {"INV-0", "INV-2"}, f"asked for INV-0 and INV-2 it found {sorted(found)}"
        for ref, document in found.items():
            assert document.version, f"the PDF of {ref} has no version"
            assert document.version == again[ref].version, f"the PDF of {ref} has another version at every look"
            assert document.read() == pdfs[ref], f"the PDF of {ref} is not what the system holds"

    # ------------------------------------------------------------------------------------------------------------------

    def _sample(self) -> list[Invoice]:
        return [item for item in SAMPLE if item.kind in self.kinds and item.status in self.statuses]

    def _source(self, folder: Path, invoices: Sequence[Invoice]) -> Connector:
        return self._connector(self.system(_make_folder(folder), invoices))

    def _connector(self, settings: Settings) -> Connector:
        return self.connector("source", self.connector.Settings.model_validate(dict(settings)))

    def _secrets(self, source: Connector) -> list[str]:
        from pydantic import SecretStr

        # Read from the settings, so that a secret added later is looked for without a change to the tests.
        values = {name: getattr(source.settings, name) for name in type(source.settings).model_fields}
        secrets = {name: value.get_secret_value() for name, value in values.items() if isinstance(value, SecretStr)}
        passwords = {name: urlsplit(secrets[name]).password for name in self.secret_urls}
        return [secret for secret in {**secrets, **passwords}.values() if secret]

    def _header(self, frame: pd.DataFrame, name: str) -> str:
        return next((each for each in (self.connector.columns.get(name, name), name) if each in frame.columns), name)


def ask(source: Connector, missing: pd.DataFrame) -> pd.DataFrame | None:
    """Return a connector's answer about what became of these invoices, typed, or None if it can't be asked.

    Raise `ProblemsError` for values that can't be accepted.
    """
    raw = source.explain(missing)
    source.release()
    return None if raw is None else typed_answer(source, raw)


def typed_answer(source: Connector, raw: pd.DataFrame) -> pd.DataFrame:
    """Type an answer of `explain` in the way in which rows of `invoices` are typed."""
    import pyarrow as pa

    # By the same code that a run uses, so that the kit accepts just what a run accepts.
    normalizer = Normalizer(source)
    frames = [*normalizer.take(raw), *normalizer.flush()]
    tables = [normalizer.accept(normalizer.type_frame(frame)) for frame in frames]
    if normalizer.problems:
        raise ProblemsError(describe_problems([(source, normalizer.problems)]))
    return arrow.to_frame(pa.concat_tables(tables)) if tables else arrow.empty_invoices()


def drained_rows(source: Connector) -> pd.DataFrame:
    """Read a source to its end without releasing it, and return its rows, typed."""
    rows: pd.DataFrame = drain(source).rows
    return typed_answer(source, rows)


def _make_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read(source: Connector) -> pd.DataFrame:
    return extract([source], lambda: datetime.now(UTC)).rows

"""Which files are read: found wherever they are kept, complete, and unchanged since they were found."""

from __future__ import annotations

import os
import threading
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from arfeed import FileSettings, SourceError, find_files, open_binary, read_table
from arfeed.tables.files.changes import track_inputs, wait_until_settled
from arfeed_connectors.folder import Folder
from arfeed_connectors.quickbooks import QuickBooks
from support.feeds.sources import HEADER, Given, balances, failure, folder, opened, problems
from support.files.printed import report, written
from support.servers.openssh import OpenSSH, make_key

ROW = "INV-1,Ada,GBP,2026-04-07,1"


def settings(path: object, **more: object) -> FileSettings:
    return FileSettings.model_validate({"path": str(path), **more})


def wrong(path: object, **more: object) -> str:
    with pytest.raises(SourceError) as caught:
        find_files(settings(path, **more))
    return str(caught.value)


def aged(file: Path, seconds: int) -> Path:
    file.write_text(f"{HEADER}\n{ROW}\n")
    os.utime(file, (seconds, seconds))
    return file


def test_the_newest_of_equally_new_files_is_not_guessed(tmp_path: Path) -> None:
    aged(tmp_path / "a.csv", 1), aged(tmp_path / "b.csv", 2), aged(tmp_path / "c.csv", 2)
    assert 'files = "newest", but 2 files are equally new' in wrong(tmp_path / "*.csv", files="newest")


@pytest.mark.parametrize("lock", ["~$a.xlsx", ".~lock.a.xlsx#"], ids=["Excel", "LibreOffice"])
def test_a_file_that_is_open_in_an_office_program_is_refused(tmp_path: Path, lock: str) -> None:
    aged(tmp_path / "a.xlsx", 1), aged(tmp_path / lock, 1)
    assert f"a.xlsx: it is open in another program, as {lock} beside it shows" in wrong(tmp_path / "*.xlsx")


@pytest.mark.parametrize("name", ["a.csv.part", "a.csv.crdownload", "a.csv.TMP", "._a.csv", "~$b.csv", ".~lock.b.csv#"])
def test_a_file_that_is_not_an_export_is_skipped(tmp_path: Path, name: str) -> None:
    aged(tmp_path / "a.csv", 1), aged(tmp_path / name, 2)
    assert find_files(settings(tmp_path / "*")) == [str(tmp_path / "a.csv")]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "Its folder is empty"),
        (["salesinvoice.csv", "zebra.txt"], "Its folder holds salesinvoice.csv"),
        (["SalesInvoices.csv.part"], "Its folder holds SalesInvoices.csv.part; a name such as .part means"),
    ],
)
def test_where_nothing_matches_what_is_there_is_named(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        aged(tmp_path / name, 1)
    assert said in wrong(tmp_path / "SalesInvoices*.csv")


def test_a_missing_folder_is_reported_as_such(tmp_path: Path) -> None:
    assert wrong(tmp_path / "exports" / "*.csv").endswith("Its folder does not exist")


@pytest.mark.parametrize(("typed", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_composed_and_decomposed_names_are_the_same(tmp_path: Path, typed: str, written: str) -> None:
    aged(tmp_path / unicodedata.normalize(written, "Überfällig.csv"), 1)  # type: ignore[arg-type]
    pattern = tmp_path / unicodedata.normalize(typed, "Überfällig*.csv")  # type: ignore[arg-type]
    assert len(find_files(settings(pattern))) == 1


# --- other places ---------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket() -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    memory.pipe("/exports/a.csv", f"{HEADER}\n{ROW}\n".encode())
    memory.pipe("/exports/a.csv.part", b"")
    yield "memory://exports/*.csv"
    memory.rm("/exports", recursive=True)


def source(path: str, **more: object) -> Folder:
    return Folder("files", settings(path, **more))


def test_a_bucket_is_read(bucket: str) -> None:
    assert list(balances(opened(source(bucket)))) == ["INV-1"]


def test_an_archive_is_read_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "exports.zip", "w") as archive:
        archive.writestr("april/a.csv", f"{HEADER}\n{ROW}\n")
    found = FileSettings.model_validate({"path": "zip://*/*.csv::exports.zip"}, context={"folder": tmp_path})
    assert find_files(found) == [f"zip://april/a.csv::{tmp_path}/exports.zip"]
    assert list(balances(opened(Folder("files", found)))) == ["INV-1"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("zip://*.csv::{}/broken.zip", "the archive can't be read"),
        ("zip://*.csv::{}/none.zip", "it can't be read: No such file or directory"),
        ("nowhere://x/*.csv", "Protocol not known"),
        ("simplecache::sftp://u@h/x.csv", "nobody would check the server's key"),
    ],
)
def test_a_place_that_can_not_be_read_is_named(tmp_path: Path, path: str, said: str) -> None:
    tmp_path.joinpath("broken.zip").write_bytes(b"PK no")
    assert said in wrong(path.format(tmp_path))


# --- SFTP -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def exports(openssh: OpenSSH) -> Path:
    root = openssh.new_root()
    root.joinpath("open items.csv").write_text(f"{HEADER}\n{ROW}\n")
    root.joinpath("big.txt").write_text("a\n" + "1\n" * 4_000_000)
    return root


def login(openssh: OpenSSH, **changes: object) -> dict[str, object]:
    return {"private_key": str(openssh.private_key), "known_hosts": str(openssh.known_hosts), **changes}


def test_a_source_is_read_over_sftp(openssh: OpenSSH, exports: Path) -> None:
    there = source(openssh.url(exports) + "/*.csv", **login(openssh))
    assert find_files(there.settings) == [openssh.url(exports) + "/open%20items.csv"]
    assert list(balances(opened(there))) == ["INV-1"]
    at_login = source(f"{openssh.url()}/~/{exports.name}/*.csv", **login(openssh))
    assert list(balances(opened(at_login))) == ["INV-1"]


def test_a_problem_in_a_file_on_a_server_names_its_line_too(openssh: OpenSSH, exports: Path) -> None:
    (exports / "wrong.csv").write_text(f"{HEADER}\n\n{ROW}\n{ROW.replace('INV-1', '')}\n")
    url = openssh.url(exports) + "/wrong.csv"
    assert problems(source(url, **login(openssh)))[1].startswith(f"{url} line 4, column invoice_ref: ")


def test_a_printed_report_on_a_server_names_its_lines_too(openssh: OpenSSH, exports: Path) -> None:
    written(exports / "report.csv", [[text.replace("$700", "$701") for text in row] for row in report()])
    url = openssh.url(exports) + "/report.csv"
    books = QuickBooks("books", QuickBooks.Settings.model_validate({"path": url, "dates": "MDY", **login(openssh)}))
    assert failure(books).startswith(
        f"{url} line 13: the total of Beta:North (from {url} line 10) is printed as 701.00"
    )


def test_a_file_of_many_blocks_is_read_completely(openssh: OpenSSH, exports: Path) -> None:
    (file,) = find_files(settings(openssh.url(exports) + "/big.txt", **login(openssh)))
    assert len(read_table(file)) == 4_000_000


def test_an_archive_on_a_server_is_read(openssh: OpenSSH, exports: Path) -> None:
    with zipfile.ZipFile(exports / "e.zip", "w") as archive:
        archive.writestr("a.csv", f"{HEADER}\n{ROW}\n")
    there = source(f"zip://*.csv::{openssh.url(exports)}/e.zip", **login(openssh))
    assert list(balances(opened(there))) == ["INV-1"]


def test_a_server_whose_key_is_unknown_is_not_read(openssh: OpenSSH, exports: Path, tmp_path: Path) -> None:
    url = openssh.url(exports) + "/*.csv"
    said = wrong(url, **login(openssh, known_hosts=str(tmp_path / "none")))
    assert "is not known yet, so nothing was read" in said
    stranger = make_key(tmp_path / "stranger").with_suffix(".pub").read_text()
    tmp_path.joinpath("other").write_text(f"[127.0.0.1]:{openssh.port} {stranger}")
    assert "presented a different key" in wrong(url, **login(openssh, known_hosts=str(tmp_path / "other")))


def test_without_a_key_the_table_of_the_source_is_named(openssh: OpenSSH, exports: Path) -> None:
    said = wrong(openssh.url(exports) + "/*.csv", **login(openssh, private_key=[]))
    assert "in the table of the source" in said
    assert "destination" not in said


# --- files that change ----------------------------------------------------------------------------------------------


class Meddling(Folder):
    """A source during whose reading somebody else writes."""

    meddle: object = None

    def invoices(self):  # type: ignore[no-untyped-def]
        complete = yield from super().invoices()
        self.meddle()  # type: ignore[operator]
        return complete


@pytest.mark.parametrize("what", ["changed", "came", "went"])
def test_files_that_change_while_they_are_read_fail_the_source(tmp_path: Path, what: str) -> None:
    file, other = aged(tmp_path / "a.csv", 1), tmp_path / "b.csv"
    meddling = Meddling("files", settings(tmp_path / "*.csv", files="all"))
    aged(other, 2).write_text(f"{HEADER}\nINV-2,Ada,GBP,2026-04-07,1\n")
    meddling.meddle = {
        "changed": lambda: aged(file, 3),
        "came": lambda: aged(tmp_path / "c.csv", 4),
        "went": other.unlink,
    }[what]
    assert "a file changed, appeared or disappeared while it was read; run again" in failure(meddling)


def test_files_that_stay_are_named_with_their_hash(tmp_path: Path) -> None:
    of = settings(aged(tmp_path / "a.csv", 1))
    ((name, sha256),) = track_inputs(of)()
    assert (name, len(sha256)) == (str(tmp_path / "a.csv"), 64)


def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    growing = folder(file, HEADER, settle_seconds=0.3)

    def write() -> None:
        for number in range(4):
            time.sleep(0.1)
            with file.open("a") as end:
                end.write(f"INV-{number},Ada,GBP,2026-04-07,1\n")

    writer = threading.Thread(target=write)
    writer.start()
    assert wait_until_settled([growing]) == {}
    writer.join()
    assert len(opened(growing)) == 4


def test_a_file_that_grows_without_end_fails_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.tables.files.changes._PATIENCE_SECONDS", 0)
    growing = folder(tmp_path / "a.csv", HEADER)
    assert "it is still being written; run again" in str(wait_until_settled([growing])["files"])


def test_old_files_and_sources_without_files_are_not_waited_for(tmp_path: Path) -> None:
    old = source(str(aged(tmp_path / "a.csv", 1)), settle_seconds=60)
    gone = source(str(tmp_path / "gone.csv"), settle_seconds=60)
    began = time.monotonic()
    assert wait_until_settled([old, gone, Given("given", old.settings.model_copy(update={"settle_seconds": 0}))]) == {}
    assert time.monotonic() - began < 10


def test_a_plain_address_of_a_server_is_refused_since_it_has_no_login() -> None:
    with pytest.raises(SourceError, match="this kind of source has no keys for SFTP"):
        open_binary("sftp://acme@sftp.example.com/open.csv")

"""Many documents and PDFs to an API whose process is killed, and which loses answers: each is there exactly once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import stamina

from arfeed.testing import ArfeedProject
from support.servers.apis import BilltrustFeed, open_refs, row

PROGRAM = """
import random
import sys
import time
from pathlib import Path
from arfeed.delivery.rehearsal.api.server import ApiFaults, serving
from arfeed_connectors.billtrust import Billtrust
from support.servers.apis import SETTINGS
rule = Billtrust(Billtrust.Settings.model_validate({"url": "https://x.example", **SETTINGS})).rehearsal()
chance = random.Random(int(sys.argv[3]))
faults = ["lose"] * 20 + ["broken"] * 20 + ["busy"] * 20 + ["lose_before"] * 10 + ["stall"] + [None] * 929
wrong = ApiFaults(lambda *_: chance.choice(faults), let_in=True)
with serving(Path(sys.argv[1]), rule, wrong, int(sys.argv[2])) as one:
    print(one.url, flush=True)
    time.sleep(3600)
"""


@contextmanager
def restarting(feed: BilltrustFeed, kills: int, seed: int) -> Iterator[list[int]]:
    """Run the receiver as a process that is killed by SIGKILL again and again, and comes back at the same port."""
    done, port = Event(), [0]
    killed: list[int] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(feed.books_folder), str(port[0]), str(seed + len(killed))]
        one = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(sys.path)})
        assert one.stdout is not None
        url = one.stdout.readline().strip()
        port[0] = int(url.rpartition(":")[2])
        return one

    processes = [start()]
    feed.configure(f"http://127.0.0.1:{port[0]}")

    def kill() -> None:
        chance = random.Random(seed)
        while len(killed) < kills and not done.wait(chance.uniform(0.3, 1.5)):
            processes[-1].kill()
            processes[-1].wait()
            killed.append(len(killed))
            processes.append(start())

    killer = Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        done.set()
        killer.join()
        for one in processes:
            one.kill()
            one.wait()
            assert one.stdout is not None
            one.stdout.close()


def deliver(feed: BilltrustFeed) -> int:
    """Sync until it is delivered, as a scheduler would; return how many runs that took."""
    for tries in range(1, 11):
        done = feed.deliver()
        if done.code == 0:
            return tries
        assert done.code == 5, done.err
        time.sleep(0.2)
    raise AssertionError(done.err)


LONG = [pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("count", "pdfs", "kills"), [(300, 100, 2), pytest.param(5_000, 2_000, 12, marks=LONG)], ids=["300", "5000"]
)
def test_each_is_in_its_books_once_whatever_goes_wrong(
    arfeed_project: ArfeedProject, tmp_path: Path, count: int, pdfs: int, kills: int
) -> None:
    feed = BilltrustFeed(arfeed_project, tmp_path / "api", settings={"timeout_seconds": 2.0, "connections": 8})
    rows = [row(number) for number in range(count)]
    paid = [row(number, "paid") for number in range(0, count, 50)]
    today = paid + [each for number, each in enumerate(rows) if number % 50]
    lost = today[: len(paid) + 1][-1]["invoice_ref"]
    with stamina.set_testing(False), restarting(feed, kills, seed=count) as killed:
        feed.export(rows, pdfs)
        deliver(feed)
        feed.export([each for each in today if each["invoice_ref"] != lost])
        assert feed.sync().code == 3, "one invoice is gone, and nothing proves that it is paid"
        assert not feed.books.closed, "refused, and something was closed"
        feed.export(today)
        deliver(feed)
    books = feed.books
    assert {number: str(balance) for number, balance in books.open.items()} == open_refs(today)
    assert sorted(books.closed) == sorted(each["invoice_ref"] for each in paid)
    assert len(books.documents) == pdfs
    assert len(killed) >= 1

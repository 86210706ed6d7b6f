"""`sync --all` with some feeds only, within limits, and what one plugin does reaches no other feed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.many.choice import choose, name_of, parse_share
from arfeed.operations.many.jobs import plan_jobs
from arfeed.operations.many.limits import Limits
from arfeed.operations.many.memory import LastOutcomes
from arfeed.operations.many.outcome import Outcome
from support.feeds.command import ARFEED, Cli
from support.plugins.strangers import install

NAMES = {Path("feeds", name, "plugins.toml"): name for name in ("acme", "larkfield", "north-1", "north-2")} | {
    Path("feeds/quill.toml"): "quill.toml"
}
SPREADING = """
import builtins, os, sys
from arfeed import Connector, SourceSettings, SourceError, hookimpl

ARFEED_CONTRACT = 1
seen = [getattr(builtins, "left_behind", "nothing"), os.environ.get("LEFT_BEHIND", "nothing"), os.getcwd()]
builtins.left_behind = "a builtin"
os.environ["LEFT_BEHIND"] = "a variable"

class Spreading(Connector):
    name = "spreading"
    class Settings(SourceSettings):
        pass

    def invoices(self):
        import decimal
        decimal.getcontext().prec = 3
        os.chdir("/")
        raise SourceError(f"imported by {os.getpid()}, saw {seen}, precision {decimal.DefaultContext.prec}")
        yield

@hookimpl
def arfeed_connectors():
    return [Spreading]
"""
FEED = """
plugins = ["spreading", "kolleno"]
[sources.one]
use = "spreading"
[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""


def chosen(*only: str, share: str | None = None, last: dict[str, int] | None = None) -> list[str]:
    found = choose(NAMES, only, parse_share(share) if share else None, lambda: last or {})
    return [name_of(Path("feeds"), config) for config in found]


def test_feeds_are_named_by_their_folder_or_file_and_by_wildcards() -> None:
    assert chosen() == [*NAMES.values()]
    assert chosen("acme", "quill") == ["acme", "quill.toml"]
    assert chosen("north-*") == ["north-1", "north-2"]
    assert chosen("./larkfield/plugins.toml") == ["larkfield"]


def test_a_name_that_no_feed_has_is_refused_with_one_that_is_close() -> None:
    with pytest.raises(ConfigError, match=r"--only larkfeld: there is no such feed; did you mean 'larkfield'\?"):
        chosen("acme", "larkfeld")


def test_what_failed_is_what_was_not_delivered_last() -> None:
    last = {"acme": 0, "larkfield": 3, "north-1": 5, "quill.toml": 0}
    assert chosen("failed", last=last) == ["larkfield", "north-1", "north-2"]  # the last one never ran
    assert chosen("failed", "acme", last=last) == ["acme", "larkfield", "north-1", "north-2"]


def test_shares_are_all_feeds_once_and_stay_when_others_come() -> None:
    names = {Path("feeds", f"f{number}", "plugins.toml"): f"f{number}" for number in range(200)}
    shares = [choose(names, (), parse_share(f"{number}/5"), dict) for number in range(1, 6)]
    assert sorted(config for share in shares for config in share) == sorted(names)
    assert min(map(len, shares)) > 20
    fewer = {config: name for config, name in names.items() if name != "f7"}
    assert [[each for each in share if each in fewer] for share in shares] == [
        choose(fewer, (), parse_share(f"{number}/5"), dict) for number in range(1, 6)
    ]


@pytest.mark.parametrize("share", ["0/5", "6/5", "2", "2/0", "a/b", "-1/5"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(ConfigError, match="such as 2/5"):
        parse_share(share)


def test_the_last_outcome_of_each_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = LastOutcomes(tmp_path)
    with pytest.raises(ConfigError, match="run all of them once"):
        last.codes()
    for name, code in (("a", 3), ("b", 0), ("a", 0), ("b", 5)):
        last.add(name, Outcome(tmp_path / name, code, 1.0))
    assert last.codes() == {"a": 0, "b": 5}
    last.file.write_text(last.file.read_text() + '{"feed": "a", "exi')
    assert last.codes() == {"a": 0, "b": 5}  # a line that was cut off tells nothing
    monkeypatch.setattr("arfeed.operations.many.memory._LONGEST", 0)
    last.add("c", Outcome(tmp_path / "c", 2, 1.0))
    assert last.codes() == {"a": 0, "b": 5, "c": 2}
    assert len(last.file.read_text().splitlines()) == 4  # also when b was delivered last


def test_feeds_of_one_destination_are_known_however_it_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "SFTP.example.com")
    urls = {
        "a": "sftp://acme@sftp.example.com",
        "b": "sftp://acme@${HOST}:22/",
        "c": "sftp://other@sftp.example.com",
        "d": "out",
        "e": "../d/./out",
        "f": "sftp://acme@${NOT_SET}",
        "g": "${keyring:a/b}",
    }
    for name, url in urls.items():
        (tmp_path / name).mkdir()
        limits = '[feed]\ntime_limit = "5 min"\nmemory_limit = "1.5 GB"\n' if name == "c" else ""
        (tmp_path / name / "plugins.toml").write_text(f'{limits}[destination]\nurl = "{url}"\n')
    planned = plan_jobs([tmp_path / name / "plugins.toml" for name in urls], Limits(7, 8))
    places = {job.config.parent.name: job.destinations for job in planned.jobs}
    assert places["a"] == places["b"] != places["c"]
    assert places["d"] == places["e"] == {f"file://{tmp_path / 'd' / 'out'}"}
    assert (places["f"], places["g"]) == (frozenset(), frozenset())
    assert {job.config.parent.name: job.limits for job in planned.jobs if job.limits != Limits(7, 8)} == {
        "c": Limits(300, 1_500_000_000)
    }


@pytest.mark.parametrize("option", ["--jobs=2", "--only=acme", "--shard=1/2", "--time-limit=1h", "--memory-limit=1GB"])
def test_what_is_about_many_feeds_is_refused_for_one(tmp_path: Path, arfeed: Cli, option: str) -> None:
    done = arfeed(tmp_path, "sync", option)
    assert done.code == 2
    assert f"{option.partition('=')[0]} is about many feeds" in done.err


@pytest.mark.parametrize(
    ("option", "said"), [("--time-limit=1", "minutes or hours"), ("--memory-limit=lots", "megabytes")]
)
def test_a_limit_in_no_unit_is_refused(tmp_path: Path, arfeed: Cli, option: str, said: str) -> None:
    (tmp_path / "a.toml").write_text(FEED)
    done = arfeed(tmp_path, "sync", "--all", ".", option)
    assert done.code == 2
    assert said in done.err


def test_a_plugin_leaves_nothing_behind_for_the_feed_after_it(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "feeds" / name).mkdir(parents=True)
        (tmp_path / "feeds" / name / "plugins.toml").write_text(FEED)
    environment = {**os.environ, "PYTHONPATH": str(install(tmp_path / "site", "spreading", SPREADING))}
    command = [str(ARFEED), "sync", "--all", "feeds", "--jobs", "1", "--json"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 4, ran.stderr
    document = json.loads(ran.stdout)
    said = [feed["result"]["error"]["message"] for feed in document["feeds"]]
    assert [f"saw ['nothing', 'nothing', '{tmp_path}'], precision 28" in each for each in said] == [True] * 3, said
    # Each in a process of its own; forked ones have what was imported before them.
    assert len({each.partition("imported by ")[2].partition(",")[0] for each in said}) == 3
    assert (document["stopped_by"], document["not_run"]) == (None, [])
    again = subprocess.run(
        [*command, "--only", "failed", "--shard", "1/1"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert len(json.loads(again.stdout)["feeds"]) == 3

"""One receiver under several addresses is one receiver, and several receivers of one server are several."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from asyncssh import SSHKey

from arfeed import ConfigError, LockedError, RefusedError
from arfeed.plugins.config import read_project
from arfeed.runs.addresses import address_of
from arfeed.sftp.hostkeys import OtherKeys
from runs.conftest import PAID_BY_ABSENCE
from support.feeds.feed import REPORTS, Feed, codes, invoices
from support.servers.openssh import HOST, OpenSSH, make_key, running_openssh

Readdress = Callable[[Feed, OpenSSH], None]


@pytest.fixture
def linked(running: Feed) -> Feed:
    """A feed that was delivered, whose receiver takes reports away, and whose URL names a link to its folder now."""
    take_in(running)
    link = running.folder / "link"
    link.symlink_to(running.receiver)
    running.destination = {"url": str(link)}
    return running


# --- folders of this machine ------------------------------------------------------------------------------------------


def test_a_link_to_the_folder_is_refused_with_the_command_that_joins_the_histories(linked: Feed) -> None:
    linked.export(invoices(120))
    refused = linked.sync()
    assert (codes(refused), refused.plan.approval, refused.receipt) == (["same-receiver"], None, None)
    assert f"`arfeed history join {linked.receiver.as_uri()}`" in refused.plan.objections[0].message
    assert codes(linked.plan()) == ["same-receiver"]
    assert linked.reports() == []


def test_once_joined_a_report_is_compared_with_the_one_that_went_to_the_other_address(linked: Feed) -> None:
    linked.join(linked.receiver.as_uri())
    linked.export(invoices(120))
    refused = linked.sync()
    assert ("config-changed" in codes(refused), refused.plan.counts.missing) == (True, 80)
    linked.export(invoices(205))
    assert linked.sync().receipt
    linked.destination = {"url": linked.receiver.as_uri()}
    done = linked.sync()
    assert (codes(done), done.plan.counts.unchanged) == ([], 205)


def test_who_joined_addresses_and_when_is_recorded(linked: Feed) -> None:
    linked.join(linked.receiver.as_uri())
    (note,) = [note for note in linked.plan().notes if "joined" in note]
    assert f"{address(linked)} is kept in this history as {linked.receiver.as_uri()}, joined by " in note
    assert "(process" in note
    assert "on 2026-04-04" in note


def test_addresses_that_were_joined_share_one_lock(linked: Feed) -> None:
    linked.join(linked.receiver.as_uri())
    with (
        linked.records() as history,
        history.lock(linked.receiver.as_uri(), "another", 60),
        pytest.raises(LockedError, match="run another by"),
    ):
        linked.sync()


def test_joining_waits_for_nobody_who_delivers_to_either(linked: Feed) -> None:
    with linked.records() as history, history.lock(linked.receiver.as_uri(), "another", 60), pytest.raises(LockedError):
        linked.join(linked.receiver.as_uri())
    assert codes(linked.plan()) == ["same-receiver"]


def test_a_report_is_not_adopted_at_another_address_of_a_known_receiver(linked: Feed, tmp_path: Path) -> None:
    copy = tmp_path / "saved.csv"
    copy.write_text("invoice_ref,balance\nINV-0001,1.00\n")
    with pytest.raises(RefusedError, match=r"^same-receiver: .* `arfeed history join "):
        linked.adopt(str(copy))
    assert linked.states() == ["delivered"]


def test_pdfs_sent_to_one_address_are_not_sent_to_the_other_again(running: Feed) -> None:
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(["INV-0001", "INV-0002"])
    assert running.sync().receipt
    take_in(running)
    (running.folder / "link").symlink_to(running.receiver)
    running.destination = {"url": str(running.folder / "link")}
    running.join(running.receiver.as_uri())
    assert (running.plan().documents.present, len(running.plan().documents.send)) == (2, 0)


def test_where_both_addresses_have_a_last_report_both_count_after_joining(linked: Feed) -> None:
    """As in a history of an older arfeed, which knew receivers by their addresses alone."""
    old, new = linked.receiver.as_uri(), address(linked)
    linked.destination = {"url": old}
    rename_destination(linked, old, "file:///meanwhile")
    linked.export(invoices(200, first=101))
    linked.approved()
    take_in(linked)
    rename_destination(linked, "file:///meanwhile", new)
    linked.destination = {"url": new}
    assert "same-receiver" in codes(linked.sync())
    linked.join(old)
    plan = linked.plan()
    assert (plan.counts.missing, plan.counts.unchanged, len(plan.before)) == (100, 200, 300)  # type: ignore[arg-type]


def test_an_address_that_the_history_does_not_know_is_not_joined(linked: Feed) -> None:
    with pytest.raises(ConfigError, match=r"@example.com: this history knows no such destination; there are file:///"):
        linked.join("sftp://a@example.com")


def test_another_receiver_is_not_joined(running: Feed) -> None:
    (running.folder / "other").mkdir()
    known, running.destination = running.receiver.as_uri(), {"url": str(running.folder / "other")}
    assert codes(running.plan()) == ["unknown-baseline"]
    with pytest.raises(ConfigError, match=r"other is not the same receiver as file.*`arfeed adopt FILE`"):
        running.join(known)
    assert codes(running.plan()) == ["unknown-baseline"]


def test_joining_twice_changes_nothing(linked: Feed) -> None:
    for _ in range(2):
        linked.join(linked.receiver.as_uri())
    assert codes(linked.plan()) == []


def test_the_command_line_joins_and_check_names_what_is_to_be_joined(linked: Feed) -> None:
    said = linked.run("check", "--quick")
    assert f"history join {linked.receiver.as_uri()}" in " ".join((said.stdout + said.stderr).split())
    assert linked.run("sync").returncode == 3
    joined = linked.run("history", "join", linked.receiver.as_uri())
    assert (joined.returncode, "have one history now" in joined.stdout) == (0, True)
    assert linked.run("sync").returncode == 0


@pytest.mark.parametrize("spelled", ["{0}/.", "{0}//", "{0}/../{1}", "file://{0}/", "{0}/csv_data_uploads/.."])
def test_a_folder_spelled_otherwise_is_the_same_destination(running: Feed, spelled: str) -> None:
    running.destination = {"url": spelled.format(running.receiver, running.receiver.name)}
    assert (codes(running.plan()), running.plan().counts.unchanged) == ([], 200)


def test_a_history_that_an_older_arfeed_wrote_under_another_spelling_is_found(running: Feed) -> None:
    older = f"{running.receiver.as_uri()}/../{running.receiver.name}"
    rename_destination(running, running.receiver.as_uri(), older)
    done = running.sync()
    assert (codes(done), done.plan.counts.unchanged, done.plan.destination) == ([], 200, older)


def test_a_history_that_has_both_spellings_is_joined_with_the_older_one(running: Feed) -> None:
    now, older = running.receiver.as_uri(), f"{running.receiver.as_uri()}/../{running.receiver.name}"
    take_in(running)
    rename_destination(running, now, "file:///meanwhile")
    running.export(invoices(200, first=101))
    running.approved()
    take_in(running)
    rename_destination(running, "file:///meanwhile", older)
    assert running.plan().also_known == (older,)
    running.join(older)
    assert running.plan().counts.missing == 100


def test_both_spellings_of_a_server_are_one_receiver(over_sftp: Feed) -> None:
    over_sftp.export(invoices(20))
    over_sftp.approved()
    take_in(over_sftp)
    now, older = over_sftp.where, over_sftp.where.replace(HOST, f"{HOST}.")
    rename_destination(over_sftp, now, "file:///meanwhile")
    over_sftp.approved()
    take_in(over_sftp)
    rename_destination(over_sftp, "file:///meanwhile", older)
    assert over_sftp.plan().also_known == (older,)


def test_what_lies_behind_a_link_is_not_what_lies_beside_it(running: Feed) -> None:
    elsewhere = running.folder / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (running.folder / "link").symlink_to(elsewhere)
    running.destination = {"url": f"{running.folder}/link/../{running.receiver.name}"}
    assert codes(running.plan()) == ["unknown-baseline"]
    assert address(running) == (running.folder / "elsewhere" / running.receiver.name).as_uri()


# --- a real SFTP server -----------------------------------------------------------------------------------------------


def by_name(feed: Feed, server: OpenSSH) -> None:
    feed.destination["url"] = str(feed.destination["url"]).replace(HOST, "localhost")


def by_link(feed: Feed, server: OpenSSH) -> None:
    link = feed.receiver.with_name(f"{feed.receiver.name}-link")
    link.symlink_to(feed.receiver)
    feed.destination["url"] = server.url(link)


def by_alias(feed: Feed, server: OpenSSH) -> None:
    config = feed.folder / "ssh_config"
    config.write_text(f"Host receiver\n HostName {HOST}\n Port {server.port}\n")
    feed.destination |= {"url": f"sftp://{server.user}@receiver{feed.receiver}", "ssh_config": str(config)}


@pytest.mark.parametrize("readdress", [by_name, by_link, by_alias])
def test_a_server_is_known_by_whatever_name_it_goes(over_sftp: Feed, openssh: OpenSSH, readdress: Readdress) -> None:
    over_sftp.export(invoices(200))
    over_sftp.approved()
    take_in(over_sftp)
    known = over_sftp.where
    know_by_name(over_sftp, openssh)
    readdress(over_sftp, openssh)
    assert over_sftp.where != known
    over_sftp.export(invoices(100))
    refused = over_sftp.sync()
    assert (codes(refused), refused.plan.also_known) == (["same-receiver"], (known,))
    assert over_sftp.reports() == []
    over_sftp.join(known)
    refused = over_sftp.sync()
    assert ("config-changed" in codes(refused), refused.plan.counts.missing) == (True, 100)
    over_sftp.export(invoices(201))
    assert over_sftp.sync().plan.counts == (1, 0, 200, 0)
    assert len(over_sftp.last_report()) == 201


def test_what_an_older_arfeed_delivered_to_is_known_by_its_line_in_known_hosts(
    over_sftp: Feed, openssh: OpenSSH
) -> None:
    over_sftp.export(invoices(20))
    over_sftp.approved()
    take_in(over_sftp)
    known = over_sftp.where
    know_by_name(over_sftp, openssh)
    by_name(over_sftp, openssh)
    execute(over_sftp, "DELETE FROM receivers")
    assert over_sftp.plan().also_known == (known,)
    over_sftp.destination["url"] = openssh.url(openssh.new_root())
    assert codes(over_sftp.plan()) == ["unknown-baseline"]


def test_the_login_directory_is_known_by_its_path(openssh: OpenSSH, over_sftp: Feed) -> None:
    over_sftp.destination["url"], over_sftp.receiver = openssh.url(), openssh.login
    over_sftp.export(invoices(20))
    over_sftp.approved()
    take_in(over_sftp)
    known, over_sftp.destination["url"] = over_sftp.where, openssh.url(openssh.login)
    assert over_sftp.plan().also_known == (known,)


def test_two_folders_of_one_server_are_two_receivers(over_sftp: Feed, openssh: OpenSSH) -> None:
    over_sftp.export(invoices(20))
    over_sftp.approved()
    over_sftp.destination["url"] = openssh.url(openssh.new_root())
    assert codes(over_sftp.plan()) == ["unknown-baseline"]


@pytest.mark.parametrize("other", ["host_key", "login", "root"])
def test_a_key_a_login_or_a_root_that_differs_is_another_receiver(
    over_sftp: Feed, openssh: OpenSSH, other: str
) -> None:
    over_sftp.export(invoices(20))
    over_sftp.approved()
    take_in(over_sftp)
    with over_sftp.records() as history:
        (showed,) = stored(over_sftp)
        changed = showed | {other: "another"}
        history.receivers.note("sftp://acme@clone.example.com:22", [tuple(changed.values())], over_sftp.now)  # type: ignore[list-item]
        assert history.receivers.find_by_signs([tuple(showed.values())]) == {over_sftp.where}  # type: ignore[list-item]


def test_a_host_key_that_was_renewed_is_remembered_beside_the_old_one(over_sftp: Feed) -> None:
    over_sftp.export(invoices(20))
    over_sftp.approved()
    execute(over_sftp, "UPDATE receivers SET host_key = 'SHA256:old', sign = 'of the old one'")
    done = over_sftp.sync()
    assert (codes(done), bool(done.receipt)) == ([], True)
    assert len({row["host_key"] for row in stored(over_sftp)}) == 2


@pytest.fixture
def two_keys(tmp_path: Path) -> Iterator[OpenSSH]:
    """A server with an ed25519 and an RSA key, of which the RSA key alone is known by the name localhost."""
    rsa = make_key(tmp_path / "rsa", kind="rsa")
    with running_openssh(f"HostKey {rsa}") as server:
        public = rsa.with_suffix(".pub").read_text()
        with server.known_hosts.open("a") as known:
            known.write(f"[localhost]:{server.port} {public}")
        yield server


def test_a_server_is_known_by_every_key_that_it_proves_to_have(two_keys: OpenSSH, tmp_path: Path) -> None:
    feed = feed_to(two_keys, tmp_path / "feed")
    feed.export(invoices(20))
    feed.approved()
    take_in(feed)
    known = feed.where
    by_name(feed, two_keys)
    assert feed.plan().also_known == (known,)
    execute(feed, "DELETE FROM receivers WHERE host_key NOT IN (SELECT min(host_key) FROM receivers)")
    assert feed.plan().also_known == (known,), "whichever of its keys is the one that was kept"


def test_a_server_that_takes_its_time_to_prove_its_other_keys_is_waited_for(
    two_keys: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = feed_to(two_keys, tmp_path / "feed")
    feed.export(invoices(20))
    feed.approved()
    take_in(feed)
    known = feed.where
    rsa = "SELECT host_key FROM receivers WHERE host_key <> (SELECT host_key FROM receivers LIMIT 1)"
    by_name(feed, two_keys)
    prompt = OtherKeys.__call__

    def late(keys: OtherKeys, *told: Sequence[SSHKey]) -> None:
        asyncio.get_running_loop().call_later(1.5, lambda: prompt(keys, *told))

    monkeypatch.setattr(OtherKeys, "__call__", late)
    for kept in (f"NOT IN ({rsa})", f"IN ({rsa})"):
        with_all = database(feed).read_bytes()
        execute(feed, f"DELETE FROM receivers WHERE host_key {kept}")
        assert feed.plan().also_known == (known,)
        database(feed).write_bytes(with_all)


# ----------------------------------------------------------------------------------------------------------------------


def take_in(feed: Feed) -> None:
    """Let the receiver take the reports in and away, as many do."""
    shutil.rmtree(feed.receiver / REPORTS)


def address(feed: Feed) -> str:
    return address_of(read_project(feed.configure()))


def feed_to(server: OpenSSH, folder: Path) -> Feed:
    root = server.new_root()
    keys = {"private_key": str(server.private_key), "known_hosts": str(server.known_hosts)}
    feed = Feed(folder, receiver=root, destination={"url": server.url(root), **keys})
    feed.sources["erp"] = dict(PAID_BY_ABSENCE)
    return feed


def know_by_name(feed: Feed, server: OpenSSH) -> None:
    """Have the server's key in known_hosts under all of its names."""
    known = feed.folder / "known_hosts"
    line = server.known_hosts.read_text()
    known.write_text("".join(line.replace(HOST, name) for name in (HOST, "localhost", "receiver")))
    feed.destination["known_hosts"] = str(known)


def stored(feed: Feed) -> list[dict[str, str]]:
    with sqlite3.connect(feed.folder / ".arfeed/history.db") as database:
        rows = database.execute("SELECT host_key, login, root FROM receivers").fetchall()
    database.close()
    return [dict(zip(("host_key", "login", "root"), row, strict=True)) for row in rows]


def database(feed: Feed) -> Path:
    return feed.folder / ".arfeed/history.db"


def execute(feed: Feed, *statements: str) -> None:
    with sqlite3.connect(feed.folder / ".arfeed/history.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def rename_destination(feed: Feed, old: str, new: str) -> None:
    """Have a history as if it had been written under another name, by an arfeed that kept no signs."""
    tables = ("runs", "baselines", "known_reports", "documents")
    statements = [f"UPDATE {table} SET destination = '{new}' WHERE destination = '{old}'" for table in tables]
    execute(feed, *statements, "DELETE FROM receivers")

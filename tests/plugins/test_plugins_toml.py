"""plugins.toml: every mistake at once, each with file, key, what was found and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arfeed import ConfigError
from arfeed.plugins.config import Project, read_project
from arfeed.plugins.fingerprint import settings_hash
from support.feeds.command import write

PLUGINS = 'plugins = ["xero", "folder", "transforms", "kolleno"]\n'
FEED = '[feed]\nname = "acme"\n'
SOURCE = '[sources.uk]\nuse = "xero"\npath = "exports/*.csv"\n'
DESTINATION = '[destination]\nuse = "kolleno"\nmode = "open-ar"\nurl = "sftp://acme@sftp.example.com"\n'
RIGHT = PLUGINS + FEED + SOURCE + DESTINATION


def project(folder: Path, text: str = RIGHT) -> Project:
    return read_project(write(folder, text))


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        project(folder, text)
    return list(caught.value.mistakes)


def test_a_right_file_becomes_a_project_in_the_order_of_the_file(tmp_path: Path) -> None:
    steps = '[[transforms]]\nuse = "exclude"\ncustomer_name = ["A"]\n[[transforms]]\nuse = "rename"\nprefix = "UK-"\n'
    made = project(tmp_path, RIGHT + steps + SOURCE.replace("sources.uk", "sources.de"))
    assert [source.source for source in made.sources] == ["uk", "de"]
    assert [step.name for step in made.transforms] == ["exclude", "rename"]
    assert (made.destination.name, made.feed.name, made.folder) == ("kolleno", "acme", tmp_path)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    wrong = (
        'plugins = ["xero", "transforms", "kollen"]\ncolour = "red"\n'
        '[feed]\nnane = "acme"\n'
        '[sources.uk]\nuse = "xerox"\n'
        '[sources.de]\nuse = "xero"\npath = "*.csv"\ndate = "DMY"\ndates = "DDMM"\nfiles = "oldest"\n'
        '[[transforms]]\nuse = "exclude"\nsources = ["dee"]\ncustomer_name = "A"\n'
        '[destination]\nurl = "x"\n'
    )
    found = mistakes(tmp_path, wrong)
    assert sorted(line.split(": ")[1] for line in found) == [
        "colour",
        "destination.use",
        "feed.nane",
        "plugins",
        "sources.de.date",
        "sources.de.dates",
        "sources.de.files",
        "sources.uk.use",
        "transforms[1].customer_name",
    ]
    assert all(line.startswith("plugins.toml: ") for line in found)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("[feed]", "[fed]", "fed: there is no such table; did you mean 'feed'?"),
        ('name = "acme"', 'nam = "acme"', "feed.nam: there is no such key; did you mean 'name'?"),
        ('"xero", "f', '"xerox", "f', "plugins: there is no plugin 'xerox' installed; did you mean 'xero'?"),
        ('use = "xero"', 'use = "zero"', "sources.uk.use: there is no connector 'zero' in the enabled plugins"),
        ('use = "xero"', "use = 7", "sources.uk.use: name the connector; there are folder, xero"),
        ('path = "exports/*.csv"', "", "sources.uk.path: it is required: The file, or a pattern with wildcards"),
        ('path = "exports/*.csv"', "path = 7", "sources.uk.path: found 7: "),
        ('mode = "open-ar"', "", 'destination.mode: it is required: "open-ar": '),
        ('mode = "open-ar"', 'mode = "delta"', "destination.mode: found 'delta': input should be 'open-ar'"),
        (FEED, FEED + 'timezone = "London"\n', "feed.timezone: found 'London': give a name of the IANA time zone"),
        (FEED, "feed = 7\n", "feed: it must be a table, [feed]"),
        (SOURCE, "", "sources: missing; add a table such as [sources.xero-uk]"),
        (SOURCE, '[sources]\nuk = "xero"\n', "sources.uk: it must be a table, [sources.uk]"),
        (PLUGINS, "", 'plugins: it must be a list of plugin names, such as ["xero", "kolleno"]'),
        ('path = "', 'dates = "DYM"\npath = "', "sources.uk.dates: found 'DYM': give \"DMY\", \"MDY\", \"YMD\", "),
        ('path = "', 'documents = "{ref}.pdf"\npath = "', "sources.uk.documents: found '{ref}.pdf': it must contain {"),
        (FEED, "[board]\nurl = 'board'\n" + FEED, "board.url: found 'board': give an address that begins with https://"),
        (FEED, "[board]\ntwo_people = 3\n" + FEED, "board.two_people: there is no such key; did you mean 't"),
        ('path = "', 'columns = { ref = "No" }\npath = "', "uk.columns: found {'ref': 'No'}: 'ref' is not a column"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_what_was_found_and_what_is_right(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert RIGHT.count(right) >= 1
    assert any(said in line for line in mistakes(tmp_path, RIGHT.replace(right, wrong, 1)))


def test_a_step_of_a_source_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    step = '[[transforms]]\nuse = "rename"\nprefix = "UK-"\nsources = ["ukk"]\n'
    assert mistakes(tmp_path, RIGHT + step) == [
        "plugins.toml: transforms[1].sources: there is no source 'ukk'; did you mean 'uk'?"
    ]


def test_a_step_must_be_written_as_one_of_a_list(tmp_path: Path) -> None:
    assert (
        "transforms: write each step as a table [[transforms]]"
        in mistakes(tmp_path, RIGHT + "[transforms]\na = 1\n")[0]
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"plugins = [", "plugins.toml: it is not valid TOML: "), (b"\xff\xfe", "it can't be read: ")],
    ids=["no TOML", "no UTF-8"],
)
def test_a_file_that_can_not_be_read_is_said_to_be_so(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "plugins.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_project(file)


def test_a_file_that_is_not_there_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"go to the folder with your plugins.toml, .* make one with `arfeed init`"):
        read_project(tmp_path / "plugins.toml")


# --- the environment and secrets ------------------------------------------------------------------------------------


def test_a_variable_of_the_environment_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "sftp.example.org")
    made = project(tmp_path, RIGHT.replace("sftp.example.com", "${HOST}"))
    assert made.destination.settings.url == "sftp://acme@sftp.example.org"


def test_a_variable_that_is_not_set_is_a_mistake_at_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_THING", raising=False)
    text = RIGHT.replace("exports/*.csv", "${NO_SUCH_THING}/*.csv").replace('"acme"', '"${NO_SUCH_THING}"')
    assert mistakes(tmp_path, text) == [
        f"plugins.toml: {key}: the environment variable 'NO_SUCH_THING' is not set; export it before running arfeed"
        for key in ("feed.name", "sources.uk.path")
    ]


SECRET = "hunter2-not-to-be-shown"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('mode = "open-ar"', f'password = "{SECRET}"'),
        ('mode = "open-ar"', f'mode = "open-ar"\npasword = "{SECRET}"'),
        ('mode = "open-ar"', f'mode = "open-ar"\npassword = ["{SECRET}"]'),
        ('mode = "open-ar"', f'mode = "sftp://acme:{SECRET}@host"'),
        ('mode = "open-ar"', 'mode = "${SECRET}"'),
        ('mode = "open-ar"', 'mode = "prefix-${SECRET}-suffix"'),
        ('mode = "open-ar"', f'mode = "open-ar"\npassword = "{SECRET}"\nextra_columns = ["memo"]'),
        (FEED, f'{FEED}history = "postgresql://arfeed:{SECRET}@db/arfeed"\nnane = 1\n'),
        (FEED, f'{FEED}history = ["{SECRET}"]\n'),
        ('path = "ex', 'dates = "${SECRET}"\npath = "ex'),
    ],
    ids=["a key is missing beside it", "misspelt key", "wrong type", "in a URL", "from the environment",
         "within a text", "in a table that is wrong as a whole", "history", "history of a wrong type", "in a source"],
)  # fmt: skip
def test_a_secret_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    found = mistakes(tmp_path, RIGHT.replace(right, wrong, 1))
    assert found
    assert SECRET not in "\n".join(found)


def test_settings_do_not_show_their_secrets_when_printed(tmp_path: Path) -> None:
    made = project(tmp_path, RIGHT.replace("mode", f'password = "{SECRET}"\npassphrase = "{SECRET}"\nmode'))
    assert SECRET not in repr(made)
    assert SECRET not in str(made.destination.settings.model_dump(mode="json"))


# --- paths ----------------------------------------------------------------------------------------------------------


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = RIGHT.replace("path =", 'documents = "../pdf/{invoice_ref}.pdf"\npath =').replace(
        "mode =", 'private_key = "keys/id"\nknown_hosts = "~/hosts"\nmode ='
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write(tmp_path / "feed", text)
    made = read_project(Path("feed/plugins.toml"))
    source, destination = made.sources[0].settings, made.destination.settings
    assert source.model_dump()["path"] == str(tmp_path / "feed/exports/*.csv")
    assert source.documents == (str(tmp_path / "feed/../pdf/{invoice_ref}.pdf"),)
    assert destination.private_key == (str(tmp_path / "feed/keys/id"),)
    assert destination.known_hosts == str(tmp_path / "home/hosts")


def test_urls_are_left_alone(tmp_path: Path) -> None:
    made = project(tmp_path, RIGHT.replace("exports/*.csv", "s3://bucket/exports/*.csv"))
    assert made.sources[0].settings.model_dump()["path"] == "s3://bucket/exports/*.csv"


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///.arfeed/history.db", "sqlite:///{folder}/.arfeed/history.db"),
        ("sqlite+pysqlite:///history.db", "sqlite+pysqlite:///{folder}/history.db"),
        ("sqlite:////var/history.db", "sqlite:////var/history.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://db/arfeed", "postgresql://db/arfeed"),
    ],
)
def test_the_history_of_an_sqlite_url_lies_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, resolved: str
) -> None:
    monkeypatch.chdir("/")
    made = project(tmp_path, RIGHT.replace(FEED, f'{FEED}history = "{url}"\n'))
    assert made.feed.history.get_secret_value() == resolved.format(folder=tmp_path)


def test_the_history_is_kept_beside_the_file_where_nothing_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert project(tmp_path).feed.history.get_secret_value() == f"sqlite:///{tmp_path}/.arfeed/history.db"


def test_a_destination_folder_is_the_same_wherever_arfeed_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "feed", re.sub(r'url = ".*"', 'url = "out"', RIGHT))
    for folder, config in ((tmp_path, "feed/plugins.toml"), (tmp_path / "feed", "plugins.toml")):
        monkeypatch.chdir(folder)
        assert read_project(Path(config)).destination.settings.url == str(tmp_path / "feed/out")


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ('private_key = ["new", "old"]', True), ('passphrase = "p"', True), ('password = "p"', True),
        ("use_agent = true", True), ('ssh_config = "~/.ssh/config"', True), ('known_hosts = "hosts"', True),
        ('publish = "direct"', True), ('verify = "content"', True), ('part_folder = "parts"', True),
        ('kinds = ["invoice"]', False), ('document_name = "{ref}_v1"', False), ("documents_required = true", False),
    ],
)  # fmt: skip
def test_another_way_to_log_in_or_send_is_no_other_configuration(tmp_path: Path, line: str, same: bool) -> None:
    plain = settings_hash(project(tmp_path))
    assert (settings_hash(project(tmp_path, f"{RIGHT}{line}\n")) == plain) is same


def test_another_destination_is_another_configuration(tmp_path: Path) -> None:
    elsewhere = RIGHT.replace("sftp.example.com", "other.example.com")
    assert settings_hash(project(tmp_path)) != settings_hash(project(tmp_path, elsewhere))


@pytest.mark.parametrize("form", ["%d%m", "%m/%Y", "%d.%m", "%H:%M %d.%m", "%Y", "%q"])
def test_a_format_of_dates_must_say_year_month_and_day(tmp_path: Path, form: str) -> None:
    found = mistakes(tmp_path, RIGHT.replace("*.csv", f'*.csv"\ndates = "{form}'))
    assert f"{form!r} does not say year, month and day" in found[0]


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d%m%y", "%Y-%j", "%d-%b-%Y", "%B %d, %Y", "%Y%m%d %H:%M:%S"])
def test_a_format_of_dates_that_says_the_whole_day_is_taken(tmp_path: Path, form: str) -> None:
    made = project(tmp_path, RIGHT.replace("*.csv", f'*.csv"\ndates = "{form}'))
    assert made.sources[0].settings.dates == form

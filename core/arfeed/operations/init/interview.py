"""The interview: which source, what its sample says, where the report goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from arfeed.model.errors import ConfigError, SourceError
from arfeed.model.parts import Connector, Proposal
from arfeed.operations.init import destination, naming, sample
from arfeed.operations.init.answers import Answers, Asker
from arfeed.operations.init.connectors import (
    ANY_TABLE,
    Offer,
    offer,
    own_offers,
    recognize_connector,
    third_party_plugins,
)
from arfeed.operations.init.draft import Draft, Line, refuse_taken
from arfeed.plugins.config import parse_project
from arfeed.plugins.reference import settings_in_words
from arfeed.tables.workbook.sheets import filled_sheets

_EXPORTS = (".csv", ".xlsx", ".iif")
_PASSWORD = re.compile(r"://[^\s:/@]*:[^\s/@]+@")


def interview(answers: Answers, asker: Asker) -> Draft:
    """Return a plugins.toml that is ready to be written. Raise `ConfigError` if one exists already."""
    # Before the first question: nobody should answer ten and then learn that nothing is written.
    refuse_taken(answers.config)
    answers = answers.sorted_out()
    if answers.name is not None and (complaint := naming.check_name(answers.name)):
        raise ConfigError(f"--name {answers.name!r}: {complaint}")
    draft = Draft(name=answers.name or naming.slug(answers.folder.name), timezone=answers.timezone)
    chosen, file = _source(answers, asker)
    if file and chosen.connector.name == ANY_TABLE:
        answers = _with_sheet(file, answers, asker)
    draft.plugin, draft.connector, draft.about = chosen.plugin, chosen.connector.name, chosen.description
    if file:
        sample.fill(draft, chosen, file, answers, asker)
    else:
        _ask_settings(draft, chosen, answers, asker)
    destination.fill(draft, answers, asker)
    return draft


def _with_sheet(file: Path, answers: Answers, asker: Asker) -> Answers:
    """Ask which sheet of a workbook is meant, if several have cells."""
    sheets = filled_sheets(str(file))
    if "sheet" in answers.settings or len(sheets) < 2:
        return answers
    choices = dict.fromkeys(sheets, "a sheet with cells")
    sheet = asker.choose(f"{file} has several sheets. Which lists the invoices?", "--set sheet=NAME", choices)
    return replace(answers, settings={**answers.settings, "sheet": sheet})


def _source(answers: Answers, asker: Asker) -> tuple[Offer, Path | None]:
    """Return the connector, and the sample if it reads files."""
    named = offer(answers.source) if answers.source else None
    # A database has no sample; what it needs is asked for by its settings.
    if named and not named.reads_files:
        return named, None
    text = answers.sample or asker.ask(_question(), "SAMPLE", _newest(answers.folder), _no_source)
    file = Path(text).expanduser()
    if not file.exists():
        if complaint := _no_source(text) or (named and _no_file(text)):
            raise ConfigError(complaint)
        # Whoever types "sql" at the first question means the source; a file of that name would be there.
        return offer(text), None
    if file.is_dir():
        file = Path(
            _newest(file) or asker.ask(f"{file} contains no export. Which file is it?", "SAMPLE", None, _no_file)
        )
    fits = named or recognize_connector(file, answers.settings.get("sheet"))
    asker.found(f"{file} is for the source {fits.connector.name!r}: {fits.description}")
    return fits, file


def _question() -> str:
    without = [name for name, one in own_offers().items() if not one.reads_files]
    also = ", ".join([*without, *third_party_plugins()])
    return f"An export of your invoices (or another source: {also})?"


def _newest(folder: Path) -> str | None:
    """Return the newest export in the folder or in one directly below it."""
    near = [file for depth in ("*", "*/*") for file in folder.glob(depth) if file.suffix.lower() in _EXPORTS]
    # Hidden files, and what Excel leaves beside an open workbook.
    found = [file for file in near if not file.name.startswith((".", "~$"))]
    newest = max(found, key=lambda file: file.stat().st_mtime, default=None)
    return (
        None if newest is None else str(newest.relative_to(Path.cwd()) if newest.is_relative_to(Path.cwd()) else newest)
    )


def _no_file(text: str) -> str | None:
    return (
        None
        if Path(text).expanduser().is_file()
        else f"{text}: there is no such file; name one that your system exported"
    )


def _no_source(text: str) -> str | None:
    if Path(text).expanduser().exists():
        return None
    if Path(text).suffix or "/" in text:
        return _no_file(text)
    try:
        offer(text)
    except ConfigError as exc:
        return f"{text}: there is no such file, and {exc}"
    return None


def _ask_settings(draft: Draft, chosen: Offer, answers: Answers, asker: Asker) -> None:
    """Ask for the settings that the connector requires, then for those it reports as missing, then read its rows."""
    fields, given = chosen.connector.Settings.model_fields, dict(answers.settings)
    for setting in settings_in_words(chosen.connector):
        if setting.required and setting.name not in given:
            question, secret = (
                f"{setting.name}: {setting.meaning or setting.type}",
                partial(_secret, fields[setting.name]),
            )
            given[setting.name] = asker.ask(question, f"--set {setting.name}=VALUE", None, secret)
    for name, value in given.items():
        # Options are in the shell's history already, but plugins.toml is copied, mailed and committed.
        if name in fields and (complaint := _secret(fields[name], value)):
            raise ConfigError(f"--set {name}=…: {complaint}")
    proof = _take_proposal(draft, chosen, given, answers, asker)
    _ask_until_valid(draft, given, answers, asker)
    # The reason stands beside the setting in plugins.toml, for whoever reads it in a year.
    draft.source = [replace(line, why=proof.get(line.key, line.why)) for line in draft.source]
    columns = [Line(name, header, "as you said") for name, header in answers.columns.items()]
    draft.columns += columns

    def connector(more: Mapping[str, object]) -> Connector:
        trial = replace(draft, source=[*draft.source, *(Line(key, value) for key, value in more.items())])
        return _make_source(trial, answers)

    sample.settle(draft, connector, answers.folder, answers, asker)


def _take_proposal(
    draft: Draft, chosen: Offer, given: dict[str, str], answers: Answers, asker: Asker
) -> dict[str, str]:
    """Adopt settings that the source itself proposes if some are missing; return the reason by the first of them."""
    provisional = chosen.connector.provisional
    if not provisional.keys() - given.keys():
        return {}
    required = {each.name for each in settings_in_words(chosen.connector) if each.required}
    known = {**provisional, **{name: value for name, value in given.items() if name in required}}
    trial = replace(draft, source=[Line(name, _parse_value(value)) for name, value in known.items()])
    try:
        proposals = [each for each in _make_source(trial, answers).proposals() if _is_compatible(each, given)]
    except ConfigError:
        return {}  # `_ask_until_valid` reports it
    except SourceError as exc:
        asker.doubt(str(exc))
        return {}
    if not proposals:
        return {}
    choices = {_in_words(each): each.because for each in proposals}
    said = next(iter(choices))
    if len(choices) > 1:
        said = asker.choose("The source offers several values. Which one?", "--set NAME=VALUE", choices)
    taken = proposals[[*choices].index(said)]
    asker.found(f"{said}, since {taken.because}")
    given |= {name: str(value) for name, value in taken.settings.items()}
    return {next(iter(taken.settings)): taken.because}


def _is_compatible(proposal: Proposal, given: Mapping[str, str]) -> bool:
    """Whether a proposal contradicts no setting that was given."""
    return all(str(value) == given.get(name, str(value)) for name, value in proposal.settings.items())


def _in_words(proposal: Proposal) -> str:
    return ", ".join(f"{name}={value}" for name, value in proposal.settings.items())


def _ask_until_valid(draft: Draft, given: dict[str, str], answers: Answers, asker: Asker) -> None:
    """Ask for more settings until the connector accepts them."""
    while True:
        draft.source = [Line(name, _parse_value(value)) for name, value in given.items()]
        try:
            _make_source(draft, answers)
        except ConfigError as exc:
            more = asker.ask(f"{exc}\nGive it as NAME=VALUE.", "--set NAME=VALUE", None, _no_pair)
            name, _, value = more.partition("=")
            given[name.strip()] = value.strip().strip('"')
        else:
            return


def _make_source(draft: Draft, answers: Answers) -> Connector:
    """Return the feed's source, made as if the destination were the rehearsal, since none is chosen yet."""
    # Nothing is started there: reading the configuration alone does not open a destination.
    trial = replace(draft, destination=[Line("url", "rehearsal://trial")])
    return parse_project(trial.text(), answers.config).sources[0]


def _parse_value(text: str) -> object:
    """Return whole numbers and booleans as such, all else as text."""
    # A leading zero stays text: "0001" may be a company's number.
    return {"true": True, "false": False}.get(text, int(text) if re.fullmatch(r"-?[1-9]\d*|0", text) else text)


def _no_pair(text: str) -> str | None:
    return None if re.match(r"\s*\w+\s*=", text) else "write it as NAME=VALUE, such as preset=odoo or query=SELECT …"


def _secret(field: FieldInfo, text: str) -> str | None:
    """Return a complaint if a password would end up in plugins.toml."""
    if field.annotation is not SecretStr or "${" in text or ("://" in text and not _PASSWORD.search(text)):
        return None
    return "plugins.toml must not hold a secret: put it in an environment variable and refer to that, as in ${ERP_URL}"

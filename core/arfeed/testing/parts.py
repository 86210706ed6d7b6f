"""What every class of a plugin must keep to: it is registered, its settings are described, and its secrets are kept."""

from __future__ import annotations

import re
import tomllib
from typing import ClassVar

import pytest
from pydantic import ValidationError

from arfeed.model.fields import json_schema
from arfeed.model.parts import Part, PartKind
from arfeed.model.settings import Settings
from arfeed.plugins.loading import load
from arfeed.plugins.reference import example, settings_in_words

_SECRET = re.compile(r"pass(word|phrase|wd)|secret|token|api_?key|credential")


class PartConformance:
    """The tests that all kinds of class share. `plugin` is the name of its entry point."""

    plugin: ClassVar[str]
    kind: ClassVar[PartKind]

    @property
    def part(self) -> Part:
        """The class under test."""
        raise NotImplementedError

    def test_it_is_found_by_its_name_in_the_enabled_plugin(self) -> None:
        """The entry point, the contract's version and the hook are right."""
        registry, part = load([self.plugin]), self.part
        found = registry.parts[self.kind].get(part.name)
        assert found is part, (
            f"the plugin {self.plugin!r} offers no {self.kind} {part.name!r} that is {part.__qualname__}, but {found}; "
            f"return the class from arfeed_{self.kind}s()"
        )

    def test_every_setting_says_what_it_means(self) -> None:
        """Users read nothing else in `plugins show`, the docs and editors."""
        silent = [setting.name for setting in settings_in_words(self.part) if not setting.meaning]
        assert not silent, f"the settings {silent} have no meaning; write Field(description=…)"

    def test_the_example_of_its_settings_is_valid(self) -> None:
        """`plugins show` prints an example that can be copied."""
        shown = example(self.kind, self.part)
        # Without the head of the table, which depends on the kind of part.
        table = tomllib.loads(shown.partition("\n")[2])
        del table["use"]
        try:
            self.part.Settings.model_validate(table)
        except ValidationError as exc:
            pytest.fail(f"this example is not valid; write Field(examples=[…]) where it is wrong:\n{shown}\n{exc}")

    def test_unknown_settings_are_refused_and_known_ones_stay(self) -> None:
        """A misspelled key must not be ignored, and nobody may change settings after they were checked."""
        model = self.part.Settings
        # The base refuses unknown keys and hides values in errors.
        assert issubclass(model, Settings), "derive Settings from arfeed's own settings class"
        assert model.model_config.get("frozen"), "its settings may be changed; leave frozen=True as arfeed has it"
        others = json_schema(model).get("additionalProperties", True)
        assert others is not True, "its settings take any key; leave extra='forbid', or give __pydantic_extra__ a type"

    def test_what_is_secret_by_its_name_is_secret_by_its_type(self) -> None:
        """A `SecretStr` is masked in messages, receipts and logs."""
        # By name, since nothing else tells: a password declared as text would be printed and hashed like any setting.
        bare = [
            setting.name
            for setting in settings_in_words(self.part)
            if _SECRET.search(setting.name) and "secret" not in setting.type
        ]
        assert not bare, f"the settings {bare} hold secrets; make each a pydantic.SecretStr"

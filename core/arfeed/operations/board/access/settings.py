"""board.toml: what holds for the whole board, such as another program that says who somebody is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError

from arfeed.model.errors import ConfigError
from arfeed.model.fields import is_private
from arfeed.model.settings import Settings
from arfeed.model.text.secrets import VARIABLE, look_up
from arfeed.operations.board.access.people import Grant, parse_grants


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    if not is_private(parts) or parts.query or parts.fragment or "@" in url:
        raise ValueError("give the provider's address as it states it, which begins with https://")
    return url


def _grants(given: object) -> object:
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        try:
            return parse_grants(given)
        except ConfigError as exc:
            raise ValueError(str(exc)) from exc
    raise ValueError('give a list of roles, such as ["approver:acme-*", "viewer"]')


Grants = Annotated[Sequence[Grant], BeforeValidator(_grants)]


class OidcSettings(Settings):
    """The table [oidc]: the OpenID provider by which people may come in, and which of its groups may do what."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(description="The provider's address, as it states it.")
    client_id: str = Field(description="What the provider calls the board.")
    client_secret: SecretStr = Field(description="What the board proves that by.")
    label: str = Field(default="", description="What people call the provider; its host by default.")
    scopes: Sequence[str] = Field(default=("openid", "profile"), description="What the provider is asked for.")
    name: str = Field(default="preferred_username", description="The claim that a person's name is made of.")
    groups: str = Field(default="groups", description="The claim that lists a person's groups.")
    roles: Mapping[str, Grants] = Field(default_factory=dict, description="The roles that a group has.")
    everyone: Grants = Field(default=(), description="Roles of whoever has an account there; by default none.")

    @property
    def title(self) -> str:
        """What people call the provider."""
        return self.label or urlsplit(self.issuer).netloc

    def grants_of(self, groups: Sequence[str]) -> list[Grant]:
        """Return what somebody in these groups may do; nothing for whoever may not come in."""
        return sorted({*self.everyone, *(grant for group in groups for grant in self.roles.get(group, ()))})


class BoardFile(Settings):
    """All of board.toml."""

    oidc: OidcSettings | None = None


def read_settings(path: Path) -> BoardFile:
    """Read a board.toml. Raise `ConfigError` with every mistake in it; none shows a value, which may be secret."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{path}: it can't be read: {exc}") from exc
    try:
        return BoardFile.model_validate(_fill_in(document))
    except LookupError as exc:
        raise ConfigError(f"{path.name}: {exc}") from exc
    except ValidationError as exc:
        lines = [(".".join(map(str, each["loc"])), each["msg"]) for each in exc.errors(include_url=False)]
        raise ConfigError(
            *(f"{path.name}: {key}: {text.removeprefix('Value error, ')}" for key, text in lines)
        ) from exc


def _fill_in(value: Any) -> Any:
    """Put in what `${NAME}` stands for. Raise `LookupError` for what is not set."""
    if isinstance(value, dict):
        return {name: _fill_in(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item) for item in value]
    return VARIABLE.sub(lambda match: look_up(match[1]), value) if isinstance(value, str) else value

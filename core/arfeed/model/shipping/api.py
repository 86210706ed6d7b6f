"""A destination that is an API: contract 2. Each row is one request, and closings are sent last."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NoReturn, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from arfeed.model.errors import DestinationError
from arfeed.model.fields import Location, check_address, is_private
from arfeed.model.outcome import DeliveredRun, ReceiverOutcome, Rejection
from arfeed.model.parts import Destination
from arfeed.model.settings import DestinationSettings
from arfeed.model.shipping.files import Content, TextFormat

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.rest.answers import Token
    from arfeed.model.rest.client import RestClient

_OF_FILES = (
    *("private_key", "passphrase", "password", "use_agent", "ssh_config", "known_hosts"),
    *("publish", "verify", "replace_by", "part_folder", "outcome"),
)


def _check_api(url: str) -> str:
    if check_address(url).startswith("rehearsal://"):
        return url
    parts = urlsplit(url)
    if not is_private(parts):
        raise ValueError("give a URL that begins with https://; http:// is for this machine only")
    # They would be printed with every error, and in the history as the destination's name.
    if parts.username or parts.query or parts.fragment:
        raise ValueError("leave user, password, ? and # out of the URL; keys have their own settings")
    return url.rstrip("/")


def _hide_those_of_files(schema: dict[str, Any]) -> None:
    for name in _OF_FILES:
        schema["properties"].pop(name, None)


class ApiSettings(DestinationSettings):
    """Settings that every destination has that is an API."""

    # They are inherited and refused; nobody should read of them, or have an editor propose them.
    model_config = ConfigDict(json_schema_extra=_hide_those_of_files)

    url: Annotated[Location, AfterValidator(_check_api)] = Field(
        examples=["https://api.example.com/v1"], description="Where the API is, or rehearsal://NAME."
    )
    connections: int = Field(default=4, ge=1, le=64, description="How many requests are under way at once.")
    timeout_seconds: float = Field(default=30, gt=0, description="How long to wait for one answer.")
    patience_seconds: float = Field(
        default=300, ge=0, description="How long a request is tried again, while the API is busy or out of reach."
    )
    client_certificate: Location | None = Field(
        default=None, description="Certificate to log in with, a PEM file; it may hold the key as well."
    )
    client_key: Location | None = Field(default=None, description="Private key of that certificate, a PEM file.")
    authority: Location | None = Field(
        default=None, description="Certificates to trust, a PEM file; those of the system if unset."
    )

    @model_validator(mode="after")
    def _is_no_file_system(self) -> Self:
        # Ignoring them would let somebody believe that `verify` or a key of SSH protects an API.
        if unused := [name for name in _OF_FILES if name in self.model_fields_set]:
            raise ValueError(f"{unused[0]} is for receivers of files, and this one is an API; remove it")
        if self.client_key and not self.client_certificate:
            raise ValueError("client_key needs client_certificate beside it")
        return self


@dataclass(frozen=True, slots=True)
class Calls:
    """One request for each row of a frame, with the row as its JSON object.

    `frame` has the receiver's names, and the rows, order and index of the content's frame `of`: invoices, customers or
    closed. `path` is below the URL, and `{Name}` in it stands for the row's value of that column. `proves` and
    `required` are as in `TableFile`. Columns of `only_in_path` are not in the object, and neither is what is blank.
    Amounts are JSON numbers with as many decimals as their currency has, unless `amounts` makes them text; dates are
    written by `format.dates`. `repeatable` says that sending one twice does no more than once, as it is with PUT.
    `taken` are statuses of the 400s by which the receiver says that it has this already. With `nested`, a column
    `customer.name` is the field `name` of an object `customer`.
    """

    name: str
    method: Literal["PUT", "POST", "PATCH"]
    path: str
    frame: pd.DataFrame
    of: Literal["invoices", "customers", "closed"]
    proves: Mapping[str, str]
    required: Collection[str] = ()
    only_in_path: Collection[str] = ()
    amounts: Literal["number", "text"] = "number"
    repeatable: bool = False
    # Statuses and no words: texts of errors change with the receiver's releases.
    taken: Collection[int] = ()
    nested: bool = False
    format: TextFormat = field(default_factory=TextFormat)


@dataclass(frozen=True, slots=True)
class CallRule:
    """What sending needs to know of some calls: `repeatable` and `taken` of `Calls`."""

    repeatable: bool = False
    taken: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """What the receiver says of one invoice; a balance of None is not compared.

    `document` is the SHA-256 of its PDF, blank if it has none; None, if the receiver does not say, is not compared.
    """

    invoice_ref: str
    is_open: bool
    balance: Decimal | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class ApiRule:
    """How the receiver on this machine, `rehearsal://NAME`, answers and keeps books, in its own words.

    Paths have `{number}` where the invoice's number, or the customer's, stands. `balance` names the field with what is
    owed: 0 closes, and anything else opens again. `required` are fields that a document needs. A document whose field
    `customer` names no known one is refused if there are `customers`. `closing` closes, `pdf` takes a PDF of a
    document that it knows. `held` shows one document, or, without a number in it, lists all in pages of `page`: with
    `number`, `status` (open or closed), the balance by its name, and the SHA-256 of its `pdf`.
    """

    documents: str
    balance: str
    closing: str
    pdf: str | None = None
    customers: str | None = None
    customer: str = ""
    held: str | None = None
    required: tuple[str, ...] = ()
    required_of_customers: tuple[str, ...] = ()
    page: int = 100


class ApiDestination(Destination):
    """A receiver that takes invoices by an API. Write `calls`, and `document_path` unless it takes no PDFs.

    Absence means nothing there: what is missing is sent as closed, by the last of the calls. Every answer of the
    receiver counts at once, so a delivery that breaks off counts beside the one before it until the next has been
    delivered.
    """

    needs_contract = 2
    Settings: ClassVar[type[ApiSettings]] = ApiSettings
    # An API takes one document at a time, so leaving one out can't say anything about it.
    absence: Literal["nothing"] = "nothing"
    documents: Literal["after", "none"] = "after"
    """Whether PDFs are sent, each once its invoice is there."""
    document_method: Literal["POST", "PUT"] = "POST"
    replaces_documents: bool = False
    """Whether a PDF that is sent twice by POST takes its own place."""
    idempotency_header: str | None = "Idempotency-Key"
    """The header by which the receiver knows a request that is sent again; None if it has none."""

    settings: ApiSettings

    @abstractmethod
    def calls(self, content: Content) -> Sequence[Calls]:
        """Return all requests of a delivery: what comes before the invoices, the invoices, and last what is closed."""

    def headers(self) -> Mapping[str, str | SecretStr]:
        """Return headers of every request, such as the API's key."""
        return {}

    def token(self, api: RestClient) -> Token | None:
        """Return a token to log in with, asked for whenever the last one expires; None if there is none."""
        del api
        return None

    def held(self, api: RestClient, refs: Sequence[str]) -> Iterable[Held] | None:
        """Ask the receiver what it holds of these invoices; None if it can't be asked.

        Those that it does not know are left out.
        """
        del api, refs
        return None

    def outcome(self, run: DeliveredRun) -> ReceiverOutcome | None:
        """Return what became of a delivery, by what `held` says; None if the receiver can't be asked.

        Override it for a receiver that takes calls first and judges them later.
        """
        found = self.held(run.api, [*run.invoice_refs, *run.closed_refs]) if run.api else None
        if found is None:
            return None
        held = {each.invoice_ref: each for each in found}
        # What is closed there by now may have been paid since; what it does not know was never taken.
        unknown = [Rejection("it is not there", ref) for ref in run.invoice_refs if ref not in held]
        opened = [
            Rejection("it is still open there", ref) for ref in run.closed_refs if ref in held and held[ref].is_open
        ]
        return ReceiverOutcome("taken", (*unknown, *opened))

    def probe(self, api: RestClient) -> str | None:
        """Ask something harmless, for `arfeed check`, and return what was answered; None if nothing can be asked."""
        del api
        return None

    def document_path(self, ref: str) -> str:
        """Return the path below the URL to which an invoice's PDF is sent."""
        raise NotImplementedError(f'{self.name} has no document_path(); write it, or documents = "none"')

    def rehearsal(self) -> ApiRule | None:
        """Return how `rehearsal://NAME` answers; None if there is no such receiver."""
        return None

    def report_name(self, at: datetime) -> str:
        """Return the name of a delivery in the history; no file of that name is sent."""
        return f"{self.name}-{at:%Y%m%dT%H%M%SZ}.calls"

    def is_report(self, name: str) -> bool:
        """Whether it is the name of a delivery."""
        return re.fullmatch(rf"{re.escape(self.name)}-\d{{8}}T\d{{6}}Z\.calls", name) is not None

    def document_name(self, ref: str) -> str:
        """Return the name under which the history knows an invoice's PDF."""
        # Percent-encoded, so that A/1 and A-1 get different names.
        return f"{quote(ref, safe=' ')}.pdf"

    def read_report(self, file: IO[bytes]) -> pd.DataFrame:
        """Not used: there is no file to adopt."""
        del file
        raise DestinationError(f"{self.name} is an API, so that no delivery can be adopted.")

    def report(self, invoices: pd.DataFrame) -> NoReturn:
        """Not used: `calls` lays everything out."""
        raise NotImplementedError

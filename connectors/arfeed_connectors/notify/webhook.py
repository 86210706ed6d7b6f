"""A message posted to a URL, as Slack's incoming webhooks take it: {"text": …}."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from arfeed import DestinationError, Failure, Notifier, Plan, Receipt, Reconciliation
from arfeed_connectors.notify.message import Message, of_delivery, of_failure, of_reconciliation, of_refusal
from arfeed_connectors.notify.settings import LOOPBACK, OverTls

if TYPE_CHECKING:
    from urllib.request import Request

_TRIES = 3
_BUSY = 429
_BROKEN = 500
_LONGEST_ANSWER = 200


def _safe_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ValueError("give a URL that begins with https://; http:// is for this machine only")
    # http.client refuses these only when it sends, and then quotes the URL, which is the secret.
    if re.search(r"[\x00-\x20\x7f]", url.get_secret_value()) or not (parts.path + parts.query).isascii():
        raise ValueError("a URL has no space, line end or non-ASCII letter; copy it once more, or write %20")
    return url


class Webhook(Notifier):
    """Posts how a run ended to a webhook: Slack, Mattermost, Rocket.Chat, Google Chat and others that take `text`."""

    name = "webhook"

    class Settings(OverTls):
        """Settings of the notifier `webhook`."""

        url: Annotated[SecretStr, AfterValidator(_safe_url)] = Field(
            examples=["https://chat.example.com/hooks/${HOOK}"],
            description="Where to post; whoever knows it can post there, so it is kept secret.",
        )

    settings: Settings

    def delivered(self, receipt: Receipt) -> None:
        """Post what was delivered."""
        self._post(of_delivery(receipt))

    def refused(self, plan: Plan) -> None:
        """Post what was refused, and what would approve it."""
        self._post(of_refusal(plan))

    def reconciled(self, reconciliation: Reconciliation) -> None:
        """Post what the receiver has otherwise than it was delivered."""
        self._post(of_reconciliation(reconciliation))

    def failed(self, failure: Failure) -> None:
        """Post what failed."""
        self._post(of_failure(failure))

    def _post(self, message: Message) -> None:
        from urllib.request import Request

        body = json.dumps({"text": as_text(message)}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "arfeed"}
        self._send(Request(self.settings.url.get_secret_value(), body, headers))  # noqa: S310 - the scheme was checked

    def _send(self, request: Request) -> None:
        """Send a request. What was certainly not accepted is tried again. A redirect fails: it would drop the text."""
        from http.client import HTTPException, InvalidURL
        from urllib.error import HTTPError, URLError
        from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener

        import stamina

        # urllib would follow a redirect with GET, without the text, and take its answer for success.
        class NoRedirect(HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                """Follow none."""

        trusting = [HTTPSHandler(context=self.settings.tls())] if request.type == "https" else []
        opener = build_opener(NoRedirect, *trusting)
        # All tries together within the time of one answer: the run waits no longer.
        tries = stamina.retry_context(_worth_a_try, attempts=_TRIES, timeout=self.settings.patience, wait_max=2)
        try:
            for attempt in tries:
                with attempt, opener.open(request, timeout=self.settings.patience) as answer:
                    answer.read(_LONGEST_ANSWER)
        except HTTPError as exc:
            with exc:
                # One byte more shows whether the answer goes on.
                said = _whole_words(exc.read(_LONGEST_ANSWER + 1).decode("utf-8", "replace"))
            answer_text = " ".join(f"{exc.code} {exc.reason} {said}".split())
            raise DestinationError(f"the webhook answered {answer_text}") from exc
        # Its own message quotes the URL, which is the secret.
        except InvalidURL as exc:
            raise DestinationError("the webhook can't be reached: its URL is not valid; copy it once more") from exc
        except (URLError, OSError, HTTPException) as exc:
            raise DestinationError(f"the webhook can't be reached: {getattr(exc, 'reason', None) or exc!r}") from exc


def _whole_words(answer: str) -> str:
    """Return the beginning of an answer without a cut word: half a secret would not be recognized as one."""
    return answer if len(answer) <= _LONGEST_ANSWER else f"{answer[:_LONGEST_ANSWER].rpartition(' ')[0]} …"


def _worth_a_try(error: Exception) -> bool:
    """Whether a post was certainly not accepted, but may be later. After a time-out it may have been accepted."""
    from urllib.error import HTTPError

    if isinstance(error, HTTPError):
        return error.code == _BUSY or error.code >= _BROKEN
    return isinstance(getattr(error, "reason", None), ConnectionRefusedError)


def as_text(message: Message) -> str:
    """Return the text in the mark-up of chats, in which nothing that comes from invoices can call, link or format."""
    heading, body = (
        # A backtick in a customer's name would end the block of code, and `<!channel>` behind it call everybody.
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
        for text in (message.heading, "\n".join(message.lines))
    )
    return f"{heading}\n```\n{body}\n```"

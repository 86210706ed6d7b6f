"""`arfeed board`: a web application on which people see every feed, and approve what was refused."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arfeed.cli.commands.board import log, people, tokens
from arfeed.cli.commands.board.opening import HERE, DatabaseUrl, Folder, SettingsFile, find_settings, open_board
from arfeed.cli.display.output import console

if TYPE_CHECKING:
    from arfeed.history.records import RunRecord

app = typer.Typer(help="Serve a page on which people see every feed, and approve what was refused.")
app.add_typer(people.app, name="user")
app.add_typer(tokens.app, name="token")
app.command("verify")(log.verify)
app.command("export")(log.export)

Host = Annotated[str, typer.Option("--host", help="The address to listen at.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen at.")]
Certificate = Annotated[Path | None, typer.Option("--certificate", metavar="FILE", help="Certificate for TLS, as PEM.")]
Key = Annotated[Path | None, typer.Option("--private-key", metavar="FILE", help="The certificate's key.")]
Proxy = Annotated[
    list[str] | None,
    typer.Option("--behind-proxy", metavar="ADDRESS", help="A proxy that speaks TLS; only it may connect. Repeatable."),
]
Url = Annotated[str | None, typer.Option("--url", help="The address that people type: https://board.example.com.")]


@app.callback(invoke_without_command=True)
def board(
    context: typer.Context,
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    host: Host = "127.0.0.1",
    port: Port = 8300,
    certificate: Certificate = None,
    private_key: Key = None,
    behind_proxy: Proxy = None,
    url: Url = None,
    settings: SettingsFile = None,
) -> None:
    """Serve the board until Ctrl-C. Without TLS or a declared proxy it listens on this machine only."""
    if context.invoked_subcommand:
        return
    from arfeed.operations.board.access import people
    from arfeed.operations.board.access.provider import Provider
    from arfeed.operations.board.application import Application
    from arfeed.operations.board.caching import Ranking
    from arfeed.operations.board.feeds import Feeds
    from arfeed.operations.board.histories import Histories
    from arfeed.operations.board.serving import Listening, address_of, bind_port, serve
    from arfeed.operations.board.site import make_site
    from arfeed.operations.board.work import Worker

    listening = Listening(host, port, certificate, private_key, behind_proxy or (), url)
    place = listening.place()
    found = Feeds(feeds.absolute())
    count = len(found.all())
    # What thousands of feeds were read to stays: without this, pages would wait while it is looked through for waste.
    gc.collect()
    gc.freeze()

    with open_board(feeds, database) as opened, bind_port(listening) as port_held:
        histories, ranking = Histories(), Ranking[Any]()
        oidc = find_settings(feeds, settings).oidc
        provider = Provider(oidc) if oidc else None

        def find_delivery(feed: str, job: str) -> RunRecord | None:
            known = found.find(feed)
            return histories.delivered_by(known.project, job) if known and known.project else None

        worker = Worker(opened, found.words_of, find_delivery, ranking.forget)
        address = address_of(listening)
        out = console()
        out.print(f"✓ The board shows {count} {'feed' if count == 1 else 'feeds'}: {address}/", markup=False)
        if token := people.invite_first(opened):
            out.print(
                "Nobody can log in yet. The first person starts at this link, once and within a day:\n\n"
                f"  {address}/begin/{token}\n",
                markup=False,
            )
        out.print("Ctrl-C ends it.", markup=False)
        sys.stdout.flush()
        serve(make_site(Application(opened, found, histories, worker, place, ranking, provider)), listening, port_held)

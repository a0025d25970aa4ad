"""The Flask application: whatever is no bank's call, and the commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from click import ClickException
from flask import Flask
from flask.cli import AppGroup

from callback import log
from callback.phrase import Phrase
from callback.readers import expected
from callback.settings import reachable_by_others
from callback.tools.pages import Pages
from callback.tools.printable import tolerate_any_console
from callback.tools.words import say, speak, speak_at_a_terminal, translated

if TYPE_CHECKING:
    from click import Command, Context

    from callback.bank import Settings
    from callback.database import Database
    from callback.handlers import Handlers


def make(settings: Settings, database: Database, handlers: Handlers) -> Flask:
    """Put the application behind `handlers`, which answer banks' calls themselves."""
    app = Flask("callback", static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False
    speak(settings.language)
    Pages(settings, database, handlers.guesses).install(app)
    app.wsgi_app = handlers  # type: ignore[method-assign]
    app.cli = Commands(app, settings, database)
    return app


class Commands(AppGroup):
    """Our commands, loaded when one is asked for."""

    def __init__(self, app: Flask, settings: Settings, database: Database) -> None:
        super().__init__(app.name)
        self._load = partial(self._install, app, settings, database)
        self._settings = settings

    def list_commands(self, ctx: Context) -> list[str]:
        tolerate_any_console()
        speak_at_a_terminal(self._settings.language)
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        tolerate_any_console()
        speak_at_a_terminal(self._settings.language)
        self._load()
        if cmd_name != "doctor":
            self._refuse()
        command = super().get_command(ctx, cmd_name)
        return command and translated(command)

    def _refuse(self) -> None:
        """Have mended what whoever sits at a terminal can mend; a payment is answered without."""
        if exposed := reachable_by_others(self._settings.path):
            raise ClickException(say(exposed))
        if fault := log.fault(self._settings.log):
            wanted = Phrase("a file to write to: {fault}", fault=fault)
            raise ClickException(f"{self._settings.path}:\n{say(expected('LOG', wanted))}")

    def _install(self, app: Flask, settings: Settings, database: Database) -> None:
        if not self.commands:
            from callback.tools import cli

            cli.install(app, settings, database)

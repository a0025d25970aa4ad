"""Answers banks' callbacks: does this number exist, what does it owe; record this payment."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from click import ClickException
from flask import Flask
from flask.cli import AppGroup

from callback import log
from callback.database import Database, load_statements
from callback.database.statements import StatementError
from callback.handlers import Handlers
from callback.paths import INSTANCE, SQL
from callback.settings import SettingsError, load
from callback.tools.pages import Pages

if TYPE_CHECKING:
    from types import ModuleType

    from click import Command, Context

    from callback.bank import Settings


def create_app(path: Path | None = None) -> Flask:
    """Build the application; SettingsError when the settings, or instance/sql, cannot be used.

    Without `path` the file is what CALLBACK_CONFIG names, or instance/config.toml.
    """
    named = os.environ.get("CALLBACK_CONFIG")
    settings = load(path or (Path(named) if named else INSTANCE / "config.toml"))
    log.start(settings.log)
    try:
        # A site whose customers are kept elsewhere lays its own statements over ours.
        statements = load_statements(SQL, INSTANCE / "sql")
    except StatementError as error:
        raise SettingsError(str(error)) from None
    database = Database(settings.engine, statements, settings.connections)
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False
    Pages(settings, database).install(app)
    app.wsgi_app = Handlers(settings, database, app.wsgi_app)  # type: ignore[method-assign]
    app.cli = Commands(app, settings, database)
    return app


class Commands(AppGroup):
    """Our commands, loaded when one is asked for."""

    def __init__(self, app: Flask, settings: Settings, database: Database) -> None:
        super().__init__(app.name)
        self._load = partial(self._install, app, settings, database)
        self._settings = settings

    def list_commands(self, ctx: Context) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        self._load()
        # A payment is answered without a log; who sits at a terminal can mend it.
        fault = log.fault(self._settings.log)
        if fault and cmd_name != "doctor":
            text = f"{self._settings.path}:\nLOG: expected a file to write to: {fault}"
            raise ClickException(text)
        return super().get_command(ctx, cmd_name)

    def _install(self, app: Flask, settings: Settings, database: Database) -> None:
        if not self.commands:
            from callback.tools import cli

            cli.install(app, settings, database)


def __getattr__(name: str) -> ModuleType:
    """Find the modules that entries on hosts import by an older name: a release replaces itself,
    but not the entry in the docroot.
    """
    if name in ("cgi", "fastcgi"):
        return import_module(f"callback.entries.{name}")
    raise AttributeError(name)

"""Answers banks' callbacks: does this number exist, what does it owe; record this payment."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask.cli import AppGroup

from callback import log, settings
from callback.database import Database, load_statements
from callback.handlers import Handlers

if TYPE_CHECKING:
    from click import Command, Context

ROOT = Path(__file__).parent.parent


def create_app(path: Path | None = None) -> Flask:
    """Build the application from a settings file; SettingsError when that cannot be used.

    Without `path` the file is what CALLBACK_CONFIG names, or instance/config.toml.
    """
    named = os.environ.get("CALLBACK_CONFIG")
    given = settings.load(path or (Path(named) if named else ROOT / "instance" / "config.toml"))
    try:
        log.start(given.log)
    except OSError as error:
        raise settings.SettingsError(
            f"{given.path}:\nLOG: want a file to write to: {error}"
        ) from None
    database = Database(
        given.engine,
        # A site whose customers are kept elsewhere lays its own statements over ours.
        load_statements(ROOT / "sql", ROOT / "instance" / "sql"),
        given.connections,
    )
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False
    Handlers(given, database).install(app)
    app.cli = Commands(app, given, database)
    return app


class Commands(AppGroup):
    """Our commands, loaded when one is asked for: a host that starts a Python for every call
    should not pay for them.
    """

    def __init__(self, app: Flask, given: settings.Settings, database: Database) -> None:
        super().__init__(app.name)
        self._load = partial(self._install, app, given, database)

    def list_commands(self, ctx: Context) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        self._load()
        return super().get_command(ctx, cmd_name)

    def _install(self, app: Flask, given: settings.Settings, database: Database) -> None:
        if not self.commands:
            from callback import cli  # noqa: PLC0415 - see above

            cli.install(app, given, database)

"""Answers banks' callbacks: does this number exist, what does it owe; record this payment."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from callback import cli, log, settings, wire
from callback.database import Database, load_statements
from callback.handlers import Handlers

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
    # One byte more than allowed: Werkzeug cuts a chunked body off at the limit without a word.
    app.config["MAX_CONTENT_LENGTH"] = wire.MAX_BODY + 1
    app.url_map.merge_slashes = False
    Handlers(given, database).install(app)
    cli.install(app, given, database)
    return app

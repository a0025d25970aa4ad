"""Answers banks' callbacks: does this number exist, what does it owe; record this payment."""

from __future__ import annotations

import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from callback import log, settings
from callback.database import Database, load_statements
from callback.database.statements import StatementError
from callback.handlers import Handlers
from callback.paths import INSTANCE, SQL
from callback.settings import SettingsError, reachable_by_others

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask


class Program:
    """The program as a WSGI application.

    SettingsError when the settings, or instance/sql, cannot be used. Without `path` the file is
    what CALLBACK_CONFIG names, or instance/config.toml.

    A bank's call never meets Flask, which is not even imported before something else is asked for:
    a host that starts a Python for every call should not pay for it.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or settings.file()
        try:
            self.settings = settings.load(path)
        except SettingsError as error:
            raise SettingsError(_told(error, path)) from None
        if not _at_a_terminal() and (exposed := reachable_by_others(self.settings.path)):
            raise SettingsError(exposed)
        log.start(self.settings.log)
        try:
            # A site whose customers are kept elsewhere lays its own statements over ours.
            statements = load_statements(SQL, INSTANCE / "sql")
        except StatementError as error:
            raise SettingsError(_told(error, path)) from None
        self.database = Database(self.settings.engine, statements, self.settings.connections)
        self.handlers = Handlers(self.settings, self.database, self._others)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.handlers(environ, start_response)

    @cached_property
    def app(self) -> Flask:
        """The Flask application, which answers all the others: pages, commands, tests."""
        from callback.application import make

        return make(self.settings, self.database, self.handlers)

    def _others(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # What stands in the place of the application's own wsgi_app is `handlers`.
        return type(self.app).wsgi_app(self.app, environ, start_response)


def create_app(path: Path | None = None) -> Flask:
    """Build the application as Flask knows it; SettingsError."""
    return Program(path).app


def _told(error: Exception, path: Path) -> str:
    """In the office's language where somebody of it reads; in English for logs."""
    if not _at_a_terminal():
        return str(error)
    from callback.tools.words import language_of, say, speak

    speak(language_of(path))
    return say(error)


def _at_a_terminal() -> bool:
    """Whether a command starts us, which says itself what is wrong: the doctor runs all the same.

    Nothing is imported to find out: the library of commands is there if a command is running.
    """
    commands = sys.modules.get("click.globals")
    return commands is not None and commands.get_current_context(silent=True) is not None


def __getattr__(name: str) -> ModuleType:
    """Find the modules that entries on hosts import by an older name: a release replaces itself,
    but not the entry in the docroot.
    """
    if name in ("cgi", "fastcgi"):
        return import_module(f"callback.entries.{name}")
    raise AttributeError(name)

"""`python -m callback …` is the command line `flask …`, where there is no Unix shell (Windows)."""

from __future__ import annotations

import sys

from click import Command, Context
from flask.cli import FlaskGroup

from callback import create_app
from callback.settings import SettingsError
from callback.tools.secret import secret
from callback.tools.words import _

NAME = "python -m callback"


def main() -> None:
    """Run one command; without usable settings say what is wrong with them."""
    if sys.argv[1:2] == ["secret"]:  # the settings need one first
        secret(sys.argv[2:], prog_name=f"{NAME} secret")
    try:
        with Context(Command(NAME)):  # as in flask's own command line
            app = create_app()
    except SettingsError as error:
        sys.exit(str(error))
    group = FlaskGroup(
        create_app=lambda: app,
        add_default_commands=False,
        add_version_option=False,
        help=_("Each command tells more with --help."),
        options_metavar="",  # there are none but --help
        subcommand_metavar=_("COMMAND [ARGS]..."),
    )
    group.params.clear()  # Flask's, to find an application: it is found
    app.cli.list_commands(Context(group))  # from here on "Usage:" is in that language, too
    group(prog_name=NAME)


if __name__ == "__main__":
    main()

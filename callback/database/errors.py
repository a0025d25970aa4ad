"""What can happen to a statement, whatever the engine."""

# For the log, where a release meets a database that it has not been upgraded for.
COLUMN_MISSING = (
    "a column is missing: run flask init-db, or paste sql/upgrade.sql; if the statement is the "
    "site's own (instance/sql), see sql/README.md"
)


# Where a site uploads this release and does nothing at its database.
PROMISE_MISSING = (
    "the table promise is missing, or the database user may not use it. Payments go on as with an "
    "older release, but what a bank was told is not there may still be recorded a moment later: "
    "run flask init-db, or paste the statement that flask doctor shows"
)


class DatabaseError(Exception):
    """The outcome of a statement is not known, or the database cannot be asked at all."""


class NoPromiseError(DatabaseError):
    """The table `promise` cannot be had, so nothing was done."""


class BusyError(Exception):
    """Another command has the books, or took them in between; nothing was changed."""


class NothingToAddError(DatabaseError):
    """What a statement adds to a table is there already, or the table itself is not there yet."""


class DuplicateError(Exception):
    """The unique key has this row already.

    `resent` says that the statement was sent before in the same session and its answer was lost:
    the row may be our own.
    """

    resent = False


class RetryError(Exception):
    """The statement may be sent again at once: it was rolled back, or the connection was cut."""

    def __init__(self, message: str, *, connection_lost: bool) -> None:
        super().__init__(message)
        self.connection_lost = connection_lost

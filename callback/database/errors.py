"""What can happen to a statement, whatever the engine."""


class DatabaseError(Exception):
    """The outcome of a statement is not known, or the database cannot be asked at all."""


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

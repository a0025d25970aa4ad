"""A refused file is the fault of a setting, or of none."""

from __future__ import annotations

from callback.tools.books import hints


def test_a_file_that_is_not_there_is_the_fault_of_no_setting() -> None:
    """Only what stands in it is read by them."""
    assert hints.setting("cannot be read: No such file or directory", "kaspi") == ""


def test_rows_that_cannot_be_read_are() -> None:
    """Each key that says how a row looks."""
    told = hints.setting("line 9: more than 100 rows cannot be read: no sum", "kaspi")

    assert told.startswith("register.separator, ")

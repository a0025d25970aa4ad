"""Values by name: what the program relies on, and the library's dataclasses would give."""

from __future__ import annotations

import pytest

from callback.record import Record


class Base(Record, hidden=("secret",)):
    """Two values, and one that is not shown."""

    name: str
    size: int = 1
    secret: str = "none"


class Derived(Base):
    """One more, which must be given."""

    kind: str


def test_it_holds_what_it_was_given_and_the_defaults() -> None:
    """Those of its base, too."""
    value = Derived(name="a", kind="b")

    assert (value.name, value.size, value.secret, value.kind) == ("a", 1, "none", "b")
    assert value.but(size=2) == Derived(name="a", size=2, kind="b")
    assert value != Derived(name="a", kind="c")
    assert Base(name="a") != Derived(name="a", kind="b")


@pytest.mark.parametrize(
    ("values", "wrong"),
    [({}, "kind, name"), ({"name": "a"}, "kind"), ({"name": "a", "kind": "b", "x": 1}, "x")],
)
def test_a_value_that_lacks_or_that_nobody_knows_is_named(
    values: dict[str, str], wrong: str
) -> None:
    """Whatever a type checker has let pass."""
    with pytest.raises(TypeError, match=f"Derived: {wrong}$"):
        Derived(**values)  # type: ignore[arg-type]


def test_it_stays_as_it_is() -> None:
    """As a payment does."""
    value = Base(name="a")
    with pytest.raises(AttributeError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        hash(value)

    assert value.name == "a"


def test_a_secret_is_not_shown() -> None:
    """Not in a traceback either; what derives from it hides it as well."""
    shown = repr([Base(name="a", secret="s3"), Derived(name="a", secret="s3", kind="k")])

    assert "s3" not in shown
    assert "Base(name='a', size=1)" in shown or "Base(size=1, name='a')" in shown

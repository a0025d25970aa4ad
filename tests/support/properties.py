"""What the tests of properties share: how many cases are tried, and how something good is spoiled.

The cases are the same in every run; PROPERTIES=long tries a hundred times as many, others each
time, and makes what fails as short as it can.
"""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

settings.register_profile(
    "short",
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    # The files of a module, which no case may find changed, are made once.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "long",
    settings.get_profile("short"),
    max_examples=3000,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    derandomize=False,
)
settings.load_profile(os.environ.get("PROPERTIES", "short"))

VALUE = re.compile(rb"(?<=[=>\":;\t])[^=<>\"&:;\t\r\n]+")  # in a form, XML, JSON, a table
HOSTILE = [
    *(b"", b"\0", b"%00", b"%FF", b"%D0", b"\xff\xfe", b"\r\n", b"&", b"=", b"&&", b"+", b"%2B"),
    *(b"<", b"<!DOCTYPE a [<!ENTITY b 'c'>]>&b;", b"]]>", b"{", b'"', b"[" * 300, b"\\ud800"),
    *(b"NaN", b"1e9", b"1_0", b"-0", b"0x1", b"9" * 400, b"1.005", b"1,00", b"\xd9\xa1"),
]


@st.composite
def spoiled(draw: st.DrawFn, content: bytes, *more: bytes) -> bytes:
    """A few bytes are cut, doubled or put in, or a whole value; `more` is what hurts besides."""
    for _ in range(draw(st.integers(1, 3))):
        values = [match.span() for match in VALUE.finditer(content)]
        anywhere = st.integers(0, len(content)).map(lambda place: (place, place + 12))
        start, end = draw(st.sampled_from(values) | anywhere if values else anywhere)
        end = min(len(content), draw(st.integers(start, end) | st.just(end)))
        put_in = draw(
            st.sampled_from([*more, *HOSTILE, content[start:end] * 2]) | st.binary(max_size=4)
        )
        content = content[:start] + put_in + content[end:]
    return content

"""The forms of addresses, numbers, dates and JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

check = find("data_validator")

VALID = [
    ("email", "ann@example.org", "ann@example.org"),
    ("email", "a.b+c@EXAMPLE.co.uk", "a.b+c@example.co.uk"),
    ("email", "anna@bücher.example", "anna@bücher.example"),
    ("url", "https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
    ("url", "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
    ("url", "http://user:word@example.org/", "http://example.org/"),
    ("phone", "+49 (30) 901-820", "+4930901820"),
    ("ip", "192.0.2.1", "192.0.2.1"),
    ("ip", "2001:DB8::1", "2001:db8::1"),
    ("date", "2026-11-24", "2026-11-24"),
    ("date", "2026-11-24T08:00Z", "2026-11-24T08:00:00+00:00"),
    ("number", " 12 ", 12),
    ("number", "-1.5e3", -1500.0),
    ("json", '{"a": [1, null]}', "dict"),
    ("uuid", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
]

INVALID = [
    ("email", "ann", "there is no @"),
    ("email", "ann@localhost", "is no domain"),
    ("email", "ann@example.org\nBcc: x@y.z", "cannot stand before the @"),
    ("email", "jürgen@example.org", "cannot stand before the @"),
    ("email", "a..b@example.org", "cannot stand before the @"),
    ("email", "ann@-bad.org", "is no domain"),
    ("url", "example.org", "there is no scheme"),
    ("url", "file:///etc/passwd", "is no scheme of the web"),
    ("url", "https://exa mple.org", "space or a control character"),
    ("url", "http://999.1.1.1/", "is no IP address"),
    ("url", "http://a:99999/", "Port out of range"),
    ("phone", "12", "digits"),
    ("phone", "call me", "digits, spaces"),
    ("ip", "256.0.0.1", "is no IP address"),
    ("ip", "192.168.010.1", "is no IP address"),
    ("date", "2026-02-30", "is no ISO date"),
    ("number", "nan", "is not finite"),
    ("number", "1,5", "is no number"),
    ("json", "{'a': 1}", "line 1, column 2"),
    ("json", "[NaN]", "NaN is not JSON"),
    ("json", '{"a": 1, "a": 2}', "a key stands twice"),
    ("json", "[" * 100_000, "nested too deeply"),
    ("uuid", "6ba7b810", "8-4-4-4-12"),
]


@pytest.mark.parametrize(("kind", "text", "value"), VALID)
def test_valid(kind: str, text: str, value: object):
    """What is valid comes back in its usual form."""
    checked = check(data=text, validation_type=kind)
    assert (checked.valid, checked.value) == (True, value)


@pytest.mark.parametrize(("kind", "text", "problem"), INVALID)
def test_invalid(kind: str, text: str, problem: str):
    """What is not valid comes back with the reason."""
    checked = check(data=text, validation_type=kind)
    assert not checked.valid
    assert problem in checked.problem


def test_range_and_pattern():
    """A number has bounds; a pattern has to match all of the text, within its time."""
    assert check(data="5", validation_type="number", min_value=6).problem == "5 is below 6"
    assert check(data="ab1", validation_type="custom_regex", custom_pattern=r"[a-z]+\d").valid
    assert (
        "does not match" in check(data="ab1 ", validation_type="custom_regex", custom_pattern=r"\w+").problem
    )
    with pytest.raises(ToolFailed, match="needs a custom_pattern"):
        check(data="x", validation_type="custom_regex")
    with pytest.raises(ToolFailed, match="took longer"):
        check(data="a" * 40 + "!", validation_type="custom_regex", custom_pattern="(a+)+b")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_all_json_is_valid(value: object):
    """Whatever json writes is valid JSON."""
    assert check(data=json.dumps(value), validation_type="json").valid


@given(
    st.text(max_size=60), st.sampled_from(["email", "url", "phone", "ip", "date", "number", "json", "uuid"])
)
def test_any_text_is_answered(text: str, kind: str):
    """No text makes a check raise."""
    checked = check(data=text, validation_type=kind)
    assert checked.valid or checked.problem


@pytest.mark.parametrize("kind", ["email", "url", "ip", "date", "number", "uuid"])
def test_long_text_is_not_repeated(kind: str):
    """What is wrong with a long text is told in a few words."""
    checked = check(data="http://x@" + "a." * 40_000, validation_type=kind)
    assert not checked.valid
    assert len(checked.problem) <= 500

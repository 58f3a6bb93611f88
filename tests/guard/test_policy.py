"""What policies say of a call, and how they are written."""

from __future__ import annotations

import pytest

from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.guard.policy import PROFILES, Policy, changes_of, judge, policy_from


@pytest.mark.parametrize(
    ("policy", "permissions", "verdict"),
    [
        ({}, [], "allow"),
        ({}, ["read"], "allow"),
        ({}, ["network"], "ask"),
        ({}, ["read", "write"], "ask"),
        ("safe", ["read"], "allow"),
        ("safe", ["network"], "deny"),
        ("safe", ["execute"], "deny"),
        ("open", ["send", "network"], "allow"),
        ({"allow": "network"}, ["network"], "allow"),
        ({"allow": "network"}, ["network", "send"], "ask"),
        ({"allow": "t"}, ["network", "send"], "allow"),
        ({"allow": "t", "deny": "send"}, ["network", "send"], "deny"),
        ({"allow": "network", "ask": "t"}, ["network"], "ask"),
        ({"ask": "read"}, ["read"], "ask"),
        ({"deny": "t"}, [], "deny"),
        ({"ask": "t"}, [], "ask"),
        ({"deny": "*"}, [], "deny"),
        ({"deny": "*", "allow": "t"}, ["write"], "allow"),
        ({"allow": "*"}, ["write", "send"], "allow"),
        ({"profile": "safe", "allow": "network", "hosts": ["a.org"]}, ["network"], "allow"),
    ],
)
def test_verdicts(policy, permissions: list[str], verdict: str):
    """A denial wins, then what is said of the tool, then the strictest of its permissions."""
    assert judge([policy_from(policy)], "t", permissions, []).verdict == verdict


@pytest.mark.parametrize(
    ("policy", "subject", "verdict"),
    [
        ({}, ("roots", "a.txt"), "allow"),
        ({}, ("roots", "../a.txt"), "deny"),
        ({"roots": "out"}, ("roots", "out/a.txt"), "allow"),
        ({"roots": "out"}, ("roots", "/etc/passwd"), "deny"),
        ({}, ("hosts", "https://example.com/"), "allow"),
        ({}, ("hosts", "http://127.0.0.1/"), "deny"),
        ({}, ("hosts", "file:///etc/passwd"), "deny"),
        ({"hosts": "127.0.0.1"}, ("hosts", "http://127.0.0.1/"), "allow"),
        ({"hosts": "localhost:8000"}, ("hosts", "http://localhost:8000/x"), "allow"),
        ({"hosts": "localhost:8000"}, ("hosts", "http://localhost:9000/x"), "deny"),
        ({"hosts": "*"}, ("hosts", "http://10.0.0.1/"), "deny"),
        ({"hosts": "*.example.com"}, ("hosts", "https://api.example.com/"), "allow"),
        ({"hosts": "*.example.com"}, ("hosts", "https://example.com.evil.org/"), "deny"),
        ({"hosts": "example.com"}, ("hosts", "https://evil.org/"), "deny"),
        ({"hosts": "example.com", "outside": "ask"}, ("hosts", "https://other.org/"), "ask"),
        ({"hosts": "example.com", "outside": "ask"}, ("hosts", "http://10.0.0.1/"), "deny"),
        ({"tables": "orders"}, ("tables", "ORDERS"), "allow"),
        ({"tables": "orders"}, ("tables", "users"), "deny"),
        ({"recipients": "*@example.com"}, ("recipients", "ann@example.com"), "allow"),
        ({"recipients": "*@example.com"}, ("recipients", "ann@example.com.evil.org"), "deny"),
        ({"recipients": []}, ("recipients", "ann@example.com"), "deny"),
    ],
)
def test_arguments_are_kept_within_lists(policy, subject, verdict: str):
    """A folder, host, table or recipient that its list leaves out is denied, whatever the tool may."""
    given = policy_from({"allow": "*", **policy})
    assert judge([given], "t", ["network"], [subject]).verdict == verdict


def test_the_strictest_policy_holds():
    """An agent's policy takes away from the run's, and never adds to it."""
    wide, narrow = policy_from("open"), policy_from({"deny": "send", "allow": "network"})
    assert judge([wide, narrow], "t", ["send"], []).verdict == "deny"
    assert judge([PROFILES["safe"], wide], "t", ["network"], []).verdict == "deny"


def test_policies_are_read_and_told():
    """Names, fields and lists in one text are read; what differs from the default is told."""
    made = policy_from({"allow": "network, write", "roots": ["out"]})
    assert (made.allow, made.roots) == (("network", "write"), ("out",))
    assert changes_of(made) == {"allow": ("network", "write"), "roots": ("out",)}
    assert policy_from(None) is None
    assert policy_from(made) is made


@pytest.mark.parametrize(
    "value", [7, {"roots": 5}, {"allow": [1]}, {"otherwise": "maybe"}, {"outside": "allow"}, []]
)
def test_what_is_no_policy_is_refused(value):
    """A value that makes none is a definition's error."""
    with pytest.raises(DefinitionError):
        policy_from(value)


@pytest.mark.parametrize("value", ["save", {"alow": "network"}, {"profile": "none"}])
def test_misspelt_policies_are_refused(value):
    """A profile or field that there is not is told with its nearest."""
    with pytest.raises(UnknownName):
        policy_from(value)


def test_a_policy_is_frozen():
    """Nobody widens a policy that is in use."""
    with pytest.raises(AttributeError):
        Policy().allow = ("*",)  # type: ignore[misc] - that is the test

"""A policy: what tools may do, by tool, by permission and by argument; and what it says of one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct, structs

from genxai_nb.errors import DefinitionError, Denied, UnknownName

from .visible import visible

if TYPE_CHECKING:
    from .paths import Roots

__all__ = [
    "PERMISSIONS",
    "PROFILES",
    "Judgement",
    "Policy",
    "Subject",
    "SubjectKind",
    "changes_of",
    "judge",
    "policies_of",
    "policy_from",
    "roots_of",
]

PERMISSIONS = ("read", "network", "write", "execute", "send", "secret")

Verdict = Literal["allow", "ask", "deny"]
SubjectKind = Literal["roots", "hosts", "tables", "recipients"]
Subject = tuple[SubjectKind, str]

_RANK: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}
_LISTS = ("allow", "ask", "deny", "roots", "hosts", "tables", "recipients")


class Policy(Struct, frozen=True, kw_only=True):
    """What tools may do.

    A name in ``allow``, ``ask`` or ``deny`` is a tool's, one of the permissions ``read network write execute
    send secret``, or ``*`` for every tool. A denial wins; then what is said of the tool; then the strictest of
    what is said of its permissions. A tool that declares no permission is allowed.

    Attributes:
        allow: What may be done without a question; ``read`` always, unless it is asked about or denied.
        ask: What a person is asked about each time; with nobody to ask, it is denied.
        deny: What may not be done.
        otherwise: What holds for a permission that no list names.
        roots: The folders in which files may be opened.
        hosts: The hosts that may be reached: ``name``, ``name:port``, ``*.domain`` or ``*``; None for every
            public one. Only a host named exactly may be at a private address.
        tables: The tables that may be read or changed, with ``*`` as a wildcard; None for all.
        recipients: To whom may be sent, with ``*`` as a wildcard, such as ``*@example.com``; None for all.
        outside: What holds for a host or recipient that its list does not name: ``deny`` or ``ask``.

    Example:
        >>> policy = Policy(allow=("write",), roots=("out",), deny=("send",))
        >>> judge([policy], "file_writer", ["write"], [("roots", "out/a.txt")]).verdict
        'allow'
        >>> judge([policy], "email_sender", ["send", "network"], []).verdict
        'deny'
    """

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    otherwise: Verdict = "ask"
    roots: tuple[str, ...] = (".",)
    hosts: tuple[str, ...] | None = None
    tables: tuple[str, ...] | None = None
    recipients: tuple[str, ...] | None = None
    outside: Literal["ask", "deny"] = "deny"

    def changed(self) -> dict[str, Any]:
        """The fields that differ from the default ones, as plain data."""
        whole = Policy()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) != getattr(whole, name)
        }


PROFILES: dict[str, Policy] = {
    "default": Policy(),
    "safe": Policy(otherwise="deny", hosts=(), recipients=()),
    "open": Policy(otherwise="allow"),
}
"""Policies by name: ``default`` reads and computes and asks for the rest, ``safe`` refuses the rest, ``open``
asks for nothing. All three keep files in the working folder and requests away from private addresses."""


class Judgement(NamedTuple):
    """What policies say of a call: the verdict, why, and what to do about it.

    ``beyond`` says that an argument is outside a list, so that a person's yes lifts that list for the call.
    """

    verdict: Verdict
    why: str = ""
    hint: str = ""
    beyond: bool = False


ALLOWED = Judgement("allow")


def judge(
    policies: Sequence[Policy], tool: str, permissions: Iterable[str], subjects: Iterable[Subject]
) -> Judgement:
    """Decide on a call by the strictest of the policies.

    Args:
        policies: The run's and the agents'; the default one if there is none.
        tool: The tool's name.
        permissions: What it declares to need.
        subjects: The folders, URLs, tables and recipients among its arguments.
    """
    found = ALLOWED
    needs, about = sorted(permissions), list(subjects)
    for policy in policies or (PROFILES["default"],):
        for judgement in (_by_name(policy, tool, needs), *(_by_subject(policy, one) for one in about)):
            if _RANK[judgement.verdict] > _RANK[found.verdict]:
                found = judgement
            elif judgement.beyond and judgement.verdict == found.verdict:
                found = found._replace(beyond=True)
    return found


def _by_name(policy: Policy, tool: str, needs: list[str]) -> Judgement:
    for name in (tool, *needs):
        if name in policy.deny:
            return Judgement("deny", f"the policy denies {name!r}", "Do without it.")
    if "*" in policy.deny and tool not in policy.allow and tool not in policy.ask:
        return Judgement("deny", "the policy denies every tool that it does not name", "Do without it.")
    if tool in policy.ask:
        return Judgement("ask", f"the policy asks a person about {tool!r}")
    if tool in policy.allow:
        return ALLOWED
    found = ALLOWED
    for need in needs:
        verdict = _of_permission(policy, need)
        if _RANK[verdict] > _RANK[found.verdict]:
            says = "asks a person about" if verdict == "ask" else "denies"
            why = f"it needs {need!r}, which the policy {says}"
            found = Judgement(verdict, why, f"The policy's author can write allow: {need}.")
    return found


def _of_permission(policy: Policy, need: str) -> Verdict:
    if need in policy.ask:
        return "ask"
    if need == "read" or need in policy.allow or "*" in policy.allow:
        return "allow"
    return "ask" if "*" in policy.ask else policy.otherwise


def _by_subject(policy: Policy, subject: Subject) -> Judgement:
    # imported here, so that a run whose tools open nothing loads neither
    from .paths import Roots
    from .urls import host_allowed, read_url

    kind, value = subject
    listed: tuple[str, ...] | None = getattr(policy, kind)
    try:
        if kind == "roots":
            Roots(policy.roots).place(value)
            return ALLOWED
        if kind == "hosts":
            target = read_url(value, policy.hosts, bounded=False)
            value = target.host
            allowed = host_allowed(target.host, target.port, listed)
        else:
            allowed = listed is None or any(
                fnmatchcase(value.casefold(), entry.casefold()) for entry in listed
            )
    except Denied as exc:
        return Judgement("deny", exc.what, exc.hint)
    if allowed:
        return ALLOWED
    why = f"{kind.removesuffix('s')} '{visible(value, 200)}' is not among those that the policy lists"
    hint = f"Listed: {', '.join(listed or ()) or 'none'}."
    if policy.outside == "ask" and kind != "tables":
        return Judgement("ask", why, hint, beyond=True)
    return Judgement("deny", why, hint)


def policy_from(value: Any) -> Policy | None:
    """Read a policy as it is written: a profile's name, its fields, or a policy itself.

    Args:
        value: ``"safe"``, ``{"allow": ["network"], "hosts": ["api.example.com"]}``, a Policy or None. Each list
            may be one text with commas. ``profile`` among the fields names the policy that they change.

    Raises:
        DefinitionError: It is none of these, or a field does not hold what it should.
        UnknownName: There is no such profile or field.

    Example:
        >>> policy_from({"allow": "network, write", "roots": ["out"]}).allow
        ('network', 'write')
    """
    if value is None or isinstance(value, Policy):
        return value
    if isinstance(value, str):
        return _profile(value)
    if not isinstance(value, Mapping):
        raise DefinitionError(
            f"policy is {value!r:.80}.", hint='Write policy="safe" or policy={"allow": ["network"]}.'
        )
    given = dict(value)
    base = _profile(given.pop("profile", "default"))
    for name in given:
        if name not in Policy.__struct_fields__:
            raise UnknownName("field of a policy", str(name), ("profile", *Policy.__struct_fields__))
    return structs.replace(base, **{name: _field(name, item) for name, item in given.items()})


def _profile(name: Any) -> Policy:
    if not isinstance(name, str) or name not in PROFILES:
        raise UnknownName("policy", str(name), PROFILES)
    return PROFILES[name]


def _field(name: str, value: Any) -> Any:
    if name not in _LISTS:
        known = ("deny", "ask") if name == "outside" else tuple(_RANK)
        if value not in known:
            raise DefinitionError(f"policy: {name} is {value!r:.80}.", hint=f"Write {' or '.join(known)}.")
        return value
    if value is None and name in {"hosts", "tables", "recipients"}:
        return None
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Iterable) or not all(isinstance(item, str) for item in items):
        raise DefinitionError(f"policy: {name} is {value!r:.80}.", hint=f"Write {name}: a, b.")
    return tuple(item.strip() for item in items if item.strip())


def changes_of(policy: Policy) -> dict[str, Any]:
    """The fields in which a policy differs from the default one."""
    usual = structs.asdict(PROFILES["default"])
    return {name: value for name, value in structs.asdict(policy).items() if value != usual[name]}


def policies_of(context: Any) -> tuple[Policy, ...]:
    """The policies that a tool works under, from the context of its call; the default one outside of runs."""
    return getattr(context, "policies", ()) or (PROFILES["default"],)


def roots_of(context: Any) -> Roots:
    """The folders in which a tool may open files, from the context of its call."""
    from .paths import Roots

    first, *others = policies_of(context)
    roots = Roots(first.roots)
    for policy in others:
        roots = roots.within(Roots(policy.roots))
    return roots

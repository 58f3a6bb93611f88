"""Running code, in the sandbox that is asked for and in no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen

from genxai_nb.errors import ToolFailed
from genxai_nb.loop import run_in_worker
from genxai_nb.tools.base import tool
from genxai_nb.tools.sandbox.limits import Level, Limits, Ran

__all__ = ["code_executor"]

LONGEST_CODE = 100_000
MEGABYTE = 1024 * 1024

Language = Literal["python", "javascript", "bash"]


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Level safe reaches nothing; level kernel asks by itself, each time."""
    return () if str(arguments.get("level", "safe")) in {"safe", "kernel"} else ("execute",)


@tool(category="computation", tags=["code", "sandbox"], permissions=["execute"], needs=_needs)
async def code_executor(
    code: Annotated[str, MaxLen(LONGEST_CODE)],
    *,
    language: Language = "python",
    level: Level = "safe",
    inputs: dict[str, Any] | None = None,
    timeout: Annotated[float, Interval(ge=0.1, le=300)] = 30,  # noqa: ASYNC109 - a parameter for models
    memory: Annotated[int, Interval(ge=16, le=4096)] = 512,
    context: Any = None,
) -> Ran:
    """Run code in a sandbox and return the value of its last expression and what it printed.

    Level safe is quick and knows a part of Python: no packages, no files, no network. Level isolated is all of
    Python with numpy and pandas, also bash and javascript, without files of this machine and without network;
    what it writes to /tmp is gone afterwards. Level kernel runs in the notebook itself, if a person allows it.

    Args:
        code: The code. Its last line may be an expression whose value is the result.
        language: What it is written in; safe and kernel take python only.
        level: Where it runs.
        inputs: Values of variables that the code finds set, for python.
        timeout: Seconds that it may take.
        memory: Megabytes that it may use.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(code_executor("sum(values) / len(values)", inputs={"values": [1, 2, 6]})).value
        3.0
    """
    given = inputs or {}
    _check(given, language, level)
    limits = Limits(seconds=timeout, memory=memory * MEGABYTE)
    if level == "isolated":
        from genxai_nb.tools.sandbox.isolated import run_isolated

        return await run_isolated(code, given, limits, language)
    if level == "kernel":
        from genxai_nb.tools.sandbox.kernel import run_in_kernel

        return await run_in_kernel(code, given, limits, context)
    from genxai_nb.tools.sandbox.safe import run_safe

    return await run_in_worker(run_safe, code, given, limits)


def _check(inputs: dict[str, Any], language: str, level: str) -> None:
    if language != "python" and level != "isolated":
        raise ToolFailed(f"Level {level} runs python only, not {language}.", hint="Take level isolated.")
    if inputs and language != "python":
        raise ToolFailed(f"{language} takes no inputs.", hint="Write the values into the code.")
    wrong = next((name for name in inputs if not name.isidentifier()), None)
    if wrong is not None:
        raise ToolFailed(f"Input {wrong!r} is no name of a variable.")

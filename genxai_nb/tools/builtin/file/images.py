"""Looking at images and changing them, in a process of their own: a crafted one can ask for any time and memory."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from annotated_types import Interval
from msgspec import Struct, convert

from genxai_nb.errors import MissingPackage, ToolFailed
from genxai_nb.guard.policy import roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.outcome import Outcome

__all__ = ["Picture", "ask_image", "image_processor"]

LARGEST = 50 * 1024 * 1024
LARGEST_COPY = 250 * 1024 * 1024
LONGEST_SIDE = 10_000

_CHILD = str(Path(__file__).with_name("image_reader.py"))
_DONE = {"analyze": "read", "resize": "resized", "convert": "converted", "thumbnail": "made smaller"}

Format = Literal["JPEG", "PNG", "GIF", "BMP", "WEBP"]
Operation = Literal["analyze", "resize", "convert", "thumbnail"]
Side = Annotated[int, Interval(ge=1, le=LONGEST_SIDE)]


class Picture(Struct, Outcome, frozen=True, omit_defaults=True):
    """An image.

    Attributes:
        path: The file that it is about: the one that was written, or the one that was analyzed.
        format: Its format.
        mode: How its pixels are kept, such as RGB.
        width: Its width in pixels.
        height: Its height in pixels.
        size: The bytes of the file.
        frames: How many frames it has.
        transparent: Some of its pixels are transparent.
        color: The mean colour as #rrggbb, of what was analyzed.
        brightness: The mean brightness from 0 to 1, of what was analyzed.
    """

    path: str
    format: str
    mode: str
    width: int
    height: int
    size: int
    frames: int = 1
    transparent: bool = False
    color: str = ""
    brightness: float | None = None


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("read",) if arguments.get("operation") == "analyze" else ("read", "write")


@tool(
    category="file",
    tags=["image"],
    timeout=90,
    idempotent=True,
    permissions=["read", "write"],
    needs=_needs,
    subjects={"file_path": "roots", "output_path": "roots"},
)
def image_processor(
    file_path: str,
    operation: Operation,
    *,
    width: Side | None = None,
    height: Side | None = None,
    output_format: Format | None = None,
    output_path: str | None = None,
    timeout: Annotated[float, Interval(ge=1, le=60)] = 30,
    context: Any = None,
) -> Picture:
    """Look at an image, or write a changed copy of it.

    A copy goes without the camera's notes and places.

    Args:
        file_path: The image, relative to the working folder: JPEG, PNG, GIF, BMP or WEBP.
        operation: analyze tells size, format and colours; resize makes it exactly as large as said, or keeps
            its shape if one side is said; thumbnail makes it fit into a size; convert changes its format.
        width: The new width in pixels.
        height: The new height in pixels.
        output_format: The format of the copy; by default that of the image.
        output_path: Where the copy goes; needed by all but analyze.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> from PIL import Image
        >>> Image.new("RGB", (40, 20), "red").save("red.png")
        >>> made = image_processor("red.png", "thumbnail", width=10, height=10, output_path="small.png")
        >>> made.width, made.height, image_processor("small.png", "analyze").color
        (10, 5, '#ff0000')
    """
    if operation in {"resize", "thumbnail"} and width is None and height is None:
        raise ToolFailed(f"Operation {operation} needs a width or a height.")
    if operation != "analyze" and output_path is None:
        raise ToolFailed(f"Operation {operation} needs an output_path.", hint="Say where the copy goes.")
    asked = {"operation": operation, "width": width, "height": height, "format": output_format}
    roots = roots_of(context)
    with roots.open(file_path) as file:
        if output_path is None or operation == "analyze":
            said = ask_image(file, file_path, asked, seconds=timeout)
            return convert({"path": file_path, "size": file.seek(0, 2), **said}, Picture)
        with roots.replace(output_path) as target:
            said = ask_image(file, file_path, asked, target, seconds=timeout)
            return convert({"path": output_path, "size": target.seek(0, 2), **said}, Picture)


def ask_image(
    file: BinaryIO,
    path: str,
    asked: Mapping[str, Any],
    target: BinaryIO | None = None,
    *,
    seconds: float,
) -> dict[str, Any]:
    """Look at an image, or write a changed copy of it, and tell the format, mode, width and height of which it is.

    Args:
        file: The image.
        path: Its name, for errors.
        asked: The ``operation``, ``width``, ``height`` and ``format``, as of `image_processor`.
        target: Where the copy goes.
        seconds: How long it may take.

    Raises:
        ToolFailed: It is no image, or too large, or takes too long.
        MissingPackage: Pillow is not installed.
    """
    if importlib.util.find_spec("PIL") is None:
        raise MissingPackage("pillow", "tools")
    if file.seek(0, 2) > LARGEST:
        raise ToolFailed(f"{path!r} is larger than {LARGEST} bytes.")
    file.seek(0)
    return ask_child(
        _CHILD,
        {"longest": LONGEST_SIDE, **asked},
        file,
        seconds=seconds,
        what=repr(path),
        done=_DONE[asked["operation"]],
        hint="Take a smaller image, or give it more time.",
        disk=LARGEST_COPY,
        into=target,
    )

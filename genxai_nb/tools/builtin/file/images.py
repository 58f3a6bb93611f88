"""Looking at images and changing them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from annotated_types import Interval
from msgspec import Struct

from genxai_nb.errors import MissingPackage, ToolFailed
from genxai_nb.guard.policy import roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Picture", "image_processor"]

MOST_PIXELS = 50_000_000
LARGEST = 50 * 1024 * 1024
LONGEST_SIDE = 10_000
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")  # the formats that are read: none runs another program

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
    timeout=60,
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
        context: The context of the call.

    Example:
        >>> from PIL import Image
        >>> Image.new("RGB", (40, 20), "red").save("red.png")
        >>> made = image_processor("red.png", "thumbnail", width=10, height=10, output_path="small.png")
        >>> made.width, made.height, image_processor("small.png", "analyze").color
        (10, 5, '#ff0000')
    """
    roots = roots_of(context)
    with roots.open(file_path) as file, open_image(file, file_path) as image:
        kind = image.format or "PNG"
        if operation == "analyze":
            return _told(image, file_path, kind, file.seek(0, 2))
        if output_path is None:
            raise ToolFailed(f"Operation {operation} needs an output_path.", hint="Say where the copy goes.")
        kind = output_format or kind
        made = _sized(image, operation, width, height)
        with roots.replace(output_path) as target:
            _save(made, target, kind)
            size = target.tell()
        return Picture(output_path, kind, made.mode, made.width, made.height, size)


@contextmanager
def open_image(file: BinaryIO, path: str) -> Iterator[Image]:
    """Open an image whose pixels are read only after its size was looked at.

    Raises:
        ToolFailed: It is none, or too large.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as exc:
        raise MissingPackage("pillow", "tools") from exc
    if file.seek(0, 2) > LARGEST:
        raise ToolFailed(f"{path!r} is larger than {LARGEST} bytes.")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its limit is not ours
            with Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    what = f"{path!r} has {image.width} x {image.height} pixels"
                    raise ToolFailed(f"{what}, more than {MOST_PIXELS}.", hint="Take a smaller image.")
                yield image
    except UnidentifiedImageError as exc:
        raise ToolFailed(f"{path!r} is no {', '.join(FORMATS)} image.") from exc
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise ToolFailed(f"{path!r} cannot be read or written as an image: {exc}.") from exc


def _told(image: Image, path: str, kind: str, size: int) -> Picture:
    frames = int(getattr(image, "n_frames", 1))
    image.load()
    small = image.convert("RGBA").resize((min(image.width, 64), min(image.height, 64)))
    pixels = small.tobytes()
    colours = [sum(pixels[channel::4]) / (len(pixels) // 4) for channel in range(3)]
    brightness = (0.2126 * colours[0] + 0.7152 * colours[1] + 0.0722 * colours[2]) / 255
    return Picture(
        path=path,
        format=kind,
        mode=image.mode,
        width=image.width,
        height=image.height,
        size=size,
        frames=frames,
        transparent=min(pixels[3::4]) < 255,
        color="#" + "".join(f"{round(colour):02x}" for colour in colours),
        brightness=round(brightness, 3),
    )


def _sized(image: Image, operation: Operation, width: int | None, height: int | None) -> Image:
    if operation == "convert":
        return image.copy()
    if width is None and height is None:
        raise ToolFailed(f"Operation {operation} needs a width or a height.")
    if operation == "thumbnail":
        made = image.copy()
        made.thumbnail((width or LONGEST_SIDE, height or LONGEST_SIDE))
        return made
    across = width or max(1, round(image.width * (height or 1) / image.height))
    down = height or max(1, round(image.height * (width or 1) / image.width))
    if across * down > MOST_PIXELS or max(across, down) > LONGEST_SIDE:
        raise ToolFailed(f"{across} x {down} pixels are too many.", hint="Choose a smaller size.")
    return image.resize((across, down))


def _save(image: Image, target: BinaryIO, kind: str) -> None:
    if kind == "JPEG" and image.mode not in {"RGB", "L", "CMYK"}:
        image = image.convert("RGB")
    if kind in {"BMP", "WEBP"} and image.mode not in {"RGB", "RGBA", "L"}:
        image = image.convert("RGB")
    image.info.clear()  # comments, profiles, the camera's notes
    image.save(target, format=kind)

"""Looks at an image and makes changed copies of it in a child process, for ``image_processor``."""

from __future__ import annotations

import io
import warnings

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from PIL.Image import Image

MOST_PIXELS = 50_000_000
# the modes that each format holds
KEPT = {
    "JPEG": {"RGB", "L", "CMYK"},
    "PNG": {"RGB", "RGBA", "L", "LA", "P", "1", "I", "I;16"},
    "GIF": {"RGB", "RGBA", "L", "LA", "P", "1"},
    "BMP": {"RGB", "RGBA", "L"},
    "WEBP": {"RGB", "RGBA", "L"},
}
FORMATS = tuple(KEPT)  # the formats that are read: none runs another program


def refuse(what: str, hint: str = "") -> NoReturn:
    """Say why it cannot be done."""
    raise SystemExit({"wrong": what, "hint": hint})


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """What an image is like, or that of the copy that is written to the file ``into``."""
    from PIL import Image, UnidentifiedImageError, WebPImagePlugin  # noqa: F401 - else all plugins are imported

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its limit is not ours
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return done(image, asked)
    except UnidentifiedImageError:
        refuse(f"it is no {', '.join(FORMATS)} image")
    except (MemoryError, RecursionError):
        raise
    except Exception as exc:  # noqa: BLE001 - a damaged image can make the reader raise anything
        refuse(f"it is damaged or cannot be kept as such an image ({type(exc).__name__}: {str(exc)[:200]})")


def done(image: Image, asked: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked with an image; its pixels are unpacked only after its size was looked at."""
    if image.width * image.height > MOST_PIXELS:
        what = f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS}"
        refuse(what, "Take a smaller image.")
    kind = image.format or "PNG"
    if asked["operation"] == "analyze":
        return {**shape(image, kind), **looks(image)}
    kind = asked["format"] or kind
    made = fitting(sized(image, asked), kind)
    made.info.clear()  # comments, profiles, the camera's notes
    with open(asked["into"], "wb", closefd=False) as target:
        made.save(target, format=kind)
    return shape(made, kind)


def shape(image: Image, kind: str) -> dict[str, Any]:
    """Format, mode and size."""
    return {"format": kind, "mode": image.mode, "width": image.width, "height": image.height}


def looks(image: Image) -> dict[str, Any]:
    """Frames, transparency, mean colour and brightness."""
    frames = int(getattr(image, "n_frames", 1))
    image.load()
    small = image.convert("RGBA").resize((min(image.width, 64), min(image.height, 64)))
    pixels = small.tobytes()
    colours = [sum(pixels[channel::4]) / (len(pixels) // 4) for channel in range(3)]
    brightness = (0.2126 * colours[0] + 0.7152 * colours[1] + 0.0722 * colours[2]) / 255
    return {
        "frames": frames,
        "transparent": min(pixels[3::4]) < 255,
        "color": "#" + "".join(f"{round(colour):02x}" for colour in colours),
        "brightness": round(brightness, 3),
    }


def sized(image: Image, asked: dict[str, Any]) -> Image:
    """A copy of the size that is asked for."""
    operation, width, height = asked["operation"], asked["width"], asked["height"]
    if operation == "convert":
        return image.copy()
    if operation == "thumbnail":
        made = image.copy()
        made.thumbnail((width or asked["longest"], height or asked["longest"]))
        return made
    across = width or max(1, round(image.width * (height or 1) / image.height))
    down = height or max(1, round(image.height * (width or 1) / image.width))
    if across * down > MOST_PIXELS or max(across, down) > asked["longest"]:
        refuse(f"{across} x {down} pixels are too many", "Choose a smaller size.")
    return image.resize((across, down))


def fitting(image: Image, kind: str) -> Image:
    """An image with its pixels as a format can hold them."""
    held = KEPT[kind]
    if image.mode in held:
        return image
    return image.convert("RGBA" if image.has_transparency_data and "RGBA" in held else "RGB")

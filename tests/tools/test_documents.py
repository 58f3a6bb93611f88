"""Tools for images and PDF documents: real files made here, and files made to harm."""

from __future__ import annotations

import re
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from data_bombs import moving_gif
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

image, pdf = find("image_processor"), find("pdf_parser")


def painted(path: str, size: tuple[int, int] = (60, 30), **options) -> None:
    Image.new("RGB", size, (255, 0, 0)).save(path, **options)


def document(path: str, *pages: str, title: str = "Report", password: str = "") -> None:
    """A PDF whose pages hold these texts."""
    made = PdfWriter()
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"),
        NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    for text in pages:
        page = made.add_blank_page(300, 300)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = content
    made.add_metadata({"/Title": title})
    if password:
        made.encrypt(password, algorithm="RC4-128")
    made.write(path)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def empty_png(path: str, side: int) -> None:
    """A square PNG without any colour, made line by line."""
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(bytes(4 * side + 1)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    Path(path).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_images_are_analyzed_and_converted(kind: str):
    """Each format is written and read."""
    painted("in.png")
    made = image("in.png", "convert", output_format=kind, output_path="out")
    assert (made.format, made.width, made.height) == (kind, 60, 30)
    found = image("out", "analyze")
    assert (found.format, found.width, found.size) == (kind, 60, Path("out").stat().st_size)
    assert found.color[1:2] == "f"
    assert found.brightness == pytest.approx(0.21, abs=0.01)


@pytest.mark.parametrize(
    ("operation", "options", "size"),
    [
        ("resize", {"width": 10, "height": 10}, (10, 10)),
        ("resize", {"width": 20}, (20, 10)),
        ("resize", {"height": 15}, (30, 15)),
        ("thumbnail", {"width": 20, "height": 20}, (20, 10)),
    ],
)
def test_images_are_resized(operation: str, options: dict, size: tuple[int, int]):
    """A side that is not said follows from the shape."""
    painted("in.png")
    made = image("in.png", operation, output_path="out.png", **options)
    assert (made.width, made.height) == size


def test_a_copy_goes_without_the_notes_of_the_camera():
    """What an image says of place and camera stays behind."""
    exif = Image.Exif()
    exif[0x010F] = "canary-camera"
    painted("in.jpg", exif=exif, comment=b"canary-place")
    image("in.jpg", "convert", output_path="out.jpg")
    assert Path("in.jpg").read_bytes().count(b"canary") == 2
    assert b"canary" not in Path("out.jpg").read_bytes()


def test_transparency_and_frames_are_told():
    """Frames are counted and transparent pixels seen."""
    Image.new("RGBA", (4, 4), (0, 0, 255, 10)).save("clear.png")
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 100, 200)]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    assert image("clear.png", "analyze").transparent
    assert image("moving.gif", "analyze").frames == 3


def test_image_bombs_are_refused():
    """An image of more pixels than the limit is refused before they are unpacked."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    Path("bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(ToolFailed, match="pixels"):
        image("bomb.png", "analyze")
    painted("in.png")
    with pytest.raises(ToolFailed, match="too many"):
        image("in.png", "resize", width=9000, height=9000, output_path="out.png")


def test_pixels_are_unpacked_elsewhere():
    """A small file of 200 MB of pixels, the most that is read, does not make this process grow."""
    empty_png("large.png", 7000)
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew
    before = psutil.Process().memory_info().rss
    assert image("large.png", "analyze").transparent
    assert image("large.png", "thumbnail", width=10, output_path="small.png").height == 10
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))[1]) * 1024
    assert peak - before < 50_000_000


def test_an_image_of_too_many_frames_is_stopped():
    """Counting the frames of a GIF ends with the time that it may take; some thousand are counted."""
    Path("some.gif").write_bytes(moving_gif(5_000))
    assert image("some.gif", "analyze").frames == 5_000
    Path("many.gif").write_bytes(moving_gif(2_000_000))
    with pytest.raises(ToolFailed, match=r"'many.gif' took longer than 1 s. Take a smaller image"):
        image("many.gif", "analyze", timeout=1)


def test_a_copy_that_cannot_be_made_leaves_the_old_one():
    """What a format cannot hold is told, and what was there stays; a picture for print becomes one for screens."""
    Image.new("1", (1, 20_000)).save("long.png")
    Path("out.webp").write_text("old", "utf-8")
    with pytest.raises(ToolFailed, match=r"'long.png' cannot be converted: .* kept as such an image"):
        image("long.png", "convert", output_format="WEBP", output_path="out.webp")
    assert sorted(path.name for path in Path().iterdir()) == ["long.png", "out.webp"]
    assert Path("out.webp").read_text("utf-8") == "old"
    Image.new("CMYK", (4, 4)).save("print.jpg")
    for kind in ("PNG", "GIF", "BMP", "WEBP", "JPEG"):
        assert image("print.jpg", "convert", output_format=kind, output_path="out").format == kind


def test_clear_pixels_stay_clear():
    """A palette with a transparent colour goes to a format that has no palettes, and its copy says how it is kept."""
    Image.new("P", (4, 4), 0).save("in.gif", transparency=0)
    made = image("in.gif", "convert", output_format="WEBP", output_path="out.webp")
    assert (made.mode, image("out.webp", "analyze").transparent) == ("RGBA", True)
    assert image("in.gif", "convert", output_format="JPEG", output_path="out.jpg").mode == "RGB"


def test_what_is_no_image_is_told():
    """Text, a postscript program and a cut file are refused in words."""
    Path("a.txt").write_text("text", encoding="utf-8")
    Path("a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    painted("in.png", (500, 500))
    Path("cut.png").write_bytes(Path("in.png").read_bytes()[:-400])
    painted("in.jpg", (500, 500), quality=95)
    Path("cut.jpg").write_bytes(Path("in.jpg").read_bytes()[:-1500])
    for path in ("a.txt", "a.eps", "cut.png", "cut.jpg"):
        with pytest.raises(ToolFailed, match="image"):
            image(path, "analyze")
    with pytest.raises(ToolFailed, match="output_path"):
        image("in.png", "convert")
    with pytest.raises(ToolFailed, match="width or a height"):
        image("in.png", "resize", output_path="out.png")


def test_documents_are_read():
    """Text comes by page, with the metadata."""
    document("a.pdf", "first page", "second page", "third page")
    found = pdf("a.pdf", page_range="1, 3-")
    assert [(page.number, page.text.strip()) for page in found.pages] == [
        (1, "first page"),
        (3, "third page"),
    ]
    assert (found.page_count, found.metadata["title"], found.truncated) == (3, "Report", False)
    assert pdf("a.pdf", extract_text=False, extract_metadata=False).pages == []


@pytest.mark.parametrize("wanted", ["0", "4", "3-1", "x", "1-x", ""])
def test_pages_that_are_not_there_are_told(wanted: str):
    """A range outside the document names the pages that it has, or how to write it."""
    document("a.pdf", "one", "two", "three")
    with pytest.raises(ToolFailed, match=r"pages 1 to 3|Write all"):
        pdf("a.pdf", page_range=wanted)


def test_metadata_have_a_size():
    """Of hundreds of notes in a document a hundred are told, the long ones by their beginning."""
    made = PdfWriter()
    made.add_blank_page(9, 9)
    made.add_metadata({f"/{number}{'n' * 600}": "x" * 600 for number in range(300)})
    made.write("notes.pdf")
    found = pdf("notes.pdf").metadata
    assert len(found) == 100
    assert max(map(len, (*found, *found.values()))) <= 500


def test_locked_documents_are_told():
    """A document with a password says so."""
    document("a.pdf", "one", password="secret")
    with pytest.raises(ToolFailed, match="password"):
        pdf("a.pdf")


def test_documents_that_would_not_end_are_stopped():
    """A page tree that goes round, and a stream that unpacks without bound, end in an error or within limits."""
    document("a.pdf", "one")
    data = Path("a.pdf").read_bytes()
    Path("round.pdf").write_bytes(data.replace(b"/Kids [ ", b"/Kids [ 1 0 R "))
    packed = zlib.compress(zlib.compress(bytes(400_000_000), 9), 9)
    stream = b"4 0 obj\n<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(packed)
    Path("bomb.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>\nendobj\n"
        + stream + packed + b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF"
    )  # fmt: skip
    for path in ("round.pdf", "bomb.pdf"):
        try:
            found = pdf(path, timeout=3)
        except ToolFailed:
            continue
        assert len(found.pages) <= 2


@settings(max_examples=4)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_an_error_in_words(data: bytes):
    """No content makes the tools fail in another way."""
    Path("fuzz").write_bytes(b"%PDF-1.4\n" + data)
    with suppress(ToolFailed):
        pdf("fuzz")
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF....WEBP", b"BM"):
        Path("fuzz").write_bytes(start + data)
        with suppress(ToolFailed):
            image("fuzz", "analyze")

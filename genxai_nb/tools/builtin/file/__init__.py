"""Files under the policy's roots: texts, folders, archives, images, PDF documents."""

from .archives import file_compressor
from .folders import directory_scanner
from .images import image_processor
from .pdf import pdf_parser
from .texts import file_reader, file_writer

__all__ = [
    "directory_scanner",
    "file_compressor",
    "file_reader",
    "file_writer",
    "image_processor",
    "pdf_parser",
]

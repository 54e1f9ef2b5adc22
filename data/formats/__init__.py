"""Loaders for the data sets that people already have, and for the project's own."""

from mathocr.data.formats.loading import FORMATS, content_of, detect, load_crops, load_pages
from mathocr.data.samples import CropSample, FormatError, PageSample

__all__ = ["FORMATS", "CropSample", "FormatError", "PageSample", "content_of", "detect", "load_crops", "load_pages"]

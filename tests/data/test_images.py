"""Every kind of good and bad file is drawn here, read, and judged by its pixels or by its message."""

import io
import os
import struct
import zlib

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from mathocr.data.images import ImageError, open_pages, pixel_limit, read_image, readable_name


def encode(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.fixture
def gradient() -> np.ndarray:
    """Differs along both axes and channels, so that swapped axes or channels show: (40, 60, 3)."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([y * 6, x * 4, np.full_like(x, 30)], axis=-1).astype(np.uint8)


def blank_pdf(pages: int, size: tuple[float, float] = (144.0, 72.0)) -> bytes:
    document = pdfium.PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def encrypted_pdf() -> bytes:
    """A PDF whose stored password hash is that of no empty password."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 144 72] >>",
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + b"ab" * 32 + b"> /U <" + b"cd" * 32 + b"> >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<" + b"01" * 16 + b"> <" + b"01" * 16 + b">] >>\n"
    return out + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that claim to be a huge PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_give_the_same_pixels(gradient, format):
    assert np.array_equal(read_image(encode(Image.fromarray(gradient), format)), gradient)


def test_gray_stays_two_dimensional(gradient):
    gray = gradient[..., 0]
    assert np.array_equal(read_image(encode(Image.fromarray(gray), "PNG")), gray)


def test_one_bit_is_black_and_white():
    bits = Image.new("1", (8, 4), 1)
    bits.putpixel((3, 2), 0)
    image = read_image(encode(bits, "PNG"))
    assert image.dtype == np.uint8 and image.shape == (4, 8)
    assert image[2, 3] == 0 and image.sum() == 31 * 255


def test_renamed_file_is_read_by_its_content(tmp_path, gradient):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(Image.fromarray(gradient), "PNG"))
    assert np.array_equal(read_image(path), gradient)
    path.write_bytes(blank_pdf(1))
    assert read_image(path).shape == (150, 300, 3)


def test_palette_gives_its_colours():
    palette = Image.new("P", (5, 4), 1)
    palette.putpalette([0, 0, 0, 200, 100, 50])
    assert (read_image(encode(palette, "PNG")) == [200, 100, 50]).all()


def test_palette_transparency_goes_onto_white():
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([9, 9, 9, 0, 0, 0])
    palette.paste(1, (2, 2, 4, 4))
    image = read_image(encode(palette, "PNG", transparency=0))
    assert (image[0, 0] == 255).all() and (image[3, 3] == 0).all()


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (60, 255), (255, 0), (230, 0)])
def test_ink_on_a_transparent_ground_is_put_on_the_paper_that_shows_it(ink, paper):
    pixels = np.zeros((20, 40, 4), np.uint8)
    pixels[8:12, 10:30] = (ink, ink, ink, 255)
    image = read_image(encode(Image.fromarray(pixels), "PNG"))
    assert image.shape == (20, 40, 3)
    assert (image[0, 0] == paper).all() and (image[10, 20] == ink).all()


def test_white_page_with_transparent_rim_stays_on_white():
    pixels = np.full((40, 40, 4), 255, np.uint8)
    pixels[:2, :, 3] = 0
    pixels[20, 5:30, :3] = 0
    image = read_image(encode(Image.fromarray(pixels), "PNG"))
    assert (image[0, 0] == 255).all() and (image[20, 10] == 0).all()


def test_half_transparent_ink_is_mixed():
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[5, 5, 3] = 128
    assert read_image(encode(Image.fromarray(pixels), "PNG"))[5, 5, 0] == 127


@pytest.mark.parametrize("top", [65535, 3000])
def test_sixteen_bits_become_eight_also_from_a_twelve_bit_sensor(top):
    values = np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)
    image = read_image(encode(Image.fromarray(values), "PNG"))
    assert image.dtype == np.uint8
    assert image[0, 0] == 0 and image[-1, -1] == 255 and abs(int(image[4, 0]) - 130) <= 1


def test_floating_point_is_stretched():
    values = np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)
    image = read_image(encode(Image.fromarray(values), "TIFF"))
    assert image[0, 0] == 0 and image[-1, -1] == 255


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_keeps_black_ink_on_white_paper(format):
    image = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (8, 8, 24, 24))
    pixels = read_image(encode(image, format))
    assert pixels.shape == (32, 32, 3)
    assert pixels[2, 2].min() > 240 and pixels[16, 16].max() < 15


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation_is_applied(format):
    upright = Image.new("L", (60, 40), 255)
    upright.paste(0, (0, 0, 20, 10))  # dark corner, top left
    exif = Image.Exif()
    exif[0x0112] = 6  # the file shows the picture turned; a viewer turns it by 90 degrees clockwise
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    image = read_image(encode(stored, format, exif=exif))
    assert image.shape[:2] == (40, 60)
    assert image[3, 3].max() < 40 and image[35, 55].min() > 215


def test_animation_gives_its_first_frame(gradient):
    frames = [Image.new("L", (30, 20), level) for level in (255, 0, 90)]
    blob = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with open_pages(blob) as pages:
        assert pages.count == 1
        assert (pages.read(1) == 255).all()


def test_multi_page_tiff_gives_its_pages_in_any_order():
    frames = [Image.new("L", (30, 20 + level), level) for level in (10, 20, 30)]
    blob = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with open_pages(blob) as pages:
        assert pages.count == 3
        for number in (3, 1, 2):
            page = pages.read(number)
            assert page.shape == (20 + 10 * number, 30) and (page == 10 * number).all()
        with pytest.raises(ImageError, match="no page 4, the file has 3"):
            pages.read(4)


def test_one_pixel_is_an_image():
    assert read_image(encode(Image.new("L", (1, 1), 7), "PNG")).tolist() == [[7]]


def test_names_are_one_line_and_keep_the_blanks_that_screenshots_have():
    assert readable_name("a\n\x1b[31mb\u2028.png") == "a\ufffd\ufffd[31mb\ufffd.png"
    assert readable_name("1.23\u202fPM 数\u00a0x.png") == "1.23\u202fPM 数\u00a0x.png"


def test_file_name_that_is_not_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 (a bytes path)
            file.write(encode(Image.new("L", (3, 2), 9), "PNG"))
    except OSError as error:
        pytest.skip(f"this file system takes UTF-8 names alone: {error}")
    assert read_image(os.fsdecode(path)).shape == (2, 3)
    assert readable_name(os.fsdecode(path)).endswith("caf\ufffd.png")
    with pytest.raises(ImageError) as caught:
        read_image(os.fsdecode(path + b"x"))
    str(caught.value).encode("utf-8")


def test_huge_image_is_refused_from_its_header(tmp_path):
    with pytest.raises(ImageError, match=r"30000 x 30000 pixels|more pixels than the limit"):
        read_image(png_claiming(30_000, 30_000))
    with pytest.raises(ImageError, match=r"11000 x 10000 pixels is over the limit of 100,000,000.*--max-pixels"):
        read_image(png_claiming(11_000, 10_000))


def test_limit_can_be_raised_and_lowered(monkeypatch):
    blob = encode(Image.new("L", (100, 100), 255), "PNG")
    with pytest.raises(ImageError, match="100 x 100 pixels is over the limit of 9,999"):
        read_image(blob, max_pixels=9999)
    monkeypatch.setenv("MATHOCR_MAX_PIXELS", "500")
    with pytest.raises(ImageError, match="limit of 500"):
        read_image(blob)
    assert read_image(blob, max_pixels=10_000).shape == (100, 100)
    monkeypatch.setenv("MATHOCR_MAX_PIXELS", "many")
    with pytest.raises(ValueError, match="whole number above 0, got 'many'"):
        pixel_limit()


def test_raised_limit_reaches_the_decoder():
    """Past the size check the claim is found out to be empty: the limit no longer speaks."""
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(png_claiming(20_000, 10_000), max_pixels=400_000_000)


def test_huge_pdf_page_is_refused_before_it_is_drawn():
    with (
        open_pages(blank_pdf(1, (14_400, 14_400)), name="wall.pdf") as pages,
        pytest.raises(ImageError, match=r"wall.pdf: page 1: 30000 x 30000 pixels is over the limit"),
    ):
        pages.read(1)


def test_pdf_pages_at_a_resolution():
    with open_pages(blank_pdf(2), dpi=100) as pages:
        assert pages.count == 2
        page = pages.read(2)
    assert page.shape == (100, 200, 3) and page.dtype == np.uint8 and (page == 255).all()


def bad_files(gradient: np.ndarray) -> dict[str, tuple[bytes, str]]:
    image = Image.fromarray(np.tile(gradient, (8, 8, 1)))
    jpeg, png = encode(image, "JPEG"), encode(image, "PNG")
    return {
        "empty.png": (b"", "the file is empty"),
        "note.png": (("just some text, größer\n" * 300).encode(), "text, not an image"),
        "drawing.png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        "short.jpg": (jpeg[: len(jpeg) // 2], "truncated or damaged image"),
        "short.png": (png[: len(png) // 2], "truncated or damaged image"),
        "stub.png": (png[:20], "damaged"),
        "noise.png": (bytes(range(256)) * 20, "not an image or PDF"),
        "photo.jpg": (b"\0\0\0\x18ftypheic" + b"\0" * 90, "HEIC"),
        "report.png": (b"PK\x03\x04" + b"\0" * 90, "ZIP or Office"),
        "locked.pdf": (encrypted_pdf(), "encrypted"),
        "broken.pdf": (b"%PDF-1.4\n" + b"nothing of use " * 20, "damaged PDF"),
        "cut.pdf": (blank_pdf(1)[:90], "damaged PDF"),
    }


BAD_NAMES = [
    *["empty.png", "note.png", "drawing.png", "short.jpg", "short.png", "stub.png", "noise.png", "photo.jpg"],
    *["report.png", "locked.pdf", "broken.pdf", "cut.pdf"],
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_file_is_refused_in_one_line_that_names_it(tmp_path, gradient, name, capfd):
    blob, reason = bad_files(gradient)[name]
    path = tmp_path / name
    path.write_bytes(blob)
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""  # no decoder speaks past the message


def test_missing_file_folder_and_unreadable_file(tmp_path):
    with pytest.raises(ImageError, match=r"gone.png: no such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)


def test_dpi_must_be_positive():
    with pytest.raises(ValueError, match="dpi must be above 0, got 0"):
        open_pages(blank_pdf(1), dpi=0)

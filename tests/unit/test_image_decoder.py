"""Files of every kind -> upright RGB, or one sentence about what is wrong with them."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from image_decoder.pictures import LARGEST, LONGEST_FRAME, MOST_SCANS, PictureError, decode
from image_decoder.scaling import fit, stretch
from tests.unit import icc

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 64, 48


@pytest.fixture(scope="module")
def scene() -> Pixels:
    """A gradient that differs in every corner and channel, with a square in it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = np.asarray(np.stack([4 * x, 5 * y, 255 - 2 * (x + y)], axis=2), np.uint8)
    pixels[8:20, 40:56] = (250, 20, 60)
    return pixels


def file(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ppm(pixels: Pixels) -> bytes:
    return b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def off(found: Pixels, expected: Pixels) -> float:
    """Mean difference in gray levels."""
    assert found.shape == expected.shape
    assert found.dtype == np.uint8
    return float(np.abs(found.astype(int) - expected).mean())


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PPM", {}, 0),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 4),
        ("JPEG", {"quality": 95}, 4),
        ("JPEG", {"quality": 95, "progressive": True}, 4),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 4),
    ],
)
def test_every_format(scene: Pixels, kind: str, options: dict[str, object], tolerance: float) -> None:
    picture = decode(file(Image.fromarray(scene), kind, **options))
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert off(picture.frame, scene) <= tolerance


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "RGBA"])
def test_every_mode_is_what_pillow_shows(scene: Pixels, mode: str) -> None:
    image = Image.fromarray(scene).convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    expected = np.asarray(image.convert("RGB"))
    assert off(decode(file(image, kind)).frame, expected) < (6 if mode == "CMYK" else 0.01)


def test_inverted_ycck_is_not_a_negative(scene: Pixels) -> None:
    """Adobe stores CMYK as YCCK, inverted: 255 is no ink. Marked so, as by Photoshop, colors stay."""
    marked = bytearray(file(Image.fromarray(scene).convert("CMYK"), "JPEG", quality=95))
    adobe = marked.find(b"Adobe")
    assert marked[adobe + 11] == 0, "Pillow writes Adobe's marker, without a transform"
    assert off(decode(bytes(marked)).frame, scene) < 6


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(scene: Pixels, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file(Image.fromarray(scene), kind, exif=exif)
    picture = decode(data)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert np.array_equal(picture.frame, expected)
    assert (picture.height, picture.width) == expected.shape[:2]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0nonsense"])
def test_broken_exif_is_no_reason_to_refuse(scene: Pixels, exif: bytes) -> None:
    picture = decode(file(Image.fromarray(scene), "JPEG", exif=exif, quality=95))
    assert off(picture.frame, scene) < 4


def test_sixteen_bits_are_scaled() -> None:
    gray = np.linspace(0, 65_535, WIDTH * HEIGHT).astype(np.uint16).reshape(HEIGHT, WIDTH)
    frame = decode(file(Image.fromarray(gray), "PNG")).frame
    assert np.abs(frame[:, :, 1] - gray / 257).max() <= 0.5
    color = _png(WIDTH, HEIGHT, 2, 16, np.repeat(gray[:, :, None], 3, axis=2).astype(">u2").tobytes())
    assert np.abs(decode(color).frame[:, :, 2] - gray / 257).max() <= 1


def test_what_is_transparent_is_white(scene: Pixels) -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, :32], alpha[:, 32:40] = 255, 128
    frame = decode(file(Image.fromarray(np.dstack([scene, alpha])), "PNG")).frame
    assert np.array_equal(frame[:, :32], scene[:, :32])
    assert (frame[:, 40:] == 255).all()
    assert off(frame[:, 32:40], ((scene[:, 32:40].astype(int) + 255) // 2).astype(np.uint8)) < 2
    palette = Image.fromarray(scene).quantize(8)
    seen_through = file(palette, "PNG", transparency=palette.getpixel((0, 0)))
    assert (decode(seen_through).frame[0, 0] == 255).all()


@pytest.mark.parametrize("primaries", [icc.DISPLAY_P3, icc.ADOBE_RGB, icc.SRGB])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 100, "subsampling": 0}), ("WEBP", {"lossless": True})],
)
def test_colors_are_those_of_the_pictures_profile(
    scene: Pixels, kind: str, options: dict[str, object], primaries: icc.Primaries
) -> None:
    image = Image.fromarray(scene)
    data = file(image, kind, icc_profile=icc.profile(primaries), **options)
    assert off(decode(data).frame, icc.in_srgb(scene, primaries)) < 2
    if kind != "JPEG":
        image.putalpha(255)
        seen_through = file(image, kind, icc_profile=icc.profile(primaries), **options)
        assert off(decode(seen_through).frame, icc.in_srgb(scene, primaries)) < 2


def test_a_profile_that_cannot_be_the_pictures_own_is_not_believed(scene: Pixels) -> None:
    gray = Image.fromarray(scene).convert("L")
    of_colors, of_grey = icc.profile(icc.DISPLAY_P3), icc.profile(icc.DISPLAY_P3, space=b"GRAY")
    plain = decode(file(gray, "PNG")).frame
    assert np.array_equal(decode(file(gray, "PNG", icc_profile=of_colors)).frame, plain)
    assert 0 < off(decode(file(gray, "PNG", icc_profile=of_grey)).frame, plain) < 4
    for broken in (b"nonsense", of_colors[:200], of_grey):
        data = file(Image.fromarray(scene), "PNG", icc_profile=broken)
        assert np.array_equal(decode(data).frame, scene)


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation(scene: Pixels, kind: str) -> None:
    first, second = Image.fromarray(scene), Image.fromarray(255 - scene)
    options = {"quality": 95, "subsampling": "4:4:4"} if kind == "AVIF" else {"lossless": True}
    data = file(first, kind, save_all=True, append_images=[second], **options)
    assert off(decode(data).frame, scene) < (4 if kind == "AVIF" else 0.01)


@pytest.mark.parametrize("kind", ["JPEG", "PPM"])
def test_eight_k_comes_at_half_its_size(scene: Pixels, kind: str) -> None:
    large = scene.repeat(90, axis=0).repeat(120, axis=1)
    picture = decode(file(Image.fromarray(large), kind))
    assert (picture.width, picture.height) == (7680, 4320)
    assert picture.frame.shape == (2160, LONGEST_FRAME, 3)
    assert off(picture.frame, large[::2, ::2]) < 3


def test_one_pixel_and_one_line() -> None:
    assert decode(ppm(np.full((1, 1, 3), 7, np.uint8))).frame.tolist() == [[[7, 7, 7]]]
    line = decode(ppm(np.full((1, 30_000, 3), 7, np.uint8)))
    assert (line.frame.shape, line.width, line.height) == ((1, LONGEST_FRAME, 3), 30_000, 1)


def _png(width: int, height: int, color: int, depth: int, raw: bytes) -> bytes:
    """A PNG with whatever header; rows as they are, without a filter."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    stride = len(raw) // max(height, 1)
    rows = b"".join(b"\0" + raw[at : at + stride] for at in range(0, len(raw), stride or 1))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _jpeg_header(width: int, height: int) -> bytes:
    small = bytearray(file(Image.new("RGB", (16, 16)), "JPEG"))
    at = small.find(b"\xff\xc0") + 5
    small[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(small)


def _jpeg_of_scans(scans: int) -> bytes:
    """A gray progressive JPEG that says the last of its scans, with tables, again and again."""
    once = file(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    last = once[once.rindex(b"\xff\xc4", 0, once.rindex(b"\xff\xda")) : -2]
    return once[:-2] + last * (scans - once.count(b"\xff\xda")) + once[-2:]


BAD = {
    "empty": (b"", "image is empty; send"),
    "text": (b"hello", "image is no JPEG, PNG, WebP, AVIF or PPM"),
    "gif": (file(Image.new("RGB", (4, 4)), "GIF"), "image is a GIF file: convert it to JPEG"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(99), r"image is a HEIC \(HEIF\) file: convert it to JPEG"),
    "tiff": (file(Image.new("RGB", (4, 4)), "TIFF"), "image is a TIFF"),
    "bmp": (file(Image.new("RGB", (4, 4)), "BMP"), "image is a BMP file"),
    "jpeg xl": (b"\xff\x0a" + bytes(99), "image is a JPEG XL file"),
    "canon": (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "image is a camera's RAW file"),
    "svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "image is an SVG file"),
    "pdf": (b"%PDF-1.7" + bytes(99), "image is a PDF file"),
    "bomb": (_png(50_000, 50_000, 0, 1, b""), f"has 50000 x 50000 pixels; at most {LARGEST}"),
    "jpeg bomb": (_jpeg_header(65_500, 65_500), "has 65500 x 65500 pixels"),
    "scan bomb": (_jpeg_of_scans(MOST_SCANS + 1), f"a JPEG of more than {MOST_SCANS} scans"),
    "zip": (b"PK\x03\x04" + bytes(99), "image is no JPEG, PNG, WebP, AVIF or PPM"),
    "no pixels": (_png(0, 10, 0, 8, b""), "no JPEG, PNG|0 x 10 pixels"),
    "too wide": (b"P6 40000 1 255\n" + bytes(120_000), "40000 x 1 pixels"),
    "cut PPM": (b"P6 10 10 255\n" + bytes(299), "299 of the 300 bytes of a 10 x 10 PPM"),
    "empty PPM": (b"P6 0 10 255\n", "0 x 10 pixels; it needs at least one"),
    "text PPM": (b"P3 1 1 255 0 0 0\n", "not with P6, width, height and 255"),
    "16-bit PPM": (b"P6 1 1 65535\n" + bytes(6), "values up to 65535; send 8 bits"),
    "much space": (b"P6" + b" " * 5_000, "not with P6"),
    "no data": (_png(10, 10, 2, 8, b""), "image is broken or cut off"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_taken_is_told(data: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message) as error:
        decode(data)
    assert "\n" not in str(error.value)


def test_scans_are_counted_up_to_the_end_of_a_jpeg() -> None:
    film = b"\xff\xda\x00\x0c" * 500  # phones put one after the photo
    assert decode(_jpeg_of_scans(MOST_SCANS) + film).frame.shape == (64, 64, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_a_file_that_is_cut_off_anywhere_is_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    data = file(Image.fromarray(noise), kind)
    for kept in (1, 10, 30, len(data) // 2, len(data) * 9 // 10):
        with pytest.raises(PictureError, match=r"image is (no JPEG|broken or cut off)"):
            decode(data[:kept])


def test_smaller_without_aliasing() -> None:
    stripes = np.zeros((480, 640, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(stretch(stripes, 256, 256).astype(int) - 100).max() <= 1
    assert fit(stripes, 640) is stripes
    assert fit(stripes, 100).shape == (75, 100, 3)

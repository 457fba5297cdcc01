"""`liveroom vision`, `studio` and `gallery` on pictures."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from liveroom import Gallery
from liveroom.cli import _fonts, main
from liveroom.cli._draw import READABLE
from PIL import Image

from tests.unit import icc
from tests.unit.picture_peer import PicturePeer, person, scene


async def run(*arguments: str | Path, peer: PicturePeer | None = None) -> int:
    async with (peer or PicturePeer()).listening() as url:
        return await asyncio.to_thread(main, [*map(str, arguments), "--url", url])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A PPM in which the peer sees two people."""
    path = tmp_path / "two.ppm"
    Image.fromarray(scene(2)).save(path)
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A gallery that knows one of them."""
    path = tmp_path / "people.npz"
    gallery = Gallery()
    gallery.enroll("李雷", person(1))
    gallery.save(path)
    return path


async def test_vision_as_json(photo: Path, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("vision", photo, "--json", "--gallery", people) == 0
    (line,) = capsys.readouterr().out.splitlines()
    seen = json.loads(line)
    expression = dict.fromkeys(["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"], 0.0)
    assert list(seen) == ["width", "height", "faces", "nsfw"]
    assert (seen["width"], seen["height"], seen["nsfw"]) == (64, 48, 0.125)
    assert seen["faces"][0] == {
        "box": [0.0, 5.0, 8.0, 15.0],
        "score": 0.9,
        "landmarks": [[7.0, 7.0]] * 5,
        "expression": expression | {"happy": 1.0},
        "name": None,
    }
    assert seen["faces"][1]["name"] == "李雷"


async def test_vision_goes_on_after_a_bad_file(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = photo.with_name("absent.jpg")
    assert await run("vision", photo, absent, photo, "--json", "--meshes") == 1
    out, error = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["file"] for line in lines] == [str(photo)] * 2
    assert np.shape(lines[0]["faces"][0]["mesh"]) == (468, 3)
    assert json.loads(error) == {
        "kind": "error",
        "code": "invalid_input",
        "message": f"{absent} is not a file",
        "file": str(absent),
    }


async def test_vision_for_people(photo: Path, people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("vision", photo, "--gallery", people) == 0
    first, _, unknown, known = capsys.readouterr().out.splitlines()
    assert first == f"{photo}: 64 x 48, 2 faces, nsfw 0.125"
    assert unknown.split() == ["0.90", "happy", "1.00", "0,", "5,", "8,", "15", "unknown"]
    assert known.split()[-1] == "李雷"
    assert await run("vision", photo) == 0
    assert "unknown" not in capsys.readouterr().out
    assert await run("vision", photo, "--gallery", people, "--threshold", "2") == 0
    assert capsys.readouterr().out.count("李雷") == 2


async def test_what_was_seen_is_drawn_upright_and_large_enough_to_read(tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(np.full((64, 48, 3), 200, np.uint8)).save(turned, exif=exif)
    out = tmp_path / "out.png"
    assert await run("vision", turned, "--out", out) == 0
    drawn = np.asarray(Image.open(out))
    scale = READABLE // 48
    assert drawn.shape == (48 * scale, 64 * scale, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "turned.jpg"]


async def test_a_picture_with_broken_exif_is_drawn_on(tmp_path: Path) -> None:
    broken, out = tmp_path / "broken.png", tmp_path / "out.png"
    Image.fromarray(np.full((480, 640, 3), 200, np.uint8)).save(broken, exif=b"nonsense")
    assert await run("vision", broken, "--out", out) == 0
    assert Image.open(out).size == (640, 480)


async def test_the_number_is_explained(
    photo: Path, people: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fonts, "FONTS", ())
    assert await run("vision", photo, "--gallery", people, "--out", photo.with_suffix(".png")) == 0
    assert "#1 in the picture is 李雷: no font here can draw that" in capsys.readouterr().err


async def test_studio_writes_what_comes_back(photo: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same.ppm", tmp_path / "other.png"
    peer = PicturePeer()
    assert await run("studio", photo, "--out", same, peer=peer) == 0
    assert same.read_bytes() == photo.read_bytes()
    options = ["--background", "blur", "--background-strength", "0.5", "--smooth", "0.6", "--anonymize"]
    assert await run("studio", photo, *options, "--sticker", "cat", "--out", other, peer=peer) == 0
    settings = [request.raw_input_contents[1][4:] for request in peer.unary]
    assert json.loads(settings[0])["format"] == "same"
    assert json.loads(settings[1]) == {
        **{"blur": 0.5, "replace": 0.0, "smooth": 0.6, "brighten": 0.0, "sticker": "cat"},
        **{"sticker_strength": 1.0, "anonymize": 1.0, "format": "png", "quality": 90},
    }


async def test_studio_says_where_it_cannot_tell_that_nobody_is_left(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubtful, out = tmp_path / "some.ppm", tmp_path / "out.ppm"
    doubtful.write_bytes(b"doubtful")
    assert await run("studio", photo, "--anonymize", "--out", out) == 0
    assert capsys.readouterr().err == ""
    assert await run("studio", doubtful, "--anonymize", "--out", out, "--json") == 5
    said, warned = capsys.readouterr()
    assert json.loads(said) == {"file": str(doubtful), "out": str(out), "sure": False}
    assert f"{doubtful}: something in it may be a face and is not covered: look at {out}" in warned
    assert out.exists()
    assert await run("studio", doubtful, "--smooth", "1", "--out", out) == 0, "nobody was to be hidden"


async def test_studio_says_that_a_weak_strength_hides_nobody_for_sure(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ppm"
    assert await run("studio", photo, "--anonymize", "0.2", "--out", out, "--json") == 5
    said, warned = capsys.readouterr()
    assert json.loads(said)["sure"] is False
    assert f"at a strength of 0.2 people can be recognized: look at {out}" in warned


async def test_studio_leaves_no_face_bare_for_a_gallery_alone(
    photo: Path, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever names those to be shown means that others are to be hidden."""
    out = tmp_path / "out.ppm"
    assert await run("studio", photo, "--gallery", people, "--out", out) == 1
    assert "expected --anonymize with it" in capsys.readouterr().err
    assert not out.exists()


async def test_studio_takes_a_background_and_a_gallery(photo: Path, people: Path, tmp_path: Path) -> None:
    peer = PicturePeer()
    beach = tmp_path / "beach.jpg"
    beach.write_bytes(b"beach")
    out = tmp_path / "out.ppm"
    options: list[str | Path] = ["--background", beach, "--gallery", people, "--anonymize"]
    assert await run("studio", photo, *options, "--out", out, peer=peer) == 0
    names = [tensor.name for tensor in peer.unary[0].inputs]
    assert names == ["image", "settings", "background", "enrolled"]
    assert peer.unary[0].raw_input_contents[2][4:] == b"beach"


async def test_a_gallery_is_filled_listed_and_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, one, two = (tmp_path / name for name in ("people.npz", "one.ppm", "two.ppm"))
    Image.fromarray(scene(1)).save(one)
    Image.fromarray(scene(2)).save(two)
    assert await run("gallery", "add", file, "李雷", one) == 0
    assert await run("gallery", "add", file, "李雷", one) == 1
    assert await run("gallery", "add", file, "李雷", one, "--more", "--json") == 0
    assert await run("gallery", "add", file, "Jim", two) == 1
    out, error = capsys.readouterr()
    assert out.splitlines() == [
        "李雷\t1",
        json.dumps({"file": str(file), "people": [{"name": "李雷", "photos": 2}]}, ensure_ascii=False),
    ]
    assert "'李雷' is enrolled already" in error
    assert "photo 1 of 'Jim': the picture shows 2 faces" in error
    assert await run("gallery", "list", file) == 0
    assert await run("gallery", "remove", file, "李雷") == 0
    assert await run("gallery", "remove", file, "李雷") == 1
    assert capsys.readouterr().out == "李雷\t2\n"
    assert Gallery.load(file).names == ()


@pytest.mark.parametrize("arguments", [["vision", "PHOTO", "--out", "o.png"], ["vision", "clip.mp4"]])
async def test_without_the_extra_it_is_named(
    photo: Path, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    for module in ("PIL", "av"):
        monkeypatch.setitem(sys.modules, module, None)
    assert await run("vision", photo, "--json") == 0
    assert await run(*(str(photo) if word == "PHOTO" else word for word in arguments)) == 1
    assert "install 'liveroom[pictures]'" in capsys.readouterr().err


async def test_bad_files_and_endings(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    assert await run("vision", text, "--out", tmp_path / "o.png") == 1
    assert "text.jpg can't be drawn on" in capsys.readouterr().err
    wrong: list[tuple[list[str | Path], str]] = [
        (["vision", photo, photo, "--out", "o.png"], "--out is one file, and there are 2"),
        (["vision", photo, "--out", tmp_path / "o.gif"], "o.gif ends with .gif: expected one of .jpg"),
        (["vision", photo, "--threshold", "0"], "threshold is 0.0: expected a distance"),
        (["vision", photo, "--out", "/nowhere/o.png"], "No such file or directory"),
        (["vision", photo, "--gallery", text], "text.jpg can't be used: it is no gallery"),
        (["vision", photo, "--out", tmp_path / "o.png", "--font", text], "is not a font"),
        (["studio", photo, "--out", tmp_path / "o.mp4"], "expected two pictures or two videos"),
        (["studio", photo, "--out", tmp_path / "o"], "ends with nothing"),
    ]
    for arguments, says in wrong:
        assert await run(*arguments) == 1
        assert says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.jpg", "two.ppm"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["vision"],
        ["vision", "a.jpg", "--detector", "yolo"],
        ["studio", "a.jpg"],
        ["studio", "a.jpg", "--out", "b.jpg", "--smooth", "1.5"],
        ["gallery"],
        ["gallery", "add", "a.npz", "Jim"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: liveroom")


def test_help_documents_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("vision", "studio", "gallery"):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert "130  interrupted with Ctrl-C" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "several"), [(k, n) for k in ("png", "webp", "avif") for n in (True, False)]
)
async def test_an_animated_picture_is_said_to_be_taken_for_its_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, several: bool
) -> None:
    path, frames = tmp_path / f"moves.{kind}", [Image.fromarray(scene(30 * n)) for n in range(3)]
    frames[0].save(path, save_all=several, append_images=frames[1:] if several else [])
    for command in ("vision", "studio"):
        out: list[str | Path] = (
            ["--smooth", "1", "--out", tmp_path / "out.png"] if command == "studio" else []
        )
        assert await run(command, path, *out) == 0
        assert (f"moves.{kind} is animated: only its first picture" in capsys.readouterr().err) == several


async def test_a_picture_is_drawn_on_in_the_colors_that_its_profile_says(tmp_path: Path) -> None:
    path, out = tmp_path / "wide.png", tmp_path / "out.png"
    pixels = np.full((480, 640, 3), (0, 200, 40), np.uint8)
    Image.fromarray(pixels).save(path, icc_profile=icc.profile(icc.DISPLAY_P3))
    assert await run("vision", path, "--out", out) == 0
    drawn = np.asarray(Image.open(out).convert("RGB"))
    assert np.abs(drawn[400, 600].astype(int) - icc.in_srgb(pixels, icc.DISPLAY_P3)[400, 600]).max() <= 2

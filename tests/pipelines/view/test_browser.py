"""A real browser opens the page without a net, plays it, and films as we do."""

from __future__ import annotations

import base64
import contextlib
import queue
import shlex
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.equirect.layouts import StereoLayout
from pano.media import open_media, probe
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import grid_unit_vectors
from pano_jobs.cli import main
from pano_jobs.video.pan import pan
from pano_jobs.view.export import export_page
from pano_jobs.view.server import ViewServer
from pano_jobs.view.session import serve_page
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, SoundTrack, sine, write_clip

N, RATE_HZ = 10, 10
WIDTH_PX, HEIGHT_PX = 320, 180
# 46 dB and more are reached; a view that is 0.5° off comes to 40 at most.
PSNR_DB = 43.0


def sphere() -> np.ndarray:
    """Draw waves in three colours on the sphere: no seam, no poles, no edges."""
    units = grid_unit_vectors(480, 960)
    rng = np.random.default_rng(0)
    image = np.full((480, 960, 3), 127.0)
    for _ in range(8):
        wave = rng.normal(size=3)
        wave *= rng.uniform(3.0, 40.0) / np.linalg.norm(wave)
        shade = np.sin(units @ wave + rng.uniform(0.0, 6.28))
        image += rng.uniform(2.0, 20.0, 3) * shade[..., None]
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    image = sphere()
    drawn = Clip(
        width_px=960,
        height_px=480,
        rate=Fraction(RATE_HZ),
        pts=range(N),
        paint=lambda k: np.roll(image, 3 * k, axis=1),
        sound=SoundTrack(sine(1.0)),
    )
    return write_clip(tmp_path_factory.mktemp("clip") / "a <b>&amp; clip.mp4", drawn)


def path_of(clip: Path, lens: Lens) -> CameraPath:
    """Turn over the seam, cut, and look up past the pole's edge."""
    k = np.arange(N)
    return CameraPath(
        time_s=k / RATE_HZ,
        yaw_deg=np.where(k < 5, 170.0 + 5.0 * k, -40.0),
        pitch_deg=np.where(k < 5, -10.0, 40.0 + 10.0 * (k - 5)),
        roll_deg=np.linspace(0.0, 27.0, N),
        hfov_deg=np.full(N, 70.0 if lens is Lens.RECTILINEAR else 150.0),
        cut=k == 5,
        trust=np.ones(N),
        confidence=np.ones(N),
        source=PathSource(
            file=clip.name, width_px=WIDTH_PX, height_px=HEIGHT_PX, lens=lens
        ),
    )


def opened(browser: Any, page_file: Path) -> Any:
    """Open a page from its file, with the net off; what it says on errors fails."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(page_file.as_uri())
    page.evaluate("() => window.panoView.ready")
    return page


def picture(page: Any, time_s: float) -> np.ndarray:
    text = page.evaluate("(time_s) => window.panoView.picture(time_s)", time_s)
    png = np.frombuffer(base64.b64decode(text.split(",")[1]), np.uint8)
    return np.asarray(cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.mark.parametrize("lens", Lens)
def test_the_page_films_as_we_do_over_the_seam_and_the_pole(
    browser, clip, tmp_path, lens
):
    path = path_of(clip, lens)
    path.save(tmp_path / "path.json")
    export_page(clip, tmp_path / "path.json", tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html")
    found = []
    with open_media(clip, layout=StereoLayout.MONO) as media:
        renderer = ViewportRenderer(WIDTH_PX, HEIGHT_PX, lens=lens, sphere=media.sphere)
        for frame in media.frames():
            # In the middle of its time the picture is shown for certain.
            shown = picture(page, frame.time_s + 0.5 / RATE_HZ)
            pose = path.at(frame.time_s)
            ours = renderer.render(frame.image, pose)
            error = np.mean((ours.astype(float) - shown) ** 2)
            found.append(10.0 * np.log10(255.0**2 / error))
    assert page.errors == []
    assert len(found) == N
    assert min(found) >= PSNR_DB, found


def test_a_person_plays_looks_around_and_comes_back(browser, clip, tmp_path):
    path_of(clip, Lens.RECTILINEAR).save(tmp_path / "path.json")
    export_page(clip, tmp_path / "path.json", tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html")
    assert page.inner_text("#name") == clip.name
    assert "yaw 170°" in page.inner_text("#pose")
    page.focus("#film")
    page.keyboard.press("Shift+ArrowRight")
    assert "yaw 175°" in page.inner_text("#pose")
    page.click("#follow")
    assert "yaw 170°" in page.inner_text("#pose")
    page.click("#timeline", position={"x": 1100, "y": 100})
    page.locator("#pose", has_text="yaw -40°").wait_for()
    page.keyboard.press("Home")
    page.click("#play")
    page.locator("#clock", has_text="0:00.9 of").wait_for()
    page.locator("#play", has_text="Play").wait_for()
    assert page.errors == []


def test_a_pin_becomes_the_command_that_films_it(browser, tmp_path, clip_of_disc):
    clip = clip_of_disc(lambda _: -60.0, name="it's a clip.mp4")
    maps = tmp_path / "maps.npz"
    names = {"path_target": tmp_path / "path.json", "maps_target": maps}
    pan(clip, tmp_path / "first.mp4", **names, localizer=RedLocalizer())
    export_page(clip, tmp_path / "path.json", tmp_path / "page.html", maps_source=maps)
    page = opened(browser, tmp_path / "page.html")
    picture(page, 1.55)
    box = page.locator("#sphere").bounding_box()
    # To yaw 90°, pitch 0.
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    page.click("#pin")
    assert "look to yaw 90°, pitch 0°" in page.inner_text("#wish-list")
    places = {clip.name: clip, "maps.npz": maps, "path.json": tmp_path / "pinned.json"}
    places["film.mp4"] = tmp_path / "film.mp4"
    pose = filmed_by_command(page, places).at(1.53)
    assert (pose.yaw_deg, pose.pitch_deg) == pytest.approx((90.0, 0.0), abs=1.0)
    page.click("#wish-list button")
    assert page.is_hidden("#wishes")
    assert page.errors == []


@contextlib.contextmanager
def served(browser: Any, clip: Path, film: Path, **names: Any) -> Iterator[Any]:
    """Serve a clip's page, open it, and see it end; what it says on errors fails."""
    servers: queue.Queue[ViewServer] = queue.Queue()
    serving = threading.Thread(
        target=serve_page,
        args=(clip, film),
        kwargs={"localizer": RedLocalizer(), "on_open": servers.put, **names},
    )
    serving.start()
    server = servers.get(timeout=60)
    page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.address)
    page.evaluate("() => window.panoView.ready")
    yield page
    assert errors == []
    server.stop()
    serving.join(timeout=20)
    assert not serving.is_alive()


def filmed_by_command(page: Any, places: dict[str, Path]) -> CameraPath:
    """Run the command that the page shows, with files that lie elsewhere."""
    program, *words = shlex.split(page.inner_text("#command"))
    assert program == "pano"
    result = CliRunner().invoke(main, [str(places.get(word, word)) for word in words])
    assert result.exit_code == 0, result.output
    return CameraPath.load(places["path.json"])


def test_a_person_pins_undoes_and_films(browser, tmp_path, clip_of_disc):
    clip = clip_of_disc(lambda _: -60.0)
    with served(browser, clip, tmp_path / "film.mp4") as page:
        pins_undoes_and_films(page, tmp_path)


def pins_undoes_and_films(page: Any, tmp_path: Path) -> None:
    picture(page, 1.55)
    assert "yaw -60°" in page.inner_text("#pose")
    box = page.locator("#sphere").bounding_box()
    place = box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.click(*place)
    page.click("#pin")
    page.locator("#film-state", has_text="Planned again").wait_for()
    assert "yaw 90°" in page.inner_text("#pose")
    page.click("#undo")
    page.locator("#pose", has_text="yaw -60°").wait_for()
    page.mouse.click(*place)
    page.click("#pin")
    page.locator("#pose", has_text="yaw 90°").wait_for()
    page.click("#make-film")
    page.locator("#film-state", has_text="film.mp4: 45 frames").wait_for()
    pose = CameraPath.load(tmp_path / "film.json").at(1.53)
    assert (pose.yaw_deg, pose.pitch_deg) == pytest.approx((90.0, 0.0), abs=1.0)
    assert probe(tmp_path / "film.mp4").width_px == 1280


@pytest.fixture
def jump(tmp_path, clip_of_disc) -> dict[str, Path]:
    """A clip whose disc jumps at 6 s, and what `pan` keeps of it."""
    clip = clip_of_disc(
        lambda time_s: -60.0 if time_s < 6.0 else 100.0, duration_s=12.0
    )
    names = {"path_target": tmp_path / "p.json", "maps_target": tmp_path / "maps.npz"}
    pan(clip, tmp_path / "first.mp4", **names, localizer=RedLocalizer())
    return {
        clip.name: clip,
        "maps.npz": tmp_path / "maps.npz",
        "path.json": tmp_path / "told.json",
        "film.mp4": tmp_path / "told.mp4",
    }


def cuts_s(path: CameraPath) -> list[float]:
    return [float(time_s) for time_s in path.time_s[path.cut]]


def planned_after(page: Any, act: Callable[[], None]) -> None:
    """Do something and wait until the path is planned by it."""
    page.evaluate("() => { document.getElementById('film-state').textContent = ''; }")
    act()
    page.locator("#film-state", has_text="Planned again").wait_for()


def test_cuts_lens_and_shape_make_the_film_that_the_command_makes(
    browser, tmp_path, jump
):
    clip = jump["clip.mp4"]
    names = {"path_source": tmp_path / "p.json", "maps_source": jump["maps.npz"]}
    with served(browser, clip, tmp_path / "film.mp4", **names) as page:
        picture(page, 2.03)
        move = page.locator("#move-cut", has_text="0:05.9")
        planned_after(page, lambda: move.click())
        page.locator("#move-cut", has_text="0:02").wait_for()
        page.get_by_role("button", name="Undo").click()
        picture(page, 9.03)
        page.focus("#film")
        for _ in range(9):
            page.keyboard.press("Shift+ArrowLeft")
        planned_after(page, lambda: page.click("text=Cut here"))
        assert "yaw 54°" in page.inner_text("#pose")
        planned_after(page, lambda: page.select_option("#lens", label="stereographic"))
        planned_after(page, lambda: page.select_option("#aspect", label="9:16"))
        size = page.evaluate("[film.canvas.width, film.canvas.height]")
        assert size == [720, 1280]
        page.click("#make-film")
        page.locator("#film-state", has_text="film.mp4: 180 frames").wait_for()
        path = filmed_by_command(page, jump)
    ours = CameraPath.load(tmp_path / "film.json")
    assert cuts_s(ours) == pytest.approx([6.0, 9.0], abs=0.3)
    assert ours.source == path.source
    assert (ours.source.lens, ours.source.width_px) == (Lens.STEREOGRAPHIC, 720)
    assert cuts_s(path) == cuts_s(ours)
    np.testing.assert_allclose(path.yaw_deg, ours.yaw_deg, atol=1e-6)
    np.testing.assert_allclose(path.hfov_deg, ours.hfov_deg, atol=1e-6)


def test_a_found_cut_is_removed_dragged_and_compared(browser, tmp_path, jump):
    names = {"path_source": tmp_path / "p.json", "maps_source": jump["maps.npz"]}
    clip = jump["clip.mp4"]
    with served(browser, clip, tmp_path / "film.mp4", **names) as page:
        remove = page.get_by_role("button", name="Remove cut 0:05.9")
        planned_after(page, lambda: remove.click())
        assert page.is_disabled("#remove-cut")
        assert "one shot from 0:00.0 to 0:1" in page.inner_text("#wish-list")
        page.click("text=Show before")
        assert page.get_by_role("button", name="Remove cut 0:05.9").is_enabled()
        page.keyboard.press("Control+z")  # while the path before is shown
        assert page.is_hidden("#wishes")
        assert page.get_attribute("#compare", "aria-pressed") == "false"
        x, y = page.evaluate("[timeline.x(cutsOf(data)[0]), 5]")
        box = page.locator("#timeline").bounding_box()
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        page.mouse.move(box["x"] + x + 100, box["y"] + y, steps=5)
        planned_after(page, lambda: page.mouse.up())
        assert "cut at 0:07." in page.inner_text("#wish-list")
        assert page.evaluate("cutsOf(data).length") == 1

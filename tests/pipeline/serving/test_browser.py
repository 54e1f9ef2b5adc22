"""The page in a real browser: from an image to a correction that appears in an exported data set."""

import base64
import re
from contextlib import contextmanager

import numpy as np
import pytest

from mathocr.data.formats import load_crops
from mathocr.pipeline.cli import main
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.serving.app import create_app
from mathocr.pipeline.serving.in_process import ThreadEngine
from mathocr.pipeline.serving.keys import add_key
from mathocr.pipeline.serving.settings import ServeSettings

from .browser import WAIT_MS, card, entries, marks, screenshot, serving, sync_api, wait_for_status


@contextmanager
def running(held, settings):
    """The app around the stand-ins."""
    with serving(create_app(settings, ThreadEngine(held, settings.batch_size))) as address:
        yield address


@pytest.fixture
def site(page, held, tmp_path):
    with running(held, ServeSettings(feedback=tmp_path / "store", timeout_s=60)) as address:
        yield address
        page.goto("about:blank")  # a preview still under way would find the server gone


def choose(page, site, path):
    page.goto(site)
    page.select_option("#mode", "page")
    page.set_input_files("#file", path)
    wait_for_status(page, "formula")


def drag(page, x0, y0, x1, y1):
    """From a corner to another, in pixels of the image."""
    frame = page.locator("#boxes").bounding_box()
    scale = frame["width"] / 400
    page.mouse.move(frame["x"] + x0 * scale, frame["y"] + y0 * scale)
    page.mouse.down()
    page.mouse.move(frame["x"] + (x0 + x1) / 2 * scale, frame["y"] + (y0 + y1) / 2 * scale)
    page.mouse.move(frame["x"] + x1 * scale, frame["y"] + y1 * scale)
    page.mouse.up()


def test_from_a_pasted_image_to_a_kept_correction(page, site, tmp_path):
    page.goto(site)
    page.select_option("#mode", "page")
    blob = marks(tmp_path / "marks.png").read_bytes()
    page.evaluate(
        """(text) => {
          const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "pasted.png", {type: "image/png"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }""",
        base64.b64encode(blob).decode(),
    )
    wait_for_status(page, "2 formulas were read.")
    assert page.locator("#boxes rect").count() == 2
    assert re.sub(r"\s", "", card(page, 1).locator("math").first.text_content()) == "w40"
    assert "50 %" in card(page, 1).inner_text()

    page.check("#consent")
    card(page, 1).get_by_role("button", name="Correct").click()
    typed = card(page, 1).get_by_label("LaTeX", exact=True)
    typed.fill(r"\frac{a}{")
    sync_api.expect(card(page, 1).locator(".preview .problem")).to_have_count(1, timeout=WAIT_MS)
    typed.fill(r"\frac{a}{b}")
    sync_api.expect(card(page, 1).locator(".preview mfrac")).to_have_count(1, timeout=WAIT_MS)
    screenshot(page, "correcting")
    card(page, 1).get_by_role("button", name="Save correction").click()
    wait_for_status(page, "The correction of formula 1 is saved.")
    assert card(page, 1).locator(".drawn mfrac").count() == 1 and "corrected" in card(page, 1).inner_text()

    (one,) = entries(tmp_path)
    assert (one.action, one.latex, one.corrected_latex) == ("correction", "w_{40}", r"\frac{a}{b}")
    assert one.box == [30, 40, 70, 60]
    assert one.corrected_box is None and one.source == "web" and one.models["im2latex"]["name"] == "reader"
    assert FeedbackStore(tmp_path / "store").images.get(one.image) == blob

    assert main(["feedback", "export", str(tmp_path / "store"), str(tmp_path / "sets")]) == 0
    (crop,) = load_crops(tmp_path / "sets" / "train" / "crops")
    assert (crop.tex, crop.kind) == (r"\frac{a}{b}", "inline") and (crop.load()[2:-2, 2:-2] == 40).all()


def test_a_place_is_drawn_and_the_page_saved(page, site, tmp_path):
    choose(page, site, marks(tmp_path / "marks.png"))
    page.check("#consent")
    drag(page, 250, 40, 350, 90)
    wait_for_status(page, "The place was read as formula 3.")
    card(page, 2).get_by_role("button", name="Correct").click()
    card(page, 2).get_by_role("button", name="Draw it").click()
    drag(page, 90, 140, 230, 200)
    wait_for_status(page, "The new place was read")
    card(page, 2).get_by_role("button", name="Save correction").click()
    wait_for_status(page, "The correction of formula 2 is saved.")
    card(page, 1).get_by_role("button", name="Flag").click()
    card(page, 1).get_by_label("What is wrong").select_option("not_a_formula")
    card(page, 1).get_by_label("Comment").fill("a smudge")
    card(page, 1).get_by_role("button", name="Send flag").click()
    wait_for_status(page, "The flag on formula 1 is saved.")
    page.click("#checked")
    wait_for_status(page, "The page is saved with 2 formulas.")
    box, flag, whole = entries(tmp_path)
    assert np.allclose(box.corrected_box, [90, 140, 230, 200], atol=1.5) and box.corrected_latex is None
    assert (flag.reason, flag.comment) == ("not_a_formula", "a smudge")
    assert len(whole.regions) == 2 and whole.regions[0]["kind"] == "display"
    assert np.allclose(whole.regions[1]["box"], [250, 40, 350, 90], atol=1.5)
    assert len({one.image for one in (box, flag, whole)}) == 1 and whole.image_kept


def test_copying(page, site, tmp_path):
    choose(page, site, marks(tmp_path / "marks.png"))
    clipboard = "navigator.clipboard.readText()"
    for name, text in (("Copy LaTeX", "w_{120}"), ("Copy Markdown", "$$\nw_{120}\n$$"), ("Copy MathML", "<math")):
        card(page, 2).get_by_role("button", name=name).click()
        wait_for_status(page, f"Copied formula 2 as {name.removeprefix('Copy ')}.")
        assert page.evaluate(clipboard).startswith(text)
    page.get_by_role("button", name="Copy all as LaTeX").click()
    wait_for_status(page, "Copied all as LaTeX.")
    assert page.evaluate(clipboard) == "\\(w_{40}\\)\n\n\\[w_{120}\\]\n"


# Has the second formula of an answer continue the first, as one that is broken over two lines of text.
BREAK = """const real = fetch;
window.fetch = async (path, options) => {
  const answer = await real(path, options);
  if (!String(path).endsWith("v1/predict")) return answer;
  const content = await answer.json();
  const [{kind, latex}, second] = content.pages[0].formulas;
  Object.assign(second, {continues: 0, kind, latex});
  return new Response(JSON.stringify(content));
}"""


def test_a_formula_broken_over_two_lines_is_copied_once_and_no_part_of_a_page_shows_it_whole(page, site, tmp_path):
    page.add_init_script(BREAK)
    choose(page, site, marks(tmp_path / "marks.png"))
    for name, text in (("LaTeX", "\\(w_{40}\\)\n"), ("Markdown", "$w_{40}$\n")):
        page.get_by_role("button", name=f"Copy all as {name}").click()
        wait_for_status(page, f"Copied all as {name}.")
        assert page.evaluate("navigator.clipboard.readText()") == text
    page.click("#checked")
    wait_for_status(page, "The page is saved with 2 formulas.")
    (whole,) = entries(tmp_path)
    assert [region["latex"] for region in whole.regions] == [None, None]


def test_by_keyboard_alone(page, site, tmp_path):
    choose(page, site, marks(tmp_path / "marks.png"))
    label = page.locator("#boxes rect").nth(1).get_attribute("aria-label")
    assert label == "Formula 2, display, confidence 50 %: w_{120}"
    page.locator("#boxes rect").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.card')?.getAttribute('aria-label')") == "Formula 2"
    card(page, 2).get_by_role("button", name="Correct").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("y")
    page.keyboard.press("Control+Enter")
    wait_for_status(page, "The correction of formula 2 is saved.")
    assert page.evaluate("document.activeElement.textContent") == "Correct"
    assert [one.corrected_latex for one in entries(tmp_path)] == ["y"]
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, canvas, img, meter")]
          .filter((e) => e.checkVisibility() && !e.labels?.length && !e.getAttribute("aria-label")
                         && !e.textContent.trim() && !e.alt).map((e) => e.outerHTML)"""
    )
    assert unnamed == []


CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
  const light = (c) => { const [r, g, b] = parse(c).map(linear); return .2126 * r + .7152 * g + .0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor, parts = parse(color);
    if (parts.length < 4 || parts[3] > 0) return color;
  } return "rgb(255,255,255)"; };
  const texts = [...document.querySelectorAll("body *")].filter(
    (e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return texts.map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(back(e))];
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), `${e.tagName} ${e.textContent.slice(0, 30)}`];
  }).filter(([ratio]) => ratio < 4.5); }"""  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast(page, site, tmp_path, theme):
    choose(page, site, marks(tmp_path / "marks.png"))
    if theme == "dark":
        page.click("#theme")
        assert page.get_attribute("html", "data-theme") == "dark"
    card(page, 1).get_by_role("button", name="Correct").click()
    card(page, 2).get_by_role("button", name="Flag").click()
    screenshot(page, theme)
    assert page.evaluate(CONTRAST) == []


def test_errors_are_said(page, site, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    page.goto(site)
    page.set_input_files("#file", tmp_path / "text.png")
    sync_api.expect(page.get_by_role("alert")).to_contain_text("text.png: text, not an image", timeout=WAIT_MS)
    assert all("422" in problem for problem in page.problems)  # the browser's own words on the answer
    page.problems.clear()
    page.set_input_files("#file", marks(tmp_path / "marks.png"))
    wait_for_status(page, "formula")
    assert page.get_by_role("alert").count() == 0
    page.route("**/v1/feedback", lambda route: route.abort())
    card(page, 1).get_by_role("button", name="It is right").click()
    sync_api.expect(page.get_by_role("alert")).to_contain_text("cannot be reached", timeout=WAIT_MS)
    page.unroute("**/v1/feedback")
    card(page, 1).get_by_role("button", name="It is right").click()
    wait_for_status(page, "saved as right")
    assert [one.action for one in entries(tmp_path)] == ["confirmation"]
    page.problems.clear()


def test_a_key_is_asked_for(page, held, tmp_path):
    key = add_key(tmp_path / "keys", "alice")
    with running(held, ServeSettings(feedback=tmp_path / "store", keys=tmp_path / "keys", timeout_s=60)) as site:
        page.goto(site)
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Use it").click()
        page.select_option("#mode", "page")
        page.set_input_files("#file", marks(tmp_path / "marks.png"))
        wait_for_status(page, "2 formulas were read.")
        assert all("401" in problem for problem in page.problems)
        page.problems.clear()


def test_a_page_of_a_pdf(page, site, tmp_path):
    from PIL import Image

    marks(tmp_path / "marks.png")
    frames = [Image.open(tmp_path / "marks.png").convert("L")] * 2
    frames[0].save(tmp_path / "two.pdf", save_all=True, append_images=frames[1:])
    page.goto(site)
    page.set_input_files("#file", tmp_path / "two.pdf")
    wait_for_status(page, "read.")
    assert "of 2" in page.locator("#pages").inner_text()
    page.locator("#page-number").fill("2")
    page.locator("#page-number").press("Enter")
    wait_for_status(page, "read.")
    assert page.locator("#image").evaluate("(image) => image.naturalWidth") > 0

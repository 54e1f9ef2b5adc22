"""The page of ``mathocr review`` in a real browser: pages one after the other, corrected and checked."""

import argparse
from contextlib import contextmanager

import cv2
import numpy as np

from mathocr.pipeline import MathOCR
from mathocr.pipeline.serving.review_command import add_arguments, make_app

from .browser import WAIT_MS, card, entries, marks, screenshot, serving, sync_api, wait_for_status


@contextmanager
def reviewing(finder, reader, tmp_path):
    """``mathocr review`` of a page with two formulas and one with none."""
    (tmp_path / "scans").mkdir()
    cv2.imwrite(str(tmp_path / "scans" / "empty.png"), np.full((300, 400), 255, np.uint8))
    marks(tmp_path / "scans" / "marks.png")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args([str(tmp_path / "scans"), "--store", str(tmp_path / "store"), "--mode", "page"])
    with serving(make_app(args, MathOCR(finder, reader))) as site:
        yield site


def test_a_folder_is_reviewed(page, finder, reader, tmp_path):
    with reviewing(finder, reader, tmp_path) as site:
        page.goto(site)
        wait_for_status(page, "2 formulas were read.")
        assert "marks.png (50 %)" in page.locator("#queue option:checked").inner_text()
        screenshot(page, "review")
        card(page, 1).get_by_role("button", name="Correct").click()
        card(page, 1).get_by_role("button", name="w", exact=True).click()
        card(page, 1).get_by_role("button", name="Save correction").click()
        wait_for_status(page, "The correction of formula 1 is saved.")
        page.click("#checked")
        sync_api.expect(page.locator("#progress")).to_have_text("1 of 2 checked", timeout=WAIT_MS)
        wait_for_status(page, "0 formulas were read.")
        page.click("#checked")
        wait_for_status(page, "All pages are checked.")
    correction, first, second = entries(tmp_path)
    assert correction.corrected_latex == "w" and second.regions == []
    assert [region["latex"] for region in first.regions] == ["w", "w_{120}"]


def test_a_page_that_is_left_while_it_is_saved_is_the_one_that_was_checked(page, finder, reader, tmp_path):
    with reviewing(finder, reader, tmp_path) as site:
        page.goto(site)
        wait_for_status(page, "2 formulas were read.")
        held = []
        page.route("**/v1/feedback", lambda route: route.continue_() if held else held.append(route))
        page.click("#checked")
        page.click("#next")
        wait_for_status(page, "0 formulas were read.")
        held[0].continue_()
        sync_api.expect(page.locator("#progress")).to_have_text("1 of 2 checked", timeout=WAIT_MS)
        names = page.locator("#queue option").all_inner_texts()
        assert [name.startswith("✓") for name in names] == [True, False] and "marks.png" in names[0]
        assert "empty.png" in page.locator("#queue option:checked").inner_text()  # nobody is moved away
        page.click("#checked")
        wait_for_status(page, "All pages are checked.")
    first, second = entries(tmp_path)
    assert len(first.regions) == 2 and second.regions == [] and first.image != second.image

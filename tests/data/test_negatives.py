"""Images without a formula: the same on every run, and what they say they are."""

import numpy as np
import pytest

from mathocr.data import negatives
from mathocr.data.negatives import KINDS, draw_negative


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_image(kind):
    one, other = draw_negative(5, kind), draw_negative(5, kind)
    np.testing.assert_array_equal(one, other)
    images = [draw_negative(seed, kind) for seed in range(8)]
    assert all(image.dtype == np.uint8 and image.ndim == 2 and image.size for image in images)
    assert len({image.tobytes() for image in images}) == len(images)


def test_kinds_look_as_they_should():
    for seed in range(8):
        blank, text = draw_negative(seed, "blank"), draw_negative(seed, "text")
        assert float(blank.std()) < 12 and blank.min() > 120
        dark = (text < 128).mean()
        assert 0.02 < dark < 0.5 and (text[:2] == 255).all() and (text[:, :2] == 255).all()
        assert text.shape[1] > text.shape[0]  # a line of at least four characters
        assert float(draw_negative(seed, "picture").std()) > 15


def test_the_pdf_of_a_line_of_text_is_closed(monkeypatch):
    closed = []
    close = negatives.PdfPages.close
    monkeypatch.setattr(negatives.PdfPages, "close", lambda pages: closed.append(close(pages)))
    draw_negative(3, "text")
    assert len(closed) == 1


def test_any_kind_may_come_and_others_are_refused():
    assert len({draw_negative(seed).shape for seed in range(12)}) > 6
    with pytest.raises(ValueError, match="kind must be one of blank, noise, picture, text, got 'cat'"):
        draw_negative(0, "cat")

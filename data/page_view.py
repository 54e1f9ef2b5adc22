"""Views of a page as a camera or a crooked scan has it: turned, in perspective, with boxes that fit the ink."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# Strengths at 3 degrees; smaller angles scale them. Keystone: a phone 40 cm above a page 21 cm wide and 6.5 degrees off
# is 21 sin 6.5 = 2.4 cm nearer to one edge than to the other and draws it 6 % larger; over a tile of a third of the
# page's width that is 2 %. The stretch is chosen, not measured.
_KEYSTONE = 0.02
_STRETCH = 0.03
_INK_CONTRAST = 40  # gray levels below the paper from which a pixel is ink; strokes drawn at 75 dpi reach this


def random_view(
    rng: np.random.Generator, corner: tuple[int, int], size: tuple[int, int], degrees: float
) -> NDArray[np.float64]:
    """A random homography from pixels of a page to those of a tile about whose middle it is turned.

    Args:
        rng: Random source.
        corner: ``(x, y)`` of the tile's upper left corner on the page.
        size: Height and width of the tile.
        degrees: Largest angle; shear, stretch and keystone grow with it.

    Returns:
        Matrix ``(3, 3)``. With ``degrees`` 0 it only moves ``corner`` to the origin.
    """
    height, width = size
    angle, share = math.radians(rng.uniform(-degrees, degrees)), degrees / 3
    stretch_x, stretch_y = np.exp(rng.uniform(-_STRETCH, _STRETCH, 2) * share)
    shear = math.tan(math.radians(rng.uniform(-degrees, degrees)) / 3)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    scale = np.array([[stretch_x, shear, 0], [0, stretch_y, 0], [0, 0, 1]])
    keystone = np.eye(3)
    keystone[2, :2] = rng.uniform(-_KEYSTONE, _KEYSTONE, 2) * share / (width, height)
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2] = -(corner[0] + width / 2), -(corner[1] + height / 2)
    back[:2, 2] = width / 2, height / 2
    return back @ keystone @ turn @ scale @ to_middle


def view_image(page: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], outside: int) -> NDArray:
    """Draw the tile that a homography shows.

    Args:
        page: ``uint8 (H, W)``.
        matrix: From page to tile, ``(3, 3)``; pixel edges, not middles, are whole numbers.
        size: Height and width of the tile.
        outside: Gray of what is beyond the page's edge.

    Returns:
        ``uint8`` of ``size``.
    """
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from the middle of the first pixel
    centres = np.linalg.inv(half) @ matrix @ half
    height, width = size
    return cv2.warpPerspective(page, centres, (width, height), flags=cv2.INTER_CUBIC, borderValue=float(outside))


def view_boxes(
    page: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    paper: int = 255,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Upright boxes of what a tile shows of the ink in ``boxes``.

    The box around a turned box is too large: a line of 300 pixels turned by 3 degrees has 16 pixels more of height,
    but its first letter needs none of them. The ink itself is turned instead.

    Args:
        page: Clean page ``uint8 (H, W)``, dark ink on light paper.
        boxes: xyxy in pixels of the page, float32 ``(N, 4)``.
        matrix: From page to tile, ``(3, 3)``.
        size: Height and width of the tile.
        paper: Gray of the page's paper.

    Returns:
        xyxy in pixels of the tile, float32 ``(N, 4)``, zeros for what is not in it, and which ones its edge has cut,
        ``(N,)``.
    """
    level = paper - _INK_CONTRAST
    shown = np.zeros((len(boxes), 4), np.float32)
    cut = np.zeros(len(boxes), bool)
    edge = np.array(size[::-1], np.float64)
    for place, box in enumerate(boxes):
        turned = _turned_ink(page, box, level, matrix, outline=True)
        inside = ((turned >= 0) & (turned <= edge)).all(1)
        if not inside.all():  # where the edge cuts it, the inner pixels may be the outermost ones
            cut[place] = True
            turned = _turned_ink(page, box, level, matrix, outline=False)
            turned = turned[((turned >= 0) & (turned <= edge)).all(1)]
        if len(turned):
            shown[place] = np.concatenate([turned.min(0), turned.max(0)])
    return shown, cut


def _turned_ink(
    page: NDArray[np.uint8], box: NDArray[np.float32], level: int, matrix: NDArray[np.float64], outline: bool
) -> NDArray[np.float64]:
    """Corners of the dark pixels in a box, ``(P, 2)``, turned; of the outermost of each row only, with ``outline``."""
    left, top = np.floor(np.maximum(box[:2], 0)).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    ink = page[top:bottom, left:right] < level
    y, x = np.nonzero(ink)
    if outline and len(y):  # row by row: the first and the last of each
        edge = np.flatnonzero(np.diff(y, prepend=-1, append=-1))
        y, x = y[np.concatenate([edge[:-1], edge[1:] - 1])], x[np.concatenate([edge[:-1], edge[1:] - 1])]
    corners = np.stack([np.concatenate([x, x, x + 1, x + 1]) + left, np.concatenate([y, y + 1, y, y + 1]) + top], 1)
    if not len(corners):  # nothing dark, such as white on black: the box itself
        corners = box[[0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 2)
    # A drawn pixel may be inked in part only: the box is exact, and nothing reaches beyond it.
    points = np.clip(corners, box[:2], box[2:]).astype(np.float64)
    turned = np.c_[points, np.ones(len(points))] @ matrix.T
    return turned[:, :2] / turned[:, 2:]

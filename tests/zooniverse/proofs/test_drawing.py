# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Pictures of what a model draws."""

from __future__ import annotations

import io

import pytest
import torch
from PIL import Image
from torch import Tensor

from zooniverse.proofs.drawing import GAP, SIDE, png


def opened(pictures: Tensor) -> Image.Image:
    return Image.open(io.BytesIO(png(pictures)))


def test_rows_and_columns_with_a_white_gap() -> None:
    pictures = torch.zeros(2, 3, 8, 8)
    pictures[1, 2] = 0.5
    image = opened(pictures)
    assert (image.mode, image.size) == ("L", (3 * (SIDE + GAP) - GAP, 2 * (SIDE + GAP) - GAP))
    assert image.getpixel((0, 0)) == 0
    assert image.getpixel((SIDE, 0)) == 255
    assert image.getpixel((image.width - 1, image.height - 1)) == 128


def test_a_pixel_stays_a_square_and_colours_stay() -> None:
    picture = torch.tensor([[[1.0, 0, 0], [0, 1, 0]], [[0, 0, 1], [2, -1, 0]]])[None, None]
    image = opened(picture)
    half = SIDE // 2
    at = [(0, 0), (half, 0), (0, half), (half - 1, half - 1)]
    assert [image.getpixel(point) for point in at] == [
        (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 0)
    ]  # fmt: skip
    assert image.getpixel((half, half)) == (255, 0, 0), "cut off at 0 and 1"


@pytest.mark.parametrize(
    "pictures",
    [torch.zeros(8, 8), torch.zeros(1, 1, 8, 8, 4), torch.zeros(0, 1, 8, 8),
     torch.full((1, 1, 2, 2), torch.inf)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(pictures: Tensor) -> None:
    with pytest.raises(ValueError, match=r"pictures"):
        png(pictures)

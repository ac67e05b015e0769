# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Makes a picture file of what a model draws."""

from __future__ import annotations

import io

import torch
from PIL import Image
from torch import Tensor

SIDE = 96  # pixels of the longer side of a picture, at least: sharp on fine screens
GAP = 8


def png(pictures: Tensor) -> bytes:
    """Lay pictures out in rows on white and return them as a PNG file.

    Args:
        pictures: (rows, columns, height, width) in grey or (rows, columns, height, width, 3) in
            red, green and blue; 0 is black and 1 white, what is beyond is cut off.

    Raises:
        ValueError: The tensor has another shape, or holds no picture, or what is no number.
    """
    grey = pictures.ndim == 4
    if not (grey or (pictures.ndim == 5 and pictures.shape[-1] == 3)) or not pictures.numel():
        raise ValueError(f"pictures of shape {tuple(pictures.shape)}. Give rows, columns, pixels.")
    if not pictures.isfinite().all():
        raise ValueError("pictures hold what is no number. Mend the model, or its training.")
    pixels = pictures.detach().cpu().double().clamp(0, 1).mul(255).round().to(torch.uint8)
    scale = -(-SIDE // max(pixels.shape[2:4]))
    pixels = pixels.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    rows, columns, height, width = pixels.shape[:4]
    size = (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP)
    sheet = Image.new("L" if grey else "RGB", size, "white")
    for row, line in enumerate(pixels):
        for column, picture in enumerate(line):
            at = (column * (width + GAP), row * (height + GAP))
            sheet.paste(Image.fromarray(picture.numpy()), at)
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How long six steps take in several libraries, on the same picture and with the same result.

Run it: python speed.py    (some minutes; it writes speed.json and prints the table of the page)

Pictures are of one channel, in float32, of 512 x 512 and 2048 x 2048 pixels. Each library is given
its own kind of array beforehand, on one thread. They take turns, so that what else the machine does
falls on all; the time is the median of the processor's time.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import image_processing as here
import numpy as np
import torch
from PIL import Image

from zooniverse.proofs.record import digests, json_text

SIZES, TURNS = (512, 2048), 15
OURS, SCIPY, OPENCV, SKIMAGE = "this page", "SciPy", "OpenCV", "scikit-image"
PILLOW, PYTORCH, KORNIA = "Pillow", "PyTorch", "Kornia"
COLUMNS = (OPENCV, PILLOW, PYTORCH, KORNIA, SCIPY, SKIMAGE, OURS)
PACKAGES = ("opencv-python-headless", "pillow", "torch", "kornia", "scipy", "scikit-image", "numpy")
Run = Callable[[], Any]


def steps(image: Any) -> dict[str, dict[str, Run]]:
    """Return what each library does in each step, with a picture (H, W) in float32."""
    cv2, ndimage, filters, measure, morphology, transform, kornia = (
        import_module(name)
        for name in (
            "cv2",
            "scipy.ndimage",
            "skimage.filters",
            "skimage.measure",
            "skimage.morphology",
            "skimage.transform",
            "kornia",
        )
    )
    cv2.setNumThreads(1)
    h, w = image.shape
    half = rows, columns = h // 2, w // 2
    double, pillow = image.astype(float), Image.fromarray(image)
    tensor = torch.from_numpy(image)[None, None]
    mask = np.asarray(ndimage.gaussian_filter(image, 3) > np.median(image))
    levels = mask.astype(np.uint8)
    square = np.ones((5, 5), dtype=np.uint8)
    shrink: Any = torch.nn.functional.interpolate
    return {
        "Gaussian, sigma 2, 17 weights, reflect": {
            OPENCV: lambda: cv2.GaussianBlur(image, (17, 17), 2.0),
            KORNIA: lambda: kornia.filters.gaussian_blur2d(tensor, (17, 17), (2.0, 2.0)),
            SCIPY: lambda: ndimage.gaussian_filter(image, 2.0, mode="mirror"),
            SKIMAGE: lambda: filters.gaussian(image, 2.0, mode="mirror"),
            OURS: lambda: here.gaussian(double, 2.0, "reflect"),
        },
        "Sobel to the right, edge": {
            OPENCV: lambda: cv2.Sobel(image, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE),
            KORNIA: lambda: kornia.filters.spatial_gradient(tensor, normalized=False)[:, :, 0],
            SCIPY: lambda: ndimage.sobel(image, 1, mode="nearest"),
            SKIMAGE: lambda: 4 * filters.sobel(image, axis=1, mode="nearest"),
            OURS: lambda: here.sobel(double, "edge").x,
        },
        "erosion, 5 × 5": {
            OPENCV: lambda: cv2.erode(image, square),
            SCIPY: lambda: ndimage.grey_erosion(image, 5, mode="constant", cval=np.inf),
            SKIMAGE: lambda: morphology.erosion(image, square, mode="ignore"),
            OURS: lambda: here.erode(double, square.astype(bool)),
        },
        "parts, 8 neighbours": {
            OPENCV: lambda: cv2.connectedComponents(levels)[1] > 0,
            SCIPY: lambda: ndimage.label(mask, np.ones((3, 3)))[0] > 0,
            SKIMAGE: lambda: measure.label(mask) > 0,
            OURS: lambda: here.components(mask) > 0,
        },
        "half the size, bilinear": {
            OPENCV: lambda: cv2.resize(image, (columns, rows)),
            PYTORCH: lambda: shrink(tensor, size=half, mode="bilinear"),
            KORNIA: lambda: kornia.geometry.resize(tensor, half),
            SKIMAGE: lambda: transform.resize(image, half, 1, "edge", anti_aliasing=False),
            OURS: lambda: here.resize(double, rows, columns, "bilinear"),
        },
        "half the size, antialiased": {
            PILLOW: lambda: pillow.resize((columns, rows), Image.Resampling.BILINEAR),
            PYTORCH: lambda: shrink(tensor, size=half, mode="bilinear", antialias=True),
            OURS: lambda: here.resize(double, rows, columns, "antialiased"),
        },
    }


def milliseconds(runs: dict[str, Run]) -> dict[str, float]:
    """See that all runs come to the same, then return the median time of each."""
    first, *others = (np.asarray(run(), dtype=float).squeeze() for run in runs.values())
    for name, other in zip(list(runs)[1:], others, strict=True):
        if not np.allclose(first, other, atol=1e-4):
            raise ArithmeticError(f"{name} comes to something else than {next(iter(runs))}")
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            if len(taken[name]) >= 3 and min(taken[name]) > 1:
                continue  # three turns say enough of what takes more than a second
            begin = time.process_time()
            times = 0
            while times < 1 or time.process_time() - begin < 0.01:
                run()
                times += 1
            taken[name].append((time.process_time() - begin) / times)
    return {name: float(f"{1000 * median(each):.3g}") for name, each in taken.items()}


def row(title: str, found: dict[str, float]) -> str:
    """Return a line of the table: the first library's time, and the others' as its multiples."""
    first = next(name for name in COLUMNS if name in found)
    cells = []
    for name in COLUMNS:
        if name == first:
            cells.append(f"{found[name]:.3g} ms")
        else:
            ratio = found.get(name, 0.0) / found[first]
            cells.append(f"{ratio:.{int(ratio < 10)}f}" if ratio else "")
    return f"| {title} | " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, write the outcome beside this file, and print it as a table."""
    torch.set_num_threads(1)
    outcome: dict[str, dict[str, dict[str, float]]] = {}
    print("| step | " + " | ".join(COLUMNS) + " |")
    print("| --- |" + " ---: |" * len(COLUMNS))
    for size in SIZES:
        noise = np.random.default_rng(0).random((size, size))
        image = here.gaussian(noise, 1.0).astype(np.float32)
        for title, runs in steps(image).items():
            found = milliseconds(runs)
            outcome.setdefault(f"{size}", {})[title] = found
            print(row(f"{title}, {size}", found), flush=True)
    record: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()}, {platform.machine()}, one thread",
        "python": platform.python_version(),
        "versions": {name: version(name).split("+")[0] for name in PACKAGES},
        "milliseconds": outcome,
    }
    file = Path(__file__)
    record["hashes"] = digests(file.parent, {file.name, "image_processing.py"})
    text = json_text(record) + "\n"
    file.with_suffix(".json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

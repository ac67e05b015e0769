# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How image_processing.py is proven; zooniverse/proofs/form.py says what each part means.

The pictures are those that scikit-image carries in its package; none is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from PIL import ImageFilter
from torch import Tensor

from zooniverse.proofs.form import Equality, Figure, Mutant, Proof, Values

# The same border by the names of four libraries; where one lacks it, it is not in the table.
SCIPY = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "constant": "constant",
    "wrap": "wrap",
}
OPENCV = {
    "reflect": "BORDER_REFLECT_101",
    "symmetric": "BORDER_REFLECT",
    "edge": "BORDER_REPLICATE",
    "constant": "BORDER_CONSTANT",
    "wrap": "BORDER_WRAP",
}
PYTORCH = {"reflect": "reflect", "edge": "replicate", "constant": "constant", "wrap": "circular"}

CROPS = {  # top and left of 96 rows and 120 columns
    "camera": (110, 190),
    "coins": (20, 30),
    "page": (10, 20),
    "brick": (0, 0),
    "text": (20, 20),
    "moon": (200, 100),
    "grass": (0, 0),
    "chelsea": (80, 110),
    "astronaut": (20, 180),
}
CROOKED = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)


def library(name: str) -> Any:
    """Return a module that has no types."""
    return import_module(name)


@cache
def whole(name: str) -> Any:
    """Return a picture of scikit-image's package in levels of grey, (H, W)."""
    spec = find_spec("skimage")
    assert spec and spec.origin
    (file,) = (Path(spec.origin).parent / "data").glob(f"{name}.*")
    return np.asarray(Pillow.open(file).convert("L"))


def levels(name: str) -> Any:
    """Return a part of a picture in levels of grey, (96, 120)."""
    top, left = CROPS[name]
    return whole(name)[top : top + 96, left : left + 120]


def picture(name: str) -> Any:
    """Return a part of a picture from 0 to 1, (96, 120)."""
    return levels(name) / 255


def random(*shape: int) -> Any:
    """Return normal numbers."""
    return torch.randn(*shape).numpy()


class Both:
    """Collects values of ours and of a reference under the same names."""

    def __init__(self) -> None:
        self.ours: dict[str, Tensor] = {}
        self.reference: dict[str, Tensor] = {}

    def add(self, name: str, ours: Any, reference: Any) -> None:
        """Add a pair of arrays."""
        self.ours[name] = torch.from_numpy(np.array(ours, dtype=float))
        self.reference[name] = torch.from_numpy(np.array(reference, dtype=float))

    def done(self) -> Values:
        """Return all pairs."""
        return Values(self.ours, self.reference)


# --- equalities: borders ------------------------------------------------------------------------


def borders_numpy(model: Any) -> Values:
    """Borders wider than the picture, by numpy.pad."""
    both = Both()
    small = random(4, 5)
    for border in SCIPY:
        value = {"constant_values": 0.3} if border == "constant" else {}
        mode: Any = border
        wanted = np.pad(small, ((11, 11), (13, 13)), mode=mode, **value)
        both.add(border, model.pad(small, 11, 13, border, 0.3), wanted)
    return both.done()


def borders_scipy(model: Any) -> Values:
    """Correlation and convolution with a random kernel, with each border."""
    ndimage = library("scipy.ndimage")
    both = Both()
    image, kernel = picture("camera"), random(5, 3)
    for border, mode in SCIPY.items():
        for name, ours, theirs in (
            ("correlation", model.correlate, ndimage.correlate),
            ("convolution", model.convolve, ndimage.convolve),
        ):
            wanted = theirs(image, kernel, mode=mode, cval=0.3)
            both.add(f"{name}, {mode}", ours(image, kernel, border, 0.3), wanted)
    return both.done()


def borders_opencv(model: Any) -> Values:
    """Borders by copyMakeBorder, and filter2D, which has no BORDER_WRAP."""
    cv2 = library("cv2")
    both = Both()
    image, kernel = picture("camera"), random(5, 3)
    for border, name in OPENCV.items():
        mode = getattr(cv2, name)
        wanted = cv2.copyMakeBorder(image, 6, 6, 7, 7, mode, value=0.3)
        both.add(name, model.pad(image, 6, 7, border, 0.3), wanted)
        if border != "wrap":
            wanted = cv2.filter2D(image, cv2.CV_64F, kernel, borderType=mode)
            both.add(f"filter2D, {name}", model.correlate(image, kernel, border), wanted)
    return both.done()


def borders_skimage(model: Any) -> Values:
    """Filters, which take SciPy's names, and warps, which take those of numpy.pad."""
    filters, transform = library("skimage.filters"), library("skimage.transform")
    both = Both()
    image = picture("camera")
    shift = transform.AffineTransform(translation=(-9, -7))
    for border, mode in SCIPY.items():
        wanted = filters.gaussian(image, 1.7, mode=mode)
        both.add(f"gaussian, {mode}", model.gaussian(image, 1.7, border), wanted)
        moved = transform.warp(image, shift, order=0, mode=border, cval=0.3)
        both.add(f"warp, {border}", model.pad(image, 7, 9, border, 0.3)[:-14, :-18], moved)
    return both.done()


def borders_pytorch(model: Any) -> Values:
    """Borders by torch.nn.functional.pad, which has no symmetric one."""
    both = Both()
    image = picture("camera")
    for border, mode in PYTORCH.items():
        wanted = torch.nn.functional.pad(torch.tensor(image[None, None]), (7, 7, 6, 6), mode=mode)
        both.add(mode, model.pad(image, 6, 7, border), wanted[0, 0])
    return both.done()


def borders_pillow(model: Any) -> Values:
    """A kernel of 3 by 3 leaves the outermost pixels as they are, and its rows go from the bottom.

    A box blur goes on with the pixels of the edge.
    """
    both = Both()
    image, kernel = levels("camera").astype(float), np.arange(1.0, 10).reshape(3, 3)
    given = Pillow.fromarray(levels("camera"))
    theirs = given.filter(ImageFilter.Kernel((3, 3), kernel.ravel().tolist(), scale=45))
    ours = np.floor(model.correlate(image, kernel[::-1] / 45) + 0.5)
    ours[[0, -1]], ours[:, [0, -1]] = image[[0, -1]], image[:, [0, -1]]
    both.add("kernel", ours, theirs)
    box = np.full((5, 5), 1 / 25)
    both.add("box blur", model.correlate(image, box, "edge"), given.filter(ImageFilter.BoxBlur(2)))
    return both.done()


# --- equalities: filters ------------------------------------------------------------------------


def gaussian_scipy(model: Any) -> Values:
    """Blurs of several widths, cut off at several places."""
    ndimage = library("scipy.ndimage")
    both = Both()
    for sigma, truncate in ((0.4, 4.0), (1.3, 3.0), (2.6, 4.0), (3.0, 2.5)):
        wanted = ndimage.gaussian_filter(picture("moon"), sigma, truncate=truncate)
        ours = model.gaussian(picture("moon"), sigma, truncate=truncate)
        both.add(f"sigma {sigma}, cut off at {truncate}", ours, wanted)
    return both.done()


def gaussian_opencv(model: Any) -> Values:
    """Blurs with each border, the number of weights given."""
    cv2 = library("cv2")
    both = Both()
    for border in ("reflect", "symmetric", "edge", "constant"):
        mode = getattr(cv2, OPENCV[border])
        wanted = cv2.GaussianBlur(picture("moon"), (15, 15), 1.7, borderType=mode)
        both.add(OPENCV[border], model.gaussian(picture("moon"), 1.7, border), wanted)
    return both.done()


def sobel_scipy(model: Any) -> Values:
    """Both slopes; length and angle as those of complex numbers."""
    ndimage = library("scipy.ndimage")
    both = Both()
    for border in ("symmetric", "edge"):
        ours = model.sobel(picture("chelsea"), border)
        y, x = (ndimage.sobel(picture("chelsea"), axis, mode=SCIPY[border]) for axis in (0, 1))
        both.add(f"down, {border}", ours.y, y)
        both.add(f"right, {border}", ours.x, x)
        both.add(f"magnitude, {border}", ours.magnitude(), np.abs(x + 1j * y))
        turn = np.exp(1j * ours.direction()) * np.abs(x + 1j * y)
        both.add(f"direction right, {border}", turn.real, x)
        both.add(f"direction down, {border}", turn.imag, y)
    return both.done()


def sobel_others(model: Any) -> Values:
    """Slopes by OpenCV."""
    cv2 = library("cv2")
    both = Both()
    for border in ("reflect", "symmetric", "edge"):
        ours = model.sobel(picture("chelsea"), border)
        mode = getattr(cv2, OPENCV[border])
        for name, mine, order in (("down", ours.y, (0, 1)), ("right", ours.x, (1, 0))):
            wanted = cv2.Sobel(picture("chelsea"), cv2.CV_64F, *order, ksize=3, borderType=mode)
            both.add(f"{name}, {border}", mine, wanted)
    return both.done()


def edges(model: Any) -> Values:
    """Edges of real pictures, every pixel."""
    feature = library("skimage.feature")
    both = Both()
    for name in CROPS:
        for sigma, low, high in ((1.0, 0.1, 0.3), (2.0, 0.05, 0.2)):
            ours = model.canny(picture(name), sigma, low, high)
            wanted = feature.canny(picture(name), sigma, low, high, mode="reflect")
            both.add(f"{name}, sigma {sigma}", ours, wanted)
    return both.done()


# --- equalities: values and shapes --------------------------------------------------------------


def equalised_skimage(model: Any) -> Values:
    """Equalised pictures."""
    exposure = library("skimage.exposure")
    both = Both()
    for name in CROPS:
        both.add(name, model.equalise(levels(name)), exposure.equalize_hist(levels(name)))
    return both.done()


def equalised_opencv(model: Any) -> Values:
    """Equalised pictures from 0 to 255, every level; and a plain one."""
    cv2 = library("cv2")
    both = Both()
    for name in CROPS:
        ours = np.rint(255 * model.equalise(levels(name), from_zero=True))
        both.add(name, ours, cv2.equalizeHist(levels(name)))
    return both.done()


def shapes_skimage(model: Any) -> Values:
    """Erosion to closing by a crooked footprint, which two of the references want turned."""
    morphology = library("skimage.morphology")
    both = Both()
    turned = CROOKED[::-1, ::-1]
    for name, ours, footprint in (
        ("erosion", model.erode, CROOKED),
        ("dilation", model.dilate, turned),
        ("opening", model.opened, CROOKED),
        ("closing", model.closed, turned),
    ):
        for crop in ("camera", "coins"):
            wanted = getattr(morphology, name)(picture(crop), footprint, mode="ignore")
            both.add(f"{name}, {crop}", ours(picture(crop), CROOKED), wanted)
    return both.done()


def shapes_opencv(model: Any) -> Values:
    """Erosion and dilation by a crooked footprint, which the dilation wants turned."""
    cv2 = library("cv2")
    both = Both()
    kernel = CROOKED.astype(np.uint8)
    for crop in ("camera", "coins"):
        both.add(
            f"erosion, {crop}",
            model.erode(picture(crop), CROOKED),
            cv2.erode(picture(crop), kernel),
        )
        both.add(
            f"dilation, {crop}",
            model.dilate(picture(crop), CROOKED),
            cv2.dilate(picture(crop), np.ascontiguousarray(kernel[::-1, ::-1])),
        )
        both.add(
            f"opening, {crop}, which does not turn it",
            model.dilate(model.erode(picture(crop), CROOKED), CROOKED[::-1, ::-1]),
            cv2.morphologyEx(picture(crop), cv2.MORPH_OPEN, kernel),
        )
    return both.done()


def shapes_scipy(model: Any) -> Values:
    """Erosion and dilation by a crooked footprint, which is given as it is."""
    ndimage = library("scipy.ndimage")
    both = Both()
    for name, ours, theirs, outside in (
        ("erosion", model.erode, ndimage.grey_erosion, np.inf),
        ("dilation", model.dilate, ndimage.grey_dilation, -np.inf),
    ):
        for crop in ("camera", "coins"):
            wanted = theirs(picture(crop), footprint=CROOKED, mode="constant", cval=outside)
            both.add(f"{name}, {crop}", ours(picture(crop), CROOKED), wanted)
    return both.done()


def in_order(labels: Any) -> Any:
    """Number parts in the order in which rows come to them."""
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    parts = [i for i in np.argsort(first) if labels.ravel()[first[i]]]
    number = np.zeros(len(first), dtype=int)
    number[parts] = np.arange(1, len(parts) + 1)
    return number[which].reshape(labels.shape)


def parts(of: str) -> Callable[[Any], Values]:
    """Return what compares the parts of real pictures with those of a library."""

    def compare(model: Any) -> Values:
        both = Both()
        for name in CROPS:
            mask = levels(name) > np.median(levels(name))
            for n in (4, 8):
                if of == "scipy":
                    full = np.ones((3, 3)) if n == 8 else None
                    wanted = library("scipy.ndimage").label(mask, full)[0]
                elif of == "skimage":
                    wanted = in_order(library("skimage.measure").label(mask, connectivity=n // 4))
                else:
                    _, found = library("cv2").connectedComponents(mask.astype(np.uint8), None, n)
                    wanted = in_order(found)
                both.add(f"{name}, {n} neighbours", model.components(mask, n), wanted)
        return both.done()

    return compare


# --- equalities: corners and lines --------------------------------------------------------------


def corner_response(model: Any) -> Values:
    """The response, and the corners in their order."""
    feature = library("skimage.feature")
    both = Both()
    for name in ("camera", "brick", "page"):
        wanted = feature.corner_harris(picture(name), k=0.06, sigma=1.5)
        both.add(f"{name}, response", model.harris(picture(name), 1.5, 0.06), wanted)
        response = feature.corner_harris(picture(name), sigma=1.5)
        for distance in (1, 3, 6):
            found = feature.corner_peaks(response, min_distance=distance, threshold_abs=0.01)
            ours = model.corners(picture(name), 1.5, distance, 0.01)
            both.add(f"{name}, {distance} apart", ours, found)
    return both.done()


def votes_and_lines(model: Any) -> Values:
    """All votes, and the lines that they make, in any order, where no two maxima tie."""
    transform = library("skimage.transform")
    both = Both()
    for name, least in (("page", 25), ("brick", 35), ("text", 35), ("astronaut", 25)):
        edge = model.canny(picture(name), 1.5, 0.2, 0.5)
        votes = model.hough(edge)
        wanted, angles, distances = transform.hough_line(edge)
        both.add(f"{name}, votes", votes, wanted)
        found = zip(
            *transform.hough_line_peaks(wanted, angles, distances, threshold=least), strict=True
        )
        degrees = sorted((int(v), round(np.degrees(a)), int(d)) for v, a, d in found)
        ours = sorted(
            (x.votes, round(np.degrees(x.angle)), x.distance) for x in model.lines(votes, least)
        )
        both.add(f"{name}, lines", np.array(ours), np.array(degrees))
    return both.done()


# --- equalities: resampling ---------------------------------------------------------------------

SIZES = ((40, 40), (64, 50), (130, 200), (24, 119), (95, 119))


def odd() -> Any:
    """Return a picture of odd sizes, (95, 119).

    So the middle of a new pixel never lies between two old ones, where libraries take either.
    """
    return picture("brick")[:95, :119]


def resized_pytorch(model: Any) -> Values:
    """Nearest (nearest-exact), bilinear, and bilinear with antialias."""
    both = Both()
    image = odd()
    for size in SIZES:
        for kind, settings in (
            ("nearest", {"mode": "nearest-exact"}),
            ("bilinear", {"mode": "bilinear"}),
            ("antialiased", {"mode": "bilinear", "antialias": True}),
        ):
            given: Any = {"size": size, **settings}
            wanted = torch.nn.functional.interpolate(torch.tensor(image[None, None]), **given)
            both.add(f"{kind}, {size}", model.resize(image, *size, kind), wanted[0, 0])
    return both.done()


def resized_opencv(model: Any) -> Values:
    """Nearest (INTER_NEAREST_EXACT) and bilinear."""
    cv2 = library("cv2")
    both = Both()
    image = odd()
    for size in SIZES:
        for kind, way in (("nearest", cv2.INTER_NEAREST_EXACT), ("bilinear", cv2.INTER_LINEAR)):
            wanted = cv2.resize(image, size[::-1], interpolation=way)
            both.add(f"{kind}, {size}", model.resize(image, *size, kind), wanted)
    return both.done()


def resized_skimage(model: Any) -> Values:
    """Nearest, bilinear, and with anti_aliasing: a Gaussian before, as wide as the new pixels."""
    transform = library("skimage.transform")
    both = Both()
    image = odd()
    for size in SIZES:
        for order, kind in enumerate(("nearest", "bilinear")):
            wanted = transform.resize(image, size, order, "edge", anti_aliasing=False)
            both.add(f"{kind}, {size}", model.resize(image, *size, kind), wanted)
    blurred = model.gaussian(image[:93, :117], (3 - 1) / 2, "edge")
    wanted = transform.resize(image[:93, :117], (31, 39), 1, "edge", anti_aliasing=True)
    both.add("anti_aliasing, (31, 39)", model.resize(blurred, 31, 39, "bilinear"), wanted)
    return both.done()


def resized_pillow(model: Any) -> Values:
    """Nearest, and bilinear, which is antialiased wherever it shrinks."""
    both = Both()
    image = odd()
    given = Pillow.fromarray(image.astype(np.float32))
    for size in SIZES:
        for kind, way in (
            ("nearest", Pillow.Resampling.NEAREST),
            ("antialiased", Pillow.Resampling.BILINEAR),
        ):
            wanted = given.resize(size[::-1], way)
            both.add(f"{kind}, {size}", model.resize(image, *size, kind), wanted)
    return both.done()


# --- invariants ---------------------------------------------------------------------------------


def near(a: Any, b: Any, limit: float = 1e-12) -> bool:
    """Say whether two arrays are the same up to rounding."""
    return bool(np.abs(np.asarray(a) - np.asarray(b)).max() <= limit)


def a_blur_keeps_brightness(model: Any) -> None:
    """A Gaussian leaves a plain picture as it is, and keeps the sum of any where borders wrap."""
    for sigma in (0.5, 2.0, 5.0):
        for border in ("reflect", "symmetric", "edge", "wrap"):
            assert near(model.gaussian(np.full((20, 30), 0.7), sigma, border), 0.7), border
        image = picture("grass")
        assert near(model.gaussian(image, sigma, "wrap").mean(), image.mean())


def two_passes_are_one(model: Any) -> None:
    """Blurring columns, then rows, equals correlation with the whole two-dimensional Gaussian."""
    kernel = model.gaussian_kernel(1.2)
    for border in SCIPY:
        whole_kernel = model.correlate(picture("text"), np.outer(kernel, kernel), border)
        assert near(model.gaussian(picture("text"), 1.2, border), whole_kernel), border


def a_point_shows_the_kernel(model: Any) -> None:
    """Convolution makes of a bright point the kernel, and correlation the kernel turned around."""
    point, kernel = np.zeros((9, 9)), random(5, 3)
    point[4, 4] = 1
    assert near(model.convolve(point, kernel)[2:7, 3:6], kernel)
    assert near(model.correlate(point, kernel)[2:7, 3:6], kernel[::-1, ::-1])


def a_slope_is_measured(model: Any) -> None:
    """On a plane, an eighth of the gradient is its slope, and the angle says where it rises."""
    y, x = np.mgrid[:9, :9]
    for down, right in ((0.0, 0.1), (0.1, 0.0), (-0.2, 0.1), (0.03, -0.04)):
        gradient = model.sobel(down * y + right * x)
        inside = np.s_[1:-1, 1:-1]
        assert near(gradient.y[inside] / 8, down) and near(gradient.x[inside] / 8, right)
        assert near(gradient.magnitude()[inside] / 8, np.hypot(down, right))
        assert near(np.tan(gradient.direction()[inside]) * right, down if right else 0)


def edges_are_thin(model: Any) -> None:
    """The edge of a bright half-plane, at any angle, lies within a pixel of where it should be.

    It is never wider than two pixels, without a gap, and mostly one pixel wide.
    """
    y, x = np.mgrid[:60, :60] - 29.5
    widths = []
    for _ in range(100):
        angle, distance = float(torch.rand(()) * 6.28), float(torch.rand(()) * 10 - 5)
        off = x * np.cos(angle) + y * np.sin(angle) - distance
        edge = model.canny(1 / (1 + np.exp(-off)), 1.0, 0.1, 0.3)
        across = edge.sum(axis=1 if abs(np.cos(angle)) > abs(np.sin(angle)) else 0)
        crossed = across[np.flatnonzero(across)[0] : np.flatnonzero(across)[-1] + 1]
        assert crossed.min() >= 1 and crossed.max() <= 2 and len(crossed) > 30, (angle, across)
        assert np.abs(off[edge]).max() < 1, (angle, distance)
        widths.append(crossed.mean())
    assert np.mean(widths) < 1.4 and np.median(widths) < 1.25, (np.mean(widths), widths)


def weak_edges_need_strong_ones(model: Any) -> None:
    """Of the weak pixels those stay that touch a strong one, at corners too, through others."""
    weak = np.zeros((7, 9), dtype=bool)
    weak[[1, 2, 3, 4], [1, 2, 3, 4]] = weak[1:6, 7] = True
    strong = np.zeros_like(weak)
    strong[4, 4] = strong[6, 0] = True  # one of them is not even weak
    assert np.argwhere(model.hysteresis(weak, strong)).tolist() == [[i, i] for i in (1, 2, 3, 4)]


def shares_become_even(model: Any) -> None:
    """After equalisation, the share of pixels up to a value is that value, and order is kept."""
    for name in CROPS:
        flat = model.equalise(levels(name))
        for value in np.unique(flat):
            assert near((flat <= value).mean(), value), name
        order = np.argsort(levels(name).ravel(), kind="stable")
        for from_zero in (False, True):
            values = model.equalise(levels(name), from_zero).ravel()[order]
            assert (np.diff(values) >= 0).all() and values[-1] == 1, name
        assert values[0] == 0, name


def opening_twice_is_opening(model: Any) -> None:
    """Opening and closing change nothing the second time; one darkens, the other brightens."""
    for name in ("camera", "grass"):
        image = picture(name)
        opened, closed = model.opened(image, CROOKED), model.closed(image, CROOKED)
        assert near(model.opened(opened, CROOKED), opened), name
        assert near(model.closed(closed, CROOKED), closed), name
        assert (opened <= image).all() and (closed >= image).all(), name


def parts_are_the_same_mirrored(model: Any) -> None:
    """Mirrored or turned, a mask has the same parts, only numbered in another order.

    Those of 8 neighbours are unions of those of 4.
    """
    for name in ("text", "grass"):
        mask = levels(name) > np.median(levels(name))
        for n in (4, 8):
            labels = model.components(mask, n)
            assert near(labels, in_order(labels)) and ((labels > 0) == mask).all()
            for there, back in (
                (mask[::-1], lambda a: a[::-1]),
                (mask[:, ::-1], lambda a: a[:, ::-1]),
                (mask.T, lambda a: a.T),
            ):
                assert near(labels, in_order(back(model.components(there, n))))
        pairs = np.stack((model.components(mask, 4)[mask], model.components(mask, 8)[mask]))
        assert len(np.unique(pairs, axis=1).T) == pairs[0].max() > pairs[1].max()


def corners_are_where_they_are(model: Any) -> None:
    """Of a bright rectangle the four corners are found, within two pixels, and no others.

    The response is negative at the middle of its sides, and turns with the picture.
    """
    image = np.full((50, 70), 0.2)
    image[12:38, 15:55] = 0.9
    image += 0.01 * random(50, 70)
    found = model.corners(image, 1.5, 5, 0.1)
    wanted = [(y, x) for y in (11.5, 37.5) for x in (14.5, 54.5)]
    near_by = [min(np.abs(np.subtract(c, w)).max() for w in wanted) for c in found]
    assert len(found) == 4 and max(near_by) <= 2, found
    response = model.harris(image, 1.5)
    assert response[12, 35] < 0 and response[25, 15] < 0
    assert near(model.harris(np.rot90(image), 1.5), np.rot90(response), 1e-9)


def peaks_keep_their_distance(model: Any) -> None:
    """No two peaks are within the distance of each other, even on a plateau, and none is missed."""
    for _ in range(20):
        image = torch.randint(0, 6, (20, 25)).double().numpy()
        found = model.peaks(image, (2, 3), 1.0)
        for a, b in combinations(found.tolist(), 2):
            assert abs(a[0] - b[0]) > 2 or abs(a[1] - b[1]) > 3, (a, b)
        values = image[tuple(found.T)]
        assert (np.diff(values) <= 0).all() and (values > 1).all()
        for y, x in np.argwhere(image == 5):
            assert any(abs(y - v) <= 2 and abs(x - u) <= 3 for v, u in found)


def lines_are_where_they_are(model: Any) -> None:
    """A drawn line is found once, within about a pixel and a degree.

    Each pixel votes once at each angle.
    """
    y, x = np.mgrid[:80, :100]
    for degrees in (-90.0, 89.6, *(torch.rand(20) * 180 - 90).tolist()):
        angle = degrees * np.pi / 180
        distance = 49.5 * np.cos(angle) + 39.5 * np.sin(angle) + float(torch.randn(())) * 8
        edge = np.abs(x * np.cos(angle) + y * np.sin(angle) - distance) < 0.5
        votes = model.hough(edge)
        assert (votes.sum(axis=0) == edge.sum()).all()
        (line,) = model.lines(votes, int(0.5 * edge.sum()))
        off = (np.array([line.angle, line.angle + np.pi]) - angle + np.pi) % (2 * np.pi) - np.pi
        sign = 1 if np.abs(off[0]) < np.abs(off[1]) else -1
        assert np.degrees(np.abs(off).min()) <= 1.01, (line, angle)
        y0, x0 = 39.5, 49.5  # the distance is compared in the middle of the picture
        apart = x0 * np.cos(line.angle) + y0 * np.sin(line.angle) - line.distance
        wanted = sign * (x0 * np.cos(angle) + y0 * np.sin(angle) - distance)
        assert abs(apart - wanted) <= 1.5, (line, angle, distance)


def resizing_has_no_favourite_side(model: Any) -> None:
    """A plain picture stays plain, the same size changes nothing, and a mirror image stays one."""
    image = odd()
    for kind in model.KINDS:
        assert near(model.resize(image, 95, 119, kind), image)
        for size in SIZES:
            assert near(model.resize(np.full((20, 30), 0.7), *size, kind), 0.7)
            turned = model.resize(image[::-1, ::-1], *size, kind)
            assert near(turned, model.resize(image, *size, kind)[::-1, ::-1]), (kind, size)


def shrinking_makes_false_patterns(model: Any) -> None:
    """Waves too fine for the new pixels come out as false waves, with up to all their contrast.

    Antialiased, less than 6 % of it is left where a wave is shorter than a new pixel.
    """
    left = {
        kind: [
            model.contrast(model.resize(model.stripes(wave)[:2], 2, 80, kind)[:, 2:-2])
            for wave in np.linspace(2.05, 3.95, 39)
        ]
        for kind in model.KINDS
    }
    assert min(left["nearest"]) > 0.9, left["nearest"]
    assert max(left["bilinear"]) > 0.6, left["bilinear"]
    assert max(left["antialiased"]) < 0.06, left["antialiased"]
    coarse = model.contrast(model.resize(model.stripes(40)[:2], 2, 80, "antialiased"))
    assert coarse > 0.95, coarse


def a_kernel_needs_a_middle(model: Any) -> None:
    """A kernel with an even number of rows or columns is refused."""
    for shape in ((2, 3), (3, 4)):
        try:
            model.correlate(np.zeros((5, 5)), np.ones(shape))
        except ValueError:
            continue
        raise AssertionError(shape)


# --- figures ------------------------------------------------------------------------------------


def tinted(image: Any, mask: Any, colour: tuple[float, float, float]) -> Any:
    """Return a grey picture in colours, (H, W, 3), with some pixels painted over."""
    return np.where(mask[..., None], np.array(colour), np.repeat(image[..., None], 3, axis=2))


def steps(model: Any) -> Tensor:
    """Draw a man with a camera, bricks and coins, and what each step makes of them."""
    man = whole("camera")[50:210, 150:310] / 255
    wall, coins = whole("brick")[:160, :160] / 255, whole("coins")[10:170, 20:180]
    blurred = model.gaussian(man, 2.0)
    gradient = model.sobel(blurred).magnitude()
    edge = model.canny(man, 1.5, 0.3, 0.8)
    found = np.zeros(man.shape)
    found[tuple(model.corners(man, 1.5, 6, 0.5).T)] = 1
    spots = model.dilate(found, np.ones((5, 5), dtype=bool)) > 0
    y, x = np.mgrid[: man.shape[0], : man.shape[1]]
    strokes = np.zeros(man.shape, dtype=bool)
    for line in model.lines(model.hough(model.canny(wall, 1.5, 0.2, 0.5)), 80):
        strokes |= np.abs(x * np.cos(line.angle) + y * np.sin(line.angle) - line.distance) < 0.7
    bright = model.gaussian(coins / 255, 1.0) > 0.5
    labels = model.components(model.opened(bright.astype(float), np.ones((5, 5), dtype=bool)) > 0)
    hues = (0.5 + 0.5 * np.cos(2.4 * labels[..., None] + np.array([0.0, 2.1, 4.2]))) * 0.8
    grey = [man, blurred, gradient / gradient.max(), 1.0 - edge]
    more = [
        tinted(man * 0.5 + 0.4, spots, (0.8, 0, 0.1)),
        tinted(wall * 0.5 + 0.4, strokes, (0.1, 0.1, 0.8)),
        model.equalise(coins),
        np.where(labels[..., None] > 0, hues, 1.0),
    ]
    all_ = [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in grey + more]
    return torch.from_numpy(np.stack(all_)).view(2, 4, 160, 160, 3)


def shrunk(model: Any) -> Tensor:
    """Draw rings and a wall of bricks, and both shrunk to a quarter in three ways, enlarged."""
    y, x = np.mgrid[:168, :168] + 0.5
    rings = 0.5 + 0.5 * np.cos(np.pi * ((y - 84) ** 2 + (x - 84) ** 2) / 2 / 84 / 1.05)
    rows = []
    for image in (rings, whole("camera")[50:218, 150:318] / 255):
        small = [model.resize(image, 42, 42, kind) for kind in model.KINDS]
        rows.append(np.stack([image, *(s.repeat(4, 0).repeat(4, 1) for s in small)]))
    return torch.from_numpy(np.stack(rows))


B_NUMPY, B_SCIPY, B_OPENCV = "borders, NumPy", "borders, SciPy", "borders, OpenCV"
B_SKIMAGE, B_PYTORCH = "borders, scikit-image", "borders, PyTorch"
B_PILLOW = "borders, Pillow"
G_SCIPY, G_OPENCV = "Gaussian, SciPy", "Gaussian, OpenCV"
S_SCIPY, S_OPENCV, EDGES = "gradient, SciPy", "gradient, OpenCV", "edges"
E_SKIMAGE, E_OPENCV = "equalised, scikit-image", "equalised, OpenCV"
M_SCIPY, M_OPENCV = "morphology, SciPy", "morphology, OpenCV"
M_SKIMAGE = "morphology, scikit-image"
P_SCIPY, P_SKIMAGE, P_OPENCV = "parts, SciPy", "parts, scikit-image", "parts, OpenCV"
CORNERS, LINES = "corners", "lines"
R_PYTORCH, R_OPENCV = "resampling, PyTorch", "resampling, OpenCV"
R_SKIMAGE, R_PILLOW = "resampling, scikit-image", "resampling, Pillow"
SKIMAGE, CV2 = "scikit-image", "opencv-python-headless"

PROOF = Proof(
    code="image_processing.py",
    sizes=(),
    ledger=(),
    equalities=(
        Equality(B_NUMPY, borders_numpy, "numpy.pad", "numpy"),
        Equality(B_SCIPY, borders_scipy, "scipy.ndimage.correlate, convolve", "scipy"),
        Equality(B_OPENCV, borders_opencv, "cv2.copyMakeBorder, filter2D", CV2),
        Equality(B_SKIMAGE, borders_skimage, "filters.gaussian, transform.warp", SKIMAGE),
        Equality(B_PYTORCH, borders_pytorch, "torch.nn.functional.pad"),
        Equality(
            B_PILLOW,
            borders_pillow,
            "ImageFilter.Kernel, BoxBlur",
            "pillow",
            limit=0.004,
            why_limit="It keeps 8 bits, and a level of 255 is 0.0039.",
        ),
        Equality(G_SCIPY, gaussian_scipy, "scipy.ndimage.gaussian_filter", "scipy"),
        Equality(G_OPENCV, gaussian_opencv, "cv2.GaussianBlur", CV2),
        Equality(S_SCIPY, sobel_scipy, "scipy.ndimage.sobel", "scipy"),
        Equality(S_OPENCV, sobel_others, "cv2.Sobel", CV2),
        Equality(EDGES, edges, "feature.canny", SKIMAGE),
        Equality(E_SKIMAGE, equalised_skimage, "exposure.equalize_hist", SKIMAGE),
        Equality(E_OPENCV, equalised_opencv, "cv2.equalizeHist", CV2),
        Equality(M_SCIPY, shapes_scipy, "scipy.ndimage.grey_erosion, grey_dilation", "scipy"),
        Equality(M_SKIMAGE, shapes_skimage, "erosion, dilation, opening, closing", SKIMAGE),
        Equality(M_OPENCV, shapes_opencv, "cv2.erode, dilate, morphologyEx", CV2),
        Equality(P_SCIPY, parts("scipy"), "scipy.ndimage.label", "scipy"),
        Equality(P_SKIMAGE, parts("skimage"), "measure.label, numbered in order", SKIMAGE),
        Equality(P_OPENCV, parts("cv2"), "cv2.connectedComponents, numbered in order", CV2),
        Equality(CORNERS, corner_response, "feature.corner_harris, corner_peaks", SKIMAGE),
        Equality(LINES, votes_and_lines, "transform.hough_line, hough_line_peaks", SKIMAGE),
        Equality(R_PYTORCH, resized_pytorch, "torch.nn.functional.interpolate"),
        Equality(R_OPENCV, resized_opencv, "cv2.resize", CV2),
        Equality(R_SKIMAGE, resized_skimage, "transform.resize", SKIMAGE),
        Equality(
            R_PILLOW,
            resized_pillow,
            "Image.resize, mode F",
            "pillow",
            limit=1e-6,
            why_limit="It computes in float32.",
        ),
    ),
    invariants=(
        a_blur_keeps_brightness,
        two_passes_are_one,
        a_point_shows_the_kernel,
        a_slope_is_measured,
        edges_are_thin,
        weak_edges_need_strong_ones,
        shares_become_even,
        opening_twice_is_opening,
        parts_are_the_same_mirrored,
        corners_are_where_they_are,
        peaks_keep_their_distance,
        lines_are_where_they_are,
        resizing_has_no_favourite_side,
        shrinking_makes_false_patterns,
        a_kernel_needs_a_middle,
    ),
    mutants=(
        Mutant(
            "the edge goes on one pixel too far in",
            "return at.clip(0, size - 1)",
            "return at.clip(1, size - 1)",
            (B_NUMPY, B_SCIPY, B_OPENCV, B_SKIMAGE, B_PYTORCH, B_PILLOW),
        ),
        Mutant(
            "wraps around a pixel too late",
            "return at % size\n",
            "return at % (size + 1) % size\n",
            (B_NUMPY, B_PYTORCH, "a_blur_keeps_brightness"),
        ),
        Mutant(
            "symmetric stands each end once",
            "at = at % (2 * size)\n        return np.minimum(at, 2 * size - 1 - at)",
            "at = at % (2 * size - 2)\n        return np.minimum(at, 2 * size - 2 - at)",
            (B_NUMPY, G_SCIPY, S_SCIPY, EDGES),
        ),
        Mutant(
            "reflect stands each end twice",
            "return np.minimum(at, period - at)",
            "return np.minimum(at, np.abs(period - 1 - at))",
            (B_NUMPY, B_OPENCV, G_OPENCV),
        ),
        Mutant(
            "nothing lies outside, whatever the value",
            "(x < 0), value, image[y, x])",
            "(x < 0), 0.0, image[y, x])",
            (B_SCIPY, B_OPENCV, M_SKIMAGE, M_OPENCV),
        ),
        Mutant(
            "correlation for convolution",
            "correlate(image, kernel[::-1, ::-1], border, value)",
            "correlate(image, kernel, border, value)",
            (B_SCIPY, "a_point_shows_the_kernel"),
        ),
        Mutant(
            "any kernel",
            "rows % 2 == 0 or columns % 2 == 0",
            "rows % 2 == 0 and columns % 2 == 0",
            ("a_kernel_needs_a_middle",),
        ),
        Mutant(
            "the Gaussian is cut off a pixel early",
            "int(truncate * sigma + 0.5)",
            "int(truncate * sigma)",
            (G_SCIPY, G_OPENCV),
        ),
        Mutant(
            "twice the variance", "/ (2 * sigma**2))", "/ sigma**2)", (G_SCIPY, G_OPENCV, B_SKIMAGE)
        ),
        Mutant(
            "weights do not sum to 1",
            "weights / weights.sum()",
            "weights / (sigma * math.sqrt(2 * math.pi))",
            (G_SCIPY, "a_blur_keeps_brightness"),
        ),
        Mutant(
            "blurs the columns alone",
            "correlate(correlate(image, kernel[:, None], border), kernel[None, :], border)",
            "correlate(image, kernel[:, None], border)",
            (G_SCIPY, "two_passes_are_one"),
        ),
        Mutant(
            "the slope is not smoothed across",
            "np.array([1.0, 2.0, 1.0])",
            "np.array([0.0, 4.0, 0.0])",
            (S_SCIPY, S_OPENCV, EDGES),
        ),
        Mutant(
            "the slope points down the hill",
            "np.array([-1.0, 0.0, 1.0])",
            "np.array([1.0, 0.0, -1.0])",
            (S_SCIPY, S_OPENCV, "a_slope_is_measured"),
        ),
        Mutant(
            "the angle from the other axis",
            "np.arctan2(self.y, self.x)",
            "np.arctan2(self.x, self.y)",
            (S_SCIPY, "a_slope_is_measured"),
        ),
        Mutant(
            "four neighbours alone",
            "if neighbours == 8:",
            "if neighbours == 9:",
            (P_SCIPY, P_SKIMAGE, P_OPENCV, "weak_edges_need_strong_ones"),
        ),
        Mutant(
            "a corner is forgotten",
            "steps += [-width - 1, -width + 1, width - 1, width + 1]",
            "steps += [-width - 1, -width + 1, width - 1]",
            (P_SCIPY, P_OPENCV, "parts_are_the_same_mirrored"),
        ),
        Mutant(
            "compared with one of the eight, not between two",
            "return slant * diagonal + (1 - slant) * straight",
            "return np.where(slant > 0.5, diagonal, straight)",
            (EDGES,),
        ),
        Mutant(
            "a maximum in one direction is enough",
            "(m >= at(1)) & (m >= at(-1))",
            "(m >= at(1)) | (m >= at(-1))",
            (EDGES, "edges_are_thin"),
        ),
        Mutant(
            "edges on the frame",
            "keep[[0, -1]] = keep[:, [0, -1]] = False",
            "keep[[0, -1]] = False",
            (EDGES,),
        ),
        Mutant(
            "every weak pixel stays",
            "np.unique(labels[weak & strong])",
            "np.unique(labels[weak])",
            (EDGES, "weak_edges_need_strong_ones"),
        ),
        Mutant(
            "share of the darker pixels alone",
            "counts.cumsum() / levels.size",
            "(counts.cumsum() - counts) / levels.size",
            (E_SKIMAGE, "shares_become_even"),
        ),
        Mutant(
            "black is not taken off",
            "(share - least) / (1 - least)",
            "share / (1 - least)",
            (E_OPENCV, "shares_become_even"),
        ),
        Mutant(
            "dilates by the footprint as it is",
            "around(image, footprint[::-1, ::-1], -math.inf)",
            "around(image, footprint, -math.inf)",
            (M_SCIPY, M_SKIMAGE, M_OPENCV, "opening_twice_is_opening"),
        ),
        Mutant(
            "closes by opening",
            "erode(dilate(image, footprint), footprint)",
            "dilate(erode(image, footprint), footprint)",
            (M_SKIMAGE, "opening_twice_is_opening"),
        ),
        Mutant(
            "edges are corners",
            "a * b - c * c - k",
            "a * b - k",
            (CORNERS,),
        ),
        Mutant(
            "no price for edges",
            "- k * (a + b) ** 2",
            "- 0 * k * (a + b) ** 2",
            (CORNERS, "corners_are_where_they_are"),
        ),
        Mutant(
            "the least first",
            "np.argsort(-response[tuple(candidates.T)]",
            "np.argsort(response[tuple(candidates.T)]",
            (CORNERS, "peaks_keep_their_distance"),
        ),
        Mutant(
            "all of a plateau are peaks",
            "if all(abs(y - v) > dy or",
            "if True or all(abs(y - v) > dy or",
            ("peaks_keep_their_distance",),
        ),
        Mutant(
            "corners on the frame",
            "return found[inside.all(axis=1)]",
            "return found",
            (CORNERS,),
        ),
        Mutant(
            "distances are cut, not rounded",
            "np.floor(np.abs(distance) + 0.5)",
            "np.floor(np.abs(distance))",
            (LINES,),
        ),
        Mutant(
            "rows for columns",
            "x * math.cos(angle) + y * math.sin(angle)\n",
            "y * math.cos(angle) + x * math.sin(angle)\n",
            (LINES, "lines_are_where_they_are"),
        ),
        Mutant(
            "angles end where they end",
            "(votes[::-1, -turn:], votes, votes[::-1, :turn])",
            "(0 * votes[:, -turn:], votes, 0 * votes[:, :turn])",
            (LINES,),
        ),
        Mutant(
            "pixels are points at whole numbers",
            "middle = (np.arange(new) + 0.5) * scale",
            "middle = np.arange(new) * scale",
            (R_PYTORCH, R_OPENCV, R_SKIMAGE, R_PILLOW, "resizing_has_no_favourite_side"),
        ),
        Mutant(
            "shrinks without looking between",
            'max(scale, 1.0) if kind == "antialiased" else 1.0',
            "1.0",
            (R_PYTORCH, R_PILLOW, "shrinking_makes_false_patterns"),
        ),
        Mutant(
            "dark at the edges",
            "share / share.sum(axis=1, keepdims=True)",
            "share / reach",
            (R_PYTORCH, R_OPENCV, R_SKIMAGE, "resizing_has_no_favourite_side"),
        ),
    ),
    figures=(Figure("steps.png", steps), Figure("shrunk.png", shrunk)),
)

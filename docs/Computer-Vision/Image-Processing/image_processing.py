# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Classical image processing in NumPy: filters, edges, corners, lines, shapes and resampling.

Pictures are arrays of one channel, (H, W) for H rows and W columns, in float64 from 0, black, to
1, white. The origin is the top left pixel, y goes down and x to the right, in pixels. Nothing is
learnt, and each step is a function of a few lines.

Run it: python image_processing.py    (it draws a picture of its own and measures it, in seconds)
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]


# region borders
Border = Literal["reflect", "symmetric", "edge", "constant", "wrap"]


def places(size: int, margin: int, border: Border) -> Whole:
    """Return which of `size` pixels stands at each place from -margin to size + margin - 1.

    The names are those of numpy.pad. Of a row abcd, what lies to its right is: cba with reflect,
    dcba with symmetric, dddd with edge, abcd with wrap, and nothing, -1, with constant.
    """
    at = np.arange(-margin, size + margin)
    if border == "edge":
        return at.clip(0, size - 1)
    if border == "wrap":
        return at % size
    if border == "symmetric":  # there and back in 2 size steps; each end stands twice
        at = at % (2 * size)
        return np.minimum(at, 2 * size - 1 - at)
    if border == "reflect":  # there and back in 2 (size - 1) steps; each end stands once
        period = max(2 * (size - 1), 1)
        at = at % period
        return np.minimum(at, period - at)
    return np.where((at < 0) | (at >= size), -1, at)


def pad(image: Image, rows: int, columns: int, border: Border, value: float = 0.0) -> Image:
    """Set a border around a picture: (H, W) becomes (H + 2 rows, W + 2 columns)."""
    y = places(image.shape[0], rows, border)[:, None]
    x = places(image.shape[1], columns, border)[None, :]
    return np.where((y < 0) | (x < 0), value, image[y, x])


# endregion


# region filters
def correlate(
    image: Image, kernel: Image, border: Border = "symmetric", value: float = 0.0
) -> Image:
    """Return y[i, j] = sum of k[u, v] x[i + u, j + v], where u and v are 0 at the kernel's middle.

    Args:
        image: (H, W).
        kernel: Odd numbers of rows and columns.
        border: What lies outside.
        value: What lies outside where the border is constant.
    """
    rows, columns = kernel.shape
    if rows % 2 == 0 or columns % 2 == 0:
        raise ValueError(f"a kernel of {rows} by {columns} has no middle: give odd sizes")
    h, w = image.shape
    padded = pad(image, rows // 2, columns // 2, border, value)
    total = np.zeros((h, w))
    for (u, v), weight in np.ndenumerate(kernel):
        total += weight * padded[u : u + h, v : v + w]
    return total


def convolve(
    image: Image, kernel: Image, border: Border = "symmetric", value: float = 0.0
) -> Image:
    """Return the correlation with the kernel turned by half a turn: x[i - u, j - v] in the sum."""
    return correlate(image, kernel[::-1, ::-1], border, value)


def gaussian_kernel(sigma: float, truncate: float = 4.0) -> NDArray[np.float64]:
    """Return weights exp(-t^2 / 2 sigma^2), for whole t up to truncate sigmas, that sum to 1."""
    radius = int(truncate * sigma + 0.5)
    t = np.arange(-radius, radius + 1)
    weights = np.exp(-(t**2) / (2 * sigma**2))
    return weights / weights.sum()


def gaussian(
    image: Image, sigma: float, border: Border = "symmetric", truncate: float = 4.0
) -> Image:
    """Blur by a Gaussian of sigma pixels: down the columns, then along the rows."""
    kernel = gaussian_kernel(sigma, truncate)
    return correlate(correlate(image, kernel[:, None], border), kernel[None, :], border)


class Gradient(NamedTuple):
    """The slope down (y) and to the right (x) at each pixel, (H, W) each."""

    y: Image
    x: Image

    def magnitude(self) -> Image:
        """Return the length."""
        return np.sqrt(self.y**2 + self.x**2)

    def direction(self) -> Image:
        """Return the angle in radians: 0 where it brightens to the right, pi/2 downwards."""
        return np.arctan2(self.y, self.x)


def sobel(image: Image, border: Border = "symmetric") -> Gradient:
    """Return differences over two pixels, smoothed by 1, 2, 1 across: 8 times the slope."""
    smooth, slope = np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    return Gradient(
        correlate(image, np.outer(slope, smooth), border),
        correlate(image, np.outer(smooth, slope), border),
    )


# endregion


# region components
def components(mask: Mask, neighbours: Literal[4, 8] = 8) -> Whole:
    """Number the connected parts of a mask, from 1, in the order in which rows come to them.

    Args:
        mask: (H, W).
        neighbours: 4 joins pixels that share a side, 8 also those that share a corner.

    Returns:
        The number of each pixel's part, 0 outside the mask, (H, W).
    """
    width = mask.shape[1] + 2
    steps = [-width, -1, 1, width]
    if neighbours == 8:
        steps += [-width - 1, -width + 1, width - 1, width + 1]
    free = np.pad(mask, 1).ravel().tolist()  # a frame, so that no step leads around the edge
    labels = [0] * len(free)
    number = 0
    for start, inside in enumerate(free):
        if not inside or labels[start]:
            continue
        number += 1
        labels[start] = number
        found = [start]
        while found:
            here = found.pop()
            for step in steps:
                if free[here + step] and not labels[here + step]:
                    labels[here + step] = number
                    found.append(here + step)
    return np.array(labels).reshape(-1, width)[1:-1, 1:-1]


# endregion


# region canny
def thin(gradient: Gradient) -> Mask:
    """Keep the pixels whose gradient is not less than one step ahead and one step back.

    The step follows the gradient to the edge of the square of eight neighbours; what stands there
    lies between two of them, and is interpolated. The outermost pixels are never kept.
    """
    m = gradient.magnitude()
    h, w = m.shape
    dy, dx = np.abs(gradient.y), np.abs(gradient.x)
    steep = dy > dx
    longer, shorter = np.maximum(dy, dx), np.minimum(dy, dx)
    slant = np.divide(shorter, longer, out=np.zeros_like(m), where=longer > 0)
    up, right = np.sign(gradient.y).astype(int), np.sign(gradient.x).astype(int)
    y, x = np.mgrid[1 : h + 1, 1 : w + 1]
    padded = pad(m, 1, 1, "constant")

    def at(way: int) -> Image:
        straight = padded[y + way * up * steep, x + way * right * ~steep]
        diagonal = padded[y + way * up, x + way * right]
        return slant * diagonal + (1 - slant) * straight

    keep = (m >= at(1)) & (m >= at(-1))
    keep[[0, -1]] = keep[:, [0, -1]] = False
    return keep


def hysteresis(weak: Mask, strong: Mask) -> Mask:
    """Keep the connected parts of the weak pixels that hold a strong one."""
    labels = components(weak)
    good = np.unique(labels[weak & strong])
    return np.isin(labels, good) & weak


def canny(image: Image, sigma: float, low: float, high: float) -> Mask:
    """Find edges: blur, gradient, thinning, two thresholds (Canny, 1986)."""
    gradient = sobel(gaussian(image, sigma))
    m = gradient.magnitude()
    ridge = thin(gradient)
    return hysteresis(ridge & (m >= low), ridge & (m >= high))


# endregion


# region histogram
def equalise(levels: NDArray[np.uint8], from_zero: bool = False) -> Image:
    """Give each grey level the share of pixels that are not brighter, so that shares become even.

    Args:
        levels: Grey levels from 0 to 255, (H, W).
        from_zero: Make the darkest level 0 instead of its own share, and stretch the rest.

    Returns:
        Values up to 1, (H, W).
    """
    counts = np.bincount(levels.ravel(), minlength=256)
    share = counts.cumsum() / levels.size
    if from_zero:
        least = share[levels.min()]
        share = (share - least) / (1 - least) if least < 1 else np.ones(256)
    return share[levels]


# endregion


# region morphology
def around(image: Image, footprint: Mask, outside: float) -> Image:
    """Return what each pixel sees through a footprint: (K, H, W) for its K openings."""
    h, w = image.shape
    padded = pad(image, footprint.shape[0] // 2, footprint.shape[1] // 2, "constant", outside)
    return np.stack([padded[u : u + h, v : v + w] for u, v in np.argwhere(footprint)])


def erode(image: Image, footprint: Mask) -> Image:
    """Return the least value under the footprint; what lies outside never is it."""
    return around(image, footprint, math.inf).min(axis=0)


def dilate(image: Image, footprint: Mask) -> Image:
    """Return the largest value under the footprint turned by half a turn: dual to `erode`."""
    return around(image, footprint[::-1, ::-1], -math.inf).max(axis=0)


def opened(image: Image, footprint: Mask) -> Image:
    """Remove what is bright and smaller than the footprint."""
    return dilate(erode(image, footprint), footprint)


def closed(image: Image, footprint: Mask) -> Image:
    """Fill what is dark and smaller than the footprint."""
    return erode(dilate(image, footprint), footprint)


# endregion


# region corners
def harris(image: Image, sigma: float = 1.0, k: float = 0.05) -> Image:
    """Return det(M) - k trace(M)^2 at each pixel (Harris and Stephens, 1988).

    M = [[A, C], [C, B]] holds the products of the slopes, averaged by a Gaussian. The response is
    large at corners, below 0 along edges, and near 0 where nothing changes. Outside is black.
    """
    slope = sobel(image, "constant")
    a, b, c = (
        gaussian(product, sigma, "constant")
        for product in (slope.y * slope.y, slope.x * slope.x, slope.y * slope.x)
    )
    return a * b - c * c - k * (a + b) ** 2


def peaks(response: Image, distance: tuple[int, int], threshold: float) -> Whole:
    """Find maxima that are larger than a threshold, no two within a distance of each other.

    Args:
        response: (H, W).
        distance: In rows and in columns.
        threshold: To be exceeded.

    Returns:
        Row and column of each, (N, 2), the largest first.
    """
    dy, dx = distance
    highest = dilate(response, np.ones((2 * dy + 1, 2 * dx + 1), dtype=bool))
    candidates = np.argwhere((response == highest) & (response > threshold))
    order = np.argsort(-response[tuple(candidates.T)], kind="stable")
    kept: list[tuple[int, int]] = []
    for y, x in candidates[order].tolist():
        if all(abs(y - v) > dy or abs(x - u) > dx for v, u in kept):
            kept.append((y, x))
    return np.array(kept, dtype=np.int64).reshape(-1, 2)


def corners(image: Image, sigma: float, distance: int, threshold: float) -> Whole:
    """Return the peaks of the response, (N, 2), none of them within a distance of the edge."""
    found = peaks(harris(image, sigma), (distance, distance), threshold)
    inside = (found >= distance) & (found < np.array(image.shape) - distance)
    return found[inside.all(axis=1)]


# endregion


# region lines
ANGLES = np.arange(-90, 90) * np.pi / 180  # of a line's normal to the x axis, in radians


def hough(edges: Mask) -> Whole:
    """Let each edge pixel vote for all lines through it (Duda and Hart, 1972).

    A line is x cos(angle) + y sin(angle) = distance, with the distance rounded to whole pixels.

    Returns:
        Votes, (2 R + 1, 180): distances from -R to R, where R is the diagonal rounded up.
    """
    radius = math.ceil(math.hypot(*edges.shape))
    y, x = np.nonzero(edges)
    votes = np.zeros((2 * radius + 1, len(ANGLES)), dtype=np.int64)
    for column, angle in enumerate(ANGLES):
        distance = x * math.cos(angle) + y * math.sin(angle)
        rows = np.copysign(np.floor(np.abs(distance) + 0.5), distance).astype(int) + radius
        votes[:, column] = np.bincount(rows, minlength=len(votes))
    return votes


class Line(NamedTuple):
    """A line x cos(angle) + y sin(angle) = distance, and its votes."""

    votes: int
    angle: float
    distance: int


def lines(votes: Whole, least: int, apart: tuple[int, int] = (9, 10)) -> list[Line]:
    """Return the peaks of the votes above a number, the best first.

    Votes go on beyond the last angle: a normal turned by half a turn is the same line, its distance
    negative. `apart` is the least distance of two peaks, in pixels and in degrees.
    """
    radius, turn = len(votes) // 2, apart[1]
    around_it = np.hstack((votes[::-1, -turn:], votes, votes[::-1, :turn]))
    found = peaks(around_it.astype(float), apart, least)
    return [
        Line(int(votes[row, column]), float(ANGLES[column]), row - radius)
        for row, column in (found - [0, turn]).tolist()
        if 0 <= column < votes.shape[1]
    ]


# endregion


# region resampling
Kind = Literal["nearest", "bilinear", "antialiased"]
KINDS: tuple[Kind, ...] = ("nearest", "bilinear", "antialiased")


def weights(size: int, new: int, kind: Kind) -> Image:
    """Return how much each of `size` pixels counts for each of `new` ones, (new, size).

    Pixels are squares: the middle of pixel i lies at i + 0.5, whatever the size. Nearest takes one
    pixel, bilinear the two around; antialiased takes all that fall under one new pixel and its two
    neighbours, with weights that fall in a straight line.
    """
    scale = size / new
    middle = (np.arange(new) + 0.5) * scale
    if kind == "nearest":
        return np.eye(size)[middle.astype(int)]
    reach = max(scale, 1.0) if kind == "antialiased" else 1.0
    apart = np.abs(middle[:, None] - (np.arange(size) + 0.5))
    share = np.maximum(0.0, 1 - apart / reach)
    return share / share.sum(axis=1, keepdims=True)


def resize(image: Image, rows: int, columns: int, kind: Kind) -> Image:
    """Resample a picture to (rows, columns)."""
    h, w = image.shape
    return weights(h, rows, kind) @ image @ weights(w, columns, kind).T


# endregion


# region example
def drawing() -> Image:
    """Draw a bright rectangle, a grey disc and a stroke on a ground with noise, (120, 160)."""
    y, x = np.mgrid[:120, :160]
    image = 0.2 + 0.001 * x
    image[20:70, 15:75] = 0.8
    image[(y - 75) ** 2 + (x - 115) ** 2 < 28**2] = 0.6
    image[(np.abs(y - 0.25 * x - 70) < 2) & (x < 70)] = 0.9
    return (image + np.random.default_rng(0).normal(0, 0.02, image.shape)).clip(0, 1)


def stripes(period: float, size: int = 320) -> Image:
    """Draw upright waves from black to white, so many pixels long, (size, size)."""
    x = np.arange(size) + 0.5
    return np.tile(0.5 + 0.5 * np.sin(2 * np.pi * x / period), (size, 1))


def contrast(image: Image) -> float:
    """Return the contrast of waves: 1 from black to white, 0 for plain grey."""
    return float(np.sqrt(8 * image.var()))


def main() -> None:
    """Measure a drawn picture step by step, and what shrinking makes of fine stripes."""
    image = drawing()
    print(f"picture {image.shape}, mean {image.mean():.4f}, deviation {image.std():.4f}")
    blurred = gaussian(image, 2.0)
    print(f"Gaussian, sigma 2: mean {blurred.mean():.4f}, {len(gaussian_kernel(2.0))} weights")
    gradient = sobel(blurred)
    print(f"gradient: up to {gradient.magnitude().max() / 8:.4f} a pixel")
    edges = canny(image, 2.0, low=0.3, high=0.8)
    print(f"Canny: {thin(gradient).sum()} pixels after thinning, {edges.sum()} edges", end="")
    print(f" in {components(edges).max()} parts")
    found = corners(image, 2.0, distance=5, threshold=0.5)
    print("corners (y, x):", *(f"({y}, {x})" for y, x in sorted(found.tolist())))
    for line in lines(hough(edges), least=25):
        angle = round(math.degrees(line.angle))
        print(f"line: {angle:4}°, {line.distance:4} pixels, {line.votes} votes")
    bright = opened((blurred > 0.5).astype(float), np.ones((3, 3), dtype=bool)) > 0
    sizes = np.bincount(components(bright).ravel())[1:]
    print("bright parts, in pixels:", *sizes)
    flat = equalise((image * 255).round().astype(np.uint8))
    print(f"equalised: deviation {flat.std():.4f}; that of even shares is {1 / 12**0.5:.4f}")
    print("contrast of waves shrunk from 320 pixels to 80, where a wave needs 8 pixels or more:")
    print("  wavelength  nearest  bilinear  antialiased")
    for period in (2.2, 3.0, 4.4, 5.0, 6.5, 10.0, 20.0, 40.0):
        left = [contrast(resize(stripes(period), 80, 80, kind)) for kind in KINDS]
        print(f"  {period:7.1f} px  {left[0]:7.3f}  {left[1]:8.3f}  {left[2]:11.3f}")


if __name__ == "__main__":
    main()
# endregion

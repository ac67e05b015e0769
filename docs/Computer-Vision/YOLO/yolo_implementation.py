# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""YOLO: the first version from its paper, and in small what versions 3 and 8 changed.

"You Only Look Once: Unified, Real-Time Object Detection" (Redmon et al., arXiv 1506.02640);
"YOLOv3: An Incremental Improvement" (Redmon and Farhadi, arXiv 1804.02767). What version 8 changed
is written from descriptions and from the papers that it builds on; no code of it was read.

Letters in shapes: N pictures, S cells along a side, B boxes per cell, C classes, M objects per
picture, P candidates per picture, R bins. A box is a centre with a size (x, y, w, h) or two corners
(left, top, right, bottom), always as fractions of the picture.

Run it: python yolo_implementation.py    (three small detectors learn to find shapes)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# region configurations
Stage = tuple[tuple[int, int, int], ...]  # kernel, channels and stride of each convolution

FIGURE_3: tuple[Stage, ...] = (  # the columns of the paper's figure; the first four end in pooling
    ((7, 64, 2),),
    ((3, 192, 1),),
    ((1, 128, 1), (3, 256, 1), (1, 256, 1), (3, 512, 1)),
    (*4 * ((1, 256, 1), (3, 512, 1)), (1, 512, 1), (3, 1024, 1)),
    (*2 * ((1, 512, 1), (3, 1024, 1)), (3, 1024, 1), (3, 1024, 2)),
    ((3, 1024, 1), (3, 1024, 1)),
)


@dataclass(frozen=True)
class Config:
    """Sizes of the first version; the defaults are the paper's for PASCAL VOC."""

    stages: tuple[Stage, ...] = FIGURE_3
    pooled: int = 4  # stages that end in 2 x 2 max pooling
    hidden: int = 4096
    grid: int = 7
    boxes: int = 2
    classes: int = 20
    dropout: float = 0.5
    norm: bool = False  # batch normalisation, which the paper lacks and Darknet's file has


VOC = Config()
# endregion


class Truth(NamedTuple):
    """The objects of N pictures, padded to the same number M."""

    boxes: Tensor  # (N, M, 4), centres and sizes
    labels: Tensor  # (N, M), -1 where there is no object


class Detections(NamedTuple):
    """What was found in one picture."""

    boxes: Tensor  # (K, 4), corners
    scores: Tensor  # (K,)
    labels: Tensor  # (K,)


# region boxes
def corners(boxes: Tensor) -> Tensor:
    """Turn centres and sizes (..., 4) into corners (..., 4)."""
    centre, size = boxes.split(2, dim=-1)
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def overlap_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return both areas for corners a and b, (..., 4), which may be of shapes that broadcast."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    overlap = (high - low).clamp(min=0).prod(dim=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(dim=-1) for box in (a, b)]
    return overlap, areas[0] + areas[1] - overlap


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union of corners (..., 4)."""
    overlap, union = overlap_and_union(a, b)
    return overlap / union


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """Return the complete IoU of corners (..., 4) (Zheng et al., arXiv 1911.08287).

    The IoU, less the squared distance of the centres in units of the diagonal of the smallest box
    around both, less a penalty for unequal aspect ratios, whose weight is taken as constant.
    """
    overlap = iou(a, b)
    around = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = (apart**2).sum(dim=-1) / (around**2).sum(dim=-1)
    sizes = [box[..., 2:] - box[..., :2] for box in (a, b)]
    angles = [torch.atan(size[..., 0] / size[..., 1]) for size in sizes]
    v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
    weight = (v / (1 - overlap + v).clamp(min=1e-12)).detach()
    return overlap - distance - weight * v


# endregion


# region network
class YOLO(nn.Module):
    """The first version: convolutions, two connected layers, one tensor of predictions."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.c = c
        self.stages, channels = nn.ModuleList(), 3
        for stage in c.stages:
            layers = nn.Sequential()
            for kernel, width, stride in stage:
                layers.append(
                    nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=not c.norm)
                )
                if c.norm:
                    layers.append(nn.BatchNorm2d(width))
                layers.append(nn.LeakyReLU(0.1))  # equation 2
                channels = width
            self.stages.append(layers)
        self.connected = nn.Linear(channels * c.grid**2, c.hidden)
        self.dropout = nn.Dropout(c.dropout)
        self.predict = nn.Linear(c.hidden, c.grid**2 * (5 * c.boxes + c.classes))

    def forward(self, pictures: Tensor) -> Tensor:
        """Map pictures (N, 3, 64 S, 64 S) to predictions (N, S, S, 5 B + C)."""
        x = pictures
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number < self.c.pooled:
                x = F.max_pool2d(x, 2)
        x = self.dropout(F.leaky_relu(self.connected(x.flatten(1)), 0.1))
        return self.predict(x).view(len(pictures), self.c.grid, self.c.grid, -1)

    def parts(self, out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split predictions: codes (N, S, S, B, 4), confidences (N, S, S, B), classes."""
        boxes, classes = out.split([5 * self.c.boxes, self.c.classes], dim=-1)
        boxes = boxes.unflatten(-1, (self.c.boxes, 5))
        return boxes[..., :4], boxes[..., 4], classes

    def loss(self, pictures: Tensor, truth: Truth) -> Tensor:
        """Return the sum of the loss's parts."""
        return torch.stack(yolo_loss(self, self(pictures), truth)).sum()

    def candidates(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes as corners (N, S S B, 4), and their scores (N, S S B, C) of equation 1."""
        codes, confidence, classes = self.parts(self(pictures))
        scores = confidence[..., None] * classes[..., None, :]
        return corners(decode(codes)).flatten(1, 3), scores.flatten(1, 3)


# endregion


# region coding
def encode(boxes: Tensor, grid: int) -> tuple[Tensor, Tensor]:
    """Return the cells (..., 2) that centres fall into, as (column, row), and codes (..., 4).

    A code is the centre's place in its cell, from 0 to 1, and the square roots of the size.
    """
    place = boxes[..., :2] * grid
    cell = place.floor().clamp(max=grid - 1)
    return cell.long(), torch.cat([place - cell, boxes[..., 2:].sqrt()], dim=-1)


def decode(codes: Tensor) -> Tensor:
    """Turn codes (N, S, S, B, 4), by row and column, into centres and sizes."""
    grid = codes.shape[1]
    row, column = torch.meshgrid(2 * [torch.arange(grid)], indexing="ij")
    cell = torch.stack([column, row], dim=-1)[:, :, None]
    return torch.cat([(codes[..., :2] + cell) / grid, codes[..., 2:] ** 2], dim=-1)


# endregion


# region loss
class Loss(NamedTuple):
    """The five lines of equation 3, each the mean over the pictures."""

    centre: Tensor
    size: Tensor
    confidence: Tensor
    empty: Tensor
    classes: Tensor


def yolo_loss(
    model: YOLO, out: Tensor, truth: Truth, coord: float = 5.0, noobj: float = 0.5
) -> Loss:
    """Return equation 3 for predictions (N, S, S, 5 B + C).

    A cell has one object at most: of several whose centres fall into it, the first counts.
    """
    c, n = model.c, len(out)
    codes, confidence, classes = model.parts(out)
    picture, _ = there = (truth.labels >= 0).nonzero(as_tuple=True)
    boxes, labels = truth.boxes[there], truth.labels[there]
    cell, wanted = encode(boxes, c.grid)
    place = (picture * c.grid + cell[:, 1]) * c.grid + cell[:, 0]
    first = torch.full((n * c.grid**2,), len(place)).scatter_reduce(
        0, place, torch.arange(len(place)), "amin"
    )
    full = first < len(place)
    chosen = first[full]
    guesses = decode(codes).flatten(0, 2)[full]  # (objects, B, 4)
    fit = iou(corners(guesses), corners(boxes[chosen])[:, None]).detach()
    best = fit.max(dim=1)  # the predictor that is responsible is the one that fits best
    rows = torch.arange(len(chosen))
    code = codes.flatten(0, 2)[full][rows, best.indices]
    objects = confidence.flatten(0, 2)[full][rows, best.indices]
    right = F.one_hot(labels[chosen], c.classes)
    return Loss(
        coord * ((code - wanted[chosen])[:, :2] ** 2).sum() / n,
        coord * ((code - wanted[chosen])[:, 2:] ** 2).sum() / n,
        ((objects - best.values) ** 2).sum() / n,
        noobj * ((confidence**2).sum() - (objects**2).sum()) / n,
        ((classes.flatten(0, 2)[full] - right) ** 2).sum() / n,
    )


# endregion


# region suppression
def suppress(found: Detections, limit: float = 0.5) -> Tensor:
    """Return which detections remain, best first: none overlaps a better one of its class by more.

    This is non-maximum suppression.
    """
    order = found.scores.argsort(descending=True, stable=True)
    boxes, labels = found.boxes[order], found.labels[order]
    rivals = (iou(boxes[:, None], boxes) > limit) & (labels[:, None] == labels)
    alive = torch.ones(len(order), dtype=torch.bool)
    for place in range(len(order)):
        if alive[place]:
            alive[place + 1 :] &= ~rivals[place, place + 1 :]
    return order[alive]


def detect(boxes: Tensor, scores: Tensor, threshold: float, limit: float = 0.5) -> Detections:
    """Turn the candidates of one picture, corners (P, 4) and scores (P, C), into detections."""
    candidate, label = (scores > threshold).nonzero(as_tuple=True)
    found = Detections(boxes[candidate], scores[candidate, label], label)
    kept = suppress(found, limit)
    return Detections(*(part[kept] for part in found))


# endregion


# region precision
def average_precision(hits: Tensor, objects: int) -> Tensor:
    """Return the area under precision over recall, for hits (K,) in order of falling score.

    The precision at a recall is the best that is reached at this recall or a higher one.
    """
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    best = precision.flip(0).cummax(0).values.flip(0)
    return (best * hits).sum() / objects  # the recall rises by 1 / objects at each hit


def mean_average_precision(found: list[Detections], truth: Truth, limit: float = 0.5) -> float:
    """Return the mean over classes of the average precision, as PASCAL VOC measures it.

    A detection is a hit if the object of its class that it overlaps most is overlapped by more than
    the limit, and has not been found by a better one.
    """
    result = []
    for label in truth.labels[truth.labels >= 0].unique().tolist():
        scores, hits = [], []
        for boxes, score, kind in (Detections(*(p.cpu() for p in f)) for f in found):
            scores.append(score[kind == label])
            hits.append(torch.zeros(len(scores[-1]), dtype=torch.bool))
            picture = len(scores) - 1
            objects = corners(truth.boxes[picture][truth.labels[picture] == label])
            if not len(objects):
                continue
            fit, which = iou(boxes[kind == label][:, None], objects).max(dim=1)
            taken: set[int] = set()
            for i in scores[-1].argsort(descending=True, stable=True).tolist():
                if fit[i] > limit and int(which[i]) not in taken:
                    taken.add(int(which[i]))
                    hits[-1][i] = True
        order = torch.cat(scores).argsort(descending=True, stable=True)
        number = int((truth.labels == label).sum())
        result.append(float(average_precision(torch.cat(hits)[order], number)))
    return sum(result) / len(result)


# endregion


# region pyramid
GRIDS = (12, 6)  # cells along a side of the small detectors' two scales, for 48 pixels
WIDTHS = (32, 64)


def block(inputs: int, outputs: int, kernel: int, stride: int, act: nn.Module) -> nn.Sequential:
    """Return a convolution with batch normalisation and an activation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), act)


class Pyramid(nn.Module):
    """Features at two scales; the coarse ones are enlarged and joined to the fine (v3, 2.3)."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        fine, coarse = WIDTHS
        self.stem = nn.Sequential(block(3, 16, 3, 2, act), block(16, fine, 3, 2, act))
        self.down = nn.Sequential(block(fine, coarse, 3, 2, act), block(coarse, coarse, 3, 1, act))
        self.across = block(coarse, fine, 1, 1, act)
        self.join = block(2 * fine, fine, 3, 1, act)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Map pictures (N, 3, 48, 48) to features (N, 32, 12, 12) and (N, 64, 6, 6)."""
        fine = self.stem(pictures)
        coarse = self.down(fine)
        larger = F.interpolate(self.across(coarse), scale_factor=2, mode="nearest")
        return [self.join(torch.cat([larger, fine], dim=1)), coarse]


def cells(grid: int) -> Tensor:
    """Return the cells of a grid as (column, row), (S S, 2), row by row."""
    row, column = torch.meshgrid(2 * [torch.arange(grid)], indexing="ij")
    return torch.stack([column, row], dim=-1).view(-1, 2).to(torch.get_default_dtype())


# endregion


# region anchors
ANCHORS = (((0.22, 0.22), (0.28, 0.28)), ((0.28, 0.42), (0.42, 0.28), (0.42, 0.42)))


class AnchorYOLO(nn.Module):
    """Version 3 in small: two scales, each cell predicts one box for each of its anchors."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.body = Pyramid(nn.LeakyReLU(0.1))
        self.heads = nn.ModuleList(
            nn.Conv2d(width, len(sizes) * (5 + classes), 1)
            for width, sizes in zip(WIDTHS, ANCHORS, strict=True)
        )
        pairs = list(zip(GRIDS, ANCHORS, strict=True))
        # of each candidate: its cell, the number of cells along a side, and its anchor
        self.cell = torch.cat([cells(g).repeat_interleave(len(a), 0) for g, a in pairs])
        self.grid = torch.cat([torch.full((g * g * len(a), 1), float(g)) for g, a in pairs])
        self.anchor = torch.cat([torch.tensor(a).repeat(g * g, 1) for g, a in pairs])

    def forward(self, pictures: Tensor) -> Tensor:
        """Map pictures to raw predictions (N, P, 5 + C): code, objectness, classes."""
        maps = [head(x) for head, x in zip(self.heads, self.body(pictures), strict=True)]
        rows = [m.permute(0, 2, 3, 1).reshape(len(m), -1, 5 + self.classes) for m in maps]
        return torch.cat(rows, dim=1)

    def decode(self, codes: Tensor) -> Tensor:
        """Turn codes (..., P, 4) into centres and sizes (section 2.1)."""
        centre = (codes[..., :2].sigmoid() + self.cell) / self.grid
        return torch.cat([centre, self.anchor * codes[..., 2:].exp()], dim=-1)

    def encode(self, boxes: Tensor, which: Tensor) -> Tensor:
        """Return the codes (..., 4) with which candidates (...) give these boxes."""
        place = boxes[..., :2] * self.grid[which] - self.cell[which]
        size = (boxes[..., 2:] / self.anchor[which]).log()
        return torch.cat([place.clamp(0.01, 0.99).logit(), size], dim=-1)

    def assign(self, truth: Truth) -> tuple[Tensor, Tensor]:
        """Return the candidate of each object (N, M), and which are left alone (N, P).

        Of the candidates in whose cell the object's centre lies, it is the one whose anchor has the
        shape that fits best. Others whose anchor overlaps an object by more than a half are neither
        objects nor background.
        """
        centre, size = truth.boxes[:, :, None].split(2, dim=-1)
        same = ((centre * self.grid).floor().clamp(max=self.grid - 1) == self.cell).all(dim=-1)
        shape = iou(corners(torch.cat([0 * size, size], -1)), self.centred(0 * self.anchor))
        best = torch.where(same, shape, -1).argmax(dim=-1)
        prior = self.centred((self.cell + 0.5) / self.grid)
        near = iou(corners(truth.boxes)[:, :, None], prior) > 0.5
        return best, (near & (truth.labels >= 0)[..., None]).any(dim=1)

    def centred(self, centre: Tensor) -> Tensor:
        """Return the corners of all anchors (P, 4) around centres (P, 2)."""
        return corners(torch.cat([centre, self.anchor], dim=-1))

    def loss(self, pictures: Tensor, truth: Truth) -> Tensor:
        """Return the loss for pictures."""
        return self.loss_of(self(pictures), truth)

    def loss_of(self, raw: Tensor, truth: Truth) -> Tensor:
        """Return squared errors of the codes and cross-entropies, the mean over the pictures."""
        best, ignored = self.assign(truth)
        there = truth.labels >= 0
        picture = there.nonzero(as_tuple=True)[0]
        which, labels = best[there], truth.labels[there]
        mine = raw[picture, which]
        error = ((mine[:, :4] - self.encode(truth.boxes[there], which)) ** 2).sum()
        wanted = torch.zeros_like(raw[..., 4])
        wanted[picture, which] = 1
        counts = ~ignored | (wanted == 1)
        entropy = F.binary_cross_entropy_with_logits
        objectness = entropy(raw[..., 4][counts], wanted[counts], reduction="sum")
        right = F.one_hot(labels, self.classes).to(raw)
        kinds = entropy(mine[:, 5:], right, reduction="sum")
        return (error + objectness + kinds) / len(raw)

    def candidates(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes as corners (N, P, 4), and scores (N, P, C)."""
        raw = self(pictures)
        scores = raw[..., 4:5].sigmoid() * raw[..., 5:].sigmoid()
        return corners(self.decode(raw[..., :4])), scores


# endregion


# region free
def distribution_focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the loss of distributions over R bins (..., R), for targets (...) below R - 1.

    Equation 6 of Li et al. (arXiv 2006.04388): the two bins beside the target share it.
    """
    low = target.floor()
    bins = low.long()[..., None]
    log_p = logits.log_softmax(dim=-1)
    left, right = (log_p.gather(-1, bins + i)[..., 0] for i in (0, 1))
    return -((low + 1 - target) * left + (target - low) * right)


class FreeYOLO(nn.Module):
    """What version 8 changed, in small: no anchors, two branches, sides as distributions."""

    def __init__(self, classes: int, bins: int = 8) -> None:
        super().__init__()
        act = nn.SiLU()
        self.classes, self.bins = classes, bins
        self.body = Pyramid(act)
        self.sides = nn.ModuleList(self.branch(width, 4 * bins, act) for width in WIDTHS)
        self.kinds = nn.ModuleList(self.branch(width, classes, act) for width in WIDTHS)
        # of each candidate: the middle of its cell, and the cell's side
        self.point = torch.cat([(cells(g) + 0.5) / g for g in GRIDS])
        self.side = torch.cat([torch.full((g * g, 1), 1 / g) for g in GRIDS])

    @staticmethod
    def branch(width: int, outputs: int, act: nn.Module) -> nn.Sequential:
        """Return one branch of a head."""
        return nn.Sequential(block(width, 32, 3, 1, act), nn.Conv2d(32, outputs, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Map pictures to logits of four distances (N, P, 4, R) and of the classes (N, P, C)."""
        maps = self.body(pictures)
        sides, kinds = (
            torch.cat([b(x).flatten(2) for b, x in zip(bs, maps, strict=True)], 2).mT
            for bs in (self.sides, self.kinds)
        )
        return sides.unflatten(-1, (4, self.bins)), kinds

    def decode(self, sides: Tensor) -> Tensor:
        """Turn distributions (..., P, 4, R) into corners: each distance is an expectation."""
        steps = torch.arange(self.bins).to(sides)
        distance = (sides.softmax(dim=-1) @ steps) * self.side
        return torch.cat([self.point - distance[..., :2], self.point + distance[..., 2:]], dim=-1)

    def assign(self, boxes: Tensor, scores: Tensor, truth: Truth, most: int = 5) -> Tensor:
        """Return the object that each candidate is to find, (N, P), or -1.

        Each object takes the candidates in it that are best aligned with it: by the score of its
        class and by the overlap, here score ** 0.5 * overlap ** 6. One that two objects take goes
        to the object that it overlaps more.
        """
        there, objects = truth.labels >= 0, corners(truth.boxes)[:, :, None]
        inside = ((self.point > objects[..., :2]) & (self.point < objects[..., 2:])).all(dim=-1)
        inside &= there[..., None]
        fit = iou(objects, boxes[:, None])  # (N, M, P)
        kind = truth.labels.clamp(min=0)[..., None].expand(-1, -1, boxes.shape[1])
        aligned = scores.mT.gather(1, kind) ** 0.5 * fit**6
        taken = torch.where(inside, aligned, -1).topk(most, dim=-1).indices
        chosen = torch.zeros_like(inside).scatter(2, taken, True) & inside
        best = torch.where(chosen, fit, -1).argmax(dim=1)
        return torch.where(chosen.any(dim=1), best, -1)

    def loss(self, pictures: Tensor, truth: Truth) -> Tensor:
        """Return the loss for pictures."""
        sides, kinds = self(pictures)
        return self.loss_of(sides, kinds, truth)

    def loss_of(self, sides: Tensor, kinds: Tensor, truth: Truth) -> Tensor:
        """Return the sum of the losses of classes, of boxes and of distributions.

        The class that is to be predicted counts as much as the box fits, as in Li et al.
        """
        boxes = self.decode(sides)
        object_ = self.assign(boxes.detach(), kinds.detach().sigmoid(), truth)
        picture, which = (object_ >= 0).nonzero(as_tuple=True)
        number = object_[picture, which]
        wanted, mine = corners(truth.boxes)[picture, number], boxes[picture, which]
        target = torch.zeros_like(kinds)
        label = truth.labels[picture, number]
        target[picture, which, label] = iou(mine, wanted).detach()
        classes = F.binary_cross_entropy_with_logits(kinds, target, reduction="sum")
        point, side = self.point[which], self.side[which]
        distance = torch.cat([point - wanted[:, :2], wanted[:, 2:] - point], dim=-1) / side
        spread = distribution_focal_loss(sides[picture, which], distance.clamp(0, self.bins - 1.01))
        found = max(len(which), 1)
        return (classes + 5 * (1 - ciou(mine, wanted)).sum() + spread.mean(dim=-1).sum()) / found

    def candidates(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes as corners (N, P, 4), and scores (N, P, C)."""
        sides, kinds = self(pictures)
        return self.decode(sides), kinds.sigmoid()


# endregion


# region training
SIDE, KINDS = 48, ("rectangle", "ellipse", "triangle")
SMALL = Config(  # a grid of 6 x 6 cells over 48 x 48 pixels
    stages=(((3, 16, 2),), ((3, 32, 1),), ((3, 64, 1), (3, 64, 1), (1, 16, 1))),
    pooled=2,
    hidden=128,
    grid=6,
    classes=len(KINDS),
    dropout=0.0,
    norm=True,
)
Detector = YOLO | AnchorYOLO | FreeYOLO


def detector(name: str) -> Detector:
    """Return a new detector of the first version ("v1"), or in the manner of "v3" or "v8"."""
    if name == "v1":
        return YOLO(SMALL)
    return AnchorYOLO(len(KINDS)) if name == "v3" else FreeYOLO(len(KINDS))


def shapes(number: int, seed: int, most: int = 3) -> tuple[Tensor, Truth]:
    """Draw pictures (N, 3, 48, 48) of one to three shapes that do not overlap, and their boxes."""
    g = torch.Generator().manual_seed(seed)
    at = (torch.arange(SIDE) + 0.5) / SIDE
    pictures = 0.3 * torch.rand(number, 3, SIDE, SIDE, generator=g)
    boxes, labels = torch.zeros(number, most, 4), torch.full((number, most), -1)
    for slot in range(most):
        size = 0.2 + 0.3 * torch.rand(number, 2, generator=g)
        box = torch.cat([size / 2 + (1 - size) * torch.rand(number, 2, generator=g), size], 1)
        free = (iou(corners(box)[:, None], corners(boxes)) == 0).all(dim=1)
        kind = torch.randint(len(KINDS), (number,), generator=g)
        boxes[:, slot] = torch.where(free[:, None], box, 0)
        labels[:, slot] = torch.where(free, kind, -1)
        x, y, w, h = box[:, :, None, None].unbind(dim=1)
        u, v = (at - x) / w * 2, (at[:, None] - y) / h * 2  # from -1 to 1 within the box
        rectangle = (u.abs() <= 1) & (v.abs() <= 1)
        outlines = [rectangle, u**2 + v**2 <= 1, rectangle & (u.abs() <= (v + 1) / 2)]
        drawn = torch.stack(outlines, dim=1)[torch.arange(number), kind] & free[:, None, None]
        colour = 0.45 + 0.55 * torch.rand(number, 3, 1, 1, generator=g)
        pictures = torch.where(drawn[:, None], colour, pictures)
    return pictures, Truth(boxes, labels)


@torch.no_grad()
def found(model: Detector, pictures: Tensor, threshold: float = 0.05) -> list[Detections]:
    """Return what a detector finds in each of the pictures."""
    model.eval()
    boxes, scores = model.candidates(pictures)
    model.train()
    return [detect(b, s, threshold) for b, s in zip(boxes, scores, strict=True)]


def train(
    name: str, seed: int, steps: int, every: int = 100
) -> Iterator[tuple[int, Detector, float]]:
    """Learn to find shapes; yields step, model, and mAP at 0.5 on pictures it has not seen."""
    torch.manual_seed(seed)
    model = detector(name)
    pictures, truth = shapes(2000, seed=1)
    held, answers = shapes(200, seed=2)
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    decay = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps)
    for step in range(1, steps + 1):
        batch = torch.randint(len(pictures), (16,))
        model.loss(pictures[batch], Truth(*(part[batch] for part in truth))).backward()
        adam.step()
        adam.zero_grad()
        decay.step()
        if step % every == 0 or step == steps:
            yield step, model, mean_average_precision(found(model, held), answers)


# endregion


# region example
def main() -> None:
    """Count the first version, train three small detectors, and show what one finds."""
    with torch.device("meta"):
        big = YOLO(VOC)
        shape = tuple(big(torch.empty(1, 3, 448, 448)).shape)
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer in big.modules())
    total = sum(p.numel() for p in big.parameters())
    print(f"YOLO: {convolutions} convolutions, {total:,} parameters, predictions {shape}")
    for name, steps in (("v1", 450), ("v3", 150), ("v8", 150)):
        for step, model, score in train(name, seed=0, steps=steps, every=steps // 3):  # noqa: B007
            print(f"{name} step {step:3}  mAP@0.5 {score:.3f}")
        size = sum(p.numel() for p in model.parameters())
        print(f"{name} in small: {size:,} parameters")
    pictures, truth = shapes(1, seed=3)
    for box, label in zip(corners(truth.boxes[0]), truth.labels[0], strict=True):
        if label >= 0:
            print("drawn", KINDS[int(label)], [round(float(v), 2) for v in box])
    for box, score, label in zip(*found(model, pictures, threshold=0.3)[0], strict=True):
        print("found", KINDS[int(label)], [round(float(v), 2) for v in box], f"{score:.2f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

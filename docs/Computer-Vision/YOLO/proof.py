# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How yolo_implementation.py is proven; zooniverse/proofs/form.py says what each part means.

No library has the first YOLO. The network is compared with layers of PyTorch that are written down
from figure 3 a second time; losses with loops over cells and boxes; boxes, suppression and
distributions with functions of transformers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from zooniverse.proofs.form import (
    Equality,
    Figure,
    Mutant,
    Pair,
    Proof,
    Row,
    Run,
    Size,
    Values,
)


def random_boxes(*shape: int) -> Tensor:
    """Return centres and sizes (..., 4) of boxes that lie within the picture."""
    size = 0.05 + 0.6 * torch.rand(*shape, 2)
    return torch.cat([size / 2 + (1 - size) * torch.rand(*shape, 2), size], dim=-1)


def random_truth(model: Any, pictures: int = 3, most: int = 4, classes: int = 3) -> Any:
    """Return random objects; some places are empty."""
    labels = torch.randint(-1, classes, (pictures, most))
    labels[:, 0] = torch.arange(pictures) % classes
    return model.Truth(random_boxes(pictures, most), labels)


def objects_of(truth: Any, picture: int) -> Iterator[tuple[list[float], int]]:
    """Yield boxes and labels of a picture as plain numbers."""
    for box, label in zip(
        truth.boxes[picture].tolist(), truth.labels[picture].tolist(), strict=True
    ):
        if label >= 0:
            yield box, label


def sides(box: list[float]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a centre and a size."""
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def fit(a: list[float], b: list[float]) -> float:
    """Return the IoU of two centres and sizes; overlaps are sums of lengths less the hull."""
    both = 1.0
    for i in (0, 1):
        hull = max(sides(a)[i + 2], sides(b)[i + 2]) - min(sides(a)[i], sides(b)[i])
        both *= max(a[i + 2] + b[i + 2] - hull, 0.0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


# --- equalities ---------------------------------------------------------------------------------

# Figure 3, read a second time: kernel and channels, s for a stride of 2, M for max pooling.
TEXT = (
    "7x64s M 3x192 M 1x128 3x256 1x256 3x512 M "
    + 4 * "1x256 3x512 "
    + "1x512 3x1024 M "
    + 2 * "1x512 3x1024 "
    + "3x1024 3x1024s 3x1024 3x1024"
)


def reference_network(
    narrower: int = 1, hidden: int = 4096, grid: int = 7, outputs: int = 30
) -> nn.Sequential:
    """Return plain layers of PyTorch as TEXT has them."""
    layers: list[nn.Module] = []
    channels = 3
    for word in TEXT.split():
        if word == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        kernel, width = (int(part) for part in word.removesuffix("s").split("x"))
        stride = 2 if word.endswith("s") else 1
        layers += [
            nn.Conv2d(channels, width // narrower, kernel, stride, padding=(kernel - 1) // 2),
            nn.LeakyReLU(0.1),
        ]
        channels = width // narrower
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Linear(channels * grid * grid, hidden),
        nn.LeakyReLU(0.1),
        nn.Dropout(0.5),
        nn.Linear(hidden, grid * grid * outputs),
    )


def narrow(model: Any, narrower: int, hidden: int, grid: int) -> Any:
    """Return the first version with fewer channels."""
    stages = tuple(
        tuple((k, width // narrower, s) for k, width, s in stage) for stage in model.FIGURE_3
    )
    return model.YOLO(model.Config(stages=stages, hidden=hidden, grid=grid))


def networks(model: Any, narrower: int, hidden: int, grid: int, pictures: int) -> Pair:
    """Our network and the reference on the same pictures."""
    ours = narrow(model, narrower, hidden, grid).eval()
    reference = reference_network(narrower, hidden, grid).eval()
    x = torch.randn(pictures, 3, 64 * grid, 64 * grid)
    weight = torch.randn(pictures, grid, grid, 30)

    def run(network: nn.Module) -> dict[str, Tensor]:
        out = network(x).reshape(pictures, grid, grid, 30)
        return {"predictions": out, "loss": (weight * out**2).mean()}

    return Pair(ours, reference, lambda: run(ours), lambda: run(reference))


def network(model: Any) -> Pair:
    """All 24 convolutions with a 32nd of the channels, on 2 x 2 cells."""
    return networks(model, narrower=32, hidden=20, grid=2, pictures=2)


def speed(model: Any) -> Pair:
    """A quarter of the channels at the full resolution."""
    return networks(model, narrower=4, hidden=512, grid=7, pictures=4)


CELLS, BOXES, CLASSES = 3, 2, 3


def small_first(model: Any) -> Any:
    """Return a first version whose predictions are quick to go through."""
    return model.YOLO(
        model.Config(
            stages=(((1, 2, 1),),), pooled=0, hidden=4, grid=CELLS, boxes=BOXES, classes=CLASSES
        )
    )


def loops(
    out: list[Any], truth: Any, fixed: dict[tuple[int, int, int], tuple[int, float]]
) -> list[float]:
    """Equation 3 as loops over cells and boxes in plain numbers.

    Which box is responsible, and what its confidence should be, is written into `fixed` unless it
    stands there: gradients take both as constant.
    """
    parts = [0.0] * 5
    for n, picture in enumerate(out):
        for i in range(CELLS):
            for j in range(CELLS):
                p = picture[i][j]
                held = [
                    (box, label)
                    for box, label in objects_of(truth, n)
                    if int(box[0] * CELLS) == j and int(box[1] * CELLS) == i
                ]
                responsible = -1
                if held:
                    (x, y, w, h), label = held[0]
                    guesses = [
                        [
                            (p[5 * b] + j) / CELLS,
                            (p[5 * b + 1] + i) / CELLS,
                            p[5 * b + 2] ** 2,
                            p[5 * b + 3] ** 2,
                        ]
                        for b in range(BOXES)
                    ]
                    fits = [fit(guess, [x, y, w, h]) for guess in guesses]
                    best = (fits.index(max(fits)), max(fits))
                    responsible, wanted = fixed.setdefault((n, i, j), best)
                    q = p[5 * responsible : 5 * responsible + 5]
                    parts[0] += 5 * ((q[0] - (x * CELLS - j)) ** 2 + (q[1] - y * CELLS + i) ** 2)
                    parts[1] += 5 * ((q[2] - math.sqrt(w)) ** 2 + (q[3] - math.sqrt(h)) ** 2)
                    parts[2] += (q[4] - wanted) ** 2
                    parts[4] += sum((p[5 * BOXES + c] - (c == label)) ** 2 for c in range(CLASSES))
                for b in range(BOXES):
                    if b != responsible:
                        parts[3] += 0.5 * p[5 * b + 4] ** 2
    return [part / len(out) for part in parts]


def first_loss(model: Any) -> Values:
    """The five parts of the first version's loss."""
    truth = random_truth(model)
    out = torch.rand(3, CELLS, CELLS, 5 * BOXES + CLASSES)
    ours = model.yolo_loss(small_first(model), out, truth)
    reference = torch.tensor(loops(out.tolist(), truth, {}))
    return Values(
        dict(zip(ours._fields, ours, strict=True)),
        dict(zip(ours._fields, reference, strict=True)),
    )


def overlaps(model: Any) -> Values:
    """IoU of all pairs of random boxes, and of complete IoU its value and its gradient."""
    from transformers.image_transforms import center_to_corners_format
    from transformers.loss.loss_for_object_detection import box_iou

    convert: Any = center_to_corners_format  # typed for arrays of NumPy alone
    a, b = random_boxes(20), random_boxes(30)
    ours = model.corners(a)
    pairs = model.iou(ours[:, None], model.corners(b))
    reference = convert(a)
    both = box_iou(reference, convert(b))[0]
    return Values({"corners": ours, "IoU": pairs}, {"corners": reference, "IoU": both})


def complete(model: Any) -> Values:
    """Complete IoU from centres, sizes and angles between diagonals, with its gradient."""
    a, b = random_boxes(40).requires_grad_(), random_boxes(40)
    ours = model.ciou(model.corners(a), model.corners(b))
    mine = torch.autograd.grad(ours.sum(), a)[0]
    gap = (a[:, :2] - b[:, :2]).abs()
    mean = (a[:, 2:] + b[:, 2:]) / 2
    smaller, larger = torch.minimum(a[:, 2:], b[:, 2:]), torch.maximum(a[:, 2:], b[:, 2:])
    common = torch.minimum((mean - gap).relu(), smaller)
    hull = torch.maximum(mean + gap, larger)
    area = common[:, 0] * common[:, 1]
    share = area / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - area)
    angle = torch.atan2(
        a[:, 2] * b[:, 3] - a[:, 3] * b[:, 2], a[:, 2] * b[:, 2] + a[:, 3] * b[:, 3]
    )
    v = (2 * angle / math.pi) ** 2
    alpha = (v / (1 - share + v)).detach()
    reference = share - gap.square().sum(1) / hull.square().sum(1) - alpha * v
    theirs = torch.autograd.grad(reference.sum(), a)[0]
    return Values({"CIoU": ours, "gradient": mine}, {"CIoU": reference, "gradient": theirs})


def distributions(model: Any) -> Values:
    """The loss of distributions and its gradient."""
    from transformers.loss.loss_d_fine import DFineLoss

    logits, target = torch.randn(50, 8, requires_grad=True), 6.99 * torch.rand(50)
    ours = model.distribution_focal_loss(logits, target)
    right = target - target.floor()
    method: Any = DFineLoss.unimodal_distribution_focal_loss
    reference = method(None, logits, target, right, 1 - right, reduction="none")
    grads = [torch.autograd.grad(loss.sum(), logits)[0] for loss in (ours, reference)]
    return Values({"loss": ours, "gradient": grads[0]}, {"loss": reference, "gradient": grads[1]})


def random_detections(model: Any, number: int = 60) -> Any:
    """Return detections that often overlap: each is one of a few boxes, moved a little."""
    centres = random_boxes(8)[torch.randint(8, (number,))]
    boxes = model.corners(centres * (1 + 0.1 * torch.randn(number, 4)).clamp(0.5, 1.5))
    return model.Detections(boxes, torch.rand(number), torch.randint(3, (number,)))


def suppression(model: Any) -> Values:
    """What remains of 60 random detections of three classes, at two limits."""
    from types import SimpleNamespace

    from transformers import OwlViTImageProcessorPil

    found = random_detections(model)
    centre = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    boxes = torch.cat([centre, found.boxes[:, 2:] - found.boxes[:, :2]], dim=1)
    process: Any = OwlViTImageProcessorPil.post_process_image_guided_detection
    ours, reference = {}, {}
    for limit in (0.3, 0.5):
        kept = model.suppress(found, limit)
        mine, theirs = torch.zeros(60), torch.zeros(60)
        mine[kept] = 1
        for label in range(3):
            which = (found.labels == label).nonzero()[:, 0]
            # Scores from 0.4 up: it also drops what is below a tenth of the best.
            logits = (0.4 + 0.6 * found.scores[which]).clamp(max=1 - 1e-9).logit()
            outputs = SimpleNamespace(
                logits=logits[None, :, None], target_pred_boxes=boxes[which][None]
            )
            for box in process(None, outputs, nms_threshold=limit)[0]["boxes"]:
                near = (found.boxes[which] - box).abs().sum(dim=1).argmin()
                theirs[which[near]] = 1
        ours[f"kept at {limit}"], reference[f"kept at {limit}"] = mine, theirs
    return Values(ours, reference)


def precisions(model: Any) -> Values:
    """Mean average precision of random detections in six pictures, at two limits."""
    truth = random_truth(model, pictures=6)
    found = []
    for n in range(6):
        boxes = truth.boxes[n][torch.randint(4, (15,))] + 0.04 * torch.randn(15, 4)
        boxes[:, 2:] = boxes[:, 2:].clamp(min=0.02)
        found.append(
            model.Detections(model.corners(boxes), torch.rand(15), torch.randint(3, (15,)))
        )
    limits = (0.3, 0.5)
    return Values(
        {f"at {x}": torch.tensor(model.mean_average_precision(found, truth, x)) for x in limits},
        {f"at {x}": torch.tensor(slow_precision(found, truth, x)) for x in limits},
    )


def slow_precision(found: list[Any], truth: Any, limit: float) -> float:
    """Count the hits anew for each number of detections that are let through.

    The average precision is then the mean, over the objects k = 1, 2, ..., of the best precision
    among all those cuts that find at least k objects.
    """
    results = []
    for label in range(3):
        everything = sorted(
            (-score, n, box)
            for n, detections in enumerate(found)
            for box, score, kind in zip(*(part.tolist() for part in detections), strict=True)
            if kind == label
        )
        objects = [
            [box for box, kind in objects_of(truth, n) if kind == label] for n in range(len(found))
        ]
        number = sum(len(boxes) for boxes in objects)
        if not number:
            continue
        cuts = []
        for cut in range(1, len(everything) + 1):
            seen = set()
            for _, n, (left, top, right, bottom) in everything[:cut]:
                box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
                fits = [fit(box, other) for other in objects[n]]
                if fits and max(fits) > limit:
                    seen.add((n, fits.index(max(fits))))
            cuts.append((len(seen), len(seen) / cut))
        best = [
            max((precision for hits, precision in cuts if hits >= k), default=0.0)
            for k in range(1, number + 1)
        ]
        results.append(sum(best) / number)
    return sum(results) / len(results)


def sigmoid(x: float) -> float:
    """Return the logistic function of a number."""
    return 1 / (1 + math.exp(-x))


def entropy(x: float, target: float) -> float:
    """Return the cross-entropy of a logit and a target."""
    return -target * math.log(sigmoid(x)) - (1 - target) * math.log(sigmoid(-x))


def anchors(model: Any) -> Values:
    """Boxes and loss of anchors, written as loops over scales, rows, columns and anchors."""
    ours, truth = model.AnchorYOLO(3), random_truth(model)
    places = [
        (grid, i, j, anchor)
        for grid, sizes in zip(model.GRIDS, model.ANCHORS, strict=True)
        for i in range(grid)
        for j in range(grid)
        for anchor in sizes
    ]
    raw = torch.randn(3, len(places), 8)
    boxes, loss = torch.zeros(3, len(places), 4), 0.0
    for n in range(3):
        objects = list(objects_of(truth, n))
        mine: dict[int, tuple[list[float], int]] = {}
        for box, label in objects:
            best = (-1.0, -1)
            for p, (grid, i, j, anchor) in enumerate(places):
                if (int(box[0] * grid), int(box[1] * grid)) == (j, i):
                    shape = fit([0, 0, *box[2:]], [0, 0, *anchor])
                    best = max(best, (shape, -p))
            mine[-best[1]] = (box, label)
        assert len(mine) == len(objects), "two objects share a candidate: take another seed"
        for p, (grid, i, j, (wide, high)) in enumerate(places):
            t = raw[n, p].tolist()
            boxes[n, p] = torch.tensor(
                [
                    (sigmoid(t[0]) + j) / grid,
                    (sigmoid(t[1]) + i) / grid,
                    wide * math.exp(t[2]),
                    high * math.exp(t[3]),
                ]
            )
            if p in mine:
                (x, y, w, h), label = mine[p]
                u, v = (min(max(place, 0.01), 0.99) for place in (x * grid - j, y * grid - i))
                code = [math.log(u / (1 - u)), math.log(v / (1 - v))]
                code += [math.log(w / wide), math.log(h / high)]
                loss += sum((a - b) ** 2 for a, b in zip(t, code, strict=False))
                loss += entropy(t[4], 1)
                loss += sum(entropy(t[5 + c], float(c == label)) for c in range(3))
            else:
                prior = [(j + 0.5) / grid, (i + 0.5) / grid, wide, high]
                if all(fit(prior, box) <= 0.5 for box, _ in objects):
                    loss += entropy(t[4], 0)
    return Values(
        {"boxes": ours.decode(raw[..., :4]), "loss": ours.loss_of(raw, truth)},
        {"boxes": boxes, "loss": torch.tensor(loss / 3)},
    )


def free(model: Any) -> Values:
    """Boxes and loss without anchors, written as loops over scales, rows, columns and objects."""
    ours, truth = model.FreeYOLO(3), random_truth(model)
    points = [
        ((j + 0.5) / grid, (i + 0.5) / grid, 1 / grid)
        for grid in model.GRIDS
        for i in range(grid)
        for j in range(grid)
    ]
    raw, kinds = 2 * torch.randn(3, len(points), 4, 8), torch.randn(3, len(points), 3)
    boxes = torch.zeros(3, len(points), 4)
    total, found = torch.zeros(()), 0
    for n in range(3):
        middles = []
        for p, (x, y, side) in enumerate(points):
            d = [
                sum(k * q for k, q in enumerate(row.softmax(0).tolist())) * side
                for row in raw[n, p]
            ]
            boxes[n, p] = torch.tensor([x - d[0], y - d[1], x + d[2], y + d[3]])
            middles.append([x + (d[2] - d[0]) / 2, y + (d[3] - d[1]) / 2, d[0] + d[2], d[1] + d[3]])
        owner: dict[int, tuple[float, list[float], int]] = {}
        for box, label in objects_of(truth, n):
            left, top, right, bottom = sides(box)
            rank = []
            for p, (x, y, _) in enumerate(points):
                if left < x < right and top < y < bottom:
                    share = fit(middles[p], box)
                    rank.append((sigmoid(float(kinds[n, p, label])) ** 0.5 * share**6, p, share))
            for _, p, share in sorted(rank, reverse=True)[:5]:
                if p not in owner or share > owner[p][0]:
                    owner[p] = (share, box, label)
        for p, (x, y, side) in enumerate(points):
            share, box, label = owner.get(p, (0.0, [], -1))
            for c in range(3):
                total += entropy(float(kinds[n, p, c]), share if c == label else 0.0)
            if not box:
                continue
            found += 1
            whole = torch.tensor(sides(box))
            total += 5 * (1 - model.ciou(boxes[n, p], whole))
            left, top, right, bottom = sides(box)
            for row, far in zip(raw[n, p], (x - left, y - top, right - x, bottom - y), strict=True):
                place = min(max(far / side, 0.0), 8 - 1.01)
                q, low = row.softmax(0), int(place)
                up = place - low
                total -= ((1 - up) * q[low].log() + up * q[low + 1].log()) / 4
    return Values(
        {"boxes": ours.decode(raw), "loss": ours.loss_of(raw, kinds, truth)},
        {"boxes": boxes, "loss": total / found},
    )


# --- invariants ---------------------------------------------------------------------------------


def shapes_are_those_of_figure_3(model: Any) -> None:
    """The network has 24 convolutions and the shapes of figure 3, from 448 x 448 to 7 x 7 x 30."""
    with torch.device("meta"):
        ours = model.YOLO(model.VOC)
        seen: list[tuple[int, ...]] = []
        for stage in [*ours.stages, ours.connected]:
            stage.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
        out = ours(torch.empty(1, 3, 448, 448))
    assert sum(isinstance(layer, nn.Conv2d) for layer in ours.modules()) == 24
    # before pooling, which halves the sides of the first four
    sizes = [(64, 224), (192, 112), (512, 56), (1024, 28), (1024, 7), (1024, 7)]
    assert seen == [*((width, side, side) for width, side in sizes), (4096,)], seen
    assert out.shape == (1, 7, 7, 30), out.shape


def codes_give_the_boxes_back(model: Any) -> None:
    """Each of the three codings gives back the boxes that were encoded, to twelve digits."""
    boxes = random_boxes(200)
    cell, code = model.encode(boxes, CELLS)
    assert ((code >= 0) & (code <= 1)).all()
    grid = torch.zeros(200, CELLS, CELLS, 1, 4)
    rows = torch.arange(200)
    grid[rows, cell[:, 1], cell[:, 0], 0] = code
    same = model.decode(grid)[rows, cell[:, 1], cell[:, 0], 0]
    assert (same - boxes).abs().max() < 1e-12
    anchor = model.AnchorYOLO(3)
    which = anchor.assign(model.Truth(boxes[None], torch.zeros(1, 200).long()))[0][0]
    everywhere = torch.zeros(200, len(anchor.cell), 4)
    everywhere[rows, which] = anchor.encode(boxes, which)
    back = anchor.decode(everywhere)[rows, which]
    place = boxes[:, :2] * anchor.grid[which] - anchor.cell[which]
    inner = ((place > 0.01) & (place < 0.99)).all(dim=1)  # nearer to an edge it is cut off
    assert inner.sum() > 150 and (back - boxes)[inner].abs().max() < 1e-12
    sharp = torch.full((1, len(model.FreeYOLO(3).point), 4, 8), -1e9)
    sharp[..., 2] = 0
    found = model.FreeYOLO(3).decode(sharp)[0]
    size = found[:, 2:] - found[:, :2]
    assert (size[:144] * 12 - 4).abs().max() < 1e-12 and (size[144:] * 6 - 4).abs().max() < 1e-12


def gradients_are_differences(model: Any) -> None:
    """The gradient of the first version's loss is that of the loops, by finite differences."""
    truth = random_truth(model)
    out = torch.rand(3, CELLS, CELLS, 5 * BOXES + CLASSES).requires_grad_()
    torch.stack(model.yolo_loss(small_first(model), out, truth)).sum().backward()
    assert out.grad is not None
    fixed: dict[tuple[int, int, int], tuple[int, float]] = {}
    loops(out.tolist(), truth, fixed)
    flat = out.detach().flatten()
    for i in range(0, len(flat), 2):
        step = torch.zeros_like(flat)
        step[i] = 1e-4
        up, down = (
            sum(loops((flat + sign * step).view(out.shape).tolist(), truth, fixed))
            for sign in (1, -1)
        )
        assert abs((up - down) / 2e-4 - out.grad.flatten()[i].item()) < 1e-8, i


def complete_overlap_is_one_for_the_same_box_alone(model: Any) -> None:
    """Complete IoU is 1 for equal boxes, at most the IoU otherwise, and knows no unit."""
    a, b = model.corners(random_boxes(500)), model.corners(random_boxes(500))
    value = model.ciou(a, b)
    assert (model.ciou(a, a) - 1).abs().max() < 1e-12
    assert (value < model.iou(a, b)).all()
    assert (model.ciou(3 * a + 2, 3 * b + 2) - value).abs().max() < 1e-12


def suppression_keeps_the_best(model: Any) -> None:
    """What is kept does not overlap; what is not kept overlaps something better of its class."""
    found = random_detections(model)
    kept = model.suppress(found, 0.4)
    rest = [i for i in range(60) if i not in kept.tolist()]
    assert 0 < len(kept) < 60
    assert (found.scores[kept].diff() <= 0).all()
    clash = (model.iou(found.boxes[:, None], found.boxes) > 0.4) & (
        found.labels[:, None] == found.labels
    )
    assert clash[kept][:, kept].sum() == len(kept)
    better = found.scores[kept] > found.scores[:, None]
    assert (clash[:, kept] & better)[rest].any(dim=1).all()


def precision_is_one_for_the_truth_alone(model: Any) -> None:
    """The truth scores 1, nothing 0, and the truth behind as many better rated errors a half."""
    truth = random_truth(model)
    for extra, expected in ((False, 1.0), (True, 0.5)):
        found = []
        for n in range(3):
            there = truth.labels[n] >= 0
            boxes, labels = model.corners(truth.boxes[n][there]), truth.labels[n][there]
            scores = torch.full((len(labels),), 0.5)
            if extra:
                boxes = torch.cat([boxes, boxes + 5])
                labels, scores = torch.cat([labels, labels]), torch.cat([scores, scores + 0.1])
            found.append(model.Detections(boxes, scores, labels))
        score = model.mean_average_precision(found, truth)
        assert abs(score - expected) < 1e-12, score
    empty = [model.Detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0))] * 3
    assert model.mean_average_precision(empty, truth) == 0


def boxes_enclose_what_is_drawn(model: Any) -> None:
    """The shapes do not overlap, fill their boxes, and what is held out is not learnt from."""
    pictures, truth = model.shapes(50, seed=5)
    bright = pictures.amax(dim=1) > 0.35  # the background reaches 0.3 only
    at = (torch.arange(48) + 0.5) / 48
    inside = torch.zeros_like(bright)
    for n in range(50):
        for box, _ in objects_of(truth, n):
            left, top, right, bottom = sides(box)
            mine = ((at > left) & (at < right)) & ((at > top) & (at < bottom))[:, None]
            assert not (inside[n] & mine).any()
            assert bright[n][mine].double().mean() > 0.4
            inside[n] |= mine
    assert not (bright & ~inside).any()
    assert not torch.equal(pictures, model.shapes(50, seed=6)[0])


# --- small runs ---------------------------------------------------------------------------------


def learn(name: str) -> Any:
    """Return the training of a small detector."""

    def train(model: Any, seed: int, steps: int) -> Iterator[tuple[int, float]]:
        every = max(steps // 3, 50)  # the short run of the tests is judged at its end alone
        yield from ((step, score) for step, _, score in model.train(name, seed, steps, every))

    return train


def drawn(model: Any) -> Tensor:
    """Draw the truth of six pictures, and what the detector without anchors finds in them."""
    pictures, truth = model.shapes(6, seed=9)
    colours = torch.tensor([[1.0, 0.25, 0.2], [0.2, 0.9, 0.3], [0.35, 0.6, 1.0]])
    *_, (_, detector, _) = model.train("v8", 0, 150, 150)
    found = [
        framed(picture, f.boxes, f.labels, colours)
        for picture, f in zip(pictures, model.found(detector, pictures, 0.3), strict=True)
    ]
    right = []
    for picture, boxes, labels in zip(pictures, truth.boxes, truth.labels, strict=True):
        there = labels >= 0
        right.append(framed(picture, model.corners(boxes[there]), labels[there], colours))
    return torch.stack([torch.stack(right), torch.stack(found)])


def framed(picture: Tensor, boxes: Tensor, labels: Tensor, colours: Tensor) -> Tensor:
    """Draw boxes on a picture (3, 48, 48), three times as large: (144, 144, 3)."""
    large = 0.75 * picture.repeat_interleave(3, 1).repeat_interleave(3, 2).permute(1, 2, 0)
    for box, label in zip(boxes, labels, strict=True):
        left, top, right, bottom = (144 * box).round().long().clamp(0, 142).tolist()
        colour = colours[label]
        large[top : bottom + 2, left : left + 2] = colour
        large[top : bottom + 2, right : right + 2] = colour
        large[top : top + 2, left : right + 2] = colour
        large[bottom : bottom + 2, left : right + 2] = colour
    return large


PROOF = Proof(
    code="yolo_implementation.py",
    sizes=(
        Size(
            "VOC",
            lambda model: model.YOLO(model.VOC),
            {"S": 7, "B": 2, "C": 20, "H": 4096},
            reference=reference_network,
        ),
    ),
    ledger=(
        Row("Convolution 1: 7 x 7", r"stages\.0\..*", "7**2 * 3 * 64 + 64"),
        Row("Convolution 2: 3 x 3", r"stages\.1\..*", "3**2 * 64 * 192 + 192"),
        Row(
            "Convolutions 3 to 6",
            r"stages\.2\..*",
            "192*128 + 128 + 9*128*256 + 256 + 256*256 + 256 + 9*256*512 + 512",
        ),
        Row(
            "Convolutions 7 to 16",
            r"stages\.3\..*",
            "4*(512*256 + 256 + 9*256*512 + 512) + 512*512 + 512 + 9*512*1024 + 1024",
        ),
        Row(
            "Convolutions 17 to 22",
            r"stages\.4\..*",
            "2*(1024*512 + 512 + 9*512*1024 + 1024) + 2*(9*1024*1024 + 1024)",
        ),
        Row("Convolutions 23 and 24", r"stages\.5\..*", "2 * (9 * 1024 * 1024 + 1024)"),
        Row("First connected layer", r"connected\..*", "1024 * S**2 * H + H"),
        Row("Predictions", r"predict\..*", "(H + 1) * S**2 * (5 * B + C)"),
    ),
    equalities=(
        Equality("network", network, "torch.nn.Sequential, from figure 3 a second time"),
        Equality("loss of version 1", first_loss, "equation 3 as loops in plain numbers"),
        Equality(
            "overlap",
            overlaps,
            "transformers.loss.loss_for_object_detection.box_iou",
            package="transformers",
        ),
        Equality("complete overlap", complete, "the formula from centres, sizes and atan2"),
        Equality(
            "distributions",
            distributions,
            "transformers DFineLoss.unimodal_distribution_focal_loss",
            package="transformers",
        ),
        Equality(
            "suppression",
            suppression,
            "transformers.OwlViTImageProcessorPil.post_process_image_guided_detection",
            package="transformers",
        ),
        Equality("mean average precision", precisions, "hits counted anew for every cut"),
        Equality("anchors", anchors, "boxes and loss as loops in plain numbers"),
        Equality("no anchors", free, "boxes, assignment and loss as loops"),
    ),
    invariants=(
        shapes_are_those_of_figure_3,
        codes_give_the_boxes_back,
        gradients_are_differences,
        complete_overlap_is_one_for_the_same_box_alone,
        suppression_keeps_the_best,
        precision_is_one_for_the_truth_alone,
        boxes_enclose_what_is_drawn,
    ),
    mutants=(
        Mutant(
            "another slope in the convolutions",
            "nn.LeakyReLU(0.1))  # equation 2",
            "nn.LeakyReLU(0.2))",
            ("network",),
        ),
        Mutant(
            "no activation after the connected layer",
            "F.leaky_relu(self.connected(x.flatten(1)), 0.1)",
            "self.connected(x.flatten(1))",
            ("network",),
        ),
        Mutant(
            "a convolution left out",
            "(*2 * ((1, 512, 1), (3, 1024, 1)), (3, 1024, 1), (3, 1024, 2)),",
            "(*2 * ((1, 512, 1), (3, 1024, 1)), (3, 1024, 2)),",
            ("shapes_are_those_of_figure_3",),
        ),
        Mutant(
            "square roots left out",
            "boxes[..., 2:].sqrt()], dim=-1)",
            "boxes[..., 2:]], dim=-1)",
            ("loss of version 1", "codes_give_the_boxes_back", "gradients_are_differences"),
        ),
        Mutant(
            "row and column exchanged",
            "cell = torch.stack([column, row], dim=-1)[:, :, None]",
            "cell = torch.stack([row, column], dim=-1)[:, :, None]",
            ("loss of version 1", "codes_give_the_boxes_back"),
        ),
        Mutant(
            "the last object of a cell counts",
            '0, place, torch.arange(len(place)), "amin"',
            '0, place, torch.arange(len(place)), "amax", include_self=False',
            ("loss of version 1",),
        ),
        Mutant(
            "the worst box is responsible",
            "best = fit.max(dim=1)",
            "best = fit.min(dim=1)",
            ("loss of version 1",),
        ),
        Mutant(
            "confidence is to be one",
            "((objects - best.values) ** 2)",
            "((objects - 1) ** 2)",
            ("loss of version 1", "gradients_are_differences"),
        ),
        Mutant(
            "the fit is learnt from",
            "corners(boxes[chosen])[:, None]).detach()",
            "corners(boxes[chosen])[:, None])",
            ("gradients_are_differences",),
        ),
        Mutant(
            "empty boxes count in full",
            "noobj: float = 0.5",
            "noobj: float = 1.0",
            ("loss of version 1", "gradients_are_differences"),
        ),
        Mutant("no clamp of the overlap", ".clamp(min=0).prod", ".prod", ("overlap",)),
        Mutant(
            "overlap counted twice in the union",
            "areas[0] + areas[1] - overlap",
            "areas[0] + areas[1]",
            ("overlap", "complete_overlap_is_one_for_the_same_box_alone"),
        ),
        Mutant(
            "aspect ratio left out",
            "return overlap - distance - weight * v",
            "return overlap - distance",
            ("complete overlap",),
        ),
        Mutant(
            "weight of the aspect ratio is learnt from",
            ".clamp(min=1e-12)).detach()",
            ".clamp(min=1e-12))",
            ("complete overlap",),
        ),
        Mutant(
            "distance added",
            "return overlap - distance",
            "return overlap + distance",
            ("complete overlap", "complete_overlap_is_one_for_the_same_box_alone"),
        ),
        Mutant(
            "bins exchanged",
            "-((low + 1 - target) * left + (target - low) * right)",
            "-((low + 1 - target) * right + (target - low) * left)",
            ("distributions", "no anchors"),
        ),
        Mutant(
            "classes suppress each other",
            " & (labels[:, None] == labels)",
            "",
            ("suppression", "suppression_keeps_the_best"),
        ),
        Mutant(
            "what is suppressed still suppresses",
            "        if alive[place]:\n",
            "        if True:\n",
            ("suppression", "suppression_keeps_the_best"),
        ),
        Mutant(
            "worst detections first",
            "found.scores.argsort(descending=True",
            "found.scores.argsort(descending=False",
            ("suppression", "suppression_keeps_the_best"),
        ),
        Mutant(
            "precision as it is",
            "return (best * hits)",
            "return (precision * hits)",
            ("mean average precision",),
        ),
        Mutant(
            "an object found twice is two hits",
            " and int(which[i]) not in taken",
            "",
            ("mean average precision",),
        ),
        Mutant(
            "pictures not put in one order",
            "torch.cat(hits)[order]",
            "torch.cat(hits)",
            ("mean average precision", "precision_is_one_for_the_truth_alone"),
        ),
        Mutant(
            "size of an anchor added",
            "self.anchor * codes[..., 2:].exp()",
            "self.anchor + codes[..., 2:].exp()",
            ("anchors", "codes_give_the_boxes_back"),
        ),
        Mutant("nothing left alone", "prior) > 0.5", "prior) > 1.5", ("anchors",)),
        Mutant(
            "first bin is a step away",
            "steps = torch.arange(self.bins)",
            "steps = 1 + torch.arange(self.bins)",
            ("no anchors", "codes_give_the_boxes_back"),
        ),
        Mutant(
            "aligned by the score alone",
            "** 0.5 * fit**6",
            "** 0.5",
            ("no anchors",),
        ),
        Mutant(
            "shapes may overlap",
            "labels[:, slot] = torch.where(free, kind, -1)",
            "labels[:, slot] = kind",
            ("boxes_enclose_what_is_drawn",),
        ),
    ),
    runs=(
        Run(
            "Version 1 finds shapes",
            learn("v1"),
            "mAP at an IoU of 0.5, on 200 held-out pictures",
            steps=450,
            reach=0.45,
            short=None,
        ),
        Run(
            "Anchors on two scales find shapes",
            learn("v3"),
            "mAP at an IoU of 0.5, on 200 held-out pictures",
            steps=150,
            reach=0.35,
            short=None,
        ),
        Run(
            "No anchors, two branches find shapes",
            learn("v8"),
            "mAP at an IoU of 0.5, on 200 held-out pictures",
            steps=150,
            reach=0.7,
            short=(50, 0.3),
        ),
    ),
    figures=(Figure("detections.png", drawn),),
    speed=speed,
)

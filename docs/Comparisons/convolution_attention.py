# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Convolution and attention on the same small pictures, with the code of this site.

    make measure      (some minutes on one thread; writes convolution_attention.json and a picture)

The models are those of resnet.py and vit.py, as their own proofs prove them. A digit of 8 x 8
pixels lies on a canvas of 12 x 12, so that it can be moved by two pixels and nothing is cut off.
Letters in shapes: B pictures, P places, S the canvas's side.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.drawing import png
from zooniverse.proofs.loading import implementation
from zooniverse.proofs.measured import Measured, Outcome, Score, Task, hashes, write_measured

HERE = Path(__file__).parent
CODE = {
    "resnet": "../Computer-Vision/ResNet/resnet.py",
    "vit": "../Computer-Vision/ViT/vit.py",
}
DIGITS = "../Generative-AI/digits.txt"
resnet, vit = (implementation(HERE / file) for file in CODE.values())

# region settings
BATCH, STEPS, EVERY = 32, 400, 80
LONGER = 3  # times as many steps, once
RATES = (0.003, 0.01, 0.03, 0.1)  # tried for each model with all digits in the middle
SEEDS, SEARCH = (0, 1, 2), 100  # SEARCH is the seed with which rates are tried
LEARN, CHOOSE = 1200, 300  # digits to learn from and to choose a rate by; the last 297 judge
SIDE, MOST = 12, 2  # pixels of the canvas, and by how many a digit is moved at most
# endregion


# region models
RESNET = resnet.Config(
    blocks=(1, 1, 1), widths=(6, 12, 24), shortcut="padding", channels=1, classes=10, small=True
)
VIT = vit.Config(
    width=24, layers=2, heads=2, hidden=46, patch=2, side=SIDE, channels=1, classes=10, epsilon=1e-6
)
MODELS: dict[str, Callable[[], nn.Module]] = {
    "ResNet": lambda: resnet.ResNet(RESNET),
    "ViT": lambda: vit.ViT(VIT),
    # One stage as wide as the last one above: as many parameters, and no map is ever made smaller.
    "ResNet, never halved": lambda: resnet.ResNet(replace(RESNET, blocks=(1,), widths=(24,))),
}


def parameters(name: str) -> int:
    """Count what a model learns."""
    return sum(weights.numel() for weights in MODELS[name]().parameters())


# endregion


# region pictures
PLACES = [(y, x) for y in range(-MOST, MOST + 1) for x in range(-MOST, MOST + 1)]
MIDDLE = PLACES.index((0, 0))


def placed(x: Tensor) -> Tensor:
    """Lay digits (B, 1, 8, 8) on the canvas in every place: (P, B, 1, S, S)."""
    m = MOST
    return torch.stack([F.pad(x, (m + right, m - right, m + y, m - y)) for y, right in PLACES])


def away(distance: int) -> list[int]:
    """Return the places that lie so many pixels from the middle, the longer of both ways."""
    return [n for n, place in enumerate(PLACES) if max(map(abs, place)) == distance]


def order(patch: int, seed: int) -> Tensor:
    """Return which pixel goes where, (S * S), when squares of so many pixels a side are mixed."""
    n = SIDE // patch
    squares = torch.arange(SIDE * SIDE).view(n, patch, n, patch).transpose(1, 2).reshape(n * n, -1)
    mixed = squares[torch.randperm(n * n, generator=torch.Generator().manual_seed(seed))]
    return torch.empty_like(mixed).flatten().scatter(0, squares.flatten(), mixed.flatten())


@dataclass(frozen=True)
class Setting:
    """What pictures a model learns from.

    Attributes:
        number: Of digits, drawn by the seed.
        moved: Each time it is seen, a digit lies in another place.
        mixed: The side of the squares that are mixed up, alike in every picture; 0 for none.
        times: How many times as long it learns.
        everywhere: It is judged in every place, and not in the middle alone.
    """

    number: int = LEARN
    moved: bool = False
    mixed: int = 0
    times: int = 1
    everywhere: bool = False

    def arrange(self, x: Tensor, seed: int) -> Tensor:
        """Return digits (B, 1, 8, 8) in every place, (P, B, 1, S, S), mixed if they are to be."""
        x = placed(x)
        if self.mixed:
            x = x.flatten(-2)[..., order(self.mixed, seed)].unflatten(-1, (SIDE, SIDE))
        return x


# endregion


# region training
@torch.no_grad()
def shares(model: nn.Module, x: Tensor, y: Tensor) -> list[float]:
    """Return the share of digits named rightly in each place; x is (P, B, 1, S, S)."""
    model.eval()
    right = model(x.flatten(0, 1)).argmax(dim=1).view(len(x), -1) == y
    model.train()
    return right.float().mean(dim=1).tolist()


def train(name: str, setting: Setting, seed: int, rate: float) -> Iterator[tuple[int, nn.Module]]:
    """Train a model; yields how many pictures it has seen, and the model."""
    x, y = vit.digits()
    torch.manual_seed(seed)
    chosen = torch.randperm(LEARN)[: setting.number]
    x, y = setting.arrange(x[chosen], seed), y[chosen]
    model = MODELS[name]()
    adam = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05, fused=True)
    steps = STEPS * setting.times
    warmup = steps // 10
    for step in range(1, steps + 1):
        fall = (steps + 1 - step) / (steps + 1 - warmup)
        adam.param_groups[0]["lr"] = rate * min(step / warmup, fall)
        some = torch.randint(setting.number, (BATCH,))
        place = torch.randint(len(PLACES), (BATCH,)) if setting.moved else torch.tensor(MIDDLE)
        F.cross_entropy(model(x[place, some]), y[some]).backward()
        adam.step()
        adam.zero_grad()
        if step % EVERY == 0:
            yield step * BATCH, model


def search(name: str) -> float:
    """Return the rate after which most of the digits that are kept for choosing are recognised."""
    x, y = (part[LEARN : LEARN + CHOOSE] for part in vit.digits())
    x, found = placed(x)[MIDDLE : MIDDLE + 1], {}
    for rate in RATES:
        *_, (_, model) = train(name, Setting(), SEARCH, rate)
        (found[rate],) = shares(model, x, y)
    print(name, found, flush=True)
    return max(found, key=lambda rate: found[rate])


# endregion


# region measuring
Run = list[tuple[int, dict[int, float]]]  # pictures seen; share right by pixels from the middle


@dataclass(frozen=True)
class Trained:
    """What became of a model in a setting.

    Attributes:
        runs: One for each seed.
        taught: Seconds that each took, judging left out.
        spent: Seconds of it all.
    """

    runs: list[Run]
    taught: list[float]
    spent: float

    def score(self, name: str, distance: int = 0) -> Score:
        """Sum up what the seeds came to at the end, so many pixels from the middle."""
        return Score.of(name, [run[-1][1][distance] for run in self.runs])

    def curve(self, distance: int = 0) -> list[tuple[int, float, float, float]]:
        """Return pictures seen, mean, lowest and highest of the seeds."""
        return [
            (
                at[0][0],
                *(round(f([found[distance] for _, found in at]), 4) for f in (fmean, min, max)),
            )
            for at in zip(*self.runs, strict=True)
        ]


def measure(name: str, setting: Setting, rate: float) -> Trained:
    """Train with every seed, and judge along the way."""
    begin = time.process_time()
    x, y = (part[LEARN + CHOOSE :] for part in vit.digits())
    runs, taught = [], []
    for seed in SEEDS:
        start, judging = time.process_time(), 0.0
        run, canvas = [], setting.arrange(x, seed)
        for seen, model in train(name, setting, seed, rate):
            pause = time.process_time()
            far = range(MOST + 1 if setting.everywhere else 1)
            run.append((seen, {d: fmean(shares(model, canvas[away(d)], y)) for d in far}))
            judging += time.process_time() - pause
        runs.append(run)
        taught.append(time.process_time() - start - judging)
    return Trained(runs, taught, time.process_time() - begin)


BOTH = ("ResNet", "ViT")
SIZES = (LEARN, 240, 48)  # each a fifth of the one before
SETTINGS: dict[str, tuple[Setting, tuple[str, ...]]] = {
    **{f"{number:,} pictures": (Setting(number), BOTH) for number in SIZES[1:]},
    "in the middle": (Setting(everywhere=True), tuple(MODELS)),
    "moved": (Setting(moved=True, everywhere=True), tuple(MODELS)),
    "squares mixed": (Setting(mixed=2), tuple(MODELS)),
    "pixels mixed": (Setting(mixed=1), tuple(MODELS)),
    "longer": (Setting(times=LONGER), BOTH),
}


def tasks(of: dict[tuple[str, str], Trained]) -> list[Task]:
    """Sort what was measured, by setting and model, into the tables of the page."""

    def outcome(name: str, setting: str, scores: list[Score], distance: int = 0) -> Outcome:
        one = of[setting, name]
        return Outcome(
            name=name,
            parameters=parameters(name),
            scores=scores,
            curve=one.curve(distance),
            seconds=round(one.spent, 1),
        )

    amounts = [
        outcome(
            name,
            "in the middle",
            [
                of["in the middle", name].score(f"of {LEARN:,} pictures"),
                *(of[f"{n:,} pictures", name].score(f"of {n:,}") for n in SIZES[1:]),
                of["longer", name].score(f"of {LEARN:,}, {LONGER} times as long"),
                Score.of("seconds to train", of["in the middle", name].taught),
            ],
        )
        for name in BOTH
    ]
    elsewhere = {
        title: [
            outcome(
                name,
                setting,
                [
                    of[setting, name].score("moved by two pixels", 2),
                    of[setting, name].score("by one", 1),
                    of[setting, name].score("in the middle"),
                ],
                distance=2,
            )
            for name in MODELS
        ]
        for title, setting in (
            ("Never moved in training", "in the middle"),
            ("Moved in training, too", "moved"),
        )
    }
    mixed = [
        outcome(
            name,
            "pixels mixed",
            [
                of["pixels mixed", name].score("pixels mixed"),
                of["squares mixed", name].score("squares mixed"),
                of["in the middle", name].score("as they are"),
            ],
        )
        for name in MODELS
    ]
    return [
        Task(name="The same digits, fewer and fewer", outcomes=amounts),
        *(Task(name=title, outcomes=found) for title, found in elsewhere.items()),
        Task(name="Neighbours torn apart", outcomes=mixed),
    ]


def picture() -> bytes:
    """Draw ten digits: in the middle, moved, with squares mixed, with pixels mixed."""
    x, y = (part[LEARN + CHOOSE :] for part in vit.digits())
    x = x[[int((y == digit).nonzero()[0]) for digit in range(10)]]
    rows = [
        Setting().arrange(x, 0)[MIDDLE],
        Setting().arrange(x, 0)[PLACES.index((MOST, MOST))],
        Setting(mixed=2).arrange(x, 0)[MIDDLE],
        Setting(mixed=1).arrange(x, 0)[MIDDLE],
    ]
    return png(1 - torch.stack(rows)[:, :, 0])  # ink is dark


def main() -> None:
    """Measure every model in its settings; write the outcome and a picture beside this file."""
    begin = time.process_time()
    rates = {name: search(name) for name in MODELS}
    of: dict[tuple[str, str], Trained] = {}
    for title, (setting, names) in SETTINGS.items():
        for name in names:
            of[title, name] = measure(name, setting, rates[name])
            finals = [run[-1][1] for run in of[title, name].runs]
            print(title, name, finals, of[title, name].taught, sep=" | ", flush=True)
    measured = Measured(
        compared="model",
        along="pictures seen",
        date=datetime.now(UTC).date().isoformat(),
        versions={"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
        seconds=round(time.process_time() - begin, 1),
        budget=(
            f"Every model is given the same in every setting: {STEPS} steps of {BATCH} pictures "
            "unless more are named, AdamW, one thread, and the seeds "
            f"{', '.join(map(str, SEEDS))}. Each has the learning "
            f"rate that was best of {', '.join(map(str, RATES))} on {CHOOSE} digits kept for that, "
            f"with another seed. The shares are of the last {vit.HELD_OUT} digits, which took no "
            "part in it."
        ),
        seeds=list(SEEDS),
        settings={
            "batch": BATCH,
            "steps": STEPS,
            "longer": LONGER,
            "learn": LEARN,
            "choose": CHOOSE,
            "side": SIDE,
            **{f"rate of {name}": rate for name, rate in rates.items()},
        },
        tasks=tasks(of),
        hashes={},
    )
    figure = f"figures/{Path(__file__).stem}.png"
    (HERE / figure).parent.mkdir(exist_ok=True)
    (HERE / figure).write_bytes(picture())
    files = [Path(__file__).name, figure, DIGITS, *CODE.values()]
    measured = measured.model_copy(update={"hashes": hashes(HERE, files)})
    write_measured(measured, Path(__file__).with_suffix(".json"))


# endregion


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

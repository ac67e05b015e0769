# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""VAE, GAN and diffusion on the same digits, with the code of this site.

    make measure      (some minutes on one thread; it writes generators.json and a picture)

The models are those of vae.py, gan.py and ddpm.py, as their own proofs prove them. Pictures here
have the shape (B, 1, 8, 8) and values from -1, paper, to 1, ink.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from zooniverse.proofs.drawing import png
from zooniverse.proofs.loading import implementation
from zooniverse.proofs.measured import Measured, Outcome, Score, Task, hashes, write_measured

HERE = Path(__file__).parent
CODE = {
    "vae": "../Generative-AI/VAE/vae.py",
    "gan": "../Generative-AI/GAN/gan.py",
    "ddpm": "../Generative-AI/Diffusion/ddpm.py",
}
DIGITS = "../Generative-AI/digits.txt"
vae, gan, ddpm = (implementation(HERE / file) for file in CODE.values())

# region settings
SEEN = 96_000  # pictures that each learns from, with repetition: each of the 1,500 64 times
POINTS = 4  # of a curve
DRAWN = 500  # pictures by which each is judged
SURE = 0.8  # probability from which the judge counts as sure
SEEDS = (0, 1, 2)
# endregion


# region generators
Draw = Callable[[int], Tensor]


@dataclass(frozen=True)
class Generator:
    """A way to make digits.

    Attributes:
        batch: Pictures of one step of training.
        train: Given seed, steps, and steps from one result to the next: yields a step and what was
            trained until then.
        draw: Given what was trained and a number, draws that many new pictures.
        network: Given what was trained, returns the networks that drawing needs.
    """

    batch: int
    train: Callable[[int, int, int], Iterator[tuple[int, Any]]]
    draw: Callable[[Any, int], Tensor]
    network: Callable[[Any], list[nn.Module]]


def train_vae(seed: int, steps: int, every: int) -> Iterator[tuple[int, Any]]:
    """Learn grey digits with vae.py, in batches of 100."""
    return ((step, model) for step, model, _ in vae.train(seed, steps, every, c=vae.GREY))


def draw_vae(model: Any, number: int) -> Tensor:
    """Draw from the prior; the mean of each pixel."""
    means: Tensor = model.generate(torch.randn(number, vae.GREY.latent))
    return means.view(-1, 1, 8, 8) * 2 - 1


def train_gan(seed: int, steps: int, every: int) -> Iterator[tuple[int, Any]]:
    """Learn digits with gan.py and the game that holds, in batches of 32."""
    return ((step, game) for step, game, _ in gan.train(seed, steps, gan.held, every))


def train_ddpm(seed: int, steps: int, every: int) -> Iterator[tuple[int, Any]]:
    """Learn digits with ddpm.py, all labels hidden, in batches of 64."""
    return ((step, model) for step, model, _ in ddpm.train(seed, steps, every, drop=1.0))


def draw_ddpm(model: Any, number: int, moves: int, move: Any) -> Tensor:
    """Draw with a sampler in a number of moves."""
    start = torch.randn(number, 1, 8, 8)
    drawn: Tensor = ddpm.sample(model, ddpm.EASY, start, moves=moves, move=move)
    return drawn


DIFFUSION = partial(Generator, 64, train_ddpm)
GENERATORS = {
    "VAE": Generator(100, train_vae, draw_vae, lambda model: [model.write, model.pixels]),
    "GAN": Generator(32, train_gan, lambda game, n: game.sample(n), lambda game: [game.g]),
    "diffusion, DDPM in 1,000 moves": DIFFUSION(
        partial(draw_ddpm, moves=1000, move=ddpm.ddpm), lambda model: [model]
    ),
    "diffusion, DDIM in 20 moves": DIFFUSION(
        partial(draw_ddpm, moves=20, move=ddpm.ddim), lambda model: [model]
    ),
}
# endregion


# region measures
def frechet(x: Tensor, y: Tensor) -> float:
    """Return the Fréchet distance of two Gaussians that have the moments of x, (N, F), and y.

    |m - n|^2 + tr(S + T - 2 (S T)^(1/2)) with means m, n and covariances S, T. The trace of the
    root is the sum of the roots of the eigenvalues of S T, which are real and not negative.
    Source: Heusel et al., 2017, equation 6, where the features are those of Inception.
    """
    x, y = x.double(), y.double()
    s, t = x.T.cov(), y.T.cov()
    roots = torch.linalg.eigvals(s @ t).real.clamp(min=0).sqrt()
    distance = (x.mean(dim=0) - y.mean(dim=0)).square().sum() + s.trace() + t.trace()
    return float(distance - 2 * roots.sum())


@dataclass(frozen=True)
class Judge:
    """A classifier of digits that judges pictures, with its features of the digits learnt from."""

    network: Any
    seen: Tensor
    features: Tensor

    @torch.no_grad()
    def scores(self, pictures: Tensor) -> dict[str, float]:
        """Judge pictures by four measures; the text of the page says what each is."""
        sure, digit = self.network(pictures).softmax(dim=1).max(dim=1)
        found = torch.bincount(digit[sure > SURE], minlength=10)
        apart = torch.cdist(pictures.flatten(1), self.seen.flatten(1)).amin(dim=1)
        return {
            "judge is sure": float((sure > SURE).float().mean()),
            "digits shown": float((found >= 0.02 * len(pictures)).sum()),
            "Fréchet distance": frechet(self.network[:3](pictures), self.features),
            "to the nearest seen": float(apart.mean()),
        }


def judge() -> tuple[Judge, Tensor, float]:
    """Return the judge, the digits held out, and the share of them that it names rightly."""
    (pictures, labels), network = ddpm.digits(), ddpm.judge()
    seen, held_out = pictures[: -ddpm.HELD_OUT], pictures[-ddpm.HELD_OUT :]
    network.requires_grad_(False)
    right = float((network(held_out).argmax(dim=1) == labels[-ddpm.HELD_OUT :]).float().mean())
    return Judge(network, seen, network[:3](seen)), held_out, right


# endregion


# region measuring
def measure(name: str, referee: Judge) -> tuple[Outcome, Tensor]:
    """Train and judge with every seed; return the outcome, and ten pictures of the first seed."""
    begin, one = time.process_time(), GENERATORS[name]
    every = SEEN // one.batch // POINTS
    runs: list[list[tuple[int, dict[str, float]]]] = []
    taught, drew, pictures = [], [], []
    for seed in SEEDS:
        run = []
        for step, model in one.train(seed, POINTS * every, every):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                start = time.process_time()
                drawn = one.draw(model, DRAWN)
                seconds = time.process_time() - start
            run.append((step * one.batch, referee.scores(drawn)))
        runs.append(run)
        drew.append(seconds)
        pictures.append(drawn[:10])
        start = time.process_time()
        *_, (_, model) = one.train(seed, POINTS * every, POINTS * every)
        taught.append(time.process_time() - start)
    finals = [run[-1][1] for run in runs]
    first = next(iter(finals[0]))
    curve = [
        (at[0][0], *(round(f([scores[first] for _, scores in at]), 4) for f in (fmean, min, max)))
        for at in zip(*runs, strict=True)
    ]
    scores = [Score.of(key, [final[key] for final in finals]) for key in finals[0]]
    scores.append(Score.of("seconds to train", taught))
    scores.append(Score.of(f"to draw {DRAWN:,}", drew))
    networks = one.network(model)
    return Outcome(
        name=name,
        parameters=sum(w.numel() for network in networks for w in network.parameters()),
        scores=scores,
        curve=curve,
        seconds=round(time.process_time() - begin, 1),
    ), pictures[0]


def main() -> None:
    """Measure every generator; write the outcome and a picture beside this file."""
    begin = time.process_time()
    referee, held_out, right = judge()
    outcomes, rows = [], [held_out[:10]]
    for name in GENERATORS:
        outcome, pictures = measure(name, referee)
        print(name, *outcome.scores, sep=" | ", flush=True)
        outcomes.append(outcome)
        rows.append(pictures)
    floor = referee.scores(held_out)
    said = ", ".join(f"{key} {value:.3g}" for key, value in floor.items())
    measured = Measured(
        compared="generator",
        unit="",
        along="pictures seen",
        date=datetime.now(UTC).date().isoformat(),
        versions={"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
        seconds=round(time.process_time() - begin, 1),
        budget=(
            f"Each learns from {SEEN:,} pictures, with repetition, on one thread, with the seeds "
            f"{', '.join(map(str, SEEDS))}, and is judged by {DRAWN:,} new pictures. Counted are "
            f"the parameters that draw. The judge names {right:.1%} of {len(held_out)} digits held "
            f"out rightly; by the same measures these come to: {said}."
        ),
        seeds=list(SEEDS),
        settings={"seen": SEEN, "drawn": DRAWN, "sure": SURE},
        tasks=[Task(name="Digits of 8 × 8 pixels", outcomes=outcomes)],
        hashes={},
    )
    (HERE / "figures").mkdir(exist_ok=True)
    drawn = 1 - (torch.stack(rows)[:, :, 0] + 1) / 2  # ink is dark
    (HERE / "figures" / "generators.png").write_bytes(png(drawn))
    files = [Path(__file__).name, "figures/generators.png", DIGITS, *CODE.values()]
    measured = measured.model_copy(update={"hashes": hashes(HERE, files)})
    write_measured(measured, Path(__file__).with_suffix(".json"))


# endregion


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

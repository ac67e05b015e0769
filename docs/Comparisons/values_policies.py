# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Values and policies on the same task, and the same learners broken on purpose.

    make measure      (about a quarter of an hour on one thread; writes two JSON, two SVG files)

The learners are those of dqn.py and ppo.py, as their own proofs prove them. A broken copy has one
line of that code replaced. A return is divided by 500, the most that CartPole gives.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from types import ModuleType
from typing import Any

import torch

from zooniverse.proofs.loading import implementation, loaded
from zooniverse.proofs.measured import Measured, Outcome, Score, Task, hashes, write_measured

HERE = Path(__file__).parent
CODE = {
    "dqn": "../Reinforcement-Learning/DQN/dqn.py",
    "ppo": "../Reinforcement-Learning/PPO/ppo.py",
}
dqn, ppo = (implementation(HERE / file) for file in CODE.values())

# region settings
TASK, MOST, SOLVED = "CartPole-v1", 500, 475
STEPS, EVERY = 16_384, 1_024  # of the environment; between two judgements
SEEDS = (0, 1, 2, 3, 4)
HIDDEN = 64  # units of each of two hidden layers, in every network
T = 2.776  # 97.5 % of Student's t with four degrees of freedom lie below
Z = 1.960 + 0.842  # of the normal distribution: 5 % on two sides, and a power of 80 %
# endregion


# region learners
@dataclass(frozen=True)
class Learner:
    """A way to learn.

    Attributes:
        code: dqn.py or ppo.py, or a broken copy.
        settings: Name of its settings there.
        changes: What differs from these.
    """

    code: Any
    settings: str
    changes: dict[str, Any]

    def train(self, seed: int) -> Iterator[tuple[int, Any]]:
        """Learn; yield steps and what was learnt until then."""
        c = replace(getattr(self.code, self.settings), **self.changes)
        make = self.code.task(TASK)
        return ((step, model) for step, model, _ in self.code.train(make, c, seed, STEPS, EVERY))

    def judge(self, model: Any) -> float:
        """Return the share of 500 that five episodes of its best actions earn."""
        return float(self.code.judge(model, self.code.task(TASK))) / MOST


def values(code: Any = dqn, **changes: Any) -> Learner:
    """Return a learner of action values."""
    return Learner(code, "DQN", {"hidden": HIDDEN, **changes})


LEARNERS = {
    "DQN": values(),
    "double DQN": values(double=True),
    "REINFORCE": Learner(ppo, "REINFORCE", {}),
    "A2C": Learner(ppo, "A2C", {}),
    "PPO": Learner(ppo, "PPO", {}),
}


def parameters(name: str, model: Any) -> int:
    """Count what is trained: REINFORCE leaves the critic alone."""
    part = model.actor if name == "REINFORCE" else model
    return sum(weights.numel() for weights in part.parameters())


# endregion


# region faults
@dataclass(frozen=True)
class Fault:
    """One line of code, what stands in its place, and what notices that.

    Attributes:
        code: Key of CODE.
        line: As it is; it occurs once.
        broken: As it should not be.
        noticed: The checks in the proof beside the code that fail, each in less than a second.
    """

    code: str
    line: str
    broken: str
    noticed: tuple[str, ...]


FAULTS = {
    "a future after the end": Fault(
        "dqn",
        "torch.where(x.terminated, torch.zeros_like(best), best)",
        "best",
        ("nothing_follows_an_end", "updates", "double and duelling"),
    ),
    "no target network": Fault(
        "dqn",
        "target = online if c.sync is None else copy.deepcopy(online)",
        "target = online",
        ("keeps_its_hours",),
    ),
    "exploration never falls": Fault(
        "dqn",
        "min(1.0, step / c.explore)",
        "min(0.0, step / c.explore)",
        ("schedule and copies",),
    ),
    "advantages turned round": Fault(
        "ppo",
        "(advantages - advantages.mean()) /",
        "(advantages.mean() - advantages) /",
        ("updates",),
    ),
    "another action's probability": Fault(
        "ppo",
        "model.policy(rollout.observations).log_prob(rollout.actions)",
        "model.policy(rollout.observations).log_prob(rollout.actions.roll(1, 0))",
        ("rollouts_keep_their_episodes_apart",),
    ),
    "a limit of time taken for an end": Fault(
        "ppo",
        "rollout.terminated if c.time_limits else rollout.ended",
        "rollout.ended",
        ("only_what_was_cut_off_has_a_future",),
    ),
}
SOUND = {"dqn": "DQN", "ppo": "PPO"}  # what a broken copy is set beside


def copy_with(fault: Fault) -> ModuleType:
    """Return the code with the fault in it."""
    file = HERE / CODE[fault.code]
    source = file.read_text(encoding="utf-8")
    assert source.count(fault.line) == 1, fault.line
    with loaded(file, source.replace(fault.line, fault.broken)) as code:
        return code


def broken(fault: Fault) -> Learner:
    """Return the learner with the fault in it."""
    sound = LEARNERS[SOUND[fault.code]]
    return Learner(copy_with(fault), sound.settings, sound.changes)


# endregion


# region statistics
def interval(x: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of five seeds: m - t s / sqrt(n) to m + t s / sqrt(n).

    m is the mean, s the standard deviation with n - 1 below it, t of n - 1 degrees of freedom. It
    holds for normal samples (Student, 1908); returns that stop at 500 are not.
    """
    assert len(x) == 5, "T is that of five."
    half = T * stdev(x) / sqrt(len(x))
    return fmean(x) - half, fmean(x) + half


def permutation(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the p-value of the difference of two means, by all ways to part the seeds.

    It is the share of parts as large as x whose mean differs from that of the rest by at least as
    much as the mean of x does from that of y. Among 252 parts of five and five two are extreme at
    least, so p is never below 2 / 252 = 0.0079.
    """
    both = [*x, *y]

    def apart(chosen: Sequence[int]) -> float:
        rest = [v for i, v in enumerate(both) if i not in chosen]
        return abs(fmean(both[i] for i in chosen) - fmean(rest))

    seen = apart(range(len(x)))
    parts = [apart(chosen) for chosen in combinations(range(len(both)), len(x))]
    return sum(part >= seen - 1e-12 for part in parts) / len(parts)


def seeds_needed(x: Sequence[float], y: Sequence[float]) -> float:
    """Return how many seeds of each would show such a difference four times in five.

    n = 2 (z_0.975 + z_0.8)^2 / d^2, where d is the difference of the means over the root of the
    mean variance: the normal approximation of the test of two means at 5 %.
    """
    d = (fmean(x) - fmean(y)) / sqrt((stdev(x) ** 2 + stdev(y) ** 2) / 2)
    return 2 * Z**2 / d**2


# endregion


# region measuring
Runs = list[list[tuple[int, float]]]  # for each seed, steps and shares of 500


def measure(name: str, learner: Learner) -> tuple[Outcome, Runs]:
    """Learn with every seed, and judge at the same steps."""
    begin = time.process_time()
    runs: Runs = []
    taught = []
    for seed in SEEDS:
        run, judging, start = [], 0.0, time.process_time()
        for step, model in learner.train(seed):
            now = time.process_time()
            run.append((step, learner.judge(model)))
            judging += time.process_time() - now
        taught.append(time.process_time() - start - judging)
        runs.append(run)
    late = [[step for step, share in run if share >= SOLVED / MOST] for run in runs]
    scores = [
        Score.of("at the end", [run[-1][1] for run in runs]),
        Score.of("over training", [fmean(share for _, share in run) for run in runs]),
        Score.of("1,000 steps to 0.95", [(steps[0] if steps else STEPS) / 1000 for steps in late]),
        Score.of("seconds to train", taught),
    ]
    curve = [
        (at[0][0], *(round(f([share for _, share in at]), 4) for f in (fmean, min, max)))
        for at in zip(*runs, strict=True)
    ]
    return Outcome(
        name=name,
        parameters=parameters(name, model),
        scores=scores,
        curve=curve,
        seconds=round(time.process_time() - begin, 1),
    ), runs


# endregion


# region drawing
WIDE, HIGH, ACROSS, DOWN = 360, 300, 290, 190  # of a panel, and of the field in it
FIRST, SECOND, INK, LINE = "#0b6e99", "#b4540a", "#222222", "#cccccc"


def panel(left: int, top: int, title: str, lines: Sequence[tuple[Runs, str, str]]) -> str:
    """Draw runs as means with bands, the 95 % intervals, cut off at 0 and 500."""

    def at(step: int, share: float) -> str:
        x, y = left + 55 + ACROSS * step / STEPS, top + 50 + DOWN * (1 - min(1.0, max(0.0, share)))
        return f"{x:.1f} {y:.1f}"

    parts = [f'<text x="{left + 8}" y="{top + 32}">{title}</text>']
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<path stroke="{LINE}" d="M{at(0, share)}L{at(STEPS, share)}"/>')
        x, y = at(0, share).split()
        label = f'<text x="{float(x) - 6:.1f}" y="{float(y) + 9:.1f}" text-anchor="end">'
        parts.append(f"{label}{int(MOST * share)}</text>")
    x, y = at(STEPS, 0).split()
    label = f'<text x="{x}" y="{float(y) + 28:.1f}" text-anchor="end">'
    parts.append(f"{label}step {STEPS:,}</text>")
    for runs, colour, dashes in lines:
        points = [
            (column[0][0], [share for _, share in column]) for column in zip(*runs, strict=True)
        ]
        over = [at(step, interval(shares)[1]) for step, shares in points]
        under = [at(step, interval(shares)[0]) for step, shares in reversed(points)]
        mean = "L".join(at(step, fmean(shares)) for step, shares in points)
        parts.append(f'<path fill="{colour}" fill-opacity=".2" d="M{"L".join(over + under)}Z"/>')
        pen = f'fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dashes}"'
        parts.append(f'<path {pen} d="M{mean}"/>')
    return "".join(parts)


def drawing(panels: Sequence[tuple[str, Sequence[tuple[Runs, str, str]]]]) -> bytes:
    """Draw panels in two columns, on white."""
    body = "".join(
        panel(WIDE * (i % 2), HIGH * (i // 2), title, lines)
        for i, (title, lines) in enumerate(panels)
    )
    height = HIGH * -(-len(panels) // 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDE} {height}" '
        f'width="{2 * WIDE}" height="{height}" font-family="sans-serif" font-size="25" '
        f'fill="{INK}"><rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
    ).encode()


# endregion


def main() -> None:
    """Measure all; write the outcomes and two pictures beside this file."""
    begin = time.process_time()
    measured: dict[str, tuple[Outcome, Runs]] = {}
    every: dict[str, Callable[[], Learner]] = {
        **{name: partial(LEARNERS.__getitem__, name) for name in LEARNERS},
        **{name: partial(broken, fault) for name, fault in FAULTS.items()},
    }
    for name, learner in every.items():
        measured[name] = measure(name, learner())
        print(name, *measured[name][0].scores, sep=" | ", flush=True)
    plain = [(name, [(measured[name][1], FIRST, "none")]) for name in LEARNERS]
    beside = [
        (
            name,
            [
                (measured[SOUND[fault.code]][1], FIRST, "none"),
                (measured[name][1], SECOND, "12 5"),
            ],
        )
        for name, fault in FAULTS.items()
    ]
    pictures = {"values_policies": plain, "values_policies_faults": beside}
    (HERE / "figures").mkdir(exist_ok=True)
    for name, panels in pictures.items():
        (HERE / "figures" / f"{name}.svg").write_bytes(drawing(panels))
    budget = (
        f"Each learns from {STEPS:,} steps of {TASK}, on one thread, with the seeds "
        f"{', '.join(map(str, SEEDS))}, and is judged every {EVERY:,} steps by five episodes of "
        "its best actions. A seed that never comes to 0.95 counts with all its steps. Counted are "
        "the parameters that are trained."
    )
    files = [Path(__file__).name, *CODE.values()]
    files += [f"figures/{name}.svg" for name in pictures]
    whole = Measured(
        compared="learner",
        unit="return as a share of 500",
        along="step",
        date=datetime.now(UTC).date().isoformat(),
        versions={"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
        seconds=round(time.process_time() - begin, 1),
        budget=budget,
        seeds=list(SEEDS),
        settings={"steps": STEPS, "every": EVERY, "hidden": HIDDEN, "solved": SOLVED},
        tasks=[
            Task(
                name="CartPole",
                outcomes=[measured[name][0] for name in LEARNERS if name != "double DQN"],
            )
        ],
        hashes=hashes(HERE, files),
    )
    write_measured(whole, Path(__file__).with_suffix(".json"))
    rest = [measured[name][0] for name in ("double DQN", *FAULTS)]
    variants = Task(name="Variants and broken copies", outcomes=rest)
    write_measured(
        whole.model_copy(update={"tasks": [variants]}), HERE / "values_policies_faults.json"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

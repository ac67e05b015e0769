# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Encoder, decoder and encoder-decoder on three small tasks, with the code of this site.

    make measure      (some minutes on one thread; it writes encoder_decoder.json)

The layers are those of bert.py, gpt3_example.py and transformer.py, as their own proofs prove them.
Letters in shapes: B examples, S symbols that are read, T that are wanted, V vocabulary, d width.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.loading import implementation
from zooniverse.proofs.measured import Measured, Outcome, Score, Task, hashes, write_measured

HERE = Path(__file__).parent
CODE = {
    "bert": "../Language-Models/BERT/bert.py",
    "gpt": "../Language-Models/GPT-3/gpt3_example.py",
    "transformer": "../Language-Models/Transformer/transformer.py",
}
bert, gpt, transformer = (implementation(HERE / file) for file in CODE.values())

# region settings
BEGIN, MASK = transformer.BEGIN, bert.MASK
FIRST, SYMBOLS = MASK + 1, 10  # the symbols follow the special tokens of the three files
VOCABULARY, WIDTH, HEADS, PLACES = FIRST + SYMBOLS, 64, 4, 16
BATCH, STEPS, EVERY, NEW, SEEDS = 32, 500, 25, 300, (0, 1, 2)
# One rate for all, settled on the first two tasks: the page says how.
RATE = 0.003
# endregion


# region tasks
@dataclass(frozen=True)
class Examples:
    """What is read (B, S), what is wanted (B, T), and what would be as right (B, T)."""

    source: Tensor
    wanted: Tensor
    also: Tensor


def gaps(number: int, generator: torch.Generator) -> Examples:
    """Words of 8 symbols, the second half the first one mirrored; one of the 8 is hidden."""
    half = FIRST + torch.randint(SYMBOLS, (number, 4), generator=generator)
    word = torch.cat((half, half.flip(1)), dim=1)
    place = torch.randint(8, (number, 1), generator=generator)
    hidden = word.gather(1, place)
    return Examples(word.scatter(1, place, MASK), hidden, hidden)


def doubles(number: int, generator: torch.Generator, answers: int) -> Examples:
    """Words of 4 different symbols, to be written backwards and that twice over.

    Of two answers, the other one is the word forwards twice over; a coin says which is wanted.
    """
    source = FIRST + torch.rand(number, SYMBOLS, generator=generator).argsort(dim=1)[:, :4]
    backwards = source.flip(1).repeat(1, 2)
    also = source.repeat(1, 2) if answers == 2 else backwards
    coin = torch.randint(answers, (number, 1), generator=generator) == 1
    return Examples(source, torch.where(coin, also, backwards), torch.where(coin, backwards, also))


# endregion


# region arrangements
class Encoder(nn.Module):
    """BERT's encoder; its embedding scores the tokens, as in the other two."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = bert.Bert(bert.Config(VOCABULARY, 2, WIDTH, HEADS, PLACES, dropout=0.0))
        bert.initialise(self.bert, deviation=0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, S) to scores of the token at each place, (B, S, V)."""
        return F.linear(self.bert(tokens, torch.zeros_like(tokens)), self.bert.token.weight)


def decoder() -> nn.Module:
    """GPT; both layers see all that came before."""
    config = gpt.Config(2, WIDTH, HEADS, WIDTH // HEADS, PLACES, VOCABULARY, None, deviation=0.1)
    model: nn.Module = gpt.GPT(config)
    return model


def encoder_decoder() -> nn.Module:
    """One layer of each; its inner width of 3d makes 24 d² of both, as two layers are elsewhere."""
    config = transformer.Config(VOCABULARY, 1, WIDTH, 3 * WIDTH, HEADS, dropout=0.0)
    model: nn.Module = transformer.Transformer(config)
    return model


def after(source: Tensor) -> Tensor:
    """Return what a text is read as before its answer: the source, then a sign, (B, S + 1)."""
    return F.pad(source, (0, 1), value=BEGIN)


def holes(source: Tensor, length: int) -> Tensor:
    """Return a text with hidden places: its own, or T of them after it."""
    return source if (source == MASK).any() else F.pad(after(source), (0, length), value=MASK)


def fill(model: nn.Module, x: Examples) -> Tensor:
    """Score the wanted tokens at the hidden places, all at once; (B, T, V)."""
    read = holes(x.source, x.wanted.shape[1])
    scores: Tensor = model(read)[read == MASK]
    return scores.unflatten(0, (len(read), -1))


def go_on(model: nn.Module, x: Examples) -> Tensor:
    """Score each wanted token after the source and the wanted tokens before it; (B, T, V)."""
    scores: Tensor = model(torch.cat((after(x.source), x.wanted[:, :-1]), dim=1))
    return scores[:, x.source.shape[1] :]


def translate(model: nn.Module, x: Examples) -> Tensor:
    """Score each wanted token from the encoded source and the wanted ones before; (B, T, V)."""
    scores: Tensor = model(x.source, F.pad(x.wanted[:, :-1], (1, 0), value=BEGIN))
    return scores


def filled(model: nn.Module, x: Examples) -> Tensor:
    """Take the likeliest token of each hidden place; (B, T)."""
    return fill(model, x).argmax(dim=-1)


def gone_on(model: nn.Module, x: Examples) -> Tensor:
    """Write T tokens after the source, each the likeliest; (B, T)."""
    text: Tensor = gpt.generate(model, after(x.source), x.wanted.shape[1], temperature=0)
    return text[:, x.source.shape[1] + 1 :]


def translated(model: nn.Module, x: Examples) -> Tensor:
    """Write T tokens from the encoded source, each the likeliest; (B, T)."""
    text: Tensor = transformer.greedy(model, x.source, x.wanted.shape[1])
    return text


@dataclass(frozen=True)
class Arrangement:
    """A model, how it scores what is wanted in training, and how it answers."""

    build: Callable[[], nn.Module]
    score: Callable[[nn.Module, Examples], Tensor]
    answer: Callable[[nn.Module, Examples], Tensor]


ARRANGEMENTS = {
    "encoder, all at once": Arrangement(Encoder, fill, filled),
    "decoder, in place": Arrangement(decoder, fill, filled),
    "decoder, writing": Arrangement(decoder, go_on, gone_on),
    "encoder-decoder, writing": Arrangement(encoder_decoder, translate, translated),
}
# endregion


# region measuring
def judge_gaps(x: Examples, answer: Tensor) -> dict[str, float]:
    """Share of gaps filled right: of all, and by the side on which the hidden symbol's twin is."""
    right = (answer == x.wanted)[:, 0]
    first = (x.source == MASK).int().argmax(dim=1) < 4
    shares = {"all gaps": right, "twin to the left": right[~first], "to the right": right[first]}
    return {name: float(share.float().mean()) for name, share in shares.items()}


def judge_doubles(x: Examples, answer: Tensor) -> dict[str, float]:
    """Share of words that are written without a mistake."""
    right = (answer == x.wanted).all(dim=1) | (answer == x.also).all(dim=1)
    return {"words right": float(right.float().mean())}


Judge = Callable[[Examples, Tensor], dict[str, float]]
Draw = Callable[[int, torch.Generator], Examples]
WRITERS = tuple(name for name in ARRANGEMENTS if name != "decoder, in place")
TASKS: Mapping[str, tuple[Draw, Judge, tuple[str, ...]]] = {
    "Filling a gap": (gaps, judge_gaps, tuple(ARRANGEMENTS)),
    "Writing, one right answer": (partial(doubles, answers=1), judge_doubles, WRITERS),
    "Writing, two right answers": (partial(doubles, answers=2), judge_doubles, WRITERS),
}


def train(task: str, name: str, seed: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Train an arrangement on a task; yields step and the scores on examples drawn anew."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    (draw, judge, _), one = TASKS[task], ARRANGEMENTS[name]
    model, new = one.build(), draw(NEW, torch.Generator().manual_seed(seed + 1000))
    adam = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98))
    warmup = STEPS // 10
    for step in range(1, STEPS + 1):
        fall = (STEPS + 1 - step) / (STEPS + 1 - warmup)
        adam.param_groups[0]["lr"] = RATE * min(step / warmup, fall)
        x = draw(BATCH, generator)
        scores = one.score(model, x).flatten(0, 1)
        F.cross_entropy(scores, x.wanted.flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        if step % EVERY == 0:
            with torch.no_grad():
                yield step, judge(new, one.answer(model, new))


def measure(task: str, name: str) -> Outcome:
    """Train an arrangement on a task with every seed."""
    begin = time.process_time()

    def first(scores: dict[str, float]) -> float:
        return next(iter(scores.values()))

    runs = [list(train(task, name, seed)) for seed in SEEDS]
    finals = [run[-1][1] for run in runs]
    curve = [
        (at[0][0], *(round(f([first(scores) for _, scores in at]), 4) for f in (fmean, min, max)))
        for at in zip(*runs, strict=True)
    ]
    return Outcome(
        name=name,
        parameters=sum(weights.numel() for weights in ARRANGEMENTS[name].build().parameters()),
        scores=[Score.of(key, [final[key] for final in finals]) for key in finals[0]],
        curve=curve,
        seconds=round(time.process_time() - begin, 1),
    )


def main() -> None:
    """Measure every arrangement on every task, and write the outcome beside this file."""
    begin = time.process_time()
    tasks = []
    for task, (_, _, names) in TASKS.items():
        outcomes = []
        for name in names:
            outcomes.append(measure(task, name))
            print(task, name, *outcomes[-1].scores, sep=" | ", flush=True)
        tasks.append(Task(name=task, outcomes=outcomes))
    measured = Measured(
        date=datetime.now(UTC).date().isoformat(),
        versions={"python": platform.python_version(), "torch": torch.__version__.split("+")[0]},
        seconds=round(time.process_time() - begin, 1),
        budget=(
            f"Every arrangement is given the same: {STEPS} steps of {BATCH} new examples, a "
            f"learning rate of {RATE} at its highest, one thread, and the seeds "
            f"{', '.join(map(str, SEEDS))}. It is judged by {NEW} examples drawn anew."
        ),
        seeds=list(SEEDS),
        settings={
            "steps": STEPS, "batch": BATCH, "new": NEW, "width": WIDTH, "heads": HEADS,
            "symbols": SYMBOLS, "rate": RATE,
        },
        tasks=tasks,
        hashes=hashes(HERE, [Path(__file__).name, *CODE.values()]),
    )  # fmt: skip
    write_measured(measured, Path(__file__).with_suffix(".json"))


# endregion


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

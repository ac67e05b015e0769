# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How transformer.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import (
    Equality,
    Link,
    Mutant,
    Pair,
    Proof,
    Published,
    Row,
    Run,
    Size,
    Values,
)

WIDTH, INNER, HEADS, LAYERS, VOCABULARY = 16, 24, 4, 2, 11


def tiny(model: Any, **changes: Any) -> Any:
    """Build a model that is quick to compare; no two of its sizes are the same."""
    settings = {
        "vocabulary": VOCABULARY,
        "layers": LAYERS,
        "width": WIDTH,
        "inner": INNER,
        "heads": HEADS,
        "dropout": 0.0,
    }
    return model.Transformer(model.Config(**{**settings, **changes}))


# --- equalities ---------------------------------------------------------------------------------


class Reference(nn.Module):
    """PyTorch's own layers, stacked without the final norms that the paper lacks."""

    def __init__(
        self,
        vocabulary: int = VOCABULARY,
        layers: int = LAYERS,
        width: int = WIDTH,
        inner: int = INNER,
        heads: int = HEADS,
    ) -> None:
        super().__init__()
        sizes = {"d_model": width, "nhead": heads, "dim_feedforward": inner}
        encoder = nn.TransformerEncoderLayer(**sizes, dropout=0.0, batch_first=True)  # type: ignore[arg-type]
        decoder = nn.TransformerDecoderLayer(**sizes, dropout=0.0, batch_first=True)  # type: ignore[arg-type]
        self.embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.TransformerEncoder(encoder, layers, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder, layers)
        self.places = sinusoids(64, width)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padding = source == 0
        future = torch.triu(torch.ones(target.shape[1], target.shape[1], dtype=torch.bool), 1)
        memory = self.encoder(self.embed(source), src_key_padding_mask=padding)
        decoded = self.decoder(
            self.embed(target), memory, tgt_mask=future, memory_key_padding_mask=padding
        )
        return F.linear(decoded, self.embedding.weight)

    def embed(self, tokens: Tensor) -> Tensor:
        x: Tensor = self.embedding(tokens)
        return x * self.embedding.embedding_dim**0.5 + self.places[: tokens.shape[1]]


def sinusoids(length: int, width: int) -> Tensor:
    """The formula of section 3.5, one entry at a time."""
    rows = [
        [
            (math.cos if i % 2 else math.sin)(p / 10000 ** ((i - i % 2) / width))
            for i in range(width)
        ]
        for p in range(length)
    ]
    return torch.tensor(rows)


def links() -> Iterator[Link]:
    """Say which of our parameters is which of PyTorch's, whose q, k and v are one matrix."""
    yield Link("embedding.weight", "embedding.weight")
    blocks = {"attention": "self_attn", "cross": "multihead_attn"}
    rest = {"feed_forward.up": "linear1", "feed_forward.down": "linear2"}
    for side, i in itertools.product(("encoder", "decoder"), range(LAYERS)):
        ours, theirs = f"{side}.{i}", f"{side}.layers.{i}"
        norms = {f"norm{n}": f"norm{n}" for n in range(1, 3 if side == "encoder" else 4)}
        for kind in ("weight", "bias"):
            for here, there in {**rest, **norms}.items():
                yield Link(f"{ours}.{here}.{kind}", f"{theirs}.{there}.{kind}")
            for here, there in list(blocks.items())[: 1 if side == "encoder" else 2]:
                yield Link(f"{ours}.{here}.out.{kind}", f"{theirs}.{there}.out_proj.{kind}")
                for n, part in enumerate(("query", "key", "value")):
                    view = partial(third, n)
                    name = f"{theirs}.{there}.in_proj_{kind}"
                    yield Link(f"{ours}.{here}.{part}.{kind}", name, view)


def third(n: int, tensor: Tensor) -> Tensor:
    """Return the n-th of three equal parts."""
    return tensor[n * WIDTH : (n + 1) * WIDTH]


def whole_model(model: Any) -> Pair:
    """The whole model: scores and smoothed loss of a batch with padding on both sides."""
    source = torch.tensor([[5, 3, 8, 4, 9, 7], [3, 10, 6, 0, 0, 0]])
    target = torch.tensor([[1, 7, 9, 4, 8], [1, 6, 10, 3, 2]])
    wanted = torch.tensor([[7, 9, 4, 8, 2], [6, 10, 3, 2, 0]])
    return pair(model, tiny(model), Reference(), source, target, wanted)


def speed(model: Any) -> Pair:
    """The proportions of the base model, on 8 pairs of 64 tokens."""
    sizes = {"vocabulary": 2000, "layers": 3, "width": 256, "inner": 1024, "heads": 4}
    source, target, wanted = torch.randint(3, 2000, (3, 8, 64))
    return pair(model, tiny(model, **sizes), Reference(**sizes), source, target, wanted)


def pair(
    model: Any, ours: Any, reference: Reference, source: Tensor, target: Tensor, wanted: Tensor
) -> Pair:
    """Scores (B, T, V) and smoothed loss of ours and of the reference on the same batch."""

    def run_ours() -> dict[str, Tensor]:
        scores = ours(source, target)
        return {"scores": scores, "loss": model.smoothed_loss(scores, wanted)}

    def run_reference() -> dict[str, Tensor]:
        scores = reference(source, target)
        loss = F.cross_entropy(scores.transpose(1, 2), wanted, ignore_index=0, label_smoothing=0.1)
        return {"scores": scores, "loss": loss}

    return Pair(ours, reference, run_ours, run_reference, list(links()))


def schedule(model: Any) -> Values:
    """The learning rate of equation 3, over and beyond the warm-up."""
    steps = range(1, 12001, 7)
    ours = [model.learning_rate(step, 512) for step in steps]
    theirs = [512**-0.5 * (step * 4000**-1.5 if step < 4000 else 1 / step**0.5) for step in steps]
    return Values({"rate": torch.tensor(ours)}, {"rate": torch.tensor(theirs)})


def table(model: Any) -> Values:
    """The sinusoids, entry by entry."""
    return Values({"table": model.positions(50, WIDTH)}, {"table": sinusoids(50, WIDTH)})


# --- invariants ---------------------------------------------------------------------------------


def no_peeking(model: Any) -> None:
    """A token of the target changes no score before it, and every score from it on."""
    ours = tiny(model)
    source, target = torch.randint(3, 11, (1, 6)), torch.randint(3, 11, (1, 7))
    other = target.clone()
    other[0, 4] = 3 + (target[0, 4] - 2) % 8
    changed = (ours(source, target) != ours(source, other)).any(dim=-1)[0]
    assert changed.tolist() == [False] * 4 + [True] * 3, changed.tolist()


def padding_is_nothing(model: Any) -> None:
    """Padding after the source changes no score."""
    ours = tiny(model)
    source, target = torch.randint(3, 11, (2, 6)), torch.randint(3, 11, (2, 7))
    padded = F.pad(source, (0, 3), value=model.PAD)
    apart = (ours(source, target) - ours(padded, target)).abs().max()
    assert apart.item() < 1e-12, apart.item()


def shifts_are_rotations(model: Any) -> None:
    """Going on by k positions turns each pair of sinusoids by an angle that depends on k alone."""
    table = model.positions(60, WIDTH)
    pairs = torch.complex(table[:, 1::2], table[:, 0::2])
    for k in (1, 5, 13):
        turn = pairs[k:] / pairs[:-k]
        assert (turn - turn[0]).abs().max() < 1e-12, k
        assert (turn.abs() - 1).abs().max() < 1e-12, k


def dropout_is_where_the_paper_has_it(model: Any) -> None:
    """Dropout acts on each sub-layer's output and on both sums of embeddings and positions."""
    ours, seen = tiny(model, dropout=0.5), []
    for layer in ours.modules():
        if isinstance(layer, nn.Dropout):
            layer.register_forward_hook(lambda _l, _in, out: seen.append(tuple(out.shape)))
    ours(torch.randint(3, 11, (1, 6)), torch.randint(3, 11, (1, 7)))
    expected = [(1, 6, WIDTH)] * (1 + 2 * LAYERS) + [(1, 7, WIDTH)] * (1 + 3 * LAYERS)
    assert seen == expected, seen


def one_beam_is_greedy(model: Any) -> None:
    """Beam search with one beam gives what greedy search gives."""
    ours = wild(model)
    for _ in range(8):
        source = torch.randint(3, 11, (1, 5))
        greedy = [token for token in model.greedy(ours, source, 6)[0].tolist() if token]
        beam, _ = model.beam_search(ours, source, 6, beams=1)
        assert beam == greedy, (beam, greedy)


def wide_beam_finds_the_best(model: Any) -> None:
    """A beam as wide as there are beginnings finds the best of all translations."""
    ours = wild(model, vocabulary=5)
    source = torch.tensor([[3, 4, 4, 3]])
    found = model.beam_search(ours, source, 3, beams=5**3)
    best = max(every_translation(model, ours, source, 3), key=lambda pair: pair[1])
    assert found[0] == best[0], (found, best)
    assert abs(found[1] - best[1]) < 1e-12, (found, best)


def wild(model: Any, **changes: Any) -> Any:
    """Return a tiny model whose scores are far apart, so that searches have something to find."""
    ours = tiny(model, **changes)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.copy_(torch.randn_like(parameter) / max(1, parameter.dim() - 1))
        ours.embedding.weight.mul_(0.1)
    return ours


@torch.no_grad()
def every_translation(
    model: Any, ours: Any, source: Tensor, longest: int
) -> Iterator[tuple[list[int], float]]:
    """Yield each translation with its score, counted token by token."""
    for length in range(1, longest + 1):
        for tokens in itertools.product(range(5), repeat=length):
            ends = model.END in tokens
            if (ends and tokens.index(model.END) != length - 1) or not (ends or length == longest):
                continue
            scores = ours(source, torch.tensor([[model.BEGIN, *tokens[:-1]]]))[0]
            logs = scores.log_softmax(dim=-1)[torch.arange(length), torch.tensor(tokens)]
            yield list(tokens), float(logs.sum()) / ((5 + length) / 6) ** 0.6


# --- the proof ----------------------------------------------------------------------------------

PAPER = "https://arxiv.org/abs/1706.03762"
ATTENTION = "4 * d * (d + 1)"
FEED_FORWARD = "2 * d * f + f + d"

PROOF = Proof(
    code="transformer.py",
    sizes=(
        Size(
            "base",
            lambda model: model.Transformer(model.BASE),
            {"V": 37000, "d": 512, "f": 2048, "N": 6},
            Published(
                65e6,
                1e6,
                "Vaswani et al. (2017), Table 3",
                PAPER,
                "the paper does not say how it counts; it gives the vocabulary as about 37,000, "
                "and 65 M would take 39,800 to 41,700",
            ),
        ),
        Size(
            "big",
            lambda model: model.Transformer(model.BIG),
            {"V": 37000, "d": 1024, "f": 4096, "N": 6},
            Published(
                213e6,
                1e6,
                "Vaswani et al. (2017), Table 3",
                PAPER,
                "the paper does not say how it counts; 213 M would take a vocabulary of 35,300 to "
                "36,200, fewer than the base model's figure needs",
            ),
        ),
    ),
    ledger=(
        Row("Embedding, shared with the output", r"embedding\.weight", "V * d"),
        Row("Encoder: self-attention", r"encoder\.\d+\.attention\..*", f"N * {ATTENTION}"),
        Row("Encoder: feed-forward", r"encoder\.\d+\.feed_forward\..*", f"N * ({FEED_FORWARD})"),
        Row("Encoder: norms", r"encoder\.\d+\.norm\d\..*", "N * 2 * 2 * d"),
        Row("Decoder: self-attention", r"decoder\.\d+\.attention\..*", f"N * {ATTENTION}"),
        Row("Decoder: attention to the source", r"decoder\.\d+\.cross\..*", f"N * {ATTENTION}"),
        Row("Decoder: feed-forward", r"decoder\.\d+\.feed_forward\..*", f"N * ({FEED_FORWARD})"),
        Row("Decoder: norms", r"decoder\.\d+\.norm\d\..*", "N * 3 * 2 * d"),
    ),
    equalities=(
        Equality(
            "model",
            whole_model,
            "torch.nn.TransformerEncoderLayer and TransformerDecoderLayer, stacked with norm=None",
        ),
        Equality("positions", table, "the formula of section 3.5, entry by entry"),
        Equality("schedule", schedule, "equation 3, case by case"),
    ),
    invariants=(
        no_peeking,
        padding_is_nothing,
        shifts_are_rotations,
        dropout_is_where_the_paper_has_it,
        one_beam_is_greedy,
        wide_beam_finds_the_best,
    ),
    mutants=(
        Mutant("scores not scaled", " / math.sqrt(q.shape[-1])", "", ("model",)),
        Mutant(
            "mask left out",
            "scores.masked_fill(hidden, -math.inf).softmax(dim=-1)",
            "scores.softmax(dim=-1)",
            ("model", "no_peeking", "padding_is_nothing"),
        ),
        Mutant("future seen by one", ".triu(1)", ".triu(2)", ("model", "no_peeking")),
        Mutant(
            "padding seen", "(source == PAD)", "(source != source)", ("model", "padding_is_nothing")
        ),
        Mutant(
            "softmax over queries",
            "-math.inf).softmax(dim=-1)",
            "-1e9).softmax(dim=-2)",
            ("model",),
        ),
        Mutant(
            "query and key exchanged",
            "split(self.query(x)), split(self.key(memory))",
            "split(self.key(x)), split(self.query(memory))",
            ("model",),
        ),
        Mutant(
            "heads interleaved",
            "y.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
            "y.unflatten(-1, (-1, self.heads)).movedim(-1, 1)",
            ("model",),
        ),
        Mutant("another activation", "F.relu(self.up(x))", "F.gelu(self.up(x))", ("model",)),
        Mutant(
            "output bias left out",
            "return self.out(attention(q, k, v, hidden).transpose(1, 2).flatten(-2))",
            "return attention(q, k, v, hidden).transpose(1, 2).flatten(-2) @ self.out.weight.T",
            ("model",),
        ),
        Mutant(
            "norm before the sub-layer",
            "return self.norm2(x + self.dropout(self.feed_forward(x)))",
            "return x + self.dropout(self.feed_forward(self.norm2(x)))",
            ("model",),
        ),
        Mutant(
            "other epsilon",
            "self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)",
            "self.norm1, self.norm2 = (nn.LayerNorm(c.width, eps=1e-6) for _ in range(2))",
            ("model",),
        ),
        Mutant(
            "decoder looks at itself twice",
            "self.cross(y, memory, padding)",
            "self.cross(y, y, future)",
            ("model",),
        ),
        Mutant("embedding not scaled", " * math.sqrt(self.width)\n", "\n", ("model",)),
        Mutant("other base of wavelengths", "10000.0 **", "1000.0 **", ("positions", "model")),
        Mutant(
            "sine and cosine exchanged",
            "(angle.sin(), angle.cos())",
            "(angle.cos(), angle.sin())",
            ("positions", "model"),
        ),
        Mutant(
            "amplitude that grows",
            "(angle.sin(), angle.cos())",
            "(angle.sin() * (1 + position), angle.cos())",
            ("shifts_are_rotations",),
        ),
        Mutant("smoothing left out", "smoothing * logs.mean(dim=-1)", "0.0", ("model",)),
        Mutant("padding counted in the loss", "[wanted != PAD]", "", ("model",)),
        Mutant("warm-up to another power", "warmup**-1.5", "warmup**-1.4", ("schedule",)),
        Mutant(
            "dropout left out once",
            "self.dropout(self.cross(y, memory, padding))",
            "self.cross(y, memory, padding)",
            ("dropout_is_where_the_paper_has_it",),
        ),
        Mutant(
            "beams start from the worst",
            "logs.flatten().topk(min(beams, logs.numel()))",
            "logs.flatten().topk(min(beams, logs.numel()), largest=False)",
            ("one_beam_is_greedy",),
        ),
        Mutant(
            "no penalty of length",
            "penalty = ((5 + length) / 6) ** alpha",
            "penalty = 1.0",
            ("wide_beam_finds_the_best",),
        ),
    ),
    runs=(
        Run(
            "Reversing sequences of 4 to 8 symbols",
            lambda model, seed, steps: ((s, share) for s, _, share in model.train(seed, steps)),
            "share of 200 new sequences reversed without a mistake",
            steps=400,
            reach=0.95,
            short=(240, 0.08),
        ),
    ),
    speed=speed,
)

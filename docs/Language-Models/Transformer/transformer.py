# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The Transformer of "Attention Is All You Need" (Vaswani et al., 2017), arXiv 1706.03762.

Letters in shapes: B sequences, S source positions, T target positions, h heads, d width,
d_k width of a head, V vocabulary. Sections in the comments are the paper's.

Run it: python transformer.py    (it learns to reverse sequences, in less than a minute)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAD, BEGIN, END = 0, 1, 2


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a model; the defaults are the paper's base model (section 3, Table 3)."""

    vocabulary: int = 37000  # of byte pairs, shared by both languages (section 5.1)
    layers: int = 6
    width: int = 512
    inner: int = 2048
    heads: int = 8
    dropout: float = 0.1


BASE = Config()
BIG = Config(width=1024, inner=4096, heads=16, dropout=0.3)
# endregion


# region attention
def attention(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor) -> Tensor:
    """Scaled dot-product attention (equation 1).

    Args:
        q: Queries, (B, h, T, d_k).
        k: Keys, (B, h, S, d_k).
        v: Values, (B, h, S, d_k).
        hidden: True where a query must not look, broadcast to (B, h, T, S).

    Returns:
        For each query the mean of the values, weighted by how well their keys fit; (B, h, T, d_k).
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = scores.masked_fill(hidden, -math.inf).softmax(dim=-1)
    return weights @ v


class MultiHeadAttention(nn.Module):
    """Attention in h subspaces at once (section 3.2.2)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.heads = c.heads
        self.query, self.key, self.value, self.out = (nn.Linear(c.width, c.width) for _ in range(4))

    def forward(self, x: Tensor, memory: Tensor, hidden: Tensor) -> Tensor:
        """Let each position of x (B, T, d) look at memory (B, S, d); returns (B, T, d)."""

        def split(y: Tensor) -> Tensor:  # (B, T, d) to (B, h, T, d_k)
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(memory)), split(self.value(memory))
        return self.out(attention(q, k, v, hidden).transpose(1, 2).flatten(-2))


# endregion


# region layers
class FeedForward(nn.Module):
    """Two linear layers with a ReLU between, at each position alone (equation 2)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(c.width, c.inner), nn.Linear(c.inner, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, d) to (B, T, d)."""
        return self.down(F.relu(self.up(x)))


class EncoderLayer(nn.Module):
    """Self-attention, then feed-forward; each is LayerNorm(x + dropout(sub-layer(x)))."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.attention, self.feed_forward = MultiHeadAttention(c), FeedForward(c)
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """Map (B, S, d) to (B, S, d); padding is True at positions that hold nothing."""
        x = self.norm1(x + self.dropout(self.attention(x, x, padding)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class DecoderLayer(nn.Module):
    """As the encoder's, with attention to the encoder's output between its two sub-layers."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.attention, self.cross = MultiHeadAttention(c), MultiHeadAttention(c)
        self.feed_forward = FeedForward(c)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(c.width) for _ in range(3))
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, y: Tensor, memory: Tensor, future: Tensor, padding: Tensor) -> Tensor:
        """Map (B, T, d) to (B, T, d); future is True where a key lies after its query."""
        y = self.norm1(y + self.dropout(self.attention(y, y, future)))
        y = self.norm2(y + self.dropout(self.cross(y, memory, padding)))
        return self.norm3(y + self.dropout(self.feed_forward(y)))


# endregion


# region positions
def positions(length: int, width: int) -> Tensor:
    """Sinusoids of wavelengths from 2π to 10000·2π (section 3.5), of shape (length, width)."""
    position = torch.arange(length, dtype=torch.get_default_dtype())[:, None]
    frequency = 10000.0 ** (-torch.arange(0, width, 2, dtype=position.dtype) / width)
    angle = position * frequency
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)


# endregion


# region transformer
class Transformer(nn.Module):
    """Encoder and decoder; one matrix serves both embeddings and the output (section 3.4)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.width = c.width
        self.embedding = nn.Embedding(c.vocabulary, c.width)
        self.encoder = nn.ModuleList(EncoderLayer(c) for _ in range(c.layers))
        self.decoder = nn.ModuleList(DecoderLayer(c) for _ in range(c.layers))
        self.dropout = nn.Dropout(c.dropout)
        nn.init.normal_(self.embedding.weight, std=c.width**-0.5)

    def embed(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, T) to vectors with their positions (B, T, d)."""
        x = self.embedding(tokens) * math.sqrt(self.width)
        return self.dropout(x + positions(tokens.shape[1], self.width).to(x))

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Map source tokens (B, S) to memory (B, S, d) and its padding (B, 1, 1, S)."""
        padding = (source == PAD)[:, None, None, :]
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, padding)
        return x, padding

    def decode(self, target: Tensor, memory: Tensor, padding: Tensor) -> Tensor:
        """Map target tokens (B, T) to scores of the token after each, (B, T, V)."""
        length = target.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=target.device).triu(1)
        y = self.embed(target)
        for layer in self.decoder:
            y = layer(y, memory, future, padding)
        return y @ self.embedding.weight.T

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Map source (B, S) and target (B, T) to scores of the token after each, (B, T, V)."""
        return self.decode(target, *self.encode(source))


# endregion


# region training
def smoothed_loss(scores: Tensor, wanted: Tensor, smoothing: float = 0.1) -> Tensor:
    """Cross-entropy against a target that gives the share ``smoothing`` to all tokens alike.

    Args:
        scores: (B, T, V).
        wanted: (B, T); positions that hold PAD do not count.
        smoothing: Section 5.4 has 0.1.
    """
    logs = scores.log_softmax(dim=-1)
    right = logs.gather(-1, wanted[..., None]).squeeze(-1)
    losses = -(1 - smoothing) * right - smoothing * logs.mean(dim=-1)
    return losses[wanted != PAD].mean()


def learning_rate(step: int, width: int, warmup: int = 4000) -> float:
    """Rise in a line for ``warmup`` steps, then fall with the root of the step (equation 3)."""
    return float(width**-0.5 * min(step**-0.5, step * warmup**-1.5))


# endregion


# region decoding
@torch.no_grad()
def greedy(model: Transformer, source: Tensor, longest: int) -> Tensor:
    """Take the likeliest token at each step, for all of source (B, S) at once; returns (B, T)."""
    memory, padding = model.encode(source)
    target = torch.full((len(source), 1), BEGIN)
    for _ in range(longest):
        token = model.decode(target, memory, padding)[:, -1].argmax(dim=-1)
        ended = (target == END).any(dim=1)
        target = torch.cat((target, token.masked_fill(ended, PAD)[:, None]), dim=1)
    return target[:, 1:]


@torch.no_grad()
def beam_search(
    model: Transformer, source: Tensor, longest: int, beams: int = 4, alpha: float = 0.6
) -> tuple[list[int], float]:
    """Keep the best few beginnings (section 6.1) for one source (1, S).

    Returns:
        The best translation of at most ``longest`` tokens, END included, and its score: the log
        probability divided by ((5 + length) / 6) ** alpha, the penalty of Wu et al. (2016).
    """
    memory, padding = model.encode(source)
    alive, ended = [([BEGIN], 0.0)], [([END], -math.inf)]
    for length in range(1, longest + 1):
        target = torch.tensor([tokens for tokens, _ in alive])
        scores = model.decode(target, memory.expand(len(alive), -1, -1), padding)[:, -1]
        logs = scores.log_softmax(dim=-1) + torch.tensor([[log] for _, log in alive]).to(scores)
        best, index = logs.flatten().topk(min(beams, logs.numel()))
        grown = [
            ([*alive[i // logs.shape[1]][0], i % logs.shape[1]], log)
            for i, log in zip(index.tolist(), best.tolist(), strict=True)
        ]
        last = length == longest
        penalty = ((5 + length) / 6) ** alpha
        ended += [(t[1:], log / penalty) for t, log in grown if last or t[-1] == END]
        alive = [(t, log) for t, log in grown if t[-1] != END]
        if not alive:
            break
    return max(ended, key=lambda pair: pair[1])


# endregion


# region example
SMALL = Config(vocabulary=13, layers=2, width=64, inner=128, heads=4, dropout=0.0)


def sequences(number: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return sources of 4 to 8 symbols (B, 8) and targets, the same backwards, (B, 10)."""
    length = torch.randint(4, 9, (number, 1), generator=generator)
    symbols = torch.randint(3, SMALL.vocabulary, (number, 8), generator=generator)
    place = torch.arange(9)
    source = symbols.masked_fill(place[:8] >= length, PAD)
    target = symbols.gather(1, (length - 1 - place).clamp(min=0))
    target = target.masked_fill(place >= length, PAD).masked_fill(place == length, END)
    return source, F.pad(target, (1, 0), value=BEGIN)


def train(seed: int, steps: int, every: int = 20) -> Iterator[tuple[int, Transformer, float]]:
    """Learn to reverse; yields step, model, and the share of 200 new sequences reversed right."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Transformer(SMALL)
    adam = torch.optim.Adam(model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)
    source, target = sequences(200, torch.Generator().manual_seed(seed + 1000))
    for step in range(1, steps + 1):
        # A tenth of the paper's rate: at the full one so small a model forgets again.
        adam.param_groups[0]["lr"] = 0.1 * learning_rate(step, SMALL.width, warmup=200)
        x, y = sequences(32, generator)
        smoothed_loss(model(x, y[:, :-1]), y[:, 1:]).backward()
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            right = (greedy(model.eval(), source, 9) == target[:, 1:]).all(dim=1)
            yield step, model.train(), float(right.float().mean())


def main() -> None:
    """Count the published sizes, train a small model, and translate one sequence."""
    for name, config in (("base", BASE), ("big", BIG)):
        with torch.device("meta"):
            total = sum(p.numel() for p in Transformer(config).parameters())
        print(f"{name:4}  {total:11,} parameters")
    for step, model, share in train(seed=0, steps=400, every=50):  # noqa: B007
        print(f"step {step:3}  {share:6.1%} of new sequences reversed without a mistake")
    source = torch.tensor([[5, 3, 8, 4, 12, 7]])
    print("source", source[0].tolist())
    print("greedy", greedy(model, source, 9)[0].tolist())
    print("beam  ", beam_search(model, source, 9)[0])


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""LLaMA 1, 2 and 3: a decoder with RMSNorm, rotary positions, SwiGLU and grouped-query attention.

    python llama.py                                       train a small one to copy words
    python llama.py --weights FOLDER --size "LLaMA 7B"    load a public checkpoint

Shapes: B sequences, T positions, d width, h query heads, g key and value heads, k = d / h.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region config
@dataclass(frozen=True)
class Config:
    """A size of the family; the defaults are LLaMA 7B's.

    Attributes:
        width: d, of the residual stream.
        layers: Number of blocks.
        heads: h, query heads.
        groups: g, key and value heads; h / g query heads share each of them.
        hidden: Width inside the feed-forward layer.
        vocabulary: Number of tokens.
        theta: Base of the rotary wavelengths.
        epsilon: What RMSNorm adds to the mean square.
    """

    width: int = 4096
    layers: int = 32
    heads: int = 32
    groups: int = 32
    hidden: int = 11008
    vocabulary: int = 32000
    theta: float = 10_000.0
    epsilon: float = 1e-6


B7 = Config()
B13 = replace(B7, width=5120, layers=40, heads=40, groups=40, hidden=13824)
B65 = replace(B7, width=8192, layers=80, heads=64, groups=64, hidden=22016, epsilon=1e-5)
THREE = {"groups": 8, "vocabulary": 128256, "theta": 500_000.0, "epsilon": 1e-5}
SIZES: dict[str, Config] = {
    "LLaMA 7B": B7,
    "LLaMA 13B": B13,
    "LLaMA 33B": replace(B7, width=6656, layers=60, heads=52, groups=52, hidden=17920),
    "LLaMA 65B": B65,
    "Llama 2 7B": replace(B7, epsilon=1e-5),
    "Llama 2 13B": replace(B13, epsilon=1e-5),
    "Llama 2 70B": replace(B65, groups=8, hidden=28672),
    "Llama 3 8B": replace(B7, hidden=14336, **THREE),  # type: ignore[arg-type]
    "Llama 3 70B": replace(B65, hidden=28672, **THREE),  # type: ignore[arg-type]
    "Llama 3.1 405B": replace(
        B65, width=16384, layers=126, heads=128, hidden=53248, **THREE  # type: ignore[arg-type]
    ),
}  # fmt: skip
# endregion


# region norm
class RMSNorm(nn.Module):
    """Divides by the root mean square: no mean is taken off, no bias is added.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019, equation 4.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis of x, (..., d)."""
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


# endregion


# region rotary
def turns(start: int, length: int, size: int, theta: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of each position's angles, both (T, k / 2).

    Pair i of a head's k numbers turns by position * theta^(-2i / k).
    Source: Su et al., RoFormer, 2021, section 3.2.2.
    """
    place = torch.arange(start, start + length, dtype=torch.float64)[:, None]
    angle = place * theta ** -(torch.arange(0, size, 2, dtype=torch.float64) / size)
    return angle.cos().to(like), angle.sin().to(like)


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn queries or keys, (B, heads, T, k), by the angles of their positions.

    Number i is paired with number i + k / 2, as in the checkpoints of the transformers library;
    Meta's own pair neighbours. The weights of the two differ by a fixed permutation.
    """
    (cosine, sine), (a, b) = turn, x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1)


# endregion


# region attention
Past = tuple[Tensor, Tensor]  # the keys and values of a layer so far, each (B, g, T, k)


class Attention(nn.Module):
    """Causal attention in which groups of query heads share a key head and a value head."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.size = c.width // c.heads
        self.query = nn.Linear(c.width, c.heads * self.size, bias=False)
        self.key = nn.Linear(c.width, c.groups * self.size, bias=False)
        self.value = nn.Linear(c.width, c.groups * self.size, bias=False)
        self.output = nn.Linear(c.heads * self.size, c.width, bias=False)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], past: Past | None
    ) -> tuple[Tensor, Past]:
        """Return what each position of x, (B, T, d), gathers from itself and those before it.

        Where keys and values of earlier positions are given, x holds the new ones alone.
        """
        q, k, v = (
            y.unflatten(-1, (-1, self.size)).transpose(1, 2)
            for y in (self.query(x), self.key(x), self.value(x))
        )
        q, k = rotate(q, turn), rotate(k, turn)
        seen = None
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
            new, whole = q.shape[2], k.shape[2]
            seen = torch.ones(new, whole, dtype=torch.bool).tril(whole - new)
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=seen, is_causal=seen is None, enable_gqa=True
        )
        return self.output(y.transpose(1, 2).flatten(2)), (k, v)


# endregion


# region block
class FeedForward(nn.Module):
    """SwiGLU: a gate, a way up and a way down, without biases.

    Source: Shazeer, GLU Variants Improve Transformer, 2020, equation 6.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.gate = nn.Linear(c.width, c.hidden, bias=False)
        self.up = nn.Linear(c.width, c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Work on each position of x, (B, T, d), by itself."""
        result: Tensor = self.down(F.silu(self.gate(x)) * self.up(x))
        return result


class Block(nn.Module):
    """Attention, then feed-forward; each reads the normalised stream and adds to it."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(c.width, c.epsilon), RMSNorm(c.width, c.epsilon)
        self.attention = Attention(c)
        self.feed_forward = FeedForward(c)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], past: Past | None
    ) -> tuple[Tensor, Past]:
        """Map the residual stream, (B, T, d), to the next one."""
        gathered, past = self.attention(self.norm1(x), turn, past)
        x = x + gathered
        return x + self.feed_forward(self.norm2(x)), past


# endregion


# region model
class Llama(nn.Module):
    """The whole decoder: embedding, blocks, a last norm, and scores for the next token."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.config = c
        self.embedding = nn.Embedding(c.vocabulary, c.width)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = RMSNorm(c.width, c.epsilon)
        self.scores = nn.Linear(c.width, c.vocabulary, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens: Tensor, cache: dict[int, Past] | None = None) -> Tensor:
        """Return the scores of the token after each of tokens, (B, T) to (B, T, vocabulary).

        With a cache (at first an empty one), tokens are the new ones alone; it then holds their
        keys and values too: 2 * layers * g * k numbers for each token.
        """
        cache = {} if cache is None else cache
        start = cache[0][0].shape[2] if cache else 0
        x = self.embedding(tokens)
        size = self.config.width // self.config.heads
        turn = turns(start, tokens.shape[1], size, self.config.theta, x)
        for number, block in enumerate(self.blocks):
            x, cache[number] = block(x, turn, cache.get(number))
        result: Tensor = self.scores(self.norm(x))
        return result


def loss(model: Llama, tokens: Tensor) -> Tensor:
    """Return the mean surprise, in nats, at each token of (B, T) but the first."""
    return F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())


@torch.no_grad()
def generate(model: Llama, tokens: Tensor, count: int) -> Tensor:
    """Append the likeliest token to tokens, (B, T), ``count`` times."""
    cache: dict[int, Past] = {}
    new = tokens
    for _ in range(count):
        new = model(new, cache)[:, -1:].argmax(dim=-1)
        tokens = torch.cat((tokens, new), dim=1)
    return tokens


# endregion


# region weights
# What the transformers library calls the parts of a layer, and what they are called here.
NAMES = {
    "input_layernorm": "norm1", "post_attention_layernorm": "norm2",
    "self_attn.q_proj": "attention.query", "self_attn.k_proj": "attention.key",
    "self_attn.v_proj": "attention.value", "self_attn.o_proj": "attention.output",
    "mlp.gate_proj": "feed_forward.gate", "mlp.up_proj": "feed_forward.up",
    "mlp.down_proj": "feed_forward.down",
    "model.embed_tokens": "embedding", "model.norm": "norm", "lm_head": "scores",
}  # fmt: skip


def our_name(theirs: str) -> str:
    """Return what a weight of a checkpoint is called here."""
    layer, part = re.fullmatch(r"(?:model\.layers\.(\d+)\.)?(.+)\.weight", theirs).groups()  # type: ignore[union-attr]
    return f"blocks.{layer}.{NAMES[part]}.weight" if layer else f"{NAMES[part]}.weight"


def read_checkpoint(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of a checkpoint: a file, or a folder of several.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    for file in files or sorted(path.glob("*.bin")):
        if file.suffix != ".safetensors":
            yield from torch.load(file, map_location="cpu", weights_only=True).items()
            continue
        with file.open("rb") as opened:
            header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
            start = opened.tell()
            header.pop("__metadata__", None)
            for name, entry in header.items():
                first, last = entry["data_offsets"]
                opened.seek(start + first)
                data = torch.frombuffer(bytearray(opened.read(last - first)), dtype=torch.uint8)
                yield name, data.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load(model: Llama, path: Path) -> None:
    """Copy a public checkpoint, in the layout of the transformers library, into a model.

    Raises:
        SystemExit: The checkpoint holds another model's weights, or not all of this one's.
    """
    missing = dict(model.named_parameters())
    for name, weight in read_checkpoint(path):
        if "rotary_emb" not in name:  # computed here, not learnt
            try:
                missing.pop(our_name(name)).copy_(weight)
            except (AttributeError, KeyError, RuntimeError):
                raise SystemExit(
                    f"{path}: '{name}' does not fit. Name the model's --size."
                ) from None
    if missing:
        raise SystemExit(f"{path}: '{min(missing)}' is missing. Name the folder with all files.")


# endregion


# region example
SMALL = Config(width=64, layers=2, heads=4, groups=2, hidden=176, vocabulary=16)


def words(number: int, generator: torch.Generator) -> Tensor:
    """Return random words of 12 symbols, each followed by itself: (number, 24)."""
    word = torch.randint(SMALL.vocabulary, (number, 12), generator=generator)
    return torch.cat((word, word), dim=1)


def train(seed: int, steps: int, every: int = 10) -> Iterator[tuple[int, Llama, float]]:
    """Learn to copy; yields step, model, and the share of symbols that it copies right.

    The first half of a sequence is chance, the second is certain to whoever looks back 12 places.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Llama(SMALL)
    adam = torch.optim.AdamW(model.parameters(), lr=0.0, betas=(0.9, 0.95), weight_decay=0.1)
    new = words(100, torch.Generator().manual_seed(seed + 1000))
    for step in range(1, steps + 1):
        # Warm-up, then a cosine down to a tenth, in the paper's form (section 2.3).
        fall = 0.55 + 0.45 * math.cos(math.pi * step / steps)
        adam.param_groups[0]["lr"] = 3e-3 * min(1.0, step / 30) * fall
        loss(model, words(64, generator)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            right = generate(model, new[:, :12], 12) == new
            yield step, model, float(right[:, 12:].float().mean())


def main() -> None:
    """Count the published sizes, train a small model, and let it copy; or load a checkpoint."""
    parser = argparse.ArgumentParser(description="LLaMA 1, 2 and 3.")
    parser.add_argument("--weights", type=Path, help="a checkpoint: a file, or a folder of them")
    parser.add_argument("--size", default="LLaMA 7B", choices=SIZES, help="whose weights they are")
    given = parser.parse_args()
    if given.weights:
        model = Llama(SIZES[given.size])
        load(model, given.weights)
        print(f"{given.size}: {sum(p.numel() for p in model.parameters()):,} parameters loaded")
        return
    for name, config in SIZES.items():
        with torch.device("meta"):
            total = sum(p.numel() for p in Llama(config).parameters())
        print(f"{name:14}  {total:15,} parameters")
    for step, model, share in train(seed=0, steps=150, every=25):  # noqa: B007
        print(f"step {step:3}  {share:6.1%} of new symbols copied right")
    word = words(1, torch.Generator().manual_seed(7))[:, :12]
    print("word", *word[0].tolist())
    print("copy", *generate(model, word, 12)[0, 12:].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

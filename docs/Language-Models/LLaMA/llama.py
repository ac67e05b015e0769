# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""LLaMA 1, 2 and 3: a decoder with RMSNorm, rotary positions, SwiGLU and grouped-query attention.

    python llama.py                      train a small one to copy, and show what it does
    python llama.py --weights PATH       load a public checkpoint (a file or a folder of them)

Shapes: b sequences, t positions, d width, h query heads, g key and value heads, k = d / h.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (PyTorch's custom)


# region config
@dataclass(frozen=True)
class LlamaConfig:
    """A size of the family; the defaults are LLaMA 7B's.

    Attributes:
        width: d, of the residual stream.
        layers: Number of blocks.
        heads: h, query heads.
        kv_heads: g, key and value heads; it divides h, and h / g queries share each of them.
        hidden: Width inside the feed-forward layer.
        vocabulary: Number of tokens.
        context: Longest sequence that it was trained on.
        theta: Base of the rotary wavelengths.
        epsilon: What RMSNorm adds to the mean square.
    """

    width: int = 4096
    layers: int = 32
    heads: int = 32
    kv_heads: int = 32
    hidden: int = 11008
    vocabulary: int = 32000
    context: int = 2048
    theta: float = 10_000.0
    epsilon: float = 1e-6


_7B = LlamaConfig()
_13B = replace(_7B, width=5120, layers=40, heads=40, kv_heads=40, hidden=13824)
_65B = replace(_7B, width=8192, layers=80, heads=64, kv_heads=64, hidden=22016)
_TWO = {"context": 4096, "epsilon": 1e-5}
_THREE = {"vocabulary": 128256, "context": 8192, "epsilon": 1e-5, "theta": 500_000.0, "kv_heads": 8}

SIZES: dict[str, LlamaConfig] = {
    "LLaMA 7B": _7B,
    "LLaMA 13B": _13B,
    "LLaMA 33B": replace(_7B, width=6656, layers=60, heads=52, kv_heads=52, hidden=17920),
    "LLaMA 65B": _65B,
    "Llama 2 7B": replace(_7B, **_TWO),
    "Llama 2 13B": replace(_13B, **_TWO),
    "Llama 2 70B": replace(_65B, **_TWO, kv_heads=8, hidden=28672),
    "Llama 3 8B": replace(_7B, **_THREE, hidden=14336),
    "Llama 3 70B": replace(_65B, **_THREE, hidden=28672),
    "Llama 3.1 405B": replace(
        _65B, **{**_THREE, "context": 131072}, width=16384, layers=126, heads=128, hidden=53248
    ),
}
# endregion


# region norm
class RMSNorm(nn.Module):
    """Scale to unit root mean square: no mean is taken off, no bias is added.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019, equation 4.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis of ``x``, (…, d)."""
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


# endregion


# region rotary
def rotations(positions: Tensor, size: int, theta: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of each position's angles, both (t, k / 2).

    Pair i of a head's k numbers turns by position * theta^(-2i / k).
    Source: Su et al., RoFormer, 2021, section 3.2.2.
    """
    exponents = torch.arange(0, size, 2, device=positions.device, dtype=torch.float64) / size
    angles = positions.to(torch.float64)[:, None] * theta**-exponents
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn queries or keys, (b, heads, t, k), by their positions' angles.

    Number i is paired with number i + k / 2, the order of the public checkpoints in the layout of
    the transformers library; Meta's own pair neighbours. The two differ by a fixed permutation.
    """
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


# endregion


# region attention
class Attention(nn.Module):
    """Causal attention in which groups of query heads share a key head and a value head."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        size = config.width // config.heads
        self.query = nn.Linear(config.width, config.heads * size, bias=False)
        self.key = nn.Linear(config.width, config.kv_heads * size, bias=False)
        self.value = nn.Linear(config.width, config.kv_heads * size, bias=False)
        self.output = nn.Linear(config.heads * size, config.width, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        """Return what each position of ``x``, (b, t, d), gathers from itself and those before."""
        b, t, _ = x.shape
        query = self.query(x).view(b, t, self.config.heads, -1).transpose(1, 2)
        key = self.key(x).view(b, t, self.config.kv_heads, -1).transpose(1, 2)
        value = self.value(x).view(b, t, self.config.kv_heads, -1).transpose(1, 2)
        query, key = rotate(query, *turn), rotate(key, *turn)
        if cache is not None:
            key, value = cache.extend(self, key, value)
        seen = key.shape[2]
        mask = None  # with a cache, new position i sees all that is older, and itself
        if cache is not None and 1 < t < seen:
            mask = torch.ones(t, seen, dtype=torch.bool, device=x.device).tril(seen - t)
        gathered = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=t == seen and t > 1,
            enable_gqa=self.config.kv_heads != self.config.heads,
        )  # fmt: skip
        result: Tensor = self.output(gathered.transpose(1, 2).reshape(b, t, -1))
        return result


class Cache:
    """The keys and values of the positions read so far; b * 2 * layers * g * t * k numbers."""

    def __init__(self) -> None:
        self.kept: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        self.length = 0

    def extend(self, layer: nn.Module, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add a layer's new keys and values, each (b, g, t, k); return all that it has."""
        if layer in self.kept:
            old_key, old_value = self.kept[layer]
            key, value = torch.cat((old_key, key), 2), torch.cat((old_value, value), 2)
        self.kept[layer] = key, value
        return key, value


# endregion


# region block
class FeedForward(nn.Module):
    """SwiGLU: a gate, a value and a way back, without biases.

    Source: Shazeer, GLU Variants Improve Transformer, 2020, equation 6.
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.gate = nn.Linear(config.width, config.hidden, bias=False)
        self.up = nn.Linear(config.width, config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Work on each position of ``x``, (…, d), by itself."""
        result: Tensor = self.down(F.silu(self.gate(x)) * self.up(x))
        return result


class Block(nn.Module):
    """Attention, then feed-forward, each normalised before and added to the stream after."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.width, config.epsilon)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.width, config.epsilon)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        """Map the residual stream, (b, t, d), to the next one."""
        x = x + self.attention(self.attention_norm(x), turn, cache)
        result: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return result


# endregion


# region model
class Llama(nn.Module):
    """The whole decoder: embedding, blocks, a last norm, and scores for the next token."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.width, config.epsilon)
        self.scores = nn.Linear(config.width, config.vocabulary, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Return the scores of the token after each of ``tokens``, (b, t) to (b, t, vocabulary).

        With a cache, ``tokens`` are the new ones alone, and the cache is extended by them.
        """
        x = self.embedding(tokens)
        start = cache.length if cache is not None else 0
        positions = torch.arange(start, start + tokens.shape[1], device=tokens.device)
        size = self.config.width // self.config.heads
        turn = rotations(positions, size, self.config.theta, x)
        for block in self.blocks:
            x = block(x, turn, cache)
        if cache is not None:
            cache.length += tokens.shape[1]
        result: Tensor = self.scores(self.norm(x))
        return result


def loss(model: Llama, tokens: Tensor) -> Tensor:
    """Return the mean surprise, in nats, at each token of (b, t) but the first."""
    scores = model(tokens[:, :-1])
    return F.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())


@torch.no_grad()
def generate(model: Llama, tokens: Tensor, count: int) -> Tensor:
    """Append the ``count`` likeliest tokens to ``tokens``, (b, t), one after the other."""
    cache, new = Cache(), tokens
    for _ in range(count):
        new = model(new, cache)[:, -1:].argmax(-1)
        tokens = torch.cat((tokens, new), dim=1)
    return tokens


# endregion


# region weights
# Names in the checkpoints that the transformers library reads, and ours.
KEYS = {
    r"model\.embed_tokens\.": "embedding.",
    r"model\.layers\.(\d+)\.input_layernorm\.": r"blocks.\1.attention_norm.",
    r"model\.layers\.(\d+)\.post_attention_layernorm\.": r"blocks.\1.feed_forward_norm.",
    r"model\.layers\.(\d+)\.self_attn\.q_proj\.": r"blocks.\1.attention.query.",
    r"model\.layers\.(\d+)\.self_attn\.k_proj\.": r"blocks.\1.attention.key.",
    r"model\.layers\.(\d+)\.self_attn\.v_proj\.": r"blocks.\1.attention.value.",
    r"model\.layers\.(\d+)\.self_attn\.o_proj\.": r"blocks.\1.attention.output.",
    r"model\.layers\.(\d+)\.mlp\.(gate|up|down)_proj\.": r"blocks.\1.feed_forward.\2.",
    r"model\.norm\.": "norm.",
    r"lm_head\.": "scores.",
}


def renamed(key: str) -> str | None:
    """Return our name for a checkpoint's, or None for what is computed and not learnt."""
    if key.endswith("rotary_emb.inv_freq"):
        return None
    for pattern, ours in KEYS.items():
        name, found = re.subn(f"^{pattern}", ours, key)
        if found:
            return name
    raise KeyError(f"the checkpoint holds '{key}', which no part of this model is called")


def checkpoint_files(path: Path) -> list[Path]:
    """Return the file itself, or the ``.safetensors``, else the ``.bin`` files of a folder."""
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.safetensors")) or sorted(path.glob("*.bin"))
    if not files:
        raise FileNotFoundError(f"there is no .safetensors or .bin file in {path}")
    return files


def read_safetensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and tensor of each entry: a JSON header, then the bytes that it points into."""
    kinds = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16}
    kinds["BF16"] = torch.bfloat16
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        for name, entry in header.items():
            if name != "__metadata__":
                first, last = entry["data_offsets"]
                file.seek(start + first)
                data = torch.frombuffer(bytearray(file.read(last - first)), dtype=torch.uint8)
                yield name, data.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load_weights(model: Llama, path: Path) -> None:
    """Copy a public checkpoint into a model of its size.

    Raises:
        KeyError: It holds what the model does not have, or lacks what it has.
    """
    missing = dict(model.named_parameters())
    for file in checkpoint_files(path):
        if file.suffix == ".safetensors":
            entries = read_safetensors(file)
        else:
            entries = iter(torch.load(file, map_location="cpu", weights_only=True).items())
        for key, tensor in entries:
            name = renamed(key)
            if name is not None:
                missing.pop(name).copy_(tensor)
    if missing:
        raise KeyError(f"the checkpoint lacks {', '.join(sorted(missing)[:3])}")


# endregion


# region training
def copying(batch: int, length: int, symbols: int, generator: torch.Generator) -> Tensor:
    """Return random words, each followed by itself: (batch, 2 * length) of ``symbols`` tokens."""
    word = torch.randint(symbols, (batch, length), generator=generator)
    return torch.cat((word, word), dim=1)


SMALL = LlamaConfig(
    width=64, layers=2, heads=4, kv_heads=2, hidden=176, vocabulary=16, context=32
)


def train(seed: int, steps: int, config: LlamaConfig = SMALL) -> tuple[Llama, list[float]]:
    """Train a small model to repeat a word of 12 random symbols; return it and its accuracies.

    The second half of a sequence is certain, the first is chance: a model that has learnt to look
    back at the same place of the word gets all of the second half right.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Llama(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.1)
    accuracies = []
    for step in range(steps):
        warm = min(1.0, (step + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
        optimiser.zero_grad()
        loss(model, copying(64, 12, config.vocabulary, generator)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 50 == 49:
            accuracies.append(accuracy(model, generator))
    return model, accuracies


@torch.no_grad()
def accuracy(model: Llama, generator: torch.Generator) -> float:
    """Return the share of right symbols when the model itself writes the second half."""
    tokens = copying(128, 12, model.config.vocabulary, generator)
    return (generate(model, tokens[:, :12], 12) == tokens)[:, 12:].float().mean().item()


# endregion


def main() -> None:
    """Train the small model, or load a checkpoint, and print what was done."""
    parser = argparse.ArgumentParser(description="LLaMA 1, 2 and 3.")
    parser.add_argument("--weights", type=Path, help="a checkpoint: a file, or a folder of them")
    parser.add_argument("--size", default="LLaMA 7B", choices=SIZES, help="whose weights they are")
    arguments = parser.parse_args()
    if arguments.weights:
        model = Llama(SIZES[arguments.size])
        load_weights(model, arguments.weights)
        print(f"{arguments.size}: {sum(p.numel() for p in model.parameters()):,} parameters loaded")
        return
    for name, config in SIZES.items():
        with torch.device("meta"):
            count = sum(weight.numel() for weight in Llama(config).parameters())
        print(f"{name:15} {count:>15,} parameters")
    begun = time.perf_counter()
    model, accuracies = train(seed=0, steps=600)
    print(f"trained for {time.perf_counter() - begun:.0f} s; copied right, by 50 steps:")
    print(" ".join(f"{share:.2f}" for share in accuracies))
    word = copying(1, 12, SMALL.vocabulary, torch.Generator().manual_seed(7))[:, :12]
    print("word", word[0].tolist(), "\ncopy", generate(model, word, 12)[0, 12:].tolist())


if __name__ == "__main__":
    main()

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The decoder of GPT-2 (Radford et al., 2019) and GPT-3 (Brown et al., 2020, arXiv 2005.14165).

Letters in shapes: B texts, T positions that are fed, S positions seen (T and those in the cache),
h heads, k width of a head, d width, V vocabulary. Sections and tables are those of GPT-3's paper.

Run it: python gpt3_example.py    (trains a character model, in less than a minute)
GPT-2:  python gpt3_example.py --weights model.safetensors --prompt "Alice was"
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Cache = list[list[Tensor]]  # for each layer nothing, or keys and values, each (B, h, S, k)


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a model."""

    layers: int
    width: int
    heads: int
    head: int  # width of one head
    positions: int = 2048  # section 2.1
    vocabulary: int = 50257  # GPT-2's byte pairs
    band: int | None = 256  # keys that every second layer sees; None: all are dense
    deviation: float = 0.02  # of the weights before training


GPT2 = {
    "GPT-2 small": Config(12, 768, 12, 64, positions=1024, band=None),
    "GPT-2 medium": Config(24, 1024, 16, 64, positions=1024, band=None),
    "GPT-2 large": Config(36, 1280, 20, 64, positions=1024, band=None),
    "GPT-2 XL": Config(48, 1600, 25, 64, positions=1024, band=None),
}
GPT3 = {  # Table 2.1; the paper gives no width of the band, and 256 is a choice made here
    "GPT-3 Small": Config(12, 768, 12, 64),
    "GPT-3 Medium": Config(24, 1024, 16, 64),
    "GPT-3 Large": Config(24, 1536, 16, 96),
    "GPT-3 XL, as printed": Config(24, 2048, 24, 128),  # 24 heads of 128 are 3072, not 2048
    "GPT-3 XL, 16 heads": Config(24, 2048, 16, 128),
    "GPT-3 2.7B": Config(32, 2560, 32, 80),
    "GPT-3 6.7B": Config(32, 4096, 32, 128),
    "GPT-3 13B, as printed": Config(40, 5140, 40, 128),  # 40 heads of 128 are 5120, not 5140
    "GPT-3 13B, width 5120": Config(40, 5120, 40, 128),
    "GPT-3 175B": Config(96, 12288, 96, 128),
}
# endregion


# region attention
def attention(q: Tensor, k: Tensor, v: Tensor, band: int | None) -> Tensor:
    """Causal attention: each query sees its own key and earlier ones, in a band only the last few.

    Args:
        q: Queries of the last T of S positions, (B, h, T, k).
        k: Keys of all S positions, (B, h, S, k).
        v: Values of all S positions, (B, h, S, k).
        band: How many keys a query sees at most; None: all up to its own.

    Returns:
        For each query the mean of the values it sees, weighted by softmax(q k / √k); (B, h, T, k).
    """
    fed, seen = q.shape[-2], k.shape[-2]
    if fed == seen and (band is None or band >= seen):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    place = torch.arange(seen, device=q.device)
    back = place[seen - fed :, None] - place  # how far each key lies behind each query, (T, S)
    visible = (back >= 0) & (back < (band or seen))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=visible)


class Attention(nn.Module):
    """Attention of h heads over the positions so far."""

    def __init__(self, c: Config, band: int | None) -> None:
        super().__init__()
        self.heads, self.band = c.heads, band
        self.qkv = nn.Linear(c.width, 3 * c.heads * c.head)
        self.out = nn.Linear(c.heads * c.head, c.width)

    def forward(self, x: Tensor, cache: list[Tensor] | None) -> Tensor:
        """Map (B, T, d) to (B, T, d); keys and values are put before and kept in the cache."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), dim=-2), torch.cat((cache[1], v), dim=-2)
            cache[:] = k, v
        return self.out(attention(q, k, v, self.band).transpose(1, 2).flatten(-2))


# endregion


# region model
class Block(nn.Module):
    """Attention, then two linear layers; each is added to what it reads through a LayerNorm."""

    def __init__(self, c: Config, band: int | None) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.attention = Attention(c, band)
        self.up, self.down = nn.Linear(c.width, 4 * c.width), nn.Linear(4 * c.width, c.width)

    def forward(self, x: Tensor, cache: list[Tensor] | None) -> Tensor:
        """Map (B, T, d) to (B, T, d)."""
        x = x + self.attention(self.norm1(x), cache)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    """The decoder; one matrix serves the embedding and the output."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.config = c
        self.embedding = nn.Embedding(c.vocabulary, c.width)
        self.position = nn.Embedding(c.positions, c.width)
        self.blocks = nn.ModuleList(Block(c, c.band if i % 2 else None) for i in range(c.layers))
        self.norm = nn.LayerNorm(c.width)
        for name, weights in self.named_parameters():
            if weights.dim() > 1:  # what is added to the residual stream begins smaller
                added = name.endswith(("out.weight", "down.weight"))
                shrink = math.sqrt(2 * c.layers) if added else 1
                nn.init.normal_(weights, std=c.deviation / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(weights)

    def new_cache(self) -> Cache:
        """Return a cache that holds nothing yet."""
        return [[] for _ in self.blocks]

    def forward(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Map tokens (B, T), which follow those in the cache, to scores of the next (B, T, V)."""
        past = cache[0][0].shape[-2] if cache and cache[0] else 0
        places = torch.arange(past, past + tokens.shape[1], device=tokens.device)
        x = self.embedding(tokens) + self.position(places)
        for i, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[i])
        return F.linear(self.norm(x), self.embedding.weight)


def loss(scores: Tensor, tokens: Tensor) -> Tensor:
    """Mean of -log p of each token but the first; scores (B, T, V), tokens (B, T)."""
    return F.cross_entropy(scores[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


# endregion


# region sampling
def distribution(
    scores: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> Tensor:
    """Return the probabilities (B, V) that the next token is drawn with.

    Args:
        scores: Of the next token, (B, V).
        temperature: Divides the scores: below 1 sharper, above 1 flatter, 0 the likeliest alone.
        top_k: Keep this many of the likeliest tokens.
        top_p: Keep the fewest likeliest tokens that together have at least this probability.
    """
    if temperature == 0:
        return F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores.dtype)
    scores = scores / temperature
    if top_k is not None:
        least = scores.topk(min(top_k, scores.shape[-1])).values[..., -1:]
        scores = scores.masked_fill(scores < least, -math.inf)
    ordered, index = scores.softmax(dim=-1).sort(dim=-1, descending=True)
    likelier = ordered.cumsum(dim=-1) - ordered  # probability of all tokens before each
    kept = ordered.masked_fill(likelier >= top_p, 0.0)
    return torch.zeros_like(kept).scatter(-1, index, kept / kept.sum(dim=-1, keepdim=True))


@torch.no_grad()
def generate(
    model: GPT,
    tokens: Tensor,
    number: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Append ``number`` drawn tokens to a prompt (B, T); returns (B, T + number).

    Keys and values are computed once for each token. When all positions are taken, the model goes
    on from the later half of the text.
    """
    cache, fresh = model.new_cache(), tokens[:, -model.config.positions :]
    for _ in range(number):
        if cache[0] and cache[0][0].shape[-2] == model.config.positions:
            cache, fresh = model.new_cache(), tokens[:, -max(1, model.config.positions // 2) :]
        scores = model(fresh, cache)[:, -1]
        odds = distribution(scores, temperature, top_k, top_p)
        fresh = odds.multinomial(1, generator=generator)
        tokens = torch.cat((tokens, fresh), dim=1)
    return tokens


# endregion


# region weights
THEIRS = {  # part of our names: part of the names in openai-community/gpt2
    **{"embedding": "wte", "position": "wpe", "blocks": "h", "norm1": "ln_1", "norm2": "ln_2"},
    **{"norm": "ln_f", "attention.qkv": "attn.c_attn", "attention.out": "attn.c_proj"},
    **{"up": "mlp.c_fc", "down": "mlp.c_proj"},
}


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors: safetensors, or PyTorch's own format."""
    if path.suffix != ".safetensors":
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    data = bytearray(path.read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    kinds = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16}
    kinds["BF16"] = torch.bfloat16
    found = {}
    for name, entry in json.loads(data[8:begin]).items():
        if name != "__metadata__" and entry["dtype"] in kinds:  # others are masks, not weights
            first, last = entry["data_offsets"]
            kind = kinds[entry["dtype"]]
            part = torch.frombuffer(data[begin + first : begin + last], dtype=kind)
            found[name] = part.reshape(entry["shape"])
    return found


def from_gpt2(weights: Mapping[str, Tensor], kind: torch.dtype = torch.float32) -> GPT:
    """Build GPT-2 from the weights of transformers' GPT2Model or GPT2LMHeadModel.

    All four sizes have heads of width 64. Their linear layers hold the transpose of ours.
    """
    theirs = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    (vocabulary, width), positions = theirs["wte.weight"].shape, theirs["wpe.weight"].shape[0]
    layers = sum(name.endswith("attn.c_attn.weight") for name in theirs)
    c = Config(layers, width, width // 64, 64, positions, vocabulary, band=None)
    with torch.device("meta"):
        model = GPT(c)
    state = {}
    for ours in model.state_dict():
        name = ours
        for part, other in THEIRS.items():
            name = re.sub(rf"\b{part}\b", other, name)
        turned = theirs[name].dim() > 1 and not name.startswith(("wte", "wpe"))
        state[ours] = (theirs[name].T if turned else theirs[name]).to(kind).contiguous()
    model.load_state_dict(state, assign=True)
    return model


# endregion


# region tokenizer
class Tokenizer:
    """GPT-2's byte pairs, from ``vocab.json`` and ``merges.txt`` in a folder.

    Letters and digits are what Python takes for them, so a rare numeral such as ½ is cut otherwise
    than by the original; every text comes back whole.
    """

    words = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")

    def __init__(self, folder: Path) -> None:
        vocabulary = (folder / "vocab.json").read_text(encoding="utf-8")
        merges = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
        self.numbers: dict[str, int] = json.loads(vocabulary)
        self.pieces = {number: piece for piece, number in self.numbers.items()}
        pairs = (tuple(line.split()) for line in merges if line and not line.startswith("#version"))
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}
        shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in shown]  # shown as 256, 257, …
        self.sign = {b: chr(b) for b in shown} | {b: chr(256 + i) for i, b in enumerate(hidden)}
        self.byte = {sign: byte for byte, sign in self.sign.items()}

    def encode(self, text: str) -> list[int]:
        """Cut a text into words, and each into the pieces that its merges leave."""
        numbers = []
        for word in self.words.findall(text):
            parts = [self.sign[byte] for byte in word.encode()]
            while len(parts) > 1:
                ranks = [self.ranks.get(pair, math.inf) for pair in pairwise(parts)]
                if min(ranks) == math.inf:
                    break
                i = ranks.index(min(ranks))
                parts[i : i + 2] = [parts[i] + parts[i + 1]]
            numbers += [self.numbers[part] for part in parts]
        return numbers

    def decode(self, numbers: list[int]) -> str:
        """Return the text of tokens; what is no whole character shows as �."""
        signs = "".join(self.pieces[number] for number in numbers)
        return bytes(self.byte[sign] for sign in signs).decode("utf-8", errors="replace")


# endregion


# region example
TEXT = Path(__file__).with_name("alice.txt")
SMALL = Config(2, 64, heads=4, head=16, positions=48, vocabulary=0, band=12, deviation=0.08)


def characters() -> tuple[str, Tensor]:
    """Return the characters that occur in the text, and the text as numbers of them (N,)."""
    text = TEXT.read_text(encoding="utf-8").partition("\n\n")[2]
    known = "".join(sorted(set(text)))
    return known, torch.tensor([known.index(character) for character in text])


def rate(step: int, steps: int, highest: float = 8e-3, warmup: int = 20) -> float:
    """Rise in a line, then fall as a cosine to a tenth (appendix B; its lengths are in tokens)."""
    done = min(1.0, max(0, step - warmup) / max(1, steps - warmup))
    return highest * min(step / warmup, 0.55 + 0.45 * math.cos(math.pi * done))


def train(seed: int, steps: int, every: int = 20) -> Iterator[tuple[int, GPT, float]]:
    """Learn the text but its last tenth; yields step, model, and the loss on that tenth."""
    torch.manual_seed(seed)
    known, text = characters()
    size, cut = SMALL.positions, int(0.9 * len(text))
    model = GPT(replace(SMALL, vocabulary=len(known)))
    adam = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    held_out = text[cut:].unfold(0, size, size - 1)
    for step in range(1, steps + 1):
        adam.param_groups[0]["lr"] = rate(step, steps)
        begins = torch.randint(0, cut - size, (16, 1))
        tokens = text[begins + torch.arange(size)]
        loss(model(tokens), tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                yield step, model, float(loss(model(held_out), held_out))


def main() -> None:
    """Count all sizes and train a small model; or continue a prompt with GPT-2's public weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="GPT-2's; vocab.json and merges.txt beside it")
    parser.add_argument("--prompt", default="Alice was beginning to get very tired")
    chosen = parser.parse_args()
    if chosen.weights:
        tokenizer = Tokenizer(chosen.weights.parent)
        model = from_gpt2(read_weights(chosen.weights))
        tokens = torch.tensor([tokenizer.encode(chosen.prompt)])
        print(tokenizer.decode(generate(model, tokens, 40, top_p=0.9)[0].tolist()))
        return
    for name, config in {**GPT2, **GPT3}.items():
        with torch.device("meta"):
            total = sum(weights.numel() for weights in GPT(config).parameters())
        print(f"{name:22} {total:15,} parameters")
    for step, model, value in train(seed=0, steps=100, every=25):  # noqa: B007
        print(f"step {step:3}  {value:.2f} nats a character on the last tenth of the text")
    known, _ = characters()
    prompt = torch.tensor([[known.index(character) for character in "Alice "]])
    for temperature, top_p in ((0.0, 1.0), (1.0, 0.9)):
        drawn = generate(model, prompt, 60, temperature, top_p=top_p)[0].tolist()
        text = "".join(known[number] for number in drawn)
        print(f"temperature {temperature:.0f}, top-p {top_p}: {text!r}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

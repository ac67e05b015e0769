# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""The Vision Transformer of "An Image is Worth 16x16 Words" (Dosovitskiy et al., 2020).

Letters in shapes: B pictures, C channels, H rows and W columns of pixels, P pixels of a patch's
side, T patches, d width, h heads, K classes. Sections and equations are those of arXiv 2010.11929.

Run it: python vit.py    (it learns 8 x 8 digits from patches of 2 x 2, in under a minute)
Load weights: python vit.py --weights FOLDER --size ViT-B/16
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region configurations
@dataclass(frozen=True)
class Config:
    """Sizes of a model; the defaults are those of ViT-B/16."""

    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    patch: int = 16  # pixels of a side
    side: int = 224  # of the pictures that the positions are learnt for
    channels: int = 3
    classes: int = 1000
    epsilon: float = 1e-12  # of the norms, as in the public weights


LARGE = Config(width=1024, layers=24, heads=16, hidden=4096)
SIZES = {  # Table 1, with the patches that the paper tries
    "ViT-B/16": Config(),
    "ViT-B/32": Config(patch=32),
    "ViT-L/16": LARGE,
    "ViT-L/32": replace(LARGE, patch=32),
    "ViT-H/14": Config(width=1280, layers=32, heads=16, hidden=5120, patch=14),
}
# endregion


# region block
class Attention(nn.Module):
    """Multi-head self-attention in which every token sees every other (appendix A)."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.heads = c.heads
        self.query, self.key, self.value = (nn.Linear(c.width, c.width) for _ in range(3))
        self.output = nn.Linear(c.width, c.width)

    def split(self, x: Tensor) -> Tensor:
        """Deal the width out to the heads: (B, T, d) to (B, h, T, d / h)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def weights(self, x: Tensor) -> Tensor:
        """Return how much each token takes from each, (B, h, T, T); each row sums to 1."""
        q, k = self.split(self.query(x)), self.split(self.key(x))
        return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Gather values by these weights, (B, T, d), without keeping the weights."""
        q, k, v = (self.split(part(x)) for part in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.output(y.transpose(1, 2).flatten(-2))


class Block(nn.Module):
    """A layer of the encoder: attention, then two dense layers, each after a norm, each added."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(c.width, c.epsilon) for _ in range(2))
        self.attention = Attention(c)
        self.up, self.down = nn.Linear(c.width, c.hidden), nn.Linear(c.hidden, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, d) to (B, T, d) (equations 2 and 3)."""
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


# endregion


# region model
class ViT(nn.Module):
    """Patches as tokens, a token for the class before them, positions, an encoder, and scores."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.config = c
        self.patches = nn.Conv2d(c.channels, c.width, c.patch, stride=c.patch)
        self.token = nn.Parameter(torch.zeros(1, 1, c.width))
        count = (c.side // c.patch) ** 2
        self.positions = nn.Parameter(torch.empty(1, count + 1, c.width).normal_(std=0.02))
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width, c.epsilon)
        self.scores = nn.Linear(c.width, c.classes)

    def positions_for(self, rows: int, columns: int) -> Tensor:
        """Return positions (1, 1 + T, d) for another grid: interpolated in 2D (section 3.2)."""
        learnt = (self.config.side // self.config.patch,) * 2
        if (rows, columns) == learnt:
            return self.positions
        token, grid = self.positions[:, :1], self.positions[:, 1:]
        grid = grid.transpose(1, 2).unflatten(-1, learnt)
        grid = F.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
        return torch.cat((token, grid.flatten(2).transpose(1, 2)), dim=1)

    def embed(self, x: Tensor) -> Tensor:
        """Map pictures (B, C, H, W) of any size to tokens (B, 1 + T, d) (equation 1)."""
        grid = self.patches(x)
        tokens = torch.cat(
            (self.token.expand(len(x), -1, -1), grid.flatten(2).transpose(1, 2)), dim=1
        )
        return tokens + self.positions_for(*grid.shape[-2:])

    def encode(self, x: Tensor) -> Tensor:
        """Return the last states of all tokens, (B, 1 + T, d)."""
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (B, K) of pictures, read from the class token (equation 4)."""
        return self.scores(self.encode(x)[:, 0])


# endregion


# region maps
def attentions(model: ViT, x: Tensor) -> list[Tensor]:
    """Return the attention weights of every layer, each (B, h, 1 + T, 1 + T)."""
    x, found = model.embed(x), []
    for block in model.blocks:
        found.append(block.attention.weights(block.norm1(x)))  # type: ignore[operator, union-attr]
        x = block(x)
    return found


def rollout(weights: list[Tensor]) -> Tensor:
    """Return what the class token takes from each patch over all layers, (B, T), summing to 1.

    The mean over the heads, half of it the token itself (that is the residual connection), is
    multiplied from layer to layer: attention rollout (Abnar and Zuidema, 2020).
    """
    joined = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype)
    for layer in weights:
        joined = (layer.mean(dim=1) + torch.eye(layer.shape[-1], dtype=layer.dtype)) / 2 @ joined
    patches = joined[:, 0, 1:]
    return patches / patches.sum(dim=-1, keepdim=True)


def attention_distance(weights: Tensor, columns: int, patch: int) -> Tensor:
    """Return how far each head looks, in pixels, (h): the mean distance of patches, by weight.

    As in Figure 7, right; the class token is left out.
    """
    among = weights[:, :, 1:, 1:]
    among = among / among.sum(dim=-1, keepdim=True)
    place = torch.arange(among.shape[-1])
    at = torch.stack((place // columns, place % columns), dim=-1).to(weights.dtype) * patch
    return (among * torch.cdist(at, at)).sum(dim=-1).mean(dim=(0, 2))


# endregion


# region weights
# What the checkpoints on the Hub call the parts of a layer, and what they are called here.
NAMES = {
    "attention.attention.query": "attention.query", "attention.attention.key": "attention.key",
    "attention.attention.value": "attention.value", "attention.output.dense": "attention.output",
    "layernorm_before": "norm1", "layernorm_after": "norm2",
    "intermediate.dense": "up", "output.dense": "down",
    "embeddings.patch_embeddings.projection": "patches", "layernorm": "norm",
    "embeddings.cls_token": "token", "embeddings.position_embeddings": "positions",
    "classifier": "scores",
}  # fmt: skip


def our_name(theirs: str) -> str:
    """Return what an entry of a checkpoint is called here."""
    form = r"(?:vit\.)?(?:encoder\.layer\.(\d+)\.)?(.+?)(\.weight|\.bias)?"
    layer, part, kind = re.fullmatch(form, theirs).groups()  # type: ignore[union-attr]
    return (f"blocks.{layer}." if layer else "") + NAMES[part] + (kind or "")


def read_checkpoint(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of a checkpoint: a file, or the folder that holds it.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    kinds = {"F32": torch.float32, "F16": torch.float16}
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
def load(model: ViT, path: Path) -> None:
    """Copy a public checkpoint, in the layout of the transformers library, into a model.

    Raises:
        SystemExit: The checkpoint holds another model's weights, or not all of this one's.
    """
    missing = dict(model.named_parameters())
    for name, weight in read_checkpoint(path):
        try:
            missing.pop(our_name(name)).copy_(weight)
        except (KeyError, RuntimeError):
            raise SystemExit(f"{path}: '{name}' does not fit. Name the model's --size.") from None
    if missing:
        raise SystemExit(f"{path}: '{min(missing)}' is missing. Name the whole checkpoint.")


# endregion


# region training
SMALL = Config(
    width=48, layers=3, heads=4, hidden=96, patch=2, side=8, channels=1, classes=10, epsilon=1e-6
)
DIGITS = Path(__file__).parent.parent.parent / "Generative-AI" / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits


def digits() -> tuple[Tensor, Tensor]:
    """Return pictures (1797, 1, 8, 8) from 0 to 1 and the digits; the file's head has its form."""
    lines = [line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line[0] != "#"]
    values = torch.tensor([[int(v, 17) for v in line[1]] for line in lines])
    return values.view(-1, 1, 8, 8) / 16, torch.tensor([int(line[0]) for line in lines])


def train(
    seed: int, steps: int, positions: bool = True, every: int = 20
) -> Iterator[tuple[int, ViT, float]]:
    """Learn the digits; yields step, model, and the share of held-out digits that it recognises.

    Without positions the patches are a bag, in which nothing has a place (appendix D.4).
    """
    torch.manual_seed(seed)
    model, (x, y) = ViT(SMALL), digits()
    seen = len(x) - HELD_OUT
    if not positions:
        nn.init.zeros_(model.positions).requires_grad_(False)
    adam = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.1)
    for step in range(1, steps + 1):
        # Warm-up, then down to nothing in a line, as in Table 3.
        adam.param_groups[0]["lr"] = 3e-3 * min(step / 30, (steps - step) / max(1, steps - 30))
        chosen = torch.randint(seen, (64,))
        F.cross_entropy(model(x[chosen]), y[chosen]).backward()
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                right = model(x[seen:]).argmax(dim=1) == y[seen:]
            yield step, model, float(right.float().mean())


# endregion


# region example
def main() -> None:
    """Count the published sizes, learn the digits with and without positions, and see who looks."""
    parser = argparse.ArgumentParser(description="Vision Transformer.")
    parser.add_argument("--weights", type=Path, help="a checkpoint: a file, or its folder")
    parser.add_argument("--size", default="ViT-B/16", choices=SIZES, help="whose weights they are")
    given = parser.parse_args()
    if given.weights:
        model = ViT(SIZES[given.size])
        load(model, given.weights)
        print(f"{given.size}: {sum(p.numel() for p in model.parameters()):,} parameters loaded")
        return
    print("patches, parameters")
    for name, config in SIZES.items():
        with torch.device("meta"):
            total = sum(p.numel() for p in ViT(config).parameters())
        patches = (config.side // config.patch) ** 2
        print(f"{name} {patches:3} {total:11,}")
    for positions in (False, True):
        print("with positions" if positions else "new digits recognised without positions")
        for step, model, share in train(0, 240, positions, every=60):  # noqa: B007
            print(f"step {step:3} {share:4.0%}")
    x = digits()[0][-HELD_OUT:]
    with torch.no_grad():
        weights = attentions(model, x)
    print("how far the heads look, in pixels")
    for layer, one in enumerate(weights, 1):
        distances = attention_distance(one, columns=4, patch=2).tolist()
        print(f"layer {layer}:", *(f"{d:.1f}" for d in distances))
    even = torch.full((1, 1, 17, 17), 1 / 17)
    print(f"everywhere alike: {attention_distance(even, 4, 2).item():.1f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

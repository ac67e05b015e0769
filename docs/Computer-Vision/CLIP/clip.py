# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""CLIP: an image encoder and a text encoder that learn which picture belongs to which text.

    python clip.py                                     train a small one on digits and their names
    python clip.py --weights FILE --size "ViT-B/32"    load public weights

Sections, figures and appendices are those of Radford et al., arXiv 2103.00020.

Shapes: B pictures or texts, T tokens, C channels, H x W pixels, P patches, w width of an encoder,
z size of an embedding, K classes.
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
    """A size of the family; the defaults are those of ViT-B/32 (appendix F)."""

    size: int = 512  # z, of the embeddings that texts and pictures share
    vocabulary: int = 49408
    context: int = 77
    text_width: int = 512
    text_layers: int = 12
    text_heads: int = 8
    pixels: int = 224
    channels: int = 3
    patch: int = 32
    image_width: int = 768
    image_layers: int = 12
    image_heads: int = 12


B32 = Config()
L14 = Config(
    size=768, text_width=768, text_heads=12, patch=14, image_width=1024, image_layers=24,
    image_heads=16,
)  # fmt: skip
SIZES = {
    "ViT-B/32": B32,
    "ViT-B/16": replace(B32, patch=16),
    "ViT-L/14": L14,
    "ViT-L/14@336px": replace(L14, pixels=336),
}
# endregion


# region transformer
def quick_gelu(x: Tensor) -> Tensor:
    """Return the approximation of GELU in OpenAI's code, which its weights were trained with."""
    return x * (1.702 * x).sigmoid()


class Attention(nn.Module):
    """Self-attention with several heads; a causal one sees no later position."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each position of x, (B, T, w), gathers from those that it sees."""
        q, k, v = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.query(x), self.key(x), self.value(x))
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.output(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then two layers for each position; each reads the normalised stream."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map the stream (B, T, w) to the next one."""
        x = x + self.attention(self.norm1(x))
        return x + self.down(quick_gelu(self.up(self.norm2(x))))


# endregion


# region text
class TextEncoder(nn.Module):
    """A causal Transformer; the state of the end token, which has the highest number, is read."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        w = c.text_width
        self.tokens, self.positions = nn.Embedding(c.vocabulary, w), nn.Embedding(c.context, w)
        self.blocks = nn.Sequential(
            *(Block(w, c.text_heads, causal=True) for _ in range(c.text_layers))
        )
        self.norm = nn.LayerNorm(w)
        self.project = nn.Linear(w, c.size, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.01)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map texts (B, T) to embeddings (B, z); what follows the end token is never seen."""
        x = self.blocks(self.tokens(tokens) + self.positions.weight[: tokens.shape[1]])
        end = tokens.argmax(dim=1)
        return self.project(self.norm(x[torch.arange(len(tokens)), end]))


# endregion


# region image
class ImageEncoder(nn.Module):
    """A vision Transformer; the state of an extra first token is read."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        w = c.image_width
        self.patches = nn.Conv2d(c.channels, w, c.patch, stride=c.patch, bias=False)
        self.first = nn.Parameter(torch.randn(w) / w**0.5)
        self.positions = nn.Embedding((c.pixels // c.patch) ** 2 + 1, w)
        nn.init.normal_(self.positions.weight, std=w**-0.5)
        self.norm1, self.norm2 = nn.LayerNorm(w), nn.LayerNorm(w)
        self.blocks = nn.Sequential(
            *(Block(w, c.image_heads, causal=False) for _ in range(c.image_layers))
        )
        self.project = nn.Linear(w, c.size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, C, H, W) to embeddings (B, z)."""
        x = self.patches(x).flatten(2).transpose(1, 2)  # (B, P, w)
        x = torch.cat((self.first.expand(len(x), 1, -1), x), dim=1) + self.positions.weight
        x = self.blocks(self.norm1(x))  # CLIP's own: a norm before the first block (2.4)
        return self.project(self.norm2(x[:, 0]))


# endregion


# region clip
class CLIP(nn.Module):
    """Two encoders into one space, and the scale of their similarities."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.text, self.image = TextEncoder(c), ImageEncoder(c)
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))  # its logarithm (2.3, 2.5)

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Score each picture (A, C, H, W) with each text (B, T) by scaled cosine: (A, B)."""
        image = F.normalize(self.image(pictures), dim=-1)
        return self.scale.exp() * image @ F.normalize(self.text(texts), dim=-1).T

    @torch.no_grad()
    def limit(self) -> None:
        """Keep the scale from exceeding 100, as training does after each step (2.5)."""
        self.scale.clamp_(max=math.log(100))


def loss(scores: Tensor) -> Tensor:
    """Return the loss for scores (N, N) of N pairs, which stand on the diagonal (Figure 3).

    Each picture has to choose its text among N, and each text its picture.
    """
    own = torch.arange(len(scores))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


# endregion


# region zero-shot
def classifier(model: CLIP, prompts: Tensor) -> Tensor:
    """Turn E prompts for each of K classes, (K, E, T), into the weights of a classifier, (K, z).

    The mean is taken of embeddings, not of probabilities, so that one row is left (3.1.4).
    """
    each = F.normalize(model.text(prompts.flatten(0, 1)), dim=-1)
    return F.normalize(each.unflatten(0, prompts.shape[:2]).mean(dim=1), dim=-1)


def probabilities(model: CLIP, pictures: Tensor, weights: Tensor) -> Tensor:
    """Return each class's probability, (B, K), for pictures (B, C, H, W) (3.1.2)."""
    image = F.normalize(model.image(pictures), dim=-1)
    return (model.scale.exp() * image @ weights.T).softmax(dim=-1)


# endregion


# region weights
# What the transformers library calls the parts, as patterns, and what they are called here.
NAMES = {
    r"text_model\.": "text.", r"vision_model\.": "image.", r"embeddings\.": "",
    r"token_embedding": "tokens", r"position_embedding": "positions",
    r"patch_embedding": "patches", r"class_embedding": "first",
    r"encoder\.layers": "blocks", r"self_attn": "attention",
    r"q_proj": "query", r"k_proj": "key", r"v_proj": "value",
    r"out_proj": "output", r"mlp\.fc1": "up", r"mlp\.fc2": "down",
    r"final_layer_norm": "norm", r"pre_layrnorm": "norm1", r"post_layernorm": "norm2",
    r"layer_norm": "norm", r"text_projection": "text.project",
    r"visual_projection": "image.project", r"logit_scale": "scale",
}  # fmt: skip


def our_name(theirs: str) -> str:
    """Return what a weight of a checkpoint is called here."""
    for pattern, name in NAMES.items():
        theirs = re.sub(pattern, name, theirs)
    return theirs


def read_checkpoint(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of a checkpoint.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    if path.suffix != ".safetensors":
        yield from torch.load(path, map_location="cpu", weights_only=True).items()
        return
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    with path.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        start = opened.tell()
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            opened.seek(start + first)
            data = torch.frombuffer(bytearray(opened.read(last - first)), dtype=torch.uint8)
            yield name, data.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load(model: CLIP, path: Path) -> None:
    """Copy a public checkpoint, in the layout of the transformers library, into a model.

    Raises:
        SystemExit: The checkpoint holds another model's weights, or not all of this one's.
    """
    missing = dict(model.named_parameters())
    for name, weight in read_checkpoint(path):
        if not name.endswith("position_ids"):  # 0, 1, 2 and so on, in older files
            try:
                missing.pop(our_name(name)).copy_(weight)
            except (KeyError, RuntimeError):
                raise SystemExit(
                    f"{path}: '{name}' does not fit. Name the model's --size."
                ) from None
    if missing:
        raise SystemExit(f"{path}: '{min(missing)}' is missing. Name the file of a whole model.")


# endregion


# region data
DIGITS = Path(__file__).parents[2] / "Generative-AI" / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits
NAMED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
INK = ("thin", "bold")  # below and above the median of all pictures' ink
TEMPLATES = ("a picture of a {}", "the digit {}", "here is a {}", "someone wrote a {}")
WORDS = ("", *sorted({*" ".join(TEMPLATES).split(), *NAMED, *INK} - {"{}"}), "[end]")
SMALL = Config(
    size=32, vocabulary=len(WORDS), context=8, text_width=32, text_layers=2, text_heads=4,
    pixels=8, channels=1, patch=4, image_width=64, image_layers=2, image_heads=4,
)  # fmt: skip


def tokens(texts: list[str]) -> Tensor:
    """Return a number for each word, and that of the end, with zeros after it: (B, T)."""
    rows = [[WORDS.index(word) for word in f"{text} [end]".split()] for text in texts]
    return torch.tensor([row + [0] * (SMALL.context - len(row)) for row in rows])


def digits() -> tuple[Tensor, Tensor, Tensor]:
    """Return pictures (1797, 1, 8, 8) from 0 to 1, which digits they show, and whether bold."""
    lines = (line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines())
    rows = [(int(line[0]), [int(v, 17) for v in line[1]]) for line in lines if line[0] != "#"]
    pictures = torch.tensor([values for _, values in rows]).view(-1, 1, 8, 8) / 16
    ink = pictures.sum(dim=(1, 2, 3))
    return pictures, torch.tensor([digit for digit, _ in rows]), (ink > ink.median()).long()


def prompts(classes: list[str], templates: tuple[str, ...] = TEMPLATES) -> Tensor:
    """Return the prompts of K classes in E templates, (K, E, T)."""
    texts = [template.format(name) for name in classes for template in templates]
    return tokens(texts).unflatten(0, (len(classes), len(templates)))


# endregion


# region training
@torch.no_grad()
def accuracy(model: CLIP, by: Tensor, of: int = 1) -> float:
    """Return the share of held-out pictures whose class is named, by prompts (K, E, T).

    ``of`` says which classes those are: 1 the digits, 2 thin and bold.
    """
    data = digits()
    pictures, truth = data[0][-HELD_OUT:], data[of][-HELD_OUT:]
    named = probabilities(model, pictures, classifier(model, by)).argmax(dim=-1)
    return float((named == truth).float().mean())


def train(seed: int, steps: int, every: int = 25) -> Iterator[tuple[int, CLIP, float]]:
    """Learn from pairs of picture and caption; yields step, model, and accuracy by naming."""
    torch.manual_seed(seed)
    model, (pictures, digit, bold) = CLIP(SMALL), digits()
    gains = [p for p in model.parameters() if p.dim() < 2]
    others = [p for p in model.parameters() if p.dim() >= 2]
    adam = torch.optim.AdamW(
        [{"params": others, "weight_decay": 0.2}, {"params": gains, "weight_decay": 0.0}],
        betas=(0.9, 0.98), eps=1e-6,
    )  # fmt: skip
    for step in range(1, steps + 1):
        rate = 2e-3 * min(1.0, step / 20) * (1 + math.cos(math.pi * step / steps)) / 2
        for group in adam.param_groups:
            group["lr"] = rate
        chosen = torch.randint(len(pictures) - HELD_OUT, (64,))
        template = torch.randint(len(TEMPLATES), (64,)).tolist()
        captions = [
            TEMPLATES[t].format(f"{INK[bold[i]]} {NAMED[digit[i]]}")
            for t, i in zip(template, chosen.tolist(), strict=True)
        ]
        loss(model(pictures[chosen], tokens(captions))).backward()
        adam.step()
        adam.zero_grad()
        model.limit()
        if step % every == 0 or step == steps:
            yield step, model, accuracy(model, prompts(NAMED))


# endregion


# region example
def main() -> None:
    """Count the published sizes and train a small model, then ask it; or load public weights."""
    parser = argparse.ArgumentParser(description="CLIP with vision Transformers.")
    parser.add_argument("--weights", type=Path, help="a checkpoint: .safetensors, or .bin")
    parser.add_argument("--size", default="ViT-B/32", choices=SIZES, help="whose weights they are")
    given = parser.parse_args()
    if given.weights:
        model = CLIP(SIZES[given.size])
        load(model, given.weights)
        print(f"{given.size}: {sum(p.numel() for p in model.parameters()):,} parameters loaded")
        print(f"similarities are multiplied by {float(model.scale.detach().exp()):.2f}")
        return
    for name, config in SIZES.items():
        with torch.device("meta"):
            total = sum(p.numel() for p in CLIP(config).parameters())
        print(f"{name:14}  {total:11,} parameters")
    for step, model, share in train(seed=0, steps=300, every=60):
        scale = float(model.scale.detach().exp())
        print(f"step {step:3}  {share:5.1%} of held-out digits named, scale {scale:.1f}")
    for about, templates in (("bare name", ("{}",)), ("one prompt", TEMPLATES[:1])):
        print(f"{about}: {accuracy(model, prompts(NAMED, templates)):.1%}")
    print(f"{len(TEMPLATES)} prompts: {accuracy(model, prompts(NAMED)):.1%}")
    ink = torch.stack([prompts([f"{i} {n}" for n in NAMED]).flatten(0, 1) for i in INK])
    print(f"thin or bold, without further training: {accuracy(model, ink, of=2):.1%}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

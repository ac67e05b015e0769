# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""DALL-E 2 (unCLIP): CLIP, a prior from text to image embedding, a decoder from there to pictures.

    python dall_e_2.py                     train a small one to draw digits from prompts
    python dall_e_2.py --weights FOLDER    load the public weights of Karlo v1 alpha

Sections, tables and appendices are those of Ramesh et al., arXiv 2204.06125. Where the paper is
silent, the parts that Karlo v1 alpha has are built as it builds them.

Shapes: B pictures, T tokens of a prompt, C channels, H x W pixels, z size of a CLIP embedding,
w width of the prior, e width of the time embedding, d width of what the decoder attends to, K kept
components of an embedding.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region transformer
def quick_gelu(x: Tensor) -> Tensor:
    """Return OpenAI's approximation of GELU, which the weights of CLIP were trained with."""
    return x * (1.702 * x).sigmoid()


class Attention(nn.Module):
    """Self-attention with several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """Return what each position of x, (B, T, w), gathers from those that it may see.

        ``seen`` is true where row may look at column, (T, T) or (B, 1, T, T); None: everywhere.
        """
        q, k, v = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.query(x), self.key(x), self.value(x))
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.output(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then two layers for each position; each reads the normalised stream."""

    def __init__(self, width: int, heads: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.activation = activation

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """Map the stream (B, T, w) to the next one."""
        x = x + self.attention(self.norm1(x), seen)
        return x + self.down(self.activation(self.up(self.norm2(x))))


def earlier(length: int, present: Tensor | None = None) -> Tensor:
    """Return which positions each one may see: itself, those before it, and no padding.

    ``present`` is true where there is no padding, (B, T); the result is (T, T) or (B, 1, T, T).
    """
    seen = torch.ones(length, length, dtype=torch.bool).tril()
    return seen if present is None else seen & present[:, None, None, :]


# endregion


# region clip
@dataclass(frozen=True)
class ClipConfig:
    """Sizes of CLIP; the defaults are those of ViT-L/14, which Karlo uses."""

    size: int = 768  # z, of the embeddings that text and picture share
    vocabulary: int = 49408
    context: int = 77
    text_width: int = 768
    text_layers: int = 12
    text_heads: int = 12
    pixels: int = 224
    channels: int = 3
    patch: int = 14
    image_width: int = 1024
    image_layers: int = 24
    image_heads: int = 16


class Text(NamedTuple):
    """A prompt as CLIP sees it."""

    states: Tensor  # of each token, (B, T, text width)
    embedding: Tensor  # of the whole, (B, z)
    present: Tensor  # true up to the end of the prompt, (B, T)


class TextEncoder(nn.Module):
    """A causal Transformer; the state of the end token, which has the highest number, is read."""

    def __init__(self, c: ClipConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(c.vocabulary, c.text_width)
        self.positions = nn.Embedding(c.context, c.text_width)
        self.blocks = nn.ModuleList(
            Block(c.text_width, c.text_heads, quick_gelu) for _ in range(c.text_layers)
        )
        self.norm = nn.LayerNorm(c.text_width)
        self.project = nn.Linear(c.text_width, c.size, bias=False)
        for table in (self.tokens, self.positions):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Text:
        """Encode prompts (B, T)."""
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.positions.weight[:length]
        for block in self.blocks:
            x = block(x, earlier(length))
        states, end = self.norm(x), tokens.argmax(dim=1)
        present = torch.arange(length) <= end[:, None]
        return Text(states, self.project(states[torch.arange(len(tokens)), end]), present)


class ImageEncoder(nn.Module):
    """A vision Transformer; the state of an extra first token is read."""

    def __init__(self, c: ClipConfig) -> None:
        super().__init__()
        w = c.image_width
        self.patches = nn.Conv2d(c.channels, w, c.patch, stride=c.patch, bias=False)
        self.first = nn.Parameter(0.02 * torch.randn(w))
        self.positions = nn.Embedding((c.pixels // c.patch) ** 2 + 1, w)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.norm1, self.norm2 = nn.LayerNorm(w), nn.LayerNorm(w)
        self.blocks = nn.ModuleList(
            Block(w, c.image_heads, quick_gelu) for _ in range(c.image_layers)
        )
        self.project = nn.Linear(w, c.size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, C, H, W) to embeddings (B, z)."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.first.expand(len(x), 1, -1), x), dim=1) + self.positions.weight
        x = self.norm1(x)
        for block in self.blocks:
            x = block(x, None)
        return self.project(self.norm2(x[:, 0]))


class CLIP(nn.Module):
    """Two encoders into one space (Radford et al., arXiv 2103.00020)."""

    def __init__(self, c: ClipConfig) -> None:
        super().__init__()
        self.text, self.image = TextEncoder(c), ImageEncoder(c)
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))


def contrastive(text: Tensor, image: Tensor, scale: Tensor) -> Tensor:
    """Return CLIP's loss for embeddings (..., N, z) of which those of the same row belong together.

    Each text has to choose its picture among N by cosine, and each picture its text.
    """
    scores = scale.exp() * F.normalize(text, dim=-1) @ F.normalize(image, dim=-1).mT
    own = torch.diagonal(scores, dim1=-2, dim2=-1)
    return 0.5 * ((scores.logsumexp(-1) - own).mean() + (scores.logsumexp(-2) - own).mean())


# endregion


# region diffusion
class Diffusion:
    """Noise in 1,000 steps with the cosine schedule (Nichol and Dhariwal, 2021, equation 17).

    Args:
        clean: The network predicts the clean signal (the prior) and not the noise.
        limit: Predicted clean signals are clamped to this magnitude.
        learned: The network has a second half of outputs, which set the variance.
        steps: Number of steps in training.
    """

    def __init__(
        self, clean: bool = False, limit: float = 1.0, learned: bool = False, steps: int = 1000
    ) -> None:
        self.clean, self.limit, self.learned, self.steps = clean, limit, learned, steps
        at = torch.arange(steps + 1, dtype=torch.float64) / steps
        kept = ((at + 0.008) / 1.008 * math.pi / 2).cos() ** 2
        self.kept = (1 - (1 - kept[1:] / kept[:-1]).clamp(max=0.999)).cumprod(dim=0)

    def of(self, t: Tensor | int) -> Tensor:
        """Return the share of the signal's variance that is left at steps t; all of it at -1."""
        kept = torch.cat((self.kept, torch.ones(1, dtype=torch.float64)))
        return kept[t].to(torch.get_default_dtype())

    def noisy(self, x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return x (B, ...) as it is after steps t, (B,)."""
        kept = self.of(t).view(-1, *[1] * (x.dim() - 1))
        return kept.sqrt() * x + (1 - kept).sqrt() * noise

    def times(self, count: int) -> list[int]:
        """Return ``count`` evenly spaced steps from the last to 0, as Karlo spaces them."""
        spaced = torch.arange(count, dtype=torch.float64) * (self.steps - 1) / (count - 1)
        return [int(t) for t in spaced.round().flip(0)]

    def step(self, out: Tensor, x: Tensor, t: int, to: int, noise: Tensor) -> Tensor:
        """Return a draw at the earlier step ``to``, given the network's output for x at t.

        Source: Ho et al., 2020, equation 7, for steps that may be far apart.
        """
        kept, before = self.of(t), self.of(to)
        if self.learned:
            out, mix = out.chunk(2, dim=1)
        clean = out if self.clean else (x - (1 - kept).sqrt() * out) / kept.sqrt()
        clean = clean.clamp(-self.limit, self.limit)
        beta = 1 - kept / before
        mean = before.sqrt() * beta / (1 - kept) * clean
        mean = mean + (1 - beta).sqrt() * (1 - before) / (1 - kept) * x
        if to < 0:
            return mean
        log_var = (beta * (1 - before) / (1 - kept)).clamp(min=1e-20).log()
        if self.learned:  # between the two bounds, by logarithm (Nichol and Dhariwal, equation 15)
            mix = (mix + 1) / 2
            log_var = mix * beta.log() + (1 - mix) * log_var
        return mean + (0.5 * log_var).exp() * noise

    def sample(
        self, predict: Callable[[Tensor, Tensor], Tensor], shape: tuple[int, ...], count: int,
        generator: torch.Generator,
    ) -> Tensor:  # fmt: skip
        """Draw from noise of a shape in ``count`` steps; ``predict`` is given x and steps (B,)."""
        x = torch.randn(shape, generator=generator)
        for t, to in pairwise((*self.times(count), -1)):
            out = predict(x, torch.full((len(x),), t))
            noise = torch.randn(shape, generator=generator) if to >= 0 else x
            x = self.step(out, x, t, to, noise)
        return x


class TimeEmbedding(nn.Module):
    """Steps as waves of falling frequency, then two layers."""

    def __init__(self, waves: int, width: int) -> None:
        super().__init__()
        self.waves = waves
        self.first, self.second = nn.Linear(waves, width), nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        """Map steps (B,) to (B, width)."""
        half = self.waves // 2
        angle = t[:, None] * 10_000 ** (-torch.arange(half, dtype=torch.float64) / half)
        waves = torch.cat((angle.cos(), angle.sin()), dim=1).to(self.first.weight)
        return self.second(F.silu(self.first(waves)))


# endregion


# region prior
@dataclass(frozen=True)
class PriorConfig:
    """Sizes of a prior; the defaults are Karlo's."""

    size: int = 768
    context: int = 77
    width: int = 2048
    layers: int = 20
    heads: int = 32


class Prior(nn.Module):
    """The diffusion prior: a causal Transformer that restores a noisy image embedding (2.2).

    It reads the text's states, the text's embedding, the step, the noisy embedding and a last
    token, at which the clean embedding is predicted. Embeddings are standardised by ``mean`` and
    ``std``.
    """

    def __init__(self, c: PriorConfig) -> None:
        super().__init__()
        self.states, self.text, self.image = (nn.Linear(c.size, c.width) for _ in range(3))
        self.time = TimeEmbedding(c.width, c.width)
        self.last = nn.Parameter(torch.zeros(1, 1, c.width))
        self.positions = nn.Parameter(torch.zeros(1, c.context + 4, c.width))
        self.blocks = nn.ModuleList(Block(c.width, c.heads, F.gelu) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width)
        self.out = nn.Linear(c.width, c.size)
        self.mean = nn.Parameter(torch.zeros(1, c.size))
        self.std = nn.Parameter(torch.ones(1, c.size))

    def forward(self, noisy: Tensor, t: Tensor, text: Text) -> Tensor:
        """Predict the clean embeddings (B, z) of noisy ones at steps t, (B,)."""
        four = (self.text(text.embedding), self.time(t), self.image(noisy))
        x = torch.cat(
            (self.states(text.states), torch.stack(four, dim=1), self.last.expand(len(t), -1, -1)),
            dim=1,
        )
        x = x + self.positions
        seen = earlier(x.shape[1], F.pad(text.present, (0, 4), value=True))
        for block in self.blocks:
            x = block(x, seen)
        return self.out(self.norm(x)[:, -1])

    def restore(self, z: Tensor) -> Tensor:
        """Undo the standardisation of embeddings (B, z)."""
        return z * self.std + self.mean


# endregion


# region autoregressive
@dataclass(frozen=True)
class AutoregressiveConfig(PriorConfig):
    """Sizes of the other prior; the defaults are those of Section 2.2 and of Table 3's decoder."""

    size: int = 1024
    context: int = 256
    width: int = 1664
    layers: int = 24
    heads: int = 26
    kept: int = 319  # K
    buckets: int = 1024


class Codes(NamedTuple):
    """How image embeddings become whole numbers: along principal components, in buckets (2.2).

    The paper does not say where the buckets lie. Here they are equally wide between the extremes
    of each component, and what lies outside falls into the nearest. Those of the dot products of
    text and picture hold equally many each.
    """

    mean: Tensor  # of the embeddings, (z,)
    axes: Tensor  # of unit length, by falling variance, (z, K)
    low: Tensor  # the smallest value along each, (K,)
    step: Tensor  # from bucket to bucket, (K,)
    edges: Tensor  # between the buckets of the dot product, (buckets - 1,)

    @classmethod
    def learn(cls, image: Tensor, text: Tensor, c: AutoregressiveConfig) -> Codes:
        """Choose axes and buckets for embeddings (N, z) of pictures and of their captions."""
        mean = image.mean(dim=0)
        centred = image - mean
        axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, : c.kept]
        low, high = (centred @ axes).aminmax(dim=0)
        edges = (image * text).sum(dim=1).quantile(torch.arange(1, c.buckets) / c.buckets)
        return cls(mean, axes, low, (high - low) / c.buckets, edges)

    def numbers(self, image: Tensor) -> Tensor:
        """Return the buckets (B, K) of embeddings (B, z)."""
        at = ((image - self.mean) @ self.axes - self.low) / self.step
        return at.floor().long().clamp(0, len(self.edges))

    def match(self, image: Tensor, text: Tensor) -> Tensor:
        """Return the buckets (B,) of the dot products of embeddings (B, z)."""
        return torch.bucketize((image * text).sum(dim=1), self.edges, right=True)

    def restore(self, numbers: Tensor) -> Tensor:
        """Return the embeddings (B, z) at the centres of buckets (B, K)."""
        return self.mean + (self.low + (numbers + 0.5) * self.step) @ self.axes.T


class AutoregressivePrior(nn.Module):
    """A causal Transformer that predicts the numbers of an embedding one after the other (2.2).

    It reads the text's states, the text's embedding, the bucket of the dot product, and the numbers
    so far. As in the diffusion prior, the states are CLIP's.
    """

    def __init__(self, c: AutoregressiveConfig) -> None:
        super().__init__()
        self.kept = c.kept
        self.states, self.text = (nn.Linear(c.size, c.width) for _ in range(2))
        self.match, self.numbers = (nn.Embedding(c.buckets, c.width) for _ in range(2))
        self.positions = nn.Parameter(torch.zeros(1, c.context + 1 + c.kept, c.width))
        self.blocks = nn.ModuleList(Block(c.width, c.heads, F.gelu) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width)
        self.out = nn.Linear(c.width, c.buckets, bias=False)
        for table in (self.match, self.numbers):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, numbers: Tensor, match: Tensor, text: Text) -> Tensor:
        """Return logits (B, n + 1, buckets) of the numbers that follow none to n, (B, n)."""
        known = (self.text(text.embedding), self.match(match))
        parts = (self.states(text.states), torch.stack(known, dim=1), self.numbers(numbers))
        x = torch.cat(parts, dim=1)
        after = x.shape[1] - text.present.shape[1]
        seen = earlier(x.shape[1], F.pad(text.present, (0, after), value=True))
        x = x + self.positions[:, : x.shape[1]]
        for block in self.blocks:
            x = block(x, seen)
        return self.out(self.norm(x[:, 1 - after :]))

    def loss(self, numbers: Tensor, match: Tensor, text: Text) -> Tensor:
        """Return the mean surprise at each of the numbers (B, K), in nats."""
        return F.cross_entropy(self(numbers[:, :-1], match, text).mT, numbers)

    def sample(self, text: Text, empty: Text, scale: float, generator: torch.Generator) -> Tensor:
        """Draw numbers (B, K) for prompts, with dot products from the upper half of all."""
        buckets, pair = self.match.num_embeddings, both(empty, text)
        match = torch.randint(buckets // 2, buckets, (len(text.embedding),), generator=generator)
        numbers = match[:, None][:, :0]
        for _ in range(self.kept):
            without, with_it = self(numbers.repeat(2, 1), match.repeat(2), pair)[:, -1].chunk(2)
            chances = guided(scale, without, with_it).softmax(dim=1)
            drawn = torch.multinomial(chances, 1, generator=generator)
            numbers = torch.cat((numbers, drawn), dim=1)
        return numbers


# endregion


# region unet
@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a U-Net; the defaults are those of Karlo's decoder."""

    inputs: int = 3
    outputs: int = 6  # noise and variance
    width: int = 320
    multiples: tuple[int, ...] = (1, 2, 3, 4)
    depth: int = 3
    context: int = 1536  # d; 0: there is no attention
    head: int = 64  # channels of a head
    groups: int = 32
    scale: bool = True  # the step scales the channels, too, and does not only shift them


class ResBlock(nn.Module):
    """Two convolutions that are told the step; may halve or double the picture's sides."""

    def __init__(self, c: UNetConfig, inputs: int, outputs: int, resize: float = 1) -> None:
        super().__init__()
        self.scale, self.resize = c.scale, resize
        self.norm1 = nn.GroupNorm(c.groups, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(4 * c.width, 2 * outputs if c.scale else outputs)
        self.norm2 = nn.GroupNorm(c.groups, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        """Map (B, inputs, H, W) and the step (B, e) to (B, outputs, H', W')."""
        y = F.silu(self.norm1(x))
        if self.resize == 2:
            x, y = (F.interpolate(each, scale_factor=2.0, mode="nearest") for each in (x, y))
        elif self.resize == 0.5:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        y, e = self.conv1(y), self.time(F.silu(e))[:, :, None, None]
        if self.scale:
            by, shift = e.chunk(2, dim=1)
            y = self.norm2(y) * (1 + by) + shift
        else:
            y = self.norm2(y + e)
        return self.skip(x) + self.conv2(F.silu(y))


class Gather(nn.Module):
    """Attention of each pixel to the context and to all pixels."""

    def __init__(self, c: UNetConfig, channels: int) -> None:
        super().__init__()
        self.heads = channels // c.head
        self.norm = nn.GroupNorm(c.groups, channels)
        self.query, self.key, self.value = (nn.Linear(channels, channels) for _ in range(3))
        self.context_key, self.context_value = (nn.Linear(c.context, channels) for _ in range(2))
        self.output = nn.Linear(channels, channels)

    def forward(self, x: Tensor, context: Tensor, present: Tensor) -> Tensor:
        """Add to x (B, C, H, W) what it gathers from context (B, S, d), where present (B, S)."""
        y = self.norm(x).flatten(2).transpose(1, 2)
        k = torch.cat((self.context_key(context), self.key(y)), dim=1)
        v = torch.cat((self.context_value(context), self.value(y)), dim=1)
        q, k, v = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (self.query(y), k, v)
        )
        seen = F.pad(present, (0, y.shape[1]), value=True)[:, None, None]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return x + self.output(y.transpose(1, 2).flatten(2)).transpose(1, 2).reshape(x.shape)


class Stage(nn.Module):
    """Blocks at one resolution, with attention after each or after none, then a change of it."""

    def __init__(
        self, c: UNetConfig, channels: list[tuple[int, int]], attentions: int, resize: float = 1
    ) -> None:
        super().__init__()
        width = channels[-1][1]
        self.blocks = nn.ModuleList(ResBlock(c, a, b) for a, b in channels)
        self.attentions = nn.ModuleList(
            Gather(c, width) for _ in range(attentions if c.context else 0)
        )
        self.resize = nn.ModuleList([ResBlock(c, width, width, resize)] if resize != 1 else [])

    def forward(
        self, x: Tensor, e: Tensor, context: tuple[Tensor, Tensor] | None, skips: list[Tensor]
    ) -> Iterator[Tensor]:
        """Yield what each part makes of x (B, C, H, W); skips, if any, are joined to it."""
        for block, attention in zip_longest(self.blocks, self.attentions):
            x = block(torch.cat((x, skips.pop()), dim=1) if skips else x, e)
            if attention is not None and context is not None:
                x = attention(x, *context)
            yield x
        for block in self.resize:
            yield block(x, e)


class UNet(nn.Module):
    """Down, through the middle and up again, where each block meets what was seen going down."""

    def __init__(self, c: UNetConfig) -> None:
        super().__init__()
        widths, levels = [c.width * m for m in c.multiples], range(len(c.multiples))
        self.time = TimeEmbedding(c.width, 4 * c.width)
        self.first = nn.Conv2d(c.inputs, c.width, 3, padding=1)
        self.down, skips, at = nn.ModuleList(), [c.width], c.width
        for level in levels:  # pictures of full size see no attention
            channels = [(at, widths[level])] + [(widths[level],) * 2] * (c.depth - 1)
            last = level == levels[-1]
            self.down.append(Stage(c, channels, c.depth * bool(level), 1 if last else 0.5))
            at = widths[level]
            skips += [at] * (c.depth + (not last))
        self.middle = Stage(c, [(at, at)] * 2, 1)
        self.up = nn.ModuleList()
        for level in reversed(levels):
            channels = [
                (skips.pop() + (at if i == 0 else widths[level]), widths[level])
                for i in range(c.depth + 1)
            ]
            self.up.append(Stage(c, channels, (c.depth + 1) * bool(level), 2 if level else 1))
            at = widths[level]
        self.norm = nn.GroupNorm(c.groups, c.width)
        self.last = nn.Conv2d(c.width, c.outputs, 3, padding=1)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        shift: Tensor | float = 0.0,
        context: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Map noisy pictures (B, C, H, W) at steps t (B,) to predictions (B, outputs, H, W).

        Args:
            x: The pictures; those to be upsampled have the small one's pixels as further channels.
            t: The steps.
            shift: Added to the embedding of the step, (B, e).
            context: What the pixels attend to, (B, S, d), and where it is no padding, (B, S).
        """
        e = self.time(t) + shift
        x = self.first(x)
        skips = [x]
        for stage in self.down:
            skips += stage(x, e, context, [])
            x = skips[-1]
        for stage in (self.middle, *self.up):
            joined = [] if stage is self.middle else skips[-len(stage.blocks) :]
            skips = skips[: len(skips) - len(joined)]
            *_, x = stage(x, e, context, joined)
        return self.last(F.silu(self.norm(x)))


# endregion


# region decoder
class Decoder(nn.Module):
    """A U-Net that inverts CLIP's image encoder (2.1).

    The image embedding is added to the step's and becomes four tokens before those of the text.
    """

    def __init__(self, size: int, c: UNetConfig) -> None:
        super().__init__()
        self.none = nn.Parameter(torch.zeros(size))  # stands for an image embedding left out
        self.text_shift, self.image_shift = (nn.Linear(size, 4 * c.width) for _ in range(2))
        self.image_tokens = nn.Linear(size, 4 * c.context)
        self.states, self.norm = nn.Linear(size, c.context), nn.LayerNorm(c.context)
        self.unet = UNet(c)

    def forward(self, x: Tensor, t: Tensor, image: Tensor, text: Text) -> Tensor:
        """Predict the noise in pictures x (B, C, H, W) of embeddings (B, z) and prompts."""
        tokens = self.image_tokens(image).unflatten(1, (-1, 4)).transpose(1, 2)
        context = torch.cat((tokens, self.norm(self.states(text.states))), dim=1)
        shift = self.image_shift(image) + self.text_shift(text.embedding)
        present = F.pad(text.present, (4, 0), value=True)
        return self.unet(x, t, shift, (context, present))


# endregion


# region guidance
def guided(scale: float, without: Tensor, with_it: Tensor) -> Tensor:
    """Lead a prediction away from the one without the condition (Ho and Salimans, 2022)."""
    return without + scale * (with_it - without)


def both(a: Text, b: Text) -> Text:
    """Join two batches of prompts."""
    return Text(*(torch.cat(pair) for pair in zip(a, b, strict=True)))


def slerp(a: Tensor, b: Tensor, at: float) -> Tensor:
    """Turn from each of a to each of b, (B, ...), by a share of the angle between (3.2)."""
    cosine = F.cosine_similarity(a.flatten(1), b.flatten(1)).clamp(-1, 1)
    angle = cosine.acos().clamp(min=1e-6).view(-1, *[1] * (a.dim() - 1))
    return (((1 - at) * angle).sin() * a + (at * angle).sin() * b) / angle.sin()


# endregion


# region system
PRIOR, UPSAMPLER = Diffusion(clean=True, limit=5.0), Diffusion()


class UnCLIP(nn.Module):
    """The whole way from a prompt to a picture; the defaults are the sizes of Karlo v1 alpha."""

    def __init__(
        self,
        clip: ClipConfig = ClipConfig(),
        prior: PriorConfig = PriorConfig(),
        decoder: UNetConfig = UNetConfig(),
        upsampler: UNetConfig = UNetConfig(inputs=6, outputs=3, context=0, scale=False),
    ) -> None:
        super().__init__()
        self.text = TextEncoder(clip)
        self.prior = Prior(prior)
        self.decoder = Decoder(clip.size, decoder)
        self.process = Diffusion(learned=decoder.outputs > decoder.inputs)
        self.upsampler, self.sharpener = UNet(upsampler), UNet(upsampler)

    def imagine(
        self, text: Text, empty: Text, count: int, scale: float, generator: torch.Generator
    ) -> Tensor:
        """Draw an image embedding (B, z) for each prompt, in ``count`` steps."""
        pair = both(empty, text)

        def predict(z: Tensor, t: Tensor) -> Tensor:
            return guided(scale, *self.prior(torch.cat((z, z)), torch.cat((t, t)), pair).chunk(2))

        shape = tuple(text.embedding.shape)
        return self.prior.restore(PRIOR.sample(predict, shape, count, generator))

    def draw(
        self, image: Tensor, text: Text, empty: Text, shape: tuple[int, ...], count: int,
        scale: float, generator: torch.Generator,
    ) -> Tensor:  # fmt: skip
        """Draw a picture of shape (C, H, W) for each image embedding (B, z) and prompt."""
        images = torch.cat((self.decoder.none.expand(len(image), -1), image))
        pair, channels = both(empty, text), shape[0]

        def predict(x: Tensor, t: Tensor) -> Tensor:
            out = self.decoder(torch.cat((x, x)), torch.cat((t, t)), images, pair)
            without, with_it = out.chunk(2)
            noise = guided(scale, without[:, :channels], with_it[:, :channels])
            return torch.cat((noise, with_it[:, channels:]), dim=1)

        return self.process.sample(predict, (len(image), *shape), count, generator).clamp(-1, 1)

    def enlarge(self, small: Tensor, side: int, count: int, generator: torch.Generator) -> Tensor:
        """Draw large pictures from small ones; the last step has its own network, as in Karlo."""
        shape = (*small.shape[:2], side, side)
        blurred = F.interpolate(
            small, (side, side), mode="bicubic", align_corners=False, antialias=True
        )

        def predict(x: Tensor, t: Tensor) -> Tensor:
            network = self.sharpener if t[0] == 0 else self.upsampler
            return network(torch.cat((x, blurred), dim=1), t)

        return UPSAMPLER.sample(predict, shape, count, generator)


# endregion


# region weights
# What diffusers and transformers call the parts, as patterns, and what they are called here.
FOLDERS = {
    "text_encoder": "text.", "prior": "prior.", "text_proj": "decoder.", "decoder": "decoder.unet.",
    "super_res_first": "upsampler.", "super_res_last": "sharpener.",
}  # fmt: skip
COMMON = {
    r"time_embedding\.linear_1": "time.first", r"time_embedding\.linear_2": "time.second",
    r"(transformer_blocks|encoder\.layers)": "blocks", r"(attn1|self_attn)\.": "attention.",
    r"(to_q|q_proj)\b": "query", r"(to_k|k_proj)\b": "key", r"(to_v|v_proj)\b": "value",
    r"(to_out\.0|out_proj)\b": "output", r"layer_norm": "norm",
    r"(ff\.net\.0\.proj|mlp\.fc1)": "up", r"(ff\.net\.2|mlp\.fc2)": "down",
}  # fmt: skip
SPECIAL = {
    "clip": {
        r"text_model\.": "text.", r"vision_model\.": "image.", r"embeddings\.": "",
        r"token_embedding": "tokens", r"position_embedding": "positions",
        r"patch_embedding": "patches", r"class_embedding": "first", r"final_layer_norm": "norm",
        r"pre_layrnorm": "norm1", r"post_layernorm": "norm2",
        r"text_projection": "text.project", r"visual_projection": "image.project",
        r"logit_scale": "scale",
    },
    "prior": {
        r"encoder_hidden_states_proj": "states", r"^embedding_proj": "text", r"proj_in": "image",
        r"prd_embedding": "last", r"positional_embedding": "positions", r"norm3": "norm2",
        r"norm_out": "norm", r"proj_to_clip_embeddings": "out", r"clip_(mean|std)": r"\1",
    },
    "text_proj": {
        r"learned_classifier_free_guidance_embeddings": "none", r"^embedding_proj": "text_shift",
        r"clip_image_embeddings_project_to_time_embeddings": "image_shift",
        r"clip_extra_context_tokens_proj": "image_tokens",
        r"^encoder_hidden_states_proj": "states", r"text_encoder_hidden_states_norm": "norm",
    },
    "unet": {
        r"conv_in": "first", r"conv_norm_out": "norm", r"conv_out": "last", r"_blocks?\.": ".",
        r"^mid\.": "middle.", r"resnets": "blocks", r"(down|up)samplers": "resize",
        r"time_emb_proj": "time", r"conv_shortcut": "skip", r"group_norm": "norm",
        r"add_k_proj": "context_key", r"add_v_proj": "context_value",
    },
}  # fmt: skip


def our_name(folder: str, theirs: str) -> str:
    """Return what a weight from a folder of a checkpoint is called in UnCLIP."""
    own = SPECIAL.get("clip" if folder == "text_encoder" else folder, SPECIAL["unet"])
    for pattern, name in {**own, **COMMON}.items():
        theirs = re.sub(pattern, name, theirs)
    if folder == "text_encoder":  # half of CLIP
        theirs = theirs.removeprefix("text.")
    return FOLDERS.get(folder, "") + theirs


def read_checkpoint(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of the files in a folder.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; any
    other is read by ``torch.load``, weights only.
    """
    kinds = {"F32": torch.float32, "F16": torch.float16, "F64": torch.float64}
    for file in sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin")):
        if file.suffix == ".bin":
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
def load(model: UnCLIP, path: Path) -> None:
    """Copy a checkpoint in the layout of diffusers' UnCLIPPipeline into a model.

    Raises:
        SystemExit: The folder holds another model's weights, or not all of this one's.
    """
    missing = dict(model.named_parameters())
    for folder in FOLDERS:
        for name, weight in read_checkpoint(path / folder):
            if not name.endswith("position_ids"):  # a constant in old files
                try:
                    missing.pop(our_name(folder, name)).copy_(weight)
                except (KeyError, RuntimeError):
                    raise SystemExit(f"{path / folder}: '{name}' does not fit.") from None
    if missing:
        raise SystemExit(f"{path}: '{min(missing)}' is missing. Name the folder of all parts.")


# endregion


# region small
WORDS = ["nothing", "<start>", "a"]
WORDS += ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "<end>"]
DIGITS = Path(__file__).parent.parent / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits
SMALL_CLIP = ClipConfig(
    size=32, vocabulary=len(WORDS), context=5, text_width=32, text_layers=2, text_heads=4,
    pixels=8, channels=1, patch=4, image_width=32, image_layers=2, image_heads=4,
)  # fmt: skip
SMALL_PRIOR = PriorConfig(size=32, context=5, width=64, layers=2, heads=4)
SMALL_AUTOREGRESSIVE = AutoregressiveConfig(
    size=32, context=5, width=64, layers=2, heads=4, kept=12, buckets=32
)
SMALL_DECODER = UNetConfig(
    inputs=1, outputs=1, width=16, multiples=(1, 2), depth=1, context=32, head=16, groups=4
)
SMALL_UPSAMPLER = replace(SMALL_DECODER, inputs=2, context=0, scale=False)


def digits() -> tuple[Tensor, Tensor]:
    """Return pictures (1797, 1, 8, 8) from -1 to 1 and what they show, (1797,)."""
    lines = (line.split() for line in DIGITS.read_text(encoding="utf-8").splitlines())
    rows = [(int(line[0]), [int(v, 17) for v in line[1]]) for line in lines if line[0] != "#"]
    pictures = torch.tensor([row[1] for row in rows]).view(-1, 1, 8, 8) / 8 - 1
    return pictures, torch.tensor([row[0] for row in rows])


def tokens(prompts: list[str]) -> Tensor:
    """Map prompts such as "a seven" to tokens (B, 5)."""
    rows = [[WORDS.index(w) for w in f"<start> {p} <end>".split()] for p in prompts]
    return torch.tensor([row + [0] * (SMALL_CLIP.context - len(row)) for row in rows])


PROMPTS = [f"a {word}" for word in WORDS[3:-1]]


def learn_clip(steps: int) -> CLIP:
    """Learn which prompt belongs to which picture, each of ten among ten."""
    clip, (x, of) = CLIP(SMALL_CLIP), digits()
    by_digit = [x[:-HELD_OUT][of[:-HELD_OUT] == digit] for digit in range(10)]
    nn.init.normal_(clip.image.positions.weight, std=0.3)
    adam = torch.optim.Adam(clip.parameters(), lr=3e-3)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 3e-3 * min(1.0, (step + 1) / 30) * (1 - step / steps)
        tens = torch.stack([some[torch.randint(len(some), (8,))] for some in by_digit], dim=1)
        image = clip.image(tens.flatten(0, 1)).unflatten(0, (-1, 10))
        loss = contrastive(clip.text(tokens(PROMPTS)).embedding.expand_as(image), image, clip.scale)
        loss.backward()
        adam.step()
        adam.zero_grad()
    return clip.requires_grad_(False)


def learn_judge(steps: int) -> nn.Module:
    """Learn to tell digits apart, from the pictures alone."""
    x, of = digits()
    judge = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    adam = torch.optim.Adam(judge.parameters(), lr=2e-3)
    for _ in range(steps):
        some = torch.randint(len(x) - HELD_OUT, (100,))
        F.cross_entropy(judge(x[some]), of[some]).backward()
        adam.step()
        adam.zero_grad()
    return judge.requires_grad_(False)


def even(z: Tensor) -> Tensor:
    """Scale embeddings (B, z) so that their entries have a mean square of 1 (appendix C)."""
    return F.normalize(z) * z.shape[1] ** 0.5


def pick(text: Text, rows: Tensor) -> Text:
    """Return some prompts of a batch, again and again if need be."""
    return Text(*(part[rows] for part in text))


class Small(NamedTuple):
    """A small system, its CLIP and judge, and the ten prompts and the empty one as it sees them."""

    clip: CLIP
    system: UnCLIP
    judge: nn.Module
    text: Text

    def image(self, x: Tensor) -> Tensor:
        """Return the image embeddings (B, z) of pictures."""
        return even(self.clip.image(x))

    def imagine(self, each: int, generator: torch.Generator) -> tuple[Tensor, Text]:
        """Draw ``each`` image embeddings for every prompt: the better of two by dot product."""
        text = pick(self.text, torch.arange(10).repeat_interleave(2 * each))
        prior = self.system.prior
        z = prior.restore(
            PRIOR.sample(
                lambda noisy, t: prior(noisy, t, text), (20 * each, prior.out.out_features), 25,
                generator,
            )
        )  # fmt: skip
        better = (z * text.embedding).sum(dim=1).view(-1, 2).argmax(dim=1)
        rows = torch.arange(0, 20 * each, 2) + better
        return z[rows], pick(text, rows)

    def draw(self, each: int, generator: torch.Generator) -> Tensor:
        """Draw ``each`` pictures for every prompt: (10 * each, 1, 8, 8)."""
        z, text = self.imagine(each, generator)
        return self.system.draw(z, text, self.none(len(z)), (1, 8, 8), 25, 2.0, generator)

    def none(self, count: int) -> Text:
        """Return the empty prompt, ``count`` times."""
        return pick(self.text, torch.full((count,), 10))

    def right(self, pictures: Tensor) -> float:
        """Return the share of pictures, equally many for each prompt, that the judge agrees to."""
        asked = torch.arange(10).repeat_interleave(len(pictures) // 10)
        return float((self.judge(pictures).argmax(dim=1) == asked).float().mean())

    def between(self, a: Tensor, b: Tensor, count: int, seed: int) -> Tensor:
        """Draw ``count`` pictures on the way from each of a to each of b: (B, count, 1, 8, 8).

        The embeddings are turned, the decoder's noise is the same for all (3.2, Figure 4).
        """
        za, zb, none = self.image(a), self.image(b), self.none(len(a))
        path = [
            self.system.draw(
                slerp(za, zb, at),
                none,
                none,
                (1, 8, 8),
                25,
                3.0,
                torch.Generator().manual_seed(seed),
            )
            for at in torch.linspace(0, 1, count).tolist()
        ]
        return torch.stack(path, dim=1)


# endregion


# region training
def prepare(seed: int) -> tuple[Small, Tensor, Tensor, Tensor]:
    """Learn CLIP and the judge; return an untrained system, pictures, digits and embeddings."""
    torch.manual_seed(seed)
    clip, judge, (x, of) = learn_clip(200), learn_judge(400), digits()
    x, of = x[:-HELD_OUT], of[:-HELD_OUT]
    system = UnCLIP(SMALL_CLIP, SMALL_PRIOR, SMALL_DECODER, SMALL_UPSAMPLER)
    system.text.load_state_dict(clip.text.state_dict())
    with torch.no_grad():
        text, z = clip.text(tokens([*PROMPTS, ""])), even(clip.image(x))
        system.prior.mean.copy_(z.mean(dim=0))
        system.prior.std.copy_(z.std(dim=0))
    text = text._replace(embedding=even(text.embedding))
    return Small(clip, system, judge, text), x, of, z


def forget(of: Tensor, share: float) -> Tensor:
    """Replace a share of the prompts by the empty one, so that guidance is possible."""
    return torch.where(torch.rand(len(of)) < share, 10, of)


def train(seed: int, steps: int, every: int = 50) -> Iterator[tuple[int, Small, float]]:
    """Learn prior and decoder; yields step, all, and the share of 100 digits drawn as asked."""
    small, x, of, z = prepare(seed)
    prior, decoder, process = small.system.prior, small.system.decoder, small.system.process
    adam = torch.optim.Adam([*prior.parameters(), *decoder.parameters()], lr=0.0)
    clean = ((z - prior.mean) / prior.std).detach()
    for step in range(1, steps + 1):
        adam.param_groups[0]["lr"] = 2e-3 * (1 - step / (steps + 1))
        some, t = torch.randint(len(x), (64,)), torch.randint(1000, (64,))
        noise = torch.randn_like(clean[some])
        text = pick(small.text, forget(of[some], 0.1))
        out = prior(PRIOR.noisy(clean[some], noise, t), t, text)
        loss = (out - clean[some]).square().mean()  # section 2.2
        noise = torch.randn_like(x[some])
        text = pick(small.text, forget(of[some], 0.5))
        image = torch.where(torch.rand(64, 1) < 0.1, decoder.none, z[some])
        out = decoder(process.noisy(x[some], noise, t), t, image, text)
        (loss + (out - noise).square().mean()).backward()
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                drawn = small.draw(10, torch.Generator().manual_seed(seed))
                yield step, small, small.right(drawn)


def train_autoregressive(
    small: Small, steps: int, every: int = 50
) -> Iterator[tuple[int, Codes, AutoregressivePrior, float]]:
    """Learn the other prior; yields step, codes, prior, and the share of 100 embeddings that fit.

    One fits if the nearest of the digits held out, by cosine, is what was asked.
    """
    (x, of), c = digits(), SMALL_AUTOREGRESSIVE
    z, held_out = small.image(x).tensor_split([-HELD_OUT])
    asked = small.text.embedding[of[:-HELD_OUT]]
    codes, prior = Codes.learn(z, asked, c), AutoregressivePrior(c)
    numbers, match = codes.numbers(z), codes.match(z, asked)
    adam = torch.optim.Adam(prior.parameters(), lr=0.0)
    for step in range(1, steps + 1):
        adam.param_groups[0]["lr"] = 1e-2 * min(1.0, step / 20) * (1 - step / (steps + 1))
        some = torch.randint(len(z), (64,))
        prior.loss(numbers[some], match[some], pick(small.text, forget(of[some], 0.1))).backward()
        adam.step()
        adam.zero_grad()
        if step % every == 0 or step == steps:
            ten = torch.arange(10).repeat_interleave(10)
            with torch.no_grad():
                text, generator = pick(small.text, ten), torch.Generator().manual_seed(0)
                drawn = codes.restore(prior.sample(text, small.none(100), 2.0, generator))
            nearest = (drawn @ F.normalize(held_out).T).argmax(dim=1)
            yield step, codes, prior, float((of[-HELD_OUT:][nearest] == ten).float().mean())


# endregion


# region example
def drawn(x: Tensor) -> str:
    """Draw pictures (B, 1, 8, 8) side by side; each character stands for two pixels, one above."""
    rows = (x.view(-1, 8, 8) >= 0).int().transpose(0, 1).tolist()  # row, picture, column
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = (
        "  ".join(
            "".join(" ▀▄█"[above + 2 * below] for above, below in zip(*both, strict=True))
            for both in zip(upper, lower, strict=True)
        )
        for upper, lower in pairs
    )
    return "\n".join(line.rstrip() for line in lines)


def paper_sizes() -> dict[str, nn.Module]:
    """Return the parts of Table 3, built as here; on the meta device they take no memory."""
    decoder = UNetConfig(width=512, context=2048)
    first = UNetConfig(inputs=6, outputs=3, context=0, scale=False)
    return {
        "diffusion prior": Prior(PriorConfig(size=1024, context=256, layers=24)),
        "autoregressive prior": AutoregressivePrior(AutoregressiveConfig()),
        "decoder, U-Net": Decoder(1024, decoder),
        "decoder, text encoder": nn.ModuleList(Block(2048, 32, F.gelu) for _ in range(24)),
        "upsampler to 256": UNet(first),
        "upsampler to 1024": UNet(replace(first, width=192, multiples=(1, 1, 2, 2, 4, 4), depth=2)),
    }


def main() -> None:
    """Count the published sizes, learn to draw digits, and lead some into others; or load."""
    parser = argparse.ArgumentParser(description="DALL-E 2 (unCLIP).")
    parser.add_argument("--weights", type=Path, help="folder of Karlo v1 alpha, from diffusers")
    given = parser.parse_args()
    with torch.device("meta"):
        counted = {"Karlo v1 alpha, all parts": UnCLIP(), **paper_sizes()}
    for name, network in counted.items():
        print(f"{name:25}  {sum(p.numel() for p in network.parameters()):13,} parameters")
    if given.weights:
        load(UnCLIP(), given.weights)
        print("loaded")
        return
    for step, small, share in train(seed=0, steps=100):  # noqa: B007
        print(f"step {step}  {share:.0%} of 100 digits drawn as asked")
    x, of = digits()
    x, of = x[-HELD_OUT:], of[-HELD_OUT:]
    with torch.no_grad():
        right = (small.judge(x).argmax(dim=1) == of).float().mean()
        print(f"the judge knows {right:.0%} of the digits held out")
        generator = torch.Generator().manual_seed(0)
        print(f"zero to nine\n{drawn(small.draw(1, generator))}")
        ends = x[[int((of == digit).nonzero()[0]) for digit in (0, 6)]]
        path = small.between(ends[:1], ends[1:], 7, seed=0)[0]
    print(f"two digits held out\n{drawn(ends)}\nfrom one to the other\n{drawn(path)}")
    *_, (_, codes, prior, share) = train_autoregressive(small, steps=100)
    print(f"autoregressive prior  {share:.0%} of 100 embeddings drawn as asked")
    with torch.no_grad():
        text, none = pick(small.text, torch.arange(10)), small.none(10)
        z = codes.restore(prior.sample(text, none, 2.0, generator))
        x = small.system.draw(z, text, none, (1, 8, 8), 25, 2.0, generator)
    print(f"zero to nine, from its embeddings\n{drawn(x)}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
# endregion

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Stable Diffusion v1 whole: text encoder, autoencoder, U-Net, guidance, three samplers.

Letters in shapes: B pictures, C channels, H x W pixels, h x w places of the latent code, z its
channels, T tokens, d width of the text, N positions. Sections, equations and appendices are those
of "High-Resolution Image Synthesis with Latent Diffusion Models", arXiv 2112.10752.

Run it: python stable_diffusion.py                      (learns 8 x 8 digits from words, a minute)
        python stable_diffusion.py --weights FOLDER --prompt "a red boat"    (the public weights)
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# region configurations
@dataclass(frozen=True)
class TextConfig:
    """The text encoder; the defaults are CLIP ViT-L/14's."""

    vocabulary: int = 49408
    places: int = 77
    width: int = 768
    heads: int = 12
    layers: int = 12


@dataclass(frozen=True)
class AutoencoderConfig:
    """The autoencoder; the defaults are those of v1, whose codes are an eighth as wide."""

    channels: int = 3
    width: int = 128
    factors: tuple[int, ...] = (1, 2, 4, 4)  # width of each level
    blocks: int = 2  # residual blocks of a level of the encoder; the decoder has one more
    latent: int = 4
    groups: int = 32  # of each group norm
    scale: float = 0.18215  # makes codes about as large as noise


@dataclass(frozen=True)
class UNetConfig:
    """The network that removes noise; the defaults are those of v1."""

    inputs: int = 4  # 9 in the U-Net that was trained for inpainting
    outputs: int = 4
    width: int = 320
    factors: tuple[int, ...] = (1, 2, 4, 4)
    attention: tuple[bool, ...] = (True, True, True, False)  # which levels have transformers
    blocks: int = 2
    heads: int = 8
    text: int = 768
    groups: int = 32


@dataclass(frozen=True)
class Config:
    """The whole system."""

    text: TextConfig = TextConfig()
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    unet: UNetConfig = UNetConfig()


V1 = Config()
INPAINTING = Config(unet=UNetConfig(inputs=9))
# endregion


# region attention
class Attention(nn.Module):
    """Multi-head attention from one sequence to another, or to itself."""

    def __init__(self, width: int, heads: int, source: int | None = None, bias: bool = False):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias)
        self.key = nn.Linear(source or width, width, bias)
        self.value = nn.Linear(source or width, width, bias)
        self.output = nn.Linear(width, width)

    def attend(self, x: Tensor, source: Tensor | None = None, causal: bool = False) -> Tensor:
        """Return (B, N, width): what each position of x, (B, N, width), takes from the source."""
        source = x if source is None else source
        q, k, v = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.query(x), self.key(source), self.value(source))
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.output(y.transpose(1, 2).flatten(2))


# endregion


# region text
class TextBlock(Attention):
    """A layer of the text encoder: attention to what came before, then feed-forward."""

    def __init__(self, c: TextConfig) -> None:
        super().__init__(c.width, c.heads, bias=True)
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.up, self.down = nn.Linear(c.width, 4 * c.width), nn.Linear(4 * c.width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        """Map the residual stream, (B, T, d), to the next one."""
        x = x + self.attend(self.norm1(x), causal=True)
        h = self.up(self.norm2(x))
        return x + self.down(h * torch.sigmoid(1.702 * h))  # CLIP's quick form of GELU


class TextEncoder(nn.Module):
    """CLIP's text transformer, without the projection that CLIP has after it."""

    def __init__(self, c: TextConfig) -> None:
        super().__init__()
        self.token = nn.Embedding(c.vocabulary, c.width)
        self.place = nn.Embedding(c.places, c.width)
        self.blocks = nn.ModuleList(TextBlock(c) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return a vector for each token, (B, T) to (B, T, d)."""
        x = self.token(tokens) + self.place.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


# endregion


# region blocks
class Residual(nn.Module):
    """Two convolutions around a short cut; in the U-Net, the time is added between them."""

    def __init__(self, inputs: int, outputs: int, groups: int, time: int = 0) -> None:
        super().__init__()
        epsilon = 1e-5 if time else 1e-6  # the U-Net's norms and the autoencoder's
        self.norm1 = nn.GroupNorm(groups, inputs, epsilon)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs) if time else None
        self.norm2 = nn.GroupNorm(groups, outputs, epsilon)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """Map x, (B, inputs, h, w), and the time's vector, (B, time), to (B, outputs, h, w)."""
        h = self.conv1(F.silu(self.norm1(x)))
        if self.time is not None and time is not None:
            h = h + self.time(F.silu(time))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Transformer(nn.Module):
    """Attention of all places to each other, then to the text, then feed-forward."""

    def __init__(self, width: int, heads: int, text: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, 1e-6)
        self.enter = nn.Conv2d(width, width, 1)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.own = Attention(width, heads)
        self.cross = Attention(width, heads, source=text)
        self.up, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)
        self.leave = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        """Map x, (B, width, h, w), and text, (B, T, d), to (B, width, h, w)."""
        y = self.enter(self.norm(x)).flatten(2).transpose(1, 2)  # (B, h * w, width)
        y = y + self.own.attend(self.norm1(y))
        y = y + self.cross.attend(self.norm2(y), text)
        value, gate = self.up(self.norm3(y)).chunk(2, dim=-1)
        y = y + self.down(value * F.gelu(gate))
        return x + self.leave(y.transpose(1, 2).unflatten(2, x.shape[2:]))


class PictureAttention(Attention):
    """The autoencoder's: one head, all places to each other."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__(width, heads=1, bias=True)
        self.norm = nn.GroupNorm(groups, width, 1e-6)

    def forward(self, x: Tensor, _text: Tensor | None = None) -> Tensor:
        """Map x, (B, width, h, w), to the same shape."""
        y = self.attend(self.norm(x).flatten(2).transpose(1, 2))
        return x + y.transpose(1, 2).unflatten(2, x.shape[2:])


class Halve(nn.Module):
    """Half the height and width, by a convolution with stride 2."""

    def __init__(self, width: int, border: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.conv, self.border = nn.Conv2d(width, width, 3, stride=2), border

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to (B, width, h / 2, w / 2)."""
        return self.conv(F.pad(x, self.border))


class Double(nn.Module):
    """Twice the height and width, by repeating and a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, h, w) to (B, width, 2h, 2w)."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Residual blocks, each with attention after it where there is any, then a change of size."""

    def __init__(
        self,
        residuals: Sequence[nn.Module],
        attentions: Sequence[nn.Module] = (),
        resize: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.residuals, self.attentions = nn.ModuleList(residuals), nn.ModuleList(attentions)
        self.resize = resize

    def forward(
        self,
        x: Tensor,
        time: Tensor | None = None,
        text: Tensor | None = None,
        put: list[Tensor] | None = None,
        take: list[Tensor] | None = None,
    ) -> Tensor:
        """Run all on x, (B, C, h, w); put what comes out aside, or take what was put aside."""
        for j, residual in enumerate(self.residuals):
            x = residual(x if take is None else torch.cat((x, take.pop()), dim=1), time)
            x = self.attentions[j](x, text) if j < len(self.attentions) else x
            if put is not None:
                put.append(x)
        if self.resize is not None:
            x = self.resize(x)
            if put is not None:
                put.append(x)
        return x


# endregion


# region autoencoder
class Encoder(nn.Module):
    """From a picture to mean and log variance of its code."""

    def __init__(self, c: AutoencoderConfig) -> None:
        super().__init__()
        widths = [c.width * f for f in c.factors]
        self.first = nn.Conv2d(c.channels, c.width, 3, padding=1)
        self.down = nn.ModuleList()
        for inputs, outputs in pairwise([c.width, *widths]):
            last = len(self.down) == len(widths) - 1
            blocks = [Residual(i, outputs, c.groups) for i in [inputs] + [outputs] * (c.blocks - 1)]
            # v1 pads below and to the right alone.
            self.down.append(Level(blocks, (), None if last else Halve(outputs, (0, 1, 0, 1))))
        w = widths[-1]
        two = [Residual(w, w, c.groups) for _ in range(2)]
        self.middle = Level(two, [PictureAttention(w, c.groups)])
        self.norm = nn.GroupNorm(c.groups, w, 1e-6)
        self.last = nn.Conv2d(w, 2 * c.latent, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 2z, h, w)."""
        x = self.first(x)
        for level in (*self.down, self.middle):
            x = level(x)
        return self.last(F.silu(self.norm(x)))


class Decoder(nn.Module):
    """From a code to a picture."""

    def __init__(self, c: AutoencoderConfig) -> None:
        super().__init__()
        widths = [c.width * f for f in reversed(c.factors)]
        w = widths[0]
        self.first = nn.Conv2d(c.latent, w, 3, padding=1)
        two = [Residual(w, w, c.groups) for _ in range(2)]
        self.middle = Level(two, [PictureAttention(w, c.groups)])
        self.up = nn.ModuleList()
        for inputs, outputs in pairwise([w, *widths]):
            last = len(self.up) == len(widths) - 1
            blocks = [Residual(i, outputs, c.groups) for i in [inputs] + [outputs] * c.blocks]
            self.up.append(Level(blocks, (), None if last else Double(outputs)))
        self.norm = nn.GroupNorm(c.groups, c.width, 1e-6)
        self.last = nn.Conv2d(c.width, c.channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Map (B, z, h, w) to (B, C, H, W)."""
        z = self.first(z)
        for level in (self.middle, *self.up):
            z = level(z)
        return self.last(F.silu(self.norm(z)))


class Autoencoder(nn.Module):
    """Encoder and decoder; a code is itself a small picture (section 3.1)."""

    def __init__(self, c: AutoencoderConfig) -> None:
        super().__init__()
        self.scale = c.scale
        self.encoder, self.decoder = Encoder(c), Decoder(c)
        self.moments = nn.Conv2d(2 * c.latent, 2 * c.latent, 1)
        self.enter = nn.Conv2d(c.latent, c.latent, 1)

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance, both (B, z, h, w), for pictures x, (B, C, H, W)."""
        mean, log_var = self.moments(self.encoder(x)).chunk(2, dim=1)
        return mean, log_var.clamp(-30, 20)

    def encode(self, x: Tensor, noise: Tensor) -> Tensor:
        """Draw a code, (B, z, h, w), at the scale at which the U-Net works."""
        mean, log_var = self.gaussian(x)
        return self.scale * (mean + (0.5 * log_var).exp() * noise)

    def decode(self, code: Tensor) -> Tensor:
        """Return pictures (B, C, H, W), from -1 to 1, of codes (B, z, h, w)."""
        return self.decoder(self.enter(code / self.scale))


# endregion


# region unet
def wave(t: Tensor, width: int) -> Tensor:
    """Return cosines and sines of times t, (B,), at width / 2 frequencies: (B, width)."""
    half = width // 2
    rate = (-math.log(10000) / half * torch.arange(half, dtype=torch.float64)).exp()
    angle = t.double()[:, None] * rate.to(t.device)
    return torch.cat((angle.cos(), angle.sin()), dim=1)


class UNet(nn.Module):
    """Says what part of a noisy code is noise, given the time and the text (section 3.3)."""

    def __init__(self, c: UNetConfig) -> None:
        super().__init__()
        self.width, time = c.width, 4 * c.width
        widths = [c.width * f for f in c.factors]
        self.time = nn.Sequential(nn.Linear(c.width, time), nn.SiLU(), nn.Linear(time, time))
        self.first = nn.Conv2d(c.inputs, c.width, 3, padding=1)

        def residual(inputs: int, outputs: int) -> Residual:
            return Residual(inputs, outputs, c.groups, time)

        def transformers(number: int, width: int, wanted: bool) -> list[Transformer]:
            made = number if wanted else 0
            return [Transformer(width, c.heads, c.text, c.groups) for _ in range(made)]

        self.down, kept, x = nn.ModuleList(), [c.width], c.width
        for width, wanted in zip(widths, c.attention, strict=True):
            last = len(self.down) == len(widths) - 1
            blocks = [residual(i, width) for i in [x] + [width] * (c.blocks - 1)]
            resize = None if last else Halve(width, (1, 1, 1, 1))
            self.down.append(Level(blocks, transformers(c.blocks, width, wanted), resize))
            kept += [width] * (c.blocks if last else c.blocks + 1)
            x = width
        self.middle = Level([residual(x, x), residual(x, x)], transformers(1, x, True))
        self.up = nn.ModuleList()
        for width, wanted in zip(reversed(widths), reversed(c.attention), strict=True):
            last = len(self.up) == len(widths) - 1
            blocks = []
            for _ in range(c.blocks + 1):
                blocks.append(residual(x + kept.pop(), width))
                x = width
            many = transformers(c.blocks + 1, width, wanted)
            self.up.append(Level(blocks, many, None if last else Double(width)))
        self.norm = nn.GroupNorm(c.groups, c.width, 1e-5)
        self.last = nn.Conv2d(c.width, c.outputs, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        """Return the noise in x, (B, z, h, w), at times t, (B,), given text (B, T, d)."""
        time = self.time(wave(t, self.width).to(x))
        x = self.first(x)
        kept = [x]
        for level in self.down:
            x = level(x, time, text, put=kept)
        x = self.middle(x, time, text)
        for level in self.up:
            x = level(x, time, text, take=kept)
        return self.last(F.silu(self.norm(x)))


# endregion


# region samplers
STEPS = 1000  # of the noise in training


def left() -> Tensor:
    """Return what share of a code's variance is left after each step of noise, (STEPS,)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0)


class DDIM:
    """The deterministic sampler of Song, Meng and Ermon, 2020, equation 12 with sigma = 0."""

    def __init__(self, steps: int = 50, strength: float = 1.0) -> None:
        """Take ``steps`` steps from pure noise, or the last ``strength`` of them."""
        self.gap, self.left = STEPS // steps, left()
        taken = min(int(steps * strength), steps)
        self.times = [1 + i * self.gap for i in reversed(range(taken))]

    def share(self, t: int) -> Tensor:
        """Return what is left at time t; after the last step, what is left at time 0."""
        return self.left[max(t, 0)]

    def move(self, x: Tensor, noise: Tensor, t: int, to: int) -> Tensor:
        """Take x, (B, z, h, w), from one time to another, given the noise in it."""
        now, then = self.share(t), self.share(to)
        code = (x - (1 - now).sqrt() * noise) / now.sqrt()
        return then.sqrt() * code + (1 - then).sqrt() * noise

    def begin(self, noise: Tensor, code: Tensor | None = None) -> Tensor:
        """Return where to start: noise, or a noisy code; all (B, z, h, w)."""
        return noise if code is None else self.noisy(code, noise, 0)

    def noisy(self, code: Tensor, noise: Tensor, i: int) -> Tensor:
        """Add as much noise to a code as there is before step i; none after the last."""
        if i == len(self.times):
            return code
        share = self.share(self.times[i])
        return share.sqrt() * code + (1 - share).sqrt() * noise

    def shown(self, x: Tensor, _i: int) -> Tensor:
        """Return what the U-Net is shown of x before step i."""
        return x

    def step(self, x: Tensor, noise: Tensor, i: int) -> Tensor:
        """Return x after step i, given the noise that the U-Net sees in it."""
        return self.move(x, noise, self.times[i], self.times[i] - self.gap)


class PNDM(DDIM):
    """Linear multistep (PLMS), v1's default: up to four estimates of the noise are combined.

    Source: Liu, Ren, Lin and Zhao, Pseudo Numerical Methods for Diffusion Models, 2022, without
    its Runge-Kutta steps: the first step is taken twice instead.
    """

    def __init__(self, steps: int = 50, strength: float = 1.0) -> None:
        super().__init__(steps, strength)
        self.times = self.times[:2] + self.times[1:]
        self.start = torch.empty(0)
        self.past: list[Tensor] = []

    def step(self, x: Tensor, noise: Tensor, i: int) -> Tensor:
        """Return x after step i; the steps must be taken in their order, from 0."""
        t = self.times[i]
        if i == 0:
            self.past, self.start = [noise], x
            return self.move(x, noise, t, t - self.gap)
        if i == 1:  # the first step once more, with the mean of the noise at both its ends
            return self.move(self.start, (noise + self.past[0]) / 2, t + self.gap, t)
        e = self.past = [noise, *self.past[:3]]
        if len(e) == 2:
            mixed = (3 * e[0] - e[1]) / 2
        elif len(e) == 3:
            mixed = (23 * e[0] - 16 * e[1] + 5 * e[2]) / 12
        else:
            mixed = (55 * e[0] - 59 * e[1] + 37 * e[2] - 9 * e[3]) / 24
        return self.move(x, mixed, t, t - self.gap)


class Euler(DDIM):
    """Euler's method where x is code plus sigma times noise.

    Source: Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models, 2022.
    """

    def __init__(self, steps: int = 50, strength: float = 1.0) -> None:
        super().__init__(steps, strength)
        left = self.left[self.times]
        self.sigma = torch.cat((((1 - left) / left).sqrt(), left.new_zeros(1)))

    def begin(self, noise: Tensor, code: Tensor | None = None) -> Tensor:
        """Return where to start: noise, or a noisy code; all (B, z, h, w)."""
        return (
            noise * (self.sigma[0] ** 2 + 1).sqrt() if code is None else super().begin(noise, code)
        )

    def noisy(self, code: Tensor, noise: Tensor, i: int) -> Tensor:
        """Add as much noise to a code as there is before step i; none after the last."""
        return code + self.sigma[i] * noise

    def shown(self, x: Tensor, i: int) -> Tensor:
        """Return x before step i at the variance that the U-Net has learnt from."""
        return x / (self.sigma[i] ** 2 + 1).sqrt()

    def step(self, x: Tensor, noise: Tensor, i: int) -> Tensor:
        """Return x after step i, given the noise that the U-Net sees in it."""
        return x + (self.sigma[i + 1] - self.sigma[i]) * noise


# endregion


# region system
class StableDiffusion(nn.Module):
    """The three networks, and the three ways of using them."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.text, self.unet = TextEncoder(c.text), UNet(c.unet)
        self.autoencoder = Autoencoder(c.autoencoder)

    def guided(self, x: Tensor, t: int, texts: Tensor, scale: float) -> Tensor:
        """Return the noise in x, pushed away from what the U-Net sees without the prompt.

        Args:
            x: Noisy codes (B, z, h, w).
            t: Their time.
            texts: Encoded prompts to avoid, often empty ones, then those to follow: (2B, T, d).
            scale: 1 follows the prompt alone; v1 takes 7.5.

        Source: Ho and Salimans, Classifier-Free Diffusion Guidance, 2022.
        """
        away, towards = self.unet(torch.cat((x, x)), torch.full((2 * len(x),), t), texts).chunk(2)
        return away + scale * (towards - away)

    @torch.no_grad()
    def denoise(
        self,
        x: Tensor,
        texts: Tensor,
        sampler: DDIM,
        scale: float,
        more: Tensor | None = None,
        after: Callable[[Tensor, int], Tensor] = lambda x, _: x,
    ) -> Tensor:
        """Take x, (B, z, h, w), through all steps of a sampler, and return the codes.

        Args:
            x: Where the sampler begins.
            texts: As ``guided`` takes them.
            sampler: Says which times there are, and how to get from one to the next.
            scale: Of the guidance.
            more: Channels that the U-Net is shown beside x, (B, C, h, w).
            after: What is done to x after each step, given the number of the next.
        """
        for i, t in enumerate(sampler.times):
            seen = sampler.shown(x, i).to(x)
            seen = seen if more is None else torch.cat((seen, more), dim=1)
            x = after(sampler.step(x, self.guided(seen, t, texts, scale), i).to(x), i + 1)
        return x

    @torch.no_grad()
    def text_to_image(
        self, tokens: Tensor, noise: Tensor, sampler: DDIM, scale: float = 7.5
    ) -> Tensor:
        """Return pictures (B, C, H, W) of prompts: tokens (2B, T), the empty ones first."""
        x = sampler.begin(noise).to(noise)
        return self.autoencoder.decode(self.denoise(x, self.text(tokens), sampler, scale))

    @torch.no_grad()
    def image_to_image(
        self,
        picture: Tensor,
        tokens: Tensor,
        noise: tuple[Tensor, Tensor],
        sampler: DDIM,
        scale: float = 7.5,
    ) -> Tensor:
        """Change pictures (B, C, H, W); the sampler's strength says how much of them is lost.

        The noise is that of the code and that of the diffusion, both (B, z, h, w).
        """
        x = sampler.begin(noise[1], self.autoencoder.encode(picture, noise[0])).to(picture)
        return self.autoencoder.decode(self.denoise(x, self.text(tokens), sampler, scale))

    @torch.no_grad()
    def inpaint(
        self,
        picture: Tensor,
        mask: Tensor,
        tokens: Tensor,
        noise: tuple[Tensor, Tensor],
        sampler: DDIM,
        scale: float = 7.5,
    ) -> Tensor:
        """Paint anew where the mask, (B, 1, H, W), is 1, from pure noise.

        A U-Net for codes alone is led: after each step, what is known is put back with the noise of
        that step. One with 5 more channels is shown the mask and the code of the known part.
        """
        small = F.interpolate(mask, size=noise[0].shape[2:])
        x, texts = sampler.begin(noise[1]).to(picture), self.text(tokens)
        if self.unet.first.in_channels > noise[0].shape[1]:
            known = self.autoencoder.encode(picture * (mask < 0.5), noise[0])
            more = torch.cat((small, known), dim=1)
            code = self.denoise(x, texts, sampler, scale, more)
        else:
            known = self.autoencoder.encode(picture, noise[0])

            def put_back(x: Tensor, i: int) -> Tensor:
                return small * x + (1 - small) * sampler.noisy(known, noise[1], i).to(x)

            code = self.denoise(x, texts, sampler, scale, after=put_back)
        return self.autoencoder.decode(code)


# endregion


# region weights
# What the diffusers and transformers libraries call the parts, and what they are called here.
NAMES = (
    (r"^text_model\.", ""), (r"^(encoder\.)?layers\.", "blocks."),
    (r"embeddings\.(token|position)_embedding", r"\1"), (r"^position\.", "place."),
    (r"self_attn\.([qkv])_proj", r"\1"), (r"self_attn\.out_proj", "output"),
    (r"layer_norm", "norm"), (r"mlp\.fc1", "up"), (r"mlp\.fc2", "down"),
    (r"final_norm|conv_norm_out", "norm"),
    (r"conv_in\.", "first."), (r"conv_out\.", "last."), (r"time_embedding\.linear_1", "time.0"),
    (r"time_embedding\.linear_2", "time.2"), (r"time_emb_proj", "time"),
    (r"(down|up)_blocks\.", r"\1."), (r"mid_block\.", "middle."), (r"resnets", "residuals"),
    (r"(down|up)samplers\.0\.", "resize."), (r"conv_shortcut", "skip"),
    (r"transformer_blocks\.0\.", ""), (r"attn1\.", "own."), (r"attn2\.", "cross."),
    (r"to_out\.0|proj_attn", "output"), (r"to_([qkv])", r"\1"), (r"group_norm", "norm"),
    (r"\.q\.", ".query."), (r"\.k\.", ".key."), (r"\.v\.", ".value."),
    (r"ff\.net\.0\.proj", "up"), (r"ff\.net\.2", "down"), (r"proj_in", "enter"),
    (r"proj_out", "leave"), (r"^quant_conv", "moments"), (r"^post_quant_conv", "enter"),
)  # fmt: skip


def our_name(theirs: str) -> str:
    """Return what a weight of a checkpoint is called here."""
    for pattern, name in NAMES:
        theirs = re.sub(pattern, name, theirs)
    return theirs


def read_weights(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield name and weight of each entry of the one file of weights in a folder.

    A ``.safetensors`` file is a length, a header in JSON, and the bytes that it points into; a
    ``.bin`` is read by ``torch.load``, weights only.
    """
    kinds = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64}
    names = ("diffusion_pytorch_model.safetensors", "model.safetensors")
    found = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        files = sorted(folder.glob("*pytorch_model.bin"))
        if not files:
            raise SystemExit(
                f"{folder}: no weights. Name the folder that holds unet/, vae/ and so on."
            )
        yield from torch.load(files[0], map_location="cpu", weights_only=True).items()
        return
    with found[0].open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        start = opened.tell()
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            opened.seek(start + first)
            data = torch.frombuffer(bytearray(opened.read(last - first)), dtype=torch.uint8)
            yield name, data.view(kinds[entry["dtype"]]).reshape(entry["shape"])


@torch.no_grad()
def load(model: StableDiffusion, folder: Path) -> None:
    """Copy a public checkpoint in the layout of the diffusers library into a model.

    Raises:
        SystemExit: The folder holds another model's weights, or not all of this one's.
    """
    parts = {"text_encoder": model.text, "unet": model.unet, "vae": model.autoencoder}
    for name, part in parts.items():
        missing = dict(part.named_parameters())
        for theirs, weight in read_weights(folder / name):
            if not theirs.endswith("position_ids"):  # numbers from 0 on, not learnt
                try:
                    missing.pop(our_name(theirs)).copy_(weight)
                except (KeyError, RuntimeError):
                    raise SystemExit(f"{folder / name}: '{theirs}' does not fit v1.") from None
        if missing:
            raise SystemExit(f"{folder / name}: '{min(missing)}' is missing.")


class Tokenizer:
    """CLIP's: bytes as letters, joined pair by pair in the order in which pairs were learnt."""

    def __init__(self, folder: Path) -> None:
        """Read ``vocab.json`` and ``merges.txt``."""
        self.vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
        self.rank = {tuple(line.split()): i for i, line in enumerate(lines) if line.strip()}
        self.letter = self.letters()

    @staticmethod
    def letters() -> dict[int, str]:
        """Return the letter that stands for each byte: itself where it can be printed."""
        plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
        rest = [b for b in range(256) if b not in plain]
        return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}

    def pieces(self, word: str) -> list[str]:
        """Split a word into pieces of the vocabulary."""
        parts = [self.letter[b] for b in word.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            rank, i = min((self.rank.get(p, math.inf), i) for i, p in enumerate(pairwise(parts)))
            if rank == math.inf:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        return parts

    def __call__(self, prompt: str, places: int = 77) -> list[int]:
        """Return a prompt's tokens: a start, what fits of it, and ends up to the last place."""
        words = re.findall(r"'(?:[stmd]|re|ve|ll)|[^\W\d_]+|\d|(?:[^\s\w]|_)+", prompt.lower())
        tokens = [self.vocabulary[piece] for word in words for piece in self.pieces(word)]
        start, end = self.vocabulary["<|startoftext|>"], self.vocabulary["<|endoftext|>"]
        tokens = [start, *tokens[: places - 2]]
        return tokens + [end] * (places - len(tokens))


# endregion


# region training
DIGITS = Path(__file__).parent.parent / "digits.txt"
HELD_OUT = 297  # the last of the 1,797 digits
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = ("start", "end", "a", "thin", "bold", *NUMBERS)
SMALL = Config(
    TextConfig(vocabulary=len(WORDS), places=5, width=32, heads=4, layers=1),
    AutoencoderConfig(channels=1, width=8, factors=(1, 2), blocks=1, latent=2, groups=4),
    UNetConfig(
        inputs=2, outputs=2, width=24, factors=(1, 2), attention=(False, True), blocks=1, heads=4,
        text=32, groups=8,
    ),
)  # fmt: skip


def digits() -> tuple[Tensor, Tensor]:
    """Return pictures (1797, 1, 8, 8), from paper, -1, to ink, 1, and which digit each is."""
    text = DIGITS.read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line[0] != "#"]
    values = torch.tensor([[int(v, 17) for v in pixels] for _, pixels in lines])
    return values.view(-1, 1, 8, 8) / 8 - 1, torch.tensor([int(digit) for digit, _ in lines])


def tokens_of(*prompts: str) -> Tensor:
    """Return the tokens of prompts, (B, 5): a start, the words, ends up to the last place."""
    rows = (["start", *prompt.split(), *["end"] * 4][:5] for prompt in prompts)
    return torch.tensor([[WORDS.index(word) for word in row] for row in rows])


def learner(parts: list[nn.Module], rate: float, steps: int) -> Callable[[Tensor], None]:
    """Return what takes a loss and improves the parts; the rate rises, then falls to nothing."""
    adam = torch.optim.AdamW([w for part in parts for w in part.parameters()], rate)
    rates = torch.optim.lr_scheduler.OneCycleLR(adam, rate, steps)

    def learn(loss: Tensor) -> None:
        loss.backward()
        adam.step()
        adam.zero_grad()
        rates.step()

    return learn


def train_judge(x: Tensor, digit: Tensor, steps: int = 250) -> nn.Module:
    """Learn to read digits: the judge of what is drawn."""
    judge = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    learn = learner([judge], 1e-2, steps)
    for _ in range(steps):
        i = torch.randint(len(x), (100,))
        learn(F.cross_entropy(judge(x[i] + 0.3 * torch.randn_like(x[i])), digit[i]))
    return judge


def train_autoencoder(model: Autoencoder, x: Tensor, steps: int) -> None:
    """Learn to restore pictures, with a slight pull of their codes to a normal distribution."""
    learn = learner([model], 5e-3, steps)
    for _ in range(steps):
        batch = x[torch.randint(len(x), (64,))]
        mean, log_var = model.gaussian(batch)
        restored = model.decode(model.encode(batch, torch.randn_like(mean)))
        kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean()
        learn(F.mse_loss(restored, batch) + 1e-3 * kl)
    with torch.no_grad():
        model.scale /= float(model.encode(x, torch.zeros(len(x), *mean.shape[1:])).std())


def loss(model: StableDiffusion, code: Tensor, tokens: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """Return how far the U-Net's guess is from the noise that was mixed into codes (B, z, h, w)."""
    share = left()[t, None, None, None].to(code)
    noisy = share.sqrt() * code + (1 - share).sqrt() * noise
    return F.mse_loss(model.unet(noisy, t, model.text(tokens)), noise)


def with_empty(prompts: Sequence[str]) -> Tensor:
    """Return the tokens of as many empty prompts, then of the prompts: (2B, 5)."""
    return torch.cat((tokens_of(*[""] * len(prompts)), tokens_of(*prompts)))


def train(seed: int, steps: int, every: int = 100) -> Iterator[tuple[int, StableDiffusion, float]]:
    """Learn to draw digits; yields step, model, and the share of 100 that are drawn as asked.

    The judge and the autoencoder learn first; then the U-Net and the text encoder, together.
    """
    torch.manual_seed(seed)
    model, (x, digit) = StableDiffusion(SMALL), digits()
    x, digit = x[:-HELD_OUT], digit[:-HELD_OUT]
    judge = train_judge(x, digit)
    train_autoencoder(model.autoencoder, x, 100)
    ink = x.sum(dim=(1, 2, 3))
    middle = torch.stack([ink[digit == d].median() for d in range(10)])
    kinds = ["bold" if bold else "thin" for bold in ink > middle[digit]]
    plain = tokens_of(*(f"a {NUMBERS[d]}" for d in digit))
    full = tokens_of(*(f"a {kind} {NUMBERS[d]}" for kind, d in zip(kinds, digit, strict=True)))
    learn = learner([model.unet, model.text], 4e-3, steps)
    asked = torch.arange(100) % 10
    test = torch.randn(100, 2, 4, 4, generator=torch.Generator().manual_seed(seed))
    for step in range(1, steps + 1):
        i, t = torch.randint(len(x), (64,)), torch.randint(STEPS, (64,))
        # Half the prompts name the stroke; one in ten is empty, for the guidance.
        tokens = torch.where(torch.rand(64, 1) < 0.5, plain[i], full[i])
        tokens = torch.where(torch.rand(64, 1) < 0.1, tokens_of(""), tokens)
        with torch.no_grad():
            code = model.autoencoder.encode(x[i], torch.randn(64, 2, 4, 4))
        learn(loss(model, code, tokens, t, torch.randn_like(code)))
        if step % every == 0 or step == steps:
            tokens = with_empty([f"a {NUMBERS[d]}" for d in asked])
            drawn = model.text_to_image(tokens, test, PNDM(10), scale=3.0)
            yield step, model, float((judge(drawn).argmax(dim=1) == asked).float().mean())


# endregion


# region example
def shown(x: Tensor) -> str:
    """Write pictures (B, 1, 8, 8) side by side; each character stands for two pixels."""
    rows = (x[:, 0] > 0).int().transpose(0, 1).tolist()  # row, picture, column
    return "\n".join(
        "  ".join(
            "".join(" ▀▄█"[a + 2 * b] for a, b in zip(*both, strict=True))
            for both in zip(upper, lower, strict=True)
        ).rstrip()
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def example() -> None:
    """Count v1, learn to draw digits, and use all three paths and samplers."""
    with torch.device("meta"):
        model = StableDiffusion(V1)
    for name, part in (
        ("U-Net", model.unet),
        ("autoencoder", model.autoencoder),
        ("text encoder", model.text),
        ("together", model),
    ):
        print(f"v1, {name}: {sum(p.numel() for p in part.parameters()):,} parameters")
    for step, model, share in train(seed=0, steps=200):  # noqa: B007
        print(f"step {step}  {share:.0%} of 100 digits drawn as asked")
    prompts = [f"a {kind}{number}" for kind in ("thin ", "bold ") for number in ("two", "seven")]
    noise = torch.randn(4, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    for sampler in (PNDM(20), DDIM(20), Euler(20)):
        print(f"{', '.join(prompts)}: {type(sampler).__name__}, 20 steps")
        print(shown(model.text_to_image(with_empty(prompts), noise, sampler, scale=3.0)))
    unseen, digit = digits()[0][-4:], [NUMBERS[d] for d in digits()[1][-4:]]
    print(f"held out: {', '.join(digit)}\n{shown(unseen)}")
    tokens = with_empty(["a bold three"] * 4)
    print("image to image, strength 0.7: a bold three")
    print(shown(model.image_to_image(unseen, tokens, (noise, noise), DDIM(20, 0.7), scale=3.0)))
    mask = torch.zeros(4, 1, 8, 8)
    mask[:, :, 4:] = 1
    print("lower half painted anew, each as the digit that it was")
    tokens = with_empty([f"a {number}" for number in digit])
    print(shown(model.inpaint(unseen, mask, tokens, (noise, noise), PNDM(20), scale=3.0)))


def main() -> None:
    """Run the example; or load public weights, and draw a prompt into ``picture.ppm``."""
    parser = argparse.ArgumentParser(description="Stable Diffusion v1.")
    parser.add_argument("--weights", type=Path, help="a folder with unet/, vae/, text_encoder/")
    parser.add_argument("--prompt", default="a red boat on a lake")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if not given.weights:
        example()
        return
    model = StableDiffusion(V1)
    load(model, given.weights)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters loaded")
    tokenizer = Tokenizer(given.weights / "tokenizer")
    tokens = torch.tensor([tokenizer(""), tokenizer(given.prompt)])
    noise = torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(given.seed))
    x = model.text_to_image(tokens, noise, PNDM(given.steps))[0]
    pixels = ((x / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    Path("picture.ppm").write_bytes(b"P6 512 512 255\n" + bytes(pixels.flatten().tolist()))


if __name__ == "__main__":
    main()
# endregion

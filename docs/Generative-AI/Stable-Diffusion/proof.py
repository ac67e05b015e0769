# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How stable_diffusion.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import (
    Equality,
    Figure,
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
from zooniverse.proofs.pairing import share_weights

VOCABULARY, PLACES, TEXT = 31, 9, 24
STEPS = 200  # of the small run


def tiny(model: Any, inputs: int = 3, blocks: int = 2) -> Any:
    """Return a configuration that is quick to compare, with codes of 3 channels."""
    return model.Config(
        model.TextConfig(VOCABULARY, PLACES, TEXT, heads=3, layers=2),
        model.AutoencoderConfig(2, 8, (1, 2), blocks=blocks, latent=3, groups=4, scale=0.7),
        model.UNetConfig(
            inputs, 3, 16, (1, 2), (True, False), blocks=blocks, heads=4, text=TEXT, groups=4
        ),
    )


# --- references ---------------------------------------------------------------------------------


def reference_text(**changes: Any) -> Any:
    """Build the library's text encoder, by default as small as ours."""
    from transformers import CLIPTextConfig, CLIPTextModel

    settings = {
        "vocab_size": VOCABULARY, "max_position_embeddings": PLACES, "hidden_size": TEXT,
        "intermediate_size": 4 * TEXT, "num_hidden_layers": 2, "num_attention_heads": 3,
    }  # fmt: skip
    return CLIPTextModel(CLIPTextConfig(**{**settings, **changes}))


def reference_unet(**changes: Any) -> Any:
    """Build the library's U-Net, by default as small as ours."""
    from diffusers import UNet2DConditionModel

    settings = {
        "in_channels": 3, "out_channels": 3, "block_out_channels": (16, 32),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 2, "cross_attention_dim": TEXT, "attention_head_dim": 4,
        "norm_num_groups": 4,
    }  # fmt: skip
    return UNet2DConditionModel(**{**settings, **changes})


def reference_autoencoder(**changes: Any) -> Any:
    """Build the library's autoencoder, by default as small as ours."""
    from diffusers import AutoencoderKL

    settings = {
        "in_channels": 2, "out_channels": 2, "block_out_channels": (8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2, "layers_per_block": 2, "latent_channels": 3,
        "norm_num_groups": 4,
    }  # fmt: skip
    return AutoencoderKL(**{**settings, **changes})


V1_TEXT = {
    "vocab_size": 49408, "max_position_embeddings": 77, "hidden_size": 768,
    "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
}  # fmt: skip
V1_UNET = {
    "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "layers_per_block": 2, "cross_attention_dim": 768, "attention_head_dim": 8,
    "norm_num_groups": 32,
}  # fmt: skip
V1_AUTOENCODER = {
    "in_channels": 3, "out_channels": 3, "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2, "latent_channels": 4, "norm_num_groups": 32,
}  # fmt: skip


class Wave(nn.Module):
    """The reference's sines and cosines of the time, which it computes in float32, in float64."""

    def forward(self, t: Tensor) -> Tensor:
        rate = torch.tensor([10000.0 ** (-i / 8) for i in range(8)])
        angle = t[:, None] * rate
        return torch.cat((torch.cos(angle), torch.sin(angle)), dim=1)


def in_float64(unet: Any) -> Any:
    """Put float64 in the place of the only part of the reference that is float32 always."""
    unet.time_proj = Wave()  # of 16 numbers, the width of the first level
    return unet


def links(model: Any, library: Any) -> list[Link]:
    """Return which parameter is which, by the map with which public weights are loaded."""
    return [Link(model.our_name(name), name) for name, _ in library.named_parameters()]


# --- equalities: the three networks -------------------------------------------------------------


def text_encoder(model: Any) -> Pair:
    """All vectors of three prompts."""
    ours, library = model.TextEncoder(tiny(model).text), reference_text()
    tokens, weights = torch.randint(VOCABULARY, (3, 7)), torch.randn(3, 7, TEXT)

    def results(y: Tensor) -> dict[str, Tensor]:
        return {"vectors": y, "loss": (y * weights).sum() / 20}

    return Pair(
        ours,
        library,
        lambda: results(ours(tokens)),
        lambda: results(library(tokens).last_hidden_state),
        links(model, library),
    )


def autoencoder(model: Any) -> Pair:
    """Mean, log variance and restored picture, with the loss of a VAE."""
    ours, library = model.Autoencoder(tiny(model).autoencoder), reference_autoencoder()
    x, noise = torch.randn(2, 2, 8, 12), torch.randn(2, 3, 4, 6)

    def results(mean: Tensor, log_var: Tensor, picture: Tensor) -> dict[str, Tensor]:
        kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
        loss = (F.mse_loss(picture, x, reduction="sum") + kl) / 50
        return {"mean": mean, "log variance": log_var, "picture": picture, "loss": loss}

    def run_ours() -> dict[str, Tensor]:
        mean, log_var = ours.gaussian(x)
        return results(mean, log_var, ours.decode(ours.encode(x, noise)))

    def run_reference() -> dict[str, Tensor]:
        code = library.encode(x).latent_dist
        picture = library.decode(code.mean + code.std * noise).sample
        return results(code.mean, code.logvar, picture)

    return Pair(ours, library, run_ours, run_reference, links(model, library))


def text_encoder_in_full(model: Any) -> Values:
    """All vectors of a prompt of 77 tokens, at the size of v1; no gradients, for memory's sake."""
    with torch.no_grad():
        with torch.device("meta"):
            ours, library = model.TextEncoder(model.V1.text), reference_text(**V1_TEXT)
        ours.double().to_empty(device="cpu")
        library.embeddings.position_ids = torch.arange(77)[None]
        ours_by_name, shared = dict(ours.named_parameters()), {}
        for link in links(model, library):
            weights = ours_by_name[link.ours]
            weights.copy_(torch.randn(weights.shape, dtype=torch.float32))
            if weights.dim() > 1:
                weights /= weights.shape[1] ** 0.5
            shared[link.reference] = weights
        # Random numbers of float32, in memory that both sides share, take half the time.
        library.load_state_dict(shared, strict=True, assign=True)
        tokens = torch.randint(49408, (1, 77))
        return Values({"vectors": ours(tokens)}, {"vectors": library(tokens).last_hidden_state})


def unet_pair(model: Any, ours: Any, library: Any) -> Pair:
    """The noise in three codes at three times, of other height than width."""
    x, text = torch.randn(3, 3, 4, 6), torch.randn(3, 7, TEXT)
    t, noise = torch.tensor([0, 421, 999]), torch.randn(3, 3, 4, 6)

    def results(y: Tensor) -> dict[str, Tensor]:
        return {"noise": y, "loss": F.mse_loss(y, noise, reduction="sum")}

    return Pair(
        ours,
        library,
        lambda: results(ours(x, t, text)),
        lambda: results(library(x, t, text).sample),
        links(model, library),
    )


def unet(model: Any) -> Pair:
    """The U-Net in float64 throughout."""
    return unet_pair(model, model.UNet(tiny(model).unet), in_float64(reference_unet()))


def unet_as_it_is(model: Any) -> Pair:
    """The U-Net against the library's class without any change."""
    return unet_pair(model, model.UNet(tiny(model).unet), reference_unet())


# --- equalities: samplers and system ------------------------------------------------------------

SAMPLERS = ("DDIM", "PNDM", "Euler")


def reference_sampler(name: str, steps: int, exactly: bool = True) -> Any:
    """Build the library's scheduler with v1's settings, its tables in float64 if wanted."""
    from diffusers import DDIMScheduler, EulerDiscreteScheduler, PNDMScheduler

    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "DDIM": (DDIMScheduler, {"set_alpha_to_one": False, "clip_sample": False}),
        "PNDM": (PNDMScheduler, {"set_alpha_to_one": False, "skip_prk_steps": True}),
        "Euler": (EulerDiscreteScheduler, {"timestep_spacing": "leading"}),
    }
    kind, settings = kinds[name]
    made = kind(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012,
        beta_schedule="scaled_linear", steps_offset=1, **settings,
    )  # fmt: skip
    made.set_timesteps(steps)
    if exactly:
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        left = torch.cumprod(1 - betas, dim=0)
        made.alphas_cumprod = left
        if name == "Euler":
            left = left[made.timesteps.long()]
            made.sigmas = torch.cat((((1 - left) / left) ** 0.5, torch.zeros(1)))
        else:
            made.final_alpha_cumprod = left[0]
    return made


def step(scheduler: Any, noise: Tensor, t: Tensor, x: Tensor) -> Tensor:
    """Take a step of the library, with float64 where Euler's method rounds x to float32."""
    with mock.patch.object(torch, "float32", torch.float64):
        result: Tensor = scheduler.step(noise, t, x).prev_sample
    return result


def steps_of(model: Any, exactly: bool) -> Values:
    """Samplers step by step, with a made-up network, for 4, 20 and 50 steps."""
    ours, theirs = {}, {}
    for name in SAMPLERS:
        for steps in (4, 20, 50):
            sampler, scheduler = (
                getattr(model, name)(steps),
                reference_sampler(name, steps, exactly),
            )
            noise, code = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2)
            x, y = sampler.begin(noise), noise * scheduler.init_noise_sigma
            for i, t in enumerate(scheduler.timesteps):
                e = torch.sin(sampler.shown(x, i) + sampler.times[i])
                x = sampler.step(x, e, i)
                e = torch.sin(scheduler.scale_model_input(y, t) + t)
                y = step(scheduler, e, t, y) if exactly else scheduler.step(e, t, y).prev_sample
            key = f"{name} {steps}"
            ours[key], theirs[key] = x, y
            ours[f"{key} times"] = torch.tensor(sampler.times)
            theirs[f"{key} times"] = scheduler.timesteps
            middle = steps // 2
            ours[f"{key} noisy"] = sampler.noisy(code, noise, middle)
            theirs[f"{key} noisy"] = scheduler.add_noise(
                code, noise, scheduler.timesteps[middle : middle + 1]
            )
    return Values(ours, theirs)


def samplers(model: Any) -> Values:
    """All three samplers in float64 throughout."""
    return steps_of(model, exactly=True)


def samplers_as_they_are(model: Any) -> Values:
    """All three samplers against the library's classes without any change."""
    return steps_of(model, exactly=False)


def system(model: Any, inputs: int = 3) -> tuple[Any, Any, Any, Any]:
    """Return our system and the library's three parts with the same random weights.

    A level has one block, for speed: parts of two are compared on their own.
    """
    ours = model.StableDiffusion(tiny(model, inputs, blocks=1)).requires_grad_(False)
    parts = (
        reference_text(),
        in_float64(reference_unet(in_channels=inputs, layers_per_block=1)),
        reference_autoencoder(layers_per_block=1),
    )
    for mine, library in zip((ours.text, ours.unet, ours.autoencoder), parts, strict=True):
        library.requires_grad_(False)
        names = links(model, library)
        share_weights(Pair(mine, library, dict, dict, names), names)
    return ours, *parts


def coded(autoencoder: Any, picture: Tensor, noise: Tensor) -> Tensor:
    """Draw a code from the library's autoencoder."""
    code = autoencoder.encode(picture).latent_dist
    return 0.7 * (code.mean + code.std * noise)


def loop(
    unet: Any,
    texts: Tensor,
    x: Tensor,
    scheduler: Any,
    scale: float,
    more: Sequence[Tensor] = (),
    after: Callable[[Tensor, int], Tensor] = lambda x, _: x,
    start: int = 0,
) -> Tensor:
    """Denoise with the library's parts, one call of the U-Net for each half of the guidance."""
    away, towards = texts.chunk(2)
    times = scheduler.timesteps[start:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start)
    for i, t in enumerate(times):
        seen = torch.cat((scheduler.scale_model_input(x, t), *more), dim=1)
        without, given = unet(seen, t, away).sample, unet(seen, t, towards).sample
        x = after(step(scheduler, without + scale * (given - without), t, x), i + 1)
    return x


def prompts() -> Tensor:
    """Return tokens of two prompts to avoid and two to follow."""
    return torch.randint(VOCABULARY, (4, 7))


def text_to_image(model: Any) -> Values:
    """Pictures of two prompts, from the same noise, with each sampler."""
    ours, text, unet, autoencoder = system(model)
    tokens, noise = prompts(), torch.randn(2, 3, 4, 6)
    texts = text(tokens).last_hidden_state
    drawn, theirs = {}, {}
    for name in SAMPLERS:
        drawn[name] = ours.text_to_image(tokens, noise, getattr(model, name)(4), scale=2.5)
        scheduler = reference_sampler(name, 4)
        x = loop(unet, texts, noise * scheduler.init_noise_sigma, scheduler, 2.5)
        theirs[name] = autoencoder.decode(x / 0.7).sample
    return Values(drawn, theirs)


def image_to_image(model: Any) -> Values:
    """Changed pictures, from the same picture and noise; the last 60 % of 5 steps."""
    ours, text, unet, autoencoder = system(model)
    tokens, picture = prompts(), torch.randn(2, 2, 8, 12)
    noise = torch.randn(2, 3, 4, 6), torch.randn(2, 3, 4, 6)
    texts = text(tokens).last_hidden_state
    drawn, theirs = {}, {}
    for name in ("DDIM", "Euler"):
        sampler = getattr(model, name)(5, strength=0.6)
        drawn[name] = ours.image_to_image(picture, tokens, noise, sampler, scale=2.5)
        scheduler = reference_sampler(name, 5)
        code = coded(autoencoder, picture, noise[0])
        x = scheduler.add_noise(code, noise[1], scheduler.timesteps[2:3])
        x = loop(unet, texts, x, scheduler, 2.5, start=2)
        theirs[name] = autoencoder.decode(x / 0.7).sample
    return Values(drawn, theirs)


def inpainting(model: Any) -> Values:
    """Pictures whose left part is painted anew, by each way, with each sampler."""
    drawn, theirs = {}, {}
    tokens, picture = prompts(), torch.randn(2, 2, 8, 12)
    noise = torch.randn(2, 3, 4, 6), torch.randn(2, 3, 4, 6)
    mask = torch.zeros(2, 1, 8, 12)
    mask[..., :6] = 1
    small = F.interpolate(mask, size=(4, 6))
    for inputs in (3, 7):
        ours, text, unet, autoencoder = system(model, inputs)
        texts = text(tokens).last_hidden_state
        for name in SAMPLERS:
            sampler, scheduler = getattr(model, name)(3), reference_sampler(name, 3)
            key = f"{name}, {inputs} channels"
            drawn[key] = ours.inpaint(picture, mask, tokens, noise, sampler, scale=2.5)
            x = noise[1] * scheduler.init_noise_sigma
            if inputs == 7:
                hidden = torch.where(mask < 0.5, picture, torch.zeros(()))
                more = small, coded(autoencoder, hidden, noise[0])
                x = loop(unet, texts, x, scheduler, 2.5, more)
            else:
                known = coded(autoencoder, picture, noise[0])

                def blend(
                    x: Tensor, i: int, scheduler: Any = scheduler, known: Tensor = known
                ) -> Tensor:
                    proper = known
                    if i < len(scheduler.timesteps):
                        t = scheduler.timesteps[i : i + 1]
                        proper = scheduler.add_noise(known, noise[1], t)
                    return (1 - small) * proper + small * x

                x = loop(unet, texts, x, scheduler, 2.5, after=blend)
            theirs[key] = autoencoder.decode(x / 0.7).sample
    return Values(drawn, theirs)


# --- invariants ---------------------------------------------------------------------------------


def text_reads_forwards(model: Any) -> None:
    """A token changes no vector before it, and every vector from it on."""
    ours, given = model.TextEncoder(tiny(model).text), torch.randint(VOCABULARY, (1, 8))
    other = given.clone()
    other[0, 5] = (given[0, 5] + 1) % VOCABULARY
    changed = (ours(given) != ours(other)).any(dim=-1)[0]
    assert changed.tolist() == [False] * 5 + [True] * 3, changed.tolist()


def known_noise_leads_to_the_code(model: Any) -> None:
    """Told the true noise, every sampler ends at the code, but for the noise of the first step."""
    code, noise = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    left = model.left()
    for name in SAMPLERS:
        for strength in (1.0, 0.5):
            sampler = getattr(model, name)(10, strength)
            x = sampler.begin(noise, code)
            for i in range(len(sampler.times)):
                x = sampler.step(x, noise, i)
            end = code
            if name != "Euler":
                end = left[0] ** 0.5 * code + (1 - left[0]) ** 0.5 * noise
            assert float((x - end).abs().max()) < 1e-9, (name, strength)


def more_steps_come_closer(model: Any) -> None:
    """For normal codes, whose noise is known exactly, errors fall with the steps, PNDM's first."""
    left, deviation = model.left(), 0.5
    start = torch.randn(64)

    def error(name: str, steps: int) -> float:
        sampler = getattr(model, name)(steps)
        x = sampler.begin(start)
        for i, t in enumerate(sampler.times):
            a = left[t]
            variance = a * deviation**2 + 1 - a
            x = sampler.step(x, (1 - a).sqrt() * sampler.shown(x, i) / variance, i)
        a, b = left[sampler.times[0]], torch.ones(()) if name == "Euler" else left[0]
        stretch = ((b * deviation**2 + 1 - b) / (a * deviation**2 + 1 - a)).sqrt()
        return float((x - start * stretch).abs().max())

    errors = {name: [error(name, steps) for steps in (10, 20, 50)] for name in SAMPLERS}
    for name, (ten, twenty, fifty) in errors.items():
        assert ten > twenty > fifty, (name, errors[name])
    assert errors["PNDM"][1] < 0.5 * errors["DDIM"][1], errors


def guidance_of_one_is_the_prompt(model: Any) -> None:
    """Scale 1 follows the prompt alone, scale 0 the prompt to avoid; others lie on their line."""
    ours = model.StableDiffusion(tiny(model)).requires_grad_(False)
    x, texts, t = torch.randn(2, 3, 4, 4), torch.randn(4, 7, TEXT), 300
    away = ours.unet(x, torch.full((2,), t), texts[:2])
    towards = ours.unet(x, torch.full((2,), t), texts[2:])
    for scale in (0.0, 1.0, 7.5):
        apart = ours.guided(x, t, texts, scale) - (away + scale * (towards - away))
        assert float(apart.abs().max()) < 1e-12, scale


def what_is_known_stays(model: Any) -> None:
    """After inpainting, the code outside the mask is the picture's; inside, it is not."""
    ours = model.StableDiffusion(tiny(model)).requires_grad_(False)
    picture, mask = torch.randn(1, 2, 8, 8), torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    noise = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    codes: list[Tensor] = []
    ours.autoencoder.decode = codes.append
    for name in SAMPLERS:
        ours.inpaint(
            picture, mask, torch.randint(VOCABULARY, (2, 5)), noise, getattr(model, name)(4)
        )
        apart = (codes[-1] - ours.autoencoder.encode(picture, noise[0])).abs()
        assert float(apart[..., 2:].max()) < 1e-12, name
        assert float(apart[..., :2].max()) > 1e-3, name


def no_strength_changes_nothing(model: Any) -> None:
    """With strength 0, image-to-image is the autoencoder alone; with 1, it begins at noise."""
    ours = model.StableDiffusion(tiny(model)).requires_grad_(False)
    picture, tokens = torch.randn(1, 2, 8, 8), torch.randint(VOCABULARY, (2, 5))
    noise = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    restored = ours.autoencoder.decode(ours.autoencoder.encode(picture, noise[0]))
    for name in SAMPLERS:
        same = ours.image_to_image(picture, tokens, noise, getattr(model, name)(5, 0.0))
        assert float((same - restored).abs().max()) < 1e-12, name
        sampler = getattr(model, name)(50)
        code = torch.zeros(1, 3, 4, 4)
        ratio = sampler.shown(sampler.begin(noise[1], code), 0) / noise[1]
        assert 0.99 < float(ratio.min()) <= float(ratio.max()) < 1, name


def v1_has_the_stated_shapes(model: Any) -> None:
    """At v1's sizes, a picture of 512 x 512 becomes a code of 4 x 64 x 64, and comes back."""
    with torch.device("meta"):
        ours = model.StableDiffusion(model.V1)
        code, _ = ours.autoencoder.gaussian(torch.empty(1, 3, 512, 512))
        text = ours.text(torch.zeros(1, 77, dtype=torch.long))
        seen = ours.unet(code, torch.zeros(1), text)
        back = ours.autoencoder.decode(seen)
    assert code.shape == seen.shape == (1, 4, 64, 64), (code.shape, seen.shape)
    assert text.shape == (1, 77, 768) and back.shape == (1, 3, 512, 512), (text.shape, back.shape)


OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint in the diffusers layout, old names or new, loads and draws the same."""
    from safetensors.torch import save_file

    ours, *parts = system(model)
    folders = ("text_encoder", "unet", "vae")
    tokens, noise = prompts(), torch.randn(2, 3, 4, 4)
    expected = ours.text_to_image(tokens, noise, model.PNDM(4), 2.5)
    ours.float()
    weights = [
        {name: w.float().contiguous() for name, w in part.state_dict().items()} for part in parts
    ]
    with tempfile.TemporaryDirectory() as name:
        for old in (False, True):
            root = Path(name) / str(old)
            for folder, part in zip(folders, weights, strict=True):
                (root / folder).mkdir(parents=True)
                kept = part
                if old and folder == "vae":
                    for new, was in OLD.items():
                        kept = {key.replace(new, was): w for key, w in kept.items()}
                if old and folder == "text_encoder":
                    kept = {f"text_model.{key}": w for key, w in kept.items()}
                    kept["text_model.embeddings.position_ids"] = torch.arange(PLACES)[None]
                if old:
                    torch.save(kept, root / folder / "pytorch_model.bin")
                else:
                    file = "model" if folder == "text_encoder" else "diffusion_pytorch_model"
                    save_file(kept, root / folder / f"{file}.safetensors")
            loaded = model.StableDiffusion(tiny(model, blocks=1)).float().requires_grad_(False)
            try:
                model.load(loaded, root)
            except SystemExit as error:
                raise AssertionError(error) from None
            drawn = loaded.double().text_to_image(tokens, noise, model.PNDM(4), 2.5)
            apart = float((drawn - expected).abs().max())
            assert apart < 1e-3, apart
        torch.save(dict(list(kept.items())[1:]), root / "vae" / "pytorch_model.bin")
        for inputs, why in ((3, "is missing"), (7, "does not fit")):
            wrong = model.StableDiffusion(tiny(model, inputs, blocks=1)).float()
            try:
                model.load(wrong, root)
            except SystemExit as error:
                assert why in str(error), error
            else:
                raise AssertionError(f"a checkpoint that {why} was taken")


def tokens_are_the_librarys(model: Any) -> None:
    """On a made-up vocabulary, prompts have the tokens that transformers.CLIPTokenizer gives."""
    from transformers import CLIPTokenizer

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        merges = ["t h", "th e</w>", "r e", "re d</w>", "b o", "a t</w>", "bo at</w>", "Ã ©"]
        letters = model.Tokenizer.letters().values()
        pieces = [*letters, *(f"{letter}</w>" for letter in letters)]
        pieces += [merge.replace(" ", "") for merge in merges]
        pieces += ["<|startoftext|>", "<|endoftext|>"]
        vocabulary = {piece: i for i, piece in enumerate(pieces)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges), encoding="utf-8")
        library = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
        ours = model.Tokenizer(folder)
        for prompt in (
            "", "a red boat", "The RED boat's 42 oars,  they're here!", "thé café_nö", "bo" * 90,
        ):  # fmt: skip
            given = library(prompt, padding="max_length", truncation=True, max_length=77).input_ids
            assert ours(prompt) == given, (prompt, ours(prompt)[:12], given[:12])


def data_are_read_and_parted(model: Any) -> None:
    """There are 1,797 digits from paper, -1, to ink, 1; a prompt has five tokens."""
    x, digit = model.digits()
    assert x.shape == (1797, 1, 8, 8) and digit.shape == (1797,), x.shape
    assert float(x.min()) == -1 and float(x.max()) == 1
    assert [int((digit == d).sum()) for d in (0, 9)] == [178, 180]
    assert model.tokens_of("a bold seven", "").tolist() == [[0, 2, 4, 12, 1], [0, 1, 1, 1, 1]]


# --- the proof ----------------------------------------------------------------------------------


@functools.cache
def trained(model: Any) -> tuple[Any, Any]:
    """Return the small system after 200 steps from seed 0, and the digits that it has not seen."""
    *_, (_, system, _) = model.train(0, STEPS)
    x, digit = model.digits()
    unseen = [int((digit[-model.HELD_OUT :] == d).nonzero()[0]) for d in range(10)]
    return system, x[-model.HELD_OUT :][unseen]


def sheet(rows: Sequence[Tensor]) -> Tensor:
    """Return rows of pictures (10, 1, 8, 8), from paper, -1, to ink, 1, black on white."""
    return 0.5 - torch.stack([row[:, 0] for row in rows]) / 2


def drawn_from_words(model: Any) -> Tensor:
    """Digits 0 to 9 from "a zero", "a thin zero", "a bold zero" and so on, from the same noise."""
    system, _ = trained(model)
    noise = torch.randn(10, 2, 4, 4)
    return sheet(
        [
            system.text_to_image(
                model.with_empty([f"a {kind}{number}" for number in model.NUMBERS]),
                noise,
                model.PNDM(20),
                scale=3.0,
            )
            for kind in ("", "thin ", "bold ")
        ]
    )


def drawn_from_pictures(model: Any) -> Tensor:
    """Unseen digits, restored, changed to the next digit, and their lower halves painted anew."""
    system, x = trained(model)
    noise = torch.randn(10, 2, 4, 4), torch.randn(10, 2, 4, 4)
    mask = torch.zeros(10, 1, 8, 8)
    mask[:, :, 4:] = 1
    following = [f"a {model.NUMBERS[(d + 1) % 10]}" for d in range(10)]
    same = [f"a {number}" for number in model.NUMBERS]
    rows = [x, system.image_to_image(x, model.with_empty(same), noise, model.DDIM(20, 0.0))]
    for strength in (0.4, 0.7):
        sampler = model.DDIM(20, strength)
        rows.append(system.image_to_image(x, model.with_empty(following), noise, sampler, 3.0))
    rows.append(system.inpaint(x, mask, model.with_empty(same), noise, model.PNDM(20), 3.0))
    return sheet(rows)


def speed(model: Any) -> Pair:
    """The U-Net at half of v1's width and without its two widest levels, on a code of 32 x 32."""
    c = model.UNetConfig(4, 4, 160, (1, 2), (True, False), blocks=2, heads=8, text=768, groups=32)
    library = reference_unet(
        in_channels=4, out_channels=4, block_out_channels=(160, 320), cross_attention_dim=768,
        attention_head_dim=8, norm_num_groups=32,
    )  # fmt: skip
    ours, x, t, text = (
        model.UNet(c),
        torch.randn(1, 4, 32, 32),
        torch.tensor([421]),
        torch.randn(1, 77, 768),
    )

    def run_ours() -> dict[str, Tensor]:
        return {"loss": ours(x, t, text).square().mean()}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": library(x, t, text).sample.square().mean()}

    return Pair(ours, library, run_ours, run_reference, links(model, library))


CARD = "Stable Diffusion's README"
CARD_AT = "https://github.com/CompVis/stable-diffusion"
UNET = {"c": 320, "i": 4, "o": 4, "d": 768}
AUTOENCODER = {"b": 128, "p": 3, "z": 4}
TEXT_ENCODER = {"e": 768, "V": 49408, "P": 77, "L": 12}
NONE = dict.fromkeys((*UNET, *AUTOENCODER, *TEXT_ENCODER), 0)


class Parts(nn.Module):
    """Some of the three networks, under the names that they have in the system."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


SIZES = (
    Size(
        "v1, U-Net",
        lambda m: Parts(unet=m.UNet(m.V1.unet)),
        {**NONE, **UNET},
        Published(860e6, 1e6, CARD, CARD_AT),
        reference=lambda: reference_unet(**V1_UNET),
    ),
    Size(
        "v1, autoencoder",
        lambda m: Parts(autoencoder=m.Autoencoder(m.V1.autoencoder)),
        {**NONE, **AUTOENCODER},
        reference=lambda: reference_autoencoder(**V1_AUTOENCODER),
    ),
    Size(
        "v1, text encoder",
        lambda m: Parts(text=m.TextEncoder(m.V1.text)),
        {**NONE, **TEXT_ENCODER},
        Published(123e6, 1e6, CARD, CARD_AT),
        reference=lambda: reference_text(**V1_TEXT),
    ),
    Size(
        "v1, whole",
        lambda m: m.StableDiffusion(m.V1),
        {**UNET, **AUTOENCODER, **TEXT_ENCODER},
        reference=lambda: Parts(
            unet=reference_unet(**V1_UNET),
            autoencoder=reference_autoencoder(**V1_AUTOENCODER),
            text=reference_text(**V1_TEXT),
        ),
    ),
    Size(
        "v1 for inpainting, U-Net",
        lambda m: Parts(unet=m.UNet(m.INPAINTING.unet)),
        {**NONE, **UNET, "i": 9},
        reference=lambda: reference_unet(**{**V1_UNET, "in_channels": 9}),
    ),
)

# Where formulas have plain numbers, they are sums over the widths of the levels, 1, 2, 4 and 4
# times the first: of products of inputs and outputs, of squares, of widths.
LEDGER = (
    Row("Text: tokens and places", r"text\.(token|place)\.weight", "V * e + P * e"),
    Row(
        "Text: attention",
        r"text\.blocks\.\d+\.(query|key|value|output)\.\w+",
        "L * (4 * e**2 + 4 * e)",
    ),
    Row("Text: feed-forward", r"text\.blocks\.\d+\.(up|down)\.\w+", "L * (8 * e**2 + 5 * e)"),
    Row("Text: norms", r"text\.(blocks\.\d+\.norm\d|norm)\.\w+", "(4 * L + 2) * e"),
    Row(
        "U-Net: first and last convolution, last norm",
        r"unet\.(first|last|norm)\.\w+",
        "9 * i * c + c + 9 * c * o + o + 2 * c",
    ),
    Row("U-Net: time", r"unet\.time\.\d\.\w+", "20 * c**2 + 8 * c"),
    Row(
        "U-Net: convolutions of 22 residual blocks",
        r"unet\..*residuals\.\d\.(conv\d|skip)\.\w+",
        "(9 * (313 + 217) + 227) * c**2 + (2 * 63 + 39) * c",
    ),
    Row("U-Net: their norms", r"unet\..*residuals\.\d\.norm\d\.\w+", "2 * (93 + 63) * c"),
    Row("U-Net: their times", r"unet\..*residuals\.\d\.time\.\w+", "4 * 63 * c**2 + 63 * c"),
    Row(
        "U-Net: self-attention of 16 transformers",
        r"unet\..*attentions\.\d\.own\.\w+\.\w+",
        "4 * 121 * c**2 + 39 * c",
    ),
    Row(
        "U-Net: cross-attention",
        r"unet\..*attentions\.\d\.cross\.\w+\.\w+",
        "2 * 121 * c**2 + 2 * 39 * c * d + 39 * c",
    ),
    Row(
        "U-Net: feed-forward",
        r"unet\..*attentions\.\d\.(up|down)\.\w+",
        "12 * 121 * c**2 + 9 * 39 * c",
    ),
    Row(
        "U-Net: ways in and out of them, and norms",
        r"unet\..*attentions\.\d\.(enter|leave|norm\d?)\.\w+",
        "2 * 121 * c**2 + (2 + 8) * 39 * c",
    ),
    Row(
        "U-Net: changes of size",
        r"unet\..*resize\.conv\.\w+",
        "9 * (21 + 36) * c**2 + (7 + 10) * c",
    ),
    Row(
        "Autoencoder: convolutions of 10 residual blocks of the encoder",
        r"autoencoder\.encoder\..*residuals\.\d\.(conv\d|skip)\.\w+",
        "(9 * (96 + 106) + 10) * b**2 + (2 * 30 + 6) * b",
    ),
    Row(
        "Autoencoder: convolutions of 14 of the decoder",
        r"autoencoder\.decoder\..*residuals\.\d\.(conv\d|skip)\.\w+",
        "(9 * (148 + 143) + 10) * b**2 + (2 * 41 + 3) * b",
    ),
    Row(
        "Autoencoder: their norms",
        r"autoencoder\..*residuals\.\d\.norm\d\.\w+",
        "2 * (27 + 30 + 44 + 41) * b",
    ),
    Row(
        "Autoencoder: attention",
        r"autoencoder\..*attentions\.0\..+",
        "2 * (4 * 16 * b**2 + 4 * 4 * b + 8 * b)",
    ),
    Row(
        "Autoencoder: changes of size",
        r"autoencoder\..*resize\.conv\.\w+",
        "9 * (21 + 36) * b**2 + (7 + 10) * b",
    ),
    Row(
        "Autoencoder: first and last convolutions, last norms",
        r"autoencoder\.(encoder|decoder)\.(first|last|norm)\.\w+",
        "9 * p * b + b + 8 * b + 9 * 4 * b * 2 * z + 2 * z"
        " + 9 * z * 4 * b + 4 * b + 2 * b + 9 * b * p + p",
    ),
    Row(
        "Autoencoder: ways out of and into the code",
        r"autoencoder\.(moments|enter)\.\w+",
        "4 * z**2 + 2 * z + z**2 + z",
    ),
)

PROOF = Proof(
    code="stable_diffusion.py",
    sizes=SIZES,
    ledger=LEDGER,
    equalities=(
        Equality(
            "text encoder", text_encoder, "transformers.CLIPTextModel", package="transformers"
        ),
        Equality(
            "text encoder in full",
            text_encoder_in_full,
            "transformers.CLIPTextModel at v1's size, 123,060,480 parameters",
            package="transformers",
        ),
        Equality("autoencoder", autoencoder, "diffusers.AutoencoderKL", package="diffusers"),
        Equality(
            "U-Net",
            unet,
            "diffusers.UNet2DConditionModel, with its sines of the time in float64",
            package="diffusers",
        ),
        Equality(
            "U-Net as it is",
            unet_as_it_is,
            "diffusers.UNet2DConditionModel, unchanged",
            package="diffusers",
            limit=1e-3,
            why_limit="its sines of the time are computed in float32 whatever it is given; its "
            "results differ by 1e-7, and a step of Adam makes more of the smallest gradients",
        ),
        Equality(
            "samplers",
            samplers,
            "diffusers.DDIMScheduler, PNDMScheduler and EulerDiscreteScheduler, with float64 in "
            "the place of float32",
            package="diffusers",
        ),
        Equality(
            "samplers as they are",
            samplers_as_they_are,
            "diffusers.DDIMScheduler, PNDMScheduler and EulerDiscreteScheduler, unchanged",
            package="diffusers",
            limit=1e-5,
            why_limit="their tables, and Euler's codes, are float32 whatever they are given",
        ),
        Equality(
            "text to image",
            text_to_image,
            "a loop over the library's three parts and its schedulers, all in float64",
            package="diffusers",
        ),
        Equality(
            "image to image",
            image_to_image,
            "a loop over the library's three parts, DDIMScheduler and EulerDiscreteScheduler, all "
            "in float64",
            package="diffusers",
        ),
        Equality(
            "inpainting",
            inpainting,
            "a loop over the library's three parts and its schedulers, all in float64; with the "
            "U-Net for codes alone, and with that which is shown the mask",
            package="diffusers",
        ),
    ),
    invariants=(
        text_reads_forwards,
        known_noise_leads_to_the_code,
        more_steps_come_closer,
        guidance_of_one_is_the_prompt,
        what_is_known_stays,
        no_strength_changes_nothing,
        v1_has_the_stated_shapes,
        loads_checkpoints,
        tokens_are_the_librarys,
        data_are_read_and_parted,
    ),
    mutants=(
        Mutant(
            "text reads ahead",
            "causal=True)",
            "causal=False)",
            ("text encoder", "text_reads_forwards"),
        ),
        Mutant(
            "another GELU",
            "h * torch.sigmoid(1.702 * h)",
            "F.gelu(h)",
            ("text encoder", "text encoder in full"),
        ),
        Mutant(
            "words without places",
            " + self.place.weight[: tokens.shape[1]]",
            "",
            ("text encoder",),
        ),
        Mutant("no last norm of the text", "return self.norm(x)", "return x", ("text encoder",)),
        Mutant(
            "time not activated",
            "self.time(F.silu(time))",
            "self.time(time)",
            ("U-Net", "U-Net as it is"),
        ),
        Mutant("another epsilon", "1e-5 if time else 1e-6", "1e-6 if time else 1e-5", ("U-Net",)),
        Mutant(
            "autoencoder pads on the other side",
            "Halve(outputs, (0, 1, 0, 1))",
            "Halve(outputs, (1, 0, 1, 0))",
            ("autoencoder",),
        ),
        Mutant(
            "what was put aside comes first",
            "torch.cat((x, take.pop()), dim=1)",
            "torch.cat((take.pop(), x), dim=1)",
            ("U-Net",),
        ),
        Mutant(
            "gate and value exchanged", "value, gate = self.up", "gate, value = self.up", ("U-Net",)
        ),
        Mutant("text not read", "self.norm2(y), text)", "self.norm2(y), 0 * text)", ("U-Net",)),
        Mutant(
            "sines before cosines",
            "(angle.cos(), angle.sin())",
            "(angle.sin(), angle.cos())",
            ("U-Net",),
        ),
        Mutant(
            "other frequencies",
            "math.log(10000) / half",
            "math.log(10000) / (half - 1)",
            ("U-Net",),
        ),
        Mutant(
            "pixels blended instead of repeated",
            'mode="nearest"',
            'mode="bilinear"',
            ("autoencoder", "U-Net"),
        ),
        Mutant(
            "variance taken for the deviation",
            "(0.5 * log_var).exp() * noise",
            "log_var.exp() * noise",
            ("autoencoder",),
        ),
        Mutant(
            "code not scaled back",
            "self.enter(code / self.scale)",
            "self.enter(code)",
            ("autoencoder", "text to image"),
        ),
        Mutant(
            "another schedule of noise",
            "0.00085**0.5, 0.012**0.5, STEPS",
            "0.0001**0.5, 0.02**0.5, STEPS",
            ("samplers", "samplers as they are"),
        ),
        Mutant(
            "times from 0",
            "[1 + i * self.gap",
            "[i * self.gap",
            ("samplers", "samplers as they are"),
        ),
        Mutant(
            "last step to no noise at all",
            "return self.left[max(t, 0)]",
            "return self.left[t] if t >= 0 else self.left.new_ones(())",
            ("samplers", "known_noise_leads_to_the_code"),
        ),
        Mutant(
            "noise scaled by its variance",
            "(x - (1 - now).sqrt() * noise)",
            "(x - (1 - now) * noise)",
            ("samplers", "known_noise_leads_to_the_code"),
        ),
        Mutant(
            "wrong weight of an earlier estimate",
            "55 * e[0] - 59 * e[1]",
            "55 * e[0] - 58 * e[1]",
            ("samplers", "known_noise_leads_to_the_code", "more_steps_come_closer"),
        ),
        Mutant(
            "first step not mended by a mean",
            "(noise + self.past[0]) / 2",
            "noise",
            ("samplers",),
        ),
        Mutant(
            "U-Net shown codes of another variance",
            "return x / (self.sigma[i] ** 2 + 1).sqrt()",
            "return x",
            ("samplers", "no_strength_changes_nothing"),
        ),
        Mutant(
            "Euler begins with too little noise",
            "noise * (self.sigma[0] ** 2 + 1).sqrt()",
            "noise * self.sigma[0]",
            ("samplers",),
        ),
        Mutant(
            "guidance from the wrong end",
            "return away + scale",
            "return towards + scale",
            ("text to image", "guidance_of_one_is_the_prompt"),
        ),
        Mutant(
            "prompt and what to avoid exchanged",
            "away, towards = self.unet",
            "towards, away = self.unet",
            ("text to image", "guidance_of_one_is_the_prompt"),
        ),
        Mutant(
            "strength not heeded",
            "taken = min(int(steps * strength), steps)",
            "taken = steps",
            ("image to image", "no_strength_changes_nothing"),
        ),
        Mutant(
            "mask the other way round",
            "small * x + (1 - small) * sampler",
            "(1 - small) * x + small * sampler",
            ("inpainting", "what_is_known_stays"),
        ),
        Mutant(
            "what is known put back without noise",
            "sampler.noisy(known, noise[1], i)",
            "known",
            ("inpainting",),
        ),
        Mutant(
            "U-Net shown what it should paint",
            "picture * (mask < 0.5)",
            "picture",
            ("inpainting",),
        ),
        Mutant(
            "one level less in v1's autoencoder",
            "factors: tuple[int, ...] = (1, 2, 4, 4)  # width of each level",
            "factors: tuple[int, ...] = (1, 2, 4)  # width of each level",
            ("v1_has_the_stated_shapes",),
        ),
        Mutant("old names not known", "to_out\\.0|proj_attn", "to_out\\.0", ("loads_checkpoints",)),
        Mutant("ends of words not marked", '"</w>"', '""', ("tokens_are_the_librarys",)),
        Mutant(
            "long prompts cut too late",
            "tokens[: places - 2]",
            "tokens[: places - 1]",
            ("tokens_are_the_librarys",),
        ),
        Mutant(
            "pictures of another range",
            "values.view(-1, 1, 8, 8) / 8 - 1",
            "values.view(-1, 1, 8, 8) / 16",
            ("data_are_read_and_parted",),
        ),
    ),
    runs=(
        Run(
            "Digits from words",
            lambda model, seed, steps: ((s, share) for s, _, share in model.train(seed, steps)),
            "share of 100 digits drawn as asked, as a judge trained on real digits reads them",
            steps=STEPS,
            reach=0.7,
            short=(150, 0.2),
        ),
    ),
    figures=(
        Figure("words.png", drawn_from_words),
        Figure("pictures.png", drawn_from_pictures),
    ),
    data=("../digits.txt",),
    speed=speed,
)

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How dall_e_2.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

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

SIZE, CONTEXT, VOCABULARY, WIDTH, HEADS = 12, 7, 23, 16, 2
CLIP_SIZES = {
    "size": SIZE, "vocabulary": VOCABULARY, "context": CONTEXT, "text_width": SIZE,
    "text_layers": 2, "text_heads": 3, "pixels": 12, "channels": 3, "patch": 4,
    "image_width": 20, "image_layers": 2, "image_heads": 4,
}  # fmt: skip
PRIOR_SIZES = {"size": SIZE, "context": CONTEXT, "width": WIDTH, "layers": 2, "heads": HEADS}
DECODER_SIZES = {
    "inputs": 3, "outputs": 6, "width": 8, "multiples": (1, 2), "depth": 2, "context": 10,
    "head": 4, "groups": 4,
}  # fmt: skip
UPSAMPLER_SIZES = {
    **DECODER_SIZES, "inputs": 6, "outputs": 3, "context": 0, "scale": False,
}  # fmt: skip


def prompts(model: Any, count: int) -> tuple[Tensor, Any]:
    """Return tokens of different lengths, and a Text with random states for them."""
    end = torch.tensor([CONTEXT - 1, 2, 4, 3, 5])[:count]
    tokens = torch.randint(1, VOCABULARY - 1, (count, CONTEXT))
    tokens[torch.arange(count), end] = VOCABULARY - 1
    tokens = torch.where(torch.arange(CONTEXT) > end[:, None], 0, tokens)
    present = torch.arange(CONTEXT) <= end[:, None]
    return tokens, model.Text(torch.randn(count, CONTEXT, SIZE), torch.randn(count, SIZE), present)


# --- references ---------------------------------------------------------------------------------


def clip_configs(c: dict[str, Any]) -> tuple[Any, Any]:
    """The configurations of the library's text and image encoder for sizes of ours."""
    from transformers import CLIPTextConfig, CLIPVisionConfig

    text = CLIPTextConfig(
        vocab_size=c["vocabulary"], hidden_size=c["text_width"],
        intermediate_size=4 * c["text_width"], projection_dim=c["size"],
        num_hidden_layers=c["text_layers"], num_attention_heads=c["text_heads"],
        max_position_embeddings=c["context"], hidden_act="quick_gelu", pad_token_id=0,
        bos_token_id=1, eos_token_id=c["vocabulary"] - 1,
    )  # fmt: skip
    image = CLIPVisionConfig(
        hidden_size=c["image_width"], intermediate_size=4 * c["image_width"],
        projection_dim=c["size"], num_hidden_layers=c["image_layers"],
        num_attention_heads=c["image_heads"], num_channels=c["channels"],
        image_size=c["pixels"], patch_size=c["patch"], hidden_act="quick_gelu",
    )  # fmt: skip
    return text, image


def their_clip(c: dict[str, Any]) -> Any:
    """The library's CLIP."""
    from transformers import CLIPConfig, CLIPModel

    text, image = clip_configs(c)
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=image.to_dict(), projection_dim=c["size"]
    )
    return CLIPModel(config).eval()


def their_text(c: dict[str, Any]) -> Any:
    """The library's text encoder."""
    from transformers import CLIPTextModelWithProjection

    return CLIPTextModelWithProjection(clip_configs(c)[0]).eval()


def their_prior(c: dict[str, Any]) -> Any:
    """The library's prior."""
    from diffusers import PriorTransformer

    library: Any = PriorTransformer(
        num_attention_heads=c["heads"], attention_head_dim=c["width"] // c["heads"],
        num_layers=c["layers"], embedding_dim=c["size"], num_embeddings=c["context"],
    )  # fmt: skip
    return library.eval()


def their_projection(size: int, c: dict[str, Any]) -> Any:
    """The library's way of telling the decoder the embeddings."""
    from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel

    return UnCLIPTextProjModel(
        clip_embeddings_dim=size, time_embed_dim=4 * c["width"], cross_attention_dim=c["context"]
    )


def their_decoder(c: dict[str, Any]) -> Any:
    """The library's U-Net with the decoder's settings."""
    from diffusers import UNet2DConditionModel

    more = len(c["multiples"]) - 1
    library: Any = UNet2DConditionModel(
        in_channels=c["inputs"], out_channels=c["outputs"], layers_per_block=c["depth"],
        down_block_types=("ResnetDownsampleBlock2D", *["SimpleCrossAttnDownBlock2D"] * more),
        up_block_types=(*["SimpleCrossAttnUpBlock2D"] * more, "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=tuple(c["width"] * m for m in c["multiples"]),
        cross_attention_dim=c["context"], attention_head_dim=c["head"],
        norm_num_groups=c["groups"], resnet_time_scale_shift="scale_shift",
        class_embed_type="identity", sample_size=64,
    )  # fmt: skip
    return library.eval()


def their_upsampler(c: dict[str, Any]) -> Any:
    """The library's U-Net with the upsampler's settings."""
    from diffusers import UNet2DModel

    levels = len(c["multiples"])
    library: Any = UNet2DModel(
        in_channels=c["inputs"], out_channels=c["outputs"], layers_per_block=c["depth"],
        down_block_types=("ResnetDownsampleBlock2D",) * levels,
        up_block_types=("ResnetUpsampleBlock2D",) * levels,
        block_out_channels=tuple(c["width"] * m for m in c["multiples"]),
        norm_num_groups=c["groups"], add_attention=False, sample_size=16,
    )  # fmt: skip
    return library.eval()


class Waves(nn.Module):
    """The waves of a step in float64; the library computes them in float32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, t: Tensor) -> Tensor:
        angles = [t / 10_000 ** (2 * i / self.width) for i in range(self.width // 2)]
        return torch.stack([f(a) for f in (torch.cos, torch.sin) for a in angles], dim=1)


def in_float64(library: Any) -> Any:
    """Put float64 in the place of the waves."""
    library.time_proj = Waves(library.time_proj.num_channels)
    return library.double()


def links(
    model: Any, folder: str, library: nn.Module, ours: str = "", there: str = ""
) -> Iterator[Link]:
    """Say by the names of a checkpoint which of our parameters is which of a library's."""
    prefix = model.FOLDERS.get(folder, "")
    for name, _ in library.named_parameters():
        mine = model.our_name(folder, name).removeprefix(prefix)
        yield Link(ours + mine, there + name)


# --- equalities ---------------------------------------------------------------------------------


def clip(model: Any) -> Pair:
    """CLIP: both embeddings and the loss of four pairs."""
    ours, library = model.CLIP(model.ClipConfig(**CLIP_SIZES)), their_clip(CLIP_SIZES)
    tokens, _ = prompts(model, 4)
    x = torch.randn(4, 3, 12, 12)

    def run_ours() -> dict[str, Tensor]:
        text, image = ours.text(tokens), ours.image(x)
        return {
            "states": text.states,
            "text": F.normalize(text.embedding, dim=1),
            "image": F.normalize(image, dim=1),
            "loss": model.contrastive(text.embedding, image, ours.scale),
        }

    def run_reference() -> dict[str, Tensor]:
        out = library(input_ids=tokens, pixel_values=x, return_loss=True)
        return {
            "states": out.text_model_output.last_hidden_state,
            "text": out.text_embeds,
            "image": out.image_embeds,
            "loss": out.loss,
        }

    return Pair(ours, library, run_ours, run_reference, list(links(model, "clip", library)))


def prior(model: Any) -> Pair:
    """The prior: what it predicts at two steps, and that put back on the scale of CLIP."""
    ours, library = (
        model.Prior(model.PriorConfig(**PRIOR_SIZES)),
        in_float64(their_prior(PRIOR_SIZES)),
    )
    _, text = prompts(model, 2)
    noisy, t = torch.randn(2, SIZE), torch.tensor([3, 700])

    def run_ours() -> dict[str, Tensor]:
        out = ours(noisy, t, text)
        return {"out": out, "loss": ours.restore(out).square().mean()}

    def run_reference() -> dict[str, Tensor]:
        out = library(noisy, t, text.embedding, text.states, text.present).predicted_image_embedding
        return {"out": out, "loss": library.post_process_latents(out).square().mean()}

    return Pair(ours, library, run_ours, run_reference, list(links(model, "prior", library)))


def decoder(model: Any) -> Pair:
    """The decoder: projections of the embeddings and the U-Net, with prompts of two lengths."""
    ours = model.Decoder(SIZE, model.UNetConfig(**DECODER_SIZES))
    library = nn.ModuleDict(
        {
            "projection": their_projection(SIZE, DECODER_SIZES),
            "unet": in_float64(their_decoder(DECODER_SIZES)),
        }
    )
    _, text = prompts(model, 2)
    x, z, t = torch.randn(2, 3, 8, 8), torch.randn(2, SIZE), torch.tensor([3, 700])

    def run_ours() -> dict[str, Tensor]:
        images = torch.stack((ours.none, z[1]))
        out = ours(x, t, images, text)
        return {"out": out, "loss": out.square().mean()}

    def run_reference() -> dict[str, Tensor]:
        context, shift = library["projection"](
            image_embeddings=z[1:], prompt_embeds=text.embedding,
            text_encoder_hidden_states=text.states, do_classifier_free_guidance=True,
        )  # fmt: skip
        present = F.pad(text.present, (4, 0), value=True)
        out = library["unet"](x, t, context, class_labels=shift, attention_mask=present).sample
        return {"out": out, "loss": out.square().mean()}

    both = [
        *links(model, "text_proj", library["projection"], "", "projection."),
        *links(model, "decoder", library["unet"], "unet.", "unet."),
    ]
    return Pair(ours, library, run_ours, run_reference, both)


def upsampler(model: Any) -> Pair:
    """The upsampler: a U-Net without attention, whose steps only shift."""
    ours = model.UNet(model.UNetConfig(**UPSAMPLER_SIZES))
    library = in_float64(their_upsampler(UPSAMPLER_SIZES))
    x, t = torch.randn(2, 6, 16, 16), torch.tensor([3, 700])

    def run_ours() -> dict[str, Tensor]:
        out = ours(x, t)
        return {"out": out, "loss": out.square().mean()}

    def run_reference() -> dict[str, Tensor]:
        out = library(x, t).sample
        return {"out": out, "loss": out.square().mean()}

    return Pair(
        ours, library, run_ours, run_reference, list(links(model, "super_res_first", library))
    )


def system(model: Any) -> Values:
    """From prompts to pictures: every number drawn, in all three stages, with a checkpoint read."""
    ours = tiny(model)
    pipeline = their_pipeline()
    tokens, _ = prompts(model, 2)
    empty = torch.tensor([[1, VOCABULARY - 1] + [0] * (CONTEXT - 2)] * 2)
    with tempfile.TemporaryDirectory() as name:
        save(pipeline, Path(name))
        model.load(ours, Path(name))
    counts = (5, 4, 3)
    with torch.no_grad():
        text, nothing = ours.text(tokens), ours.text(empty)
        generator = torch.Generator().manual_seed(1)
        image = ours.imagine(text, nothing, counts[0], 4.0, generator)
        small = ours.draw(image, text, nothing, (3, 8, 8), counts[1], 3.0, generator)
        large = ours.enlarge(small, 16, counts[2], generator)
        out = pipeline.text_encoder(tokens)
        theirs = pipeline(
            text_model_output=(out.text_embeds, out.last_hidden_state),
            text_attention_mask=text.present, prior_num_inference_steps=counts[0],
            decoder_num_inference_steps=counts[1], super_res_num_inference_steps=counts[2],
            prior_guidance_scale=4.0, decoder_guidance_scale=3.0, output_type="np",
            generator=torch.Generator().manual_seed(1),
        ).images  # fmt: skip
    pictures = (large * 0.5 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    return Values({"pictures": pictures}, {"pictures": torch.tensor(theirs)})


def tiny(model: Any) -> Any:
    """The whole system at sizes that are quick to compare."""
    return model.UnCLIP(
        model.ClipConfig(**CLIP_SIZES),
        model.PriorConfig(**PRIOR_SIZES),
        model.UNetConfig(**DECODER_SIZES),
        model.UNetConfig(**UPSAMPLER_SIZES),
    )


class Tokeniser:
    """Stands for the library's, which needs files: it is only asked for empty prompts."""

    model_max_length = CONTEXT

    def __call__(self, prompts: list[str], **_: Any) -> Any:
        from transformers import BatchEncoding

        row = [1, VOCABULARY - 1] + [0] * (CONTEXT - 2)
        present = [1, 1] + [0] * (CONTEXT - 2)
        return BatchEncoding(
            {
                "input_ids": torch.tensor([row] * len(prompts)),
                "attention_mask": torch.tensor([present] * len(prompts)),
            }
        )


def parts(
    clip: dict[str, Any], prior: dict[str, Any], decoder: dict[str, Any], upsampler: dict[str, Any]
) -> dict[str, Any]:
    """The library's networks, by the names of the folders of a checkpoint."""
    return {
        "text_encoder": their_text(clip),
        "prior": their_prior(prior),
        "text_proj": their_projection(clip["size"], decoder),
        "decoder": their_decoder(decoder),
        "super_res_first": their_upsampler(upsampler),
        "super_res_last": their_upsampler(upsampler),
    }


def schedulers() -> dict[str, Any]:
    """The library's schedulers with Karlo's settings, their tables in float64."""
    from diffusers.schedulers import UnCLIPScheduler

    made: dict[str, Any] = {
        "prior_scheduler": UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0),
        "decoder_scheduler": UnCLIPScheduler(variance_type="learned_range"),
        "super_res_scheduler": UnCLIPScheduler(),
    }
    share = [math.cos((i / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(1001)]
    for scheduler in made.values():
        betas = [min(1 - b / a, 0.999) for a, b in itertools.pairwise(share)]
        scheduler.betas = torch.tensor(betas)
        scheduler.alphas = 1 - scheduler.betas
        scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
        scheduler.one = torch.tensor(1.0)
    return made


def their_pipeline() -> Any:
    """The library's pipeline with random weights of unit scale."""
    from diffusers.pipelines.deprecated.unclip.pipeline_unclip import UnCLIPPipeline

    networks = parts(CLIP_SIZES, PRIOR_SIZES, DECODER_SIZES, UPSAMPLER_SIZES)
    networks["decoder"].config.sample_size = 8
    for name, network in networks.items():
        if name not in ("text_encoder", "text_proj"):
            in_float64(network)
        for weight in network.double().parameters():
            nn.init.normal_(weight, std=(weight[0].numel() ** -0.5 if weight.dim() > 1 else 1.0))
    stage: Any = UnCLIPPipeline
    pipeline = stage(**networks, tokenizer=None, **schedulers())
    pipeline.tokenizer = Tokeniser()
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save(pipeline: Any, folder: Path) -> None:
    """Write the networks of a pipeline, some as the library does, in both of its formats."""
    from safetensors.torch import save_file

    for name in FOLDERS:
        network = getattr(pipeline, name)
        if name in ("prior", "super_res_first"):
            network.save_pretrained(folder / name)
            continue
        (folder / name).mkdir()
        if name == "super_res_last":
            torch.save(network.state_dict(), folder / name / "diffusion_pytorch_model.bin")
        else:
            weights = {key: weight.contiguous() for key, weight in network.state_dict().items()}
            save_file(weights, folder / name / "model.safetensors")


FOLDERS = ("text_encoder", "prior", "text_proj", "decoder", "super_res_first", "super_res_last")


def steps(model: Any) -> Values:
    """The spacing of steps, noise added, and one step back of each process, near and far."""
    ours, theirs = {}, {}
    own = {
        "prior_scheduler": model.PRIOR,
        "decoder_scheduler": model.Diffusion(learned=True),
        "super_res_scheduler": model.UPSAMPLER,
    }
    x = torch.randn(2, 3, 4, 4)
    for name, scheduler in schedulers().items():
        process = own[name]
        scheduler.set_timesteps(25)
        ours[f"{name}, times"] = torch.tensor(process.times(25))
        theirs[f"{name}, times"] = scheduler.timesteps
        out = torch.randn(2, 6 if process.learned else 3, 4, 4)
        for t, to in ((999, 958), (500, 499), (42, 0), (0, -1)):
            noise = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(t))
            ours[f"{name}, {t}"] = process.step(out, x, t, to, noise)
            before = to if to >= 0 else None
            theirs[f"{name}, {t}"] = scheduler.step(
                out, t, x, prev_timestep=before, generator=torch.Generator().manual_seed(t)
            ).prev_sample
        at = torch.tensor([3, 900])
        ours[f"{name}, noisy"] = process.noisy(x, 2 * x, at)
        theirs[f"{name}, noisy"] = scheduler.add_noise(x, 2 * x, at)
    return Values(ours, theirs)


def speed(model: Any) -> Pair:
    """A decoder of 32 channels, a tenth of Karlo's, on four pictures of 32 x 32."""
    sizes = {**DECODER_SIZES, "width": 32, "context": 128, "head": 32, "groups": 32}
    ours, library = model.UNet(model.UNetConfig(**sizes)), their_decoder(sizes)
    x, t = torch.randn(4, 3, 32, 32), torch.full((4,), 500)
    context, shift, present = torch.randn(4, 81, 128), torch.randn(4, 128), torch.ones(4, 81) > 0

    def run_ours() -> dict[str, Tensor]:
        return {"loss": ours(x, t, shift, (context, present)).square().mean()}

    def run_reference() -> dict[str, Tensor]:
        out = library(x, t, context, class_labels=shift, attention_mask=present).sample
        return {"loss": out.square().mean()}

    return Pair(ours, library, run_ours, run_reference, list(links(model, "decoder", library)))


# --- invariants ---------------------------------------------------------------------------------


def padding_is_not_seen(model: Any) -> None:
    """What stands after the end of a prompt changes nothing in encoder, prior and decoder."""
    ours = tiny(model)
    nn.init.normal_(ours.prior.positions)
    tokens, text = prompts(model, 3)
    x, z, t = torch.randn(3, 3, 8, 8), torch.randn(3, SIZE), torch.tensor([3, 50, 700])
    other = torch.where(text.present, tokens, 7)
    a, b = ours.text(tokens), ours.text(other)
    assert torch.equal(a.present, text.present) and torch.equal(b.present, text.present)
    assert (a.embedding - b.embedding).abs().max() < 1e-12
    noise = torch.where(text.present[:, :, None], text.states, torch.randn(3, CONTEXT, SIZE))
    changed = text._replace(states=noise)
    assert (ours.prior(z, t, text) - ours.prior(z, t, changed)).abs().max() < 1e-12
    assert (ours.decoder(x, t, z, text) - ours.decoder(x, t, z, changed)).abs().max() < 1e-12


def slerp_turns_evenly(model: Any) -> None:
    """Spherical interpolation starts and ends right, keeps the length, and turns by even angles."""
    a, b = F.normalize(torch.randn(2, 5)), F.normalize(torch.randn(2, 5))
    whole = (a * b).sum(1).acos()
    for at in (0.0, 0.25, 0.5, 1.0):
        z = model.slerp(a, b, at)
        assert (z.norm(dim=1) - 1).abs().max() < 1e-9
        assert ((z * a).sum(1).clamp(-1, 1).acos() - at * whole).abs().max() < 1e-6, at
    assert (model.slerp(a, b, 1.0) - b).abs().max() < 1e-9


def guidance_leads_away(model: Any) -> None:
    """Guidance of 0 and 1 gives the predictions themselves, and 3 goes on in the same direction."""
    a, b = torch.randn(4), torch.randn(4)
    assert torch.equal(model.guided(0.0, a, b), a)
    assert (model.guided(1.0, a, b) - b).abs().max() < 1e-12
    assert (model.guided(3.0, a, b) - (a + 3 * (b - a))).abs().max() < 1e-12


def better_of_two_is_taken(model: Any) -> None:
    """Of two embeddings drawn for a prompt, the one with the higher dot product stays."""
    system = model.UnCLIP(
        model.SMALL_CLIP, model.SMALL_PRIOR, model.SMALL_DECODER, model.SMALL_UPSAMPLER
    )
    with torch.no_grad():
        text = model.CLIP(model.SMALL_CLIP).text(model.tokens([*model.PROMPTS, ""]))
        text = text._replace(embedding=model.even(text.embedding))
        small = model.Small(None, system, None, text)
        z, of = small.imagine(2, torch.Generator().manual_seed(0))
        asked = model.pick(text, torch.arange(10).repeat_interleave(4))
        every = model.PRIOR.sample(
            lambda noisy, t: system.prior(noisy, t, asked), (40, 32), 25,
            torch.Generator().manual_seed(0),
        )  # fmt: skip
        best = (every * asked.embedding).sum(1).view(-1, 2).max(dim=1).values
    assert ((z * of.embedding).sum(1) - best).abs().max() < 1e-9


def incomplete_checkpoints_are_refused(model: Any) -> None:
    """A folder without one part, or with another size, ends with a message that names it."""
    pipeline = their_pipeline()
    with tempfile.TemporaryDirectory() as name:
        save(pipeline, Path(name))
        (Path(name) / "super_res_last" / "diffusion_pytorch_model.bin").unlink()
        try:
            model.load(tiny(model), Path(name))
        except SystemExit as error:
            assert "sharpener" in str(error) and "is missing" in str(error), error
        else:
            raise AssertionError("an incomplete checkpoint was taken")
        try:
            model.load(model.UnCLIP(model.ClipConfig(**{**CLIP_SIZES, "vocabulary": 9}),
                model.PriorConfig(**PRIOR_SIZES), model.UNetConfig(**DECODER_SIZES),
                model.UNetConfig(**UPSAMPLER_SIZES)), Path(name))  # fmt: skip
        except SystemExit as error:
            assert "does not fit" in str(error), error
        else:
            raise AssertionError("a checkpoint of another size was taken")


def data_are_read_and_parted(model: Any) -> None:
    """The digits are read row by row with their labels, and prompts name what is shown."""
    x, of = model.digits()
    assert x.shape == (1797, 1, 8, 8) and x.min() == -1 and x.max() == 1
    assert ((x[0, 0, :2] + 1) * 8).flatten().tolist() == [
        0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0,
    ]  # fmt: skip
    assert of[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert model.tokens(["a seven", ""]).tolist() == [[1, 2, 10, 13, 0], [1, 13, 0, 0, 0]]
    assert model.PROMPTS[7] == "a seven" and len(model.PROMPTS) == 10


# --- sizes --------------------------------------------------------------------------------------


def sums(multiples: tuple[int, ...], depth: int) -> dict[str, int]:
    """Return the sums over the blocks of a U-Net that the ledger's formulas need.

    P: products of channels in and out, nine times for a 3 x 3 kernel; Q: channels of biases; T:
    channels that are told the step; M: channels that are normalised. All in units of the first
    width, or of its square. A and S: widths, and squares of widths, at which there is attention.
    """
    blocks: list[tuple[int, int]] = []
    attended: list[int] = []
    at, skips = 1, [1]
    for level, width in enumerate(multiples):
        for i in range(depth):
            blocks.append((at if i == 0 else width, width))
            skips.append(width)
        attended += [width] * depth * (level > 0)
        at = width
        if level < len(multiples) - 1:
            blocks.append((at, at))
            skips.append(at)
    blocks += [(at, at)] * 2
    attended.append(at)
    for level in reversed(range(len(multiples))):
        width = multiples[level]
        for _ in range(depth + 1):
            blocks.append((at + skips.pop(), width))
            at = width
        attended += [width] * (depth + 1) * (level > 0)
        if level:
            blocks.append((at, at))
    return {
        "P": sum(9 * a * b + 9 * b * b + a * b * (a != b) for a, b in blocks),
        "Q": sum(2 * b + b * (a != b) for a, b in blocks),
        "T": sum(b for _, b in blocks),
        "M": sum(a + b for a, b in blocks),
        "A": sum(attended),
        "S": sum(m * m for m in attended),
    }


KARLO = sums((1, 2, 3, 4), 3)
NONE = {
    "E": 0, "F": 0, "R": 0, "D": 0, "U": 0, "V": 0, "L": 0, "s": 0, "n": 0, "z": 0, "w": 0,
    "N": 0, "c": 0, "d": 0, "u": 0,
}  # fmt: skip
TABLE = ("Ramesh et al. (2022), Table 3", "https://arxiv.org/abs/2204.06125")
KARLO_CLIP = {
    "size": 768, "vocabulary": 49408, "context": 77, "text_width": 768, "text_layers": 12,
    "text_heads": 12, "pixels": 224, "channels": 3, "patch": 14, "image_width": 1024,
    "image_layers": 24, "image_heads": 16,
}  # fmt: skip
KARLO_UNET = {
    "inputs": 3, "outputs": 6, "width": 320, "multiples": (1, 2, 3, 4), "depth": 3,
    "context": 1536, "head": 64, "groups": 32,
}  # fmt: skip


def karlo() -> nn.Module:
    """The library's networks at Karlo's sizes."""
    prior = {"size": 768, "context": 77, "width": 2048, "layers": 20, "heads": 32}
    upsampler = {**KARLO_UNET, "inputs": 6, "outputs": 3}
    return nn.ModuleDict(parts(KARLO_CLIP, prior, KARLO_UNET, upsampler))


def table_three(part: str, name: str) -> Any:
    """Return what builds a part of the paper's Table 3 under the name that the ledger knows."""
    return lambda model: nn.ModuleDict({name: model.paper_sizes()[part]})


def whole_decoder(model: Any) -> nn.Module:
    """The paper's decoder: the U-Net with its projections, and its own text encoder's blocks."""
    sizes = model.paper_sizes()
    text = nn.ModuleDict({"blocks": sizes["decoder, text encoder"]})
    return nn.ModuleDict({"decoder": sizes["decoder, U-Net"], "text": text})


# --- figures ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def trained(model: Any) -> Any:
    """The small system after its training, with seed 0."""
    *_, (_, small, _) = model.train(seed=0, steps=100, every=100)
    return small


def white(x: Tensor) -> Tensor:
    """Turn ink from -1 to 1, (..., 1, 8, 8), into pictures from black ink to white paper."""
    return (1 - x[..., 0, :, :]) / 2


def samples(model: Any) -> Tensor:
    """Ten rows, zero to nine, of twelve digits drawn for a prompt."""
    small = trained(model)
    with torch.no_grad():
        drawn = small.draw(12, torch.Generator().manual_seed(1))
    return white(drawn.unflatten(0, (10, 12)))


def interpolations(model: Any) -> Tensor:
    """Six rows: a digit held out, nine drawn on the way, and the digit it was led to."""
    x, of = model.digits()
    x, of = x[-model.HELD_OUT :], of[-model.HELD_OUT :]
    pairs = ((0, 6), (1, 7), (3, 8), (4, 9), (5, 3), (2, 0))
    a, b = (x[[int((of == pair[i]).nonzero()[0]) for pair in pairs]] for i in (0, 1))
    small = trained(model)
    with torch.no_grad():
        path = small.between(a, b, 9, seed=0)
    return white(torch.cat((a[:, None], path, b[:, None]), dim=1))


# --- the proof ----------------------------------------------------------------------------------

PROXY = "the open proxy of Karlo, for OpenAI's networks are not public"

PROOF = Proof(
    code="dall_e_2.py",
    sizes=(
        Size(
            "Karlo v1 alpha",
            lambda model: model.UnCLIP(),
            {
                **KARLO,
                "E": 1,
                "F": 1,
                "R": 1,
                "D": 1,
                "U": 2,
                "V": 49408,
                "L": 77,
                "s": 768,
                "n": 12,
                "z": 768,
                "w": 2048,
                "N": 20,
                "c": 320,
                "d": 1536,
                "u": 320,
            },
            reference=karlo,
        ),
        Size(
            "Diffusion prior",
            table_three("diffusion prior", "prior"),
            {**KARLO, **NONE, "R": 1, "L": 256, "z": 1024, "w": 2048, "N": 24},
            Published(1e9, 1e9, *TABLE),
        ),
        Size(
            "Decoder",
            whole_decoder,
            {
                **KARLO,
                **NONE,
                "E": 1,
                "D": 1,
                "s": 2048,
                "n": 24,
                "z": 1024,
                "c": 512,
                "d": 2048,
            },
            Published(3.5e9, 0.1e9, *TABLE),
        ),
        Size(
            "Upsampler to 256",
            table_three("upsampler to 256", "upsampler"),
            {**KARLO, **NONE, "U": 1, "u": 320},
            Published(700e6, 100e6, *TABLE),
        ),
        Size(
            "Upsampler to 1024",
            table_three("upsampler to 1024", "upsampler"),
            {**sums((1, 1, 2, 2, 4, 4), 2), **NONE, "U": 1, "u": 192},
            Published(300e6, 100e6, *TABLE),
        ),
    ),
    ledger=(
        Row("Text encoder: blocks", r"text\.blocks\..*", "E * n * (12 * s * s + 13 * s)"),
        Row(
            "Text encoder: tables, norm, projection",
            r"text\.(tokens|positions|norm|project)\..*",
            "F * ((V + L) * s + 2 * s + s * z)",
        ),
        Row("Prior: blocks", r"prior\.blocks\..*", "R * N * (12 * w * w + 13 * w)"),
        Row(
            "Prior: all else",
            r"prior\.(?!blocks).*",
            "R * (3 * (z * w + w) + 2 * (w * w + w) + (L + 5) * w + 2 * w + w * z + 3 * z)",
        ),
        Row(
            "Decoder: embeddings of prompt and picture",
            r"decoder\.(?!unet).*",
            "D * (z + 8 * c * (z + 1) + 5 * d * (z + 1) + 2 * d)",
        ),
        Row(
            "Decoder: convolutions of the blocks",
            r"decoder\.unet\.(down|middle|up)\..*(conv\d|skip)\..*",
            "D * (P * c * c + Q * c)",
        ),
        Row(
            "Decoder: step, told to the blocks",
            r"decoder\.unet\.(down|middle|up)\..*time\..*",
            "D * 2 * T * c * (4 * c + 1)",
        ),
        Row(
            "Decoder: attention",
            r"decoder\.unet\..*(query|key|value|context_key|context_value|output)\..*",
            "D * (4 * S * c * c + 2 * A * c * d + 6 * A * c)",
        ),
        Row("Decoder: norms", r"decoder\.unet\..*norm\d?\..*", "D * 2 * c * (M + A + 1)"),
        Row(
            "Decoder: first and last convolution, step",
            r"decoder\.unet\.(first|last|time)\..*",
            "D * (9 * 9 * c + c + 6 + 20 * c * c + 8 * c)",
        ),
        Row(
            "Upsamplers: convolutions of the blocks",
            r"(upsampler|sharpener)\.(down|middle|up)\..*(conv\d|skip)\..*",
            "U * (P * u * u + Q * u)",
        ),
        Row(
            "Upsamplers: step, told to the blocks",
            r"(upsampler|sharpener)\.(down|middle|up)\..*time\..*",
            "U * T * u * (4 * u + 1)",
        ),
        Row("Upsamplers: norms", r"(upsampler|sharpener)\..*norm\d?\..*", "U * 2 * u * (M + 1)"),
        Row(
            "Upsamplers: first and last convolution, step",
            r"(upsampler|sharpener)\.(first|last|time)\..*",
            "U * (9 * 9 * u + u + 3 + 20 * u * u + 8 * u)",
        ),
    ),
    equalities=(
        Equality("CLIP", clip, "transformers.CLIPModel", package="transformers"),
        Equality(
            "prior",
            prior,
            f"diffusers.PriorTransformer, with its waves in float64: {PROXY}",
            package="diffusers",
        ),
        Equality(
            "decoder",
            decoder,
            "diffusers' UnCLIPTextProjModel and UNet2DConditionModel, with its waves in float64: "
            "the same proxy",
            package="diffusers",
        ),
        Equality(
            "upsampler",
            upsampler,
            "diffusers.UNet2DModel, with its waves in float64: the same proxy",
            package="diffusers",
        ),
        Equality(
            "steps",
            steps,
            "diffusers' UnCLIPScheduler, with its tables in float64: the same proxy",
            package="diffusers",
        ),
        Equality(
            "system",
            system,
            "diffusers' UnCLIPPipeline from prompts to pictures: the same proxy",
            package="diffusers",
            limit=1e-6,
            why_limit="the pipeline returns its pictures in float32",
        ),
    ),
    invariants=(
        padding_is_not_seen,
        slerp_turns_evenly,
        guidance_leads_away,
        better_of_two_is_taken,
        incomplete_checkpoints_are_refused,
        data_are_read_and_parted,
    ),
    mutants=(
        Mutant("other GELU", "(1.702 * x).sigmoid()", "(1.6 * x).sigmoid()", ("CLIP",)),
        Mutant(
            "residual left out",
            "x = x + self.attention(self.norm1(x), seen)",
            "x = self.attention(self.norm1(x), seen)",
            ("CLIP", "prior"),
        ),
        Mutant("future seen", "dtype=torch.bool).tril()", "dtype=torch.bool)", ("CLIP", "prior")),
        Mutant(
            "padding seen by the prior",
            "else seen & present[:, None, None, :]",
            "else seen[None, None]",
            ("prior", "padding_is_not_seen"),
        ),
        Mutant(
            "first token read",
            "end = self.norm(x), tokens.argmax(dim=1)",
            "end = self.norm(x), tokens.argmin(dim=1)",
            ("CLIP", "padding_is_not_seen"),
        ),
        Mutant("picture's first norm left out", "        x = self.norm1(x)\n", "", ("CLIP",)),
        Mutant(
            "loss of the texts alone",
            "+ (scores.logsumexp(-2) - own).mean()",
            "+ (scores.logsumexp(-1) - own).mean()",
            ("CLIP",),
        ),
        Mutant(
            "sine and cosine exchanged",
            "(angle.cos(), angle.sin())",
            "(angle.sin(), angle.cos())",
            ("prior", "decoder", "upsampler"),
        ),
        Mutant(
            "order of the prior's tokens",
            "(self.text(text.embedding), self.time(t), self.image(noisy))",
            "(self.time(t), self.text(text.embedding), self.image(noisy))",
            ("prior",),
        ),
        Mutant(
            "read at the noisy embedding",
            "self.norm(x)[:, -1]",
            "self.norm(x)[:, -2]",
            ("prior",),
        ),
        Mutant("not put back on scale", "z * self.std + self.mean", "z * self.std", ("prior",)),
        Mutant(
            "tokens of the picture cut the other way",
            "unflatten(1, (-1, 4)).transpose(1, 2)",
            "unflatten(1, (4, -1))",
            ("decoder",),
        ),
        Mutant(
            "prompt's embedding left out of the step",
            " + self.text_shift(text.embedding)",
            " + 0 * self.text_shift(text.embedding)",
            ("decoder",),
        ),
        Mutant("scale without one", "(1 + by)", "by", ("decoder",)),
        Mutant(
            "step told after the norm", "self.norm2(y + e)", "self.norm2(y) + e", ("upsampler",)
        ),
        Mutant(
            "padding seen by the decoder",
            "seen = F.pad(present, (0",
            "seen = F.pad(present | True, (0",
            ("decoder", "padding_is_not_seen"),
        ),
        Mutant(
            "pixels before the context",
            "torch.cat((self.context_key(context), self.key(y)), dim=1)",
            "torch.cat((self.key(y), self.context_key(context)), dim=1)",
            ("decoder",),
        ),
        Mutant(
            "halved by picking",
            "F.avg_pool2d(x, 2), F.avg",
            "x[..., ::2, ::2], F.avg",
            ("decoder", "upsampler"),
        ),
        Mutant("another schedule", "(at + 0.008) / 1.008", "(at + 0.009) / 1.009", ("steps",)),
        Mutant("no limit", "clean.clamp(-self.limit, self.limit)", "clean", ("steps", "system")),
        Mutant(
            "variance mixed the other way",
            "mix * beta.log() + (1 - mix) * log_var",
            "(1 - mix) * beta.log() + mix * log_var",
            ("steps", "system"),
        ),
        Mutant("steps cut off", "spaced.round()", "spaced.floor()", ("steps",)),
        Mutant(
            "guidance the other way",
            "without + scale * (with_it - without)",
            "without - scale * (with_it - without)",
            ("system", "guidance_leads_away"),
        ),
        Mutant(
            "network of the last step not used",
            "if t[0] == 0 else",
            "if t[0] < 0 else",
            ("system",),
        ),
        Mutant(
            "straight line instead of an arc",
            "((1 - at) * angle).sin() * a + (at * angle).sin() * b) / angle.sin()",
            "(1 - at) * a + at * b) + 0 * angle",
            ("slerp_turns_evenly",),
        ),
        Mutant(
            "the worse of two",
            "view(-1, 2).argmax",
            "view(-1, 2).argmin",
            ("better_of_two_is_taken",),
        ),
        Mutant(
            "incomplete checkpoint taken",
            "    if missing:\n",
            "    if False:\n",
            ("incomplete_checkpoints_are_refused",),
        ),
        Mutant(
            "checkpoint: keys and values exchanged",
            'r"(to_k|k_proj)\\b": "key", r"(to_v|v_proj)\\b": "value"',
            'r"(to_k|k_proj)\\b": "value", r"(to_v|v_proj)\\b": "key"',
            ("system", "CLIP"),
        ),
        Mutant(
            "values of another range",
            "view(-1, 1, 8, 8) / 8 - 1",
            "view(-1, 1, 8, 8) / 16",
            ("data_are_read_and_parted",),
        ),
    ),
    runs=(
        Run(
            "Digits from prompts",
            lambda model, seed, steps: ((s, share) for s, _, share in model.train(seed, steps)),
            "share of 100 digits drawn that the judge takes for what was asked",
            steps=100,
            reach=0.8,
            short=(35, 0.2),
        ),
    ),
    data=("../digits.txt",),
    figures=(Figure("samples.png", samples), Figure("interpolations.png", interpolations)),
    speed=speed,
)

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How dall_e_2.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import Equality, Link, Mutant, Pair, Proof, Row, Run, Size, Values

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

    return PriorTransformer(
        num_attention_heads=c["heads"], attention_head_dim=c["width"] // c["heads"],
        num_layers=c["layers"], embedding_dim=c["size"], num_embeddings=c["context"],
    ).eval()  # fmt: skip


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
    return UNet2DConditionModel(
        in_channels=c["inputs"], out_channels=c["outputs"], layers_per_block=c["depth"],
        down_block_types=("ResnetDownsampleBlock2D", *["SimpleCrossAttnDownBlock2D"] * more),
        up_block_types=(*["SimpleCrossAttnUpBlock2D"] * more, "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=tuple(c["width"] * m for m in c["multiples"]),
        cross_attention_dim=c["context"], attention_head_dim=c["head"],
        norm_num_groups=c["groups"], resnet_time_scale_shift="scale_shift",
        class_embed_type="identity", sample_size=64,
    ).eval()  # fmt: skip


def their_upsampler(c: dict[str, Any]) -> Any:
    """The library's U-Net with the upsampler's settings."""
    from diffusers import UNet2DModel

    levels = len(c["multiples"])
    return UNet2DModel(
        in_channels=c["inputs"], out_channels=c["outputs"], layers_per_block=c["depth"],
        down_block_types=("ResnetDownsampleBlock2D",) * levels,
        up_block_types=("ResnetUpsampleBlock2D",) * levels,
        block_out_channels=tuple(c["width"] * m for m in c["multiples"]),
        norm_num_groups=c["groups"], add_attention=False, sample_size=16,
    ).eval()  # fmt: skip


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


def links(model: Any, folder: str, library: nn.Module, ours: str = "", there: str = "") -> Any:
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
    ours, library = model.Prior(model.PriorConfig(**PRIOR_SIZES)), in_float64(their_prior(PRIOR_SIZES))
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

    made = {
        "prior_scheduler": UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0),
        "decoder_scheduler": UnCLIPScheduler(variance_type="learned_range"),
        "super_res_scheduler": UnCLIPScheduler(),
    }
    share = [math.cos((i / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(1001)]
    for scheduler in made.values():
        betas = [min(1 - b / a, 0.999) for a, b in zip(share, share[1:], strict=False)]
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
    pipeline = UnCLIPPipeline(**networks, tokenizer=None, **schedulers())
    pipeline.tokenizer = Tokeniser()
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save(pipeline: Any, folder: Path) -> None:
    """Write the networks of a pipeline as the library does."""
    for name in ("text_encoder", "prior", "text_proj", "decoder", "super_res_first"):
        getattr(pipeline, name).save_pretrained(folder / name)
    weights = pipeline.super_res_last.state_dict()
    (folder / "super_res_last").mkdir()
    torch.save(weights, folder / "super_res_last" / "diffusion_pytorch_model.bin")

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How clip.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zooniverse.proofs.form import (
    Equality,
    Figure,
    Link,
    Mutant,
    Pair,
    Proof,
    Row,
    Run,
    Size,
    Values,
)

# No two sizes are the same, but that the library takes the width of a layer inside as given.
TINY = {
    "size": 10, "vocabulary": 19, "context": 9, "text_width": 12, "text_layers": 2,
    "text_heads": 3, "pixels": 12, "channels": 3, "patch": 4, "image_width": 16,
    "image_layers": 3, "image_heads": 2,
}  # fmt: skip
B32 = {
    "size": 512, "vocabulary": 49408, "context": 77, "text_width": 512, "text_layers": 12,
    "text_heads": 8, "pixels": 224, "channels": 3, "patch": 32, "image_width": 768,
    "image_layers": 12, "image_heads": 12,
}  # fmt: skip
B16 = {**B32, "patch": 16}
L14 = {
    **B32, "size": 768, "text_width": 768, "text_heads": 12, "patch": 14, "image_width": 1024,
    "image_layers": 24, "image_heads": 16,
}  # fmt: skip
LARGE = {**L14, "pixels": 336}
MIDDLE = {
    **TINY, "vocabulary": 1000, "context": 32, "text_width": 128, "text_heads": 4, "pixels": 64,
    "patch": 8, "size": 96, "image_width": 192, "image_heads": 6,
}  # fmt: skip


def tiny(model: Any, **changes: Any) -> Any:
    """Build a model that is quick to compare."""
    return model.CLIP(model.Config(**{**TINY, **changes}))


def pictures(count: int, c: dict[str, Any] = TINY) -> Tensor:
    """Return random pictures."""
    return torch.randn(count, c["channels"], c["pixels"], c["pixels"])


def texts(count: int, c: dict[str, Any] = TINY) -> Tensor:
    """Return random texts of different lengths, an end token in each, and more behind it."""
    end = c["vocabulary"] - 1
    tokens = torch.randint(end, (count, c["context"]))
    tokens[torch.arange(count), torch.arange(count) % (c["context"] - 2) + 2] = end
    return tokens


# --- equalities ---------------------------------------------------------------------------------


def reference(c: dict[str, Any]) -> Any:
    """Build the library's model of a configuration of ours."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    text = CLIPTextConfig(
        vocab_size=c["vocabulary"],
        hidden_size=c["text_width"],
        intermediate_size=4 * c["text_width"],
        num_hidden_layers=c["text_layers"],
        num_attention_heads=c["text_heads"],
        max_position_embeddings=c["context"],
        projection_dim=c["size"],
        eos_token_id=c["vocabulary"] - 1,
        bos_token_id=0,
        pad_token_id=1,
    )
    image = CLIPVisionConfig(
        hidden_size=c["image_width"],
        intermediate_size=4 * c["image_width"],
        num_hidden_layers=c["image_layers"],
        num_attention_heads=c["image_heads"],
        num_channels=c["channels"],
        image_size=c["pixels"],
        patch_size=c["patch"],
        projection_dim=c["size"],
    )
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=image.to_dict(), projection_dim=c["size"]
    )
    return CLIPModel(config).eval()


def links(model: Any, library: nn.Module) -> list[Link]:
    """Pair the parameters by the map with which public weights are read."""
    return [Link(model.our_name(name), name) for name, _ in library.named_parameters()]


def whole_model(model: Any) -> Pair:
    """Both embeddings, scores and loss of five pairs."""
    ours, library = tiny(model), reference(TINY)
    x, t = pictures(5), texts(5)

    def run_ours() -> dict[str, Tensor]:
        scores = ours(x, t)
        return {
            "image embeddings": ours.image(x),
            "text embeddings": ours.text(t),
            "scores": scores,
            "scores of texts": scores.T,
            "loss": model.loss(scores),
        }

    def run_reference() -> dict[str, Tensor]:
        out = library(input_ids=t, pixel_values=x, return_loss=True)
        return {
            "image embeddings": library.get_image_features(x).pooler_output,
            "text embeddings": library.get_text_features(t).pooler_output,
            "scores": out.logits_per_image,
            "scores of texts": out.logits_per_text,
            "loss": out.loss,
        }

    return Pair(ours, library, run_ours, run_reference, links(model, library))


def speed(model: Any) -> Pair:
    """Eight pairs, with encoders of a quarter of ViT-B/32's widths."""
    ours, library = model.CLIP(model.Config(**MIDDLE)), reference(MIDDLE)
    x, t = pictures(8, MIDDLE), texts(8, MIDDLE)

    def run_ours() -> dict[str, Tensor]:
        return {"loss": model.loss(ours(x, t))}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": library(input_ids=t, pixel_values=x, return_loss=True).loss}

    return Pair(ours, library, run_ours, run_reference, links(model, library))


def naming(model: Any) -> Values:
    """The classifier of four classes by three prompts each, and the loss, entry by entry."""
    ours = tiny(model)
    with torch.no_grad():
        for weight in ours.parameters():
            weight.copy_(
                torch.randn(weight.shape) / weight.flatten(1).shape[-1] ** 0.5
                if weight.dim() > 1
                else torch.randn(weight.shape)
            )
    x, t = pictures(5), texts(12).view(4, 3, -1)
    weights = model.classifier(ours, t)
    rows = []
    for one_class in t:
        each = [e / e.pow(2).sum().sqrt() for e in ours.text(one_class)]
        mean = (each[0] + each[1] + each[2]) / 3
        rows.append(mean / mean.pow(2).sum().sqrt())
    scores = torch.stack(
        [ours.scale.exp() * torch.cosine_similarity(ours.image(x), row[None]) for row in rows], 1
    )
    square = torch.randn(4, 4)
    odds = [
        -square[i, i] + (square[i].exp().sum().log() + square[:, i].exp().sum().log()) / 2
        for i in range(4)
    ]
    return Values(
        {
            "classifier": weights,
            "probabilities": model.probabilities(ours, x, weights),
            "loss": model.loss(square),
        },
        {
            "classifier": torch.stack(rows),
            "probabilities": scores.exp() / scores.exp().sum(1, keepdim=True),
            "loss": torch.stack(odds).mean(),
        },
    )


# --- invariants ---------------------------------------------------------------------------------


def end_closes_a_text(model: Any) -> None:
    """What follows a text's end token changes nothing; what stands before it does."""
    ours, t = tiny(model), texts(1)  # its end token is the third
    after, before = t.clone(), t.clone()
    after[0, 3:] = (t[0, 3:] + 1) % 18
    before[0, 0] = (t[0, 0] + 1) % 18
    assert torch.equal(ours.text(t), ours.text(after))
    assert not torch.allclose(ours.text(t), ours.text(before))


def every_patch_counts(model: Any) -> None:
    """Each patch of a picture changes its embedding, and so does another order of the patches."""
    ours, x = tiny(model), pictures(1)
    for row in range(0, 12, 4):
        for column in range(0, 12, 4):
            other = x.clone()
            other[..., row : row + 4, column : column + 4] += 1
            assert not torch.allclose(ours.image(x), ours.image(other)), (row, column)
    assert not torch.allclose(ours.image(x), ours.image(x.flip(-1).roll(4, -1)))


def only_directions_count(model: Any) -> None:
    """Longer embeddings change no score, and no score exceeds the scale."""
    ours, x, t = tiny(model), pictures(4), texts(4)
    scores = ours(x, t)
    with torch.no_grad():
        ours.text.project.weight *= 7
        ours.image.project.weight *= 3
    assert (ours(x, t) - scores).abs().max() < 1e-12
    assert scores.abs().max() <= ours.scale.exp()
    assert abs(ours.scale.exp().item() - 1 / 0.07) < 1e-12


def scale_stops_at_100(model: Any) -> None:
    """The scale is kept at 100 or below, and a smaller one is left as it is."""
    ours = tiny(model)
    for given, kept in ((150.0, 100.0), (100.0, 100.0), (20.0, 20.0)):
        ours.scale.data.fill_(math.log(given))
        ours.limit()
        assert abs(ours.scale.exp().item() - kept) < 1e-9, (given, ours.scale)


def chance_and_certainty(model: Any) -> None:
    """The loss is the logarithm of N for equal scores, near zero for sure pairs, and symmetric."""
    assert abs(model.loss(torch.zeros(6, 6)).item() - math.log(6)) < 1e-12
    assert model.loss(100 * torch.eye(6)).item() < 1e-12
    scores = torch.randn(6, 6)
    assert abs(model.loss(scores).item() - model.loss(scores.T).item()) < 1e-12


def loads_checkpoints(model: Any) -> None:
    """A random checkpoint in the library's layout, in either format, gives its scores."""
    from safetensors.torch import save_file

    library = reference(TINY).float()
    for weight in library.parameters():
        nn.init.normal_(weight, std=0.3)
    weights = {name: weight.contiguous() for name, weight in library.state_dict().items()}
    weights["text_model.embeddings.position_ids"] = torch.arange(9)[None]  # as in older files
    x, t = pictures(3).float(), texts(3)
    scores = library(input_ids=t, pixel_values=x).logits_per_image
    with tempfile.TemporaryDirectory() as name:
        file, other = Path(name) / "model.safetensors", Path(name) / "pytorch_model.bin"
        save_file(weights, file)
        torch.save(weights, other)
        for path in (file, other):
            ours = tiny(model).float()
            model.load(ours, path)
            apart = (ours(x, t) - scores).abs().max().item()
            assert apart < 1e-4, apart
        refused = [(tiny(model, patch=6), weights, "does not fit")]
        short = {k: v for k, v in weights.items() if k != "visual_projection.weight"}
        refused.append((tiny(model), short, "is missing"))
        for ours, entries, words in refused:
            torch.save(entries, other)
            try:
                model.load(ours.float(), other)
            except SystemExit as error:
                assert words in str(error), error
            else:
                raise AssertionError(f"taken, though it {words}")


def captions_are_read(model: Any) -> None:
    """Words become their own numbers, the end the highest, and half of the pictures are bold."""
    t = model.tokens(["a picture of a bold seven", "seven"])
    words = [[model.WORDS[i] for i in row] for row in t.tolist()]
    assert words[0] == ["a", "picture", "of", "a", "bold", "seven", "[end]", ""], words
    assert words[1] == ["seven", "[end]", "", "", "", "", "", ""], words
    assert len(set(model.WORDS)) == model.SMALL.vocabulary and model.WORDS[-1] == "[end]"
    p = model.prompts(["two", "six"])
    assert p.shape == (2, len(model.TEMPLATES), model.SMALL.context)
    assert torch.equal(p[1, 0], model.tokens(["a picture of a six"])[0])
    x, digit, bold = model.digits()
    assert x.shape == (1797, 1, 8, 8) and x.min() == 0 and x.max() == 1, x.shape
    assert (x[0, 0, :2].flatten() * 16).tolist() == [
        0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0,
    ]  # fmt: skip
    assert digit[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert abs(int(bold.sum()) - 898) < 20, int(bold.sum())
    assert x[bold == 1].sum((1, 2, 3)).min() > x[bold == 0].sum((1, 2, 3)).max()


# --- the proof ----------------------------------------------------------------------------------


def size(name: str, c: dict[str, Any]) -> Size:
    """A published configuration and its reference."""
    patches = (c["pixels"] // c["patch"]) ** 2
    symbols = {
        "V": c["vocabulary"], "n": c["context"], "t": c["text_width"], "M": c["text_layers"],
        "p": c["patch"], "P": patches, "d": c["image_width"], "N": c["image_layers"],
        "z": c["size"],
    }  # fmt: skip
    return Size(
        name,
        lambda model: model.CLIP(model.SIZES[name]),
        symbols,
        reference=lambda: reference(c),
    )


def trained(model: Any, seed: int = 0, steps: int = 300) -> Any:
    """The model of the small run."""
    *_, (_, ours, _) = model.train(seed, steps, every=steps)
    return ours


def found(model: Any) -> Tensor:
    """For each digit's prompt, a row: the ten held-out pictures nearest to it, nearest first."""
    ours = trained(model)
    x = model.digits()[0][-model.HELD_OUT :]
    with torch.no_grad():
        weights = model.classifier(ours, model.prompts(model.NAMED))
        near = torch.nn.functional.normalize(ours.image(x), dim=-1) @ weights.T  # (297, 10)
    return 1 - x[near.topk(10, dim=0).indices.T, 0]  # ink is dark


WHOLE, NAMING = "model", "naming"
PROOF = Proof(
    code="clip.py",
    sizes=(
        size("ViT-B/32", B32),
        size("ViT-B/16", B16),
        size("ViT-L/14", L14),
        size("ViT-L/14@336px", LARGE),
    ),
    ledger=(
        Row("Text: words and positions", r"text\.(tokens|positions)\.weight", "V * t + n * t"),
        Row(
            "Text: attention",
            r"text\.blocks\.\d+\.attention\..*",
            "M * (4 * t**2 + 4 * t)",
        ),
        Row("Text: two layers", r"text\.blocks\.\d+\.(up|down)\..*", "M * (8 * t**2 + 5 * t)"),
        Row("Text: norms", r"text\.(blocks\.\d+\.)?norm\d?\..*", "(2 * M + 1) * 2 * t"),
        Row("Text: projection", r"text\.project\.weight", "t * z"),
        Row("Image: patches", r"image\.patches\.weight", "3 * p**2 * d"),
        Row(
            "Image: first token and positions",
            r"image\.(first|positions\.weight)",
            "d + (P + 1) * d",
        ),
        Row("Image: attention", r"image\.blocks\.\d+\.attention\..*", "N * (4 * d**2 + 4 * d)"),
        Row("Image: two layers", r"image\.blocks\.\d+\.(up|down)\..*", "N * (8 * d**2 + 5 * d)"),
        Row("Image: norms", r"image\.(blocks\.\d+\.)?norm\d\..*", "(2 * N + 2) * 2 * d"),
        Row("Image: projection", r"image\.project\.weight", "d * z"),
        Row("Scale", r"scale", "1"),
    ),
    equalities=(
        Equality(WHOLE, whole_model, "transformers.CLIPModel", package="transformers"),
        Equality(NAMING, naming, "the formulas of sections 2.3, 3.1.2 and 3.1.4, entry by entry"),
    ),
    invariants=(
        end_closes_a_text,
        every_patch_counts,
        only_directions_count,
        scale_stops_at_100,
        chance_and_certainty,
        loads_checkpoints,
        captions_are_read,
    ),
    mutants=(
        Mutant("exact GELU", "return x * (1.702 * x).sigmoid()", "return F.gelu(x)", (WHOLE,)),
        Mutant("other factor in GELU", "(1.702 * x)", "(1.7 * x)", (WHOLE,)),
        Mutant(
            "texts see what follows",
            "Block(w, c.text_heads, causal=True)",
            "Block(w, c.text_heads, causal=False)",
            (WHOLE, "end_closes_a_text"),
        ),
        Mutant(
            "patches see only those before them",
            "Block(w, c.image_heads, causal=False)",
            "Block(w, c.image_heads, causal=True)",
            (WHOLE, "every_patch_counts"),
        ),
        Mutant(
            "query and key exchanged",
            "for y in (self.query(x), self.key(x), self.value(x))",
            "for y in (self.key(x), self.query(x), self.value(x))",
            (WHOLE,),
        ),
        Mutant(
            "heads interleaved",
            "y.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
            "y.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)",
            (WHOLE,),
        ),
        Mutant(
            "norm after the attention",
            "x = x + self.attention(self.norm1(x))",
            "x = self.norm1(x + self.attention(x))",
            (WHOLE,),
        ),
        Mutant(
            "no way around the two layers",
            "return x + self.down(quick_gelu(",
            "return self.down(quick_gelu(",
            (WHOLE,),
        ),
        Mutant(
            "last token read",
            "end = tokens.argmax(dim=1)",
            "end = torch.full_like(tokens[:, 0], tokens.shape[1] - 1)",
            (WHOLE, "end_closes_a_text"),
        ),
        Mutant(
            "positions of texts left out",
            " + self.positions.weight[: tokens.shape[1]]",
            "",
            (WHOLE,),
        ),
        Mutant(
            "no last norm of texts",
            "self.project(self.norm(x[torch.arange(len(tokens)), end]))",
            "self.project(x[torch.arange(len(tokens)), end])",
            (WHOLE,),
        ),
        Mutant(
            "no first norm of pictures",
            "self.blocks(self.norm1(x))",
            "self.blocks(x)",
            (WHOLE,),
        ),
        Mutant(
            "norms of pictures exchanged",
            "self.blocks(self.norm1(x))  # CLIP's own: a norm before the first block (2.4)\n"
            "        return self.project(self.norm2(x[:, 0]))",
            "self.blocks(self.norm2(x))\n        return self.project(self.norm1(x[:, 0]))",
            (WHOLE,),
        ),
        Mutant(
            "mean of the patches read",
            "self.project(self.norm2(x[:, 0]))",
            "self.project(self.norm2(x.mean(dim=1)))",
            (WHOLE,),
        ),
        Mutant(
            "first token put last",
            "torch.cat((self.first.expand(len(x), 1, -1), x), dim=1)",
            "torch.cat((x, self.first.expand(len(x), 1, -1)), dim=1)",
            (WHOLE,),
        ),
        Mutant(
            "columns before rows",
            "self.patches(x).flatten(2)",
            "self.patches(x).transpose(2, 3).flatten(2)",
            (WHOLE,),
        ),
        Mutant(
            "pictures not normalised",
            "image = F.normalize(self.image(pictures), dim=-1)",
            "image = self.image(pictures)",
            (WHOLE, "only_directions_count"),
        ),
        Mutant(
            "normalised over the batch",
            "F.normalize(self.text(texts), dim=-1)",
            "F.normalize(self.text(texts), dim=0)",
            (WHOLE,),
        ),
        Mutant(
            "scale instead of its logarithm",
            "return self.scale.exp() * image @ F",
            "return self.scale * image @ F",
            (WHOLE,),
        ),
        Mutant(
            "temperature of 0.7",
            "math.log(1 / 0.07)",
            "math.log(1 / 0.7)",
            ("only_directions_count",),
        ),
        Mutant("scale without a limit", "max=math.log(100)", "max=100", ("scale_stops_at_100",)),
        Mutant(
            "loss of pictures alone",
            "(F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2",
            "F.cross_entropy(scores, own)",
            (WHOLE, NAMING, "chance_and_certainty"),
        ),
        Mutant(
            "sum of both losses",
            "F.cross_entropy(scores.T, own)) / 2",
            "F.cross_entropy(scores.T, own))",
            (WHOLE, NAMING, "chance_and_certainty"),
        ),
        Mutant(
            "prompts not normalised before their mean",
            "each = F.normalize(model.text(prompts.flatten(0, 1)), dim=-1)",
            "each = model.text(prompts.flatten(0, 1))",
            (NAMING,),
        ),
        Mutant(
            "mean of the prompts not normalised",
            "return F.normalize(each.unflatten(0, prompts.shape[:2]).mean(dim=1), dim=-1)",
            "return each.unflatten(0, prompts.shape[:2]).mean(dim=1)",
            (NAMING,),
        ),
        Mutant(
            "probabilities over the pictures",
            "image @ weights.T).softmax(dim=-1)",
            "image @ weights.T).softmax(dim=0)",
            (NAMING,),
        ),
        Mutant(
            "norms of a checkpoint exchanged",
            'r"pre_layrnorm": "norm1", r"post_layernorm": "norm2"',
            'r"pre_layrnorm": "norm2", r"post_layernorm": "norm1"',
            (WHOLE, "loads_checkpoints"),
        ),
        Mutant(
            "an incomplete checkpoint taken",
            "    if missing:\n",
            "    if len(missing) > 1:\n",
            ("loads_checkpoints",),
        ),
        Mutant(
            "end token not the highest",
            '"", *sorted({*" ".join(TEMPLATES).split(), *NAMED, *INK} - {"{}"}), "[end]"',
            '"", "[end]", *sorted({*" ".join(TEMPLATES).split(), *NAMED, *INK} - {"{}"})',
            ("captions_are_read",),
        ),
        Mutant(
            "thin taken for bold",
            "(ink > ink.median()).long()",
            "(ink < ink.median()).long()",
            ("captions_are_read",),
        ),
    ),
    runs=(
        Run(
            "Naming digits",
            lambda model, seed, steps: ((s, share) for s, _, share in model.train(seed, steps)),
            "share of held-out digits that the right name is nearest to",
            steps=300,
            reach=0.85,
            short=(100, 0.5),
        ),
    ),
    figures=(Figure("found.png", found),),
    data=("../../Generative-AI/digits.txt",),
    speed=speed,
)

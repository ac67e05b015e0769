# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How gpt3_example.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zooniverse.proofs.form import (
    Equality,
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

VOCABULARY, POSITIONS, LAYERS, HEADS, HEAD, BAND = 13, 11, 4, 3, 8, 3
WIDTH = HEADS * HEAD
TEXT = Path(__file__).with_name("alice.txt")


def tiny(model: Any, band: int | None = BAND, **changes: Any) -> Any:
    """Build a model that is quick to compare, with weights of unit scale."""
    settings = {"positions": POSITIONS, "vocabulary": VOCABULARY, "band": band, **changes}
    ours = model.GPT(model.Config(LAYERS, WIDTH, HEADS, HEAD, **settings))
    with torch.no_grad():
        for weights in ours.parameters():
            weights.copy_(torch.randn_like(weights) / (weights.shape[1:].numel() ** 0.5))
    return ours


def some_tokens(length: int = 9, texts: int = 2) -> Tensor:
    """Return random tokens, (texts, length)."""
    return torch.randint(VOCABULARY, (texts, length))


# --- equalities ---------------------------------------------------------------------------------


def library(**changes: Any) -> Any:
    """Build transformers' GPT-2, with attention as it writes it itself and without dropout."""
    from transformers import GPT2Config, GPT2LMHeadModel

    settings = {
        "vocab_size": VOCABULARY,
        "n_positions": POSITIONS,
        "n_embd": WIDTH,
        "n_layer": LAYERS,
        "n_head": HEADS,
        "attn_implementation": "eager",
    }
    still = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    return GPT2LMHeadModel(GPT2Config(**{**settings, **still, **ends, **changes}))


def links() -> Iterator[Link]:
    """Say which parameter is which; the library's linear layers hold the transpose of ours."""
    yield Link("embedding.weight", "transformer.wte.weight")
    yield Link("position.weight", "transformer.wpe.weight")
    norms = {"norm1": "ln_1", "norm2": "ln_2"}
    linear = {
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "up": "mlp.c_fc",
        "down": "mlp.c_proj",
    }
    for kind in ("weight", "bias"):
        yield Link(f"norm.{kind}", f"transformer.ln_f.{kind}")
        for i in range(LAYERS):
            for ours, theirs in {**norms, **linear}.items():
                here, there = f"blocks.{i}.{ours}.{kind}", f"transformer.h.{i}.{theirs}.{kind}"
                if ours in linear and kind == "weight":
                    yield Link(here, there, lambda tensor: tensor.T)
                else:
                    yield Link(here, there)


def pair(model: Any, band: int | None, reference: Any) -> Pair:
    """Compare scores and loss of two texts."""
    ours, tokens = tiny(model, band), some_tokens()

    def run_ours() -> dict[str, Tensor]:
        scores = ours(tokens)
        return {"scores": scores, "loss": model.loss(scores, tokens)}

    def run_reference() -> dict[str, Tensor]:
        scores = reference(tokens).logits
        each = [F.cross_entropy(scores[:, t], tokens[:, t + 1]) for t in range(tokens.shape[1] - 1)]
        return {"scores": scores, "loss": torch.stack(each).mean()}

    return Pair(ours, reference, run_ours, run_reference, list(links()))


def dense_layers(model: Any) -> Pair:
    """All layers dense: GPT-2."""
    return pair(model, None, library())


def speed(model: Any) -> Pair:
    """Four dense layers in the proportions of GPT-2, on 4 texts of 128."""
    sizes = {"positions": 128, "vocabulary": 2000}
    ours = model.GPT(model.Config(4, 256, 4, 64, band=None, **sizes))
    named = {"vocab_size": 2000, "n_positions": 128, "n_embd": 256, "n_layer": 4, "n_head": 4}
    reference = library(**named, attn_implementation="sdpa")
    tokens = torch.randint(2000, (4, 128))

    def run_ours() -> dict[str, Tensor]:
        return {"loss": model.loss(ours(tokens), tokens)}

    def run_reference() -> dict[str, Tensor]:
        return {"loss": reference(tokens, labels=tokens).loss}

    return Pair(ours, reference, run_ours, run_reference)


def banded_layers(model: Any) -> Pair:
    """Every second layer banded: GPT-2 of the library, given the band as a mask in these layers."""
    reference = library()
    back = torch.arange(9)[:, None] - torch.arange(9)
    hidden = torch.where((back >= 0) & (back <= BAND - 1), 0.0, torch.finfo(torch.float64).min)

    def narrow(_layer: nn.Module, args: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        assert "attention_mask" in named
        return args, {**named, "attention_mask": hidden[None, None]}

    for block in reference.transformer.h[1::2]:
        block.attn.register_forward_pre_hook(narrow, with_kwargs=True)
    return pair(model, BAND, reference)


def library_loss(model: Any) -> Values:
    """The loss that the library gives itself."""
    scores, tokens = torch.randn(2, 9, VOCABULARY), some_tokens()
    reference = library()
    theirs = reference.loss_function(scores, tokens, vocab_size=VOCABULARY)
    return Values({"loss": model.loss(scores, tokens)}, {"loss": theirs})


def sampling(model: Any) -> Values:
    """Probabilities under each way of drawing, and under all at once."""
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    scores, none = 3 * torch.randn(50, 40), torch.zeros(50, 1, dtype=torch.long)
    ours, theirs = {}, {}
    for heat, k, p in ((0.7, 40, 1.0), (1.0, 5, 1.0), (1.0, 40, 0.6), (1.3, 12, 0.8)):
        name = f"{heat} {k} {p}"
        ours[name] = model.distribution(scores, heat, k, p)
        warped = TopKLogitsWarper(k)(none, TemperatureLogitsWarper(heat)(none, scores))
        theirs[name] = TopPLogitsWarper(p)(none, warped).softmax(dim=-1)
    return Values(ours, theirs)


def tokens(model: Any) -> Values:
    """Tokens of the small run's text and of harder ones, with pairs learnt from it."""
    from tokenizers import ByteLevelBPETokenizer

    text = TEXT.read_text(encoding="utf-8")
    hard = "It's  naïve_café, x_1 = 42's\n\n\tÜber 你好 🙂 they'LL we've   \n end "
    reference = ByteLevelBPETokenizer()
    reference.train_from_iterator([text], vocab_size=500, show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        reference.save_model(folder)
        ours = model.Tokenizer(Path(folder))
    assert ours.decode(ours.encode(hard)) == hard
    both = {"text": text, "hard": hard}
    return Values(
        {name: torch.tensor(ours.encode(t)) for name, t in both.items()},
        {name: torch.tensor(reference.encode(t).ids) for name, t in both.items()},
    )


def checkpoints(model: Any) -> Values:
    """Scores of a random checkpoint in both of the library's formats, loaded from its file."""
    reference = library(n_embd=128, n_head=2)
    with torch.no_grad():
        for weights in reference.parameters():
            weights.copy_(torch.randn_like(weights) / weights.shape[0] ** 0.5)
    batch = some_tokens()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference.save_pretrained(folder)
        # The public file also holds the causal masks, and names without the prefix.
        extra = {"h.0.attn.bias": torch.ones(1, 1, POSITIONS, POSITIONS, dtype=torch.bool)}
        torch.save({**reference.transformer.state_dict(), **extra}, folder / "weights.bin")
        files = (folder / "model.safetensors", folder / "weights.bin")
        loaded = [model.from_gpt2(model.read_weights(file), torch.float64) for file in files]
    scores = reference(batch).logits
    return Values(
        {file.suffix: ours(batch) for file, ours in zip(files, loaded, strict=True)},
        {file.suffix: scores for file in files},
    )


# --- invariants ---------------------------------------------------------------------------------


def no_peeking(model: Any) -> None:
    """A token changes no score before it, and every score from it on."""
    ours, text = tiny(model), some_tokens(texts=1)
    other = text.clone()
    other[0, 4] = (text[0, 4] + 1) % VOCABULARY
    changed = (ours(text) != ours(other)).any(dim=-1)[0]
    assert changed.tolist() == [False] * 4 + [True] * 5, changed.tolist()


def cache_changes_nothing(model: Any) -> None:
    """With keys and values from the cache, in pieces of any length, scores are the same."""
    for band in (None, BAND):
        ours, text = tiny(model, band), some_tokens()
        whole = ours(text)
        for pieces in ((1,) * 9, (4, 5), (5, 1, 3), (8, 1)):
            cache = ours.new_cache()
            scores = torch.cat([ours(piece, cache) for piece in text.split(pieces, dim=1)], dim=1)
            apart = (scores - whole).abs().max()
            assert apart < 1e-12, (band, pieces, apart.item())


def band_ends(model: Any) -> None:
    """In a band of w, a key and its value reach their own query and the next w - 1, no others."""
    for j in range(9):
        q, k, v = torch.randn(3, 1, 1, 9, HEAD)
        before = model.attention(q, k, v, BAND)
        k[..., j, :] += 1
        v[..., j, :] += 1
        changed = (model.attention(q, k, v, BAND) != before).any(dim=-1).flatten()
        assert changed.tolist() == [j <= i < j + BAND for i in range(9)], (j, changed.tolist())


def wide_band_is_dense(model: Any) -> None:
    """A band as wide as the text gives what dense attention gives, also to later queries alone."""
    q, k, v = torch.randn(3, 2, HEADS, 9, HEAD)
    dense = model.attention(q, k, v, None)
    for fed in (1, 4, 9):
        for band in (None, 9, 20):
            found = model.attention(q[:, :, 9 - fed :], k, v, band)
            assert (found - dense[:, :, 9 - fed :]).abs().max() < 1e-12, (fed, band)


def bands_alternate(model: Any) -> None:
    """The first layer is dense and every second one is banded in GPT-3; in GPT-2 none is."""
    assert all(config.band == 256 for config in model.GPT3.values())
    assert all(config.band is None for config in model.GPT2.values())
    for band in (None, BAND):
        found = [block.attention.band for block in tiny(model, band).blocks]
        assert found == [None, band] * (LAYERS // 2), found


def residuals_begin_smaller(model: Any) -> None:
    """Weights begin with deviation 0.02, before a sum 0.02 / √(2 layers); biases begin with 0."""
    ours = model.GPT(model.Config(8, 64, 4, 16, vocabulary=99, positions=64))
    for name, weights in ours.named_parameters():
        if weights.dim() > 1:
            added = "attention.out" in name or "down" in name
            expected = 0.02 / 4 if added else 0.02
            assert abs(weights.std() / expected - 1) < 0.1, (name, weights.std())
        elif "bias" in name:
            assert not weights.any(), name


def drawing_keeps_what_it_should(model: Any) -> None:
    """Probabilities sum to 1; top-k leaves k, top-p the fewest that reach p, temperature 0 one."""
    scores = 2 * torch.randn(200, 30)
    plain = model.distribution(scores)
    assert (plain - scores.softmax(dim=-1)).abs().max() < 1e-12
    likeliest = plain.sort(dim=-1, descending=True).values.cumsum(dim=-1)
    fewest = (likeliest < 0.7).sum(dim=-1) + 1
    kept = model.distribution(scores, top_p=0.7)
    assert torch.equal((kept > 0).sum(dim=-1), fewest)
    assert ((model.distribution(scores, top_k=4) > 0).sum(dim=-1) == 4).all()
    coldest = model.distribution(scores, temperature=0)
    assert torch.equal(coldest.argmax(dim=-1), scores.argmax(dim=-1)) and coldest.max() == 1
    for odds in (kept, coldest, model.distribution(scores, 2.0, 7, 0.5)):
        assert (odds.sum(dim=-1) - 1).abs().max() < 1e-12


def writing_equals_reading(model: Any) -> None:
    """Text drawn with a cache is what is drawn without one, also past the last position."""
    ours, text = tiny(model), some_tokens(3)
    with torch.no_grad():
        ours.embedding.weight.mul_(0.5)  # or each token would mostly follow itself
    written = model.generate(ours, text, 4 * POSITIONS, generator=torch.Generator().manual_seed(1))
    generator, begin = torch.Generator().manual_seed(1), 0
    while text.shape[1] < written.shape[1]:
        if text.shape[1] - begin > POSITIONS:
            begin = text.shape[1] - POSITIONS // 2
        odds = ours(text[:, begin:])[:, -1].softmax(dim=-1)
        text = torch.cat((text, odds.multinomial(1, generator=generator)), dim=1)
    assert torch.equal(written, text)


# --- the proof ----------------------------------------------------------------------------------

PAPER = "https://arxiv.org/abs/2005.14165"
FILES = "https://github.com/openai/gpt-2/blob/master/DEVELOPERS.md"


def size(name: str, published: Published, same: bool = True) -> Size:
    """Name a size, with what the letters of the ledger mean for it."""
    layers, d, h, k, positions = SHAPES[name]

    def build(model: Any) -> Any:
        return model.GPT({**model.GPT2, **model.GPT3}[name])

    def reference() -> Any:
        shape = {"n_embd": d, "n_layer": layers, "n_head": h, "n_positions": positions}
        return library(vocab_size=50257, **shape)

    symbols = {"V": 50257, "P": positions, "N": layers, "d": d, "h": h, "k": k}
    return Size(name, build, symbols, published, reference if same else None)


SHAPES = {
    "GPT-2 small": (12, 768, 12, 64, 1024),
    "GPT-2 medium": (24, 1024, 16, 64, 1024),
    "GPT-2 large": (36, 1280, 20, 64, 1024),
    "GPT-2 XL": (48, 1600, 25, 64, 1024),
    "GPT-3 Small": (12, 768, 12, 64, 2048),
    "GPT-3 Medium": (24, 1024, 16, 64, 2048),
    "GPT-3 Large": (24, 1536, 16, 96, 2048),
    "GPT-3 XL, as printed": (24, 2048, 24, 128, 2048),
    "GPT-3 XL, 16 heads": (24, 2048, 16, 128, 2048),
    "GPT-3 2.7B": (32, 2560, 32, 80, 2048),
    "GPT-3 6.7B": (32, 4096, 32, 128, 2048),
    "GPT-3 13B, as printed": (40, 5140, 40, 128, 2048),
    "GPT-3 13B, width 5120": (40, 5120, 40, 128, 2048),
    "GPT-3 175B": (96, 12288, 96, 128, 2048),
}
BLOCK = r"blocks\.\d+\."


def gpt2(name: str, value: float, first: str) -> Size:
    """Name a size of GPT-2; its paper's own figure is wrong, as OpenAI says."""
    where = f"openai/gpt-2, names of the released models (the paper of 2019 says {first})"
    return size(name, Published(value, 1e6, where, FILES))


def gpt3(name: str, rounded: str, value: float, unit: float, gap: str = "") -> Size:
    """Name a size of GPT-3, as Table D.1 counts it and as Table 2.1 rounds it.

    A size that contradicts itself can be counted, but the library cannot build it.
    """
    where = f"Brown et al. (2020), Table D.1; {rounded} in Table 2.1"
    return size(name, Published(value, unit, where, PAPER, gap), same=not gap)


PROOF = Proof(
    code="gpt3_example.py",
    sizes=(
        gpt3("GPT-3 175B", "175.0B", 174.6e9, 1e8),
        gpt2("GPT-2 small", 124e6, "117M"),
        gpt2("GPT-2 medium", 355e6, "345M"),
        gpt2("GPT-2 large", 774e6, "762M"),
        gpt2("GPT-2 XL", 1558e6, "1542M"),
        gpt3("GPT-3 Small", "125M", 125e6, 1e6),
        gpt3("GPT-3 Medium", "350M", 356e6, 1e6),
        gpt3("GPT-3 Large", "760M", 760e6, 1e6),
        gpt3(
            "GPT-3 XL, as printed",
            "1.3B",
            1.32e9,
            1e7,
            "24 heads of 128 are 3,072 wide, not 2,048; with 16 heads the figure is met",
        ),
        gpt3("GPT-3 XL, 16 heads", "1.3B", 1.32e9, 1e7),
        gpt3("GPT-3 2.7B", "2.7B", 2.65e9, 1e7),
        gpt3("GPT-3 6.7B", "6.7B", 6.66e9, 1e7),
        gpt3(
            "GPT-3 13B, as printed",
            "13.0B",
            12.85e9,
            1e7,
            "40 heads of 128 are 5,120 wide, not 5,140; with a width of 5,120 the figure is met",
        ),
        gpt3("GPT-3 13B, width 5120", "13.0B", 12.85e9, 1e7),
    ),
    ledger=(
        Row("Token embedding, shared with the output", r"embedding\.weight", "V * d"),
        Row("Position embedding", r"position\.weight", "P * d"),
        Row("Attention: queries, keys, values", BLOCK + r"attention\.qkv\..*", "N * 3*h*k*(d+1)"),
        Row("Attention: output", BLOCK + r"attention\.out\..*", "N * (h*k*d + d)"),
        Row("Feed-forward", BLOCK + r"(up|down)\..*", "N * (8*d*d + 5*d)"),
        Row("Norms", BLOCK + r"norm\d\..*", "N * 4*d"),
        Row("Final norm", r"norm\..*", "2 * d"),
    ),
    equalities=(
        Equality(
            "dense layers",
            dense_layers,
            "transformers.GPT2LMHeadModel, with its own attention (eager)",
            "transformers",
        ),
        Equality(
            "banded layers",
            banded_layers,
            "transformers.GPT2LMHeadModel, given our mask in every second layer",
            "transformers",
        ),
        Equality(
            "loss",
            library_loss,
            "the loss of transformers.GPT2LMHeadModel",
            "transformers",
            limit=1e-6,
            why_limit="it turns scores to float32",
        ),
        Equality(
            "drawing",
            sampling,
            "transformers.TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper",
            "transformers",
        ),
        Equality(
            "checkpoints",
            checkpoints,
            "transformers.GPT2LMHeadModel, saved as safetensors and by torch.save",
            "transformers",
        ),
        Equality("tokens", tokens, "tokenizers.ByteLevelBPETokenizer", "tokenizers"),
    ),
    invariants=(
        no_peeking,
        cache_changes_nothing,
        band_ends,
        wide_band_is_dense,
        bands_alternate,
        residuals_begin_smaller,
        drawing_keeps_what_it_should,
        writing_equals_reading,
    ),
    mutants=(
        Mutant("future seen", "is_causal=True", "is_causal=False", ("dense layers",)),
        Mutant(
            "scores not scaled",
            "is_causal=True)",
            "is_causal=True, scale=1.0)",
            ("dense layers", "wide_band_is_dense"),
        ),
        Mutant(
            "banded scores not scaled",
            "attn_mask=visible)",
            "attn_mask=visible, scale=1.0)",
            ("banded layers", "cache_changes_nothing", "wide_band_is_dense"),
        ),
        Mutant(
            "band wider by one", "(back < (band", "(back <= (band", ("banded layers", "band_ends")
        ),
        Mutant(
            "future seen in a band",
            "(back >= 0) & ",
            "(back >= -1) & ",
            ("banded layers", "no_peeking", "band_ends", "wide_band_is_dense"),
        ),
        Mutant(
            "banded layers first",
            "c.band if i % 2 else None",
            "None if i % 2 else c.band",
            ("banded layers", "bands_alternate"),
        ),
        Mutant(
            "all layers banded",
            "c.band if i % 2 else None",
            "c.band",
            ("banded layers", "bands_alternate"),
        ),
        Mutant(
            "key and value exchanged",
            "        q, k, v = self.qkv",
            "        q, v, k = self.qkv",
            ("dense layers", "checkpoints"),
        ),
        Mutant(
            "heads interleaved",
            "(3, self.heads, -1)).permute(2, 0, 3, 1, 4)",
            "(3, -1, self.heads)).permute(2, 0, 4, 1, 3)",
            ("dense layers",),
        ),
        Mutant("exact GELU", 'approximate="tanh"', 'approximate="none"', ("dense layers",)),
        Mutant(
            "ReLU",
            'F.gelu(self.up(self.norm2(x)), approximate="tanh")',
            "F.relu(self.up(self.norm2(x)))",
            ("dense layers",),
        ),
        Mutant(
            "norm after the attention",
            "x = x + self.attention(self.norm1(x), cache)",
            "x = self.norm1(x + self.attention(x, cache))",
            ("dense layers",),
        ),
        Mutant(
            "no sum around the feed-forward",
            "return x + self.down(",
            "return self.down(",
            ("dense layers",),
        ),
        Mutant(
            "other epsilon",
            "self.norm = nn.LayerNorm(c.width)",
            "self.norm = nn.LayerNorm(c.width, eps=1e-6)",
            ("dense layers", "checkpoints"),
        ),
        Mutant("no positions", " + self.position(places)", "", ("checkpoints",)),
        Mutant(
            "positions from one",
            "torch.arange(past, past + tokens.shape[1]",
            "torch.arange(past + 1, past + 1 + tokens.shape[1]",
            ("dense layers",),
        ),
        Mutant("no final norm", "F.linear(self.norm(x), ", "F.linear(x, ", ("checkpoints",)),
        Mutant(
            "loss of the token itself",
            "scores[:, :-1].flatten(0, 1), tokens[:, 1:]",
            "scores[:, 1:].flatten(0, 1), tokens[:, 1:]",
            ("dense layers", "loss"),
        ),
        Mutant(
            "cache forgets positions",
            "past = cache[0][0].shape[-2] if",
            "past = 0 if",
            ("cache_changes_nothing", "writing_equals_reading"),
        ),
        Mutant(
            "cache put behind",
            "torch.cat((cache[1], v), dim=-2)",
            "torch.cat((v, cache[1]), dim=-2)",
            ("cache_changes_nothing",),
        ),
        Mutant(
            "text not taken up again",
            "max(1, model.config.positions // 2)",
            "1",
            ("writing_equals_reading",),
        ),
        Mutant(
            "temperature multiplies", "scores / temperature", "scores * temperature", ("drawing",)
        ),
        Mutant(
            "one token too many",
            "top_k, scores",
            "top_k + 1, scores",
            ("drawing", "drawing_keeps_what_it_should"),
        ),
        Mutant(
            "top-p counts the token itself",
            "ordered.cumsum(dim=-1) - ordered",
            "ordered.cumsum(dim=-1)",
            ("drawing", "drawing_keeps_what_it_should"),
        ),
        Mutant(
            "no new sum to one",
            "kept / kept.sum(dim=-1, keepdim=True)",
            "kept",
            ("drawing", "drawing_keeps_what_it_should"),
        ),
        Mutant(
            "all weights begin alike",
            "math.sqrt(2 * c.layers) if added else 1",
            "1",
            ("residuals_begin_smaller",),
        ),
        Mutant(
            "matrices not turned",
            ".T if turned else theirs[name])",
            ".reshape(theirs[name].shape[::-1]) if turned else theirs[name])",
            ("checkpoints",),
        ),
        Mutant(
            "norms exchanged",
            '"norm1": "ln_1", "norm2": "ln_2"',
            '"norm1": "ln_2", "norm2": "ln_1"',
            ("checkpoints",),
        ),
        Mutant(
            "numbers in another order",
            'part.reshape(entry["shape"])',
            'part.flip(0).reshape(entry["shape"])',
            ("checkpoints",),
        ),
        Mutant("pairs left apart", "while len(parts) > 1", "while len(parts) > 2", ("tokens",)),
        Mutant("no blank before a word", r"| ?[^\W\d_]+", r"|[^\W\d_]+", ("tokens",)),
    ),
    runs=(
        Run(
            "Characters of Alice in Wonderland, chapter I",
            lambda model, seed, steps: ((s, value) for s, _, value in model.train(seed, steps)),
            "loss on the last tenth of the text, in nats a character",
            steps=300,
            reach=2.2,
            short=(50, 2.75),
            higher_is_better=False,
        ),
    ),
    data=("alice.txt",),
    speed=speed,
)

# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""How bert.py is proven; zooniverse/proofs/form.py says what each part means."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertTokenizer,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
)
from transformers.utils.logging import disable_progress_bar

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

disable_progress_bar()

VOCABULARY, LAYERS, WIDTH, HEADS, POSITIONS = 110, 2, 128, 2, 12
TOKENS = torch.tensor([[101, 7, 8, 102, 9, 103, 102], [101, 5, 102, 6, 102, 0, 0]])
SEGMENTS = torch.tensor([[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0]])
SEEN = (TOKENS != 0).long()


def config(model: Any, **changes: Any) -> Any:
    """Return a configuration that is quick to compare; its heads are 64 wide, as BERT's are."""
    settings = {
        "vocabulary": VOCABULARY,
        "layers": LAYERS,
        "width": WIDTH,
        "heads": HEADS,
        "positions": POSITIONS,
        "dropout": 0.0,
    }
    return model.Config(**{**settings, **changes})


def sizes(layers: int = LAYERS, width: int = WIDTH, heads: int = HEADS) -> dict[str, Any]:
    """Return the same settings by the reference's names."""
    return {
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def reference_config(**changes: Any) -> BertConfig:
    """Return the reference's configuration of the size that is compared."""
    places = {"vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS}
    return BertConfig(**{**places, **sizes(), **changes})


# --- which of our parameters is which of the reference's ----------------------------------------

EMBEDDINGS = {
    "token": "word_embeddings",
    "position": "position_embeddings",
    "segment": "token_type_embeddings",
}
LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def both(ours: str, theirs: str) -> Iterator[Link]:
    """Link the weight and the bias of one layer."""
    for kind in ("weight", "bias"):
        yield Link(f"{ours}.{kind}", f"{theirs}.{kind}")


def encoder(ours: str, theirs: str) -> Iterator[Link]:
    """Link a whole encoder."""
    for here, there in EMBEDDINGS.items():
        yield Link(f"{ours}.{here}.weight", f"{theirs}.embeddings.{there}.weight")
    yield from both(f"{ours}.norm", f"{theirs}.embeddings.LayerNorm")
    for i, (here, there) in itertools.product(range(LAYERS), LAYER.items()):
        yield from both(f"{ours}.layers.{i}.{here}", f"{theirs}.encoder.layer.{i}.{there}")


# --- equalities ---------------------------------------------------------------------------------


def pre_training(model: Any) -> Pair:
    """Both heads and both losses, on pairs of which one is padded."""
    ours, reference = model.PreTraining(config(model)), BertForPreTraining(reference_config())
    wanted = torch.tensor([[-100, 7, -100, -100, -100, 3, -100], [-100] * 3 + [2] + [-100] * 3])
    random = torch.tensor([0, 1])
    return both_heads(model, ours, reference, (TOKENS, SEGMENTS, wanted, random))


def speed(model: Any) -> Pair:
    """Four layers in the proportions of base, on 8 pairs of 64 tokens."""
    ours = model.PreTraining(config(model, layers=4, width=256, heads=4, positions=64))
    reference = BertForPreTraining(reference_config(**sizes(4, 256, 4), max_position_embeddings=64))
    tokens, wanted = torch.randint(4, 100, (2, 8, 64))
    random = torch.randint(2, (8,))
    return both_heads(model, ours, reference, (tokens, tokens % 2, wanted, random))


def both_heads(model: Any, ours: Any, reference: Any, batch: tuple[Tensor, ...]) -> Pair:
    """Ours and the reference on the same tokens, segments, wanted tokens, and pairs that follow."""
    tokens, segments, wanted, random = batch

    def run_ours() -> dict[str, Tensor]:
        fills, follows = ours(tokens, segments)
        loss = model.pretraining_loss(fills, follows, wanted, random)
        return {"fills": fills, "follows": follows, "loss": loss}

    def run_reference() -> dict[str, Tensor]:
        out = reference(
            input_ids=tokens,
            attention_mask=(tokens != 0).long(),
            token_type_ids=segments,
            labels=wanted,
            next_sentence_label=random,
        )
        fills, follows = out.prediction_logits, out.seq_relationship_logits
        return {"fills": fills, "follows": follows, "loss": out.loss}

    links = [
        *encoder("bert", "bert"),
        *both("pooler", "bert.pooler.dense"),
        *both("transform", "cls.predictions.transform.dense"),
        *both("norm", "cls.predictions.transform.LayerNorm"),
        Link("bias", "cls.predictions.bias"),
        *both("follows", "cls.seq_relationship"),
    ]
    return Pair(ours, reference, run_ours, run_reference, links)


def classification(model: Any) -> Pair:
    """Three classes for a sentence pair."""
    bert, pooler = model.Bert(config(model)), nn.Linear(WIDTH, WIDTH)
    ours = model.Classifier(bert, pooler, classes=3, dropout=0.0)
    reference = BertForSequenceClassification(reference_config(num_labels=3))
    wanted = torch.tensor([2, 0])

    def run_ours() -> dict[str, Tensor]:
        scores = ours(TOKENS, SEGMENTS)
        return {"scores": scores, "loss": F.cross_entropy(scores, wanted)}

    def run_reference() -> dict[str, Tensor]:
        out = reference(
            input_ids=TOKENS, attention_mask=SEEN, token_type_ids=SEGMENTS, labels=wanted
        )
        return {"scores": out.logits, "loss": out.loss}

    links = [
        *encoder("bert", "bert"),
        *both("pooler", "bert.pooler.dense"),
        *both("scores", "classifier"),
    ]
    return Pair(ours, reference, run_ours, run_reference, links)


def question_answering(model: Any) -> Pair:
    """The first and the last position of an answer."""
    ours = model.Answerer(model.Bert(config(model)))
    reference = BertForQuestionAnswering(reference_config())
    wanted = torch.tensor([[4, 5], [3, 3]])

    def run_ours() -> dict[str, Tensor]:
        begin, end = ours(TOKENS, SEGMENTS)
        return {"begin": begin, "end": end, "loss": ours.loss(begin, end, wanted)}

    def run_reference() -> dict[str, Tensor]:
        out = reference(
            input_ids=TOKENS,
            attention_mask=SEEN,
            token_type_ids=SEGMENTS,
            start_positions=wanted[:, 0],
            end_positions=wanted[:, 1],
        )
        return {"begin": out.start_logits, "end": out.end_logits, "loss": out.loss}

    links = [*encoder("bert", "bert"), *both("ends", "qa_outputs")]
    return Pair(ours, reference, run_ours, run_reference, links)


class DensePassageRetrieval(nn.Module):
    """The reference's two encoders; it has no module that holds both."""

    def __init__(self) -> None:
        super().__init__()
        settings = DPRConfig(vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, **sizes())
        self.question, self.passage = DPRQuestionEncoder(settings), DPRContextEncoder(settings)

    def forward(self, questions: Tensor, passages: Tensor) -> Tensor:
        asked = self.question(questions, attention_mask=(questions != 0).long()).pooler_output
        kept = self.passage(passages, attention_mask=(passages != 0).long()).pooler_output
        return torch.einsum("bd,pd->bp", asked, kept)


def retrieval(model: Any) -> Pair:
    """Scores of passages for questions, and the loss that takes the other passages for wrong."""
    ours = model.Retriever(model.Bert(config(model)), model.Bert(config(model)))
    reference = DensePassageRetrieval()
    questions, passages = TOKENS, torch.tensor([[101, 4, 102, 0], [101, 3, 2, 102]])

    def run_ours() -> dict[str, Tensor]:
        scores = ours(questions, passages)
        return {"scores": scores, "loss": ours.loss(scores)}

    def run_reference() -> dict[str, Tensor]:
        scores = reference(questions, passages)
        return {"scores": scores, "loss": -scores.log_softmax(dim=1).diagonal().mean()}

    links = [
        *encoder("question", "question.question_encoder.bert_model"),
        *encoder("passage", "passage.ctx_encoder.bert_model"),
    ]
    return Pair(ours, reference, run_ours, run_reference, links)


def checkpoint(model: Any) -> Values:
    """A random checkpoint that the reference wrote, under its names and under the oldest ones."""
    reference = BertForPreTraining(reference_config()).double().eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.copy_(torch.randn_like(parameter) / max(1, parameter.dim() - 1) ** 0.5)
        out = reference(input_ids=TOKENS, attention_mask=SEEN, token_type_ids=SEGMENTS)
    found: dict[str, Tensor] = {}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        new, old = Path(folder) / "model.safetensors", Path(folder) / "old.safetensors"
        reference.save_pretrained(folder)
        save_file({oldest(name): tensor for name, tensor in load_file(new).items()}, old)
        for file in (new, old):
            fills, follows = model.load(file)(TOKENS, SEGMENTS)
            found |= {f"fills, {file.stem}": fills, f"follows, {file.stem}": follows}
    wanted = {"fills": out.prediction_logits, "follows": out.seq_relationship_logits}
    return Values(found, {name: wanted[name.split(",")[0]] for name in found})


def oldest(name: str) -> str:
    """Return the name that the first checkpoints have for a parameter of a norm."""
    start, _, kind = name.rpartition("LayerNorm.")
    return f"{start}LayerNorm.{'gamma' if kind == 'weight' else 'beta'}" if start else name


PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "un", "##aff", "##able", "man", "##s"),
    *("cafe", ".", ",", "!", "'", "$", "-", "_", "5", "##0", "a", "##a", "##b", "b", "##c", "–"),
]
TEXTS = (
    "The unaffable man's café, the  mans.",
    "the [MASK] man[MASK]!",
    "aab abc bac cab unaffables $50-5_0 – 'A'",
    "",
)


def word_pieces(model: Any) -> Values:
    """The cutting of text into pieces, words that cannot be cut and accents included."""
    reference = BertTokenizer(vocab={piece: i for i, piece in enumerate(PIECES)})
    cut = model.WordPiece(PIECES)
    there = {text: reference(text, add_special_tokens=False)["input_ids"] for text in TEXTS}
    # In the public vocabularies [UNK] has the number 100, in this small one 1.
    here = {text: [1 if i == model.UNKNOWN else i for i in cut(text)] for text in TEXTS}
    return Values(
        {text: torch.tensor(numbers) for text, numbers in here.items()},
        {text: torch.tensor(numbers) for text, numbers in there.items()},
    )


# --- invariants ---------------------------------------------------------------------------------


def both_directions(model: Any) -> None:
    """Every token changes the vector at every position, before it and after it."""
    bert = model.Bert(config(model))
    tokens, segments = torch.randint(1, 100, (1, 8)), torch.zeros(1, 8, dtype=torch.long)
    for place in range(8):
        other = tokens.clone()
        other[0, place] = 1 + tokens[0, place] % 99
        changed = (bert(tokens, segments) != bert(other, segments)).any(dim=-1)
        assert changed.all(), (place, changed.tolist())


def padding_is_nothing(model: Any) -> None:
    """Padding after the text changes no vector of the text."""
    bert = model.Bert(config(model))
    padded, segments = F.pad(TOKENS, (0, 3)), F.pad(SEGMENTS, (0, 3))
    apart = (bert(TOKENS, SEGMENTS) - bert(padded, segments)[:, :7]).detach().abs().max()
    assert apart < 1e-12, float(apart)


def hidden_in_the_papers_shares(model: Any) -> None:
    """Of 15 % of the tokens, 80 % are hidden, 10 % exchanged, 10 % left; never a special one."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(200, 30522, (400, 128), generator=generator)
    tokens[:, 0], tokens[:, 60], tokens[:, 120:] = model.CLS, model.SEP, model.PAD
    given, wanted = model.hide(tokens, 30522, generator)
    chosen = wanted != model.IGNORED
    ordinary = tokens >= 200
    assert not (chosen & ~ordinary).any()
    assert (given[~chosen] == tokens[~chosen]).all()
    assert (wanted[chosen] == tokens[chosen]).all()
    assert wanted[~chosen].unique().tolist() == [model.IGNORED]
    hidden, same = given[chosen] == model.MASK, given[chosen] == tokens[chosen]
    number = int(chosen.sum())
    for count, of, share in (
        (number, int(ordinary.sum()), 0.15),
        (int(hidden.sum()), number, 0.8),
        (int(same.sum()), number, 0.1),
    ):
        slack = 4 * (of * share * (1 - share)) ** 0.5
        assert abs(count - of * share) < slack, (count / of, share)
    exchanged = given[chosen][~hidden & ~same].double()
    assert abs(exchanged.mean() / 30522 - 0.5) < 0.05, float(exchanged.mean())


def dropout_on_all_layers(model: Any) -> None:
    """Dropout acts on embeddings, both sub-layers' outputs and the weights of attention."""
    bert, seen = model.Bert(config(model, dropout=0.5)), []
    for layer in bert.modules():
        if isinstance(layer, nn.Dropout):
            layer.register_forward_hook(lambda _l, _in, out: seen.append(tuple(out.shape)))
    bert(TOKENS, SEGMENTS)
    assert seen == [(2, 7, WIDTH)] * (1 + 2 * LAYERS), seen
    layer, x = bert.layers[0], torch.randn(1, 5, WIDTH)
    all_seen = torch.ones(1, 1, 1, 5, dtype=torch.bool)
    assert not torch.equal(layer.attend(x, all_seen), layer.attend(x, all_seen))
    layer.eval()
    assert torch.equal(layer.attend(x, all_seen), layer.attend(x, all_seen))


def best_of_all_spans(model: Any) -> None:
    """The answer is the span of the highest sum among all that do not end before they begin."""
    for _ in range(20):
        begin, end = torch.randn(9), torch.randn(9)
        spans = [(i, j) for i in range(9) for j in range(i, 9)]
        best = max(spans, key=lambda span: float(begin[span[0]] + end[span[1]]))
        assert model.Answerer.best(begin, end) == best


def toy_pairs_are_what_they_say(model: Any) -> None:
    """In the toy language verbs agree, and B is on A's subject unless it is said to be random."""
    tokens, segments, random = model.pairs(500, torch.Generator().manual_seed(0))
    assert segments[0].tolist() == [0] * 7 + [1] * 6
    assert (tokens[:, [0, 6, 12]] == torch.tensor([model.CLS, model.SEP, model.SEP])).all()
    words = [[model.WORDS[i - model.MASK] for i in row] for row in tokens[:, 1:6].tolist()]
    assert all(w[0].endswith("s") != w[3].endswith("s") for w in words)
    subjects = (tokens[:, [1, 3, 5, 7, 9, 11]] - model.NOUN) // 12
    assert (subjects[:, :3] == subjects[:, :1]).all()
    assert (subjects[:, 3:] == subjects[:, 3:4]).all()
    assert ((subjects[:, 0] != subjects[:, 3]) == (random == 1)).all()
    assert 200 < int(random.sum()) < 300


def rate_rises_and_falls(model: Any) -> None:
    """The learning rate rises in a line to its peak over a tenth of the steps and falls to 0."""
    rates = [model.learning_rate(step, 1000, 2.0) for step in range(1001)]
    expected = [min(s / 100, (1000 - s) / 900) * 2 for s in range(1001)]
    assert max(abs(a - b) for a, b in zip(rates, expected, strict=True)) < 1e-12


# --- the proof ----------------------------------------------------------------------------------

PAPER = "https://arxiv.org/abs/1810.04805"
ALL = ("pre-training", "classification", "question answering", "retrieval")

PROOF = Proof(
    code="bert.py",
    sizes=(
        Size(
            "base",
            lambda model: model.PreTraining(model.BASE),
            {"V": 30522, "P": 512, "H": 768, "L": 12},
            Published(110e6, 1e6, "Devlin et al. (2019), Section 3", PAPER),
            lambda: BertForPreTraining(BertConfig()),
        ),
        Size(
            "large",
            lambda model: model.PreTraining(model.LARGE),
            {"V": 30522, "P": 512, "H": 1024, "L": 24},
            Published(
                340e6,
                1e6,
                "Devlin et al. (2019), Section 3",
                PAPER,
                "the paper does not say how it counts; 336 M rounds to 340 M only when two digits "
                "are kept, and without both heads the encoder has 334 M",
            ),
            lambda: BertForPreTraining(BertConfig(**sizes(24, 1024, 16))),
        ),
    ),
    ledger=(
        Row("Token embedding, shared with the output", r"bert\.token\.weight", "V * H"),
        Row("Position embedding", r"bert\.position\.weight", "P * H"),
        Row("Segment embedding and first norm", r"bert\.(segment|norm)\..*", "2 * H + 2 * H"),
        Row(
            "Layers: self-attention",
            r"bert\.layers\.\d+\.(query|key|value|out)\..*",
            "L * 4 * H * (H + 1)",
        ),
        Row(
            "Layers: feed-forward",
            r"bert\.layers\.\d+\.(up|down)\..*",
            "L * (8 * H * H + 5 * H)",
        ),
        Row("Layers: norms", r"bert\.layers\.\d+\.norm\d\..*", "L * 2 * 2 * H"),
        Row("Pooler", r"pooler\..*", "H * (H + 1)"),
        Row("Masked-token head", r"transform\..*|norm\..*|bias", "H * (H + 1) + 2 * H + V"),
        Row("Next-sentence head", r"follows\..*", "2 * (H + 1)"),
    ),
    equalities=(
        Equality("pre-training", pre_training, "transformers.BertForPreTraining", "transformers"),
        Equality(
            "classification",
            classification,
            "transformers.BertForSequenceClassification",
            "transformers",
        ),
        Equality(
            "question answering",
            question_answering,
            "transformers.BertForQuestionAnswering",
            "transformers",
        ),
        Equality(
            "retrieval",
            retrieval,
            "transformers.DPRQuestionEncoder and DPRContextEncoder",
            "transformers",
        ),
        Equality(
            "checkpoint",
            checkpoint,
            "transformers.BertForPreTraining, saved by save_pretrained with random weights",
            "transformers",
        ),
        Equality("word pieces", word_pieces, "transformers.BertTokenizer", "transformers"),
    ),
    invariants=(
        both_directions,
        padding_is_nothing,
        hidden_in_the_papers_shares,
        dropout_on_all_layers,
        best_of_all_spans,
        toy_pairs_are_what_they_say,
        rate_rises_and_falls,
    ),
    mutants=(
        Mutant("tanh GELU", "F.gelu(self.up(x))", 'F.gelu(self.up(x), approximate="tanh")', ALL),
        Mutant(
            "other epsilon",
            "self.norm1, self.norm2 = (nn.LayerNorm(c.width, eps=1e-12) for _ in range(2))",
            "self.norm1, self.norm2 = (nn.LayerNorm(c.width, eps=1e-5) for _ in range(2))",
            ALL,
        ),
        Mutant("padding seen", "attn_mask=seen,", "", (*ALL, "padding_is_nothing")),
        Mutant(
            "future hidden",
            "attn_mask=seen,",
            "is_causal=True,",
            (*ALL, "both_directions"),
        ),
        Mutant("scores not scaled", "dropout_p=drop)", "dropout_p=drop, scale=1.0)", ALL),
        Mutant(
            "query and key exchanged",
            "split(self.query(x)), split(self.key(x))",
            "split(self.key(x)), split(self.query(x))",
            ALL,
        ),
        Mutant(
            "heads interleaved",
            "y.unflatten(-1, (self.heads, -1)).transpose(1, 2)",
            "y.unflatten(-1, (-1, self.heads)).movedim(-1, 1)",
            ALL,
        ),
        Mutant(
            "norm before the sub-layer",
            "return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))",
            "return x + self.dropout(self.down(F.gelu(self.up(self.norm2(x)))))",
            ALL,
        ),
        Mutant("segments left out", " + self.segment(segments)", "", ALL[:3]),
        Mutant(
            "positions begin at 1",
            "self.position.weight[: tokens.shape[1]]",
            "self.position.weight[1 : tokens.shape[1] + 1]",
            ALL,
        ),
        Mutant("embeddings not normalised", "self.dropout(self.norm(x))", "self.dropout(x)", ALL),
        Mutant("padding learns", ", padding_idx=PAD", "", ("question answering",)),
        Mutant(
            "activation of the head left out",
            "F.gelu(self.transform(x))",
            "self.transform(x)",
            ("pre-training", "checkpoint"),
        ),
        Mutant(
            "output bias left out",
            "F.linear(y, self.bert.token.weight, self.bias)",
            "F.linear(y, self.bert.token.weight) + 0 * self.bias",
            ("pre-training", "checkpoint"),
        ),
        Mutant(
            "last position pooled",
            "self.follows(torch.tanh(self.pooler(x[:, 0])))",
            "self.follows(torch.tanh(self.pooler(x[:, -1])))",
            ("pre-training", "checkpoint"),
        ),
        Mutant(
            "losses averaged",
            "F.cross_entropy(follows, random)\n",
            "F.cross_entropy(follows, random) * 0.5\n",
            ("pre-training",),
        ),
        Mutant(
            "pooler without tanh",
            "self.dropout(torch.tanh(self.pooler(first)))",
            "self.dropout(self.pooler(first))",
            ("classification",),
        ),
        Mutant(
            "begin and end exchanged",
            "begin, end = self.ends(",
            "end, begin = self.ends(",
            ("question answering",),
        ),
        Mutant("losses added", "wanted[:, 1])) / 2", "wanted[:, 1]))", ("question answering",)),
        Mutant(
            "one encoder for both",
            "self.passage(passages, ",
            "self.question(passages, ",
            ("retrieval",),
        ),
        Mutant(
            "chosen among questions",
            "F.cross_entropy(scores, torch",
            "F.cross_entropy(scores.T, torch",
            ("retrieval",),
        ),
        Mutant(
            "norms exchanged",
            '"attention.output.LayerNorm": "norm1",\n    "intermediate.dense": "up",\n'
            '    "output.dense": "down",\n    "output.LayerNorm": "norm2",',
            '"attention.output.LayerNorm": "norm2",\n    "intermediate.dense": "up",\n'
            '    "output.dense": "down",\n    "output.LayerNorm": "norm1",',
            ("checkpoint",),
        ),
        Mutant("accents kept", ' if k != "Mn")', ")", ("word pieces",)),
        Mutant(
            "shortest pieces",
            "range(len(word), start, -1)",
            "range(start + 1, len(word) + 1)",
            ("word pieces",),
        ),
        Mutant(
            "dropout of attention left out",
            "if self.training else 0.0",
            "if False else 0.0",
            ("dropout_on_all_layers",),
        ),
        Mutant(
            "dropout left out once",
            "self.dropout(self.attend(x, seen))",
            "self.attend(x, seen)",
            ("dropout_on_all_layers",),
        ),
        Mutant(
            "all chosen hidden",
            "chosen & (fate < 0.8)",
            "chosen",
            ("hidden_in_the_papers_shares",),
        ),
        Mutant("a tenth chosen", "chance < 0.15", "chance < 0.1", ("hidden_in_the_papers_shares",)),
        Mutant(
            "separators chosen",
            " & (tokens != SEP)",
            "",
            ("hidden_in_the_papers_shares",),
        ),
        Mutant("spans that end before they begin", ".tril(-1)", ".triu(1)", ("best_of_all_spans",)),
        Mutant(
            "verbs do not agree",
            "first % 2  # they agree",
            "near % 2",
            ("toy_pairs_are_what_they_say",),
        ),
        Mutant("no warm-up", "min(step / warmup, ", "min(1.0, ", ("rate_rises_and_falls",)),
    ),
    runs=(
        Run(
            "Filling gaps in a toy language",
            lambda model, seed, steps: (
                (s, loss) for s, _, loss in model.pretrain(seed, steps, 50)
            ),
            "surprise at hidden words of new text, in nats",
            steps=300,
            reach=2.2,
            short=(60, 3.2),
            higher_is_better=False,
        ),
        Run(
            "Fine-tuning with eight labels after so many steps of pre-training",
            lambda model, seed, steps: (
                (s, model.fine_tune(pretrained, seed))
                for s, pretrained, _ in model.pretrain(seed, steps, 50)
            ),
            "share of 400 new sentences whose subject is found",
            steps=300,
            reach=0.95,
            short=None,
        ),
    ),
    speed=speed,
)

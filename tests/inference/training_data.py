"""Small datasets that a tiny encoder can learn in a second: one word tells the label."""

from __future__ import annotations

import random
from pathlib import Path

from corpus.models import DatasetVersion
from corpus.versions.freeze import freeze
from labeling.spans import Span
from projects.models import Document, Project, Question, User
from tests.factories import answer, make_documents

WORDS = {"Refund": "refund", "Late delivery": "late", "Praise": "friendly"}
FILLERS = ("the", "shop", "was", "order", "my", "and", "again", "parcel", "box", "yesterday")


def make_base(folder: Path) -> Path:
    """A random BERT that knows these words."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = [*map(chr, range(97, 123)), *map(str, range(10))]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = [*special, *WORDS.values(), *FILLERS, *letters, *(f"##{one}" for one in letters)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(known), encoding="utf-8")
    raw = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
    BertTokenizerFast(tokenizer_object=raw._tokenizer).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 32}
        shapes = {**sizes, "intermediate_size": 64, "max_position_embeddings": 64}
        config = BertConfig(vocab_size=len(known), initializer_range=0.2, **shapes)
        BertModel(config).save_pretrained(folder)
    return folder


def texts(count: int, seed: int = 5) -> list[tuple[str, str]]:
    """(text, label) in turn, the label's word somewhere among fillers."""
    dice, made = random.Random(seed), []
    for number in range(count):
        label = list(WORDS)[number % len(WORDS)]
        words = dice.choices(FILLERS, k=dice.randint(3, 8))
        words.insert(dice.randrange(len(words)), WORDS[label])
        made.append((f"{' '.join(words)} {number}", label))
    return made


def answered(
    project: Project, person: User, count: int = 60, *, seed: int = 5, **fields
) -> list[Document]:
    """Documents with the label that their word asks for."""
    made = texts(count, seed)
    documents = make_documents(project, *(text for text, _ in made), **fields)
    for document, (_, label) in zip(documents, made, strict=True):
        answer(document, person, label)
    return documents


def frozen(project: Project, person: User, count: int = 60) -> DatasetVersion:
    answered(project, person, count)
    return freeze(project=project)


def spans_in(question: Question, text: str) -> list[Span]:
    """Each label's word, wherever it stands."""
    found = []
    for label in question.labels.all():
        place = text.find(WORDS[label.name])
        if place >= 0:
            found.append(Span("text", place, place + len(WORDS[label.name]), label.pk))
    return found

"""Tiny classifiers with random weights, saved as anybody would save theirs."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from tests.inference import tiny_encoders

TOPICS = ("refund", "LATE_DELIVERY", "praise", "spam")
BILOU = ("O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC")
BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def choosing(folder: Path, labels=TOPICS, **changes: Any) -> Path:
    return _make(folder, "BertForSequenceClassification", labels, changes)


def tagging(folder: Path, labels=BIO, **changes: Any) -> Path:
    return _make(folder, "BertForTokenClassification", labels, changes)


def _make(folder: Path, name: str, labels, changes: dict[str, Any]) -> Path:
    import torch
    import transformers

    torch.manual_seed(0)
    names = dict(enumerate(labels))
    shapes = {**tiny_encoders.SHAPES, "num_hidden_layers": 1, "pad_token_id": 1}
    config = transformers.BertConfig(
        **shapes, id2label=names, label2id={name: row for row, name in names.items()}, **changes
    )
    getattr(transformers, name)(config).save_pretrained(folder)
    tiny_encoders.word_pieces().save(str(folder / "tokenizer.json"))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return folder


def change_config(folder: Path, **values: Any) -> None:
    """Sets values; None takes one out."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({name: of for name, of in config.items() if of is not None}))


def zipped(folder: Path, inside: str = "model/") -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, inside + path.name)
    return _named(out, "my-model.zip")


def tarred(folder: Path) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.add(folder, "model")
    return _named(out, "my-model.tar.gz")


def _named(out: io.BytesIO, name: str) -> io.BytesIO:
    out.seek(0)
    out.name = name
    return out

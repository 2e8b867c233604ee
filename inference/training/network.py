"""A base encoder under a fresh layer for the labels, well begun, and one step of teaching it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inference.choices.regression import Floats
from inference.encoders.bert_model import positions
from inference.engine import EngineError
from inference.spans import bio
from inference.training import case
from inference.training.base import Base
from inference.training.classifier import MAX_TOKENS, MULTIPLE, Classifier, batches
from inference.training.device import computing, device
from inference.training.lessons import Lessons
from inference.training.letters import Letters
from inference.training.mean_layer import add_mean_layer
from inference.training.pieces import Pieces
from inference.training.rows import IGNORED, Row
from inference.training.settings import TrainingSettings

HEAD_RATE = 10.0
"""A fresh layer learns so many times as fast as the encoder."""


@dataclass(slots=True)
class Network:
    """`weights`: what the items of each column count for; None: all the same. `letters`: of spans,
    once it has learned, who reads them beside it.
    """

    model: Any
    pieces: Pieces
    lessons: Lessons
    settings: TrainingSettings
    where: Any
    weights: Any = None
    letters: Letters | None = None

    @classmethod
    def fresh(cls, base: Base, lessons: Lessons, settings: TrainingSettings) -> Network:
        """The same for the same seed. Raises EngineError."""
        import torch

        where = device()
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            model = _with_head(base, lessons)
        longest = min(settings.max_tokens, MAX_TOKENS, positions(model.base_model))
        # Few texts hold few words, and moving those alone would tear them from the others.
        model.get_input_embeddings().requires_grad_(False)
        pieces = Pieces.of(base.folder, longest=longest)
        if lessons.task == "span":
            pieces = replace(pieces, tells_case=case.tell(model, pieces.tokenizer))
        else:
            add_mean_layer(model)
        return cls(model.to(where), pieces, lessons, settings, where)

    def weigh(self, weights: Floats) -> None:
        """Have the items of each column, or of each tag, count for so much."""
        import torch

        self.weights = torch.from_numpy(weights).to(self.where)

    @property
    def begins_well(self) -> bool:
        """Whether the layers above the encoder are such that `start` can fit them."""
        return self.lessons.task == "choice" and None not in head_layers(self.model)

    def groups(self) -> list[dict[str, Any]]:
        """Parameters that move, for the optimizer: norms and biases are not held back."""
        settings, body = self.settings, set(map(id, self.model.base_model.parameters()))
        if self.pieces.tells_case:
            body -= set(map(id, case.types_of(self.model).parameters()))
        found: dict[tuple[float, float], list[Any]] = {}
        head = 1.0 if self.begins_well else HEAD_RATE
        for parameter in self.moving().values():
            rate = settings.learning_rate * (1.0 if id(parameter) in body else head)
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            found.setdefault((rate, decay), []).append(parameter)
        return [
            {"params": of, "lr": rate, "weight_decay": decay}
            for (rate, decay), of in sorted(found.items(), key=lambda item: item[0])
        ]

    def moving(self) -> dict[str, Any]:
        return {name: of for name, of in self.model.named_parameters() if of.requires_grad}

    def tensors(self) -> dict[str, Any]:
        """Copies, on the CPU, of what moves."""
        return {name: of.detach().cpu().clone() for name, of in self.moving().items()}

    def take(self, tensors: Mapping[str, Any]) -> None:
        """Raises KeyError where one is missing."""
        for name, of in self.moving().items():
            of.data.copy_(tensors[name])

    def loss(self, batch: Sequence[Row], epoch: int) -> Any:
        """The mean over texts, or over words."""
        import torch
        from torch.nn import functional

        ids = [row.read_in(epoch) for row in batch]
        logits = self._logits(ids)
        if self.lessons.task == "span":
            tags = np.full(logits.shape[:2], IGNORED, dtype=np.int64)
            for place, row in enumerate(batch):
                tags[place, : len(row.target)] = row.target
            right = torch.from_numpy(tags).to(self.where).flatten()
            return functional.cross_entropy(
                logits.flatten(0, 1), right, weight=self.weights, ignore_index=IGNORED
            )
        right = torch.from_numpy(np.stack([row.target for row in batch])).to(self.where)
        if self.lessons.multiple:
            return functional.binary_cross_entropy_with_logits(
                logits, right, pos_weight=self.weights
            )
        return functional.cross_entropy(
            logits,
            right,
            weight=self.weights,
            # Few rows are soon known by heart, and then teach nothing more (Szegedy et al. 2016).
            label_smoothing=self.settings.label_smoothing,
        )

    def logits(self, rows: Sequence[Row]) -> list[Floats]:
        """Of each row (C,), its windows' mean; or (t, tags)."""
        import torch

        self.model.eval()
        flat = [(place, ids) for place, row in enumerate(rows) for ids in row.parts]
        found: list[list[Floats]] = [[] for _ in rows]
        for chosen in batches([len(ids) for _, ids in flat]):
            with torch.inference_mode():
                made = self._logits([flat[row][1] for row in chosen]).cpu().numpy()
            for row, one in zip(chosen, made, strict=True):
                place, ids = flat[row]
                found[place].append(one[: len(ids)] if one.ndim > 1 else one)
        return [np.mean(of, axis=0, dtype=np.float32) for of in found]

    def classifier(self) -> Classifier:
        """As it will be loaded from its folder."""
        columns = self.lessons.labels
        order = tuple(range(bio.tag_count(len(columns)))) if self.lessons.task == "span" else ()
        return Classifier(self.model.eval(), self.pieces, columns, order, self.where, self.letters)

    def _logits(self, ids: Sequence[Sequence[int]]) -> Any:
        with computing(self.where, self.settings.precision):
            output = self.model(**self.pieces.inputs(ids, self.where))
        return output.logits.float()


def head_layers(model: Any) -> tuple[Any, Any]:
    """The square dense layer that ends in tanh, and the one that gives the labels; None for what
    there is not.
    """
    import torch

    pooler = getattr(getattr(model.base_model, "pooler", None), "dense", None)
    head = getattr(model, "classifier", None)
    if isinstance(head, torch.nn.Linear):
        return pooler, head
    return getattr(head, "dense", None), getattr(head, "out_proj", None)


def names_of(lessons: Lessons) -> list[str]:
    """What the model calls its columns."""
    if lessons.task == "choice":
        return list(lessons.labels)
    tags = ["O", *(f"{tag}-{name}" for name in lessons.labels for tag in "BI")]
    return tags[: bio.tag_count(len(lessons.labels))]


def _with_head(base: Base, lessons: Lessons) -> Any:
    import transformers
    from transformers.utils import logging

    quiet, names = logging.get_verbosity(), names_of(lessons)
    logging.disable_progress_bar()  # no place for it in a log
    logging.set_verbosity_error()  # the fresh layer is meant to be fresh
    makers = {
        "choice": transformers.AutoModelForSequenceClassification,
        "span": transformers.AutoModelForTokenClassification,
    }
    kind = MULTIPLE if lessons.multiple else "single_label_classification"
    extra = {"problem_type": kind} if lessons.task == "choice" else {}
    try:
        return makers[lessons.task].from_pretrained(
            base.folder,
            num_labels=len(names),
            id2label=dict(enumerate(names)),
            label2id={name: column for column, name in enumerate(names)},
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            dtype="float32",
            **extra,
        )
    except Exception as error:  # transformers lets through whatever its parsers raise
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise EngineError(f"{base.folder} cannot be trained: {reason}") from error
    finally:
        logging.set_verbosity(quiet)

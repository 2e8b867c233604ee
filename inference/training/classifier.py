"""Fine-tuned models as they lie in their folders: what they say of texts, and of words.

Plain transformers models, so that anything else can load the same folder: a sequence classifier
for a choice, a token classifier for spans. Nothing is unpickled, no code of a folder is run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from inference.choices.regression import Floats, sigmoid, softmax
from inference.encoders.bert_model import positions
from inference.encoders.reading import Reading, merged
from inference.engine import EngineError
from inference.importing.tags import Tags, our_tags, read_tags
from inference.spans import bio
from inference.spans.words import word_places
from inference.training import case, letters
from inference.training.device import computing, device, precision
from inference.training.letters import Letters
from inference.training.pieces import Pieces

MAX_TOKENS = 512
MOST = {"num_hidden_layers": 200, "n_layers": 200, "n_layer": 200, "num_labels": 2000}
TOKENS_AT_ONCE = 8192
MULTIPLE = "multi_label_classification"

Task = Literal["choice", "span"]


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model with its tokenizer, on the device that it computes on.

    `columns`: names of what it tells apart; of spans without the tags' B and I. `tags`: of spans
    what each output is among the tags of `bio`. `letters`: who reads spans beside it.
    """

    model: Any
    pieces: Pieces
    columns: tuple[str, ...]
    tags: tuple[int, ...]
    where: Any
    letters: Letters | None = None

    @property
    def several(self) -> bool:
        """Whether each label of a choice stands by itself."""
        return bool(self.model.config.problem_type == MULTIPLE)

    def choose(self, texts: Sequence[str], *, temperature: float = 1.0) -> Floats:
        """(n, C) probabilities; of a text in several windows their mean."""
        if not texts:
            return np.zeros((0, len(self.columns)), dtype=np.float32)
        parts = self.pieces.parts(texts)
        flat = [ids for of in parts for ids in of]
        logits = np.zeros((len(flat), len(self.columns)), dtype=np.float32)
        for rows in batches([len(ids) for ids in flat]):
            logits[rows] = self._forward([flat[row] for row in rows])
        shares = (sigmoid if self.several else softmax)(logits / np.float32(temperature))
        cuts = np.cumsum([len(of) for of in parts])[:-1]
        return np.stack([of.mean(axis=0) for of in np.split(shares, cuts)])

    def tag(self, texts: Sequence[str]) -> list[Floats]:
        """Of each text (w, tags) probabilities, in the order of `bio`; a word that has no token
        is outside for certain.
        """
        planned = [self.pieces.windows(text) for text in texts]
        flat = [
            self.pieces.piece(text[window.start : window.end])
            for text, of in zip(texts, planned, strict=True)
            for window in of
        ]
        tags = bio.tag_count(len(self.columns))
        shares = [np.eye(1, tags, dtype=np.float32).repeat(len(one.first), 0) for one in flat]
        for rows in batches([len(one.ids) for one in flat]):
            logits = self._forward([flat[row].ids for row in rows])
            for row, all_of in zip(rows, logits, strict=True):
                one = flat[row]
                said = softmax(all_of[one.first[one.readable]])
                shares[row][one.readable] = our_tags(said, self.tags, len(self.columns))
        windows = iter(shares)
        found = [
            merged(
                ((one, Reading(None, next(windows).astype(np.float16))) for one in of),
                len(word_places(text)),
                tags,
            ).astype(np.float32)
            for text, of in zip(texts, planned, strict=True)
        ]
        if self.letters is None:
            return found
        return [self.letters.beside(*one) for one in zip(texts, found, strict=True)]

    def _forward(self, batch: Sequence[Sequence[int]]) -> Floats:
        """Logits: (n, C) of texts, (n, t, tags) of tokens."""
        import torch

        with torch.inference_mode(), computing(self.where, precision()):
            output = self.model(**self.pieces.inputs(batch, self.where)).logits
        logits: Floats = output.float().cpu().numpy()
        return logits


def load(folder: Path, task: Task, *, max_tokens: int = MAX_TOKENS) -> Classifier:
    """The model in a folder. Raises EngineError when there is none, it is damaged, or another."""
    where = device()
    model = _model(folder, task)
    names = [model.config.id2label[column] for column in range(model.config.num_labels)]
    longest = min(max_tokens, MAX_TOKENS, positions(model.base_model))
    pieces = Pieces.of(folder, longest=longest, tells_case=task == "span" and case.is_told(model))
    if model.get_input_embeddings().num_embeddings < pieces.tokenizer.get_vocab_size():
        raise EngineError("The tokenizer has more tokens than its model.")
    columns, tags = read_tags(names) if task == "span" else Tags(tuple(names), ())
    beside = letters.read(folder, bio.tag_count(len(columns))) if task == "span" else None
    return Classifier(model.eval().to(where), pieces, columns, tags, where, beside)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places, longest first, so many at once that they hold `TOKENS_AT_ONCE` with padding."""
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while order:
        most = max(1, TOKENS_AT_ONCE // max(1, lengths[order[0]]))
        yield order[:most]
        order = order[most:]


def _refuse_towers(folder: Path) -> None:
    """Layers and names are built one by one before weights are looked for. Raises EngineError."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # the loader says what is wrong
    for name, most in MOST.items():
        wanted = config.get(name) if isinstance(config, dict) else None
        if isinstance(wanted, int) and wanted > most:
            raise EngineError(f"Its config.json has {name} {wanted}; {most} is the most taken.")


def _model(folder: Path, task: Task) -> Any:
    import transformers
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # no place for it in a log
    _refuse_towers(folder)
    makers: dict[Task, Callable[..., Any]] = {
        "choice": transformers.AutoModelForSequenceClassification.from_pretrained,
        "span": transformers.AutoModelForTokenClassification.from_pretrained,
    }
    try:
        model, found = makers[task](
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            dtype="float32",
        )
    except Exception as error:  # transformers lets through whatever its parsers raise
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise EngineError(f"The model cannot be loaded: {reason}") from error
    lacking = [*found["missing_keys"], *found["mismatched_keys"]]
    if lacking:
        raise EngineError(f"The weights do not fit its config.json: {lacking[:3]}.")
    return model

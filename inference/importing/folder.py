"""What a Hugging Face folder says of itself, checked before any of it is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.engine import EngineError
from inference.importing.tags import read_tags
from inference.importing.unpack import CannotImport, refuse_without_weights
from projects.models import Question, QuestionKind

CHOICE, SPAN = "ForSequenceClassification", "ForTokenClassification"
KINDS = {CHOICE: QuestionKind.CHOICE, SPAN: QuestionKind.SPAN}
MOST_LABELS = 2000


@dataclass(frozen=True, slots=True)
class Found:
    """A model that can be taken in. `labels`: what it tells apart, of spans without B- and I-."""

    architecture: str
    kind: QuestionKind
    labels: tuple[str, ...]


def found_in(folder: Path) -> Found:
    """Raises CannotImport."""
    config = _json(folder, "config.json")
    tokenizer = _json(folder, "tokenizer_config.json") if _has(folder, "tokenizer_config") else {}
    if "auto_map" in config or "auto_map" in tokenizer:
        raise CannotImport(
            "It asks for code of its own to be run (auto_map), which is never done here. Take a "
            "model of an architecture that transformers itself knows."
        )
    architecture = _architecture(config)
    kind = next(kind for ending, kind in KINDS.items() if architecture.endswith(ending))
    _check_weights(folder)
    if not (folder / "tokenizer.json").is_file():
        raise CannotImport(
            "It has no tokenizer.json. Load its tokenizer once with transformers and save it "
            "again with save_pretrained()."
        )
    return Found(architecture, kind, _labels(config, kind))


def refuse_other_kind(found: Found, question: Question) -> None:
    """Raises CannotImport when it cannot answer this question at all."""
    if found.kind != question.kind:
        does = "marks spans" if found.kind == QuestionKind.SPAN else "chooses labels"
        raise CannotImport(
            f"It is a {found.architecture}, which {does}; “{question.shown_title}” asks for "
            f"{'spans' if question.kind == QuestionKind.SPAN else 'labels'}. Pick another question."
        )


def _architecture(config: dict[str, Any]) -> str:
    given = config.get("architectures")
    names = [str(name) for name in given] if isinstance(given, list) else []
    for name in names:
        if name.endswith((CHOICE, SPAN)):
            return name
    said = f"It is a {names[0]}." if names else "Its config.json names no architecture."
    raise CannotImport(
        f"{said} What is needed is a model that was trained to classify texts (…{CHOICE}) or "
        f"words (…{SPAN})."
    )


def _labels(config: dict[str, Any], kind: QuestionKind) -> tuple[str, ...]:
    given = config.get("id2label")
    if not isinstance(given, dict) or not given:
        raise CannotImport(
            'Its config.json does not name its labels. Add them: "id2label": {"0": "…", …}.'
        )
    if set(given) != {str(column) for column in range(len(given))} or len(given) > MOST_LABELS:
        raise CannotImport("The numbers in id2label of its config.json are not 0, 1, 2 and so on.")
    names = tuple(str(given[str(column)]) for column in range(len(given)))
    if len(set(names)) != len(names):
        raise CannotImport("Two labels in id2label of its config.json have the same name.")
    if len(names) == 1 or config.get("problem_type") == "regression":
        raise CannotImport("It gives one number (a regression) and no labels.")
    if kind != QuestionKind.SPAN:
        return names
    try:
        return read_tags(names).entities
    except EngineError as error:
        raise CannotImport(str(error)) from error


def _check_weights(folder: Path) -> None:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    if not any(name.endswith(".safetensors") for name in names):
        refuse_without_weights(names)
    if not _has(folder, "model.safetensors.index"):
        if "model.safetensors" not in names:
            raise CannotImport("It has no model.safetensors.")
        return
    index = _json(folder, "model.safetensors.index.json").get("weight_map", {})
    for part in sorted(set(index.values())) if isinstance(index, dict) else []:
        if part not in names:
            raise CannotImport(f"A part of its weights is missing: {str(part)[:80]}.")


def _has(folder: Path, stem: str) -> bool:
    return (folder / f"{stem}.json").is_file()


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CannotImport(f"There is no {name} in it.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CannotImport(f"Its {name} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise CannotImport(f"Its {name} holds no object.")
    return value

"""How to train: every knob, and what it is where nobody turned it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from inference.training.classifier import Task
from inference.training.device import precision

FEWEST_EPOCHS = 4
MOST_EPOCHS: dict[Task, int] = {"choice": 15, "span": 10}
ROWS_READ: dict[Task, int] = {"choice": 4_000, "span": 18_000}
"""Answered ones, over all passes, where that leaves a number of passes between the two above."""
LEARNING_RATES: dict[Task, float] = {"choice": 3e-5, "span": 3e-4}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Zero, and "auto", stand for what suits the dataset; `settled` says what that is.

    A step moves the weights once, after `accumulation` batches. Training ends early after
    `patience` passes without a better figure on the validation part; the best pass is kept.
    """

    epochs: int = 0
    batch: int = 16
    learning_rate: float = 0.0
    accumulation: int = 1
    seed: int = 13
    class_weights: bool = False
    patience: int = 5
    max_tokens: int = 256
    precision: str = "auto"
    label_smoothing: float = 0.1
    weight_decay: float = 0.01
    warm_up: float = 0.1

    @classmethod
    def of(cls, named: Mapping[str, Any]) -> TrainingSettings:
        """As a job holds them; names of other releases are passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in named.items() if name in known})

    def settled(self, task: Task, rows: int) -> TrainingSettings:
        """With everything decided for so many rows, on this machine."""
        wanted = round(ROWS_READ[task] / max(rows, 1))
        passes = min(max(wanted, FEWEST_EPOCHS), MOST_EPOCHS[task])
        return replace(
            self,
            epochs=self.epochs or passes,
            learning_rate=self.learning_rate or LEARNING_RATES[task],
            precision=precision(self.precision),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

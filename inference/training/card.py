"""The model card of a fine-tuned version (Mitchell et al. 2019), as a Hugging Face README."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corpus.models import DatasetVersion
from inference.training.lessons import Lessons
from inference.training.letters import FILE
from projects.models import Question

CARD = """---
{front}
---

# {title}

{what}

It was fine-tuned by Annotate from `{base}` on dataset version {number} of the project
“{project}” (sha256 `{sha256}`).

| | |
|---|---|
| Answers learned from | {answers:,} |
| Unlabelled texts read beside them | {unlabelled:,} |
| Answers it was chosen on | {validation:,} ({held_out}) |
| {figure} on those | {value:.1%} |

The last figure chose the best pass, so it flatters the model. What it is worth on blind test
documents stands on its page.

## Labels

{labels}

## How it was trained

```json
{settings}
```

## Use

```python
from transformers import pipeline

model = pipeline("{pipeline}", model="this folder")
model("A text")
```
{leaves_out}"""
SPANS_LEAVE_OUT = """
Used like this it leaves out some of what Annotate uses, and marks spans less well:

- `{letters}` holds a conditional random field on letters and shapes, which counts for
  {weight:.0%} beside the model.
"""
CASE_LEFT_OUT = """- It is told the case of each token as its token type (0 lower, 1 title, 2 upper,
  3 mixed). A plain pipeline tells it nothing, and it reads everything as lower case.
"""
FIGURES = {"accuracy": "Accuracy", "micro_f1": "Micro F1", "span_f1": "F1 of exact spans"}
TASKS = {"choice": "text-classification", "span": "token-classification"}


def card(
    *,
    question: Question,
    dataset: DatasetVersion,
    lessons: Lessons,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
) -> str:
    """`parameters` are those of the version."""
    figure = parameters["validation_figure"]
    kind = "marks spans in" if lessons.task == "span" else "labels"
    front = {
        "license": question.project.data_license or "other",
        "library_name": "transformers",
        "pipeline_tag": TASKS[lessons.task],
        "tags": ["annotate"],
    }
    hidden = {"labels", "validation_figure", "validation_value"}
    shown = {name: value for name, value in parameters.items() if name not in hidden}
    return CARD.format(
        front="\n".join(f"{name}: {json.dumps(value)}" for name, value in front.items()),
        title=f"{question.project.name}: {question.shown_title}",
        what=f"This model {kind} texts: “{question.shown_title}”.",
        base=parameters["base"],
        number=dataset.number,
        project=question.project.name,
        sha256=dataset.sha256,
        answers=parameters["answers"],
        unlabelled=parameters["unlabelled"],
        validation=parameters["validation_answers"],
        held_out=parameters["validation"],
        figure=FIGURES[figure],
        value=parameters["validation_value"],
        labels="\n".join(f"- {name}" for name in lessons.labels),
        settings=json.dumps({**shown, "environment": dict(environment)}, indent=2, default=str),
        pipeline=TASKS[lessons.task],
        leaves_out=_left_out(parameters),
    )


def _left_out(parameters: Mapping[str, Any]) -> str:
    """What a plain pipeline does without."""
    if "letters_weight" not in parameters:
        return ""
    case = CASE_LEFT_OUT if parameters["case_told"] else ""
    return SPANS_LEAVE_OUT.format(letters=FILE, weight=parameters["letters_weight"]) + case

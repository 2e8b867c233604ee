"""What a new project can begin with: a starter, a file of a set-up, another project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.safestring import SafeString
from django.utils.text import slugify

from projects.config import BadConfig, config_of
from projects.guidelines import rendered
from projects.models import Project

FOLDER = Path(__file__).parent / "starters"
LONGEST_SLUG = 60


@dataclass(frozen=True, slots=True)
class Starter:
    """A set-up for a common task; its config lies in `starters/<name>.json`."""

    name: str
    title: str
    summary: str

    @property
    def config(self) -> dict[str, Any]:
        return _read_starter(self.name)

    @property
    def guidelines(self) -> SafeString:
        return rendered(self.config["guidelines"])


STARTERS = (
    Starter("sentiment", "Sentiment", "How does the writer feel? One of four answers."),
    Starter("topics", "Topics", "What is a text about? Any number of six topics."),
    Starter("intents", "Intents", "What does a customer want? One of seven intents."),
    Starter("entities", "Named entities", "Mark people, organisations, places and other names."),
    Starter("personal-data", "Personal data", "Mark what leads to a person, to black it out."),
    Starter("empty", "Empty", "No questions yet: you write your own."),
)
BY_NAME = {starter.name: starter for starter in STARTERS}


@cache
def _read_starter(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return config


def config_in(data: bytes) -> Any:
    """The JSON of a file. Raises BadConfig that says where it is broken."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8. Save the file as UTF-8."
    except json.JSONDecodeError as error:
        why = f"line {error.lineno}, column {error.colno}: {error.msg}."
    except (RecursionError, ValueError):
        why = "nested too deeply, or a number too long to be read."
    raise BadConfig([why])


def config_to_copy(project: Project, *, with_people: bool) -> dict[str, Any]:
    """The set-up of a project for another one. Documents and answers are no part of it."""
    config = config_of(project)
    if not with_people:
        del config["members"]
    return config


def free_slug(name: str) -> str:
    """An address for a project of this name that no other one has."""
    base = slugify(name)[: LONGEST_SLUG - 5].strip("-_") or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)

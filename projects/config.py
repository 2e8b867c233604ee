"""A project's set-up as JSON: what `create_project` reads and the settings page exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from projects.colors import is_hue
from projects.models import USABLE, Project, Question, QuestionKind, QueueOrder, Role

CONFIG_KEYS = {
    "name",
    "guidelines",
    "overlap",
    "reserve",
    "queue_order",
    "suggest_from",
    "data_license",
    "text_fields",
    "questions",
    "members",
}
QUESTION_KEYS = {"name", "title", "kind", "multiple", "required", "overlapping", "labels"}
LABEL_KEYS = {"name", "description", "color", "hotkey"}
MEMBER_KEYS = {"username", "role"}
RESERVED_COLUMNS = frozenset({"id", "split", "meta", "prediction", "ignore", "unresolved"})


class BadConfig(Exception):
    """`problems`: every "where: what is wrong" of a config."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def config_of(project: Project) -> dict[str, Any]:
    """The config that would make this project again, without its documents."""
    guideline = project.guideline
    questions = project.questions.prefetch_related("labels")
    members = project.memberships.select_related("user").order_by("user__username")
    return {
        "name": project.name,
        "guidelines": guideline.text if guideline else "",
        "overlap": project.overlap,
        "reserve": project.reserve,
        "queue_order": project.queue_order,
        "suggest_from": project.suggest_from,
        "data_license": project.data_license,
        "text_fields": project.text_fields,
        "questions": [_config_of_question(question) for question in questions],
        "members": [{"username": row.user.username, "role": row.role} for row in members],
    }


def _config_of_question(question: Question) -> dict[str, Any]:
    """`overlapping` is said of span questions only, `multiple` of the others."""
    is_span = question.kind == QuestionKind.SPAN
    flag = {"overlapping": question.overlapping} if is_span else {"multiple": question.multiple}
    return {
        "name": question.name,
        "title": question.title,
        "kind": question.kind,
        **flag,
        "required": question.required,
        "labels": [
            {
                "name": label.name,
                "description": label.description,
                "color": label.color,
                "hotkey": label.hotkey,
            }
            for label in question.labels.all()
        ],
    }


def problems_of(config: object) -> list[str]:
    """Everything wrong with a config, each line saying where and what; empty when it is fine."""
    if not isinstance(config, dict):
        return ["config: must be a JSON object with “name” and “questions”."]
    found = _unknown("config", config, CONFIG_KEYS)
    found += _text("name", config.get("name"), longest=120, required=True)
    found += _text("guidelines", config.get("guidelines", ""), longest=200_000)
    overlap, reserve = config.get("overlap", 1), config.get("reserve", 0.2)
    if not _is_int(overlap) or not 1 <= overlap <= 20:  # noqa: PLR2004
        found.append("overlap: must be a whole number from 1 to 20.")
    if not _is_share(reserve):
        found.append("reserve: must be a share from 0 to 1, such as 0.2.")
    if config.get("queue_order", "random") not in QueueOrder.values:
        found.append(f"queue_order: must be one of {', '.join(QueueOrder.values)}.")
    if config.get("suggest_from") is not None and not _is_share(config["suggest_from"]):
        found.append("suggest_from: must be a share from 0 to 1, or null: the model decides.")
    found += _text("data_license", config.get("data_license", ""), longest=100)
    found += _text_fields(config.get("text_fields", ["text"]))
    found += _questions(config.get("questions"), config.get("text_fields", ["text"]))
    found += _members(config.get("members", []))
    return found


def _questions(questions: object, text_fields: object) -> list[str]:
    if not isinstance(questions, list):
        return ["questions: must be a list."]
    reserved = reserved_names(text_fields if isinstance(text_fields, list) else [])
    found = _repeated("questions", questions)
    for place, question in enumerate(questions):
        where = f"questions[{place}]"
        if not isinstance(question, dict):
            found.append(f"{where}: must be an object.")
            continue
        found += _unknown(where, question, QUESTION_KEYS)
        found += _slug(f"{where}.name", question.get("name"))
        if str(question.get("name")) in reserved:
            found.append(f"{where}.name: “{question['name']}” is a column of exports.")
        found += _kind(where, question)
        found += _text(f"{where}.title", question.get("title", ""), longest=200)
        found += _labels(where, question.get("labels", []))
    return found


def _kind(where: str, question: dict[Any, Any]) -> list[str]:
    """What is wrong with a question's kind and with the flags that go with it."""
    kind = question.get("kind")
    usable = " or ".join(f"“{name.value}”" for name in USABLE)
    found = [
        f"{where}.{flag}: must be true or false."
        for flag in ("multiple", "required", "overlapping")
        if not isinstance(question.get(flag, False), bool)
    ]
    if kind not in QuestionKind.values:
        found.append(f"{where}.kind: must be one of {', '.join(QuestionKind.values)}.")
    elif kind not in USABLE:
        found.append(f"{where}.kind: only {usable} can be labelled in this release.")
    elif kind == QuestionKind.SPAN and question.get("multiple") is True:
        found.append(f"{where}.multiple: a span question takes any number; leave it out.")
    elif kind == QuestionKind.CHOICE and question.get("overlapping") is True:
        found.append(f"{where}.overlapping: only spans can overlap; leave it out.")
    return found


def _labels(where: str, labels: object) -> list[str]:
    if not isinstance(labels, list):
        return [f"{where}.labels: must be a list."]
    found = _repeated(f"{where}.labels", labels) + _repeated_keys(where, labels)
    for place, label in enumerate(labels):
        here = f"{where}.labels[{place}]"
        if not isinstance(label, dict):
            found.append(f"{here}: must be an object with “name”.")
            continue
        found += _unknown(here, label, LABEL_KEYS)
        found += _text(f"{here}.name", label.get("name"), longest=200, required=True)
        found += _text(f"{here}.description", label.get("description", ""), longest=10_000)
        key, color = label.get("hotkey", ""), label.get("color", "")
        if not isinstance(key, str) or (key and not is_hotkey(key)):
            found.append(f"{here}.hotkey: 1 to 9 or a letter other than s, z, f, h and u.")
        if not isinstance(color, str) or (color and not is_hue(color)):
            found.append(f"{here}.color: must be a hue in degrees as text, “0” to “359”.")
    return found


def is_hotkey(key: str) -> bool:
    """Whether a label may have this key: those that the labelling page uses are out."""
    return len(key) == 1 and key.isascii() and key.isalnum() and key.lower() not in "sz0fhu"


def reserved_names(text_fields: Iterable[object]) -> set[str]:
    """Names of other columns of exports, which no question can have."""
    return {*RESERVED_COLUMNS, *(str(name) for name in text_fields)}


def _members(members: object) -> list[str]:
    if not isinstance(members, list):
        return ["members: must be a list."]
    found = _repeated("members", members, "username")
    for place, member in enumerate(members):
        where = f"members[{place}]"
        if not isinstance(member, dict):
            found.append(f"{where}: must be an object with “username” and “role”.")
            continue
        found += _unknown(where, member, MEMBER_KEYS)
        found += _text(f"{where}.username", member.get("username"), longest=150, required=True)
        if member.get("role") not in Role.values:
            found.append(f"{where}.role: must be one of {', '.join(Role.values)}.")
    return found


def _text_fields(fields: object) -> list[str]:
    if not isinstance(fields, list) or not fields:
        return ["text_fields: must be a list of at least one name."]
    found = [line for n, name in enumerate(fields) for line in _slug(f"text_fields[{n}]", name)]
    if len({str(name) for name in fields}) < len(fields):
        found.append("text_fields: a name stands twice.")
    taken = sorted(RESERVED_COLUMNS & {str(name) for name in fields})
    found += [f"text_fields: “{name}” is a column of exports. Choose another." for name in taken]
    return found


def _repeated(where: str, rows: list[Any], key: str = "name") -> list[str]:
    values = Counter(str(row[key]) for row in rows if isinstance(row, dict) and row.get(key))
    twice = [value for value, times in values.items() if times > 1]
    return [f"{where}: the {key} “{value}” stands twice." for value in sorted(twice)]


def _repeated_keys(where: str, labels: list[Any]) -> list[str]:
    keys = [row.get("hotkey") for row in labels if isinstance(row, dict)]
    lower = [{"hotkey": key.lower()} for key in keys if isinstance(key, str)]
    return _repeated(f"{where}.labels", lower, "hotkey")


def _unknown(where: str, given: dict[str, Any], known: set[str]) -> list[str]:
    extra = sorted(str(key) for key in given.keys() - known)
    may = ", ".join(sorted(known))
    return [f"{where}: “{key}” is not known here. Known are {may}." for key in extra]


def _text(where: str, value: object, *, longest: int, required: bool = False) -> list[str]:
    if not isinstance(value, str):
        return [f"{where}: must be text."]
    if required and not value.strip():
        return [f"{where}: must not be empty."]
    if len(value) > longest:
        return [f"{where}: at most {longest:,} characters."]
    if "\0" in value or (not value.isascii() and not _is_utf8(value)):
        return [f"{where}: holds a character that cannot be stored (U+0000 or a lone surrogate)."]
    return []


def _slug(where: str, value: object) -> list[str]:
    fine = isinstance(value, str) and value and value.replace("-", "").replace("_", "").isalnum()
    if not fine or not str(value).isascii() or len(str(value)) > 60:  # noqa: PLR2004
        return [f"{where}: letters, figures, - and _ only, at most 60 of them."]
    return []


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_share(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= 1


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

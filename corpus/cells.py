"""Values as CSV cells. Text is written as it is, everything else as JSON, and both come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

MOST_DIGITS = 1000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def encode(value: Any) -> str:
    """A metadata value as a cell. Text that would read back as something else is quoted."""
    if isinstance(value, str) and value and decode(value) == value:
        return value
    return dumps(value)


def decode(cell: str) -> Any:
    """The value of a metadata cell: JSON if `encode` could have written it, else the text.

    So 2024 is a number, while 007, 1e5 and 1.50 stay the text that they are.
    """
    try:
        value = loads(cell)
    except ValueError:
        return cell
    return value if encode(value) == cell else cell


def encode_answer(answer: Any) -> str:
    """An answer (as `corpus.imports.answers` gives it) as a cell: "" unanswered, lists as JSON.

    A single label stands as it is unless its own name starts like a list; `[]` is "none of them".
    """
    if answer is None:
        return ""
    if answer == "":
        return "[]"
    if isinstance(answer, str):
        return dumps([answer]) if answer.startswith("[") else answer
    return dumps(answer, sort_keys=False)


def labels_in(cell: str) -> Any:
    """A list if the cell holds one, else the text: the inverse of `encode_answer`."""
    if not cell.startswith("["):
        return cell
    try:
        return loads(cell)
    except ValueError:
        return cell


def spreadsheet_safe(cell: str) -> str:
    """Keep a spreadsheet from running the cell as a formula. Cannot be undone on reading."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def loads(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Strict JSON: no NaN, no infinity, no endless number. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_whole, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None


def dumps(value: Any, *, sort_keys: bool = True) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=sort_keys)


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has more than {MOST_DIGITS} digits.")
    return int(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON.")

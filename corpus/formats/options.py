"""What somebody can say about how a format is read or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.checks import shown
from corpus.record import BadFile, Problem


@dataclass(frozen=True, slots=True)
class Option:
    """`choices`: pairs of value and words; without any, the value is free."""

    name: str
    title: str
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    help: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.choices)


def checked(given: Mapping[str, str], known: Sequence[Option]) -> dict[str, str]:
    """Every known option with its value. Raises BadFile for what is not known."""
    by_name = {option.name: option for option in known}
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            names = ", ".join(by_name) or "none"
            raise _bad(f"This format has no option {shown(name)}.", f"Its options: {names}.")
        if option.choices and value not in option.values:
            remedy = f"Choose one of {', '.join(option.values)}."
            raise _bad(f"The option {name} cannot be {shown(value)}.", remedy)
    return {option.name: given.get(option.name, option.default) for option in known}


def _bad(message: str, remedy: str) -> BadFile:
    return BadFile(Problem(0, "", message, remedy))


def parse(words: Iterable[str]) -> dict[str, str]:
    """Read `name=value` words. Raises BadFile."""
    options = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (name and sign):
            raise _bad(f"{shown(word)} is no option.", "Write name=value, as in joining=none.")
        options[name] = value
    return options


def described(known: Sequence[Option]) -> str:
    """The options of a format in one line, for help texts."""
    return ", ".join(f"{each.name}={'|'.join(each.values) or each.title}" for each in known)

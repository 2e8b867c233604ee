"""A data card as a README that the Hugging Face hub and its `datasets` package read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.models import Answers, DatasetVersion
from corpus.record import SPAN, SPLITS
from corpus.versions.canonical import Definitions
from corpus.versions.card import card_of
from corpus.versions.freeze import contents_of, verify_card
from corpus.versions.parquet import Columns
from corpus.versions.recipe import recipe_of

ORIGINS = {
    "manual": "by hand, without a suggestion",
    "accepted": "as a model suggested",
    "changed": "other than a model suggested",
    "imported": "imported with a file",
    "model": "by a model",
}


def readme_of(version: DatasetVersion) -> str:
    """The card of a version. Raises DatasetDamaged."""
    verify_card(version)
    with contents_of(version) as (definitions, _records):
        card = version.card or _card_now(version, definitions)
        lines = [*_front(card, definitions), "", *_body(version, card)]
    return "\n".join(lines) + "\n"


def _card_now(version: DatasetVersion, definitions: Definitions) -> dict[str, Any]:
    """Of a version from before there were cards: what its file still tells."""
    return card_of(
        version.project,
        definitions=definitions,
        counts=version.counts,
        recipe=recipe_of(version.recipe),
        facts={"guideline": None},
        files={"jsonl": version.sha256},
    )


def _front(card: Mapping[str, Any], definitions: Definitions) -> Iterator[str]:
    """What programs read: YAML, of which JSON is a part."""
    yield "---"
    if card["license"]:
        yield f"license: {_quoted(card['license'].lower())}"
    yield f"pretty_name: {_quoted(card['project'])}"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for split in splits_of(card):
        yield f"  - split: {split}"
        yield f"    path: data/{split}.parquet"
    yield "dataset_info:"
    yield f"  features: {json.dumps(features_of(definitions), ensure_ascii=False)}"
    yield "---"


def splits_of(card: Mapping[str, Any]) -> list[str]:
    return [split for split in SPLITS if card["splits"].get(split)]


def features_of(definitions: Definitions) -> list[dict[str, Any]]:
    """The columns of the Parquet file in the words of the `datasets` package."""
    columns = Columns(definitions)
    answers = [_feature(columns.answers[each.name], each) for each in columns.questions]
    people = {"name": "people", "list": [_text("annotator"), *answers]}
    return [
        _text("id"),
        *(_text(columns.texts[name]) for name in definitions.text_fields),
        *answers,
        *([people] if definitions.people else []),
        _text("split"),
        _text("meta"),
    ]


def _feature(name: str, question: Any) -> dict[str, Any]:
    if question.kind == SPAN:
        numbers = [{"name": place, "dtype": "int32"} for place in ("start", "end")]
        return {"name": name, "list": [_text("field"), *numbers, _text("label")]}
    return {"name": name, "sequence": "string"} if question.multiple else _text(name)


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "dtype": "string"}


def _body(version: DatasetVersion, card: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {_cell(card['project'])}, dataset version {version.number}"
    yield ""
    if version.comment:
        yield from (_cell(version.comment), "")
    yield f"- Documents: {version.documents:,}"
    yield f"- Licence of the texts: {_cell(card['license']) or 'not stated'}"
    guideline = card["guideline"]
    yield f"- Guidelines: {f'version {guideline}' if guideline else 'none'}"
    yield f"- Answers: {Answers(card['answers']).label.lower()}"
    yield f"- Filters: {'; '.join(card['filters']) or 'none'}"
    yield f"- Made by: Annotate {card['annotate']}"
    for name, sum_ in card["files"].items():
        yield f"- sha256 ({name}): `{sum_}`"
    yield from _splits(card)
    for question in card["questions"]:
        yield from _question(question)
    yield from _facts(card)


def _splits(card: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Splits", "")
    yield from _table(("Split", "Documents"), [(s, card["splits"][s]) for s in splits_of(card)])
    yield ""
    yield (
        "Test and calibration are documents nobody was shown a suggestion for, or that came as "
        "such. They are drawn by chance and halved by the hash of their text."
    )
    if percent := card["validation_percent"]:
        yield f"Validation is {percent} % of the training documents, by the hash of their text."
    if left_out := card.get("left_out_equal_to_blind"):
        yield f"Left out, because a blind document has the same text: {left_out:,}."


def _question(question: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {_cell(question['name'])}", "")
    how = "several labels" if question["multiple"] else "one label"
    of = "parts of the text" if question["kind"] == SPAN else how
    yield f"{of.capitalize()}, answered for {question['answered']:,} documents."
    yield ""
    rows = [(each["name"], each["description"], each["count"]) for each in question["labels"]]
    yield from _table(("Label", "Meaning", "Count"), rows)


def _facts(card: Mapping[str, Any]) -> Iterator[str]:
    """How answers came about; nothing where that is not known."""
    if overlap := card.get("overlap"):
        yield from ("", "## Overlap", "")
        people = [(n, m) for n, m in overlap["people_per_document"].items()]
        yield from _table(("People", "Documents"), sorted(people, key=lambda row: int(row[0])))
        yield ""
        for each in overlap["agreement"]:
            yield f"- {_cell(each['question'])}: {agreement_in_words(each)}"
    if provenance := card.get("provenance"):
        yield from ("", "## How answers came about", "")
        rows = [(ORIGINS.get(origin, origin), n) for origin, n in provenance.items()]
        yield from _table(("Origin", "Labels given"), rows)


def agreement_in_words(figures: Mapping[str, Any]) -> str:
    """Raw agreement of pairs of people about the same document."""
    pairs, agreeing = figures["pairs"], figures["agreeing"]
    if not pairs:
        return "no document was answered by two people"
    return f"{100 * agreeing / pairs:.1f} % of {pairs:,} pairs of answers are the same"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(value: object) -> str:
    """In one line, and nothing in it is Markdown or HTML."""
    text = f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

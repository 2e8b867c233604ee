"""Documents as CoNLL: tokens of a chosen tokenization, the spans of one question as their tags.

What tags cannot say goes into comments, which read back exactly; what neither can, or nobody
wants in comments, is told to `Layout.unsaid`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from corpus.cells import dumps
from corpus.checks import shown
from corpus.formats import tags
from corpus.formats.comments import line_of, write_text, write_value
from corpus.formats.options import Option, checked
from corpus.formats.tags import Chunk
from corpus.formats.tokens import CHARACTERS, WHITESPACE, WORDS, Places, tokens_of
from corpus.imports.answers import as_json, unresolved_as_json
from corpus.record import SPAN, BadFile, Layout, Problem, Record, SpanValue, Unsaid

WRITING = (
    Option(
        "scheme",
        "Tags follow",
        ((tags.IOB2, "IOB2, called BIO too"), (tags.BIOES, "BIOES")),
        tags.IOB2,
    ),
    Option(
        "tokenization",
        "A token is",
        (
            (WORDS, "a word as Unicode has it, punctuation apart"),
            (WHITESPACE, "whatever white space separates"),
            (CHARACTERS, "a character"),
        ),
        WORDS,
    ),
    Option(
        "comments",
        "Comment lines",
        (
            ("yes", "with the id, the exact text and everything else"),
            ("no", "none: tokens and tags only"),
        ),
        "yes",
    ),
    Option(
        "question",
        "Tags of the question",
        help="Its name; empty: the first question of spans.",
    ),
)
FIELD = "token.field"
"""A comment of ours: the text that the tags speak of, where documents have several."""

TAKEN = frozenset({"text", "text_json", "sent_id", "id", "meta"})
"""Comments that mean something else than the column of this name."""

OF_DOCUMENTS = frozenset({"newdoc id", "newdoc", "newpar id", "newpar"})
"""Keys of CoNLL-U, written as they are; all others are called `meta.<key>`."""

NO_COMMENTS = "Only tokens and tags are written; without comments there is no place for it."


def write(records: Iterable[Record], layout: Layout, out: BinaryIO) -> int:
    """Returns how many were written; those left out are told. Raises BadFile."""
    writer = _Writer(layout)
    count = 0
    for number, record in enumerate(records, 1):
        block = writer.block(record, record.external_id or f"number {number}")
        if block is not None:
            out.write(block.encode())
            count += 1
    return count


class _Writer:
    def __init__(self, layout: Layout) -> None:
        options = checked(layout.options, WRITING)
        self.layout = layout
        self.field = layout.text_fields[0]
        self.question = _question(layout, options["question"])
        self.scheme, self.tokenization = options["scheme"], options["tokenization"]
        self.with_comments = options["comments"] == "yes"
        self.told: set[str] = set()

    def block(self, record: Record, name: str) -> str | None:
        """The lines of a document; None if it has to be left out."""
        answer = record.answers.get(self.question)
        text = record.texts.get(self.field, "")
        places = tokens_of(text, self.tokenization)
        if answer is None:
            reason = "Not answered, and left out: without tags its tokens would say “nothing here”."
            self._tell(name, self.question, reason)
            return None
        if not places:
            self._tell(name, self.field, "There is no token in this text; left out.")
            return None
        chunks = self._chunks(record, name, places)
        labels = tags.encode(chunks, len(places), self.scheme)
        lines = [
            f"{text[start:end]}\t{tag}\n" for (start, end), tag in zip(places, labels, strict=True)
        ]
        return "".join([*self._comments(record, text), *lines, "\n"])

    def _chunks(self, record: Record, name: str, places: Places) -> list[Chunk]:
        """The spans that can be said in tags."""
        starts = {start: place for place, (start, _) in enumerate(places)}
        ends = {end: place + 1 for place, (_, end) in enumerate(places)}
        chunks: list[Chunk] = []
        spans = [item for item in record.answers[self.question] if isinstance(item, SpanValue)]
        for span in sorted(spans, key=lambda span: (span.start, -span.end, span.label)):
            last = chunks[-1].after if chunks else 0
            if why := self._why_not(span, starts, ends, last):
                quote = shown(record.texts.get(span.field, "")[span.start : span.end])
                self._tell(name, f"{quote} ({span.label}, {span.start} to {span.end})", why)
            else:
                chunks.append(Chunk(starts[span.start], ends[span.end], span.label))
        return chunks

    def _why_not(
        self, span: SpanValue, starts: dict[int, int], ends: dict[int, int], last: int
    ) -> str:
        """Why no tag can say this span; "" if one can. `last`: the tokens that are taken."""
        if span.field != self.field:
            return f"It lies in the text {shown(span.field)}; the tokens are those of {self.field}."
        if "\t" in span.label or "\n" in span.label or "\r" in span.label:
            return "A tag cannot hold a tab or a line break."
        if span.start not in starts or span.end not in ends:
            return "It begins or ends inside a token, or at white space. Choose smaller tokens."
        if starts[span.start] < last:
            return "It overlaps a span that begins before it; a token has one tag."
        return ""

    def _comments(self, record: Record, text: str) -> Iterator[str]:
        pairs = self._pairs(record, text)
        if self.with_comments:
            for key, value in pairs:
                yield line_of(key, value)
            return
        for key, _ in pairs:
            what = "white space" if key in {"text", "text_json"} else key
            self._tell_once(what, NO_COMMENTS)

    def _pairs(self, record: Record, text: str) -> Iterator[tuple[str, str]]:
        """Comments: everything about a document that is no tag."""
        fields = len(self.layout.text_fields)
        if record.external_id:
            yield "sent_id", write_text(record.external_id)
        yield ("text_json", dumps(text)) if {*"\r\n"} & {*text} else ("text", text)
        if fields > 1:
            yield FIELD, self.field
        for name, value in self._columns(record, fields):
            if name in TAKEN:
                self._tell_once(name, "A comment of this name means something else. Rename it.")
            else:
                yield name, write_value(value)
        if self.layout.split and record.split:
            yield "split", record.split
        if record.unresolved:
            yield "unresolved", dumps(unresolved_as_json(record, fields=fields))
        yield from self._meta(record)

    def _columns(self, record: Record, fields: int) -> Iterator[tuple[str, Any]]:
        """The other texts, and the answers to the other questions."""
        for name in self.layout.text_fields[1:]:
            if record.texts.get(name):
                yield name, record.texts[name]
        for question in self.layout.questions:
            answer = as_json(record.answers.get(question.name), question, fields=fields)
            if question.name != self.question and answer is not None:
                yield question.name, answer
        for name in self.layout.extras:
            if name in record.extras:
                yield name, record.extras[name]

    def _meta(self, record: Record) -> Iterator[tuple[str, str]]:
        """A key that a comment cannot have makes all of them one object."""
        keys = sorted(record.meta)
        if any("=" in key or key != " ".join(key.split()) or not key for key in keys):
            yield "meta", dumps(dict(record.meta))
            return
        for key in keys:
            name = key if key in OF_DOCUMENTS else f"meta.{key}"
            yield name, write_value(record.meta[key])

    def _tell_once(self, item: str, reason: str) -> None:
        """What is true of every document."""
        if item not in self.told:
            self.told.add(item)
            self._tell("", item, reason)

    def _tell(self, document: str, item: str, reason: str) -> None:
        self.layout.unsaid(Unsaid(document, item, reason))


def _question(layout: Layout, wanted: str) -> str:
    """The question whose spans become tags. Raises BadFile."""
    names = [question.name for question in layout.questions if question.kind == SPAN]
    if wanted in names:
        return wanted
    if names and not wanted:
        return names[0]
    known = ", ".join(names) or "there are none, so choose another format"
    message = (
        f"There is no question of spans named {shown(wanted)}."
        if wanted
        else ("CoNLL holds spans, and no question asks for any.")
    )
    raise BadFile(Problem(0, wanted, message, f"Questions of spans: {known}."))

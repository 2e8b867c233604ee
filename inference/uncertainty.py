"""How unsure what suggests is of documents that nobody has answered.

Where a version is promoted that is what speaks there: it alone, or with the live head beside it. A
ranking has it read a few hundred texts; of the others the live head is asked, as it is when a
promoted version cannot be heard.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inference import acquisition, vectors
from inference.choices.heads import Floats, Head
from inference.choices.shared import Outputs
from inference.engine import Serving
from inference.measuring.reserve import chunks
from inference.models import Suggestion
from inference.promoted.readers import said_of_all
from inference.promoted.versions import Promoted
from inference.spans import word_memory
from inference.spans.heads import SpanHead
from inference.spans.words import SHAPES, Words, shapes, word_places
from inference.tuning import readers
from projects.jobs import JobRun
from projects.models import Document

if TYPE_CHECKING:
    from inference.live import LiveHead

READ_FOR_SPANS = 256
"""Texts that one ranking reads word by word: some seconds."""
READ_FOR_CHOICES = 512
"""Texts that one ranking has a promoted version read; what it said of them stays known."""
READ_AT_ONCE = 32
NAMELIKE = [SHAPES.index(look) for look in ("title", "upper", "mixed", "digits", "with_digit")]
FEW_WORDS = 8


class Candidates(NamedTuple):
    """Documents to choose from, and the vector of each: a row of `vectors` (n, d)."""

    documents: list[Document]
    vectors: Floats


def uncertainty_of(run: JobRun, live: LiveHead, among: Candidates, serving: Serving) -> Floats:
    """(n,): how unsure what suggests for one question is of each document."""
    if isinstance(live.head, SpanHead):
        return _of_spans(run, live, among, serving)
    head, promoted = live.head, live.promoted
    shares = head.probabilities(among.vectors)
    if promoted is not None and promoted.is_remote:
        _put_recorded(shares, promoted, live.labels, among)
    elif promoted is not None and head.share is not None:
        unsure = _of_choices(head, shares)
        said = _said(run, promoted, among, first=np.argsort(-unsure, kind="stable").tolist())
        rows = [row for row, one in enumerate(among.documents) if one.text_hash in said]
        if rows:
            logits = np.stack([said[among.documents[row].text_hash] for row in rows])
            outputs = Outputs(logits, promoted.columns, live.labels, head.multiple)
            theirs = outputs.probabilities(head.share.slope)
            shares[rows] = head.share.mixed(shares[rows], theirs)
    return _of_choices(head, shares)


def _of_choices(head: Head, shares: Floats) -> Floats:
    return acquisition.choice_uncertainty(shares, multiple=head.multiple, offered=head.offered)


def _said(
    run: JobRun, promoted: Promoted, among: Candidates, *, first: list[int]
) -> Mapping[str, Floats]:
    """Text hash to what a promoted version makes of it, read in this order of rows while there is
    room. Other jobs go first: what was read so far is known when this one begins again.
    """
    said = vectors.cached(promoted.encoder, {one.text_hash for one in among.documents})
    inorder = [among.documents[row] for row in first]
    missing = {one.text_hash: one.model_text for one in inorder if one.text_hash not in said}
    chosen = list(missing)[:READ_FOR_CHOICES]
    for start in range(0, len(chosen), READ_AT_ONCE):
        run.give_way()
        run.raise_if_cancelled()
        part = chosen[start : start + READ_AT_ONCE]
        said |= said_of_all(promoted, {key: missing[key] for key in part})
    return said


def _put_recorded(
    shares: Floats, promoted: Promoted, labels: tuple[int, ...], among: Candidates
) -> None:
    """What a remote version said before, in place of what the head says (n, C)."""
    rows = {document.pk: row for row, document in enumerate(among.documents)}
    columns = {label: column for column, label in enumerate(labels)}
    of_version = Suggestion.objects.filter(model_version=promoted.version)
    for chunk in chunks(list(rows)):
        said = of_version.filter(document__in=chunk).values_list("document", "items")
        for document, items in said:
            shares[rows[document]] = 0
            for item in items:
                if item["label"] in columns:
                    shares[rows[document], columns[item["label"]]] = item["score"]


def _of_spans(run: JobRun, live: LiveHead, among: Candidates, serving: Serving) -> Floats:
    """Reads the few hundred documents in which spans are likeliest; of the others nothing is said.

    Before anything finds spans, likely places count. Other jobs go first: what was read so far is
    still in memory when this one begins again.
    """
    head = live.head
    assert isinstance(head, SpanHead)  # noqa: S101 - whoever calls has looked
    likely = np.array([_namelike(document) for document in among.documents], dtype=np.float32)
    if head.tagger is None and live.tuned is None:
        return likely
    unsure = np.zeros(len(likely), dtype=np.float32)
    chosen = np.argsort(-likely, kind="stable")[:READ_FOR_SPANS].tolist()
    for first in range(0, len(chosen), READ_AT_ONCE):
        run.give_way()
        run.raise_if_cancelled()
        rows = chosen[first : first + READ_AT_ONCE]
        fields = {row: [text for _, text in among.documents[row].fields()] for row in rows}
        every = {text for texts in fields.values() for text in texts}
        words = readers.read_all(live.tuned, _words(among.documents[0], every, serving, head))
        for row, texts in fields.items():
            unsure[row] = max((head.uncertainty(text, words[text]) for text in texts), default=0)
    return unsure


def _words(
    document: Document, texts: Collection[str], serving: Serving, head: SpanHead
) -> Mapping[str, Words]:
    """The words of these texts of the document's project, in memory from now on and not in the
    database; read by the encoder where the head has a tagger to make something of that.
    """
    if head.tagger is None:
        return {text: word_memory.unread(text) for text in texts}
    encoder = serving.engine.name
    known = word_memory.known(document.project, encoder, texts)
    missing = sorted(set(texts) - known.keys())
    readings = serving.batcher.read_all(missing)
    return known | {
        text: word_memory.remember(encoder, text, reading.states)
        for text, reading in zip(missing, readings, strict=True)
    }


def _namelike(document: Document) -> float:
    """The share of words that look like parts of names or numbers; short texts a little less."""
    tables = [shapes(text, word_places(text)) for _, text in document.fields()]
    words = sum(len(table) for table in tables)
    likely = sum(int(table[:, NAMELIKE].any(axis=1).sum()) for table in tables)
    return likely / (words + FEW_WORDS)

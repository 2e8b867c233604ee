"""What a remote version says of documents. Blocks; for workers only."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Protocol

from inference.models import ModelVersion
from inference.predicting import CannotPredict, Items, labels_now
from inference.remote.answers import Texts
from inference.remote.asking import Spent, on_one_line
from inference.remote.chat import ChatModel
from inference.remote.configuration import Configuration, RemoteProtocol
from inference.remote.failures import note_failures
from inference.remote.label_studio import LabelStudioBackend
from inference.remote.problems import CallFailed, Refused, Unusable
from inference.remote.use import count_use
from labeling.merged import Into, merged_into
from projects.models import Document, Question

AT_ONCE = 4
FAILURES_IN_A_ROW = 5
"""After so many the endpoint is taken to be at fault, and not the documents."""
LONGEST_TEXT = 100_000
"""Characters of a document."""


class Asked(Protocol):
    """One way to ask an endpoint, from several threads; no database in there."""

    def ask(self, texts: Texts, spent: Spent) -> Items: ...


@dataclass
class Outcome:
    """What came of one document. `failure`: why nothing did; `fatal`: nothing will of others."""

    items: Items = field(default_factory=list)
    failure: str = ""
    fatal: bool = False
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class RemotePredictor:
    version: ModelVersion
    configuration: Configuration
    asked: Asked
    into: Into

    def predict(self, documents: Sequence[Document]) -> list[Items]:
        """As `inference.predicting.Predictor`. A document without a usable answer gets nothing,
        is counted, and marked (`inference.remote.failures`).

        Raises CannotPredict where the endpoint refuses everything, or fails many times in a row.
        """
        known = labels_now(self.version.question_id)
        said: list[Items] = [[] for _ in documents]
        stop, reason, in_a_row = Event(), "", 0
        failed: set[int] = set()
        texts = [dict(document.fields()) for document in documents]
        with closing(outcomes_of(self.asked, texts, stop)) as outcomes:
            for place, outcome in outcomes:
                count_use(self.version, self.configuration, outcome.spent, failure=outcome.failure)
                if outcome.failure:
                    failed.add(documents[place].pk)
                said[place] = present(outcome.items, self.into, known)
                if outcome.spent.calls:
                    in_a_row = in_a_row + 1 if outcome.failure else 0
                if outcome.fatal or in_a_row == FAILURES_IN_A_ROW:
                    stop.set()
                    reason = outcome.failure
        if reason:
            raise CannotPredict(f"{self.version} gives no answers. {reason}")
        answered = {document.pk for document in documents} - failed
        note_failures(self.version, failed, answered=answered)
        return said


def predictor(version: ModelVersion) -> RemotePredictor:
    """Raises CannotPredict."""
    try:
        configuration = Configuration.of(version.parameters)
    except KeyError as missing:
        raise CannotPredict(f"{version} does not say its {missing}. Add it again.") from None
    asked = asked_by(configuration, version.question)
    return RemotePredictor(version, configuration, asked, merged_into(version.project))


def asked_by(configuration: Configuration, question: Question) -> Asked:
    """Calls nothing yet. Raises CannotPredict."""
    try:
        endpoint = configuration.endpoint()
    except Unusable as why:
        raise CannotPredict(str(why)) from why
    if configuration.protocol == RemoteProtocol.CHAT:
        return ChatModel(configuration, endpoint, question.overlapping)
    return LabelStudioBackend(configuration, endpoint, question.overlapping)


def outcomes_of(
    asked: Asked, texts: Sequence[Texts], stop: Event
) -> Generator[tuple[int, Outcome], None, None]:
    """As they come, each with its place; a few are asked at once. After `stop` nothing new is."""
    waiting = iter(enumerate(texts))
    running: dict[Future[Outcome], int] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="remote") as pool:
        while True:
            for place, each in islice(waiting, 0 if stop.is_set() else AT_ONCE - len(running)):
                running[pool.submit(outcome_of, asked, each)] = place
            if not running:
                return
            future = next(as_completed(running))
            yield running.pop(future), future.result()


def outcome_of(asked: Asked, texts: Texts) -> Outcome:
    outcome = Outcome()
    length = sum(map(len, texts.values()))
    if not any(text.strip() for text in texts.values()):
        return outcome
    if length > LONGEST_TEXT:
        outcome.failure = f"A document of {length} characters is too long to be sent."
        return outcome
    try:
        outcome.items = asked.ask(texts, outcome.spent)
    except (Refused, CallFailed) as why:
        outcome.failure = on_one_line(str(why))
    except Unusable as why:
        outcome.failure, outcome.fatal = on_one_line(str(why)), True
    return outcome


def present(items: Items, into: Mapping[int, int], known: Collection[int]) -> Items:
    """Under the labels there are now: merged ones followed, deleted ones left out."""
    moved: dict[tuple[object, ...], Items] = {}
    for item in items:
        label = into.get(item["label"], item["label"])
        if label in known:
            key = (label, item.get("field"), item.get("start"), item.get("end"))
            moved.setdefault(key, []).append({**item, "label": label})
    return [max(same, key=lambda item: (item["offered"], item["score"])) for same in moved.values()]

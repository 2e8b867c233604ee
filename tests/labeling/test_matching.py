"""Filters of documents mean the same wherever they stand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labeling.matching import BadFilter, checked, in_words, matching
from labeling.models import Annotation
from projects.models import Document, DocumentState, document_hash
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db


def ids(project, **filters: str) -> list[str]:
    found = matching(project.documents.published(), checked(filters, project))
    return [document.external_id for document in found]


def label_of(project, name: str) -> str:
    return str(project.questions.get().labels.get(name=name).pk)


def test_no_filter_means_all(project):
    make_documents(project, "a", "b")

    assert ids(project) == ["D-1", "D-2"]
    assert ids(project, state="", text="") == ["D-1", "D-2"]


def test_states(project, bob):
    one, two, _ = make_documents(project, "a", "b", "c")
    answer(one, bob, "Refund")
    Document.objects.filter(pk=two.pk).update(state=DocumentState.OWNER)

    assert ids(project, state="done") == ["D-1"]
    assert ids(project, state="owner") == ["D-2"]
    assert ids(project, state="open") == ["D-3"]


@pytest.mark.parametrize("imported", ["", "train", "validation", "test", "calibration"])
@pytest.mark.parametrize("in_reserve", [True, False])
@pytest.mark.parametrize("coin", [0.0, 0.49, 0.5, 0.99])
def test_arms_and_splits_are_those_of_the_document(db, imported, in_reserve, coin):
    project = make_project()
    documents = make_documents(
        project, "a", "b", "c", "d", imported_split=imported, in_reserve=in_reserve
    )
    Document.objects.update(display_coin=coin)
    documents = list(project.documents.all())

    for arm in ("blind", "open", "outside"):
        assert ids(project, arm=arm) == [
            document.external_id for document in documents if (document.arm or "outside") == arm
        ]
    for split in ("train", "validation", "test", "calibration"):
        assert ids(project, split=split) == [
            document.external_id for document in documents if document.split == split
        ]


def test_blind_documents_are_halved(project):
    make_documents(project, *"abcdefgh", in_reserve=True, display_coin=0.1)
    hashes = [document_hash({"text": text}, ["text"]) for text in "abcdefgh"]
    test = [f"D-{n}" for n, of in enumerate(hashes, 1) if int(of[:8], 16) % 2 == 0]

    assert 0 < len(test) < len(hashes)
    assert ids(project, split="test") == test


def test_what_is_said_of_answers_holds_of_one_and_the_same(project, bob, dora):
    project.overlap = 2
    project.save()
    one, two, _ = make_documents(project, "a", "b", "c")
    answer(one, bob, "Refund")
    answer(one, dora, "Praise")
    answer(two, dora, "Refund")

    assert ids(project, label=label_of(project, "Refund")) == ["D-1", "D-2"]
    assert ids(project, annotator=str(dora.pk)) == ["D-1", "D-2"]
    both = {"label": label_of(project, "Refund"), "annotator": str(dora.pk)}
    assert ids(project, **both) == ["D-2"]


def test_answers_that_do_not_stand_do_not_count(project, bob):
    (one,) = make_documents(project, "a")
    answer(one, bob, "Refund")
    Annotation.objects.update(state="withdrawn")

    assert ids(project, annotator=str(bob.pk)) == []
    assert ids(project, label=label_of(project, "Refund")) == []


def test_days_are_whole_and_in_utc(project, bob):
    for document, at in zip(
        make_documents(project, "a", "b", "c"),
        [
            datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC),
            datetime(2026, 3, 2, tzinfo=UTC),
            datetime(2026, 3, 3, tzinfo=UTC),
        ],
        strict=True,
    ):
        answer(document, bob, "Refund")
        Annotation.objects.filter(document=document).update(finished_at=at)

    assert ids(project, since="2026-03-02") == ["D-2", "D-3"]
    assert ids(project, until="2026-03-02") == ["D-1", "D-2"]
    assert ids(project, since="2026-03-02", until="2026-03-02") == ["D-2"]


def test_imported_answers_can_be_asked_for(project, bob):
    one, two = make_documents(project, "a", "b")
    answer(one, bob, "Refund")
    answer(two, bob, "Refund")
    Annotation.objects.filter(document=two).update(annotator=None)

    assert ids(project, annotator="import") == ["D-2"]


@pytest.mark.parametrize("words", ["café", "CAFÉ".lower(), "100%", "_", '"', "\\", "日本", "👍🏽"])
def test_words_are_found_in_any_text_field(db, words):
    project = make_project(text_fields=["text", "re ply's"])
    one, two, _ = make_documents(project, "plain", "no", f"so {words}!")
    Document.objects.filter(pk=one.pk).update(texts={"text": "x", "re ply's": f"a{words}"})
    Document.objects.filter(pk=two.pk).update(texts={"text": "x", "other": f"a{words}"})

    assert ids(project, text=words) == ["D-1", "D-3"]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"state": "staged"}, "“staged” is no state. Known: open, done, owner, model."),
        ({"colour": "red"}, "There is no filter “colour”. Known: state, label"),
        ({"since": "yesterday"}, "“yesterday” is no date. Write it as 2026-01-31."),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "Nothing lies between"),
        ({"label": "x"}, "“x” is no label"),
        ({"annotator": "9" * 19}, "is no annotator"),
        ({"annotator": "99999"}, "Nobody with the number 99999"),
    ],
)
def test_filters_that_cannot_be_meant_are_refused(project, filters, said):
    with pytest.raises(BadFilter, match=said.replace(".", r"\.")):
        checked(filters, project)


def test_a_label_of_another_project_is_refused(project):
    other = make_question(make_project())

    with pytest.raises(BadFilter, match="no label"):
        checked({"label": str(other.labels.first().pk)}, project)


def test_filters_in_words(project, bob):
    (one,) = make_documents(project, "a")
    answer(one, bob, "Refund")
    filters = {
        "state": "done",
        "label": label_of(project, "Refund"),
        "annotator": str(bob.pk),
        "since": "2026-03-02",
        "arm": "outside",
        "split": "train",
    }

    assert in_words(checked(filters, project), project) == [
        "done",
        "with Refund (topic)",
        "answered by bob",
        "answered on 2026-03-02 or later",
        "outside the reserve",
        "split train",
    ]

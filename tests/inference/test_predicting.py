"""Any version is asked the same way, and says why when it cannot answer."""

from __future__ import annotations

import numpy as np
import pytest

from inference import live
from inference.models import ModelKind, ModelVersion, Suggestion
from inference.predicting import CannotPredict, predictor_of, record
from inference.training.classifier import load
from labeling.merge_labels import merge_labels
from projects.models import QuestionKind
from tests.factories import answer, make_documents, make_project, make_question
from tests.inference.tiny_encoders import SENTENCES
from tests.inference.tiny_models import make_folder, register

TAGS = ["O", "B-person", "I-person", "B-place", "I-place"]


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def version(question, tmp_path):
    labels = list(question.labels.all())
    folder = make_folder(tmp_path / "made", [label.name for label in labels])
    return register(question, folder, [label.pk for label in labels])


def test_every_label_is_scored_best_first_and_the_first_is_offered(project, question, version):
    documents = make_documents(project, *SENTENCES[:4])

    said = predictor_of(version).predict(documents)

    assert len(said) == 4
    for items in said:
        assert {item["label"] for item in items} == {label.pk for label in question.labels.all()}
        assert sum(item["score"] for item in items) == pytest.approx(1, abs=1e-3)
        assert items == sorted(items, key=lambda item: -item["score"])
        assert [item["offered"] for item in items] == [True, False, False]


def test_a_text_gets_the_same_alone_and_among_others(project, version):
    documents = make_documents(project, *SENTENCES[:4], "word " * 300)
    predictor = predictor_of(version)

    together = predictor.predict(documents)
    alone = [predictor.predict([one])[0] for one in documents]

    for first, second in zip(together, alone, strict=True):
        assert [item["label"] for item in first] == [item["label"] for item in second]
        assert [item["score"] for item in first] == pytest.approx(
            [item["score"] for item in second], abs=2e-4
        )


def test_nothing_to_read_is_nothing_said(version):
    assert predictor_of(version).predict([]) == []


def test_a_label_deleted_since_is_left_out_and_nothing_offered_in_its_place(
    project, question, version
):
    [document] = make_documents(project, SENTENCES[0])
    predictor = predictor_of(version)
    first = predictor.predict([document])[0][0]["label"]
    question.labels.get(pk=first).delete()

    [items] = predictor.predict([document])

    assert first not in {item["label"] for item in items}
    assert len(items) == 2
    assert not any(item["offered"] for item in items)


def test_labels_that_were_merged_count_as_one(project, question, version, alice):
    first, second, third = question.labels.all()
    [document] = make_documents(project, SENTENCES[0])
    answer(document, alice, first)
    before = {one["label"]: one["score"] for one in predictor_of(version).predict([document])[0]}
    merge_labels(source=first, target=second, owner=alice, tell=lambda *_: None)

    [items] = predictor_of(version).predict([document])

    after = {one["label"]: one["score"] for one in items}
    assert after == {
        second.pk: pytest.approx(before[first.pk] + before[second.pk], abs=2e-4),
        third.pk: before[third.pk],
    }
    assert [one["offered"] for one in items] == [True, False]


def test_a_column_of_no_label_is_left_out(project, question, tmp_path):
    labels = list(question.labels.all())
    folder = make_folder(tmp_path / "made", ["refund", "other", "praise"])
    version = register(question, folder, [labels[0].pk, None, labels[2].pk])

    [items] = predictor_of(version).predict(make_documents(project, SENTENCES[0]))

    assert {item["label"] for item in items} == {labels[0].pk, labels[2].pk}


def test_several_labels_stand_each_by_itself(project, tmp_path):
    question = make_question(project, "topics", labels=("A", "B"), multiple=True)
    labels = [label.pk for label in question.labels.all()]
    folder = make_folder(tmp_path / "made", ["A", "B"], problem_type="multi_label_classification")

    said = predictor_of(register(question, folder, labels)).predict(
        make_documents(project, *SENTENCES[:4])
    )

    for items in said:
        assert [item["offered"] for item in items] == [item["score"] >= 0.5 for item in items]
    assert all(abs(sum(item["score"] for item in items) - 1) > 1e-3 for items in said)


def test_temperature_makes_it_less_sure(project, question, version):
    documents = make_documents(project, SENTENCES[0])
    sharp = predictor_of(version).predict(documents)[0][0]
    version.parameters["temperature"] = 10

    mild = predictor_of(version).predict(documents)[0][0]

    assert mild["label"] == sharp["label"]
    assert 1 / 3 < mild["score"] < sharp["score"]


@pytest.fixture
def spans(db):
    project = make_project(slug="names", text_fields=["title", "body"])
    return make_question(project, "names", labels=("person", "place"), kind=QuestionKind.SPAN)


def test_spans_come_field_by_field_in_the_order_of_the_text(spans, tmp_path):
    labels = [label.pk for label in spans.labels.all()]
    version = register(spans, make_folder(tmp_path / "made", TAGS, kind="Token"), labels)
    documents = make_documents(
        spans.project, *[{"title": text[:20], "body": text * 9} for text in SENTENCES[:4]]
    )

    said = predictor_of(version).predict(documents)

    assert any(said)
    for document, items in zip(documents, said, strict=True):
        places = [(item["field"] == "body", item["start"]) for item in items]
        assert places == sorted(places)
        for item in items:
            quote = document.texts[item["field"]][item["start"] : item["end"]]
            assert quote == quote.strip() != ""
            assert item["label"] in labels


def test_every_word_of_a_long_text_is_tagged(tmp_path):
    classifier = load(make_folder(tmp_path / "made", TAGS, kind="Token"), "span")
    text = " ".join(f"word{number}" for number in range(400))

    [tags, nothing] = classifier.tag([text, ""])

    assert tags.shape == (400, 5)
    assert tags.sum(axis=1) == pytest.approx(1, abs=5e-3)
    assert np.unique(tags.round(3), axis=0).shape[0] > 50
    assert nothing.shape == (0, 5)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("changed", "config.json of .* was changed"),
        ("missing", "model.safetensors of .* is missing"),
        ("unmapped", "tells 3 labels apart, and 2 of them are mapped"),
        ("other", "The weights do not fit"),
        ("none", "has no files"),
    ],
)
def test_what_cannot_be_used_says_why(version, settings, damage, why, tmp_path, question):
    folder = settings.MEDIA_ROOT / version.folder
    if damage == "changed":
        (folder / "config.json").write_text("{}")
    elif damage == "missing":
        (folder / "model.safetensors").unlink()
    elif damage == "unmapped":
        version.parameters["labels"].pop()
    elif damage == "other":
        from tests.inference.tiny_encoders import make

        bare = tmp_path / "bare"
        bare.mkdir()
        version = register(question, make("bert", bare), [1, 2])
    else:
        version.folder = ""

    with pytest.raises(CannotPredict, match=why):
        predictor_of(version)


def test_a_tuned_encoder_has_no_answers_of_its_own(question):
    version = ModelVersion(
        project=question.project, question=question, number=1, kind=ModelKind.TUNED, name="Tuned"
    )

    with pytest.raises(CannotPredict, match="no answers of its own"):
        predictor_of(version)


def test_the_live_head_is_asked_the_same_way(project, question, serving, bob):
    documents = make_documents(project, *[f"refund {n}" for n in range(3)], "praise 1", "praise 2")
    for document in documents:
        answer(document, bob, "Refund" if "refund" in document.texts["text"] else "Praise")
    [head] = live.refresh(project)
    version = ModelVersion.objects.get(pk=head.model_version)
    question.labels.get(name="Late delivery").delete()

    said = predictor_of(version).predict(documents)

    assert len(said) == 5
    assert all(said)
    assert {item["label"] for items in said for item in items} == {
        label.pk for label in question.labels.all()
    }


def test_a_live_head_that_serves_no_more_says_so(project, question, serving):
    live.refresh(project)
    other = ModelVersion.objects.create(
        project=project, question=question, number=9, kind=ModelKind.LIVE, name="Old", encoder="old"
    )

    with pytest.raises(CannotPredict, match="not in use any more"):
        predictor_of(other)


def test_what_was_said_is_stored_once(project, question, version, django_assert_num_queries):
    documents = make_documents(project, *SENTENCES[:4])
    said = predictor_of(version).predict(documents)

    record(version, documents, said, version.version)
    with django_assert_num_queries(1):
        record(version, documents, said, version.version)

    rows = Suggestion.objects.filter(model_version=version).order_by("document")
    assert [row.items for row in rows] == said
    assert [row.label_id for row in rows] == [items[0]["label"] for items in said]
    assert [row.score for row in rows] == [items[0]["score"] for items in said]


def test_spans_are_stored_with_the_least_certain_score(spans, tmp_path):
    folder = make_folder(tmp_path / "made", TAGS, kind="Token")
    label = spans.labels.first()
    version = register(spans, folder, [label.pk, label.pk])
    [document, empty] = make_documents(spans.project, {"title": "a", "body": "b"}, {"title": "c"})
    at = {"label": label.pk, "offered": True, "field": "title"}
    said = [{**at, "score": 0.9, "start": 0, "end": 1}, {**at, "score": 0.4, "start": 2, "end": 3}]

    record(version, [document, empty], [said, []], "3")

    stored, nothing = Suggestion.objects.order_by("document")
    assert (stored.label, stored.score, stored.version) == (label, 0.4, "3")
    assert (nothing.label, nothing.score, nothing.items) == (None, None, [])

"""A promoted version suggests in place of the live head, and gives way when it cannot."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from django.core.management import call_command

from inference import live, opening, suggesting
from inference.models import ModelKind, ModelVersion, Stage, Suggestion, Vector
from inference.predicting import predictor_of, record
from inference.promoted import promoted_version, readers, trouble
from inference.promoted.versions import encoder_of
from labeling.merge_labels import merge_labels
from projects.models import QuestionKind
from tests.factories import answer, make_documents, make_label, make_project, make_question
from tests.inference.tiny_encoders import SENTENCES
from tests.inference.tiny_models import make_folder, register

pytestmark = pytest.mark.django_db(transaction=True)
BLIND = {"in_reserve": True, "display_coin": 0.1}
TAGS = ["O", "B-person", "I-person", "B-place", "I-place"]


@pytest.fixture(autouse=True)
def _settings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1


@pytest.fixture
def version(question, tmp_path):
    """A challenger that tells the three labels apart, at random but sure of itself."""
    labels = list(question.labels.all())
    folder = make_folder(tmp_path / "made", [label.name for label in labels])
    sure = {"temperature": 0.01}
    return register(question, folder, [label.pk for label in labels], parameters=sure)


@pytest.fixture
def names(db):
    project = make_project(slug="names")
    return make_question(project, "names", labels=("person", "place"), kind=QuestionKind.SPAN)


def promote(version: ModelVersion) -> None:
    ModelVersion.objects.promoted().filter(question=version.question).update(stage=Stage.ARCHIVED)
    ModelVersion.objects.filter(pk=version.pk).update(stage=Stage.CHAMPION)


def roll_back(version: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(stage=Stage.ARCHIVED)


def suggested(serving, document, member) -> suggesting.Suggested:
    """What is suggested for the one question of a document, and stored."""
    from asgiref.sync import async_to_sync

    heads = live.refresh(document.project)
    needs = opening.needs_of(heads)
    opened = suggesting.look_up(
        project_id=document.project_id,
        user_id=member.pk,
        document_id=document.pk,
        encoder=serving.engine.name,
        needs=needs,
    )
    opened = async_to_sync(opening.complete)(opened, needs, serving.batcher)
    [one] = suggesting.suggest(opened, heads)
    suggesting.store(opened=opened, user_id=member.pk, suggested=[one])
    return one


def test_a_promoted_version_suggests_and_is_named(project, version, bob, serving):
    [document] = make_documents(project, SENTENCES[0])
    promote(version)

    one = suggested(serving, document, bob)

    [expected] = predictor_of(version).predict([document])
    assert [item["label"] for item in one.items] == [item["label"] for item in expected]
    assert [item["score"] for item in one.items] == pytest.approx(
        [item["score"] for item in expected], abs=2e-3
    )
    assert one.head.model == {"name": "Tiny fine-tuned", "version": "1"}
    row = Suggestion.objects.get()
    assert (row.model_version, row.version) == (version, "1")
    assert (row.label_id, row.score) == (one.items[0]["label"], one.items[0]["score"])


def test_a_challenger_does_not(project, version, bob, serving):
    [document] = make_documents(project, SENTENCES[0])

    one = suggested(serving, document, bob)

    assert one.head.model["name"] == "Fake encoder live"
    assert promoted_version(version.question) is None


def test_the_live_head_learns_on_behind_it(project, version, bob, serving):
    first, second = make_documents(project, "a refund", "late again")
    promote(version)
    live.refresh(project)
    answer(first, bob, "Refund")
    suggested(serving, second, bob)

    row = ModelVersion.objects.live().get()
    assert row.stage == Stage.NONE
    [head] = live.refresh(project)
    assert head.by_itself.model_version == row.pk
    assert head.by_itself.version == row.version


def test_a_rollback_brings_the_live_head_back(project, version, bob, serving):
    [document] = make_documents(project, SENTENCES[0])
    before = suggested(serving, document, bob)
    promote(version)
    suggested(serving, document, bob)

    roll_back(version)
    after = suggested(serving, document, bob)

    assert after.items == before.items
    assert after.head.model == before.head.model
    assert ModelVersion.objects.live().get().stage == Stage.CHAMPION


def test_one_promoted_after_another_takes_over(project, question, version, tmp_path, bob, serving):
    [document] = make_documents(project, SENTENCES[0])
    labels = [label.pk for label in question.labels.all()]
    folder = make_folder(tmp_path / "other", ["a", "b", "c"], problem_type="regression")
    promote(version)
    suggested(serving, document, bob)
    other = register(question, folder, labels[::-1])
    promote(other)

    one = suggested(serving, document, bob)

    assert one.head.model_version == other.pk
    assert encoder_of(other) != encoder_of(version)


@pytest.mark.parametrize("damage", ["missing", "changed", "mislabelled"])
def test_a_version_that_cannot_be_loaded_leaves_the_live_head(
    project, question, version, bob, serving, settings, damage, caplog
):
    [document] = make_documents(project, SENTENCES[0])
    before = suggested(serving, document, bob)
    folder = settings.MEDIA_ROOT / version.folder
    promote(version)
    if damage == "missing":
        (folder / "model.safetensors").unlink()
    elif damage == "changed":
        (folder / "config.json").write_text("{}")
    else:
        ModelVersion.objects.filter(pk=version.pk).update(parameters={"labels": []})

    after = suggested(serving, document, bob)

    assert after.items == before.items
    assert after.head.model["name"] == "Fake encoder live"
    assert "promoted_version_unusable" in caplog.text


def test_trouble_says_which_file_and_what_suggests(question, version, settings):
    promote(version)
    assert trouble(question) == ""

    (settings.MEDIA_ROOT / version.folder / "config.json").write_text("{}")

    assert trouble(question).startswith(f"config.json of {version} was changed")
    assert trouble(question).endswith("Until then the live head suggests.")


def test_the_page_of_versions_tells_the_trouble(question, version, settings, alice, client_of):
    promote(version)
    url = "/projects/tickets/models/versions/"
    assert "was changed" not in client_of(alice).get(url).text

    (settings.MEDIA_ROOT / version.folder / "config.json").write_text("{}")

    assert "was changed" in client_of(alice).get(url).text


def test_trouble_ends_when_the_files_are_back(question, version, settings):
    promote(version)
    path = settings.MEDIA_ROOT / version.folder / "config.json"
    whole = path.read_bytes()
    path.unlink()
    assert "is missing" in trouble(question)

    path.write_bytes(whole)

    assert trouble(question) == ""


def test_without_a_promoted_version_there_is_no_trouble(question):
    assert trouble(question) == ""


def test_a_version_that_fails_while_reading_leaves_the_live_head(
    project, version, bob, serving, monkeypatch
):
    first, second = make_documents(project, *SENTENCES[:2])
    promote(version)
    assert suggested(serving, first, bob).head.model_version == version.pk

    monkeypatch.setattr("inference.promoted.engines.ChoiceEngine.encode", lambda *_: 1 / 0)

    assert suggested(serving, second, bob).head.model["name"] == "Fake encoder live"


def test_a_deleted_label_is_never_suggested(project, question, version, bob, serving):
    first, second = make_documents(project, *SENTENCES[:2])
    promote(version)
    gone = suggested(serving, first, bob).items[0]["label"]

    question.labels.filter(pk=gone).delete()
    one = suggested(serving, second, bob)

    assert one.head.model_version == version.pk
    assert one.head.labels == tuple(question.labels.values_list("pk", flat=True))
    assert gone not in {item["label"] for item in one.items}


def test_a_label_merged_into_another_speaks_for_it(project, question, version, alice, bob, serving):
    first, second = make_documents(project, SENTENCES[0], SENTENCES[0])
    promote(version)
    said = suggested(serving, first, bob).items
    best, other = (question.labels.get(pk=item["label"]) for item in said[:2])

    answer(first, bob, best)
    merge_labels(source=best, target=other, owner=alice, tell=lambda *_: None)
    items = suggested(serving, second, bob).items

    assert items[0]["label"] == other.pk
    assert items[0]["score"] == pytest.approx(said[0]["score"] + said[1]["score"], abs=1e-3)


def test_what_it_says_is_kept_for_the_share_of_the_live_head(project, version, bob, serving):
    seen, hidden = *make_documents(project, "a"), *make_documents(project, "b", **BLIND)
    promote(version)

    suggested(serving, seen, bob)
    suggested(serving, hidden, bob)

    [kept] = Vector.objects.filter(encoder=encoder_of(version))
    assert kept.text_hash == seen.text_hash


def test_a_new_label_is_no_surprise(project, question, version, bob, serving):
    [document] = make_documents(project, SENTENCES[0])
    promote(version)
    new = make_label(question, "Question", position=3)

    items = suggested(serving, document, bob).items

    assert items[-1] == {"label": new.pk, "score": 0.0, "offered": False}


def test_what_it_says_of_a_text_is_read_once(project, version, bob, serving, monkeypatch):
    [document] = make_documents(project, SENTENCES[0])
    promote(version)
    first = suggested(serving, document, bob)
    monkeypatch.setattr("inference.promoted.engines.ChoiceEngine.encode", lambda *_: 1 / 0)

    assert suggested(serving, document, bob).items == first.items


def test_spans_come_from_a_promoted_version(names, tmp_path, bob, serving):
    member(names.project, bob)
    labels = [label.pk for label in names.labels.all()]
    version = register(names, make_folder(tmp_path / "made", TAGS, kind="Token"), labels)
    documents = make_documents(names.project, *SENTENCES[:4])
    promote(version)

    said = [suggested(serving, document, bob) for document in documents]

    expected = predictor_of(version).predict(documents)
    places = [[(i["label"], i["start"], i["end"]) for i in items] for items in expected]
    assert any(places)
    assert [[(i["label"], i["start"], i["end"]) for i in one.items] for one in said] == places
    assert {one.head.model_version for one in said} == {version.pk}


def test_damaged_spans_leave_the_live_head(names, tmp_path, bob, serving, settings):
    member(names.project, bob)
    labels = [label.pk for label in names.labels.all()]
    version = register(names, make_folder(tmp_path / "made", TAGS, kind="Token"), labels)
    [document] = make_documents(names.project, SENTENCES[0])
    promote(version)
    (settings.MEDIA_ROOT / version.folder / "model.safetensors").write_bytes(b"")

    one = suggested(serving, document, bob)

    assert one.head.model["name"] == "Fake encoder live"


def test_a_remote_version_suggests_what_it_said_before(project, question, bob, serving):
    known, unknown = make_documents(project, *SENTENCES[:2])
    label = question.labels.last()
    remote = ModelVersion.objects.create(
        project=project,
        question=question,
        number=9,
        kind=ModelKind.REMOTE,
        name="Elsewhere",
        stage=Stage.CHAMPION,
    )
    items = [{"label": label.pk, "score": 0.8, "offered": True}]
    record(remote, [known], [items], "9")

    assert suggested(serving, known, bob).items == items
    assert suggested(serving, known, bob).head.model == {"name": "Elsewhere", "version": "9"}
    assert suggested(serving, unknown, bob).head.model["name"] == "Fake encoder live"
    assert trouble(question) == ""


def member(project, user) -> None:
    project.memberships.create(user=user, role="annotator")


@pytest.fixture
def many(project, version, bob, serving):
    """Forty answered documents whose topic the fake encoder can tell."""
    topics = {"Refund": "refund money", "Late delivery": "late parcel", "Praise": "nice friendly"}
    texts = [(name, f"{words} {n}") for n in range(20) for name, words in topics.items()]
    documents = make_documents(project, *[text for _, text in texts])
    for document, (name, _) in zip(documents, texts, strict=True):
        answer(document, bob, name)
    hashes = {one.text_hash: one.model_text for one in documents}
    from inference import vectors

    vectors.encoded(serving.engine.name, serving.batcher, hashes)
    return documents


def test_where_people_know_better_the_live_head_is_heard(project, version, many, bob, serving):
    promote(version)
    [head] = live.refresh(project)
    promoted = head.promoted
    assert head.model_version == version.pk  # nothing it has read was answered
    readers.said_of_all(promoted, {one.text_hash: one.model_text for one in many})
    [document] = make_documents(project, "my money, a refund please")
    answer(document, bob, "Refund")

    one = suggested(serving, make_documents(project, "the parcel is late")[0], bob)

    row = ModelVersion.objects.get(pk=one.head.model_version)
    assert (row.kind, row.base, row.stage) == (ModelKind.LIVE, version, Stage.CHAMPION)
    assert row.parameters["weight"] < 0.5
    assert one.head.version == row.version
    assert one.items[0]["label"] == version.question.labels.get(name="Late delivery").pk
    assert Vector.objects.filter(encoder=encoder_of(version)).count() == len(many) + 1


def test_what_is_blended_survives_a_restart(project, version, many, bob, serving):
    promote(version)
    live.refresh(project)
    [head] = live.refresh(project)
    readers.said_of_all(head.promoted, {one.text_hash: one.model_text for one in many})
    answer(make_documents(project, "a refund")[0], bob, "Refund")
    [before] = live.refresh(project)

    live.forget_all()
    [after] = live.refresh(project)

    assert after.model == before.model
    assert after.model_version == before.model_version
    assert after.head.share == before.head.share
    assert np.allclose(after.head.prototypes, before.head.prototypes)


def test_its_own_training_answers_choose_no_share(project, version, many, monkeypatch):
    seen = frozenset(one.text_hash for one in many)
    monkeypatch.setattr("inference.promoted.shares.learned_texts", lambda _: seen)
    promote(version)
    [head] = live.refresh(project)
    readers.said_of_all(head.promoted, {one.text_hash: one.model_text for one in many})
    make_label(version.question, "Another", position=5)

    [head] = live.refresh(project)

    assert head.head.share.is_alone
    assert head.model_version == version.pk


def test_the_command_suggests_with_the_promoted_version(project, version, tmp_path, serving):
    promote(version)
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps({"text": SENTENCES[0]}) + "\n")
    out = io.StringIO()

    call_command("suggest", project.slug, str(path), stdout=out)

    [line] = [json.loads(one) for one in out.getvalue().splitlines()]
    said = line["suggestions"]["topic"]
    assert said["model"] == {"name": "Tiny fine-tuned", "version": "1"}
    assert len(said["items"]) == 3
    assert not Vector.objects.filter(encoder=encoder_of(version)).exists()

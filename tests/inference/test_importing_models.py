"""Hugging Face folders on their way in and out."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import AsyncClient

from inference.importing import register, waiting
from inference.importing.folder import found_in
from inference.importing.job import import_later
from inference.importing.mapping import columns_of, suggested
from inference.importing.register import import_folder
from inference.importing.tags import joined, our_tags, read_tags
from inference.importing.unpack import CannotImport, unpack
from inference.models import ModelKind, ModelVersion, Stage
from inference.predicting import predictor_of
from inference.spans.tagger import runs_in
from projects.jobs import retry
from projects.models import Job, JobState, QuestionKind
from tests.factories import make_documents, make_question
from tests.inference import foreign_models

PAGE = "/projects/tickets/models/import/"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return foreign_models.choosing(tmp_path_factory.mktemp("foreign") / "topics")


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """One of its own for each test."""
    copy = tmp_path / "topics"
    unpacked(foreign_models.zipped(made), copy)
    return copy


@pytest.fixture
def chosen(question, made):
    return suggested(found_in(made).labels, question.labels.all())


def unpacked(source, target: Path) -> set[str]:
    target.mkdir()
    unpack(source, target)
    return {path.name for path in target.iterdir()}


def imported(folder, question, chosen) -> ModelVersion:
    return import_folder(folder=folder, question=question, chosen=chosen, title="Topics")


def archive(**names: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in names.items():
            file.writestr(name, content)
    out.seek(0)
    return out


def test_a_folder_becomes_a_challenger_that_answers(folder, question, chosen, project):
    [document] = make_documents(project, count=1)

    version = imported(folder, question, chosen)

    assert (version.kind, version.stage, version.number) == ("folder", Stage.CHALLENGER, 1)
    refund, late, praise = question.labels.all()
    assert version.parameters["labels"] == [refund.pk, late.pk, praise.pk, None]
    assert project.jobs.filter(kind="evaluate").count() == 1
    [items] = predictor_of(version).predict([document])
    assert {item["label"] for item in items} == {refund.pk, late.pk, praise.pk}


def test_labels_are_mapped_by_equal_names_whatever_joins_their_words(question):
    refund, late, _ = question.labels.all()

    found = suggested(["REFUND", "late-delivery", "Late_Delivery", "other"], question.labels.all())

    assert found == {
        "REFUND": refund.pk,
        "late-delivery": late.pk,
        "Late_Delivery": None,
        "other": None,
    }


def test_a_mapping_must_make_sense(question):
    ours = list(question.labels.all())
    theirs = ("a", "b")

    with pytest.raises(CannotImport, match="None of its labels"):
        columns_of(theirs, {"a": None}, ours)
    with pytest.raises(CannotImport, match=r"no label “c”\. It has: a, b"):
        columns_of(theirs, {"c": ours[0].pk}, ours)
    with pytest.raises(CannotImport, match="gone meanwhile"):
        columns_of(theirs, {"a": 10**6}, ours)


@pytest.mark.parametrize("pack", [foreign_models.zipped, foreign_models.tarred])
def test_only_the_files_that_are_needed_are_unpacked(made, tmp_path, pack):
    assert unpacked(pack(made), tmp_path / "out") == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_pickles_beside_safetensors_are_left_behind(folder, tmp_path):
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    (folder / "modeling_evil.py").write_text("import os")

    names = unpacked(foreign_models.zipped(folder), tmp_path / "out")

    assert not {"pytorch_model.bin", "modeling_evil.py"} & names


def test_pickles_alone_are_refused_with_the_way_out(folder, tmp_path, question, chosen):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    for attempt in (
        lambda: unpacked(foreign_models.zipped(folder), tmp_path / "out"),
        lambda: imported(folder, question, chosen),
    ):
        with pytest.raises(CannotImport, match=r"pytorch_model\.bin is pickled.*save_pretrained"):
            attempt()
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/config.json", "model/../../x", "model\\..\\x"]
)
def test_what_reaches_outside_its_folder_is_refused(tmp_path, name):
    with pytest.raises(CannotImport, match="outside its folder"):
        unpacked(archive(**{"config.json": b"{}", name: b"x"}), tmp_path / "out")


def test_links_are_refused(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        link = tarfile.TarInfo("model/config.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    out.seek(0)
    info = zipfile.ZipInfo("config.json")
    info.external_attr = 0o120777 << 16
    zip_link = io.BytesIO()
    with zipfile.ZipFile(zip_link, "w") as file:
        file.writestr(info, "/etc/passwd")

    for place, source in enumerate((out, zip_link)):
        with pytest.raises(CannotImport, match="a link or a device"):
            unpacked(source, tmp_path / str(place))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, settings):
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    bomb = archive(**{"config.json": b"{}", "model.safetensors": bytes(3 * 1024 * 1024)})
    assert len(bomb.getvalue()) < 10_000

    with pytest.raises(CannotImport, match="more than the 1 MB"):
        unpacked(bomb, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"hello", "no zip or tar"),
        (archive(readme=b"x").getvalue(), "no config.json"),
        (archive(**{"config.json": b"{}"}).getvalue(), "no weights"),
    ],
)
def test_what_is_no_model_is_refused_in_words(tmp_path, source, words):
    with pytest.raises(CannotImport, match=words):
        unpacked(io.BytesIO(source), tmp_path / "out")


def test_a_truncated_archive_is_refused(made, tmp_path):
    whole = foreign_models.tarred(made).getvalue()

    with pytest.raises(CannotImport, match="damaged"):
        unpacked(io.BytesIO(whole[: len(whole) // 2]), tmp_path / "out")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "It is a BertForMaskedLM"),
        ({"architectures": None}, "names no architecture"),
        ({"auto_map": {"AutoModel": "x.Y"}}, "never done here"),
        ({"id2label": None}, "does not name its labels"),
        ({"id2label": {"0": "a"}}, "a regression"),
        ({"id2label": {"0": "a", "2": "b"}}, "not 0, 1, 2"),
        ({"id2label": {"0": "a", "1": "a"}}, "the same name"),
        ({"problem_type": "regression"}, "a regression"),
    ],
)
def test_a_folder_is_refused_for_what_its_config_says(folder, values, words):
    foreign_models.change_config(folder, **values)

    with pytest.raises(CannotImport, match=words):
        found_in(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [("tokenizer.json", "no tokenizer.json"), ("config.json", "no config.json")],
)
def test_a_folder_that_lacks_a_file_is_refused(folder, name, words):
    (folder / name).unlink()

    with pytest.raises(CannotImport, match=words):
        found_in(folder)


def test_weights_that_cannot_be_loaded_are_refused_before_anything_is_kept(
    folder, question, chosen
):
    before = default_storage.listdir("models")[0] if default_storage.exists("models") else []
    (folder / "model.safetensors").write_bytes(b"nothing like it")

    with pytest.raises(CannotImport, match="cannot be loaded"):
        imported(folder, question, chosen)

    after = default_storage.listdir("models")[0] if default_storage.exists("models") else []
    assert (after, ModelVersion.objects.count()) == (before, 0)


def test_a_model_that_chooses_does_not_mark_spans(folder, project):
    people = make_question(project, "people", kind=QuestionKind.SPAN, labels=["PER"])

    with pytest.raises(CannotImport, match="chooses labels; “People” asks for spans"):
        imported(folder, people, {"refund": people.labels.get().pk})


@pytest.mark.parametrize("tags", [foreign_models.BIO, foreign_models.BILOU, ("O", "PER", "LOC")])
def test_a_tagger_marks_spans_under_our_labels(tmp_path, project, tags):
    people = make_question(project, "people", kind=QuestionKind.SPAN, labels=["Person", "loc"])
    folder = foreign_models.tagging(tmp_path / "ner", tags)
    theirs = found_in(folder).labels
    person, place = people.labels.all()

    chosen = {**suggested(theirs, people.labels.all()), "PER": person.pk}
    version = imported(folder, people, chosen)

    assert version.parameters["labels"] == [person.pk, place.pk]
    [items] = predictor_of(version).predict(make_documents(project, "Ann of Lisbon"))
    assert {item["label"] for item in items} <= {person.pk, place.pk}


def test_bilou_is_read_as_bio():
    tags = read_tags(foreign_models.BILOU)
    names = ["O", "U-PER", "B-LOC", "I-LOC", "L-LOC"]
    shares = np.eye(9, dtype=np.float32)[[foreign_models.BILOU.index(name) for name in names]]

    found = our_tags(shares, tags.ours, 2)

    assert tags.entities == ("PER", "LOC")
    assert found.argmax(axis=1).tolist() == [0, 1, 3, 4, 4]
    assert found.sum(axis=1).tolist() == [1] * 5


def test_tags_are_put_in_our_order_whatever_the_model_has():
    names = ["I-LOC", "B-PER", "O", "I-PER", "B-LOC"]

    tags = read_tags(names)
    found = our_tags(np.eye(5, dtype=np.float32)[[4, 0, 2, 1, 3]], tags.ours, 2)

    assert tags.entities == ("LOC", "PER")
    assert found.argmax(axis=1).tolist() == [1, 2, 0, 3, 4]
    assert found.sum(axis=1).tolist() == [1] * 5


def test_plain_names_and_a_scheme_without_begins_come_to_the_same_spans():
    for names in (("O", "PER"), ("O", "I-PER")):
        tags = read_tags(names)
        shares = np.array([[0.1, 0.9], [0.2, 0.8], [1, 0], [0, 1]], dtype=np.float32)

        found = our_tags(shares, tags.ours, 1)

        assert found.argmax(axis=1).tolist() == [1, 2, 0, 1]
        assert found.sum(axis=1) == pytest.approx([1] * 4)


def test_iob1_begins_where_nothing_came_before():
    names = ["O", "B-PER", "I-PER"]
    tags = read_tags(names)
    ann, lee, bob = [0.02, 0.03, 0.95], [0.02, 0.02, 0.96], [0.02, 0.9, 0.08]
    went = [0.98, 0.01, 0.01]

    found = our_tags(np.array([ann, lee, bob, went], dtype=np.float32), tags.ours, 1)

    assert found.argmax(axis=1).tolist() == [1, 2, 1, 0]
    assert [tuple(run)[:3] for run in runs_in(found)] == [(0, 2, 0), (2, 3, 0)]
    assert found.sum(axis=1) == pytest.approx([1] * 4)


def test_bio_keeps_its_numbers():
    names = ["O", "B-PER", "I-PER"]
    shares = np.array([[0.02, 0.96, 0.02], [0.05, 0.05, 0.9]], dtype=np.float32)

    found = our_tags(shares, read_tags(names).ours, 1)

    assert found[1].tolist() == shares[1].tolist()


def test_several_of_their_labels_may_stand_for_one_of_ours(folder, question, project):
    refund, praise, *_ = question.labels.all()
    chosen = {"refund": refund.pk, "LATE_DELIVERY": refund.pk, "praise": praise.pk, "spam": None}

    version = imported(folder, question, chosen)

    documents = make_documents(project, "Ann of Lisbon")
    predictor = predictor_of(version)
    [items] = predictor.predict(documents)
    [shares] = predictor.classifier.choose(["Ann of Lisbon"])
    scores = {item["label"]: item["score"] for item in items}
    assert scores == {
        refund.pk: pytest.approx(shares[0] + shares[1], abs=1e-4),
        praise.pk: pytest.approx(shares[2], abs=1e-4),
    }


def test_words_of_several_entities_that_stand_for_one_make_one_span():
    shares = np.array([[0.1, 0.5, 0, 0.4, 0], [0.1, 0, 0.4, 0, 0.5]], dtype=np.float32)

    found = joined(shares, (7, 7))

    assert [tuple(run)[:3] for run in runs_in(found)] == [(0, 2, 0)]
    assert found[0].tolist() == pytest.approx([0.1, 0.9, 0, 0, 0])
    assert joined(shares, (7, None)).tolist() == joined(shares, (7, 8)).tolist() == shares.tolist()


def test_tags_without_an_outside_are_refused(tmp_path):
    folder = foreign_models.tagging(tmp_path / "ner", ("O", "PER"))
    foreign_models.change_config(folder, id2label={"0": "LABEL_0", "1": "LABEL_1"})

    with pytest.raises(CannotImport, match=r"no tag O.*Name them in id2label"):
        found_in(folder)


def test_an_owner_uploads_maps_and_finds_a_challenger(made, client_of, alice, project, question):
    client = client_of(alice)

    labels = client.post(PAGE, {"file": foreign_models.zipped(made)})
    page = client.get(labels.url)
    refund, late, _ = question.labels.all()
    assert f'<option value="{late.pk}" selected>Late delivery</option>' in page.text
    end = client.post(
        f"{labels.url}?question=topic", {"title": "Theirs", "label-0": refund.pk, "label-1": ""}
    )

    job = Job.objects.get(kind="import_model")
    assert end.url == f"/projects/tickets/jobs/{job.pk}/"
    assert job.state == JobState.DONE, job.error
    version = ModelVersion.objects.get(kind=ModelKind.FOLDER)
    assert (version.name, version.author) == ("Theirs", alice)
    assert version.parameters["labels"] == [refund.pk, None, None, None]
    assert client.get(labels.url).status_code == 404


def test_what_is_wrong_with_an_upload_is_said_where_it_was_chosen(client_of, alice, project):
    page = client_of(alice).post(PAGE, {"file": io.BytesIO(b"hello")})

    assert page.status_code == 422
    assert "This is no zip or tar file" in page.text


def test_a_mapping_of_nothing_is_refused_on_its_page(made, client_of, alice, project):
    client = client_of(alice)
    labels = client.post(PAGE, {"file": foreign_models.zipped(made)})

    page = client.post(labels.url, {"title": "Theirs"})

    assert page.status_code == 422
    assert "None of its labels is mapped" in page.text
    assert not Job.objects.filter(kind="import_model").exists()


def test_an_upload_without_a_question_that_fits_says_so(tmp_path, client_of, alice, project):
    client = client_of(alice)
    folder = foreign_models.tagging(tmp_path / "ner")

    page = client.get(client.post(PAGE, {"file": foreign_models.zipped(folder)}).url)

    assert "No question fits it" in page.text


def test_a_job_that_runs_again_registers_no_second_version(
    made, project, question, chosen, alice, monkeypatch
):
    upload = waiting.receive(project, foreign_models.zipped(made), "theirs.zip")

    class Killed(BaseException):
        """As if the process died just after the version was registered."""

    def die(*args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(waiting, "discard", die)
        import_later(question=question, upload=upload, chosen=chosen, title="Theirs", author=alice)
    job = Job.objects.get(kind="import_model")
    assert (job.state, ModelVersion.objects.count()) == (JobState.RUNNING, 1)
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    retry(job)

    job.refresh_from_db()
    assert (job.state, ModelVersion.objects.count()) == (JobState.DONE, 1)


def test_a_failed_import_keeps_the_upload_for_another_try(
    made, project, question, chosen, alice, monkeypatch
):
    upload = waiting.receive(project, foreign_models.zipped(made), "theirs.zip")
    full = OSError(28, "No space left on device")

    def fail(name, folder):
        raise full

    monkeypatch.setattr(register.artifacts, "keep_as", fail)
    job = import_later(
        question=question, upload=upload, chosen=chosen, title="Theirs", author=alice
    )

    assert (job.state, job.error) == (
        JobState.FAILED,
        "It could not be stored: No space left on device.",
    )
    assert waiting.waiting(project, upload).is_dir()


def test_an_upload_is_forgotten_after_a_day(made, project, monkeypatch):
    upload = waiting.receive(project, foreign_models.zipped(made), "theirs.zip")
    later = waiting.time.time() + waiting.KEEP_SECONDS + 60
    monkeypatch.setattr(waiting.time, "time", lambda: later)

    waiting.forget_old()

    with pytest.raises(FileNotFoundError):
        waiting.waiting(project, upload)


def test_the_command_says_what_it_ignores(made, project, question, capsys):
    call_command("import_model", "tickets", made, question="topic", map=["spam=Praise", "praise="])

    labels = ModelVersion.objects.get().parameters["labels"]
    refund, late, praise = question.labels.all()
    assert labels == [refund.pk, late.pk, None, praise.pk]
    out, err = capsys.readouterr()
    assert out == "topics 1, a challenger for topic\n"
    assert err == "Ignored: praise\n"


@pytest.mark.parametrize("pair", ["spam", "spam=Nothing"])
def test_the_command_refuses_a_map_that_says_nothing(made, project, pair):
    with pytest.raises(CommandError, match="say THEIRS=OURS"):
        call_command("import_model", "tickets", made, question="topic", map=[pair])


def test_a_version_goes_out_as_a_folder_that_transformers_loads(
    folder, question, chosen, client_of, rita, tmp_path
):
    from transformers import AutoModelForSequenceClassification

    version = imported(folder, question, chosen)

    response = client_of(rita).get(f"{version.get_absolute_url()}folder.zip")
    content = b"".join(response.streaming_content)

    assert response["Content-Disposition"] == 'attachment; filename="tickets-topic-topics-1.zip"'
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        file.extractall(tmp_path / "out")
    inside = tmp_path / "out" / "tickets-topic-topics-1"
    assert {path.name for path in inside.iterdir()} == set(version.files)
    model = AutoModelForSequenceClassification.from_pretrained(inside)
    assert model.config.id2label[0] == "refund"


@pytest.mark.django_db(transaction=True)
async def test_the_event_loop_sends_the_same_bytes(folder, question, chosen, client_of, rita):
    version = await sync_to_async(imported)(folder, question, chosen)
    url = f"{version.get_absolute_url()}folder.zip"
    client = AsyncClient()
    await client.aforce_login(rita)

    response = await client.get(url)
    content = b"".join([piece async for piece in response.streaming_content])

    plain = await sync_to_async(lambda: client_of(rita).get(url).getvalue())()
    assert content == plain


def test_a_changed_folder_does_not_go_out(folder, question, chosen, client_of, rita):
    version = imported(folder, question, chosen)
    path = Path(default_storage.path(version.folder)) / "model.safetensors"
    path.write_bytes(b"changed" + path.read_bytes()[7:])
    client = client_of(rita)

    response = client.get(f"{version.get_absolute_url()}folder.zip", follow=True)

    assert response.redirect_chain == [(version.get_absolute_url(), 302)]
    assert "was changed: its sha256 is" in response.text

"""The files beside the lines: Parquet, the data card, a folder for Hugging Face."""

from __future__ import annotations

import errno
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from pyarrow import parquet as arrow

from corpus.models import DatasetVersion
from corpus.record import Record, SpanValue
from corpus.versions import parquet
from corpus.versions.canonical import Definitions, QuestionDefinition
from corpus.versions.card import digest_of, warnings_of
from corpus.versions.card_text import readme_of
from corpus.versions.draft import NoRoom
from corpus.versions.freeze import DatasetDamaged, freeze, parquet_of, verify_card
from corpus.versions.hub import write_zip
from corpus.versions.recipe import Recipe
from projects.models import Document
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

SPANS = QuestionDefinition("parts", "span", multiple=False, required=False, labels=())
SEVERAL = QuestionDefinition("topics", "choice", multiple=True, required=False, labels=())
ONE = QuestionDefinition("text", "choice", multiple=False, required=False, labels=())


@pytest.fixture
def version(project, bob, dora):
    project.overlap = 2
    project.data_license = "CC-BY-4.0"
    project.save()
    documents = make_documents(project, *(f"Text {n}" for n in range(30)))
    Document.objects.filter(pk__in=[each.pk for each in documents[:3]]).update(
        imported_split="test"
    )
    for document in documents:
        answer(document, bob, "Refund")
    answer(documents[5], dora, "Refund")
    answer(documents[6], dora, "Praise")
    return freeze(project=project, recipe=Recipe(validation=20), comment="For the paper")


def table_of(definitions, *records):
    out = io.BytesIO()
    parquet.write(definitions, records, out)
    return arrow.read_table(io.BytesIO(out.getvalue()))


def test_answers_have_types(db):
    definitions = Definitions(("text", "meta"), (SPANS, SEVERAL, ONE), people=True)
    texts = {"text": "Ann was in Rome", "meta": "a title"}
    span = SpanValue("text", 0, 3, "PER")
    answers = {"parts": (span,), "topics": ("A", "B"), "text": ("C",)}
    full = Record(external_id="1", texts=texts, answers=answers, people={"a1": answers})
    none = Record(texts=texts, answers={"topics": (), "text": ()}, people={}, meta={"n": 1})

    rows = table_of(definitions, full, none).to_pylist()

    said = {"parts": [span._asdict()], "topics": ["A", "B"], "answer.text": "C"}
    nothing = {"parts": None, "topics": [], "answer.text": ""}
    both = {"text": "Ann was in Rome", "text.meta": "a title", "split": ""}
    assert rows == [
        {"id": "1", **both, **said, "people": [{"annotator": "a1", **said}], "meta": "{}"},
        {"id": "", **both, **nothing, "people": [], "meta": '{"n":1}'},
    ]


def test_the_same_content_gives_the_same_bytes(project, version):
    twin = DatasetVersion.objects.get()
    twin.parquet = ""

    with parquet_of(version) as frozen, parquet_of(twin) as made_now:
        data = frozen.read()
        assert made_now.read() == data
    assert hashlib.sha256(data).hexdigest() == version.parquet_sha256
    assert len(data) == version.parquet_size


def test_a_damaged_parquet_file_is_never_read(version):
    path = Path(version.parquet.path)
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(DatasetDamaged, match="was changed"):
        parquet_of(version)


def test_a_card_tells_what_is_in_a_version(version):
    card = version.card

    assert card["license"] == "CC-BY-4.0"
    assert card["splits"] == version.counts["splits"]
    assert card["overlap"] == {
        "people_per_document": {"1": 28, "2": 1},
        "documents_with_several": 1,
        "agreement": [{"question": "topic", "pairs": 1, "agreeing": 1}],
    }
    assert card["provenance"] == {"manual": 30}
    assert card["files"] == {"jsonl": version.sha256, "parquet": version.parquet_sha256}
    assert card["questions"][0]["labels"][0] == {
        "name": "Refund",
        "description": "About refund.",
        "count": 29,
    }
    assert digest_of(card) == version.card_sha256


def test_a_card_that_was_changed_is_not_told(version):
    version.card["license"] = "none"

    with pytest.raises(DatasetDamaged, match="data card"):
        verify_card(version)
    with pytest.raises(DatasetDamaged, match="data card"):
        readme_of(version)


def test_the_readme_tells_it_to_people(version):
    text = readme_of(version)

    assert 'license: "cc-by-4.0"' in text
    assert "# Support tickets, dataset version 1" in text
    assert "| Refund | About refund. | 29 |" in text
    assert "100.0 % of 1 pairs" in text
    assert "Text 1" not in text


@pytest.mark.parametrize("answers", ["resolved", "everyone"])
def test_hugging_face_loads_the_folder(project, version, answers, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    datasets.disable_progress_bars()
    version = freeze(project=project, recipe=Recipe(validation=30, answers=answers))
    with (tmp_path / "folder.zip").open("w+b") as file:
        write_zip(version, file)
        zipfile.ZipFile(file).extractall(tmp_path / "folder")

    loaded = datasets.load_dataset(str(tmp_path / "folder"), cache_dir=str(tmp_path / "cache"))

    assert {split: len(rows) for split, rows in loaded.items()} == version.counts["splits"]
    row = next(row for rows in loaded.values() for row in rows if row["id"] == "D-6")
    assert (row["text"], row["topic"]) == ("Text 5", "Refund")
    if answers == "everyone":
        assert row["people"] == [
            {"annotator": "a1", "topic": "Refund"},
            {"annotator": "a2", "topic": "Refund"},
        ]


def test_a_full_disk_leaves_nothing_behind(project, version, bob, monkeypatch):
    (document,) = make_documents(project, "One more")
    answer(document, bob, "Praise")
    before = sorted(Path(settings.MEDIA_ROOT).rglob("*"))
    save = FileSystemStorage.save

    def full(self, name, content, max_length=None):
        if name.endswith(".parquet"):
            save(self, name, content, max_length)
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(self, name, content, max_length)

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "save", full)
        with pytest.raises(NoRoom, match="disk is full"):
            freeze(project=project)

    assert sorted(Path(settings.MEDIA_ROOT).rglob("*")) == before
    assert freeze(project=project).number == 2


def test_the_job_says_that_the_disk_is_full(project, version, bob, monkeypatch):
    from corpus.versions.freeze import request_freeze

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parquet, "write", full)
    job = request_freeze(project=project, comment="", author=bob)

    job.refresh_from_db()
    assert "The disk is full, so nothing was frozen." in job.error


def test_a_version_warns_of_what_it_cannot_teach(version):
    one_label = warnings_of(version.counts)

    assert one_label == [
        "“Refund” is the only label that topic has here. Nothing can be learned from one label."
    ]
    assert "No blind test documents" in warnings_of({"splits": {"train": 1}, "questions": []})[0]

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from corpus.models import DatasetVersion, Import
from tests.corpus.imports import imported, problems_of
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db

BANKING = Path(__file__).resolve().parents[3] / "shared/data/banking77/test.csv"
COMMANDS = ["import_documents", "export_dataset", "freeze_dataset"]


@pytest.fixture
def file(tmp_path):
    """Writes a file to import and returns its path."""

    def write(content, name="mail.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode())
        return path

    return write


def run(*words):
    """The exit status of a command and what it said on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command(*map(str, words), stdout=out, stderr=err)
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    except SystemExit as end:
        status = end.code
    return status, out.getvalue(), err.getvalue()


def test_documents_and_answers_come_in_and_the_counts_are_told(project, file):
    path = file("text,topic\nWhere is it?,Late delivery\nHello,\n")

    status, out, _ = run("import_documents", "tickets", path)

    assert status == 0
    assert out == (
        "mail.csv: imported. 2 documents, 1 of them with answers, 0 new labels, 0 bad rows.\n"
    )
    assert project.documents.count() == 2


def test_columns_are_mapped(project, file):
    path = file("body,kind,no,channel,part,note\nThanks,Praise,7,mail,test,x\n")
    maps = ["text=body", "topic=kind", "id=no", "meta.via=channel", "split=part", "ignore=note"]

    status, _, _ = run("import_documents", "tickets", path, *(f"--map={word}" for word in maps))

    document = project.documents.get()
    assert status == 0
    assert document.external_id == "7"
    assert document.meta == {"via": "mail"}
    assert document.imported_split == "test"
    assert document.annotations.get().answers.get().label.name == "Praise"


def test_bad_rows_end_in_1_are_shown_and_written_to_a_file(project, file, tmp_path):
    path = file("text,topic\nHello,Praise\nHi,Greeting\n")
    report = tmp_path / "problems.csv"

    status, _, err = run("import_documents", "tickets", path, "--problems", report)

    assert status == 1
    assert err.startswith("row 3, topic: There is no label “Greeting”.")
    header, row = report.read_text().splitlines()
    assert header == "row,column,problem,what to do,as it came,came in"
    assert row.startswith("3,topic,There is no label “Greeting”.")
    assert project.documents.count() == 1


def test_the_first_twenty_problems_are_shown(project, file):
    path = file("text,topic\nHello,Praise\n" + "Hi,Greeting\n" * 25)

    _, _, err = run("import_documents", "tickets", path)

    assert err.count("There is no label") == 20
    assert "... and 5 more" in err


def test_labels_are_created_on_request(project, question, file):
    path = file("text,topic\nHi,Greeting\n")

    status, out, _ = run("import_documents", "tickets", path, "--create-labels")

    assert status == 0
    assert "1 new labels" in out
    assert question.labels.filter(name="Greeting").exists()


def test_all_or_nothing_imports_nothing_when_a_row_is_bad(project, file):
    path = file("text,topic\nHello,Praise\nHi,Greeting\n")

    status, out, _ = run("import_documents", "tickets", path, "--all-or-nothing")

    assert status == 1
    assert out.startswith("mail.csv: nothing imported.")
    assert not project.documents.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "{file}"], "There is no project “nowhere”."),
        (["tickets", "{file}", "--map", "text"], "“text” is no mapping."),
        (["tickets", "{file}", "--map", "mood=text"], "There is no “mood” to map a column to."),
        (["tickets", "{file}.gone.csv"], "No such file or directory."),
        (["tickets", "{file}", "--format", "json"], "This is not a JSON list."),
    ],
)
def test_a_call_that_cannot_be_used_ends_in_2_and_says_why(project, file, words, message):
    path = file("text\nHello\n")

    status, _, err = run("import_documents", *(word.format(file=path) for word in words))

    assert (status, message in err) == (2, True), err
    assert not project.documents.exists()
    assert not Import.objects.exclude(state="cancelled").exists()


def test_a_name_that_tells_no_format_ends_in_2(project, file):
    status, _, err = run("import_documents", "tickets", file("text\nHello\n", "mail.dat"))

    assert status == 2
    assert "Add --format: csv, json, jsonl, conll, txt" in err


def test_a_column_that_is_not_there_is_named(project, file):
    status, _, err = run("import_documents", "tickets", file("text\nHi\n"), "--map", "text=body")

    assert status == 1
    assert "file, body: There is no such column. The columns are: “text”." in err


@pytest.fixture
def answered(project, bob):
    first, second = make_documents(project, "Where is it?", "Thank you")
    answer(first, bob, "Late delivery")
    return first, second


def test_an_export_is_written_whole_or_not_at_all(project, answered, tmp_path):
    path = tmp_path / "out.jsonl"

    status, _, err = run("export_dataset", "tickets", "--output", path)

    assert status == 0
    assert err == f"Wrote 2 documents to {path}.\n"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["topic"] for row in rows] == ["Late delivery", None]
    assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_failed_export_leaves_the_file_that_was_there(project, tmp_path):
    make_documents(project, "one\ntwo")
    path = tmp_path / "out.txt"
    path.write_text("before")

    status, _, err = run("export_dataset", "tickets", "--output", path)

    assert status == 1
    assert "Nothing was written." in err
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["out.txt"]


def test_an_export_goes_to_stdout(project, answered, capsysbinary):
    status, _, _ = run("export_dataset", "tickets", "--format", "csv", "--output", "-")

    out = capsysbinary.readouterr().out.decode()
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert status == 0
    assert [row["id"] for row in rows] == ["D-1", "D-2"]


def test_a_dataset_version_is_exported(project, answered, tmp_path):
    run("freeze_dataset", "tickets", "--validation", "0")
    path = tmp_path / "out.json"

    status, _, _ = run(
        "export_dataset", "tickets", "--dataset", "1", "--with-split", "--output", path
    )

    assert status == 0
    (row,) = json.loads(path.read_text())
    assert (row["id"], row["topic"], row["split"]) == ("D-1", "Late delivery", "train")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["nowhere", "--output", "x.csv"], 2, "There is no project “nowhere”."),
        (["tickets", "--output", "x.dat"], 2, "“x.dat” names no format."),
        (["tickets", "--output", "-"], 2, "“-” names no format."),
        (["tickets", "--output", "/nowhere/x.csv"], 2, "No such file or directory."),
        (["tickets", "--output", "x.csv", "--dataset", "7"], 2, "has no dataset version 7."),
        (["tickets", "--output", "x.json", "--spreadsheet-safe"], 2, "Only CSV"),
        (["tickets", "--output", "x.txt", "--provenance"], 2, "has no place for where answers"),
        (["tickets", "--output", "x.csv", "--filter", "state"], 2, "“state” is no KEY=VALUE"),
        (["tickets", "--output", "x.csv", "--filter", "state=new"], 2, "“new” is no state."),
        (["tickets", "--output", "x.csv", "--filter", "label=Lost"], 2, "no label “Lost”"),
        (["tickets", "--output", "x.csv", "--filter", "annotator=eve"], 2, "nobody called “eve”"),
        (["tickets", "--output", "x.csv", "--option", "scheme=x"], 2, "no option “scheme”"),
        (["tickets", "--output", "x.conll"], 1, "no question asks for any"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(
    project, tmp_path, monkeypatch, words, status, message
):
    monkeypatch.chdir(tmp_path)

    found, _, err = run("export_dataset", *words)

    assert (found, message in err) == (status, True), err
    assert not list(tmp_path.iterdir())


def test_the_answers_of_each_person_are_exported(project, answered, tmp_path):
    path = tmp_path / "out.jsonl"

    status, _, err = run(
        "export_dataset",
        "tickets",
        *("--answers", "everyone", "--provenance", "--filter", "annotator=bob"),
        *("--filter", "label=topic/Late delivery", "--filter", "state=done", "--output", path),
    )

    assert (status, "Wrote 1 answers to" in err) == (0, True), err
    (row,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert (row["document"], row["annotator"], row["topic"]) == ("D-1", "bob", "Late delivery")
    assert row["provenance"]["questions"]["topic"]["items"][0]["origin"] == "manual"


@pytest.fixture
def marked():
    """A project whose only document has a span that ends inside a word."""
    project = make_project(slug="names")
    make_question(project, "names", kind="span", labels=["PER"], required=False)
    spans = [{"start": 0, "end": 3, "label": "PER"}, {"start": 7, "end": 12, "label": "PER"}]
    source = imported(
        project,
        json.dumps({"id": "N-1", "text": "Obama, Biden", "names": spans}),
        format="jsonl",
    )
    assert problems_of(source) == []
    return project


def test_what_the_format_cannot_say_is_listed(marked, tmp_path):
    path = tmp_path / "out.conll"

    status, _, err = run("export_dataset", "names", "--option", "scheme=bioes", "--output", path)

    assert status == 0
    assert "N-1, “Oba” (PER, 0 to 3): It begins or ends inside a token" in err
    assert "Could not be said in CoNLL" in err
    assert "Biden\tS-PER" in path.read_text()


def test_the_answers_that_a_text_file_leaves_out_are_listed(project, answered, tmp_path):
    status, _, err = run("export_dataset", "tickets", "--output", tmp_path / "out.txt")

    assert status == 0
    assert "D-1, topic: A line holds the first text" in err
    assert "Could not be said in Text: 1." in err


def test_what_could_not_be_said_is_written_to_a_report(marked, tmp_path):
    report = tmp_path / "report.csv"

    status, _, _ = run(
        "export_dataset", "names", "--report", report, "--output", tmp_path / "out.conll"
    )

    assert status == 0
    with report.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["document"], row["item"]) == ("N-1", "“Oba” (PER, 0 to 3)")


def test_of_much_that_could_not_be_said_only_the_first_is_listed(marked, tmp_path):
    spans = [{"start": 0, "end": 3, "label": "PER"}]
    rows = [{"id": f"M-{n}", "text": "Obama", "names": spans} for n in range(25)]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    assert imported(marked, content, format="jsonl").rows_bad == 0

    _, _, err = run("export_dataset", "names", "--output", tmp_path / "out.conll")

    assert err.count("begins or ends inside a token") == 20
    assert "and 6 more; --report FILE lists them" in err
    assert "Could not be said in CoNLL: 26." in err


def test_strict_writes_nothing_if_something_cannot_be_said(marked, tmp_path):
    status, _, err = run("export_dataset", "names", "--strict", "--output", tmp_path / "x.conll")

    assert status == 1
    assert "N-1, “Oba” (PER, 0 to 3)" in err
    assert "Nothing was written. Leave out --strict" in err
    assert not list(tmp_path.iterdir())


def test_a_version_is_frozen_once(project, answered):
    first = run("freeze_dataset", "tickets", "--comment", "First")
    again = run("freeze_dataset", "tickets")

    version = DatasetVersion.objects.get()
    said = f"Version 1: 1 documents, sha256 {version.sha256}\n"
    assert version.comment == "First"
    assert first == (0, said, "")
    assert again == (0, said, "Nothing has changed since version 1.\n")


def test_nothing_answered_ends_in_1(project):
    status, _, err = run("freeze_dataset", "tickets")

    assert (status, err) == (1, "Nothing is answered yet, so there is nothing to freeze.")


def test_freezing_a_project_that_is_not_there_ends_in_2(db):
    assert run("freeze_dataset", "nowhere")[0] == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command):
    root = Path(__file__).resolve().parents[2]

    done = subprocess.run(
        [sys.executable, "manage.py", command, "--help"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "usage:" in done.stdout
    assert "The project." in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not BANKING.exists(), reason="the banking77 texts are not here")
def test_banking77_comes_back_as_it_went_in(db, tmp_path):
    with BANKING.open(newline="", encoding="utf-8") as file:
        wanted = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    names = sorted({category for _, category in wanted})
    projects = [make_project(slug=slug) for slug in ("banking", "again")]
    for each in projects:
        make_question(each, "category", labels=names)
    exports = [tmp_path / "first.csv", tmp_path / "second.csv"]

    assert run("import_documents", "banking", BANKING)[0] == 0
    assert run("export_dataset", "banking", "--with-split", "--output", exports[0])[0] == 0
    assert run("import_documents", "again", exports[0])[0] == 0
    assert run("export_dataset", "again", "--with-split", "--output", exports[1])[0] == 0

    with exports[0].open(newline="", encoding="utf-8") as file:
        found = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    assert len(names) == 77
    assert found == wanted
    assert exports[1].read_bytes() == exports[0].read_bytes()
    # What came back has the split "train" from its file, so of it nothing is kept for validation.
    freezes = [run("freeze_dataset", each.slug, "--validation", 0)[1] for each in projects]
    hashes = [said.split()[-1] for said in freezes]
    assert hashes[0] == hashes[1]


def test_a_file_is_imported_once_unless_asked_for_again(project, file):
    path = file("text\nWhere is it?\n")
    run("import_documents", "tickets", path)

    status, _, err = run("import_documents", "tickets", path)
    assert status == 1
    assert "mail.csv was imported before, on " in err
    assert project.documents.count() == 1

    status, _, _ = run("import_documents", "tickets", path, "--again")
    assert status == 0
    assert project.documents.count() == 2


def test_a_file_that_brought_nothing_may_be_tried_again(project, file):
    path = file("text,topic\nHello,Nope\n")
    assert run("import_documents", "tickets", path)[0] == 1

    assert run("import_documents", "tickets", path, "--create-labels")[0] == 0

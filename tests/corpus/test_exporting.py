"""Exports: what a project holds, as a file that another project takes in unchanged."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.exports.exporting import request_export, write_export
from corpus.exports.options import CannotExport, Options
from corpus.versions.freeze import freeze
from projects.jobs import claim_and_run
from projects.models import Job, JobState
from tests.corpus.imports import imported, problems_of
from tests.corpus.strategies import awkward_text, metas
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db

FORMATS = ["csv", "json", "jsonl"]


def exported(project, dataset=None, **options) -> bytes:
    out = BytesIO()
    write_export(out, project=project, options=Options(**options), dataset=dataset)
    return out.getvalue()


def test_csv_has_id_texts_questions_and_metadata(project, bob):
    one, _ = make_documents(project, "Money\r\nback", 'say "hi"', meta={"b": 1, "a": "x"})
    answer(one, bob, "Refund")

    assert exported(project) == (
        b"id,text,topic,meta.a,meta.b\r\n"
        b'D-1,"Money\r\nback",Refund,x,1\r\n'
        b'D-2,"say ""hi""",,x,1\r\n'
    )


def test_json_has_the_same_with_metadata_as_an_object(project, bob):
    one, _ = make_documents(project, "Money back", "Hm", meta={"b": 1})
    answer(one, bob, "Refund")
    documents = [
        {"id": "D-1", "text": "Money back", "topic": "Refund", "meta": {"b": 1}},
        {"id": "D-2", "text": "Hm", "topic": None, "meta": {"b": 1}},
    ]

    assert json.loads(exported(project, format="json")) == documents
    lines = exported(project, format="jsonl").splitlines()
    assert [json.loads(line) for line in lines] == documents


def test_splits_are_written_when_asked_for(project):
    make_documents(project, "a", imported_split="test")

    assert exported(project, with_splits=True) == b"id,text,topic,split\r\nD-1,a,,test\r\n"


def test_formulas_are_written_raw_unless_a_spreadsheet_will_open_them(project):
    make_documents(project, "=1+1", "@me", "-5", "fine")

    raw = exported(project).decode().split()[1:]
    safe = exported(project, spreadsheet_safe=True).decode().split()[1:]

    assert raw == ["D-1,=1+1,", "D-2,@me,", "D-3,-5,", "D-4,fine,"]
    assert safe == ["D-1,'=1+1,", "D-2,'@me,", "D-3,'-5,", "D-4,fine,"]


def test_what_people_disagree_on_is_exported_with_all_answers(project, bob, dora):
    project.overlap = 2
    project.save()
    (document,) = make_documents(project, "a")
    answer(document, bob, "Refund")
    answer(document, dora, "Praise")

    (row,) = json.loads(exported(project, format="json"))
    lines = exported(project).decode().splitlines()

    assert (row["topic"], row["unresolved"]) == (None, {"topic": [["Refund"], ["Praise"]]})
    assert lines == [
        "id,text,topic,unresolved",
        'D-1,a,,"{""topic"": [[""Refund""], [""Praise""]]}"',
    ]


def test_text_that_a_line_cannot_hold_is_not_exported_as_lines(project):
    make_documents(project, "fine", "a\nb")

    with pytest.raises(CannotExport, match="document 2 has line breaks"):
        exported(project, format="txt")


def test_options_must_go_together(project):
    with pytest.raises(CannotExport, match="no format 'xml'"):
        exported(project, format="xml")
    with pytest.raises(CannotExport, match="Only CSV"):
        exported(project, format="json", spreadsheet_safe=True)


@pytest.mark.parametrize("name", ["id", "split", "meta"])
def test_a_question_named_like_another_column_is_not_exported(project, name):
    make_question(project, name)

    with pytest.raises(CannotExport, match=f"“{name}”"):
        exported(project)


def test_a_dataset_version_is_exported_as_it_was(project, bob):
    one, two = make_documents(project, "a", "b", meta={"k": "v"})
    answer(one, bob, "Refund")
    version = freeze(project=project)
    answer(two, bob, "Praise")

    assert exported(project, dataset=version) == (b"id,text,topic,meta.k\r\nD-1,a,Refund,v\r\n")


def test_the_job_writes_the_file_and_its_hash(project, alice):
    make_documents(project, "a")

    export = request_export(project=project, options=Options(), created_by=alice)

    export.refresh_from_db()
    with export.file.open() as file:
        content = file.read()
    assert content == b"id,text,topic\r\nD-1,a,\r\n"
    assert export.sha256 == hashlib.sha256(content).hexdigest()
    assert (export.size, export.documents) == (len(content), 1)
    assert export.finished_at is not None


def test_a_job_that_runs_again_keeps_the_file_that_it_wrote(project, alice):
    make_documents(project, "a")
    export = request_export(project=project, options=Options(), created_by=alice)
    export.refresh_from_db()
    wrote = export.file.name
    Job.objects.filter(pk=export.job_id).update(state=JobState.QUEUED)

    claim_and_run(export.job_id)

    export.refresh_from_db()
    assert (export.file.name, export.job.state) == (wrote, JobState.DONE)
    assert export.job.result == {"Documents": 1}


def test_the_job_says_why_it_cannot(project):
    make_documents(project, "a\nb")

    export = request_export(project=project, options=Options(format="txt"))

    export.job.refresh_from_db()
    assert export.job.state == JobState.FAILED
    assert "line breaks" in export.job.error


def test_progress_is_told(project):
    make_documents(project, count=3)
    told = []

    write_export(BytesIO(), project=project, options=Options(), tell=lambda *how: told.append(how))

    assert told == [(3, 3)]


def test_an_export_reads_in_a_bounded_number_of_queries(project, django_assert_num_queries):
    make_documents(project, count=3)
    with django_assert_num_queries(10):
        exported(project)
    make_documents(project, count=5)
    with django_assert_num_queries(10):
        exported(project)


def refused(source) -> list[str]:
    """What did not come in; a span inside a character is kept, with a warning."""
    return [problem.message for problem in source.problems.refused()]


def twin_of(project):
    """An empty project with the same questions."""
    twin = make_project(text_fields=project.text_fields)
    for question in project.questions.all():
        make_question(
            twin,
            question.name,
            labels=[label.name for label in question.labels.all()],
            kind=question.kind,
            multiple=question.multiple,
            overlapping=question.overlapping,
            required=question.required,
        )
    return twin


@pytest.mark.parametrize("format", FORMATS)
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_out_and_in_and_out_again_is_the_same(db, format, data):  # noqa: A002
    project = make_project(text_fields=["text", "reply"])
    make_question(
        project, "topic", labels=["Refund", "[odd", "[]", 'with "quotes"'], required=False
    )
    make_question(project, "tags", labels=["a", "b,c", "é"], multiple=True, required=False)
    make_question(
        project, "names", kind="span", labels=["PER", "L,OC"], overlapping=True, required=False
    )
    rows = data.draw(
        st.lists(st.tuples(awkward_text.filter(bool), awkward_text, metas), min_size=1, max_size=4)
    )
    content = "".join(
        json.dumps({"id": f"x{n}", "text": text, "reply": reply, "meta": meta})[:-1]
        + data.draw(st.sampled_from(ANSWERS))
        + data.draw(spans_of(text, reply))
        + "}\n"
        for n, (text, reply, meta) in enumerate(rows)
    )
    source = imported(project, content, format="jsonl")
    assert refused(source) == []

    twin = twin_of(project)
    back = imported(twin, exported(project, format=format, with_splits=True), format=format)

    assert refused(back) == []
    assert exported(twin, format=format, with_splits=True) == exported(
        project, format=format, with_splits=True
    )
    if source.answers:
        assert freeze(project=twin).sha256 == freeze(project=project).sha256


def test_spans_on_several_texts_come_back_to_the_character(db):
    """Out, in elsewhere, and out again: the same bytes, and the same hash when frozen."""
    project = make_project(text_fields=["text", "reply"])
    make_question(project, "names", kind="span", labels=["PER", "LOC"], overlapping=True)
    make_question(project, "tone", labels=["Calm"], required=False)
    text = "e\u0301 👩‍👩‍👧\r\n\u05e9\u05dc\u05d5\u05dd \u200fRome\t"
    spans = [
        {"field": "text", "start": 3, "end": 8, "label": "PER"},
        {"field": "text", "start": 0, "end": 1, "label": "PER"},
        {"field": "text", "start": 10, "end": len(text), "label": "LOC"},
        {"field": "text", "start": 3, "end": 9, "label": "LOC"},
        {"field": "reply", "start": 1, "end": 2, "label": "LOC"},
    ]
    rows = [
        {"id": "1", "text": text, "reply": "\ufeff👍🏽\r", "names": spans, "tone": "Calm"},
        {"id": "2", "text": "plain", "names": [{**spans[0], "start": 0, "end": 5}]},
        {"id": "3", "text": "unanswered"},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    assert refused(imported(project, content, format="jsonl")) == []
    once = exported(project, format="jsonl", with_splits=True)
    assert len(json.loads(once.splitlines()[0])["names"]) == 5

    twin = twin_of(project)
    assert refused(imported(twin, once, format="jsonl")) == []

    assert exported(twin, format="jsonl", with_splits=True) == once
    assert freeze(project=twin).sha256 == freeze(project=project).sha256


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("from_version", [False, True])
def test_answers_to_some_of_the_questions_come_back_too(project, bob, dora, format, from_version):  # noqa: A002
    """Where two people disagree, and where a question was added later."""
    project.overlap = 2
    project.save()
    one, two = make_documents(project, "a", "b")
    answer(two, bob, "Refund")
    answer(two, dora, "Refund")
    make_question(project, "tone", labels=["Calm", "Angry"])
    answer(one, bob, "Refund", "Calm")
    answer(one, dora, "Refund", "Angry")
    version = freeze(project=project)
    twin = twin_of(project)

    content = exported(project, version if from_version else None, format=format, with_splits=True)
    back = imported(twin, content, format=format)

    assert problems_of(back) == []
    assert freeze(project=twin).sha256 == version.sha256


@st.composite
def spans_of(draw, text: str, reply: str) -> str:
    """An answer of spans, over each other and inside characters too; or none."""
    if not draw(st.booleans()):
        return ""
    spans = set()
    for field, content in (("text", text), ("reply", reply)):
        for _ in range(draw(st.integers(0, 3)) if content else 0):
            start = draw(st.integers(0, len(content) - 1))
            end = draw(st.integers(start + 1, len(content)))
            spans.add((field, start, end, draw(st.sampled_from(["PER", "L,OC"]))))
    keys = ("field", "start", "end", "label")
    return f', "names": {json.dumps([dict(zip(keys, span, strict=True)) for span in spans])}'


ANSWERS = [
    "",
    ', "topic": "Refund"',
    ', "topic": "[odd"',
    ', "topic": "[]", "tags": []',
    ', "topic": ""',
    ', "topic": "with \\"quotes\\"", "tags": ["b,c", "a"]',
    ', "tags": ["é"]',
]

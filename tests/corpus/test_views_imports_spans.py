"""The page of an import with spans: what is suggested, how a file is read, what is drawn."""

import json

import pytest

from corpus.models import ImportState
from projects.models import QuestionKind
from tests.corpus.imports import received
from tests.corpus.pages import text_of, url
from tests.factories import make_project, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = make_project(slug="names", reserve=0)
    make_question(
        project, "entities", labels=("PER",), kind=QuestionKind.SPAN, required=False, position=0
    )
    make_question(project, "mood", labels=("Good", "Bad"), required=False, position=1)
    return project


def proposed(page):
    return {field.label: field.value() for field, _ in page.context["form"].columns()}


def posted(page, **changed):
    reading = page.context["reading"]
    data = {field.html_name: field.value() for field in reading}
    data |= {field.html_name: field.value() for field, _ in page.context["form"].columns()}
    return {**data, "on_bad_rows": "keep_good", **changed}


def sent(client, source, data):
    return client.post(url("start_import", source.project, source.pk), data)


def test_columns_are_suggested_by_what_stands_in_them(client_of, alice, project):
    rows = [
        {"curid": "7", "sentence": "Ana sang.", "spans": [[0, 3, "PER"]], "state": "Good"},
        {"curid": "8", "sentence": "Quiet.", "spans": [], "state": "Bad"},
    ]
    source = received(project, json.dumps(rows), format="json")

    page = client_of(alice).get(source.get_absolute_url())

    assert proposed(page) == {
        "curid": "meta.curid",
        "sentence": "text",
        "spans": "entities",
        "state": "mood",
    }
    assert '<mark class="span label-' in page.content.decode()


def test_tokens_of_another_tool_are_not_taken_for_spans(client_of, alice, project):
    row = {"text": "Ana", "tokens": [{"text": "Ana", "start": 0, "end": 3, "id": 0}]}
    source = received(project, json.dumps([row]), format="json")

    page = client_of(alice).get(source.get_absolute_url())

    assert proposed(page)["tokens"] == "meta.tokens"


def test_the_first_rows_are_drawn_with_their_spans_and_problems(client_of, alice, project):
    rows = [
        {"text": "<b>Ana</b>", "entities": [[3, 6, "PER"]]},
        {"text": "x", "entities": [[0, 9, "PER"]]},
    ]
    source = received(project, json.dumps(rows), format="json")

    page = client_of(alice).get(source.get_absolute_url())

    assert "&lt;b&gt;<mark" in page.content.decode()
    assert ">Ana</mark>&lt;/b&gt;" in page.content.decode()
    assert "0 to 9 is not a part of a text of 1 characters." in text_of(page)
    assert "would stay out" in text_of(page)


def test_the_rows_are_shown_again_by_what_is_chosen_and_nothing_starts(client_of, alice, project):
    source = received(project, "text,other\nAna,Bob\n")
    client = client_of(alice)
    page = client.get(source.get_absolute_url())

    data = posted(page, look="1", **{"column-0": "meta.text", "column-1": "text"})
    again = sent(client, source, data)

    assert again.status_code == 200
    (row,) = again.context["form"].rows()
    assert row.texts[0].text == "Bob"
    source.refresh_from_db()
    assert source.state == ImportState.READY


def test_a_file_is_read_another_way_before_anything_starts(client_of, alice, project):
    source = received(project, "東京\tB-PER\nへ\tO\n", format="conll")
    client = client_of(alice)
    page = client.get(source.get_absolute_url())
    assert page.context["form"].rows()[0].texts[0].text == "東京 へ"

    changed = posted(page, **{"option-joining": "none"})
    again = sent(client, source, changed)

    assert "The file is read in another way now" in text_of(again)
    assert again.context["form"].rows()[0].texts[0].text == "東京へ"
    assert project.documents.count() == 0
    started = sent(client, source, posted(again))
    assert started.status_code == 302
    source.refresh_from_db()
    assert (source.state, source.options["joining"]) == (ImportState.DONE, "none")
    assert project.documents.get().texts == {"text": "東京へ"}
    assert "joining=none" in text_of(client.get(started.url))


def test_a_header_can_be_a_document(client_of, alice, project):
    source = received(project, "שלום עולם\t0\nלא טוב\t1\n", "x.tsv")
    client = client_of(alice)
    page = client.get(source.get_absolute_url())

    again = sent(client, source, posted(page, **{"option-header": "no"}))

    assert proposed(again) == {"column 1": "text", "column 2": "meta.column 2"}
    sent(client, source, posted(again, **{"column-1": "mood"}, create_labels="on"))
    assert [document.texts["text"] for document in project.documents.order_by("position")] == [
        "שלום עולם",
        "לא טוב",
    ]


def test_options_that_leave_nothing_to_read_say_so_and_can_be_changed_back(
    client_of, alice, project
):
    source = received(project, "Ana\tB-PER\n", format="conll")
    client = client_of(alice)
    page = client.get(source.get_absolute_url())

    wrong = sent(client, source, posted(page, **{"option-tag": "9"}))

    assert "There is no column “9” for the tags." in text_of(wrong)
    assert wrong.context["reading"]["option-tag"].value() == "9"
    back = sent(client, source, posted(page, **{"option-tag": ""}))
    assert back.status_code in {200, 302}


def test_an_option_that_does_not_exist_is_refused(client_of, alice, project):
    source = received(project, "Ana\tB-PER\n", format="conll")
    client = client_of(alice)
    page = client.get(source.get_absolute_url())

    assert sent(client, source, posted(page, **{"option-scheme": "iob9"})).status_code == 422


def test_repairs_are_reported_apart_from_what_stayed_out(client_of, alice, project):
    source = received(project, "Ana\tB-PER\nand\tO\nBob\tI-PER\n\nB\n", format="conll")
    client = client_of(alice)

    sent(client, source, posted(client.get(source.get_absolute_url())))

    page = text_of(client.get(source.get_absolute_url()))
    assert "What to know about rows that came in" in page
    assert "I-PER goes on where no PER was begun" in page
    assert "1 document came in, 1 of them with answers. 1 row did not." in page


def test_labels_are_created_by_default_where_a_question_has_none(client_of, alice, project):
    project.questions.get(name="entities").labels.all().delete()
    source = received(project, "Ana\tB-PER\n", format="conll")

    page = client_of(alice).get(source.get_absolute_url())

    assert page.context["form"]["create_labels"].value() is True
    assert "would stay out" not in text_of(page)

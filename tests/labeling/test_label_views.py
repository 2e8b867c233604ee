import json
import uuid

import pytest

from labeling.models import Annotation, AnnotationState, Draft, Event
from labeling.queue import lease_next
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db

HTMX = {"headers": {"HX-Request": "true", "HX-Current-URL": "http://testserver/x"}}


@pytest.fixture
def document(project, bob):
    """Always the first: some tests mark its words."""
    project.queue_order = "imported"
    project.save(update_fields=["queue_order"])
    make_documents(project, "Where is my money?", "Thank you all!")
    return lease_next(project=project, annotator=bob)


def form(question, name="Refund", **fields):
    label = question.labels.get(name=name)
    return {"client_id": str(uuid.uuid4()), f"q-{question.pk}": label.pk, **fields}


def url(document, act):
    return f"/projects/tickets/label/{document.pk}/{act}"


def test_the_page_shows_the_document_held(client_of, bob, document):
    response = client_of(bob).get("/projects/tickets/label/")

    assert response.context["sheet"].document == document
    assert document.texts["text"] in response.content.decode()
    assert response.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_a_submit_saves_and_brings_the_next_document(client_of, bob, document, question):
    data = form(question)
    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    assert response.status_code == 200
    assert response.headers["Annotate-Saved"] == data["client_id"]
    assert response.context["sheet"].document != document
    assert "<html" not in response.content.decode()
    assert Annotation.objects.get().state == AnnotationState.SUBMITTED


def test_a_submit_works_as_a_plain_form(client_of, bob, document, question):
    response = client_of(bob).post(url(document, "submit"), form(question))

    assert response.status_code == 302
    assert response.headers["Location"] == "/projects/tickets/label/"


def test_a_late_resend_asks_for_no_next_document(client_of, bob, dora, document, question):
    data = form(question, next="0")
    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    assert response.status_code == 204
    assert response.headers["Annotate-Saved"] == data["client_id"]


def test_the_same_post_twice_saves_once(client_of, bob, document, question):
    client, data = client_of(bob), form(question)

    for _ in range(2):
        response = client.post(url(document, "submit"), data, **HTMX)
        assert response.headers["Annotate-Saved"] == data["client_id"]

    assert Event.objects.count() == 1


def test_no_label_is_a_message_not_an_error_page(client_of, bob, document):
    data = {"client_id": str(uuid.uuid4())}
    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    assert response.status_code == 422
    assert "Annotate-Saved" not in response.headers
    assert "choose a label, or skip the document" in response.content.decode()


def test_an_answer_from_a_stale_tab_is_told_so(client_of, bob, document, question):
    answer(document, bob, "Praise")

    response = client_of(bob).post(url(document, "submit"), form(question), **HTMX)

    assert response.status_code == 409
    assert "Annotate-Saved" not in response.headers
    assert Annotation.objects.get().answers.get().label.name == "Praise"


@pytest.mark.parametrize(
    "broken",
    [
        {"client_id": "no"},
        {"client_id": ""},
        {"replaces": "x"},
        {"active_ms": "-1"},
        {"painted": "zz"},
        {"active_ms": "9" * 40},
    ],
)
def test_malformed_posts_are_refused(client_of, bob, document, question, broken):
    response = client_of(bob).post(url(document, "submit"), form(question, **broken), **HTMX)

    assert response.status_code == 400
    assert not Event.objects.exists()


def test_a_label_with_thousands_of_digits_is_no_label(client_of, bob, document, question):
    posted = {**form(question), f"q-{question.pk}": "9" * 5000}
    response = client_of(bob).post(url(document, "submit"), posted, **HTMX)

    assert response.status_code == 422
    assert not Event.objects.exists()


def test_signed_out_in_the_middle_of_a_submit_goes_to_sign_in_and_saves_nothing(
    client, document, question
):
    response = client.post(url(document, "submit"), form(question), **HTMX)

    assert response.headers["HX-Redirect"] == "/accounts/login/?next=/x"
    assert "Annotate-Saved" not in response.headers
    assert not Event.objects.exists()


def test_a_skip_without_a_reason_asks_for_one(client_of, bob, document):
    data = {"client_id": str(uuid.uuid4())}
    response = client_of(bob).post(url(document, "skip"), data, **HTMX)

    assert response.status_code == 422
    assert not Event.objects.exists()


def test_a_note_that_no_database_can_hold_is_refused(client_of, bob, document):
    data = {"client_id": str(uuid.uuid4()), "reason": "other", "note": "a\0b"}
    response = client_of(bob).post(url(document, "skip"), data, **HTMX)

    assert response.status_code == 400
    assert not Event.objects.exists()


def test_a_skip_brings_the_next_document(client_of, bob, document):
    data = {"client_id": str(uuid.uuid4()), "reason": "unclear", "note": "two topics"}
    response = client_of(bob).post(url(document, "skip"), data, **HTMX)

    assert response.headers["Annotate-Saved"] == data["client_id"]
    assert response.context["sheet"].document != document
    assert Event.objects.get().payload["note"] == "two topics"


def test_undo_shows_the_document_again_with_the_answer(client_of, bob, document, question):
    client = client_of(bob)
    client.post(url(document, "submit"), form(question), **HTMX)

    response = client.post("/projects/tickets/label/undo", {"client_id": str(uuid.uuid4())}, **HTMX)

    sheet = response.context["sheet"]
    assert sheet.document == document
    assert [row.name for row in sheet.questions[0].labels if row.chosen] == ["Refund"]


def test_nothing_to_undo_is_said(client_of, bob, document):
    response = client_of(bob).post(
        "/projects/tickets/label/undo", {"client_id": str(uuid.uuid4())}, **HTMX
    )

    assert response.context["message"] == "There is nothing to undo."


def test_a_draft_is_kept(client_of, bob, document, question):
    response = client_of(bob).post(url(document, "draft"), form(question, sequence="1"), **HTMX)

    assert response.status_code == 204
    assert Draft.objects.get().sequence == 1


def test_a_draft_numbered_beyond_what_a_column_holds_is_kept(client_of, bob, document, question):
    posted = form(question, sequence="9" * 15)
    response = client_of(bob).post(url(document, "draft"), posted, **HTMX)

    assert response.status_code == 204
    assert Draft.objects.exists()


def test_an_earlier_answer_can_be_opened_and_changed(client_of, bob, document, question):
    first = answer(document, bob, "Praise")
    client = client_of(bob)

    page = client.get(f"/projects/tickets/label/{document.pk}/")
    sheet = page.context["sheet"]
    response = client.post(
        url(document, "submit"), form(question, replaces=str(sheet.replaces)), **HTMX
    )

    assert sheet.revising
    assert sheet.replaces == first.event.pk
    assert response.status_code == 200
    assert Annotation.objects.get().answers.get().label.name == "Refund"


def test_a_document_that_is_not_mine_is_not_shown(client_of, dora, document):
    response = client_of(dora).get(f"/projects/tickets/label/{document.pk}/")

    assert response.status_code == 404


def test_the_owner_may_open_and_answer_what_three_people_skipped(
    client_of, alice, document, question
):
    client = client_of(alice)
    document.slots.update(state="closed", annotator=None, leased_until=None)
    document.state = "owner"
    document.save()

    response = client.post(url(document, "submit"), form(question), **HTMX)

    document.refresh_from_db()
    assert response.status_code == 200
    assert document.state == "done"
    assert not Annotation.objects.get().surplus


def test_a_document_of_another_project_is_not_found(client_of, bob, document, question):
    [foreign] = make_documents(make_project(), count=1)

    response = client_of(bob).post(url(foreign, "submit"), form(question), **HTMX)

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("state", "reason"),
    [("nothing", "empty"), ("answered", "done"), ("others", "waiting"), ("skipped", "skipped")],
)
def test_an_empty_queue_says_why(client_of, project, bob, dora, state, reason):
    if state != "nothing":
        [document] = make_documents(project, count=1)
    if state == "answered":
        answer(document, bob, "Refund")
    if state == "others":
        lease_next(project=project, annotator=dora)
    client = client_of(bob)
    if state == "skipped":
        data = {"client_id": str(uuid.uuid4()), "reason": "unclear"}
        client.post(url(document, "skip"), data)

    response = client.get("/projects/tickets/label/")

    assert response.context["sheet"] is None
    assert response.context["reason"] == reason


def test_a_blind_document_looks_like_any_other(client_of, project, bob):
    [blind] = make_documents(project, "Blind", in_reserve=True, display_coin=0.1)
    assert blind.is_blind

    response = client_of(bob).get("/projects/tickets/label/")

    assert "blind" not in response.content.decode().replace("Blind", "").lower()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_a_constant_number_of_queries(
    client_of, project, bob, monkeypatch, django_assert_num_queries, count
):
    monkeypatch.setattr("labeling.queue.random.random", lambda: 0.99)
    for document in make_documents(project, count=count):
        answer(document, bob, "Refund")
    make_documents(project, count=count)
    client = client_of(bob)
    client.get("/projects/tickets/label/")

    with django_assert_num_queries(15):
        client.get("/projects/tickets/label/")


@pytest.fixture
def names(project, question):
    """A span question beside `topic`."""
    labels = ["Person", "Place"]
    return make_question(project, "names", labels=labels, kind="span", required=False)


def span(question, label="Person", start=9, end=11, quote="my"):
    pk = question.labels.get(name=label).pk
    return {"field": "text", "start": start, "end": end, "label": pk, "quote": quote}


def marks_on(response):
    [block] = [one for one in response.context["sheet"].questions if one.is_span]
    return json.loads(block.spans_json)


def test_marks_are_kept_on_the_page_when_an_answer_is_refused(
    client_of, bob, document, question, names
):
    spans = [span(names), span(names, "Place", 9, 17, "my money")]
    data = form(question, **{f"q-{names.pk}": json.dumps(spans)})

    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    assert response.status_code == 422
    assert "overlap. Remove one of them." in response.context["error"]
    assert marks_on(response) == spans


def test_marks_are_kept_on_the_page_when_it_was_answered_elsewhere(
    client_of, bob, document, question, names
):
    answer(document, bob, "Praise")
    data = form(question, **{f"q-{names.pk}": json.dumps([span(names)])})

    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    assert response.status_code == 409
    assert marks_on(response) == [span(names)]


def test_marks_come_back_from_a_draft_and_from_an_answer(client_of, bob, document, question, names):
    client, page = client_of(bob), f"/projects/tickets/label/{document.pk}/"
    data = form(question, **{f"q-{names.pk}": json.dumps([span(names)])})

    client.post(url(document, "draft"), {**data, "sequence": "1"}, **HTMX)
    assert marks_on(client.get(page)) == [span(names)]
    client.post(url(document, "submit"), data, **HTMX)

    assert marks_on(client.get(page)) == [span(names)]


def test_the_foot_counts_what_was_marked(client_of, bob, document, question, names):
    spans = [span(names), span(names, start=0, end=5, quote="Where")]
    data = form(question, **{f"q-{names.pk}": json.dumps(spans)})

    response = client_of(bob).post(url(document, "submit"), data, **HTMX)

    [mark] = response.context["history"]
    assert mark.names == "Refund, Person (2)"
    assert len(mark.label_ids) == 2


def test_a_page_that_asks_for_marks_says_how_to_make_them(client_of, bob, document, names):
    content = client_of(bob).get("/projects/tickets/label/").content.decode()

    assert "Marking parts of the text" in content
    assert "mark any number" in content
    assert "data-spans" in content


def test_a_page_without_marks_is_as_it_was(client_of, bob, document):
    content = client_of(bob).get("/projects/tickets/label/").content.decode()

    assert "data-spans" not in content
    assert "Marking parts of the text" not in content
    assert 'id="text" tabindex="-1"' in content

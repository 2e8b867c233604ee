import re
import uuid

import pytest

from labeling.correct import correct
from labeling.delete_documents import delete_documents
from labeling.import_answers import import_answers
from labeling.models import Annotation, Event, Exposure
from labeling.publish import publish
from labeling.skip import SkipReason, skip
from labeling.spans import Span
from labeling.submit import Submission, submit
from labeling.undo import undo
from projects.models import DocumentState, GuidelineVersion
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db

BASE = "/projects/tickets/documents/"


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def submission(**fields):
    return Submission(client_id=uuid.uuid4(), **fields)


def skip_it(document, annotator):
    skip(
        document=document,
        annotator=annotator,
        reason=SkipReason.LANGUAGE,
        note="Finnish?",
        submission=submission(),
    )


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(
    client_of, alice, bob, dora, project, count, django_assert_num_queries
):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    for document in make_documents(project, count=count):
        answer(document, bob, "Refund")
        answer(document, dora, "Praise")
    client = client_of(alice)

    with django_assert_num_queries(14):
        plain = client.get(BASE)
    with django_assert_num_queries(16):
        narrowed = client.get(BASE, {"agreement": "unresolved", "state": "done"})

    assert len(plain.context["page"].rows) == len(narrowed.context["page"].rows) == count


def test_the_address_holds_the_filters(client_of, rita, project, bob, question):
    one, _ = make_documents(project, "Grüße & more", "something else")
    answer(one, bob, "Refund")
    refund = question.labels.get(name="Refund").pk

    page = client_of(rita).get(BASE, {"text": "GRÜSSE", "label": refund, "state": "done"})
    assert page.context["page"].rows == []
    page = client_of(rita).get(BASE, {"text": "grü", "label": refund, "state": "done"})

    assert [row.document for row in page.context["page"].rows] == [one]
    assert f'<option value="{refund}" selected>Refund</option>' in page.content.decode()
    assert 'value="grü"' in page.content.decode()
    assert (
        f"{BASE}{one.pk}/?state=done&amp;label={refund}&amp;text=gr%C3%BC" in page.content.decode()
    )


def test_a_filter_that_means_nothing_is_named(client_of, alice, project):
    response = client_of(alice).get(BASE, {"label": "999"})

    assert response.status_code == 422
    assert "The project has no label 999." in text_of(response)


def test_nothing_yet_and_nothing_found_say_what_to_do(client_of, alice, project):
    assert "There are no documents yet." in text_of(client_of(alice).get(BASE))
    make_documents(project, count=1)
    assert "No document matches." in text_of(client_of(alice).get(BASE, {"id": "x"}))


def test_a_reviewer_looks_and_changes_nothing(client_of, rita, bob, project):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    client = client_of(rita)

    page = client.get(f"{BASE}{document.pk}/")

    assert "Refund" in text_of(page)
    for words in ("Correct", "Withdraw", "Delete", "Erase"):
        assert words not in text_of(page)
    assert "Delete…" not in text_of(client.get(BASE))


def test_one_document_shows_who_said_what_and_how(client_of, alice, bob, dora, project):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    GuidelineVersion.objects.create(project=project, number=1, text="Be kind.")
    [document] = make_documents(project, "Where is it?", meta={"channel": "chat"})
    answer(document, bob, "Refund", active_ms=4200)
    answer(document, dora, "Refund")

    page = text_of(client_of(alice).get(f"{BASE}{document.pk}/"))

    assert "What people agree on topic Topic Refund" in page.replace(
        "Topic Refund", "topic Topic Refund"
    )
    assert "4.2 s" in page
    assert "guidelines 1" in page
    assert "without a suggestion" in page
    assert "channel chat" in page
    assert "bob answered: Refund" in page


def test_the_text_is_shown_to_the_character(client_of, alice, project):
    make_documents(project, "a\r\nb <b>&amp;</b>\u200f x")
    [document] = project.documents.all()

    page = client_of(alice).get(f"{BASE}{document.pk}/").content.decode()

    assert "a&#13;\nb &lt;b&gt;&amp;amp;&lt;/b&gt;\u200f x</div>" in page


def test_spans_are_drawn_as_agreed_and_as_each_person_marked_them(
    client_of, alice, bob, dora, project
):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    project.questions.all().delete()
    question = make_question(project, "who", kind="span", labels=["PER"], required=False)
    label = question.labels.get().pk
    [document] = make_documents(project, "Ann met Bo")
    for person, ends in [(bob, [(0, 3), (8, 10)]), (dora, [(0, 3)])]:
        spans = [Span("text", start, end, label) for start, end in ends]
        submit(
            document=document,
            annotator=person,
            chosen={question.pk: spans},
            submission=submission(),
        )
    client = client_of(alice)
    of_bob = Annotation.objects.get(annotator=bob).pk

    agreed = client.get(f"{BASE}{document.pk}/").content.decode()
    by_bob = client.get(f"{BASE}{document.pk}/?as={of_bob}").content.decode()

    mark = f'<mark class="span label-{label} begins ends" data-name="PER" title="PER">'
    assert f"{mark}Ann</mark> met Bo</div>" in agreed
    assert f"{mark}Ann</mark> met {mark}Bo</mark></div>" in by_bob


def test_a_blind_document_tells_nothing_of_what_models_say(
    client_of, alice, bob, project, question
):
    blind, seen = make_documents(project, "a", "b")
    blind.imported_split = "test"
    blind.save(update_fields=["imported_split"])
    for document in (blind, seen):
        document.imported_predictions.create(
            question=question, label=question.labels.first(), score=0.71, model_name="rules"
        )
    client = client_of(alice)

    assert "rules" not in text_of(client.get(f"{BASE}{blind.pk}/"))
    assert "Refund 71% rules , imported" in text_of(client.get(f"{BASE}{seen.pk}/"))


def test_what_somebody_was_shown_is_told(client_of, alice, bob, project, question):
    [document] = make_documents(project, "a")
    label = question.labels.first().pk
    shown = {"label": label, "score": 0.5, "offered": True}
    other = {"label": question.labels.last().pk, "score": 0.1, "offered": False}
    exposure = Exposure.objects.create(
        document=document,
        annotator=bob,
        question=question,
        items=[shown, other],
        model_version="live 1.4",
    )
    client = client_of(alice)
    assert "live 1.4" not in text_of(client.get(f"{BASE}{document.pk}/"))

    exposure.sent_at = exposure.painted_at = exposure.created_at
    exposure.save()

    assert "Refund 50% live 1.4 , shown to bob" in text_of(client.get(f"{BASE}{document.pk}/"))


def test_the_history_tells_everything_in_words(client_of, alice, bob, dora, project, question):
    [document] = make_documents(project, "a")
    skip_it(document, dora)
    undo(project=project, annotator=dora, client_id=uuid.uuid4())
    first = answer(document, bob, "Refund").event
    answer(document, bob, "Praise", replaces=first)
    annotation = Annotation.objects.get(annotator=bob)
    correct(
        annotation=annotation,
        owner=alice,
        chosen={question.pk: [question.labels.get(name="Late delivery").pk]},
        submission=submission(replaces=annotation.last_event_id),
    )
    client = client_of(alice)
    answers = f"{BASE}{document.pk}/answers/{annotation.pk}/"
    client.post(answers + "withdraw", {"client_id": uuid.uuid4(), "reason": "Misread"})
    client.post(answers + "put-back", {"client_id": uuid.uuid4()})
    delete_documents(project=project, documents=[document.pk], owner=alice, reason="Twice")
    client.post(f"{BASE}restore", {"document": document.pk})

    told = client.get(f"{BASE}{document.pk}/").context["history"]

    assert [" ".join(filter(None, [each.who, each.did, each.what, each.why])) for each in told] == [
        "alice restored the document",
        "alice deleted the document Twice",
        "alice put back the answer of bob Late delivery",
        "alice withdrew the answer of bob Misread",
        "alice corrected the answer of bob Late delivery",
        "bob changed their answer Praise",
        "bob answered Refund",
        "dora took the skip back",
        "dora skipped it I cannot read the language: Finnish?",
    ]


def test_acts_on_an_imported_answer_are_told_as_such(client_of, alice, project, question):
    [document] = make_documents(project, "a", state="open")
    document.state = DocumentState.STAGED
    document.save(update_fields=["state"])
    refund = question.labels.get(name="Refund").pk
    import_answers(project=project, rows=[(document, {question.pk: [refund]})], actor=alice)
    publish(project=project, documents=[document])
    annotation = Annotation.objects.get()
    client = client_of(alice)
    answers = f"{BASE}{document.pk}/answers/{annotation.pk}/"
    praise = question.labels.get(name="Praise").pk
    client.post(
        answers + "correct",
        {
            "client_id": uuid.uuid4(),
            "replaces": annotation.last_event_id,
            f"q-{question.pk}": praise,
        },
    )
    client.post(answers + "withdraw", {"client_id": uuid.uuid4()})

    told = client.get(f"{BASE}{document.pk}/").context["history"]

    assert [each.did for each in told] == [
        "withdrew the answer of the import",
        "corrected the answer of the import",
        "brought an answer",
    ]


def test_previous_and_next_stay_in_the_filtered_list(client_of, alice, bob, project):
    one, _, three = make_documents(project, count=3)
    answer(one, bob, "Refund")
    answer(three, bob, "Refund")

    page = client_of(alice).get(f"{BASE}{one.pk}/", {"state": "done"})

    assert (page.context["before"], page.context["after"]) == (None, three.pk)
    assert f'href="{BASE}{three.pk}/?state=done"' in page.content.decode()


@pytest.mark.parametrize("people", [1, 3])
def test_one_document_costs_the_same_for_one_and_three_answers(
    client_of, alice, bob, dora, rita, project, people, django_assert_num_queries
):
    project.overlap = 3
    project.save(update_fields=["overlap"])
    [document] = make_documents(project, count=1)
    for person in [bob, dora, rita][:people]:
        answer(document, person, "Refund")
    client = client_of(alice)

    with django_assert_num_queries(14):
        page = client.get(f"{BASE}{document.pk}/")

    assert len(page.context["about"].people) == people


def test_an_owner_corrects_on_a_page(client_of, alice, bob, project, question):
    [document] = make_documents(project, "Where is it?")
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    url = f"{BASE}{document.pk}/answers/{annotation.pk}/correct"
    client = client_of(alice)

    page = client.get(url).content.decode()
    assert "You correct the answer of <bdi>bob</bdi>" in page
    refund, praise = (question.labels.get(name=name).pk for name in ("Refund", "Praise"))
    assert re.search(rf'value="{refund}" checked', page)
    post = {
        "client_id": uuid.uuid4(),
        "replaces": annotation.last_event_id,
        f"q-{question.pk}": praise,
    }
    response = client.post(url, post, follow=True)

    assert response.redirect_chain == [(f"{BASE}{document.pk}/", 302)]
    assert "Corrected the answer of bob." in text_of(response)
    assert "Corrected by alice" in text_of(response)
    assert annotation.answers.get().label_id == praise
    assert client.post(url, {**post, "client_id": uuid.uuid4()}).status_code == 409
    assert client.post(url, {**post, f"q-{question.pk}": ""}).status_code == 422
    assert annotation.answers.get().label_id == praise


def test_a_withdrawn_answer_is_not_corrected(client_of, alice, bob, project):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")
    annotation = Annotation.objects.get()
    client = client_of(alice)
    answers = f"{BASE}{document.pk}/answers/{annotation.pk}/"
    client.post(answers + "withdraw", {"client_id": uuid.uuid4(), "reason": "x"})

    response = client.get(answers + "correct", follow=True)

    assert "Only an answer that stands can be corrected." in text_of(response)
    assert "Put it back" in text_of(response)


def test_deleting_ticked_documents_says_first_what_goes(client_of, alice, bob, project):
    one, two, _ = make_documents(project, count=3)
    answer(one, bob, "Refund")
    client = client_of(alice)
    ticked = {"document": [one.pk, two.pk], "back": f"{BASE}?state=open"}

    asked = client.post(f"{BASE}delete", ticked)
    assert "Delete 2 documents?" in text_of(asked)
    assert "1 answer to them is kept" in text_of(asked)
    assert project.documents.deleted().count() == 0
    done = client.post(f"{BASE}delete", {**ticked, "confirmed": "1", "reason": "Tests"})

    assert done["Location"] == f"{BASE}?state=open"
    assert project.documents.deleted().count() == 2
    assert Event.objects.filter(kind="delete", payload__reason="Tests").count() == 2
    deleted = client.get(BASE, {"state": "deleted"})
    assert [row.document for row in deleted.context["page"].rows] == [one, two]


def test_all_that_match_are_deleted_and_restored(client_of, alice, project):
    make_documents(project, *(f"spam {n}" for n in range(30)), "ham")
    client = client_of(alice)

    asked = client.post(f"{BASE}delete", {"all": "1", "query": "text=spam"})
    assert "Delete 30 documents?" in text_of(asked)
    client.post(f"{BASE}delete", {"all": "1", "query": "text=spam", "confirmed": "1"})
    assert [each.texts["text"] for each in project.documents.published()] == ["ham"]
    client.post(f"{BASE}restore", {"all": "1", "query": "state=deleted"})

    assert project.documents.published().count() == 31


def test_an_act_without_documents_says_so(client_of, alice, project):
    response = client_of(alice).post(f"{BASE}delete", {}, follow=True)

    assert response.redirect_chain == [(BASE, 302)]
    assert "Tick the documents first." in text_of(response)


def test_nobody_is_sent_elsewhere_after_an_act(client_of, alice, project):
    [document] = make_documents(project, count=1)
    post = {"document": document.pk, "confirmed": "1", "back": "https://evil.example/"}

    assert client_of(alice).post(f"{BASE}delete", post)["Location"] == BASE


def test_documents_with_the_owner_go_back_to_the_queue(client_of, alice, project):
    [document] = make_documents(project, count=1)
    document.state = DocumentState.OWNER
    document.save(update_fields=["state"])

    client_of(alice).post(f"{BASE}requeue", {"document": document.pk})

    document.refresh_from_db()
    assert document.state == DocumentState.OPEN


def test_what_was_accepted_and_what_was_changed_says_so(
    client_of, alice, bob, dora, project, question
):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    [document] = make_documents(project, "a")
    refund = question.labels.get(name="Refund")
    for person, label in [(bob, "Refund"), (dora, "Praise")]:
        Exposure.objects.create(
            document=document,
            annotator=person,
            question=question,
            items=[{"label": refund.pk, "score": 0.81, "offered": True}],
            model_version="live 1.4",
            sent_at=alice.date_joined,
            painted_at=alice.date_joined,
        )
        answer(document, person, label)

    page = text_of(client_of(alice).get(f"{BASE}{document.pk}/"))

    assert "Refund as suggested with 81% (live 1.4)" in page
    assert "Praise other than suggested (Refund, 81%) (live 1.4)" in page


def test_an_owner_who_puts_their_own_answer_right_is_told_as_such(
    client_of, alice, project, question
):
    [document] = make_documents(project, "a")
    answer(document, alice, "Refund")
    annotation = Annotation.objects.get()
    client = client_of(alice)
    answers = f"{BASE}{document.pk}/answers/{annotation.pk}/"
    client.post(
        answers + "correct",
        {
            "client_id": uuid.uuid4(),
            "replaces": annotation.last_event_id,
            f"q-{question.pk}": question.labels.get(name="Praise").pk,
        },
    )
    client.post(answers + "withdraw", {"client_id": uuid.uuid4()})

    told = client.get(f"{BASE}{document.pk}/").context["history"]

    assert [each.did for each in told] == [
        "withdrew their own answer",
        "corrected their own answer",
        "answered",
    ]

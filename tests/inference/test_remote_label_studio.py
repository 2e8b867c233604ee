"""Label Studio ML backends: their protocol, their formats, and what of their answers is refused."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from inference.predicting import CannotPredict, predictor_of
from inference.remote import asking
from projects.models import QuestionKind
from tests.factories import make_documents, make_project, make_question
from tests.inference.remote_server import as_json, served
from tests.inference.remote_versions import make_remote

UP = {"status": "UP", "model_class": "BertClassifier"}


@pytest.fixture(autouse=True)
def _local(settings, monkeypatch):
    settings.REMOTE_PRIVATE_NETWORKS = True
    monkeypatch.setattr(asking.time, "sleep", lambda seconds: None)


@pytest.fixture
def people(db):
    project = make_project(text_fields=["title", "text"])
    return make_question(project, "who", labels=("person", "place"), kind=QuestionKind.SPAN)


def backend(predict, health=UP):
    """Answers every task with what `predict` makes of its text."""

    def answer(method, path, payload):
        if path == "/health":
            return as_json(health)
        if path == "/setup":
            return as_json({"model_version": "v1"})
        results = [predict(task["data"]["text"]) for task in payload["tasks"]]
        return as_json({"results": results})

    return answer


def say(question, predict, *texts):
    with served(predict if callable(predict) else backend(lambda text: predict)) as server:
        version = make_remote(question, protocol="label_studio", base_url=server.url, model="")
        said = predictor_of(version).predict(make_documents(question.project, *texts))
    version.refresh_from_db()
    return said, version, server


def chosen(*names, **more):
    region = {"from_name": "answer", "to_name": "text", "type": "choices"}
    return {"result": [{**region, "value": {"choices": list(names)}, **more}], "score": 0.8}


def marked(start, end, label="person", **value):
    return {
        "from_name": "answer",
        "to_name": "text",
        "type": "labels",
        "value": {"start": start, "end": end, "labels": [label], **value},
        "score": 0.7,
    }


def test_a_choice_is_asked_for_as_label_studio_asks(question):
    said, version, server = say(question, chosen("Praise"), "Thanks!", "Thank you!")

    [health, setup, *predictions] = server.asked
    assert health[:2] == ("GET", "/health")
    assert setup[:2] == ("POST", "/setup")
    assert setup[3]["hostname"] == setup[3]["access_token"] == ""
    assert len(predictions) == 2
    payload = predictions[0][3]
    assert [task["data"] for task in payload["tasks"]] in (
        [{"text": "Thanks!"}],
        [{"text": "Thank you!"}],
    )
    config = fromstring(payload["label_config"])
    assert config.find("Text").attrib == {"name": "text", "value": "$text"}
    assert config.find("Choices").attrib["choice"] == "single"
    names = [choice.attrib["value"] for choice in config.iter("Choice")]
    assert names == ["Refund", "Late delivery", "Praise"]
    praise = question.labels.get(name="Praise").pk
    for items in said:
        assert items[0] == {"label": praise, "score": 0.8, "offered": True}
        assert [item["score"] for item in items[1:]] == [0.0, 0.0]
    assert version.remote_use.calls == 4


def test_the_score_of_a_region_goes_before_that_of_the_task(question):
    [[first, *_]], _, _ = say(question, chosen("Praise", score=0.3), "Thanks")

    assert first["score"] == 0.3


@pytest.mark.parametrize("score", [None, 0, 0.0, -1, 12.5, "high", True, float("nan")])
def test_what_is_no_probability_says_nothing(question, score):
    answer = chosen("Praise", score=score) | {"score": score}
    if score != score:  # noqa: PLR0124 - JSON of its own
        said, version, _ = say(question, answer, "Thanks")
        assert said == [[]]
        assert "no JSON" in version.remote_use.last_error
        return

    [[first, *_]], _, _ = say(question, answer, "Thanks")

    assert first["score"] == 0.5


def test_several_choices(project, question):
    question.multiple = True
    question.save()

    [items], _, server = say(question, chosen("Praise", "Refund"), "Thanks")

    assert [item["offered"] for item in items] == [True, True, False]
    assert 'choice="multiple"' in server.payloads[0]["schema"]


def test_an_empty_result_is_no_answer_and_no_failure(question):
    said, version, _ = say(question, {"result": [], "score": 0}, "Thanks")

    assert said == [[]]
    assert version.remote_use.failures == 0


def test_spans_are_code_points_of_each_text(people):
    def find(text):
        start = text.find("Ann")
        return {"result": [marked(start, start + 3, text="Ann")] if start >= 0 else []}

    texts = {"title": "👩🏽‍🚀 Ann", "text": "Hello\r\nAnn"}
    [items], _, server = say(people, backend(find), texts)

    assert [(item["field"], item["start"], item["end"]) for item in items] == [
        ("title", 5, 8),
        ("text", 7, 10),
    ]
    assert all(texts[item["field"]][item["start"] : item["end"]] == "Ann" for item in items)
    tasks = server.payloads[-1]["tasks"]
    assert [task["data"]["text"] for task in tasks] == list(texts.values())


def test_offsets_in_another_unit_are_refused_by_their_quote(people):
    """As a backend counts that is written in JavaScript."""
    wrong = {"result": [marked(3, 6, text="Ann")]}

    said, version, _ = say(people, wrong, {"title": "😀 Ann, hello", "text": ""})

    assert said == [[]]
    assert "counts characters in another way" in version.remote_use.last_error


def test_a_quote_as_label_studio_writes_it_is_the_same(people):
    text = "Ann\nLee  was here"
    answer = {"result": [marked(0, 8, text="Ann\\nLee ")]}

    [items], _, _ = say(people, answer, {"title": text, "text": text})

    assert len(items) == 2


@pytest.mark.parametrize(
    ("region", "why"),
    [
        (marked(0, 99), "of a text of 11 characters"),
        (marked(3, 3), "of a text of"),
        (marked(-3, 3), "of a text of"),
        (marked("0", "3"), "of a text of"),
        (marked(0.0, 3.0), "of a text of"),
        (marked(True, 3), "of a text of"),
        (marked(0, 3, "animal"), "“animal”, which is no label"),
        (marked(0, 3, labels=[]), "must have one label"),
        (marked(0, 3, labels="person"), "no list of labels"),
        ({**marked(0, 3), "from_name": "ner"}, "is not from “answer”"),
        ({**marked(0, 3), "type": "choices"}, "where labels are asked for"),
        ({**marked(0, 3), "value": []}, "is not from"),
        ("Ann", "is not from"),
        (marked(0, 3, text="Lee"), "marked “Lee” where the text says “Ann”"),
        (marked(0, 3, text=3), "marked “3”"),
    ],
)
def test_regions_that_fit_nowhere_are_refused(people, region, why):
    said, version, _ = say(people, {"result": [region]}, {"title": "Ann met Ann", "text": " "})

    assert said == [[]]
    assert why in version.remote_use.last_error


@pytest.mark.parametrize(
    "reply",
    [{}, [], None, {"results": []}, {"results": {}}, {"results": [1]}, {"results": [{}]}],
)
def test_what_is_no_prediction_is_refused(question, reply):
    def answer(method, path, payload):
        return as_json(reply if path == "/predict" else UP)

    said, version, _ = say(question, answer, "Thanks")

    assert said == [[]]
    assert "What came back" in version.remote_use.last_error


@pytest.mark.parametrize("names", [("praise",), ("Praise", "Refund"), (["Praise"],)])
def test_choices_that_cannot_be_are_refused(question, names):
    said, version, _ = say(question, chosen(*names), "Thanks")

    assert said == [[]]
    assert version.remote_use.failures == 1


@pytest.mark.parametrize("health", [{"status": "DOWN"}, {}, [], None])
def test_a_model_that_is_not_up_is_not_asked(question, health):
    with pytest.raises(CannotPredict, match="does not say that its model is up"):
        say(question, backend(lambda text: chosen("Praise"), health), "Thanks")


def test_labels_with_signs_of_xml_arrive_as_they_are(project):
    name = '<b>"R&D"</b>'
    question = make_question(project, "odd", labels=(name, "other"))

    [[first, *_]], _, server = say(question, chosen(name), "Thanks")

    assert first["label"] == question.labels.get(name=name).pk
    config = fromstring(server.payloads[0]["schema"])
    assert next(config.iter("Choice")).attrib["value"] == name


def test_a_key_is_a_name_and_a_password(question, settings):
    with served(backend(lambda text: chosen("Praise"))) as server:
        settings.REMOTE_KEYS = {"ANNOTATE_KEY_LS": (server.url, "ann:secret")}
        version = make_remote(
            question,
            protocol="label_studio",
            base_url=server.url,
            key_variable="ANNOTATE_KEY_LS",
        )
        predictor_of(version).predict(make_documents(question.project, count=1))

    sent = {headers["Authorization"] for _, _, headers, _ in server.asked}
    assert sent == {"Basic YW5uOnNlY3JldA=="}

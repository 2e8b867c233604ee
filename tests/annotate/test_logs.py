from __future__ import annotations

import json
import logging
import sys

from annotate.logs import JsonFormatter, TextFormatter, current_request_id


def record(event: str = "job done", **fields) -> logging.LogRecord:
    made = logging.LogRecord("projects.jobs", logging.INFO, "jobs.py", 1, event, (), None)
    vars(made).update(fields)
    return made


def test_a_line_is_a_json_object_with_its_fields_beside_the_event():
    line = json.loads(JsonFormatter().format(record(job=7, title="Été")))

    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "projects.jobs",
        "event": "job done",
        "job": 7,
        "title": "Été",
    }


def test_a_line_break_in_a_field_does_not_make_a_second_line():
    assert "\n" not in JsonFormatter().format(record(path="/a\n{}"))


def with_exception(level: int) -> logging.LogRecord:
    try:
        int("broken")
    except ValueError:
        return record(levelno=level, exc_info=sys.exc_info())


def test_an_exception_is_part_of_its_line():
    made = with_exception(logging.ERROR)

    assert "ValueError: invalid literal" in json.loads(JsonFormatter().format(made))["exception"]


def test_a_request_that_was_refused_comes_without_a_traceback():
    made = with_exception(logging.WARNING)

    assert "exception" not in json.loads(JsonFormatter().format(made))
    assert "\n" not in TextFormatter().format(made)


def test_lines_of_a_request_carry_its_id():
    token = current_request_id.set("abc12345")
    line = json.loads(JsonFormatter().format(record()))
    current_request_id.reset(token)

    assert line["request_id"] == "abc12345"


def test_a_person_reads_the_same_fields_as_text():
    assert TextFormatter().format(record(job=7)).endswith("info    job done job=7")

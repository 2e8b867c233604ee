"""Marking parts of a text by mouse and by thumb."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.line import page_with_line
from tests.e2e.screen import expect_button, wait_for_document
from tests.e2e.spans import (
    ENTITIES,
    expect_marked,
    expect_note,
    point_at,
    saved_spans,
    select,
    sweep,
)

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
OBAMA = "Barack Obama met Merkel in Berlin."
HEBREW = "ברק אובמה פגש את מרקל בברלין."
TOKYO = "安倍晋三は東京都庁を訪れた。"


def label(page, name):
    return page.locator(".question[data-kind=span] .choice", has_text=name)


def test_a_sweep_is_snapped_to_words_and_marked_by_key_or_press(world):
    world.seed(OBAMA, "two", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    sweep(page, 2, 9)
    assert page.evaluate("getSelection().toString()") == "Barack Obama"
    page.keyboard.press("1")
    sweep(page, 26, 31)
    label(page, "Place").click()
    expect_marked(page, ("Barack Obama", "Person"), ("Berlin", "Place"))
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert saved_spans(world) == [
        (world.documents[0], "Person", 0, 12, "Barack Obama"),
        (world.documents[0], "Place", 27, 33, "Berlin"),
    ]


def test_a_double_click_takes_a_word_and_a_triple_click_the_paragraph(world):
    world.seed("  Rome is far. \n\nOslo", questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    page.mouse.dblclick(*point_at(page, 2, 6))
    page.keyboard.press("2")
    expect_marked(page, ("Rome", "Place"))
    page.keyboard.press("z")
    page.mouse.click(*point_at(page, 10, 13), click_count=3)
    page.keyboard.press("3")

    expect_marked(page, ("Rome is far.", "Company"))


def test_alt_selects_exactly(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    page.keyboard.down("Alt")
    sweep(page, 2, 9)
    page.keyboard.up("Alt")
    page.keyboard.press("1")

    expect_marked(page, ("rack Ob", "Person"))


@pytest.mark.parametrize(
    ("text", "start", "end", "quote"),
    [(TOKYO, 5, 7, "東京"), (TOKYO, 0, 4, "安倍晋三"), (HEBREW, 1, 8, "ברק אובמה")],
)
def test_other_scripts_are_swept_as_they_are_written(world, text, start, end, quote):
    world.seed(text, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    if text == HEBREW:
        from_x, y = point_at(page, start, start + 1)
        to_x, _ = point_at(page, end - 1, end)
        page.mouse.move(from_x + 2, y)
        page.mouse.down()
        page.mouse.move(to_x, y, steps=4)
        page.mouse.up()
    else:
        sweep(page, start, end)
    page.keyboard.press("1")

    expect_marked(page, (quote, "Person"))


def test_arrows_follow_the_script(world):
    world.seed(HEBREW, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    for key in ("ArrowLeft", "Shift+ArrowLeft", "1", "ArrowLeft"):
        page.keyboard.press(key)

    expect_marked(page, ("ברק אובמה", "Person"))
    assert page.evaluate("getSelection().toString()") == "פגש"
    box = page.locator(".ink-box").first.bounding_box()
    name = page.locator(".ink-name").first.bounding_box()
    assert abs(box["x"] + box["width"] - name["x"] - name["width"]) < 3


def test_a_held_label_marks_whatever_is_swept_until_escape(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    label(page, "Person").click()
    expect(label(page, "Person")).to_have_attribute("aria-pressed", "true")

    sweep(page, 1, 4)
    sweep(page, 18, 21)
    expect_marked(page, ("Barack", "Person"), ("Merkel", "Person"))
    page.keyboard.press("Escape")
    sweep(page, 28, 31)

    expect(label(page, "Person")).to_have_attribute("aria-pressed", "false")
    expect_marked(page, ("Barack", "Person"), ("Merkel", "Person"))


def test_a_press_on_a_mark_makes_keys_act_on_it(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    for start in (1, 18):
        sweep(page, start, start + 3)
        page.keyboard.press("1")

    page.mouse.click(*point_at(page, 2, 4))
    page.keyboard.press("2")
    expect_marked(page, ("Barack", "Place"), ("Merkel", "Person"))
    page.keyboard.press("Delete")

    expect_marked(page, ("Merkel", "Person"))


def test_what_overlaps_is_refused_beside_the_text(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    sweep(page, 1, 10)
    page.keyboard.press("1")

    sweep(page, 8, 20)
    label(page, "Place").click()

    expect(page.locator(".ink-note")).to_contain_text("marks may not overlap here")
    expect_marked(page, ("Barack Obama", "Person"))


def test_nothing_in_the_text_moves_when_something_is_marked(world):
    world.seed(OBAMA * 20, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    places = """[...document.querySelectorAll('.text, .choice, .foot')]
      .map(one => JSON.stringify(one.getBoundingClientRect()))"""
    before = page.evaluate(places)

    sweep(page, 1, 10)
    page.keyboard.press("1")
    expect_marked(page, ("Barack Obama", "Person"))

    assert page.evaluate(places) == before
    assert page.locator(".text").evaluate("one => one.childNodes.length") == 1


def test_a_phone_marks_with_a_bar_of_labels_for_thumbs(world):
    world.seed(OBAMA, "two", questions=[ENTITIES])
    page, _ = page_with_line(world, **PHONE)
    wait_for_document(page, world.documents[0])
    bar = page.locator("#span-bar")
    expect(bar).to_be_hidden()
    page.touchscreen.tap(*point_at(page, 25, 26))

    select(page, 8, 11)
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("Obama")
    heights = [one.bounding_box()["height"] for one in bar.locator("[data-label]").all()]
    assert min(heights) >= 44
    bar.get_by_text("Person").tap()
    expect_marked(page, ("Obama", "Person"))
    expect(bar).to_be_hidden()

    page.touchscreen.tap(*point_at(page, 8, 10))
    bar.get_by_text("Company").tap()
    expect_marked(page, ("Obama", "Company"))
    bar.get_by_role("button", name="Remove").tap()
    expect_marked(page)
    expect_button(page, "Nothing to mark, next")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_words_say_what_was_marked(world):
    world.seed(OBAMA, questions=[ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])

    sweep(page, 8, 11)
    page.keyboard.press("1")

    expect_note(page, "Marked “Obama” as Person")


def test_several_texts_of_one_document_are_marked_each(world):
    fields = {"text_fields": ["title", "body"]}
    world.seed(["Rome 😀 calls", "Oslo answers"], ["a", "b"], questions=[ENTITIES], **fields)
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    for key in ("ArrowRight", "2", "ArrowRight", "ArrowRight", "ArrowRight", "2", "Enter"):
        page.keyboard.press(key)

    wait_for_document(page, world.documents[1])
    rows = world.server.rows(
        """select field, quote, start, end from labeling_answer w
           join labeling_annotation a on a.id = w.annotation_id where a.document_id = ?""",
        world.documents[0],
    )
    assert sorted(rows) == [("body", "Oslo", 0, 4), ("title", "Rome", 0, 4)]


def test_without_javascript_the_page_says_so_and_keeps_what_is_marked(world):
    world.seed(OBAMA, "two", questions=[{"name": "topic"}, ENTITIES])
    page, _ = page_with_line(world)
    wait_for_document(page, world.documents[0])
    with page.expect_response("**/draft"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("4")

    plain = world.labelling(java_script_enabled=False)
    wait_for_document(plain, world.documents[0])
    expect(plain.get_by_text("Marking parts of a text needs JavaScript")).to_be_visible()
    plain.get_by_role("radio", name="Praise").check(force=True)
    plain.get_by_role("button", name="Submit and next").click()

    wait_for_document(plain, world.documents[1])
    assert sorted(quote for *_, quote in saved_spans(world)) == ["", "Barack"]

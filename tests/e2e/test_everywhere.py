"""The labelling page on other screens, in other scripts, in other colours, without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.screen import (
    expect_button,
    expect_picked,
    expect_saved,
    wait_for_document,
    wait_for_suggestion,
)

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
STRANGE = [
    "One\rTwo\r\nThree\nFour",
    "<b>not bold</b> & “quoted” &amp; \u00a0 \u200d \u0085",
    "  leading,  double  and trailing blanks \n",
    "مرحبا، طلبي رقم 42 لم يصل (ABC) بعد",
    "👩‍👩‍👧 🇩🇪 é é 注文した商品が届きません",
    "w" * 500,
]

# Painted colours as sRGB, through a canvas, because computed ones come as oklch().
CONTRAST = """selector => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
  };
  const seen = one => one.checkVisibility() && one.textContent.trim();
  return [...document.querySelectorAll(selector)].filter(seen).map(one => {
    const grounds = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
    const [a, b] = grounds.sort((x, y) => y - x);
    return [one.textContent.trim().slice(0, 30), (a + 0.05) / (b + 0.05)];
  });
}"""
WORDS = (
    ".text, .name, .share, .question-name, .origin span, .state, .button, .work span, .key, "
    ".guidelines p"
)


def scrolls_sideways(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_phone_labels_by_thumb_and_never_scrolls_sideways(world):
    world.seed("w" * 500, "two", guidelines="A long rule " * 40)
    page = world.labelling(**PHONE)
    wait_for_document(page, world.documents[0])
    assert not scrolls_sideways(page)
    rows = [row.bounding_box()["height"] for row in page.locator(".choice").all()]
    assert min(rows) >= 44
    foot = page.locator(".foot").bounding_box()
    assert foot["y"] + foot["height"] <= 845

    page.locator(".choice", has_text="Praise").tap()
    page.locator("#go").tap()

    wait_for_document(page, world.documents[1])
    expect_saved(page)
    assert not scrolls_sideways(page)
    assert world.answered() == [(world.documents[0], "Praise")]


def test_a_phone_skips_by_thumb(world):
    world.seed("one", "two")
    page = world.labelling(**PHONE)
    wait_for_document(page, world.documents[0])

    page.get_by_role("button", name="Skip").tap()
    page.get_by_text("The text is broken").tap()
    page.get_by_role("button", name="Skip and next").tap()

    wait_for_document(page, world.documents[1])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(world, scheme):
    world.seed(guidelines="Choose what the person asks for.")
    page = world.labelling(color_scheme=scheme, reduced_motion="reduce")
    wait_for_suggestion(page, "Refund")

    ratios = page.evaluate(CONTRAST, WORDS)

    assert len(ratios) > 15
    assert [one for one in ratios if one[1] < 4.5] == []


def test_a_chosen_theme_stays(world):
    world.seed()
    page = world.labelling(color_scheme="light")
    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Dark").click()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(ground)

    page.reload()

    assert page.evaluate(ground) == dark
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_every_text_is_on_the_page_exactly_as_stored(world):
    world.seed(*STRANGE)
    page = world.labelling()

    for document, text in zip(world.documents, STRANGE, strict=True):
        wait_for_document(page, document)
        assert page.locator(".text").evaluate("element => element.textContent") == text
        page.keyboard.press("1")
        page.keyboard.press("Enter")


def test_a_text_from_right_to_left_starts_at_the_right(world):
    world.seed(STRANGE[3], "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])

    gap = page.locator(".text").evaluate(
        """element => {
            const range = document.createRange();
            range.selectNodeContents(element);
            return element.getBoundingClientRect().right - range.getBoundingClientRect().right;
        }"""
    )

    assert gap < 1


def test_without_javascript_forms_do_the_work(world):
    world.seed("one", "two", "three")
    page = world.labelling(java_script_enabled=False)
    wait_for_document(page, world.documents[0])

    page.get_by_role("radio", name="Praise").check(force=True)
    page.get_by_role("button", name="Submit and next").click()
    wait_for_document(page, world.documents[1])
    page.get_by_role("button", name="Undo").click()
    wait_for_document(page, world.documents[0])
    expect_picked(page, "Praise")
    page.get_by_role("button", name="Submit and next").click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_label("I am not sure").check()
    page.get_by_role("button", name="Skip and next").click()

    wait_for_document(page, world.documents[2])
    assert world.answered() == [(world.documents[0], "Praise")]
    assert world.events() == ["create", "undo", "create", "skip"]


def test_a_mark_at_the_foot_leads_back_to_its_answer(world):
    world.seed("one", "two")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])

    page.get_by_role("link", name="Refund: one").click()
    wait_for_document(page, world.documents[0])
    expect_picked(page, "Refund")
    expect_button(page, "Save the change")
    page.keyboard.press("3")
    page.keyboard.press("Enter")

    wait_for_document(page, world.documents[1])
    assert world.answered() == [(world.documents[0], "Praise")]
    assert world.events() == ["create", "revise"]


def test_focus_stays_on_the_page_and_open_guidelines_stay_as_they_were(world):
    world.seed("one", "two", guidelines="Choose what the person asks for.")
    page = world.labelling()
    wait_for_document(page, world.documents[0])
    page.locator(".guidelines summary").click()
    page.locator(".choice", has_text="Praise").click()
    page.keyboard.press("Enter")
    wait_for_document(page, world.documents[1])

    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".guidelines .prose")).to_be_hidden()


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("person", ["alice", "rita", "bob", "vera"])
def test_every_tab_that_a_person_sees_opens_without_a_complaint(world, person, screen):
    world.seed()
    page = world.context(person, **screen).new_page()
    page.goto(f"{world.server.url}/projects/{world.slug}/")
    tabs = [tab.get_attribute("href") for tab in page.locator(".tabs a").all()]
    assert tabs

    for tab in tabs:
        response = page.goto(world.server.url + tab)
        assert response.status == 200, tab
        page.wait_for_load_state("networkidle")
        assert not scrolls_sideways(page), tab

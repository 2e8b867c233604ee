"""What a person sees and does on the labelling page."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def wait_for_document(page: Page, document: int) -> None:
    expect(page.locator(f'#sheet[data-document="{document}"]')).to_be_visible()


def document_on(page: Page) -> int:
    return int(page.locator("#sheet").get_attribute("data-document") or 0)


def wait_for_suggestion(page: Page, label: str) -> None:
    offered = page.locator(".choices .choice[data-offered] .name")
    expect(offered).to_have_text(label)
    expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")


def expect_button(page: Page, words: str) -> None:
    expect(page.locator("#go .go-text")).to_have_text(words)


def expect_picked(page: Page, *labels: str) -> None:
    expect(page.locator(".choices .choice:has(:checked) .name")).to_have_text(list(labels))


def expect_saved(page: Page, words: str = "Saved") -> None:
    expect(page.locator("#saved")).to_have_text(words)


def expect_state(page: Page, words: str) -> None:
    expect(page.locator("#state")).to_contain_text(words)

"""A team's first hour in a browser only: from no project to a dataset that stands elsewhere too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import World
from tests.e2e.owner import PATIENCE_MS, Owner, worker_of
from tests.e2e.screen import expect_saved

PASSWORD = "a long enough pass 42"
TAGGED = """\
# sent_id = a-1
# text = Ana Silva flew to Oslo 🛫 with Airbus.
Ana\tB-Person
Silva\tI-Person
flew\tO
to\tO
Oslo\tB-Place
🛫\tO
with\tO
Airbus\tB-Maker
.\tO

# sent_id = a-2
# text = It rained.
It\tO
rained\tO
.\tO
"""
UNTAGGED = """\
{"id": "b-1", "text": "דנה כהן גרה בחיפה."}
{"id": "b-2", "text": "Nobody came."}
{"id": "b-3", "text": "Bob met Ana\\r\\nin Rome 🏛️."}
"""


def sign_up(world: World, link: str, username: str) -> Page:
    context = world.browser.new_context()
    world.contexts.append(context)
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("link", name="Label", exact=True)).to_be_visible()
    return page


def mark(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.fixture
def owner(world, tmp_path):
    """An owner beside whom a worker does the jobs."""
    with worker_of(world.seed().server):
        yield Owner(world, tmp_path)


@pytest.mark.timeout(300)
def test_a_team_gets_from_nothing_to_the_same_dataset_elsewhere(world, owner, tmp_path):
    tagged, untagged = tmp_path / "tagged.conll", tmp_path / "texts.jsonl"
    tagged.write_text(TAGGED, encoding="utf-8")
    untagged.write_text(UNTAGGED, encoding="utf-8")
    slug = f"names-{world.slug}"

    owner.new_project(slug, start="Named entities")
    owner.bring(slug, tagged, create_labels=True)
    owner.bring(slug, untagged)
    invited = [
        sign_up(world, owner.invite(slug, role), f"{role}-{slug}")
        for role in ("annotator", "reviewer")
    ]
    label_everything(invited[0], f"{world.server.url}/projects/{slug}/label/")

    exported = owner.export(slug, "jsonl")
    set_up = owner.set_up_of(slug)
    for kind in ("jsonl", "json", "csv"):
        elsewhere = f"{slug}-{kind}"
        owner.new_project(elsewhere, start="A file", file=set_up)
        owner.bring(elsewhere, owner.export(slug, kind))
        assert owner.export(elsewhere, "jsonl").read_bytes() == exported.read_bytes()


def label_everything(page: Page, url: str) -> None:
    """Hebrew from its first word on, nothing, and a name before a line break."""
    seen = set()
    page.goto(url)
    for _ in range(3):
        page.locator("#text").wait_for()
        expect(page.locator("#state")).to_contain_text("Learning", timeout=PATIENCE_MS)
        text = page.locator("#text").inner_text()
        seen.add(text[:3])
        if "דנה" in text:
            mark(page, "ArrowLeft", "Shift+ArrowLeft", "1")
        elif "Bob" in text:
            mark(page, "ArrowRight", "1", "ArrowRight", "ArrowRight", "1")
        before = page.locator("#sheet").get_attribute("data-document")
        expect(page.locator("#go")).to_have_attribute("aria-disabled", "false")
        page.keyboard.press("Enter")
        expect(page.locator(f'#sheet[data-document="{before}"]')).to_have_count(0)
        expect_saved(page)
    assert len(seen) == 3
    expect(page.get_by_role("heading", name="All done")).to_be_visible()

"""A team's first hour in a browser only: from no project to a dataset that stands elsewhere too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import World
from tests.e2e.screen import expect_saved
from tests.e2e.server import ROOT

PASSWORD = "a long enough pass 42"
PATIENCE_MS = 60_000
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


class Owner:
    """What an owner does with the pages."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.page: Page = world.context("alice").new_page()
        self.base = world.server.url

    def new_project(self, slug: str, *, start: str, file: Path | None = None) -> None:
        self.page.goto(f"{self.base}/new/")
        self.page.get_by_label("Name", exact=True).fill(f"Names {slug}")
        self.page.get_by_label("Address").fill(slug)
        self.page.get_by_role("radio", name=start, exact=True).check()
        if file:
            self.page.set_input_files("input[type=file]", file)
        self.page.get_by_role("button", name="Create the project").click()
        expect(self.page.get_by_role("heading", name="Nothing to label yet")).to_be_visible()

    def invite(self, slug: str, role: str) -> str:
        self.page.goto(f"{self.base}/projects/{slug}/people/")
        form = self.page.locator("form", has=self.page.get_by_role("button", name="Make a link"))
        form.get_by_label("Role").select_option(role)
        form.get_by_role("button", name="Make a link").click()
        return self.page.get_by_label("Link", exact=True).input_value()

    def bring(self, slug: str, file: Path, *, create_labels: bool = False) -> None:
        self.page.goto(f"{self.base}/projects/{slug}/imports/")
        self.page.set_input_files("input[type=file]", file)
        self.page.get_by_role("button", name="Upload and choose columns").click()
        if create_labels:
            self.page.get_by_label("Create labels that do not exist yet").check()
        self.page.get_by_role("button", name="Start the import").click()
        main = self.page.get_by_role("main")
        expect(main).to_contain_text("No row was refused.", timeout=PATIENCE_MS)

    def export(self, slug: str, kind: str) -> Path:
        self.page.goto(f"{self.base}/projects/{slug}/exports/?format={kind}")
        self.page.get_by_role("button", name="Export", exact=True).click()
        newest = self.page.locator("table.exports tbody tr").first.locator('a[href$="/file"]')
        newest.wait_for(timeout=PATIENCE_MS)
        with self.page.expect_download() as download:
            newest.click()
        path = self.folder / f"{slug}.{kind}"
        download.value.save_as(path)
        return path

    def set_up_of(self, slug: str) -> Path:
        self.page.goto(f"{self.base}/projects/{slug}/settings/")
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=f"Download {slug}.json").click()
        path = self.folder / f"{slug}.set-up.json"
        download.value.save_as(path)
        return path


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
    server = world.seed().server
    command = [sys.executable, "manage.py", "work"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=server.env, stdout=log, stderr=log)
        yield Owner(world, tmp_path)
        worker.terminate()
        worker.wait()


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

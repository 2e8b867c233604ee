"""What an owner does with the pages, in a browser only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import World
from tests.e2e.server import ROOT, Server

PATIENCE_MS = 60_000


@contextmanager
def worker_of(server: Server) -> Iterator[None]:
    """A worker beside the server, which does the jobs."""
    command = [sys.executable, "manage.py", "work"]
    with (server.folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=server.env, stdout=log, stderr=log)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait()


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

    def ask(self, slug: str, name: str, title: str) -> None:
        """A question of the usual kind: one label for the whole text, required."""
        self.page.goto(f"{self.base}/projects/{slug}/labels/")
        self.page.get_by_label("Column name").fill(name)
        self.page.get_by_label("What people read").fill(title)
        self.page.get_by_label("An answer is required").check()
        self.page.get_by_role("button", name="Add question").click()
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()

    def bring(self, slug: str, file: Path, *, create_labels: bool = False) -> None:
        self.page.goto(f"{self.base}/projects/{slug}/imports/")
        self.page.set_input_files("input[type=file]", file)
        self.page.get_by_role("button", name="Upload and choose columns").click()
        if create_labels:
            self.page.get_by_label("Create labels that do not exist yet").check()
        self.page.get_by_role("button", name="Start the import").click()
        main = self.page.get_by_role("main")
        expect(main).to_contain_text("No row was refused.", timeout=PATIENCE_MS)

    def export(self, slug: str, kind: str, *ticks: str) -> Path:
        self.page.goto(f"{self.base}/projects/{slug}/exports/?format={kind}")
        for tick in ticks:
            self.page.get_by_label(tick).check()
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

"""Files without a row: gone with their process, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from projects import loose_files
from projects.loose_files import loose, sweep
from tests.factories import make_project

pytestmark = pytest.mark.django_db

HOLDER = """
import fcntl, sys
note = open(sys.argv[1])
fcntl.flock(note, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"


def put(name):
    default_storage.save(name, ContentFile(b"something"))


def notes():
    return list(loose_files._folder().glob("*.txt"))


def left_by_the_dead(*names):
    """The note of a process that was killed: nobody holds it."""
    folder = loose_files._folder()
    folder.mkdir(exist_ok=True)
    note = folder / "dead.txt"
    note.write_text("".join(f"{name}\n" for name in names))
    return note


def fail_half_way():
    with loose("exports/one"):
        put("exports/one")
        raise OSError("full")


def test_what_no_row_names_is_gone_afterwards():
    with loose("exports/one", "models/two/"):
        put("exports/one")
        put("models/two/config.json")
        assert len(notes()) == 1

    assert not default_storage.exists("exports/one")
    assert not default_storage.exists("models/two")
    assert notes() == []


def test_what_a_row_names_stays(monkeypatch):
    monkeypatch.setattr(loose_files, "claims", [lambda name: name == "exports/one"])

    with loose("exports/one", "exports/other"):
        put("exports/one")
        put("exports/other")

    assert default_storage.exists("exports/one")
    assert not default_storage.exists("exports/other")


def test_a_failure_clears_up_as_well():
    with pytest.raises(OSError, match="full"):
        fail_half_way()

    assert not default_storage.exists("exports/one")
    assert notes() == []


def test_the_sweep_clears_up_after_the_dead():
    put("models/two/config.json")
    note = left_by_the_dead("exports/never", "models/two/")

    sweep()

    assert not default_storage.exists("models/two")
    assert not note.exists()


def test_the_sweep_keeps_what_a_row_names(project):
    from corpus.models import Export

    put("exports/one")
    put("exports/other")
    Export.objects.create(project=make_project(), file="exports/one")
    left_by_the_dead("exports/one", "exports/other")

    sweep()

    assert default_storage.exists("exports/one")
    assert not default_storage.exists("exports/other")


def test_the_sweep_leaves_the_living_alone():
    with loose("exports/one"):
        put("exports/one")
        sweep()

        assert default_storage.exists("exports/one")
        assert len(notes()) == 1


def test_another_process_holds_its_note_until_it_dies():
    put("exports/one")
    note = left_by_the_dead("exports/one")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(note)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        sweep()
        assert default_storage.exists("exports/one")
        holder.kill()

    sweep()

    assert not default_storage.exists("exports/one")


def test_without_a_folder_there_is_nothing_to_sweep(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "fresh"

    sweep()

    assert not Path(settings.DATA_DIR).exists()


def test_a_note_that_was_cut_short_clears_nothing():
    put("models/tuned.safetensors")
    left_by_the_dead().write_text("models/")

    sweep()

    assert default_storage.exists("models/tuned.safetensors")
    assert notes() == []

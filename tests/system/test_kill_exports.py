"""kill -9 while files are written: what can be downloaded is whole, and nothing else stays."""

from __future__ import annotations

import pytest

from tests.system.killing import KILLS, once_there_is, within

ROWS = 800


@pytest.fixture
def corpus(system, inside):
    """A project with as many answered documents."""
    rows = system.folder / "rows.log"
    lines = [f"R-{number},Message {number} of many,Praise" for number in range(ROWS)]
    rows.write_text("\n".join(["id,text,topic", *lines]) + "\n")
    inside("exporting.seed")
    system.manage("import_documents", "tickets", str(rows), "--format", "csv")


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("corpus")
def test_an_export_that_is_killed_is_written_whole(system, inside, killer):
    unkilled = inside("exporting.begin", kind="jsonl")
    longest = killer.let_run(unkilled)

    moments = [*[within(longest)] * KILLS, once_there_is("files/exports/*", system)]
    jobs = killer.strike_at(
        moments,
        lambda: inside("exporting.begin", kind="jsonl"),
        lambda: nothing_half(inside("exporting.exports")),
    )

    found = inside("exporting.exports")
    assert [export["job"] for export in found] == [unkilled, *jobs]
    assert [export["lines"] for export in found] == [ROWS] * len(found)
    assert inside("storage.strays") == []


def nothing_half(exports):
    for export in exports:
        assert export["as_told"]
        assert (export["lines"] is not None) == export["finished"]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("corpus")
def test_a_dataset_version_that_is_killed_is_frozen_whole(system, inside, killer):
    unkilled = inside("exporting.begin", kind="dataset")
    longest = killer.let_run(unkilled)

    moments = [*[within(longest)] * KILLS, once_there_is("files/datasets/*/*", system)]
    jobs = killer.strike_at(
        moments,
        lambda: inside("exporting.begin", kind="dataset"),
        lambda: all_whole(inside("exporting.datasets")),
    )

    found = inside("exporting.datasets")
    made = [inside("job.look", pk=job)["result"] for job in [unkilled, *jobs]]
    numbers = [version["number"] for version in found]
    # Who is killed after the last step finds that all is frozen.
    assert [result.get("version", result.get("unchanged")) for result in made] == numbers
    all_whole(found)
    assert inside("storage.strays") == []


def all_whole(versions):
    for version in versions:
        assert version["lines"] == version["rows"] == version["in_folder"] == ROWS

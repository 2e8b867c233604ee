"""`freeze_dataset` with filters, a share for validation, and a tag."""

import pytest

from tests.corpus.test_commands import run
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(project, bob):
    (document,) = make_documents(project, "Where is it?")
    answer(document, bob, "Late delivery")


def test_a_freeze_takes_filters_people_and_a_tag(project, answered, tmp_path):
    assert (
        run("freeze_dataset", "tickets", "--filter", "annotators=bob", "--tag", "paper-v1")[0] == 0
    )

    version = project.dataset_versions.get()
    assert version.recipe["validation"] == 10
    assert version.recipe["filters"]["annotators"].isdecimal()
    assert [tag.name for tag in version.tags.all()] == ["paper-v1"]
    path = tmp_path / "out.csv"
    assert run("export_dataset", "tickets", "--dataset", "paper-v1", "--output", path)[0] == 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--filter", "colour=red"], 2, "There is no filter “colour”"),
        (["--filter", "done"], 2, "Write NAME=VALUE"),
        (["--filter", "annotators=nobody"], 2, "There is nobody called “nobody”"),
        (["--filter", "since=2999-01-01"], 1, "No answered document passes these filters"),
        (["--validation", "31"], 2, "from 0 to 30"),
        (["--tag", "7"], 2, "Begin with a letter"),
    ],
)
def test_a_freeze_that_cannot_be_meant_says_why(project, answered, words, status, message):
    found, _, err = run("freeze_dataset", "tickets", *words)

    assert (found, project.dataset_versions.count()) == (status, 0)
    assert message in err

import pytest

from projects.guidelines import rendered
from projects.models import GuidelineVersion

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/guidelines/"


@pytest.fixture
def owner(client_of, alice):
    return client_of(alice)


def test_every_text_put_in_force_is_a_version(owner, project):
    for text in ("First", "Second", "Second"):
        owner.post(f"{PAGE}edit", {"text": text})

    assert list(project.guideline_versions.values_list("number", "text")) == [
        (2, "Second"),
        (1, "First"),
    ]


def test_a_preview_changes_nothing(owner):
    response = owner.post(f"{PAGE}edit", {"text": "# Soon", "preview": "1"})

    assert "<h1>Soon</h1>" in response.content.decode()
    assert not GuidelineVersion.objects.exists()


def test_an_older_version_can_be_read(owner):
    for text in ("First", "Second"):
        owner.post(f"{PAGE}edit", {"text": text})

    assert "<p>First</p>" in owner.get(f"{PAGE}?version=1").content.decode()
    assert owner.get(f"{PAGE}?version=9").status_code == 404
    assert owner.get(f"{PAGE}?version=x").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        '<p style="color:red" onclick="x()">hi</p>',
    ],
)
def test_markdown_carries_no_script(text):
    html = rendered(text)

    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<p style" not in html


def test_tables_and_lists_are_drawn():
    assert "<table>" in rendered("| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<li>x</li>" in rendered("- x")


def test_two_versions_are_compared_line_by_line(client_of, project, alice):
    project.guideline_versions.create(number=1, text="Be kind.\nSkip spam.")
    project.guideline_versions.create(number=2, text="Be kind.\nSkip <spam>.")

    page = client_of(alice).get("/projects/tickets/guidelines/?version=2&against=1")
    missing = client_of(alice).get("/projects/tickets/guidelines/?version=2&against=7")

    assert "<del>Skip spam.</del><ins>Skip &lt;spam&gt;.</ins>" in page.content.decode()
    assert missing.status_code == 404

import pytest

from labeling.rerank import rerank
from projects.models import Project
from tests.factories import make_documents

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/settings/queue"
SAME = {"overlap": "1", "queue_order": "random", "reserve_percent": "20"}


@pytest.mark.parametrize(("typed", "kept"), [("35", 0.35), ("0", 0), ("100", 1), ("", None)])
def test_the_threshold_is_saved_at_once_as_no_document_changes(
    client_of, project, alice, typed, kept
):
    Project.objects.update(suggest_from=0.5)
    make_documents(project, count=1)

    response = client_of(alice).post(PAGE, {**SAME, "suggest_from_percent": typed}, follow=True)

    assert Project.objects.get().suggest_from == kept
    assert "Saved." in response.content.decode()
    assert not project.jobs.exists()


@pytest.mark.parametrize("typed", ["101", "-1", "half", "NaN"])
def test_a_threshold_that_is_no_share_is_refused(client_of, project, alice, typed):
    response = client_of(alice).post(PAGE, {**SAME, "suggest_from_percent": typed})

    assert response.status_code == 422
    assert Project.objects.get().suggest_from is None


def test_a_threshold_and_an_order_together_say_first_what_follows(client_of, project, alice):
    make_documents(project, count=1)
    both = {**SAME, "queue_order": "uncertain", "suggest_from_percent": "40"}

    shown = client_of(alice).post(PAGE, both).content.decode()
    assert "most uncertain first from now on" in shown
    assert Project.objects.get().suggest_from is None

    client_of(alice).post(PAGE, {**both, "confirmed": "1 uncertain 20"})

    saved = Project.objects.get()
    assert (saved.queue_order, saved.suggest_from) == ("uncertain", 0.4)


def test_a_threshold_that_was_not_touched_keeps_its_last_digit(client_of, project, alice):
    Project.objects.update(suggest_from=0.333)

    client_of(alice).post(PAGE, {**SAME, "overlap": "2", "suggest_from_percent": "33"})

    assert (Project.objects.get().overlap, Project.objects.get().suggest_from) == (2, 0.333)


def test_the_page_tells_how_far_the_model_has_ranked(client_of, project, alice):
    Project.objects.update(queue_order="diverse")
    documents = make_documents(Project.objects.get(), count=3)

    before = client_of(alice).get(PAGE).content.decode()
    rerank(project=Project.objects.get(), ranks={one.pk: 0.5 for one in documents[:2]})
    after = client_of(alice).get(PAGE).content.decode()

    assert "not ranked any documents yet" in before
    assert "ranked the 2 documents that come next" in after


def test_a_change_of_the_order_is_a_job_that_can_be_looked_up(client_of, project, alice):
    make_documents(project, count=2)
    form = {**SAME, "queue_order": "imported", "confirmed": "1 imported 20"}

    client_of(alice).post(PAGE, form)

    job = project.jobs.get(kind="change_queue")
    assert (job.state, job.result, job.created_by) == ("done", {"Documents": 2}, alice)

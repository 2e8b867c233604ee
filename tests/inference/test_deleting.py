import pytest
from asgiref.sync import sync_to_async

from inference import live
from inference.admission import NOT_FOUND
from projects.delete_project import begin_deleting
from projects.models import Role
from tests.factories import make_documents, make_member, make_project
from tests.inference.test_consumers import Tab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def database_queue(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


async def test_sockets_of_a_deleted_project_close_at_once_and_no_others(
    project, alice, bob, serving
):
    def somewhere_else():
        other = make_project(slug="elsewhere")
        make_documents(other, count=1)
        return make_member(other, "dora", Role.ANNOTATOR)

    dora = await sync_to_async(somewhere_else)()
    async with Tab(dora, "elsewhere") as elsewhere, Tab(bob) as tab:
        await sync_to_async(begin_deleting)(project=project, owner=alice)

        while (said := await tab.receive_output(timeout=30))["type"] == "websocket.send":
            pass
        await elsewhere.say(type="ping")
        pong = await elsewhere.hear_of("pong")

    assert (said["type"], said["code"]) == ("websocket.close", NOT_FOUND)
    assert pong == {"type": "pong"}


async def test_nobody_gets_a_socket_to_it_any_more(project, alice, bob, serving):
    await sync_to_async(begin_deleting)(project=project, owner=alice)
    tab = Tab(bob)

    await tab.connect(timeout=30)

    assert await tab.hung_up() == NOT_FOUND


def test_what_a_process_learned_of_it_is_let_go(project, alice, serving):
    from projects import jobs

    make_documents(project, count=1)
    live.refresh(project)
    assert live.latest(project.pk)

    jobs.claim_and_run(begin_deleting(project=project, owner=alice).pk)

    assert live.latest(project.pk) is None

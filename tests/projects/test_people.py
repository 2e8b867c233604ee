import re
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Annotation
from projects import invites
from projects.invites import sha256
from projects.models import Invite, Membership, Role, User
from tests.factories import answer, make_documents, make_member

pytestmark = pytest.mark.django_db

INVITE = {"role": "annotator", "uses_left": "1", "days": "7", "note": "for Eve"}


def membership(user, project):
    return Membership.objects.get(user=user, project=project)


def make_link(client):
    page = client.post("/projects/tickets/people/invite", INVITE)
    return re.search(r"http://testserver(/invites/[^\"]+)", page.content.decode())[1]


def test_an_invite_link_makes_an_account_and_a_member(client, client_of, alice, project):
    link = make_link(client_of(alice))
    password = {"password1": "long and strange", "password2": "long and strange"}

    response = client.post(link, {"username": "eve", "email": "", **password})

    eve = User.objects.get(username="eve")
    assert response.headers["Location"] == "/projects/tickets/"
    assert membership(eve, project).role == Role.ANNOTATOR
    assert client.get("/projects/tickets/label/").status_code == 200


def test_the_token_itself_is_never_stored(client_of, alice):
    link = make_link(client_of(alice))
    token = link.strip("/").split("/")[-1]

    assert Invite.objects.get().token_sha256 == sha256(token)
    assert token not in str(Invite.objects.values().get())


def test_somebody_with_an_account_joins(client_of, alice, charlie, project):
    link = make_link(client_of(alice))

    client_of(charlie).post(link)

    assert membership(charlie, project).role == Role.ANNOTATOR


def test_a_link_is_used_up(client_of, alice, charlie, project):
    link = make_link(client_of(alice))
    client_of(charlie).post(link)

    assert client_of(make_member(project, "gus", Role.VIEWER)).get(link).status_code == 404
    assert Invite.objects.get().uses_left == 0


def test_a_member_who_opens_a_link_keeps_the_role_and_the_use(client_of, alice, vera, project):
    link = make_link(client_of(alice))

    client_of(vera).post(link)

    assert membership(vera, project).role == Role.VIEWER
    assert Invite.objects.get().uses_left == 1


@pytest.mark.parametrize("how", ["revoked", "expired", "unknown"])
def test_a_dead_link_is_told_apart_from_nothing(client, client_of, alice, how):
    owner = client_of(alice)
    link = make_link(owner)
    if how == "revoked":
        owner.post(f"/projects/tickets/people/invites/{Invite.objects.get().pk}/revoke")
    elif how == "expired":
        Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        link = "/invites/guess/"

    response = client.get(link)

    assert response.status_code == 404
    assert "does not work any more" in response.content.decode()


def test_two_people_cannot_share_the_last_use(alice, charlie, project):
    invite = Invite(project=project, role=Role.ANNOTATOR, created_by=alice)
    invites.issue(invite=invite, days=1)
    stale = Invite.objects.get()

    assert invites.accept(invite=invite, user=charlie)
    assert not invites.accept(invite=stale, user=User.objects.create(username="late"))


def test_removing_a_member_keeps_their_answers(client_of, alice, bob, project):
    [document] = make_documents(project, count=1)
    answer(document, bob, "Refund")

    url = f"/projects/tickets/people/{membership(bob, project).pk}/remove"
    page = client_of(alice).post(url, follow=True).content.decode()

    assert "bob was removed; 1 answer kept." in page
    assert "1 more answer came with imports or from people who have left." in page
    assert not Membership.objects.filter(user=bob).exists()
    assert Annotation.objects.submitted().get().annotator == bob
    assert client_of(bob).get("/projects/tickets/").status_code == 404


def test_a_project_keeps_its_last_owner(client_of, alice, project):
    mine = membership(alice, project).pk
    client = client_of(alice)

    for act, form in (("remove", {}), ("role", {"role": "viewer"})):
        page = client.post(f"/projects/tickets/people/{mine}/{act}", form, follow=True)
        assert "A project needs an owner" in page.content.decode()

    assert membership(alice, project).role == Role.OWNER


def test_an_owner_beside_another_can_leave(client_of, alice, project):
    make_member(project, "olga", Role.OWNER)

    response = client_of(alice).post(
        f"/projects/tickets/people/{membership(alice, project).pk}/remove"
    )

    assert response.headers["Location"] == "/"
    assert not Membership.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    "wrong", [{"uses_left": "0"}, {"uses_left": "1001"}, {"days": "0"}, {"role": "king"}]
)
def test_an_invite_that_does_not_fit_is_not_made(client_of, alice, wrong):
    response = client_of(alice).post("/projects/tickets/people/invite", {**INVITE, **wrong})

    assert response.status_code == 422
    assert not Invite.objects.exists()


def test_the_page_with_a_link_is_not_kept_by_the_browser(client_of, alice):
    response = client_of(alice).post("/projects/tickets/people/invite", INVITE)

    assert "no-store" in response.headers["Cache-Control"]


def test_a_sign_up_that_does_not_fit_spends_no_use(client, client_of, alice):
    link = make_link(client_of(alice))

    response = client.post(link, {"username": "eve", "password1": "short", "password2": "short"})

    assert response.status_code == 422
    assert Invite.objects.get().uses_left == 1
    assert not User.objects.filter(username="eve").exists()


def test_a_role_is_changed(client_of, alice, bob, project):
    client_of(alice).post(
        f"/projects/tickets/people/{membership(bob, project).pk}/role", {"role": "reviewer"}
    )

    assert membership(bob, project).role == Role.REVIEWER


@pytest.mark.parametrize("role", ["", "king"])
def test_a_role_that_is_none_changes_nothing(client_of, alice, bob, project, role):
    client_of(alice).post(
        f"/projects/tickets/people/{membership(bob, project).pk}/role", {"role": role}
    )

    assert membership(bob, project).role == Role.ANNOTATOR


@pytest.mark.parametrize("count", [1, 3])
def test_people_are_listed_at_a_constant_cost(
    client_of, alice, project, django_assert_num_queries, count
):
    for number in range(count):
        make_member(project, f"member{number}", Role.ANNOTATOR)
    client = client_of(alice)

    with django_assert_num_queries(6):
        response = client.get("/projects/tickets/people/")

    assert len(response.context["members"]) == count + 1

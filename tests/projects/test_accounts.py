import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command

from projects.login_throttle import FAILURES
from projects.models import User

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()


def test_signing_in_leads_where_one_wanted_to_go(client, bob):
    form = {"username": "bob", "password": "correct horse", "next": "/projects/tickets/label/"}

    assert client.post(LOGIN, form).headers["Location"] == "/projects/tickets/label/"


def test_signing_in_never_leads_elsewhere(client, bob):
    form = {"username": "bob", "password": "correct horse", "next": "https://evil.example/"}

    assert client.post(LOGIN, form).headers["Location"] == "/"


def test_guessing_has_to_wait(client, bob):
    for _ in range(FAILURES):
        assert client.post(LOGIN, {"username": "bob", "password": "no"}).status_code == 200

    response = client.post(LOGIN, {"username": "bob", "password": "correct horse"})

    assert response.status_code == 429
    assert "Too many failed tries" in response.content.decode()
    assert client.get("/").status_code == 302


def test_a_success_forgets_the_failures(client, bob):
    for _ in range(FAILURES - 1):
        client.post(LOGIN, {"username": "bob", "password": "no"})
    client.post(LOGIN, {"username": "bob", "password": "correct horse"})
    client.post("/accounts/logout/")

    client.post(LOGIN, {"username": "bob", "password": "no"})

    assert client.post(LOGIN, {"username": "bob", "password": "correct horse"}).status_code == 302


def test_a_password_is_changed(client, client_of, bob):
    signed_in = client_of(bob)
    new = {"new_password1": "long and strange", "new_password2": "long and strange"}

    signed_in.post("/accounts/password/", {"old_password": "correct horse", **new})

    assert client.login(username="bob", password="long and strange")


def test_a_forgotten_password_is_reset_by_mail(client, bob):
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")

    client.post("/accounts/password/reset/", {"email": "bob@example.com"})

    [message] = mail.outbox
    path = message.body.split("http://testserver", 1)[1].split()[0]
    form_url = client.get(path).headers["Location"]
    new = {"new_password1": "long and strange", "new_password2": "long and strange"}
    client.post(form_url, new)
    assert client.login(username="bob", password="long and strange")


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, db):
    response = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert response.status_code == 302
    assert mail.outbox == []


def test_times_are_shown_in_the_persons_zone(client_of, bob):
    form = {"first_name": "Bob", "last_name": "", "email": "", "time_zone": "Asia/Tokyo"}

    client_of(bob).post("/accounts/", form)

    bob.refresh_from_db()
    assert bob.time_zone == "Asia/Tokyo"


def test_a_zone_that_is_none_is_refused(client_of, bob):
    response = client_of(bob).post("/accounts/", {"time_zone": "Mars/Base"})

    assert "is not a time zone" in response.content.decode()


def test_an_admin_is_created(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "long and strange")

    call_command("create_admin", "root")

    assert User.objects.get(username="root").is_superuser


@pytest.mark.parametrize(("username", "password"), [("root", "short"), ("a b", "long and strange")])
def test_an_admin_that_does_not_fit_is_not_created(monkeypatch, username, password):
    monkeypatch.setenv("ADMIN_PASSWORD", password)

    with pytest.raises(CommandError, match="Not created"):
        call_command("create_admin", username)

    assert not User.objects.exists()


def test_an_admin_is_created_once(monkeypatch, bob):
    monkeypatch.setenv("ADMIN_PASSWORD", "long and strange")

    with pytest.raises(CommandError, match="already"):
        call_command("create_admin", "bob")

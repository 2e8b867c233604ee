import io
import threading
import uuid
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.cache import caches
from django.core.management import CommandError, call_command

from projects import login_throttle
from projects.login_throttle import FAILURES_PER_NAME, address_of
from projects.models import GuidelineVersion, User
from projects.write_guidelines import write_guidelines

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch):
    """Names of its own for every test; emptying a Redis would empty it for everybody."""
    monkeypatch.setattr(caches["default"], "key_prefix", uuid.uuid4().hex)


def sent():
    """The mails of the outbox, once the threads that send them are through."""
    for thread in threading.enumerate():
        if thread.name == "reset-mail":
            thread.join(10)
    return mail.outbox


def test_signing_in_leads_where_one_wanted_to_go(client, bob):
    form = {"username": "bob", "password": "correct horse", "next": "/projects/tickets/label/"}

    assert client.post(LOGIN, form).headers["Location"] == "/projects/tickets/label/"


def test_signing_in_never_leads_elsewhere(client, bob):
    form = {"username": "bob", "password": "correct horse", "next": "https://evil.example/"}

    assert client.post(LOGIN, form).headers["Location"] == "/"


def test_guessing_has_to_wait(client, bob):
    for _ in range(FAILURES_PER_NAME):
        assert client.post(LOGIN, {"username": "bob", "password": "no"}).status_code == 200

    response = client.post(LOGIN, {"username": "bob", "password": "correct horse"})

    assert response.status_code == 429
    assert "Too many failed tries" in response.content.decode()
    assert client.get("/").status_code == 302


def test_a_success_forgets_the_failures(client, bob):
    for _ in range(FAILURES_PER_NAME - 1):
        client.post(LOGIN, {"username": "bob", "password": "no"})
    client.post(LOGIN, {"username": "bob", "password": "correct horse"})
    client.post("/accounts/logout/")

    client.post(LOGIN, {"username": "bob", "password": "no"})

    assert client.post(LOGIN, {"username": "bob", "password": "correct horse"}).status_code == 302


def test_trying_many_names_has_to_wait_too(monkeypatch, client, bob):
    monkeypatch.setattr(login_throttle, "FAILURES_PER_ADDRESS", 3)
    for number in range(3):
        client.post(LOGIN, {"username": f"name{number}", "password": "no"})

    response = client.post(LOGIN, {"username": "bob", "password": "correct horse"})

    assert (response.status_code, response.headers["Retry-After"]) == (429, "300")


def test_one_address_does_not_lock_a_name_for_others(client, bob):
    for _ in range(FAILURES_PER_NAME):
        client.post(LOGIN, {"username": "bob", "password": "no"}, REMOTE_ADDR="10.0.0.1")

    form = {"username": "bob", "password": "correct horse"}
    assert client.post(LOGIN, form, REMOTE_ADDR="10.0.0.2").status_code == 302


def test_a_name_in_other_letters_is_the_same_name(client, bob):
    for _ in range(FAILURES_PER_NAME):
        client.post(LOGIN, {"username": "BOB", "password": "no"})

    assert client.post(LOGIN, {"username": "bob", "password": "no"}).status_code == 429


@pytest.mark.parametrize(("behind_proxy", "address"), [(True, "10.0.0.9"), (False, "127.0.0.1")])
def test_the_address_is_the_proxys_word_only_behind_one(rf, settings, behind_proxy, address):
    settings.BEHIND_PROXY = behind_proxy
    request = rf.get("/", headers={"X-Forwarded-For": "1.2.3.4, 10.0.0.9"})

    assert address_of(request) == address


def test_a_password_is_changed(client, client_of, bob):
    signed_in = client_of(bob)
    new = {"new_password1": "long and strange", "new_password2": "long and strange"}

    signed_in.post("/accounts/password/", {"old_password": "correct horse", **new})

    assert client.login(username="bob", password="long and strange")


def test_a_forgotten_password_is_reset_by_mail(client, bob):
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")

    client.post("/accounts/password/reset/", {"email": "bob@example.com"})

    [message] = sent()
    path = message.body.split("http://testserver", 1)[1].split()[0]
    form_url = client.get(path).headers["Location"]
    new = {"new_password1": "long and strange", "new_password2": "long and strange"}
    client.post(form_url, new)
    assert client.login(username="bob", password="long and strange")


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, db):
    response = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert response.status_code == 302
    assert sent() == []


def test_asking_again_at_once_sends_no_second_mail(client, bob):
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")

    for address in ("bob@example.com", "BOB@example.com"):
        client.post("/accounts/password/reset/", {"email": address})

    assert len(sent()) == 1


def test_times_are_shown_in_the_persons_zone(client_of, alice, project):
    write_guidelines(project=project, text="Rules", author=alice)
    GuidelineVersion.objects.update(created_at=datetime(2026, 3, 1, 20, 30, tzinfo=UTC))
    form = {"first_name": "Alice", "last_name": "", "email": "", "time_zone": "Asia/Tokyo"}

    client_of(alice).post("/accounts/", form)

    page = client_of(alice).get("/projects/tickets/guidelines/").content.decode()
    assert "2 March 2026, 05:30" in page


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


def test_a_password_comes_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("long and strange\n"))

    call_command("create_admin", "root", "--password-stdin")

    assert User.objects.get(username="root").check_password("long and strange")


def test_without_a_terminal_the_ways_to_give_a_password_are_said(monkeypatch):
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="Use --password-stdin or ADMIN_PASSWORD"):
        call_command("create_admin", "root")

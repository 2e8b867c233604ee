from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from annotate.databases import database


def test_sqlite_takes_the_write_lock_at_once_and_waits_for_it():
    found = database("sqlite:////var/annotate/db.sqlite3", pool_size=20)

    assert found["NAME"] == "/var/annotate/db.sqlite3"
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["OPTIONS"]["timeout"] == 20


def test_three_slashes_are_a_relative_path_and_escapes_are_read():
    found = database("sqlite:///my%20data/db.sqlite3", pool_size=20)
    assert found["NAME"] == str(Path.cwd() / "my data/db.sqlite3")


def test_postgres_is_taken_apart_and_pooled():
    url = "postgres://ann:p%40ss@db.example:5433/labels?sslmode=require"

    assert database(url, pool_size=7) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "labels",
        "USER": "ann",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {
            "sslmode": "require",
            "pool": {"min_size": 1, "max_size": 7, "timeout": 10},
        },
    }


def test_the_pool_can_be_turned_off():
    assert database("postgres://db.example/labels", pool_size=0)["OPTIONS"] == {}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root:secret@db/labels", "DATABASE_URL starts with 'mysql'"),
        ("sqlite://db.sqlite3", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("postgres://ann:secret@db.example/", "names no database"),
    ],
)
def test_a_url_that_makes_no_sense_stops_the_start_without_telling_the_password(url, complaint):
    with pytest.raises(ImproperlyConfigured, match=complaint) as error:
        database(url, pool_size=20)
    assert "secret" not in str(error.value)


@pytest.mark.django_db
def test_sqlite_runs_with_a_write_ahead_log_and_foreign_keys():
    if connection.vendor != "sqlite":
        pytest.skip("This is about SQLite.")
    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 20_000}

"""Hands a file to the workers, as the import page does. Run by the tests."""

import sys

import django

django.setup()

from corpus.imports.receiving import receive, start  # noqa: E402
from projects.models import Project  # noqa: E402

with open(sys.argv[1], "rb") as file:  # noqa: PTH123 - a script of three lines
    source = receive(project=Project.objects.get(), file=file, file_name="rows.csv", format="csv")
start(source, pairs=(("id", "id"), ("text", "text"), ("topic", "topic")))

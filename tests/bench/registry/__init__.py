"""What trains and what labels by itself, measured without a server. Its modules need Django."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotate.settings")
django.setup()

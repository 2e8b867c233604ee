"""The settings of the product, made quick and quiet for tests."""

import atexit
import os
import secrets
import shutil
import tempfile

folder = tempfile.mkdtemp(prefix="annotate-tests-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ.update({"DATA_DIR": folder, "PUBLIC_URL": "http://testserver", "ENGINE": "fake"})
os.environ.setdefault("SECRET_KEY", "only-for-tests-and-long-enough-for-the-check")

from annotate.settings import *  # noqa: E402, F403
from annotate.settings import (  # noqa: E402
    CACHES,
    CHANNEL_LAYERS,
    DATA_DIR,
    DATABASES,
    LOGGING,
    REDIS_URL,
    STORAGES,
)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of a live server then see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
# Several test processes share one Redis; each keeps to names of its own.
if REDIS_URL:
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"test-{secrets.token_hex(6)}"
    CACHES["default"]["KEY_PREFIX"] = CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
# Tests look at records through caplog; printed lines would only bury a failure.
LOGGING["handlers"]["console"] = {"class": "logging.NullHandler"}

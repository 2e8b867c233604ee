"""All settings, read from the environment. Every name is explained in docs/settings.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels
from django.core.exceptions import ImproperlyConfigured

from annotate import env
from annotate.databases import database
from annotate.remote_keys import remote_keys
from annotate.secret_key import kept_secret_key

# Read by numpy when it is imported. Its problems here are small: its threads would mostly wait for
# each other, and take the cores from the model and the pages (ten times the processor time).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where things are -------------------------------------------------------------------------
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "data")
DATA_DIR.mkdir(parents=True, exist_ok=True)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, least=1, most=65535)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
DEBUG = env.flag("DEBUG", default=False)

# --- Data, sockets and cache ------------------------------------------------------------------
DATABASE_URL = env.secret("DATABASE_URL", f"sqlite:///{quote(str(DATA_DIR / 'db.sqlite3'))}")
DATABASES = {
    "default": database(DATABASE_URL, pool_size=env.number("DATABASE_POOL_SIZE", 20)),
}
REDIS_URL = env.secret("REDIS_URL")

if REDIS_URL:
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                # A socket with nothing to say waits for 5 s at a time in one read; the client's
                # own limit of 5 s would end that read, and with it the socket. Its own limit of 100
                # connections would end sockets when many come or go at once.
                "hosts": [
                    {
                        "address": REDIS_URL,
                        "socket_timeout": 15,
                        "socket_connect_timeout": 5,
                        "max_connections": 2000,
                    }
                ],
                "capacity": 1000,
                "expiry": 30,
            },
        }
    }
    CACHES: dict[str, Any] = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
JOB_STALE_SECONDS = env.number("JOB_STALE_SECONDS", 60, least=20)
WORKERS = env.number("WORKERS", 1, most=64)

# --- The model --------------------------------------------------------------------------------
ENGINE = env.choice("ENGINE", "minilm", ("minilm", "fake", "off"))
ENCODER = env.text("ENCODER")
ENCODER_POOLING = env.choice("ENCODER_POOLING", "auto", ("auto", "mean", "cls"))
ENCODER_PREFIX = env.text("ENCODER_PREFIX")
TORCH_THREADS = env.number("TORCH_THREADS", 0)
MLFLOW_TRACKING_URI = env.text("MLFLOW_TRACKING_URI")
TRAINING_CHECKPOINT_SECONDS = env.number("TRAINING_CHECKPOINT_SECONDS", 60, least=1)
REMOTE_PRIVATE_NETWORKS = env.flag("REMOTE_PRIVATE_NETWORKS", default=False)
REMOTE_KEYS = remote_keys(env.words("REMOTE_KEYS"))

# --- Who may talk to us -----------------------------------------------------------------------
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
if (public_host := urlsplit(PUBLIC_URL).hostname) and public_host not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(public_host)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
EMBEDDED = DATABASE_URL.startswith("sqlite") and not REDIS_URL
SECRET_KEY = env.secret("SECRET_KEY")
if not SECRET_KEY:
    if not EMBEDDED:
        # Several processes on several machines must sign alike, so nothing is made up here.
        raise ImproperlyConfigured(
            "SECRET_KEY (or SECRET_KEY_FILE) is required with PostgreSQL or Redis."
        )
    SECRET_KEY = kept_secret_key(DATA_DIR)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "annotate.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 0)
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The proxy that ends HTTPS also redirects to it; health checks must get through without.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- How much we take in one request ------------------------------------------------------------
MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_MB", 2048, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("MAX_REQUEST_MB", 5, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MEDIA_ROOT = DATA_DIR / "files"

# --- Applications -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "annotate.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "annotate.apps.StaticConfig",
    "channels",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "import_export",
    "template_partials",
    "projects",
    "labeling",
    "corpus",
    "inference",
    "annotate",
]
MIDDLEWARE = [
    "annotate.middleware.request_id",
    "annotate.middleware.request_limit",
    "django.middleware.security.SecurityMiddleware",
    "annotate.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "annotate.middleware.time_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
MESSAGE_TAGS = {
    message_levels.SUCCESS: "good",
    message_levels.WARNING: "warn",
    message_levels.ERROR: "error",
}
ROOT_URLCONF = "annotate.urls"
ASGI_APPLICATION = "annotate.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- People -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "projects.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_PASSWORD")
EMAIL_SECURITY = env.choice("EMAIL_SECURITY", "starttls", ("starttls", "tls", "none"))
EMAIL_USE_TLS = EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "django.core.mail.backends.{}.EmailBackend".format(
    "smtp" if EMAIL_HOST else "console"
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "annotate@localhost")

# --- Words and times --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files -----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "annotate.static.HashedStaticFiles"
    },
}

# --- Logs -------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "json", ("json", "text"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "annotate.logs.JsonFormatter"},
        "text": {"()": "annotate.logs.TextFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Django attaches handlers of its own here; one place for all lines is enough.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "daphne": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}

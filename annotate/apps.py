from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.contrib.staticfiles.apps import StaticFilesConfig


class AnnotateConfig(AppConfig):
    name = "annotate"
    default = True

    def ready(self) -> None:
        from annotate import checks  # noqa: F401  (registers them)


class StaticConfig(StaticFilesConfig):
    # We serve an htmx of our own; the copies inside django-htmx are left out.
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx"]


class SiteConfig(admin_apps.AdminConfig):
    default = False
    default_site = "annotate.admin_site.Site"

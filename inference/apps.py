from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They register what the room's jobs do, what it takes out with an erased document, and
        # what it does when answers change.
        from inference import deleting, erasing, files, following, jobs  # noqa: F401 - they register themselves
        from inference.measuring import job  # noqa: F401 - as do these

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They register what the room's jobs do, and what it takes out with an erased document.
        from inference import deleting, erasing, jobs  # noqa: F401 - they register themselves

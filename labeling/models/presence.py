from django.conf import settings
from django.db import models


class Presence(models.Model):
    """One open socket of one person in one project."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=200, unique=True)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "user", "seen_at"], name="presence_person")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id}"

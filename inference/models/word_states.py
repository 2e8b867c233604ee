from django.db import models


class WordStates(models.Model):
    """What an encoder makes of the words of one answered text, so that a refit need not read it.

    Of the texts that a project's live heads learn from now, and of no others.
    """

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="word_states"
    )
    text_hash = models.CharField(max_length=64)
    encoder = models.CharField(max_length=100, help_text="Engine name: the weights it came from.")
    values = models.BinaryField(help_text="Little-endian float16, word by word.")

    class Meta:
        verbose_name_plural = "word states"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "encoder", "text_hash"], name="word_states_unique"
            )
        ]

    def __str__(self) -> str:
        return f"Words of {self.text_hash[:8]} by {self.encoder}"

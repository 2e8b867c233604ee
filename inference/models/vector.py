from django.db import models


class Vector(models.Model):
    """What an encoder makes of one text, kept under the text's hash for whoever asks again."""

    text_hash = models.CharField(max_length=64)
    encoder = models.CharField(max_length=100, help_text="Engine name: the weights it came from.")
    values = models.BinaryField(help_text="Little-endian float32.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder", "text_hash"], name="vector_unique")
        ]

    def __str__(self) -> str:
        return f"{self.text_hash[:8]} by {self.encoder}"

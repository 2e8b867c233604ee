from django.urls import path

from inference.consumers import LabelingConsumer

# Untyped in Channels.
socket = LabelingConsumer.as_asgi()  # type: ignore[no-untyped-call]

websocket_urlpatterns = [path("ws/projects/<slug:slug>/", socket)]

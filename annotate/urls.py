from django.contrib import admin
from django.urls import include, path

from annotate.views import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("projects.urls")),
    path("", include("labeling.urls")),
    path("", include("corpus.urls")),
    path("", include("inference.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "annotate.views.errors.bad_request"
handler403 = "annotate.views.errors.forbidden"
handler404 = "annotate.views.errors.not_found"
handler500 = "annotate.views.errors.server_error"

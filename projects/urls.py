from django.urls import URLPattern, URLResolver, include, path

from projects.views import jobs

# /projects/<slug>/jobs/
job_urls = [
    path("", jobs.job_list, name="jobs"),
    path("<int:job_id>/", jobs.job_page, name="job"),
    path("<int:job_id>/cancel", jobs.cancel_job, name="cancel_job"),
    path("<int:job_id>/retry", jobs.retry_job, name="retry_job"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:slug>/jobs/", include(job_urls)),
]

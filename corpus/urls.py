from django.urls import URLPattern, URLResolver, include, path

from corpus.views import dataset_files, datasets, diffs, erase, exports, imports, tags

# /projects/<slug>/imports/
import_urls = [
    path("", imports.import_list, name="imports"),
    path("upload", imports.upload, name="upload_import"),
    path("<int:import_id>/", imports.import_page, name="import"),
    path("<int:import_id>/start", imports.start_import, name="start_import"),
    path("<int:import_id>/resume", imports.resume_import, name="resume_import"),
    path("<int:import_id>/discard", imports.discard_import, name="discard_import"),
    path("<int:import_id>/problems.csv", imports.import_problems, name="import_problems"),
]

# /projects/<slug>/exports/
export_urls = [
    path("", exports.export_list, name="exports"),
    path("new", exports.create_export, name="create_export"),
    path("<int:export_id>/row", exports.export_row, name="export_row"),
    path("<int:export_id>/file", exports.export_file, name="export_file"),
    path("<int:export_id>/not-said.csv", exports.export_unsaid, name="export_unsaid"),
    path("<int:export_id>/cancel", exports.cancel_export, name="cancel_export"),
    path("<int:export_id>/retry", exports.retry_export, name="retry_export"),
    path("<int:export_id>/delete", exports.delete_export, name="delete_export"),
]

# /projects/<slug>/datasets/
dataset_urls = [
    path("", datasets.dataset_list, name="datasets"),
    path("freeze", datasets.freeze_dataset, name="freeze_dataset"),
    path("<int:number>/", datasets.dataset_page, name="dataset"),
    path("<int:number>/export", datasets.export_dataset, name="export_dataset"),
    path("<int:number>/file", dataset_files.dataset_file, name="dataset_file"),
    path("<int:number>/parquet", dataset_files.dataset_parquet, name="dataset_parquet"),
    path("<int:number>/folder.zip", dataset_files.dataset_folder, name="dataset_folder"),
    path("<int:number>/README.md", dataset_files.dataset_card, name="dataset_card"),
    path("<int:number>/tag", tags.tag_dataset, name="tag_dataset"),
    path("<int:number>/untag", tags.untag_dataset, name="untag_dataset"),
    path("<int:number>/diff", diffs.dataset_diff, name="dataset_diff"),
    path("<int:number>/diff.json", diffs.dataset_diff_file, name="dataset_diff_file"),
    path("<int:number>/compare", diffs.compare_datasets, name="compare_datasets"),
    path("<str:tag>/", tags.tagged_dataset, name="tagged_dataset"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "projects/<slug:slug>/documents/<int:document_id>/erase",
        erase.erase_document,
        name="erase_document",
    ),
    path("projects/<slug:slug>/imports/", include(import_urls)),
    path("projects/<slug:slug>/exports/", include(export_urls)),
    path("projects/<slug:slug>/datasets/", include(dataset_urls)),
]

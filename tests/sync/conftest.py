"""Document storage of the tests: a folder of each test's own."""

import pytest


@pytest.fixture(autouse=True)
def documents_folder(settings, tmp_path):
    settings.DOCUMENTS_URL = f"file://{tmp_path}/documents"
    return tmp_path / "documents"

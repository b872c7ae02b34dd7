"""One made-up market for all tests here; those that move it take a copy."""

import pytest

from tests.boxes import Box, copied


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "sandbox":
            item.add_marker(pytest.mark.xdist_group("sandbox"))


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory):
    """The state of a sandbox of the usual seed at the usual moment, made once."""
    folder = tmp_path_factory.mktemp("world")
    with Box(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def shared(world_folder, tmp_path_factory):
    with Box(copied(world_folder, tmp_path_factory.mktemp("shared")), ("--fast",)) as box:
        yield box


@pytest.fixture
def box(shared):
    """The shared sandbox, calm before and after."""
    shared.calm()
    yield shared
    shared.calm()

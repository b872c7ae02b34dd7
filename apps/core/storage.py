"""Where documents lie: a folder or an S3-compatible bucket, chosen by DOCUMENTS_URL (file:///..., s3://bucket/prefix, memory://).

Keys are relative paths that begin with the agency: `agency/7/orders/ab12...`. What was saved is never changed.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from apps.core.tenancy import acting_agency


class Missing(FileNotFoundError):
    """No document lies under this key."""


class Documents(Protocol):
    """A place for bytes."""

    def save(self, key: str, source: Path) -> None: ...
    def open(self, key: str) -> BinaryIO: ...
    def exists(self, key: str) -> bool: ...
    def size(self, key: str) -> int: ...
    def delete(self, key: str) -> None: ...


def agency_key(*parts: object) -> str:
    """A key that cannot meet another agency's. Raises NoTenant while nobody acts."""
    return "/".join(["agency", str(acting_agency()), *map(str, parts)])


def documents(url: str = "") -> Documents:
    """The installation's document storage. Raises ValueError for an unknown scheme."""
    return _documents(url or settings.DOCUMENTS_URL)


@lru_cache
def _documents(url: str) -> Documents:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return Bucket(parts.netloc, parts.path.strip("/"))
    if parts.scheme == "memory":
        return Memory()
    raise ValueError(f"DOCUMENTS_URL must begin with file:// or s3://, not {parts.scheme!r}")


@contextmanager
def local_copy(key: str) -> Iterator[Path]:
    """The document as a file of this machine, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="document-") as folder:
        path = Path(folder) / "document"
        with documents().open(key) as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 2**20)
        yield path


class Folder:
    """A local folder. A document appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def save(self, key: str, source: Path) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file, source.open("rb") as bytes_:
                shutil.copyfileobj(bytes_, file, 2**20)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise Missing(key) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise Missing(key) from None

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root):
            raise ValueError(f"{key!r} leaves the document folder")
        return path


class Memory:
    """Bytes of this process only: for tests, and for a look at the product that leaves nothing behind."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def save(self, key: str, source: Path) -> None:
        self.held[key] = source.read_bytes()

    def open(self, key: str) -> BinaryIO:
        if key not in self.held:
            raise Missing(key)
        return BytesIO(self.held[key])

    def exists(self, key: str) -> bool:
        return key in self.held

    def size(self, key: str) -> int:
        if key not in self.held:
            raise Missing(key)
        return len(self.held[key])

    def delete(self, key: str) -> None:
        self.held.pop(key, None)


class Bucket:
    """An S3-compatible bucket; keys and endpoint come from the usual AWS_* variables. Needs the extra `s3`."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket, self.prefix = bucket, prefix
        self.client: Any = import_string("boto3.client")("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))

    def save(self, key: str, source: Path) -> None:
        self.client.upload_file(str(source), self.bucket, self._key(key))

    def open(self, key: str) -> BinaryIO:
        try:
            body: BinaryIO = self.client.get_object(Bucket=self.bucket, Key=self._key(key))["Body"]
        except self.client.exceptions.NoSuchKey:
            raise Missing(key) from None
        return body

    def exists(self, key: str) -> bool:
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self._key(key), MaxKeys=1)
        return any(each["Key"] == self._key(key) for each in found.get("Contents", ()))

    def size(self, key: str) -> int:
        return int(self.client.head_object(Bucket=self.bucket, Key=self._key(key))["ContentLength"])

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

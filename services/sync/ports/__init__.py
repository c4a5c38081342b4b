"""The blob store: the port between sync and the disks."""

from services.sync.ports.blobs import BlobReader, Blobs
from services.sync.ports.folder import FolderBlobs
from services.sync.ports.gridfs import GridFsBlobs

__all__ = ["BlobReader", "Blobs", "FolderBlobs", "GridFsBlobs"]

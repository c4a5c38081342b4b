"""What stands between sync and the disks: the blob store."""

from services.sync.ports.blobs import BlobReader, Blobs
from services.sync.ports.folder import FolderBlobs
from services.sync.ports.gridfs import GridFsBlobs

__all__ = ["BlobReader", "Blobs", "FolderBlobs", "GridFsBlobs"]

"""The composition root of sync: opens nothing itself, wires everything, reads from top to bottom."""

from services.sync.api import SyncApi, WebDav
from services.sync.api.addresses import Addresses
from services.sync.api.requests import Door
from services.sync.ports import FolderBlobs
from services.sync.service.identity import AskIdentity
from services.sync.service.locking import Locking
from services.sync.service.reading import Reading
from services.sync.service.turns import Turns
from services.sync.service.uploads import Uploads
from services.sync.service.visitors import Visitors
from services.sync.service.writing import Writing
from services.sync.settings import Settings
from services.sync.store import DOCUMENTS, Contents, Erasures, Keys, LockRows, Nodes, Shelves, Spaces, Trees
from shared.chassis import Chassis, Parts


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire sync."""
    db, new_id, clock = chassis.db, chassis.new_id, chassis.clock
    blobs = FolderBlobs(settings.platform.data_dir / "blobs")
    spaces, contents = Spaces(db, quota_bytes=settings.quota_bytes), Contents(db)
    trees = Trees(
        spaces=spaces,
        keys=Keys(db, chassis.vault),
        nodes=Nodes(db),
        contents=contents,
        locks=LockRows(db),
        erasures=Erasures(db),
        shelves=Shelves(),
    )
    turns = Turns(db, trees, clock)
    visitors = Visitors(AskIdentity(chassis.asker), clock)
    reading = Reading(turns=turns, contents=contents, spaces=spaces, blobs=blobs)
    writing = Writing(turns=turns, new_id=new_id)
    addresses = Addresses.at(settings.platform.public_url)
    webdav = WebDav(
        door=Door(visitors=visitors, addresses=addresses, clock=clock),
        addresses=addresses,
        reading=reading,
        writing=writing,
        uploads=Uploads(
            turns=turns, writing=writing, contents=contents, blobs=blobs, new_id=new_id, clock=clock
        ),
        locking=Locking(turns=turns, new_id=new_id),
    )
    return Parts(routes=SyncApi(reading=reading).routes(), documents=DOCUMENTS, raw=webdav.add_to)

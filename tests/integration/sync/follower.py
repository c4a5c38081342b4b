"""A client that follows a folder by sync tokens (RFC 6578), as its authors would write it."""

from dataclasses import dataclass, field

from lxml import etree

from tests.integration.sync.harness import DavClient, xpath
from tests.support.http import Reply


def sync_body(token: str = "", *, level: str = "infinite", limit: int | None = None, props: str = "<getetag/>") -> str:
    limited = f"<limit><nresults>{limit}</nresults></limit>" if limit is not None else ""
    return (
        f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>{level}</sync-level>'
        f"{limited}<prop>{props}<resourcetype/></prop></sync-collection>"
    )


@dataclass(slots=True)
class Follower:
    """Knows the entity tag of each address in *folder*."""

    device: DavClient
    folder: str = ""
    level: str = "infinite"
    limit: int | None = None
    token: str = ""
    known: dict[str, str] = field(default_factory=dict)
    restarts: int = 0
    pages: int = 0

    async def follow(self) -> None:
        """Ask until everything is known; where the token is refused, start again."""
        while True:
            reply = await self.device.ask("REPORT", self.folder, {"Depth": "0"}, self._body())
            if reply.status == 403 and b"valid-sync-token" in reply.body and self.token:
                self.token, self.known = "", {}
                self.restarts += 1
                continue
            assert reply.status == 207, reply
            self.pages += 1
            if not self._learn(reply):
                return

    def _body(self) -> str:
        return sync_body(self.token, level=self.level, limit=self.limit)

    def _learn(self, reply: Reply) -> bool:
        """Take in what is told; tell whether there is more."""
        more, told = False, 0
        for response in xpath(reply.body, "/d:multistatus/d:response"):
            href, status = response.findtext("{DAV:}href"), response.findtext("{DAV:}status", "")
            if "507" in status:
                assert response.find(".//{DAV:}number-of-matches-within-limits") is not None
                more = True
                continue
            told += 1
            self._take(href, status, response)
        assert self.limit is None or told <= self.limit
        self.token = xpath(reply.body, "/d:multistatus/d:sync-token/text()")[0]
        return more

    def _take(self, href: str, status: str, response: "etree._Element") -> None:
        is_folder = response.find(".//{DAV:}collection") is not None
        address = href.rstrip("/")
        if "404" in status:
            self._drop(address)
            self.known.pop(address, None)
            return
        if not is_folder:
            self._drop(address)
        self.known[address] = response.findtext(".//{DAV:}getetag") or ""

    def _drop(self, address: str) -> None:
        self.known = {at: tag for at, tag in self.known.items() if not at.startswith(f"{address}/")}


async def listed(device: DavClient, folder: str = "", *, deep: bool = True) -> dict[str, str]:
    """Return the entity tag of each address in *folder*, as PROPFIND tells them."""
    found: dict[str, str] = {}
    targets = [device.path(folder).rstrip("/")]
    while targets:
        target = targets.pop()
        reply = await device.raw("PROPFIND", target, {"Depth": "1"})
        assert reply.status == 207, reply
        for response in xpath(reply.body, "/d:multistatus/d:response"):
            address = str(response.findtext("{DAV:}href")).rstrip("/")
            if address == target:
                continue
            found[address] = response.findtext(".//{DAV:}getetag") or ""
            if deep and response.find(".//{DAV:}collection") is not None:
                targets.append(address)
    return found

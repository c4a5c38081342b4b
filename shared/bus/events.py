"""What a fact is called: its message name, told by its publisher."""

import re

from google.protobuf.message import Message


def event_type(message: Message | type[Message], service: str) -> str:
    """Return the type of a fact as *service* tells it: AccountVerified -> ``identity.account.verified.v1``.

    The last word of the name is the verb. A service tells its own facts and the common ones, nobody else's.
    """
    *_, owner, version = message.DESCRIPTOR.file.package.split(".")
    if owner not in ("common", service):
        raise ValueError(f"{message.DESCRIPTOR.name} is a fact of {owner}: {service} cannot tell it")
    *noun, verb = re.findall(r"[A-Z][a-z0-9]*", message.DESCRIPTOR.name)
    return f"{service}.{'_'.join(noun)}.{verb}.{version}".lower()

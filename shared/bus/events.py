"""Event types: the name of the message with the name of its publisher."""

import re

from google.protobuf.message import Message


def event_type(message: Message | type[Message], service: str) -> str:
    """Return the type of an event of *service*: AccountVerified -> ``identity.account.verified.v1``.

    The last word of the name is the verb. A service publishes its own events and the common ones only.
    """
    *_, owner, version = message.DESCRIPTOR.file.package.split(".")
    if owner not in ("common", service):
        raise ValueError(f"{message.DESCRIPTOR.name} is an event of {owner}: {service} cannot publish it")
    *noun, verb = re.findall(r"[A-Z][a-z0-9]*", message.DESCRIPTOR.name)
    return f"{service}.{'_'.join(noun)}.{verb}.{version}".lower()

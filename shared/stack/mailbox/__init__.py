"""The local mailbox: takes every mail that the platform sends on this machine, and shows it to who runs it."""

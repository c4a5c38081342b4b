"""The local mailbox: accepts every mail that the platform sends on this machine and shows it to the developer."""

"""The texts of the mails that identity sends."""

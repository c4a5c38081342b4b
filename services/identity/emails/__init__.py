"""The e-mails that identity sends; their texts are in ``templates``."""

"""The emails of newsletter by feature, and the tokens of their links; the texts are in ``templates``."""

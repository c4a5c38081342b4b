"""Mail that comes in: what it is, and what it says about the email it answers.

``judge`` decides in this order: door and token, shape, delayed or final, class of the reply before the status, words.
"""

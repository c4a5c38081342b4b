"""Segments: a part of a list's subscribers, described by a typed filter."""

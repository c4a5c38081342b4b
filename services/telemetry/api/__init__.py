"""Telemetry over HTTP: parse, one call, render.

The routes for devices are anonymous: a token or cookie that a client sends along is not read. All is sent in bodies,
because paths are logged.
"""

from services.telemetry.api.page_views import PageViewsApi
from services.telemetry.api.reports import ReportsApi
from services.telemetry.api.statistics import PublicStatisticsApi
from services.telemetry.api.tokens import TokensApi

__all__ = ["PageViewsApi", "PublicStatisticsApi", "ReportsApi", "TokensApi"]

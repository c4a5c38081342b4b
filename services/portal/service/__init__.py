"""What the portal does for a visitor: sessions, questions to the APIs, the merged reference, the board of promises."""

from services.portal.service.board import Board, Line, board
from services.portal.service.reference import Reference
from services.portal.service.sessions import Sessions
from services.portal.service.visitor import Part, Visitor, parts

__all__ = ["Board", "Line", "Part", "Reference", "Sessions", "Visitor", "board", "parts"]

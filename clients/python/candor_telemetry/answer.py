"""The stored answer: yes, no, or none. Whatever cannot be read is a no, and a default is never stored."""

import os
from typing import NamedTuple

from candor_telemetry.files import delete_file, read_object, replace_object

FILE = "answer.json"


class Answer(NamedTuple):
    """What a person answered to one version of the question."""

    agreed: bool | None
    """None: the person has not answered, or the file cannot be read."""
    question_version: int = 0
    first_week: str = ""
    """The first whole week after the yes; nothing before it is counted or sent."""
    is_readable: bool = True
    """False: there is a file, and it is none of ours."""

    def covers(self, question_version: int) -> bool:
        """Return whether it is a yes to exactly this version: a yes to less, or to more, is no yes to this."""
        return self.agreed is True and self.question_version == question_version and bool(self.first_week)

    def settles(self, question_version: int) -> bool:
        """Return whether the question need not be asked: a no stays a no, whatever is asked later."""
        return self.agreed is False or not self.is_readable or self.covers(question_version)


def read_answer(folder: str) -> Answer:
    """Return the answer in *folder*."""
    path = os.path.join(folder, FILE)
    stored = read_object(path)
    if stored is None:
        return Answer(None, is_readable=not os.path.lexists(path))
    agreed, version, week = (stored.get(name) for name in ("answer", "question_version", "first_week"))
    if type(agreed) is not bool or type(version) is not int or not isinstance(week, str):
        return Answer(None, is_readable=False)
    return Answer(agreed, version, week)


def store_answer(folder: str, answer: Answer) -> Answer:
    """Store *answer* and return what is then in the file. Raises OSError when it cannot be stored."""
    content = {
        "answer": answer.agreed,
        "question_version": answer.question_version,
        "first_week": answer.first_week,
    }
    replace_object(os.path.join(folder, FILE), content)
    return read_answer(folder)


def delete_answer(folder: str) -> None:
    """Forget the answer, so that the person is asked again."""
    delete_file(os.path.join(folder, FILE))

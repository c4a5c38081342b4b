"""``python -m tests.reference``: write the pages."""

import asyncio
import logging

from tests.reference.pages import FOLDER, render_pages

logging.disable(logging.CRITICAL)  # the composed services find no broker, and need none
for name, text in asyncio.run(render_pages()).items():
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"docs/reference/{name} is written")

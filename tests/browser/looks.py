"""What every page must be for those who cannot see it well, cannot use a mouse, or hold it in one hand (WCAG 2.2 AA).

A small check of our own, of what can be computed: names, headings, contrast, sizes, and that nothing is cut off. Where
the package axe-playwright-python is installed, its axe-core looks as well.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

OURS = Path(__file__).with_name("looks.js").read_text(encoding="utf-8")

AXE = """
async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules } });
  return found.violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 120)}`));
}
"""


def axe_core() -> Path | None:
    """Return the script of axe-core; None where its package is not installed."""
    spec = find_spec("axe_playwright_python")
    return Path(spec.origin).with_name("axe.min.js") if spec and spec.origin else None


async def findings(page: "Page", script: str = OURS) -> list[str]:
    """Return what is wrong with the page as it is now."""
    found: Any = await page.evaluate(script)
    return list(dict.fromkeys(found))

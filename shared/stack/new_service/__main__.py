"""``python -m shared.stack.new_service loyalty``: create a working service (``make new-service NAME=loyalty``)."""

import sys
from typing import Annotated

import typer

from shared.registry import get_registry
from shared.stack.new_service.writer import NewService, NewServiceError
from shared.stack.settings import ROOT

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def new_service(
    name: Annotated[str, typer.Argument(help="2 to 20 lower-case letters and digits, such as loyalty")],
    summary: Annotated[str, typer.Option(help="what the service owns, in one phrase")] = "",
    label: Annotated[str, typer.Option(help="what customers call it")] = "",
) -> None:
    """Create services/NAME with all its layers, first tests and a probe, and add it to shared/services.yaml.

    The service starts, answers /healthz, takes part in exports and erasures, and passes `make check`.
    docs/how-to/new-service.md describes the next steps.
    """
    service = NewService(name=name, summary=summary or f"the items of {name}", label=label or name.capitalize())
    service.check(ROOT, get_registry())
    for path in service.write(ROOT):
        print(path)
    print(f"\nservices/{name} was added to shared/services.yaml, the edge, the README and the error codes.")
    print(f"Try it:  make check · .venv/bin/python -m pytest tests/unit/{name} tests/integration/{name} · make run")
    print("Next:    docs/how-to/new-service.md")


def main() -> None:
    """Run the command; an error is one line and exit code 2."""
    try:
        app()
    except NewServiceError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()

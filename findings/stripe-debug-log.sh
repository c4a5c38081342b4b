#!/bin/sh
# Expected: the library of a card processor keeps card numbers out of what it prints.
# Found (stripe 16.1.0): with STRIPE_LOG=debug it prints the whole body of a request to stderr, number and code included.
# What we do: payments does not start with STRIPE_LOG set, and holds the library's logger at WARNING.
set -eu
cd "$(dirname "$0")/.."
printed=$(STRIPE_LOG=debug .venv/bin/python - 2>&1 <<'PYTHON' || true
import asyncio
import stripe

stripe.enable_telemetry = False


async def main() -> None:
    client = stripe.StripeClient(
        "sk_test_x", http_client=stripe.AIOHTTPClient(timeout=5), base_addresses={"api": "http://127.0.0.1:9"}
    )
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "737"}
    try:
        await client.v1.payment_methods.create_async({"type": "card", "card": card})
    except stripe.APIConnectionError:
        pass


asyncio.run(main())
PYTHON
)
case $printed in
  *4242424242424242*) echo "holds: the number is printed" ;;
  *) echo "no longer holds: nothing of the card is printed; see services/payments/settings.py" >&2; exit 1 ;;
esac

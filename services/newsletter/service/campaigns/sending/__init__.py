"""The workers that send the batches of campaigns: check, sign, hand to the relay, store the answer."""

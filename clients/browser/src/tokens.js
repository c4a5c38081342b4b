// One-week tokens (RFC 9497, VOPRF with ristretto255-SHA512): what proves a yes without saying whose.
import { DLEQProof, Evaluation, Oprf, VOPRFClient } from "@cloudflare/voprf-ts";
import { CryptoNoble } from "@cloudflare/voprf-ts/crypto-noble";

const SUITE = Oprf.Suite.RISTRETTO255_SHA512;
const NUMBER_BYTES = 32;
Oprf.Crypto = CryptoNoble;

export function encode(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function decode(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

// Draws a number and blinds it; the result stays here, its `element` is sent.
export async function blindNumber(publicKey) {
  const number = crypto.getRandomValues(new Uint8Array(NUMBER_BYTES));
  const client = new VOPRFClient(SUITE, decode(publicKey));
  const [finalizeData, request] = await client.blind([number]);
  return { number, client, finalizeData, publicKey, element: encode(request.blinded[0].serialize(true)) };
}

// Returns the token; throws when the proof does not show that it was made with the published key.
export async function unblindToken(blinded, { evaluated, proof }) {
  const group = Oprf.getGroup(SUITE);
  const elements = [group.desElt(decode(evaluated))];
  const evaluation = new Evaluation(Oprf.Mode.VOPRF, elements, DLEQProof.deserialize(group.id, decode(proof)));
  const [token] = await blinded.client.finalize(blinded.finalizeData, evaluation);
  return { number: encode(blinded.number), token: encode(token), publicKey: blinded.publicKey };
}

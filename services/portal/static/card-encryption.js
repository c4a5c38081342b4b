// Encrypts a card for the payments service, in any browser and any app with WebCrypto; it imports nothing.
//
//   import { encryptCard } from ".../static/card-encryption.js";
//   const encryption = await (await fetch("/v1/payments/encryption-keys", { headers: { Authorization } })).json();
//   const jwe = await encryptCard(encryption, { number, expMonth, expYear, securityCode });
//
// A compact JWE (RFC 7516): ECDH-ES (RFC 7518 section 4.6; X25519: RFC 8037) with A256GCM, without compression. The stamp
// of the service goes inside, so the clock of the device plays no part. Number and code leave only as ciphertext.

const ENCODER = new TextEncoder();
const KEY_BITS = 256;
const CURVES = {
  X25519: { name: "X25519" },
  "P-256": { name: "ECDH", namedCurve: "P-256" },
};
const PREFERRED = ["X25519", "P-256"];
// Networks that issue numbers without a check digit: UnionPay.
const NO_CHECK_DIGIT = /^(62\d{14,17}|81[0-6]\d{13,16})$/;

export class UnsupportedBrowserError extends Error {}

// The digits of a typed number: spaces and dashes are how people write it.
export function cardDigits(typed) {
  return typed.replace(/[\s-]/g, "");
}

// Whether the digits can be a card: 12 to 19 of them, not all the same, with a check digit where the network has one.
// The processor knows which numbers exist.
export function isCardNumber(digits) {
  if (!/^[1-9]\d{11,18}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  return NO_CHECK_DIGIT.test(digits) || hasCheckDigit(digits);
}

function hasCheckDigit(digits) {
  let total = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 ? digit * 2 : digit;
    total += doubled > 9 ? doubled - 9 : doubled;
  }
  return total % 10 === 0;
}

// The month and year of 9/29, 09 / 2029 or 0929; null for anything else.
export function parseExpiry(typed) {
  const found = /^\s*(\d{1,2})\s*[/. -]\s*(\d{2}|\d{4})\s*$/.exec(typed) ?? /^\s*(\d{2})(\d{2}|\d{4})\s*$/.exec(typed);
  if (!found) return null;
  const [month, year] = [Number(found[1]), Number(found[2])];
  return month >= 1 && month <= 12 ? { month, year: year < 100 ? 2000 + year : year } : null;
}

// The card as a compact JWE, for one of the keys of *encryption* and with its stamp.
export async function encryptCard(encryption, { number, expMonth, expYear, securityCode }) {
  const plain = JSON.stringify({
    number: cardDigits(number),
    exp_month: expMonth,
    exp_year: expYear,
    security_code: securityCode,
    stamp: encryption.stamp,
  });
  return encryptText(await chooseKey(encryption.keys), plain);
}

// The first key whose curve this browser has.
async function chooseKey(keys) {
  for (const curve of PREFERRED) {
    for (const key of keys.filter((each) => each.crv === curve)) {
      const imported = await importKey(key).catch(() => null);
      if (imported) return { ...key, imported };
    }
  }
  throw new UnsupportedBrowserError("no key of a known curve");
}

function importKey({ kty, crv, x, y }) {
  return crypto.subtle.importKey("jwk", { kty, crv, x, y }, CURVES[crv], false, []);
}

export async function encryptText({ crv, kid, imported }, text) {
  const ours = await crypto.subtle.generateKey(CURVES[crv], false, ["deriveBits"]);
  const { kty, x, y } = await crypto.subtle.exportKey("jwk", ours.publicKey);
  const header = { alg: "ECDH-ES", enc: "A256GCM", kid, epk: { kty, crv, x, y } };
  const shared = await crypto.subtle.deriveBits({ name: CURVES[crv].name, public: imported }, ours.privateKey, KEY_BITS);
  const protectedHeader = base64url(ENCODER.encode(JSON.stringify(header)));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: ENCODER.encode(protectedHeader) },
      await contentKey(shared),
      ENCODER.encode(text),
    ),
  );
  const [content, tag] = [sealed.slice(0, -16), sealed.slice(-16)];
  return [protectedHeader, "", base64url(iv), base64url(content), base64url(tag)].join(".");
}

// The Concat KDF of NIST SP 800-56A, one round: 256 bits are exactly what one SHA-256 gives.
async function contentKey(shared) {
  const algorithm = ENCODER.encode("A256GCM");
  const noParty = uint32(0); // apu and apv are empty
  const info = joined(uint32(algorithm.length), algorithm, noParty, noParty, uint32(KEY_BITS));
  const digest = await crypto.subtle.digest("SHA-256", joined(uint32(1), new Uint8Array(shared), info));
  return crypto.subtle.importKey("raw", digest, "AES-GCM", false, ["encrypt"]);
}

function base64url(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function uint32(number) {
  return new Uint8Array([number >>> 24, number >>> 16, number >>> 8, number]);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

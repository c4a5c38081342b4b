// Encrypts a card in the browser before it is sent: JWE, ECDH-ES with A256GCM (RFC 7516, RFC 7518 section 4.6).
// Number and code leave the browser only as ciphertext for the payments service. Their inputs have no name, so that
// no form can send them unencrypted.

const ENCODER = new TextEncoder();
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEY_BITS = 256;

function base64url(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
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

// The Concat KDF of NIST SP 800-56A, one round: 256 bits are exactly what one SHA-256 gives.
async function contentKey(shared) {
  const algorithm = ENCODER.encode("A256GCM");
  const noParty = uint32(0); // apu and apv are empty
  const info = joined(uint32(algorithm.length), algorithm, noParty, noParty, uint32(KEY_BITS));
  const digest = await crypto.subtle.digest("SHA-256", joined(uint32(1), new Uint8Array(shared), info));
  return crypto.subtle.importKey("raw", digest, "AES-GCM", false, ["encrypt"]);
}

async function sealed(key, text) {
  const { kty, crv, x, y } = key;
  const theirs = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, CURVE, false, []);
  const ours = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const epk = await crypto.subtle.exportKey("jwk", ours.publicKey);
  const header = {
    alg: "ECDH-ES",
    enc: "A256GCM",
    kid: key.kid,
    epk: { kty: epk.kty, crv: epk.crv, x: epk.x, y: epk.y },
  };
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, KEY_BITS);
  const start = base64url(ENCODER.encode(JSON.stringify(header)));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const whole = new Uint8Array(
    await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: ENCODER.encode(start) },
      await contentKey(shared),
      ENCODER.encode(text),
    ),
  );
  const [content, tag] = [whole.slice(0, -16), whole.slice(-16)];
  return [start, "", base64url(iv), base64url(content), base64url(tag)].join(".");
}

function luhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const doubled = Number(digit) * (place % 2 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return sum % 10 === 0;
}

function expiry(text) {
  const found = /^\s*(\d{1,2})\s*[/\-. ]\s*(\d{2}|\d{4})\s*$/.exec(text);
  if (!found) return null;
  const [month, year] = [Number(found[1]), Number(found[2])];
  return month >= 1 && month <= 12 ? { month, year: year < 100 ? 2000 + year : year } : null;
}

const form = document.getElementById("card-form");
const field = (id) => document.getElementById(id);

function complain(id, text) {
  field(id).setAttribute("aria-invalid", text ? "true" : "false");
  field(`${id}-wrong`).textContent = text;
  return !text;
}

function checked() {
  const digits = field("number").value.replace(/[\s-]/g, "");
  const date = expiry(field("expiry").value);
  const code = field("code").value.trim();
  const wellTyped = [
    complain("number", /^\d{12,19}$/.test(digits) && luhn(digits) ? "" : "Check the card number: a digit is missing or wrong."),
    complain("expiry", date ? "" : "Enter month and year, for example 09/29."),
    complain("code", /^\d{3,4}$/.test(code) ? "" : "Enter the three or four digits of the security code."),
  ].every(Boolean);
  return wellTyped ? { digits, date, code } : null;
}

async function send() {
  const card = checked();
  if (!card) {
    form.querySelector('[aria-invalid="true"]').focus();
    return;
  }
  const answer = await fetch(form.dataset.key, { credentials: "omit", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no key");
  const typed = {
    number: card.digits,
    exp_month: card.date.month,
    exp_year: card.date.year,
    security_code: card.code,
    account_id: form.dataset.account,
    issued_at: new Date().toISOString(),
  };
  form.elements.jwe.value = await sealed(await answer.json(), JSON.stringify(typed));
  for (const id of ["number", "expiry", "code"]) field(id).value = "";
  form.submit();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  field("card-fault").hidden = true;
  const button = form.querySelector("button");
  button.disabled = true;
  send()
    .catch(() => {
      field("card-fault").hidden = false;
    })
    .finally(() => {
      button.disabled = false;
    });
});

field("needs-script").hidden = true;
form.hidden = false;

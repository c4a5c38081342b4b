// The form of a card: checks what was typed, has it encrypted, and sends the ciphertext. The inputs of number and code
// have no name, so that no form can send them unencrypted.

import { cardDigits, encryptCard, isCardNumber, parseExpiry } from "./card-encryption.js";

const form = document.getElementById("card-form");
const field = (id) => document.getElementById(id);

function complain(id, text) {
  field(id).setAttribute("aria-invalid", text ? "true" : "false");
  field(`${id}-wrong`).textContent = text;
  return !text;
}

function checked() {
  const digits = cardDigits(field("number").value);
  const date = parseExpiry(field("expiry").value);
  const code = field("code").value.trim();
  const wellTyped = [
    complain("number", isCardNumber(digits) ? "" : "Check the card number: a digit is missing or wrong."),
    complain("expiry", date ? "" : "Enter month and year, for example 09/29."),
    complain("code", /^\d{3,4}$/.test(code) ? "" : "Enter the three or four digits of the security code."),
  ].every(Boolean);
  return wellTyped ? { number: digits, expMonth: date.month, expYear: date.year, securityCode: code } : null;
}

async function send() {
  const card = checked();
  if (!card) {
    form.querySelector('[aria-invalid="true"]').focus();
    return;
  }
  const answer = await fetch(form.dataset.keys, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no keys");
  form.elements.jwe.value = await encryptCard(await answer.json(), card);
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

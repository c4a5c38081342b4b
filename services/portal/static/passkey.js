// Requests a passkey (WebAuthn) and puts the result into the form of the button, which sends it.
// The challenge is part of the page, or is fetched when the button is pressed; nothing is stored here.

const CANCELLED = "The request was cancelled or timed out, or this device has no passkey for your account. Nothing was changed.";
const WHY = {
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError: "Passkeys require a domain name; they do not work with an IP address such as 127.0.0.1.",
  NetworkError: "The connection failed. Check your internet connection and try again.",
};

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function base64url(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// parseCreationOptionsFromJSON and parseRequestOptionsFromJSON for older browsers.
function opened(options) {
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) publicKey.allowCredentials = known(options.allowCredentials);
  if (options.excludeCredentials) publicKey.excludeCredentials = known(options.excludeCredentials);
  return publicKey;
}

// PublicKeyCredential.toJSON for older browsers.
function plain(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = base64url(credential.response[name]);
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return { id: credential.id, rawId: base64url(credential.rawId), type: credential.type, response };
}

async function challenge(form) {
  if (form.dataset.options) {
    return { challenge_id: form.elements.challenge_id.value, options: JSON.parse(form.dataset.options) };
  }
  const answer = await fetch(form.dataset.challenges, { method: "POST", credentials: "omit" }).catch(() => null);
  if (!answer?.ok) throw new DOMException("no challenge", "NetworkError");
  return answer.json();
}

function fill(form, asked, made) {
  form.elements.credential.value = JSON.stringify(plain(made));
  form.elements.challenge_id.value = asked.challenge_id;
  form.submit();
}

// Devices then stop offering passkeys that were removed here.
function signal(holder) {
  const accepted = JSON.parse(holder.dataset.acceptedCredentials);
  return PublicKeyCredential.signalAllAcceptedCredentials?.({
    rpId: accepted.rp_id,
    userId: accepted.user_id,
    allAcceptedCredentialIds: accepted.credential_ids,
  });
}

async function send(form) {
  const asked = await challenge(form);
  const publicKey = opened(asked.options);
  const { credentials } = navigator;
  const made = form.dataset.passkey === "create" ? credentials.create({ publicKey }) : credentials.get({ publicKey });
  fill(form, asked, await made);
}

function complain(form, fault) {
  const box = form.querySelector("[data-fault]");
  box.querySelector("p").textContent = WHY[fault.name] || CANCELLED;
  box.hidden = false;
  box.focus();
}

function wire(form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.querySelector("[data-fault]").hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    send(form)
      .catch((fault) => complain(form, fault))
      .finally(() => {
        button.disabled = false;
      });
  });
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) wire(form);
  for (const holder of document.querySelectorAll("[data-accepted-credentials]")) {
    signal(holder)?.catch(() => {}); // the page is complete without it
  }
  for (const note of document.querySelectorAll("[data-needs-passkey]")) note.hidden = true;
}

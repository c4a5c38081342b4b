// openid-client: discovery at both addresses, an app with PKCE and a long state, and a partner.
import * as client from "openid-client";
import { asked, check, finish, openInBrowser, step } from "./dialog.mjs";

const issuer = new URL(asked.issuer);
const insecure = { execute: [client.allowInsecureRequests] };
const find = (algorithm, id = asked.client_id, auth = client.None(), metadata = undefined) =>
  client.discovery(issuer, id, metadata, auth, { ...insecure, algorithm });

async function logIn(config) {
  const verifier = client.randomPKCECodeVerifier();
  const state = "s".repeat(1500);
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: asked.redirect_uri,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  const back = await openInBrowser(url);
  return client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
}

async function beTold(config) {
  const url = client.buildAuthorizationUrl(config, { redirect_uri: asked.redirect_uri, scope: "admin", state: "x" });
  const back = await openInBrowser(url);
  try {
    await client.authorizationCodeGrant(config, back, { expectedState: "x" });
  } catch (fault) {
    return check(fault.error === "invalid_request" || fault.error === "invalid_scope", String(fault.error));
  }
  throw new Error("no error");
}

const config = await step("metadata (RFC 8414)", () => find("oauth2"));
await step("metadata (OpenID)", () => find("oidc"));
const tokens = await step("code with PKCE", () => logIn(config));
await step("a wrong request is told to the app", () => beTold(config));
const fresh = await step("refresh", () => client.refreshTokenGrant(config, tokens.refresh_token));
await step("revocation", () => client.tokenRevocation(config, fresh.refresh_token));
await step("client credentials, introspection", async () => {
  for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
    const partner = await find("oauth2", asked.partner_id, method(asked.partner_secret));
    const token = await client.clientCredentialsGrant(partner);
    check((await client.tokenIntrospection(partner, token.access_token)).active, "not active");
  }
});
finish();

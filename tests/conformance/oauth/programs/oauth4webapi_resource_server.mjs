// oauth4webapi as a resource server that keeps to RFC 9068, and RFC 9728 discovery.
import * as oauth from "oauth4webapi";
import { asked, check, finish, step } from "./dialog.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(asked.issuer);
const found = await step("metadata (RFC 8414)", async () =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" })),
);
await step("metadata (RFC 9728)", async () => {
  const reply = await oauth.resourceDiscoveryRequest(issuer, insecure);
  check((await oauth.processResourceDiscoveryResponse(issuer, reply)).authorization_servers[0] === asked.issuer, "other");
});
await step("verification", async () => {
  const request = new Request(asked.issuer, { headers: { authorization: `Bearer ${asked.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(found, request, "candor", insecure);
  check(claims.client_id === asked.client_id && claims.jti, "another client");
});
finish();

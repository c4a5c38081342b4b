// jose as a resource server, with the key set fetched once.
import { createRemoteJWKSet, jwtVerify } from "jose";
import { asked, finish, step } from "./dialog.mjs";

const keys = createRemoteJWKSet(new URL(`${asked.issuer}/.well-known/jwks.json`));
await step("verification", () =>
  jwtVerify(asked.access_token, keys, { issuer: asked.issuer, audience: "candor", typ: "at+jwt" }),
);
finish();

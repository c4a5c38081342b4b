// jsonwebtoken with jwks-rsa as a resource server.
import jwt from "jsonwebtoken";
import jwksClient from "jwks-rsa";
import { asked, finish, step } from "./dialog.mjs";

const keys = jwksClient({ jwksUri: `${asked.issuer}/.well-known/jwks.json` });
await step("verification", async () => {
  const { kid } = jwt.decode(asked.access_token, { complete: true }).header;
  const key = (await keys.getSigningKey(kid)).getPublicKey();
  return jwt.verify(asked.access_token, key, { algorithms: ["ES256"], audience: "candor", issuer: asked.issuer });
});
finish();

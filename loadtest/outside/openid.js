// An OpenID provider for tests: prints `listening <port>`. Who signs in is known by the address that they type as login;
// one that begins with `unverified` is not verified. CALLBACKS (JSON) has each client's address to come back to; `apple`
// proves itself as Apple wants it: by a token that its private key signs (APPLE_PUBLIC_KEY is the file of the other half).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { importSPKI, jwtVerify } from "jose";
import { Provider } from "oidc-provider";

const callbacks = JSON.parse(process.env.CALLBACKS);
const apple = process.env.APPLE_PUBLIC_KEY && (await importSPKI(readFileSync(process.env.APPLE_PUBLIC_KEY, "utf8"), "ES256"));

let provider;
const server = createServer((request, response) => provider.callback()(request, response));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const issuer = `http://127.0.0.1:${port}`;
  provider = new Provider(issuer, {
    clients: Object.entries(callbacks).map(([client_id, callback]) => ({
      client_id,
      client_secret: `the secret of ${client_id}`,
      redirect_uris: [callback],
      token_endpoint_auth_method: "client_secret_post",
    })),
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
    scopes: ["openid", "email", "profile", "name"],
    // As Google and Apple do: the claims are in the ID token itself, or (with USER_INFO) only where they are asked for.
    conformIdTokenClaims: process.env.USER_INFO === "1",
    pkce: { required: () => true },
    cookies: { keys: ["only for tests"] },
    findAccount: (_context, login) => ({
      accountId: login,
      claims: () => ({
        sub: createHash("sha256").update(login).digest("hex").slice(0, 21),
        email: login,
        email_verified: !login.startsWith("unverified"),
        name: login.split("@")[0],
        picture: "https://pictures.example/1.png",
      }),
    }),
  });
  provider.Client.prototype.compareClientSecret = async function compare(actual) {
    if (this.clientId !== "apple") return actual === this.clientSecret;
    const checks = { audience: issuer, issuer: "team", subject: "apple", maxTokenAge: "10m" };
    const { protectedHeader } = await jwtVerify(actual, apple, checks);
    return protectedHeader.kid === "key-1";
  };
  console.log(`listening ${port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();

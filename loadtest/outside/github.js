// GitHub's part of a sign-in, for tests: prints `listening <port>`. Signs everybody in at once as PERSON (JSON: id, login,
// name, emails). Codes work once, and only with the client's secret and PKCE's verifier.
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const person = JSON.parse(process.env.PERSON);
const codes = new Map();
const tokens = new Set();

const json = (response, status, body) => {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
};
const read = async (request) => {
  let text = "";
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/login/oauth/authorize") {
    const code = randomUUID();
    codes.set(code, url.searchParams.get("code_challenge"));
    const back = new URL(url.searchParams.get("redirect_uri"));
    back.searchParams.set("code", code);
    back.searchParams.set("state", url.searchParams.get("state"));
    response.writeHead(302, { location: back.href }).end();
  } else if (url.pathname === "/login/oauth/access_token") {
    const form = await read(request);
    const challenge = codes.get(form.get("code"));
    codes.delete(form.get("code"));
    const verifier = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    // GitHub says what is wrong with the status 200.
    if (!challenge || challenge !== verifier) return json(response, 200, { error: "bad_verification_code" });
    if (form.get("client_secret") !== "the secret of github") return json(response, 200, { error: "incorrect_client_credentials" });
    const token = `gho_${randomUUID()}`;
    tokens.add(token);
    json(response, 200, { access_token: token, token_type: "bearer", scope: "read:user,user:email" });
  } else if (!tokens.has((request.headers.authorization ?? "").replace("Bearer ", "")) || !request.headers["user-agent"]) {
    json(response, 401, { message: "Bad credentials" });
  } else if (url.pathname === "/user") {
    json(response, 200, { id: person.id, login: person.login, name: person.name, avatar_url: "https://avatars.example/1" });
  } else if (url.pathname === "/user/emails") {
    json(response, 200, person.emails);
  } else {
    json(response, 404, { message: "Not Found" });
  }
});
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();

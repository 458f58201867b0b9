/** A mail server that takes every letter and keeps it: enough of SMTP for a real client. */
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface Letter {
  readonly to: string;
  readonly subject: string;
  /** Its texts, decoded, one after the other. */
  readonly text: string;
}

export interface PostOffice {
  readonly url: string;
  readonly letters: readonly Letter[];
  /** The first letter to `to` for which `wanted` holds, as soon as it has come. */
  readonly wait: (to: string, wanted: (letter: Letter) => boolean) => Promise<Letter>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 30_000;

export async function openPostOffice(): Promise<PostOffice> {
  const letters: Letter[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    talk(socket, (letter) => letters.push(letter));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    wait: async (to, wanted) => {
      const end = performance.now() + PATIENCE_MS;
      for (;;) {
        const found = letters.find((letter) => letter.to === to && wanted(letter));
        if (found !== undefined) return found;
        if (performance.now() > end) throw new Error(`no such letter to ${to}; there are: ${letters.map((letter) => `${letter.to}: ${letter.subject}`).join(", ")}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function talk(socket: Socket, keep: (letter: Letter) => void): void {
  let rest = "";
  let body: string[] | null = null;
  let to = "";
  const say = (line: string) => socket.write(`${line}\r\n`);
  say("220 post.example ESMTP");
  socket.on("data", (chunk: Buffer) => {
    rest += chunk.toString("latin1");
    for (let at = rest.indexOf("\r\n"); at !== -1; at = rest.indexOf("\r\n")) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 2);
      if (body !== null) {
        if (line !== ".") body.push(line.startsWith(".") ? line.slice(1) : line);
        else {
          keep({ to, ...read(body.join("\r\n")) });
          body = null;
          say("250 taken");
        }
        continue;
      }
      const word = line.slice(0, 4).toUpperCase();
      if (word === "EHLO") say("250-post.example\r\n250-8BITMIME\r\n250 SMTPUTF8");
      else if (word === "RCPT") {
        to = /<([^>]*)>/u.exec(line)?.[1] ?? "";
        say("250 ok");
      } else if (word === "DATA") {
        body = [];
        say("354 go on");
      } else if (word === "QUIT") {
        say("221 bye");
        socket.end();
      } else say("250 ok");
    }
  });
}

/** Subject and texts of a message, its parts and their encodings undone. */
export function read(message: string): Omit<Letter, "to"> {
  const { headers, body } = split(message);
  return { subject: words(headers.get("subject") ?? ""), text: textOf(headers, body) };
}

function split(part: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  const at = part.indexOf("\r\n\r\n");
  const head = (at === -1 ? part : part.slice(0, at)).replace(/\r\n[ \t]+/gu, " ");
  const headers = new Map(head.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const));
  return { headers, body: at === -1 ? "" : part.slice(at + 4) };
}

function textOf(headers: ReadonlyMap<string, string>, body: string): string {
  const boundary = /boundary="?([^";]+)"?/iu.exec(headers.get("content-type") ?? "")?.[1];
  if (boundary !== undefined)
    return body
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((part) => split(part.replace(/^\r\n/u, "")))
      .map((part) => textOf(part.headers, part.body))
      .join("\n");
  const encoding = (headers.get("content-transfer-encoding") ?? "").toLowerCase();
  if (encoding === "base64") return Buffer.from(body, "base64").toString("utf8");
  if (encoding === "quoted-printable") return printable(body.replace(/=\r\n/gu, ""));
  return Buffer.from(body, "latin1").toString("utf8");
}

const printable = (text: string) => Buffer.from(text.replace(/=([0-9A-F]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1").toString("utf8");

function words(text: string): string {
  return text.replace(/\?=\s+=\?/gu, "?==?").replace(/=\?utf-8\?([bq])\?([^?]*)\?=/giu, (_, how: string, value: string) => (how.toLowerCase() === "b" ? Buffer.from(value, "base64").toString("utf8") : printable(value.replaceAll("_", " "))));
}

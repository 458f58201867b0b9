/** The example job pages of the repository, served on the loopback interface as a site would. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Pages {
  /** `127.0.0.1:port`, for ESTAFETTE_FETCH_ALLOW. */
  readonly hostPort: string;
  url(name: string): string;
  stop(): Promise<void>;
}

const FOLDER = new URL("../../../src/demo/jobs/", import.meta.url);
/** With JSON-LD, without, and in French. */
const NAMES = ["backend-engineer.html", "platform-engineer.html", "developpeur-backend.html"];

export function jobText(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

export async function servePages(): Promise<Pages> {
  const server = createServer((request, response) => {
    const name = NAMES.find((known) => request.url === `/${known}`);
    response.writeHead(name === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" });
    response.end(name === undefined ? "<h1>404</h1>" : jobText(name));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hostPort = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { hostPort, url: (name) => `http://${hostPort}/${name}`, stop };
}

/** A cable that can be cut: a TCP proxy between the browser and the server. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Wire {
  /** The server's address, by way of the cable. */
  readonly baseUrl: string;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  /** Lets nothing through any more, and says nothing about it. */
  freeze(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openWire(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let whole = true;
  let frozen = false;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      open.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.on("data", (data) => {
        if (!frozen) other.write(data);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      whole = false;
      endAll();
    },
    freeze: () => {
      frozen = true;
    },
    mend: () => {
      if (frozen) endAll();
      frozen = false;
      whole = true;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      endAll();
      await closed;
    },
  };
}

import { retryAfter } from "./retry-after.js";

/** The part of a WebSocket that the SDK uses: the browser's, Node 22's and the `ws` package's class all have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** Only the `ws` package's: ends without waiting for the other side. */
  terminate?(): void;
  /** Only the `ws` package's: tells the HTTP answer of a server that refuses to upgrade. */
  on?(event: "unexpected-response", listener: (request: unknown, response: UpgradeRefusal) => void): unknown;
}

/** The HTTP answer to an upgrade that was refused, as Node's `http` module shows it. */
interface UpgradeRefusal {
  readonly statusCode?: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  destroy(): unknown;
}

/** A class that makes WebSockets. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** An open line. After `close` it tells nothing any more. */
export interface Transport {
  send(frame: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** Ends a line on which nobody seems to answer, without waiting for the other side. */
  abandon(): void;
}

export interface TransportEvents {
  onOpen(): void;
  onFrame(frame: string | ArrayBuffer): void;
  /** Once, if the other side or the network ended it. `retryAfterMs`: when the server wants to see us again. */
  onClose(code: number, reason: string, retryAfterMs?: number): void;
}

/** Opens a line. Errors come as a close. */
export type OpenTransport = (url: string, subprotocol: string, events: TransportEvents) => Transport;

/** A transport over a WebSocket class. */
export function webSocketTransport(WebSocketClass: WebSocketConstructor): OpenTransport {
  return (url, subprotocol, events) => {
    const socket = new WebSocketClass(url, [subprotocol]);
    socket.binaryType = "arraybuffer";
    let told = false;
    const end = (code: number, reason: string, retryAfterMs?: number): void => {
      if (told) return;
      told = true;
      events.onClose(code, reason, retryAfterMs);
    };
    socket.onopen = () => {
      if (told) return;
      if (socket.protocol === subprotocol) {
        events.onOpen();
        return;
      }
      // A proxy that drops the subprotocol would make both sides speak different codecs.
      socket.close(1000, "subprotocol");
      end(1002, `the server did not accept the subprotocol ${subprotocol}`);
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (told) return;
      const { data } = event;
      if (typeof data === "string" || data instanceof ArrayBuffer) events.onFrame(data);
      else end(1003, "a frame of an unknown type");
    };
    socket.onclose = (event: { readonly code: number; readonly reason: string }) => {
      end(event.code, event.reason);
    };
    // A close event follows; without a listener the `ws` package would throw.
    socket.onerror = () => undefined;
    // Browsers do not tell why an upgrade was refused; the `ws` package does.
    socket.on?.("unexpected-response", (_request, response) => {
      const { statusCode, headers } = response;
      const header = (name: string): string | undefined => [headers[name] ?? []].flat()[0];
      response.destroy();
      end(1006, `the server answered HTTP ${String(statusCode)}`, retryAfter(header("retry-after"), header("date")));
    });
    return {
      send: (frame) => {
        socket.send(frame as string | Uint8Array<ArrayBuffer>);
      },
      close: (code, reason) => {
        told = true;
        socket.close(code, reason);
      },
      abandon: () => {
        told = true;
        if (socket.terminate === undefined) socket.close(4000, "no answer");
        else socket.terminate();
      },
    };
  };
}

/** The platform's class, if it has one. */
export function globalWebSocket(): WebSocketConstructor | undefined {
  return (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
}

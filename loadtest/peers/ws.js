// `ws`: the bare WebSocket library of Node, with topics as sets of sockets, as its README's broadcast example has it.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { listen, serve, topicsOf } from "./lib/control.js";
import { body, pace } from "./lib/pace.js";

const topics = new Map();
// Node's HTTP server sets TCP_NODELAY itself.
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on("connection", (socket, request) => {
  const mine = topicsOf(new URL(request.url, "http://localhost").searchParams.get("topics"));
  for (const topic of mine) {
    if (!topics.has(topic)) topics.set(topic, new Set());
    topics.get(topic).add(socket);
  }
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    for (const topic of mine) {
      topics.get(topic)?.delete(socket);
      if (topics.get(topic)?.size === 0) topics.delete(topic);
    }
  });
});

function publish(topic, text) {
  // One buffer for all readers: a string would be encoded again for each.
  const bytes = Buffer.from(text);
  for (const socket of topics.get(topic) ?? []) {
    if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: false });
  }
}

serve({
  publish: ({ topic, rate, seconds, size }) =>
    pace(rate, seconds, (number, meant) => publish(topic, body(number, meant, size))),
  own: ({ count, rate, seconds, size }) =>
    pace(rate * count, seconds, (number, meant) =>
      publish(`own:${number % count}`, body(Math.floor(number / count), meant, size)),
    ),
});
listen(server);

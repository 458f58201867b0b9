// Socket.IO 4 with its Redis adapter: topics are rooms. WebSocket only, no compression (its default), and the first
// HTTP request of each connection is dropped, as its page on performance advises.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { listen, serve, topicsOf } from "./lib/control.js";
import { body, pace } from "./lib/pace.js";

const publisher = new Redis(process.env.REDIS_URL);
const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(publisher, publisher.duplicate()),
  transports: ["websocket"],
  perMessageDeflate: false,
});
io.engine.on("connection", (raw) => {
  raw.request = null;
});
io.on("connection", (socket) => {
  socket.join(topicsOf(socket.handshake.auth.topics));
});

const publish = (topic, text) => io.to(topic).emit("m", text);

serve({
  publish: ({ topic, rate, seconds, size }) =>
    pace(rate, seconds, (number, meant) => publish(topic, body(number, meant, size))),
  own: ({ count, rate, seconds, size }) =>
    pace(rate * count, seconds, (number, meant) =>
      publish(`own:${number % count}`, body(Math.floor(number / count), meant, size)),
    ),
});
listen(server);

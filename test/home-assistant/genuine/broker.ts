/** A broker on the loopback address with a door of its own for the device, which can be shut without touching others. */
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";

export interface Message {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
  readonly atMs: number;
}

export interface GenuineBroker {
  /** Of the device, and of everybody else. */
  readonly devicePort: number;
  readonly housePort: number;
  readonly messages: Message[];
  /** Breaks the device's connection, and refuses others until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openBroker(): Promise<GenuineBroker> {
  const broker = await Aedes.createBroker();
  const messages: Message[] = [];
  broker.on("publish", ({ topic, payload, retain }) => {
    if (!topic.startsWith("$"))
      messages.push({ topic, text: payload.toString(), retained: retain, atMs: performance.now() });
  });
  const sockets = new Set<Socket>();
  let isCut = false;
  const door = createServer((socket) => {
    socket.on("error", () => {});
    if (isCut) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  const house = createServer((socket) => {
    broker.handle(socket);
  });
  return {
    devicePort: await listening(door),
    housePort: await listening(house),
    messages,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      door.close();
      house.close();
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/**
 * The commands' end of the local socket.
 *
 * Guarantee: if the device does not answer, or answers nonsense, the command ends within a time limit and
 * with a clear message.
 */
import { createConnection, type Socket } from "node:net";
import { errnoOf, reasonOf } from "../../base/errors.ts";
import { readText } from "../../base/schema/schema.ts";
import { seconds } from "../../base/units.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { systemClock } from "../process/system-clock.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type FromDevice, fromDevice, localProtocol, type ToDevice } from "./messages.ts";
import { shortPath, socketFileIn } from "./socket-file.ts";

const answerLimit = seconds(5);
const maxLineBytes = 64 * 1024;

export class LocalClient {
  readonly #socket: Socket;
  readonly #lines = new LineSplitter(maxLineBytes);
  #listener: (message: FromDevice) => void = () => {};
  #ended: (error: StartupError) => void = () => {};
  #end: StartupError | undefined;
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#stop(connectionLost(reasonOf(error))));
    socket.on("close", () => this.#stop(connectionLost("it was closed")));
  }

  /** @throws StartupError when no device runs on this data folder, or it is not this user's */
  static async connect(dataPath: string): Promise<LocalClient> {
    const socket = await openSocket(dataPath);
    const client = new LocalClient(socket);
    try {
      const { protocol, firmware } = await client.receive("hello");
      if (protocol !== localProtocol) throw otherProtocol(firmware);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  send(message: ToDevice): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Resolves with the next message of this kind. @throws StartupError when none comes in time */
  receive<K extends FromDevice["kind"]>(kind: K): Promise<Extract<FromDevice, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const cancel = systemClock.setTimer(answerLimit, () => reject(connectionLost("it does not answer")));
      const settle = (act: () => void) => {
        cancel();
        this.#listener = () => {};
        this.#ended = () => {};
        act();
      };
      if (this.#end !== undefined) {
        const error = this.#end;
        return settle(() => reject(error));
      }
      this.#ended = (error) => settle(() => reject(error));
      this.#listener = (message) => {
        if (message.kind === kind) settle(() => resolve(message as Extract<FromDevice, { kind: K }>));
      };
    });
  }

  /** Calls back with each message, until the connection ends. @throws StartupError: why it ended */
  each(listener: (message: FromDevice) => void): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#listener = listener;
      if (this.#end !== undefined) reject(this.#end);
      else this.#ended = reject;
    });
  }

  /** Sends a request. @returns whether it is stored. @throws StartupError: why it was refused */
  async request(make: (id: number) => ToDevice): Promise<boolean> {
    this.#lastId += 1;
    this.send(make(this.#lastId));
    const { refused, stored } = await this.receive("answer");
    if (refused === undefined) return stored;
    throw new StartupError(
      exitCodes.usage,
      `The device refused: ${refused}.`,
      "See: grove-heater set --help",
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const lines = this.#lines.add(chunk);
    if (lines === undefined) this.#stop(connectionLost("it sends a line that is too long"));
    for (const line of lines ?? []) {
      const message = readText(fromDevice, line);
      // A newer device may send kinds that this program does not know.
      if (message?.kind === "end") this.#stop(connectionLost(message.reason));
      else if (message !== undefined) this.#listener(message);
    }
  }

  #stop(error: StartupError): void {
    this.#end ??= error;
    this.#socket.destroy();
    this.#ended(this.#end);
  }
}

function openSocket(dataPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let path: ReturnType<typeof shortPath>;
    try {
      path = shortPath(socketFileIn(dataPath));
    } catch (error) {
      return reject(notReached(error, dataPath));
    }
    const socket = createConnection(path.path);
    socket.once("error", (error) => {
      path.close();
      reject(notReached(error, dataPath));
    });
    socket.once("connect", () => {
      path.close();
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** Explains why no connection is possible: no device listens, or this user may not connect. */
function notReached(error: unknown, dataPath: string): StartupError {
  const code = errnoOf(error);
  if (code === "EACCES" || code === "EPERM") {
    return new StartupError(
      exitCodes.unavailable,
      `The device on ${dataPath} belongs to another user.`,
      "Run this command as that user, or with sudo (a service: sudo grove-heater …).",
    );
  }
  return new StartupError(
    exitCodes.unavailable,
    `No running device answers at ${socketFileIn(dataPath)} (${reasonOf(error)}).`,
    "Start it: grove-heater run. If it runs with another data folder, name that: --data FOLDER.",
  );
}

const connectionLost = (why: string): StartupError =>
  new StartupError(exitCodes.unavailable, `The connection to the device ended: ${why}.`, "Try again.");

const otherProtocol = (firmware: string): StartupError =>
  new StartupError(
    exitCodes.unavailable,
    `The running device (firmware ${firmware}) uses a different protocol than this program.`,
    "Use the program of that firmware, or restart the device.",
  );

/**
 * The face for commands of this machine: answers at a Unix socket in the data folder, whose mode is its access control.
 *
 * Guarantee: the device keeps running whatever happens here. If the socket cannot be created, that is logged
 * and retried: only commands need it, and they report the failure.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import { isoTime } from "../../base/iso-time.ts";
import type { Log } from "../../base/log.ts";
import { minutes, seconds } from "../../base/units.ts";
import type { Device, Observation } from "../device.ts";
import type { Face } from "../face.ts";
import type { HistoryRecorder } from "../history/recorder.ts";
import type { LiveSettings } from "../storage/live-settings.ts";
import { Connection } from "./connection.ts";
import { type DeviceIdentity, statusOf } from "./device-status.ts";
import type { LogFeed } from "./log-feed.ts";
import { listenOnFile, shortPath, socketFileIn } from "./socket-file.ts";

const maxConnections = 8;

export interface LocalFaceOptions {
  readonly dataPath: string;
  readonly firmware: string;
  readonly board: string;
  /** The setting `timeZone`. */
  readonly timeZone: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly logs: LogFeed;
  readonly history: Pick<HistoryRecorder, "unstored">;
  readonly settings: Pick<LiveSettings, "changed" | "fixed" | "change">;
}

export class LocalFace implements Face<Device> {
  readonly state = "none";
  readonly failure = undefined;
  readonly #options: LocalFaceOptions;
  readonly #connections = new Set<Connection>();
  readonly #backoff = new Backoff({ first: seconds(5), longest: minutes(5) });
  #server: Server | undefined;
  #seen: Observation | undefined;
  #waiting: (() => void)[] = [];
  #closed = false;
  #close: () => void = () => {};

  constructor(options: LocalFaceOptions) {
    this.#options = options;
  }

  async start(device: Device): Promise<void> {
    const { firmware, board, timeZone, clock } = this.#options;
    const identity: DeviceIdentity = { firmware, board, timeZone, startedAt: isoTime(clock.wallNow()) };
    device.watch((observation) => {
      this.#seen = observation;
      for (const connection of this.#connections) connection.stepped();
    });
    device.onStored(() => {
      for (const settle of this.#waiting.splice(0)) settle();
    });
    await this.#listen(device, identity);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#close();
    for (const connection of this.#connections) connection.end("the device is stopping");
    const server = this.#server;
    if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Resolves when the server listens, or the first attempt has failed. */
  #listen(device: Device, identity: DeviceIdentity): Promise<void> {
    const server = createServer((socket) => this.#accept(socket, device, identity));
    this.#server = server;
    server.maxConnections = maxConnections;
    return new Promise((resolve) => {
      server.on("error", (error) => {
        // Closed now: closing it later would remove the socket file of the next server.
        server.close();
        this.#retry(error, () => void this.#listen(device, identity));
        resolve();
      });
      server.on("listening", () => {
        this.#backoff.reset();
        resolve();
      });
      this.#open(server);
    });
  }

  #open(server: Server): void {
    let opened: ReturnType<typeof shortPath> | undefined;
    try {
      opened = shortPath(socketFileIn(this.#options.dataPath));
      const { close } = opened;
      // Kept open until the end: Node then removes the file by this path.
      server.on("close", close);
      listenOnFile(server, opened.path);
    } catch (error) {
      server.emit("error", error);
    }
  }

  #retry(error: unknown, listen: () => void): void {
    const { clock, log } = this.#options;
    if (this.#closed) return;
    log.warn("local-socket-failed", { reason: reasonOf(error) });
    this.#close = clock.setTimer(this.#backoff.failed(), listen);
  }

  #accept(socket: Socket, device: Device, identity: DeviceIdentity): void {
    const connection = new Connection(socket, {
      device,
      clock: this.#options.clock,
      firmware: this.#options.firmware,
      logs: this.#options.logs,
      unstored: () => this.#options.history.unstored,
      settings: this.#options.settings,
      status: () => this.#seen && statusOf(identity, device, this.#seen, this.#options.settings),
      untilStored: () =>
        device.stored ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve)),
    });
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
  }
}

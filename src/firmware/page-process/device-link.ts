/**
 * The page's connection to the running device, by its local socket: follows its status and its log, and passes requests.
 *
 * Guarantee: reconnects to a device that stopped or restarted; `onStatus` reports when it does not answer. A
 * request is answered within seconds.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { millis, seconds } from "../../base/units.ts";
import { LocalClient } from "../local-socket/local-client.ts";
import type { LogEvent } from "../local-socket/log-feed.ts";
import type { DeviceStatus, ToDevice } from "../local-socket/messages.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

export interface DeviceLinkOptions {
  readonly dataPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** `undefined`: the device does not answer. */
  readonly onStatus: (status: DeviceStatus | undefined) => void;
  /** Called for each new log event. After `onLogBegins`, earlier events are repeated first. */
  readonly onLog: (event: LogEvent) => void;
  readonly onLogBegins: () => void;
}

export type Requested =
  | { readonly kind: "done"; readonly stored: boolean }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "away"; readonly why: string };

export class DeviceLink {
  readonly #options: DeviceLinkOptions;
  readonly #backoff = new Backoff({ first: millis(500), longest: seconds(10) });
  #client: LocalClient | undefined;
  #closed = false;
  #wake = (): void => {};
  #following: Promise<void> | undefined;

  constructor(options: DeviceLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#following ??= this.#follow();
  }

  async request(make: (id: number) => ToDevice): Promise<Requested> {
    let client: LocalClient | undefined;
    try {
      // One connection for each request, so that answers cannot be confused.
      client = await LocalClient.connect(this.#options.dataPath);
      return { kind: "done", stored: await client.request(make) };
    } catch (error) {
      const isRefused = error instanceof StartupError && error.exitCode === exitCodes.usage;
      return { kind: isRefused ? "refused" : "away", why: messageOf(error) };
    } finally {
      client?.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#client?.close();
    this.#wake();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { clock, log, onStatus } = this.#options;
    while (!this.#closed) {
      try {
        await this.#once();
      } catch (error) {
        onStatus(undefined);
        if (!this.#closed) log.debug("page-device-away", { reason: messageOf(error) });
      }
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(this.#backoff.failed(), resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  /** Connects once, and follows status and log until the connection ends. */
  async #once(): Promise<never> {
    const { dataPath, onStatus, onLog, onLogBegins } = this.#options;
    const client = await LocalClient.connect(dataPath);
    this.#client = client;
    try {
      if (this.#closed) throw new Error("closed");
      onLogBegins();
      const ended = client.each((message) => {
        if (message.kind === "log") onLog(message);
        if (message.kind !== "status") return;
        this.#backoff.reset();
        onStatus(message.status);
      });
      client.send({ kind: "watch" });
      client.send({ kind: "logs", follow: true });
      return await ended;
    } finally {
      this.#client = undefined;
      client.close();
    }
  }
}

/**
 * The connection of one command to the device's socket.
 *
 * Guarantee: whatever the client sends, nothing throws into the loop and memory is bounded. A client is
 * disconnected if it sends too much or too long a line, does not read its answers, or is silent for a minute
 * without a subscription.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { RateLimit, type RateLimits } from "../../base/rate-limit.ts";
import { readText } from "../../base/schema/schema.ts";
import { minutes, seconds } from "../../base/units.ts";
import type { Request } from "../../control/input.ts";
import { validateRequest } from "../../control/limits.ts";
import { validateValue } from "../../model/cloud-schema.ts";
import { isValueOf, isWritableName, writableSpec } from "../../model/properties.ts";
import type { Device } from "../device.ts";
import type { Unstored } from "../history/recorder.ts";
import { NewestSender } from "../process/newest-sender.ts";
import type { LiveSettings } from "../storage/live-settings.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { LogFeed } from "./log-feed.ts";
import {
  type DeviceStatus,
  type FromDevice,
  localProtocol,
  maxLineBytes,
  type ToDevice,
  toDevice,
} from "./messages.ts";

/** Messages that request a change, each answered by an `answer`. */
type ChangeMessage = Extract<
  ToDevice,
  { kind: "set" | "boost" | "preset" | "clear-faults" | "identify" | "reset" }
>;

/** The name of this face, as the source of a change. */
const source = "local";
const requestLimits: RateLimits = { max: 40, within: seconds(1) };
const maxUnread = 256 * 1024;
const spacing = seconds(1);
const silenceLimit = minutes(1);
/** An answer waits no longer than this for the disk. */
const storedLimit = seconds(3);

export interface ConnectionParts {
  readonly device: Pick<Device, "request" | "inForce" | "stored">;
  readonly clock: Clock;
  readonly firmware: string;
  readonly logs: LogFeed;
  readonly unstored: () => Unstored;
  readonly settings: Pick<LiveSettings, "change">;
  /** `undefined` before the first step. */
  readonly status: () => DeviceStatus | undefined;
  /** Resolves when everything is stored. */
  readonly untilStored: () => Promise<void>;
}

export class Connection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #lines = new LineSplitter(maxLineBytes);
  readonly #limit: RateLimit;
  #watcher: NewestSender<DeviceStatus> | undefined;
  #unfollow: (() => void) | undefined;
  #cancelSilence: () => void = () => {};

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#limit = new RateLimit(parts.clock, requestLimits);
    // A client that disappears causes an error of its socket, which must not affect the loop.
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("close", () => {
      this.#cancelSilence();
      this.#unfollow?.();
    });
    this.#awaitMore();
    this.#send({ kind: "hello", protocol: localProtocol, firmware: parts.firmware });
  }

  /** Call this after each step of the device. */
  stepped(): void {
    if (this.#watcher === undefined) return;
    const status = this.#parts.status();
    if (status !== undefined) this.#watcher.offer(status);
  }

  end(reason: string): void {
    this.#send({ kind: "end", reason });
    this.#socket.destroySoon();
  }

  get #isWatching(): boolean {
    return this.#watcher !== undefined || this.#unfollow !== undefined;
  }

  #awaitMore(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#parts.clock.setTimer(silenceLimit, () => {
      if (!this.#isWatching) this.end("no request for a minute");
    });
  }

  #take(chunk: Buffer): void {
    this.#awaitMore();
    const lines = this.#lines.add(chunk);
    if (lines === undefined) this.end(`a line is longer than ${maxLineBytes} bytes`);
    for (const line of lines ?? []) {
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      const message = readText(toDevice, line);
      if (this.#limit.admit() === undefined) this.end("too many requests");
      else if (message === undefined) this.end("a line is not a message of this protocol");
      else this.#act(message);
    }
  }

  #act(message: ToDevice): void {
    if (message.kind === "status") this.#showStatus();
    else if (message.kind === "watch") this.#watch();
    else if (message.kind === "logs") this.#showLogs(message.follow);
    else if (message.kind === "history") this.#showHistory();
    else if (message.kind === "change-settings") void this.#changeSettings(message);
    else this.#request(message);
  }

  #showStatus(): void {
    const status = this.#parts.status();
    if (status !== undefined) this.#send({ kind: "status", status });
  }

  #watch(): void {
    const { clock } = this.#parts;
    this.#watcher ??= new NewestSender<DeviceStatus>({
      clock,
      spacing,
      send: (status, done) => {
        this.#send({ kind: "status", status });
        done();
      },
    });
    this.stepped();
  }

  #showLogs(follow: boolean): void {
    const { logs } = this.#parts;
    for (const event of logs.latest) this.#send(event);
    this.#send({ kind: "logs-shown" });
    if (follow) this.#unfollow ??= logs.follow((event) => this.#send(event));
  }

  #showHistory(): void {
    const { end, rows } = this.#parts.unstored();
    for (const row of rows) this.#send({ kind: "history-row", row });
    this.#send({ kind: "history-shown", ...(end !== undefined && { end }) });
  }

  async #changeSettings({ id, changes }: Extract<ToDevice, { kind: "change-settings" }>): Promise<void> {
    const refused = await this.#parts.settings.change(changes).catch(messageOf);
    this.#answer(id, refused);
  }

  #request(message: ChangeMessage): void {
    const { id } = message;
    const request = requestOf(message);
    this.#answer(id, typeof request === "string" ? request : this.#refusalOf(request));
  }

  #answer(id: number, refused: string | undefined): void {
    if (refused !== undefined) {
      this.#send({ kind: "answer", id, refused, stored: this.#parts.device.stored });
      return;
    }
    const { clock, device, untilStored } = this.#parts;
    void Promise.race([untilStored(), clock.sleep(storedLimit)]).then(() =>
      this.#send({ kind: "answer", id, stored: device.stored }),
    );
  }

  #refusalOf(request: Request): string | undefined {
    const { device } = this.#parts;
    try {
      const invalid = validateRequest(request, device.inForce.limits);
      return invalid === undefined ? device.request(request) : `${whatIsSet(request)} ${invalid}`;
    } catch (error) {
      return messageOf(error);
    }
  }

  #send(message: FromDevice): void {
    const { destroyed, writableEnded, writableLength } = this.#socket;
    if (destroyed || writableEnded) return;
    if (writableLength > maxUnread) this.#socket.destroy();
    else this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** The subject of the sentence that explains an invalid value. */
const whatIsSet = (request: Request): string => (request.kind === "set" ? request.name : "the value");

/** @returns the request, or a text that explains why the message is invalid */
function requestOf(message: ChangeMessage): Request | string {
  switch (message.kind) {
    case "boost":
      return { kind: "boost", minutes: message.minutes, source };
    case "preset":
      return { kind: "preset", preset: message.preset, source };
    case "identify":
      return { kind: "identify", seconds: message.seconds, source };
    case "clear-faults":
      return { kind: "clear-faults", source };
    case "reset":
      return { kind: message.what === "room" ? "forget-room" : "relay-replaced", source };
    case "set": {
      const { name, value } = message;
      if (!isWritableName(name)) return `there is no property ${name}`;
      if (!isValueOf(value, name)) {
        return `${name} ${validateValue(writableSpec(name).schema, value) ?? "does not take this value"}`;
      }
      return { kind: "set", name, value, source } as Request;
    }
  }
}

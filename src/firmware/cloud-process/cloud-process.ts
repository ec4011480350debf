/**
 * Folder cloud-process/: the process that talks to Azure, and both ends of its messages.
 *
 * The face that the loop has of the cloud process. The loop's own process loads no SDK.
 *
 * Guarantees: those of its supervision (supervision/supervised-process.ts): no failure of that process delays a step, and
 * `cloud-failed` is active while it does not work (SR-11). After repeated ends its store is set aside, so that it cannot
 * crash on it for ever.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import type { LinkState } from "../../control/input.ts";
import type { Face, FaceDevice } from "../face.ts";
import {
  type EndRecord,
  type SupervisedChild,
  SupervisedProcess,
} from "../supervision/supervised-process.ts";
import { DeviceShare } from "./device-share.ts";
import { type CloudMessage, cloudToLoop, type LoopMessage } from "./messages.ts";

export interface CloudProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** May throw, for instance without memory. */
  readonly spawn: (setAside: boolean) => SupervisedChild;
  readonly onNoCredentials: () => void;
  readonly onRestart: () => void;
  readonly onSendLogs?: ((minutes: number) => void) | undefined;
  readonly onCheckForUpdate?: (() => void) | undefined;
}

/** Ends in a row after which the store is set aside: before the store was open, and in total. */
const endsWhileOpening = 2;
const endsInARow = 4;

/** Once for a row of ends: what was set aside already is not to blame for the next one. */
const isSetAside = ({ wasCrash, crashes, hadBegun }: EndRecord): boolean =>
  wasCrash && crashes === (hadBegun ? endsInARow : endsWhileOpening);

export class CloudProcess implements Face {
  readonly #options: CloudProcessOptions;
  readonly #process: SupervisedProcess;
  #device: FaceDevice | undefined;
  #share: DeviceShare | undefined;
  #link: LinkState = "none";
  #failure: string | undefined;
  #unread = 0;
  /** For each process that starts: the newest of each kind. */
  readonly #firstMessages = new Map<LoopMessage["kind"], LoopMessage>();

  constructor(options: CloudProcessOptions) {
    this.#options = options;
    const { clock, log, spawn } = options;
    this.#process = new SupervisedProcess({
      clock,
      log,
      name: "cloud-process",
      title: "the cloud process",
      spawn: (record) => spawn(isSetAside(record)),
      onMessage: (message) => this.#take(message),
      onChild: (child) => this.#hasChild(child),
      onChange: () => this.#device?.faceChanged(),
      describeEnd: (record) => ({ outbox: isSetAside(record) ? "will be set aside" : "is kept" }),
    });
  }

  /** Resolves at once: the process begins when it can, as often as it must. */
  async start(device: FaceDevice): Promise<void> {
    const { clock, log } = this.#options;
    this.#device = device;
    this.#share = new DeviceShare(device, clock, log);
    this.#process.start();
  }

  get state(): LinkState {
    return this.#link;
  }

  get failure(): string | undefined {
    return this.#process.failure ?? this.#failure;
  }

  /** Passes this on, now and to each process that starts later. */
  setFirstMessage(message: LoopMessage): void {
    this.#firstMessages.set(message.kind, message);
    this.#process.send(message);
  }

  /** Lost where there is no process to take them. */
  sendLines(lines: string): void {
    this.#process.send({ kind: "log-lines", lines });
  }

  /** Resolves when the process is gone: within four seconds. */
  close(): Promise<void> {
    return this.#process.close();
  }

  #hasChild(child: SupervisedChild | undefined): void {
    if (child === undefined) {
      this.#link = "offline";
      this.#share?.detach();
      return;
    }
    this.#share?.attach((message, done) => child.send(message, done));
    for (const message of this.#firstMessages.values()) child.send(message, () => {});
  }

  #take(message: unknown): void {
    const said = read(cloudToLoop, message);
    if (said === undefined) this.#garbage();
    else this.#act(said);
  }

  #act(message: CloudMessage): void {
    const { log, onNoCredentials, onRestart, onSendLogs, onCheckForUpdate } = this.#options;
    switch (message.kind) {
      case "request":
        void this.#share?.answer(message);
        break;
      case "link":
        this.#link = message.link;
        this.#device?.faceChanged();
        break;
      case "health":
        this.#failure = message.failure;
        this.#process.begun();
        break;
      case "log":
        log[message.level](message.event, message.fields);
        break;
      case "send-logs":
        onSendLogs?.(message.minutes);
        break;
      case "check-for-update":
        onCheckForUpdate?.();
        break;
      case "restart":
        onRestart();
        break;
      case "no-credentials":
        onNoCredentials();
        break;
      case "pong":
        break;
    }
  }

  #garbage(): void {
    this.#unread += 1;
    this.#options.log.warn("cloud-message-unreadable", { from: "the cloud process", dropped: this.#unread });
  }
}

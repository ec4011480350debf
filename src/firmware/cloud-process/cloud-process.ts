/**
 * Folder cloud-process/: the process that talks to Azure, and both ends of its messages.
 *
 * The Azure face as the loop uses it: it passes everything on to the cloud process. The loop's own process
 * loads no SDK.
 *
 * Guarantees: those of its supervision (supervision/supervised-process.ts): no failure of that process delays a step,
 * and `cloud-failed` is active while it does not work (SR-11). After repeated crashes its outbox is set aside, because
 * a damaged outbox may be the cause.
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
  /** There are credentials, or the process cannot tell. */
  readonly onHasCredentials: () => void;
  readonly onRestart: () => void;
  readonly onSendLogs?: ((minutes: number) => void) | undefined;
  readonly onCheckForUpdate?: (() => void) | undefined;
}

/** Crashes in a row after which the outbox is set aside: before the outbox was open, and in total. */
const crashesWhileOpening = 2;
const crashesInARow = 4;

/** Only once for a row of crashes: an outbox that was set aside does not cause the next one. */
const isSetAside = ({ wasCrash, crashes, hadBegun }: EndRecord): boolean =>
  wasCrash && crashes === (hadBegun ? crashesInARow : crashesWhileOpening);

export class CloudProcess implements Face {
  readonly #options: CloudProcessOptions;
  readonly #process: SupervisedProcess;
  #device: FaceDevice | undefined;
  #share: DeviceShare | undefined;
  #link: LinkState = "none";
  #failure: string | undefined;
  #unreadable = 0;
  /** Whether there are credentials. */
  #hasTold = false;
  /** The newest message of each kind, sent to each process that starts. */
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

  /** Resolves at once; the process is started in the background, and again after each end. */
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

  /** Sends this message now, and to each process that starts later. */
  setFirstMessage(message: LoopMessage): void {
    this.#firstMessages.set(message.kind, message);
    this.#process.send(message);
  }

  /** Dropped while no process runs. */
  sendLines(lines: string): void {
    this.#process.send({ kind: "log-lines", lines });
  }

  /** Resolves when the process has ended: within four seconds. */
  close(): Promise<void> {
    return this.#process.close();
  }

  #hasChild(child: SupervisedChild | undefined): void {
    if (child === undefined) {
      this.#link = "offline";
      this.#share?.detach();
      if (!this.#hasTold) this.#options.onHasCredentials();
      return;
    }
    this.#share?.attach((message, done) => child.send(message, done));
    for (const message of this.#firstMessages.values()) child.send(message, () => {});
  }

  #take(message: unknown): void {
    const received = read(cloudToLoop, message);
    if (received === undefined) this.#countUnreadable();
    else this.#act(received);
  }

  #act(message: CloudMessage): void {
    const { log, onNoCredentials, onHasCredentials, onRestart, onSendLogs, onCheckForUpdate } = this.#options;
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
        this.#hasTold = true;
        onNoCredentials();
        break;
      case "has-credentials":
        this.#hasTold = true;
        onHasCredentials();
        break;
      case "pong":
        break;
    }
  }

  #countUnreadable(): void {
    this.#unreadable += 1;
    this.#options.log.warn("cloud-message-unreadable", {
      from: "the cloud process",
      dropped: this.#unreadable,
    });
  }
}

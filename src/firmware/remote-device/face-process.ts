/**
 * A face in a process of its own, as the loop uses it: it passes everything on to that process.
 *
 * Guarantees: those of its supervision (supervision/supervised-process.ts): no failure of that process delays a step, and
 * the fault of this face is active while it does not work (SR-11).
 */
import type { LinkState } from "../../control/input.ts";
import type { Face, FaceDevice, FacePart } from "../face.ts";
import type { Message, MessageFromChild } from "../supervision/messages.ts";
import {
  type SupervisedChild,
  SupervisedProcess,
  type SupervisionOptions,
} from "../supervision/supervised-process.ts";
import { DeviceShare } from "./device-share.ts";
import type { MessageFromFace, MessageToFace } from "./messages.ts";

/** Messages of every face process, and of no other one. */
type OfFace = Exclude<MessageFromFace, MessageFromChild>;

export interface FaceProcessOptions<Own extends Message>
  extends Pick<
    SupervisionOptions<OfFace | Own>,
    "clock" | "log" | "name" | "title" | "spawn" | "describeEnd" | "messages"
  > {
  /** The failing part that its failure raises. */
  readonly part: FacePart;
  /** Messages that only this face has. */
  readonly onOwn: (message: Own) => void;
  /** Called when the process has ended and will be restarted. */
  readonly onGone?: () => void;
  readonly onRestart: () => void;
  readonly onCheckForUpdate?: (() => void) | undefined;
}

export class FaceProcess<Own extends Message = never, Sent extends Message = MessageToFace> implements Face {
  readonly part: FacePart;
  readonly #options: FaceProcessOptions<Own>;
  readonly #process: SupervisedProcess<OfFace | Own>;
  #device: FaceDevice | undefined;
  #share: DeviceShare | undefined;
  #link: LinkState = "none";
  /** The newest message of each kind, sent to each process that starts. */
  readonly #firstMessages = new Map<string, Sent>();

  constructor(options: FaceProcessOptions<Own>) {
    this.#options = options;
    this.part = options.part;
    this.#process = new SupervisedProcess({
      ...options,
      onMessage: (message) => this.#act(message),
      onChild: (child) => this.#hasChild(child),
      onFailure: () => this.#device?.faceChanged(),
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
    return this.#process.failure;
  }

  /** Sends this message now, and to each process that starts later. */
  setFirstMessage(message: Sent): void {
    this.#firstMessages.set(message.kind, message);
    this.#process.send(message);
  }

  /** Dropped while no process runs. */
  send(message: Sent): void {
    this.#process.send(message);
  }

  /** Resolves when the process has ended: within four seconds. */
  close(): Promise<void> {
    return this.#process.close();
  }

  #hasChild(child: SupervisedChild | undefined): void {
    if (child === undefined) {
      this.#link = "offline";
      this.#share?.detach();
      this.#options.onGone?.();
      return;
    }
    this.#share?.attach((message, done) => child.send(message, done));
    for (const message of this.#firstMessages.values()) child.send(message, () => {});
  }

  #act(message: OfFace | Own): void {
    if (!isOfFace(message)) {
      this.#options.onOwn(message);
      return;
    }
    const { onRestart, onCheckForUpdate } = this.#options;
    switch (message.kind) {
      case "request":
        void this.#share?.answer(message);
        break;
      case "link":
        this.#link = message.link;
        this.#device?.faceChanged();
        break;
      case "check-for-update":
        onCheckForUpdate?.();
        break;
      case "restart":
        onRestart();
        break;
    }
  }
}

const ofFace: Readonly<Record<OfFace["kind"], true>> = {
  request: true,
  link: true,
  "check-for-update": true,
  restart: true,
};

const isOfFace = (message: Message): message is OfFace => Object.hasOwn(ofFace, message.kind);

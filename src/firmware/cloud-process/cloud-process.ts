/**
 * Folder cloud-process/: the process that talks to Azure, and both ends of its messages.
 *
 * The Azure face as the loop uses it: it passes everything on to the cloud process. The loop's own process
 * loads no SDK.
 *
 * Guarantees: those of a face process (remote-device/face-process.ts): `cloud-failed` is active while it does not work.
 * After repeated crashes its outbox is set aside, because a damaged outbox may be the cause.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { FaceProcess } from "../remote-device/face-process.ts";
import type { MessageFromFace } from "../remote-device/messages.ts";
import type { EndRecord, SupervisedChild } from "../supervision/supervised-process.ts";
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

type OwnMessage = Exclude<CloudMessage, { kind: MessageFromFace["kind"] }>;

export class CloudProcess extends FaceProcess<OwnMessage, LoopMessage> {
  constructor(options: CloudProcessOptions) {
    const { clock, log, spawn, onRestart, onSendLogs, onCheckForUpdate } = options;
    let isKnown = false;
    const tell = (onCredentials: () => void): void => {
      isKnown = true;
      onCredentials();
    };
    super({
      clock,
      log,
      name: "cloud-process",
      title: "the cloud process",
      part: "cloud",
      messages: cloudToLoop,
      spawn: (record) => spawn(isSetAside(record)),
      describeEnd: (record) => ({ outbox: isSetAside(record) ? "will be set aside" : "is kept" }),
      onRestart,
      onCheckForUpdate,
      onOwn(message) {
        if (message.kind === "send-logs") onSendLogs?.(message.minutes);
        else tell(message.kind === "no-credentials" ? options.onNoCredentials : options.onHasCredentials);
      },
      onGone() {
        if (!isKnown) options.onHasCredentials();
      },
    });
  }

  /** Dropped while no process runs. */
  sendLines(lines: string): void {
    this.send({ kind: "log-lines", lines });
  }
}

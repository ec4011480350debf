/**
 * The process of a face: takes the messages of the loop, starts its face with the device's first state, and ends with the
 * loop.
 */
import type { Log } from "../../base/log.ts";
import { read, type Schema } from "../../base/schema/schema.ts";
import { seconds } from "../../base/units.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import type { DeviceSnapshot, Face } from "../face.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { systemClock } from "../process/system-clock.ts";
import type { ChildEnding } from "../supervision/child-ending.ts";
import type { MessageFromFace, MessageToFace } from "./messages.ts";
import { RemoteDevice } from "./remote-device.ts";

export interface RunFaceOptions<Own extends { readonly kind: string }> {
  readonly log: Log;
  readonly send: (message: MessageFromFace) => void;
  readonly ended: ChildEnding;
  /** Everything that the loop may send. */
  readonly messages: Schema<MessageToFace | Own>;
  /** The log event for what is none of it. */
  readonly unreadable: string;
  /** Called once. @param firmware what is known of updates; `undefined` on a unit that takes none */
  readonly makeFace: (firmware: () => FirmwareReport | undefined) => Face;
  /** The face has begun to start. */
  readonly onStarted?: () => void;
  /** Messages that only this face has. */
  readonly onOwn?: (message: Own) => void;
}

/** The loop kills this process if closing takes longer. */
const closeTimeout = seconds(3);

/** Never returns. */
export async function runFace<Own extends { readonly kind: string } = never>(
  options: RunFaceOptions<Own>,
): Promise<never> {
  const { log, send, ended, messages, unreadable, makeFace, onStarted, onOwn } = options;
  let device: RemoteDevice | undefined;
  let face: Face | undefined;
  let firmware: FirmwareReport | undefined;
  let dropped = 0;
  const start = (first: DeviceSnapshot): void => {
    device = new RemoteDevice({ clock: systemClock, log, send }, first);
    face = makeFace(() => firmware);
    void device.addFace(face);
    onStarted?.();
  };
  const act = (message: MessageToFace): void => {
    switch (message.kind) {
      case "secrets-given":
        // The code that requested them has its own listener.
        break;
      case "firmware":
        firmware = message.report;
        device?.faceChanged();
        break;
      case "ping":
        send({ kind: "pong" });
        break;
      case "stop":
        ended.stop();
        break;
      case "device":
      case "answer":
        if (device === undefined) start(message.snapshot);
        else device.take(message);
    }
  };
  // A single listener from the start: messages that arrive before any listener are delivered only to the
  // first one.
  process.on("message", (message) => {
    const received = read(messages, message);
    if (received === undefined) {
      dropped += 1;
      log.warn(unreadable, { from: "the loop", dropped });
    } else if (isShared(received)) act(received);
    else onOwn?.(received);
  });
  await ended.asked;
  await Promise.race([face?.close(), systemClock.sleep(closeTimeout)]);
  process.exit(exitCodes.ok);
}

const shared: Readonly<Record<MessageToFace["kind"], true>> = {
  device: true,
  answer: true,
  firmware: true,
  ping: true,
  stop: true,
  "secrets-given": true,
};

const isShared = (message: { readonly kind: string }): message is MessageToFace =>
  Object.hasOwn(shared, message.kind);

/**
 * Runs a face process: receives the loop's messages, starts the face with the device's first state, and ends
 * with the loop.
 */
import type { Log } from "../../base/log.ts";
import type { Schema } from "../../base/schema/schema.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import type { DeviceSnapshot, Face } from "../face.ts";
import { systemClock } from "../process/system-clock.ts";
import { endWithLoop, listenToLoop } from "../supervision/child.ts";
import type { ChildEnding } from "../supervision/child-ending.ts";
import type { Message, MessageToChild } from "../supervision/messages.ts";
import type { MessageFromFace, MessageToFace } from "./messages.ts";
import { RemoteDevice } from "./remote-device.ts";

/** Messages of every face process, and of no other one. */
type OfFace = Exclude<MessageToFace, MessageToChild>;

export interface RunFaceOptions<Own extends Message> {
  readonly log: Log;
  readonly send: (message: MessageFromFace) => void;
  readonly ended: ChildEnding;
  /** Everything that the loop may send. */
  readonly messages: Schema<MessageToFace | Own>;
  /** The log event for an unknown message is `<name>-message-unreadable`. */
  readonly name: string;
  /** Called once. @param firmware the update status; `undefined` on a unit without updates */
  readonly makeFace: (firmware: () => FirmwareReport | undefined) => Face;
  /** Call this when the face starts. */
  readonly onStarted?: () => void;
  /** Messages that only this face has. */
  readonly onOwn?: (message: Own) => void;
}

/** Never returns. */
export async function runFace<Own extends Message = never>(options: RunFaceOptions<Own>): Promise<never> {
  const { log, send, ended, name, messages, makeFace, onStarted, onOwn } = options;
  let device: RemoteDevice | undefined;
  let face: Face | undefined;
  let firmware: FirmwareReport | undefined;
  const start = (first: DeviceSnapshot): void => {
    device = new RemoteDevice({ clock: systemClock, log, send }, first);
    face = makeFace(() => firmware);
    void device.addFace(face);
    onStarted?.();
  };
  const act = (message: OfFace): void => {
    if (message.kind === "firmware") {
      firmware = message.report;
      device?.faceChanged();
    } else if (device === undefined) start(message.snapshot);
    else device.take(message);
  };
  listenToLoop<OfFace | Own>({
    ...{ log, send, ended, name, messages },
    onMessage: (message) => (isOfFace(message) ? act(message) : onOwn?.(message)),
  });
  return await endWithLoop(ended, () => face?.close());
}

const ofFace: Readonly<Record<OfFace["kind"], true>> = { device: true, answer: true, firmware: true };

const isOfFace = (message: Message): message is OfFace => Object.hasOwn(ofFace, message.kind);

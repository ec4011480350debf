/** `cloud`: runs the cloud process. The control loop starts it; it is not meant for users. */

import { type Log, logLevels } from "../../base/log.ts";
import { AzureFace } from "../../firmware/cloud-process/azure-face.ts";
import { type CloudMessage, type LoopMessage, loopToCloud } from "../../firmware/cloud-process/messages.ts";
import { rankMemory } from "../../firmware/memory/rank.ts";
import type { HubReady } from "../../firmware/process/messages.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import type { MessageToFace } from "../../firmware/remote-device/messages.ts";
import { runFace } from "../../firmware/remote-device/run-face.ts";
import { Verbosity } from "../../firmware/reports/verbosity.ts";
import { readSeal } from "../../firmware/seal/seal.ts";
import { SealWatch } from "../../firmware/seal/seal-watch.ts";
import { durableSystemFiles } from "../../firmware/storage/durable-files.ts";
import { gatedFiles } from "../../firmware/storage/gated-files.ts";
import { childEnding } from "../../firmware/supervision/child-ending.ts";
import { remoteLog } from "../../firmware/supervision/remote-log.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import type { FirmwareReport } from "../../model/cloud-model.ts";
import { oneOf } from "../line/context.ts";
import { faceFlags, readFace } from "../line/face.ts";
import type { Arguments, Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "cloud",
  summary: "Runs the cloud process; started by the control loop",
  usage: "cloud [FLAGS]",
  flags: { ...faceFlags, "set-outbox-aside": { doc: "start with an empty outbox" } },
  run: cloud,
};

type OwnMessage = Exclude<LoopMessage, { kind: MessageToFace["kind"] }>;

async function cloud(args: Arguments): Promise<number> {
  rankMemory("cloud");
  const send = (message: CloudMessage, sent?: () => void): void => sendToParent(message, sent);
  const verbosity = new Verbosity(systemClock);
  const log = verbosity.log(
    remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send),
    remoteLog(systemClock, "debug", send),
  );
  const read = readFace(args);
  const dataPath = read.data.path;
  const ended = childEnding({ log, send, name: verb.name, title: "cloud process", dataPath });
  const seal = new SealWatch(systemClock, log, () => readSeal(dataPath));
  const isSealed = (): boolean => seal.sealed;
  let face: AzureFace | undefined;
  let hub: HubReady | undefined;
  return await runFace<OwnMessage>({
    ...{ log, send, ended, name: verb.name },
    messages: loopToCloud,
    makeFace(firmwareReport) {
      const setOutboxAside = args.has("set-outbox-aside");
      face = faceOf({ ...read, log, verbosity, send, isSealed, firmwareReport, setOutboxAside });
      return face;
    },
    onStarted() {
      if (hub !== undefined) face?.hubReady(hub);
    },
    onOwn(message) {
      if (message.kind === "log-lines") return face?.sendLines(message.lines);
      hub = message;
      return face?.hubReady(message);
    },
  });
}

interface FaceParts extends ReturnType<typeof readFace> {
  readonly log: Log;
  readonly verbosity: Verbosity;
  readonly send: (message: CloudMessage) => void;
  readonly isSealed: () => boolean;
  readonly firmwareReport: () => FirmwareReport | undefined;
  readonly setOutboxAside: boolean;
}

function faceOf({ data, readings, parts, verbosity, send, ...given }: FaceParts): AzureFace {
  return new AzureFace({
    ...given,
    ...parts,
    access: {
      ...readings,
      onNoCredentials: () => send({ kind: "no-credentials" }),
      onHasCredentials: () => send({ kind: "has-credentials" }),
    },
    files: gatedFiles(durableSystemFiles, data.path, parts.manifest),
    restart: () => send({ kind: "restart" }),
    sendLogs: sendLogsBy(verbosity, send),
    checkForUpdate: () => send({ kind: "check-for-update" }),
  });
}

/** For some minutes the cloud process logs in more detail, and the loop sends its log lines. */
const sendLogsBy = (verbosity: Verbosity, send: (message: CloudMessage) => void) => (minutes: number) => {
  verbosity.raise(minutes);
  send({ kind: "send-logs", minutes });
};

/** `updater`: the updater process, started by the control loop; not for direct use. */

import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { type Log, logLevels } from "../../base/log.ts";
import { loadManifest } from "../../firmware/hardware.ts";
import { rankMemory } from "../../firmware/memory/rank.ts";
import { guardNetwork } from "../../firmware/process/guard-network.ts";
import { guardianProtocol } from "../../firmware/process/messages.ts";
import { packageRoot } from "../../firmware/process/package-root.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { isSealed } from "../../firmware/seal/seal.ts";
import { boardOrLastGood } from "../../firmware/storage/last-good.ts";
import { endWithLoop, listenToLoop } from "../../firmware/supervision/child.ts";
import { childEnding } from "../../firmware/supervision/child-ending.ts";
import type { MessageToChild } from "../../firmware/supervision/messages.ts";
import { remoteLog } from "../../firmware/supervision/remote-log.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import { readLaunchNote, runningRelease } from "../../firmware/update/launch-note.ts";
import { keysFolder, slotsFolder } from "../../firmware/update/places.ts";
import { readTrustedKeys } from "../../firmware/update/trusted-keys.ts";
import {
  type LoopToUpdater,
  loopToUpdater,
  type UpdaterToLoop,
} from "../../firmware/update-process/messages.ts";
import { type OwnerFile, ownerFileName, readOwnerFile } from "../../firmware/update-process/owner-file.ts";
import { unitId } from "../../firmware/update-process/unit-id.ts";
import { UnitUpdater } from "../../firmware/update-process/unit-updater.ts";
import { oneOf, readContext } from "../line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "updater",
  summary: "The updater process, started by the control loop",
  usage: "updater [FLAGS]",
  flags: {
    data: sharedFlags.data,
    board: sharedFlags.board,
    "log-level": { value: "LEVEL", doc: "what is logged" },
  },
  run: updater,
};

async function updater(args: Arguments): Promise<number> {
  rankMemory("updater");
  const send = (message: UpdaterToLoop, sent?: () => void): void => sendToParent(message, sent);
  const log = remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send);
  const { data } = readContext(args);
  const choice = boardOrLastGood(args.value("board") ?? "auto", data).value;
  const manifest = loadManifest(choice);
  guardNetwork(manifest);
  const name = "updater";
  const ended = childEnding({ log, send, name, title: "updater", dataPath: data.path });
  let updater: UnitUpdater | undefined;
  listenToLoop<Exclude<LoopToUpdater, MessageToChild>>({
    ...{ log, send, ended, name, messages: loopToUpdater },
    onMessage: (message) => updater?.take(message),
  });
  const { owner, problem } = await ownersFile(data.path, log);
  const note = readLaunchNote(process.env);
  const { keys, problems } = readTrustedKeys(note?.keys ?? keysFolder(packageRoot));
  for (const each of problems) log.warn("update-key-unusable", { problem: each });
  updater = new UnitUpdater({
    owner,
    problem,
    dataPath: data.path,
    note,
    slotsFolder: note?.slots ?? slotsFolder(data.path),
    keys,
    protocols: [note?.protocol ?? guardianProtocol],
    manifest,
    firmware: runningRelease(),
    board: choice.name,
    unitId: unitId("roll-out"),
    isSealed: () => isSealed(data.path),
    env: process.env,
    send,
    clock: systemClock,
    random: Math.random,
    log,
  });
  updater.start();
  return await endWithLoop(ended, () => updater?.close());
}

/** An invalid file is shown as a fault until it is corrected and the firmware restarts. */
async function ownersFile(
  dataPath: string,
  log: Log,
): Promise<{ readonly owner: OwnerFile | undefined; readonly problem: string | undefined }> {
  try {
    return { owner: await readOwnerFile(dataPath), problem: undefined };
  } catch (error) {
    const problem = messageOf(error);
    log.error("updates-unusable", {
      cause: problem,
      remedy: `Correct ${join(dataPath, ownerFileName)}, then restart.`,
      now: "this unit looks for no updates",
    });
    return { owner: undefined, problem };
  }
}

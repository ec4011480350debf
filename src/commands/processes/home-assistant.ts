/** `home-assistant`: runs the process of Home Assistant. The control loop starts it; it is not meant for users. */

import { logLevels } from "../../base/log.ts";
import { HomeAssistantFace } from "../../firmware/home-assistant-process/home-assistant-face.ts";
import { loopToHomeAssistant } from "../../firmware/home-assistant-process/messages.ts";
import { rankMemory } from "../../firmware/memory/rank.ts";
import { environmentWithSecrets } from "../../firmware/process/secret-handover.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import type { MessageFromFace } from "../../firmware/remote-device/messages.ts";
import { runFace } from "../../firmware/remote-device/run-face.ts";
import { childEnding } from "../../firmware/supervision/child-ending.ts";
import { remoteLog } from "../../firmware/supervision/remote-log.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import { unitId } from "../../firmware/update-process/unit-id.ts";
import { oneOf } from "../line/context.ts";
import { faceFlags, readFace } from "../line/face.ts";
import type { Arguments, Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "home-assistant",
  summary: "Runs the process of Home Assistant; started by the control loop",
  usage: "home-assistant [FLAGS]",
  flags: faceFlags,
  run: homeAssistant,
};

/** Enough of the digest to tell the units of a house apart, and short in a topic. */
const idDigits = 12;

async function homeAssistant(args: Arguments): Promise<number> {
  const { name } = verb;
  rankMemory("home-assistant");
  const send = (message: MessageFromFace, sent?: () => void): void => sendToParent(message, sent);
  const log = remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send);
  const { data, readings, parts } = readFace(args);
  const ended = childEnding({ log, send, name, title: "process of Home Assistant", dataPath: data.path });
  return await runFace({
    ...{ log, send, ended, name },
    messages: loopToHomeAssistant,
    makeFace: (firmwareReport) =>
      new HomeAssistantFace({
        ...parts,
        log,
        readings,
        env: () => environmentWithSecrets(process, process.env),
        unitId: () => `heater-${unitId("home-assistant").slice(0, idDigits)}`,
        firmwareReport,
        restart: () => send({ kind: "restart" }),
        checkForUpdate: () => send({ kind: "check-for-update" }),
      }),
  });
}

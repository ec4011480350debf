/** `home-assistant`: runs the process of Home Assistant. The control loop starts it; it is not meant for users. */

import { logLevels } from "../base/log.ts";
import { loadManifest } from "../firmware/hardware.ts";
import { systemHealthSources } from "../firmware/health/machine-health.ts";
import { HomeAssistantFace } from "../firmware/home-assistant-process/home-assistant-face.ts";
import { loopToHomeAssistant } from "../firmware/home-assistant-process/messages.ts";
import { rankMemory } from "../firmware/memory/rank.ts";
import { guardNetwork } from "../firmware/process/guard-network.ts";
import { environmentWithSecrets } from "../firmware/process/secret-handover.ts";
import { startOfOther, systemClock } from "../firmware/process/system-clock.ts";
import type { MessageFromFace } from "../firmware/remote-device/messages.ts";
import { runFace } from "../firmware/remote-device/run-face.ts";
import { boardOrLastGood } from "../firmware/storage/last-good.ts";
import { childEnding } from "../firmware/supervision/child-ending.ts";
import { remoteLog } from "../firmware/supervision/remote-log.ts";
import { sendToParent } from "../firmware/supervision/send-to-parent.ts";
import { runningRelease } from "../firmware/update/launch-note.ts";
import { unitId } from "../firmware/update-process/unit-id.ts";
import { oneOf, readContext } from "./line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";

export const verb: Verb = {
  name: "home-assistant",
  summary: "Runs the process of Home Assistant; started by the control loop",
  usage: "home-assistant [FLAGS]",
  flags: {
    data: sharedFlags.data,
    board: sharedFlags.board,
    "log-level": { value: "LEVEL", doc: "minimum log level" },
    "up-since": { value: "MS", doc: "when the loop started, counted from the machine's start" },
    "simulated-to-cloud": { doc: "send the virtual hat's readings to another machine" },
    "relay-life": { value: "CYCLES", doc: "rated life of the relay" },
  },
  run: homeAssistant,
};

/** Enough of the digest to tell the units of a house apart, and short in a topic. */
const idDigits = 12;

async function homeAssistant(args: Arguments): Promise<number> {
  rankMemory("home-assistant");
  const send = (message: MessageFromFace, sent?: () => void): void => sendToParent(message, sent);
  const log = remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send);
  const { data } = readContext(args);
  const choice = boardOrLastGood(args.value("board") ?? "auto", data).value;
  const manifest = loadManifest(choice);
  guardNetwork(manifest);
  const ended = childEnding({
    log,
    send,
    name: "home-assistant",
    title: "process of Home Assistant",
    dataPath: data.path,
  });
  return await runFace({
    log,
    send,
    ended,
    messages: loopToHomeAssistant,
    unreadable: "home-assistant-message-unreadable",
    makeFace: (firmwareReport) =>
      new HomeAssistantFace({
        clock: systemClock,
        log,
        dataPath: data.path,
        env: () => environmentWithSecrets(process, process.env),
        manifest,
        readings: {
          simulated: choice.wiring.backend === "virtual",
          simulatedToCloud: args.has("simulated-to-cloud"),
        },
        firmware: runningRelease(),
        board: choice.wiring.board,
        unitId: () => `heater-${unitId("home-assistant").slice(0, idDigits)}`,
        startedMs: startOfOther(args.value("up-since")),
        healthSources: systemHealthSources(data.path),
        relayLife: Number(args.value("relay-life")),
        firmwareReport,
        restart: () => send({ kind: "restart" }),
        checkForUpdate: () => send({ kind: "check-for-update" }),
      }),
  });
}

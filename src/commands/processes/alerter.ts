/** `alerter`: the alert process, started by the control loop; not for direct use. */

import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { type Log, logLevels } from "../../base/log.ts";
import { conditionsOf, type DeviceConditions } from "../../firmware/alerts/alert.ts";
import { alertFileName, readAlertFile } from "../../firmware/alerts/alert-file.ts";
import { alertRecordName } from "../../firmware/alerts/alert-summary.ts";
import { type AlertsToLoop, type LoopToAlerts, loopToAlerts } from "../../firmware/alerts/messages.ts";
import { startSystemAlerts } from "../../firmware/alerts/system-alerts.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { rankMemory } from "../../firmware/memory/rank.ts";
import { guardNetwork } from "../../firmware/process/guard-network.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { endWithLoop, listenToLoop } from "../../firmware/supervision/child.ts";
import { childEnding } from "../../firmware/supervision/child-ending.ts";
import { remoteLog } from "../../firmware/supervision/remote-log.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import { oneOf, readContext } from "../line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "alerter",
  summary: "The alert process, started by the control loop",
  usage: "alerter [FLAGS]",
  flags: {
    data: sharedFlags.data,
    "log-level": { value: "LEVEL", doc: "what is logged" },
    "time-zone": { value: "ZONE", doc: "of the times in messages" },
  },
  run: alerter,
};

interface Running {
  observe(conditions: DeviceConditions): void;
  close(): Promise<void>;
}

async function alerter(args: Arguments): Promise<number> {
  rankMemory("alerts");
  const send = (message: AlertsToLoop, sent?: () => void): void => sendToParent(message, sent);
  const log = remoteLog(systemClock, oneOf(args, "log-level", logLevels, "info"), send);
  const { data } = readContext(args);
  const name = "alerts";
  const ended = childEnding({ log, send, name, title: "alert process", dataPath: data.path });
  let running: Running | undefined;
  let newest: DeviceConditions | undefined;
  listenToLoop<Extract<LoopToAlerts, { readonly kind: "conditions" }>>({
    ...{ log, send, ended, name, messages: loopToAlerts },
    onMessage(conditions) {
      newest = conditions;
      running?.observe(conditions);
    },
  });
  const timeZone = args.value("time-zone") ?? "auto";
  running = await start(data.path, timeZone, log, (failure) => send({ kind: "health", failure }));
  if (newest !== undefined) running?.observe(newest);
  return await endWithLoop(ended, () => running?.close());
}

/** An invalid file is shown as a fault until it is corrected and the firmware restarts. */
async function start(
  dataPath: string,
  timeZone: string,
  log: Log,
  onFailure: (failure: string | undefined) => void,
): Promise<Running | undefined> {
  try {
    const manifest = loadManifestWithoutHat();
    guardNetwork(manifest);
    const settings = await readAlertFile(dataPath);
    // The file existed when the loop started this process, and was removed meanwhile.
    if (settings === undefined) {
      onFailure(undefined);
      return undefined;
    }
    const alerts = await startSystemAlerts({
      ...{ settings, manifest, timeZone, env: process.env, clock: systemClock, log, onFailure },
      ...{ dataPath, path: join(dataPath, alertRecordName) },
    });
    onFailure(undefined);
    return {
      observe: (conditions) => alerts.observe(conditionsOf(conditions, settings)),
      close: () => alerts.close(),
    };
  } catch (error) {
    const cause = messageOf(error);
    log.error("alerts-unusable", {
      cause,
      remedy: `Correct ${join(dataPath, alertFileName)}, then restart.`,
      now: "no alerts are sent",
    });
    onFailure(cause);
    return undefined;
  }
}

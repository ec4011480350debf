/** Writes the core's events into the log: each fault with what it means and what to do. */

import type { Log } from "../base/log.ts";
import type { ControlEvent } from "../control/output.ts";
import { faultEffects } from "../model/faults.ts";

export function logEvent(log: Log, event: ControlEvent): void {
  switch (event.kind) {
    case "heater":
      log.info("heater", { on: event.on, reason: event.reason });
      break;
    case "target":
      log.info("target", {
        from: event.from,
        to: event.to,
        source: event.source,
        ...(event.because ? { because: event.because, button: event.button } : {}),
      });
      break;
    case "mode":
      log.info("mode", { mode: event.mode, source: event.source });
      break;
    case "heater-switch":
      log.info("heater-switch", { on: event.on, source: event.source });
      break;
    case "sensor-offset":
    case "telemetry-interval":
      log.info(event.kind, { from: event.from, to: event.to, source: event.source });
      break;
    case "boost":
      log.info("boost", { minutes: event.minutes, source: event.source });
      break;
    case "boost-ended":
      log.info("boost-ended", { because: event.because });
      break;
    case "identify":
      log.info("identify", { seconds: event.seconds, source: event.source });
      break;
    case "fault-raised": {
      const { rule, remedy } = faultEffects[event.fault];
      const detail = event.detail === remedy ? undefined : event.detail;
      log.warn("fault-raised", { fault: event.fault, rule, detail, remedy });
      break;
    }
    case "fault-reason":
      log.warn("fault-reason", { fault: event.fault, detail: event.detail });
      break;
    case "fault-ended":
      log.info("fault-ended", { fault: event.fault });
      break;
    case "refused":
      log.warn("refused", { request: event.request, reason: event.reason });
      break;
  }
}

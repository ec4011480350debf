/** Writes the core's events into the log: each fault with what it means and what to do. */
import { faultEffects } from "../control/faults.ts";
import type { ControlEvent } from "../control/input.ts";
import type { Log } from "../control/log.ts";

export function logEvent(log: Log, event: ControlEvent): void {
  switch (event.kind) {
    case "heater":
      return log.info("heater", { on: event.on, reason: event.reason });
    case "target":
      return log.info("target", { from: event.from, to: event.to, source: event.source });
    case "mode":
      return log.info("mode", { mode: event.mode, source: event.source });
    case "heater-switch":
      return log.info("heater-switch", { on: event.on, source: event.source });
    case "fault-raised": {
      const { rule, remedy } = faultEffects[event.fault];
      return log.warn("fault-raised", { fault: event.fault, rule, detail: event.detail, remedy });
    }
    case "fault-ended":
      return log.info("fault-ended", { fault: event.fault });
    case "refused":
      return log.warn("refused", { request: event.request, reason: event.reason });
  }
}

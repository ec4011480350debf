/** The core's events as the log names them, and each fault with what it means and what to do. */

import type { Log } from "../base/log.ts";
import type { ControlEvent } from "../control/output.ts";
import { faultEffects } from "../model/faults.ts";
import { eventNameOf } from "../model/properties.ts";

/** An event's name and what it says. */
export function namedEvent(event: ControlEvent): { readonly name: string; readonly fields: object } {
  const { kind, ...fields } = event;
  if (event.kind !== "changed") return { name: kind, fields };
  const { kind: _, name, ...change } = event;
  return { name: eventNameOf(name), fields: change };
}

export function logEvent(log: Log, event: ControlEvent): void {
  const { name, fields } = namedEvent(event);
  switch (event.kind) {
    case "fault-raised": {
      const { rule, remedy } = faultEffects[event.fault];
      const detail = event.detail === remedy ? undefined : event.detail;
      log.warn(name, { ...fields, rule, detail, remedy });
      break;
    }
    case "fault-reason":
    case "refused":
      log.warn(name, { ...fields });
      break;
    default:
      log.info(name, { ...fields });
  }
}

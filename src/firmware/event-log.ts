/** Logs the core's events under the log's names; a fault with its meaning and remedy. */

import { isRecord } from "../base/json/value.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { ControlEvent } from "../control/output.ts";
import { faultEffects } from "../model/faults.ts";
import { eventNameOf } from "../model/properties.ts";

/** An event's name and fields in the log. */
export function namedEvent(event: ControlEvent): { readonly name: string; readonly fields: object } {
  const { kind, ...fields } = event;
  if (event.kind !== "changed") return { name: kind, fields };
  const { kind: _, name, ...change } = event;
  return { name: eventNameOf(name), fields: change };
}

/** A schedule as JSON, since a field of a log line cannot be an object. */
const flat = (fields: object): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isRecord(value) ? JSON.stringify(value) : value]),
  );

export function logEvent(log: Log, event: ControlEvent): void {
  const { name, fields: all } = namedEvent(event);
  const fields = flat(all);
  switch (event.kind) {
    case "fault-raised": {
      const { rule, remedy } = faultEffects[event.fault];
      const detail = event.detail === remedy ? undefined : event.detail;
      log.warn(name, { ...fields, rule, detail, remedy });
      break;
    }
    case "fault-reason":
    case "refused":
      log.warn(name, fields);
      break;
    default:
      log.info(name, fields);
  }
}

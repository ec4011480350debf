/** The alert settings and state of a device, without secrets: of the address only the host, and no token. */
import { join } from "node:path";
import { isoTime } from "../../base/iso-time.ts";
import { durableSystemFiles } from "../storage/durable-files.ts";
import type { AlertSettings } from "./alert-file.ts";
import { readRecord } from "./record.ts";

export const alertRecordName = "alerts-told.json";

export interface AlertSummary {
  readonly host: string;
  readonly format: AlertSettings["format"];
  readonly hasToken: boolean;
  readonly offlineMinutes: number;
  readonly spacingMinutes: number;
  readonly maxPerHour: number;
  readonly ignore: AlertSettings["ignore"];
  /** Conditions whose beginning was reported, and not their end. */
  readonly told: readonly { readonly code: string; readonly title: string; readonly since: string }[];
  /** Messages that were not delivered yet. */
  readonly waiting: number;
}

export async function readAlertSummary(dataPath: string, settings: AlertSettings): Promise<AlertSummary> {
  const { url, format, token, offlineMinutes, spacingMinutes, maxPerHour, ignore } = settings;
  const { told, waiting } = await readRecord(durableSystemFiles, join(dataPath, alertRecordName));
  return {
    host: url.host,
    format,
    hasToken: token !== undefined,
    ...{ offlineMinutes, spacingMinutes, maxPerHour, ignore },
    told: told.map(({ code, title, sinceMs }) => ({ code, title, since: isoTime(sinceMs) })),
    waiting: waiting.length,
  };
}

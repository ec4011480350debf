/**
 * What must survive a restart: the conditions that were reported, and the messages that wait for delivery.
 *
 * Guarantees: an unreadable record counts as empty; it holds neither the address nor the token. It is
 * replaced as a whole: a power cut leaves the old one or the new one.
 */
import { dirname } from "node:path";
import { readChecked, withChecksum } from "../../base/files/checked-text.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { object, validItems } from "../../base/schema/structures.ts";
import { integer, lenient } from "../../base/schema/values.ts";
import { large } from "../process/message-values.ts";
import type { DurableFiles } from "../storage/durable-files.ts";
import { alertSchema, conditionFields } from "./alert.ts";

const record = object({
  told: lenient(validItems(object({ ...conditionFields, sinceMs: large })), () => []),
  waiting: lenient(validItems(alertSchema), () => []),
  /** Messages that were dropped because too many waited. */
  leftOut: lenient(integer(0), () => 0),
});
export type AlertRecord = Infer<typeof record>;

const empty: AlertRecord = { told: [], waiting: [], leftOut: 0 };

/** Never rejects. */
export async function readRecord(files: DurableFiles, path: string): Promise<AlertRecord> {
  const stored = await files.read(path).catch(() => undefined);
  const text = stored === undefined ? undefined : readChecked(stored)?.text;
  return (text === undefined ? undefined : readText(record, text)) ?? empty;
}

/** Rejects with the error of the disk or of the capability gate. */
export async function writeRecord(files: DurableFiles, path: string, content: AlertRecord): Promise<void> {
  await files.writeDurably(`${path}.new`, withChecksum(JSON.stringify(content)));
  await files.rename(`${path}.new`, path);
  await files.syncFolder(dirname(path));
}

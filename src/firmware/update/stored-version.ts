/** The version of the stored state, looked at as a program would that knows nothing of its content. */
import { readSmallFile } from "../../base/files/small-file.ts";
import { isRecord } from "../../base/json/value.ts";
import { decode } from "../storage/state-store.ts";

/** As durable-files.ts reads. */
const largestState = 2 ** 20;

/** `undefined`: nothing is stored. Never throws. */
export function storedVersion(stateFile: string): number | "unreadable" | undefined {
  try {
    const text = readSmallFile(stateFile, { limit: largestState });
    if (text === undefined) return undefined;
    const decoded = decode(text);
    const version = "document" in decoded && isRecord(decoded.document) ? decoded.document["schema"] : "";
    return typeof version === "number" ? version : "unreadable";
  } catch {
    return "unreadable";
  }
}

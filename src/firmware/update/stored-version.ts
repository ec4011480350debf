/** Reads the version of the stored state without interpreting the rest of it. */
import { readSmallFile } from "../../base/files/small-file.ts";
import { isRecord } from "../../base/json/value.ts";
import { decode } from "../storage/state-store.ts";

/** The same limit as in durable-files.ts. */
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

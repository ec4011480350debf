/** The whole history: the stored rows, and those that a device running on this data folder has not stored yet. */
import { existsSync } from "node:fs";
import { askUnstored } from "../local-socket/ask-history.ts";
import { LocalClient } from "../local-socket/local-client.ts";
import { socketFileIn } from "../local-socket/socket-file.ts";
import { StartupError } from "../process/exit-codes.ts";
import { type HistoryPart, readHistory } from "./read.ts";
import type { Unstored } from "./recorder.ts";
import { historyFolder } from "./segment.ts";

export interface WholeOptions {
  readonly dataPath: string;
  /** Files whose rows all began before this wall time may be left out. */
  readonly sinceMs?: number;
  /** Called when the socket exists but no device answers. */
  readonly onSilent?: () => void;
}

/** @throws the system's error: EACCES for a folder of another user */
export async function* wholeHistory(options: WholeOptions): AsyncGenerator<HistoryPart> {
  const { dataPath, sinceMs } = options;
  const unstored = await unstoredOf(options);
  yield* readHistory(historyFolder(dataPath), { end: unstored?.end, sinceMs });
  if (unstored !== undefined) yield { rows: unstored.rows, damaged: 0, unreadable: false };
}

/** @returns `undefined` when no device runs there */
async function unstoredOf({ dataPath, onSilent }: WholeOptions): Promise<Unstored | undefined> {
  if (!existsSync(socketFileIn(dataPath))) return undefined;
  try {
    const client = await LocalClient.connect(dataPath);
    try {
      return await askUnstored(client);
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    onSilent?.();
    return undefined;
  }
}

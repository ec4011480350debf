/** Requests the history rows that a running device has not stored yet. */

import type { Unstored } from "../history/recorder.ts";
import type { HistoryRow } from "../history/row.ts";
import type { LocalClient } from "./local-client.ts";

/** @throws StartupError when the device does not answer, or its firmware has no history yet */
export async function askUnstored(client: LocalClient): Promise<Unstored> {
  const rows: HistoryRow[] = [];
  client.send({ kind: "history" });
  return await new Promise((resolve, reject) => {
    client
      .each((message) => {
        if (message.kind === "history-row") rows.push(message.row);
        if (message.kind === "history-shown") resolve({ end: message.end, rows });
      })
      .catch(reject);
  });
}

/**
 * A process with an outbox on a real disk, to be killed: `node child.mjs FOLDER RUN FIRST online|offline`. Prints a
 * JSON line for each message appended and each one sent (before it is acknowledged); numbers are set-points.
 */
import { writeSync } from "node:fs";
import { Outbox } from "../../../src/azure/outbox/outbox.ts";
import { segmentStore } from "../../../src/azure/outbox/segments/store.ts";
import { silentLog } from "../../../src/base/log.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";

export interface ChildLine {
  readonly did: "append" | "send";
  readonly number: number;
  readonly atMs: number;
}

const [, , folder = "", runId = "", first = "1", link] = process.argv;

function say(did: ChildLine["did"], number: number): void {
  const line: ChildLine = { did, number, atMs: systemClock.now() };
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const outbox = Outbox.open({
  openStore: segmentStore(folder, systemClock.wallNow),
  clock: systemClock,
  log: silentLog,
  boot: { id: runId, clockZeroMs: millis(0) },
  runId,
  clockFloorMs: wallMillis(0),
  limits: { perSecond: 100, burst: 10, ackWaitMs: 0, batchEveryMs: 1000 },
  send: async ({ body }) => {
    say("send", JSON.parse(body).setPoint);
    await systemClock.sleep(millis(2));
    return "ok";
  },
});
outbox.setOnline(link === "online");
for (let number = Number(first); ; number += 1) {
  outbox.append({ setPoint: number });
  say("append", number);
  await systemClock.sleep(millis(2));
}

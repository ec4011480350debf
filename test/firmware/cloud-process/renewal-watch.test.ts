import { expect, it } from "vitest";
import { Secret } from "../../../src/azure/credentials/secret.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { issuePair } from "../../../src/firmware/claim/owner-ca.ts";
import { RenewalWatch } from "../../../src/firmware/cloud-process/renewal-watch.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { type LogLine, recordingLog } from "../../hub/running-hub.ts";
import { dayMs, makeCa, nowMs, scene } from "../claim/owner.ts";

const target = {
  kind: "dps",
  endpoint: "localhost",
  idScope: "0ne00123ABC",
  registrationId: "heater-7",
} as const;

/** The watch's device, that is looked at once an hour. */
async function watched(days: number) {
  const { cert, key } = await issuePair(await makeCa(scene().caFolder), "heater-7", { days, wallMs: nowMs });
  const lines: LogLine[] = [];
  let at = 0;
  const clock = { ...systemClock, now: () => millis(at), wallNow: () => wallMillis(nowMs + at) };
  const proof = { kind: "certificate", certificatePem: cert, keyPem: new Secret(key) } as const;
  const watch = new RenewalWatch({ target, proof }, clock, recordingLog(lines));
  return {
    watch,
    lines,
    until(day: number) {
      for (; at < day * dayMs; at += 3_600_000) watch.check();
      return lines.splice(0).map(({ level, fields }) => `${level}: ${fields["what"]}`);
    },
  };
}

it("says once a day that the certificate ends, in its last 30 days alone, and that it has ended", async () => {
  const { watch, until } = await watched(365);
  expect(watch.expires).toBe(new Date(Math.floor((nowMs + 365 * dayMs) / 1000) * 1000).toISOString());
  expect(until(334)).toEqual([]);
  const warned = until(364.9);
  expect(warned).toHaveLength(30);
  expect(warned[0]).toMatch(/^warn: The device's certificate expires in \d\d days/);
  expect(until(368)).toEqual(Array(3).fill(expect.stringMatching(/^error: .* expired on/)));
});

it("says nothing for a device with a key", () => {
  const lines: LogLine[] = [];
  const proof = { kind: "key", key: new Secret("k") } as const;
  const watch = new RenewalWatch({ target, proof }, systemClock, recordingLog(lines));
  watch.check();
  expect([watch.expires, lines]).toEqual([null, []]);
});

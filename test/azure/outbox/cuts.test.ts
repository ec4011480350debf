/** Five hundred cuts of mixed kind while telemetry flows, in virtual time, on a fake link. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeTelemetry, startTelemetry } from "../../../src/azure/telemetry.ts";
import { millis, seconds } from "../../../src/base/units.ts";
import { OutboxRig } from "./rig.ts";

type Cut = "close" | "reset" | "silence";

const cut = fc.record({
  kind: fc.constantFrom<Cut>("close", "reset", "silence"),
  /** Somewhere in a round trip, so that messages and acknowledgements are on their way. */
  afterMs: fc.integer({ min: 1, max: 30_000 }),
  forMs: fc.integer({ min: 100, max: 90_000 }),
  /** The process restarts, cleanly, while the cable is out. */
  restarts: fc.boolean(),
});

/** What a keepalive needs to find a half-open link. */
const silenceFoundAfter = millis(45_000);

describe("telemetry over a bad link", () => {
  it("arrives at least once, in order and none missing, through 500 cuts", async () => {
    let cuts = 0;
    let repeated = 0;
    const check = async (
      script: readonly { kind: Cut; afterMs: number; forMs: number; restarts: boolean }[],
    ) => {
      const rig = new OutboxRig();
      let numbers = 0;
      let state = startTelemetry(rig.clock.now());
      /** The run loop's look, once a second; the set-point numbers the readings. */
      let closing = false;
      const look = () => {
        rig.clock.setTimer(seconds(1), look);
        if (closing) return;
        const observation = {
          temperature: 19,
          humidity: 45,
          setPoint: numbers / 10,
          heatingDemand: 50,
          heaterOn: true,
          automatic: true,
          raised: [],
          ended: [],
        };
        const result = shapeTelemetry(state, observation, 5, rig.clock.now());
        state = result.state;
        for (const { heaterOn } of result.messages) {
          numbers += 1;
          rig.outbox.append({ setPoint: numbers, ...(heaterOn === undefined ? {} : { heaterOn }) });
        }
      };
      look();
      rig.outbox.setOnline(true);
      for (const { kind, afterMs, forMs, restarts } of script) {
        cuts += 1;
        await rig.clock.advance(millis(afterMs));
        // A close fails what is on its way, a reset may lose only the answer, silence answers nothing.
        rig.hub.answer = kind === "close" ? "failed" : kind === "reset" ? "lost" : "silent";
        await rig.clock.advance(kind === "silence" ? silenceFoundAfter : millis(20));
        rig.outbox.setOnline(false);
        closing = true;
        if (restarts) await rig.restart();
        closing = false;
        await rig.clock.advance(millis(forMs));
        rig.hub.answer = "ok";
        rig.outbox.setOnline(true);
      }
      await rig.advance(600);
      const { firsts, received } = rig.hub;
      expect(numbers).toBeGreaterThan(100);
      expect(firsts).toEqual(Array.from({ length: firsts.length }, (_, n) => n + 1));
      expect(numbers - firsts.length).toBeLessThanOrEqual(1);
      repeated += received.length - firsts.length;
    };
    await fc.assert(fc.asyncProperty(fc.array(cut, { minLength: 50, maxLength: 50 }), check), {
      numRuns: 10,
    });
    expect(cuts).toBeGreaterThanOrEqual(500);
    // Lost acknowledgements have to show, else nothing was cut.
    expect(repeated).toBeGreaterThan(20);
  }, 60_000);
});

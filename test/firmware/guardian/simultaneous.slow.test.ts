import { describe, expect, it, onTestFinished } from "vitest";
import { Contenders } from "./contenders.ts";

const rounds = Number(process.env["ROUNDS"] ?? 100);

describe.runIf(process.platform === "linux")("SR-12: thirty starts at once", () => {
  it(`leave exactly one holder, in ${rounds} rounds, killed holders among them`, async () => {
    const contenders = new Contenders();
    onTestFinished(() => contenders.stop());
    await contenders.start(30);
    const wrong: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const holders = await contenders.round(round % 10 === 9 ? "kill" : "release");
      if (holders !== 1) wrong.push(`round ${round}: ${holders} holders`);
    }
    expect(wrong).toEqual([]);
  }, 3_600_000);
});

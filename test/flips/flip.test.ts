/** The damage that the flip suites do to stored files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { uniform } from "../../src/simulation/noise.ts";
import { type Flip, filesBelow, flipOne, playFlips } from "./flip.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "flips-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function fill(path: string): Buffer {
  const content = Buffer.from(Array.from({ length: 3000 }, (_, at) => 1 + (at % 250)));
  writeFileSync(join(path, "a"), content);
  return content;
}

describe("damage to a stored file", () => {
  it("changes the file each time, in every kind, and the same way for the same seed", () => {
    const path = folder();
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed += 1) {
      const content = fill(path);
      const flip = flipOne(path, ["a"], uniform(seed));
      const after = readFileSync(join(path, "a"));
      expect(after.equals(content)).toBe(false);
      fill(path);
      expect(flipOne(path, ["a"], uniform(seed))).toEqual(flip);
      expect(readFileSync(join(path, "a")).equals(after)).toBe(true);
      seen.add(flip.kind);
    }
    expect([...seen].sort()).toEqual(
      ["bit", "byte", "zeroed", "truncated", "emptied", "nul-filled", "repeated"].sort(),
    );
  });

  it("is done to a copy, and one that is not survived is named with what plays it again", async () => {
    const [pristine, work] = [folder(), folder()];
    const content = fill(pristine);
    vi.stubEnv("SEED", "7");
    const spoken = vi.spyOn(console, "log").mockReturnValue();
    onTestFinished(() => {
      vi.unstubAllEnvs();
      spoken.mockRestore();
    });
    const seen: Flip[] = [];
    const startAndCheck = async (at: string, flip: Flip) => {
      expect(filesBelow(at)).toEqual(["a"]);
      seen.push(flip);
      if (seen.length === 3) throw new Error("it is dead");
    };
    const run = playFlips({ pristine, work, flips: 5, startAndCheck });
    await expect(run).rejects.toThrow(/SEED=7 FIRST=2 FLIPS=1\): it is dead/);
    expect(readFileSync(join(pristine, "a")).equals(content)).toBe(true);
    vi.stubEnv("FIRST", "2");
    await playFlips({ pristine, work, flips: 1, startAndCheck });
    expect(seen[3]).toEqual(seen[2]);
  });
});

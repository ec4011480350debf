/** Packs a staged program as a signed image: for the tests with real processes, and for the kernel rig. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeFolder, type ImageFacts, writeImage } from "../../src/update/image/build-image.ts";
import { readSigningKey } from "../../src/update/image/keys.ts";
import { signImage } from "../../src/update/image/sign-image.ts";

export type StagedFacts = Pick<ImageFacts, "version" | "counter"> & Partial<ImageFacts>;

/** @param program folder with `dist` and what it needs; gets a package.json. @returns path of the image, beside it */
export async function packStaged(program: string, given: StagedFacts, privatePem: string): Promise<string> {
  const { version } = given;
  writeFileSync(
    join(program, "package.json"),
    JSON.stringify({ name: "grove-heater", type: "module", version }),
  );
  const facts: ImageFacts = {
    product: "grove-heater",
    builtAt: 1_790_000_000,
    node: { min: "20.19.0", below: "99.0.0" },
    native: null,
    state: { reads: 1, writes: 1 },
    protocol: 1,
    ...given,
  };
  const [unsigned, signed] = [`${program}.unsigned`, `${program}.image`];
  await writeImage(program, await describeFolder(program, facts, "0".repeat(16)), unsigned);
  await signImage(unsigned, signed, readSigningKey(privatePem));
  return signed;
}

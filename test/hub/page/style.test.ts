/** The page's weight, and text that grows with the size that its reader has set. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { buildPage } from "../../../src/bootstrap/build-page.mjs";

const styles = new URL("../../../src/hub/page/style/", import.meta.url);

it("weighs less than 200 KB in total", async () => {
  const folder = mkdtempSync(join(tmpdir(), "grove-heater-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await buildPage(folder);
  const sizes = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size] as const);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`the page: ${(total / 1000).toFixed(1)} KB`);
  expect(total).toBeLessThan(200_000);
  expect(sizes.map(([name]) => name)).toContain("page.js");
});

it("has no size of text in pixels", () => {
  for (const file of readdirSync(styles)) {
    const text = readFileSync(new URL(file, styles), "utf8");
    const wrong = [...text.matchAll(/^\s*font(?:-size)?:[^;]*[\d.]px[^;]*;/gm)].map(([line]) => line.trim());
    expect({ file, wrong }).toEqual({ file, wrong: [] });
  }
});

/** A real Chromium over the built page. Where there is none, the tests that need one say so and are skipped. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { buildPage } from "../../src/bootstrap/build-page.mjs";

const places = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Where a Chromium is, or `undefined`. */
export const chromiumPath = places.find((place) => place !== "" && existsSync(place));

export const noChromium = "no Chromium here: apt-get install chromium, or name one in CHROMIUM";

/** It asks nobody for updates, news or time: a test looks at the page alone. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(noChromium);
  return await chromium.launch({ executablePath: chromiumPath, headless: true, args });
}

/** The page, built into a folder of its own. */
export async function builtPage(): Promise<{ folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "grove-heater-page-"));
  await buildPage(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

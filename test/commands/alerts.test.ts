/** `alerts set`: what it stores, and what it says of the way to the address. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runVerb } from "../../src/commands/line/run-verb.ts";
import { verb } from "../../src/commands/unit/alerts.ts";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-alerts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("alerts set", () => {
  const printed = capturePrinted();
  const set = (url: string): Promise<number> => runVerb(verb, ["set", url, "--data", folder]);

  it("stores the address, and shows its host alone", async () => {
    expect(await set("https://ntfy.sh/my-secret-topic")).toBe(exitCodes.ok);
    expect(printed.text).toContain("Alerts go to ntfy.sh.");
    expect(printed.text).not.toContain("my-secret-topic");
    expect(readFileSync(join(folder, "alerts.json"), "utf8")).toContain("my-secret-topic");
  });

  it("says of an address that the app manifest does not grant what to add, and of no other", async () => {
    await set("https://localhost:8443/topic");
    expect(printed.text).not.toContain("!");
    await set("https://alerts.example/topic");
    expect(printed.text).toContain("Alerts now go to alerts.example.");
    expect(printed.text).toMatch(/^! .*alerts\.example.*AllowedConnections/m);
  });
});

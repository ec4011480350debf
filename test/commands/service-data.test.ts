import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { otherDataFolder } from "../../src/commands/line/service-data.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/owner/claim.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-service-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const other = (link: string, chosen: string, ...words: string[]) =>
  otherDataFolder(readArguments(verb, words), chosen, link);

it("a command that is not for the service's data is told where these are, if there are any", () => {
  const link = join(folder, "data");
  expect(other(link, "/home/user/data")).toBeUndefined();
  // An ordinary user cannot follow it.
  symlinkSync("/nonexistent/private", link);
  expect(other(link, "/home/user/data")).toBe(link);
  expect(other(link, link)).toBeUndefined();
  expect(other(link, "/home/user/data", "--data", "/home/user/data")).toBeUndefined();
});

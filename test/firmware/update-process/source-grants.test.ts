import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OwnerFile } from "../../../src/firmware/update-process/owner-file.ts";
import { checkReachesSources } from "../../../src/firmware/update-process/source-grants.ts";

let program: string;
beforeEach(() => {
  program = mkdtempSync(join(tmpdir(), "source-grants-"));
  mkdirSync(join(program, "manifest"));
});
afterEach(() => rmSync(program, { recursive: true }));

const manifest = (text: string): void => writeFileSync(join(program, "manifest/app_manifest.json"), text);
const granting = (...hosts: string[]): void =>
  manifest(JSON.stringify({ Capabilities: { AllowedConnections: hosts, Later: { x: 1 } }, Later: 1 }));
const owner = (url: string, base?: string): OwnerFile =>
  ({ feed: { url }, hawkbit: base && { base: new URL(base) } }) as unknown as OwnerFile;
const feed = owner("https://Updates.example:8443/feed/");

describe("a new program", () => {
  it("that grants the hosts of all sources is taken, whatever else its manifest says", () => {
    granting("updates.example");
    expect(() => checkReachesSources(program, feed)).not.toThrow();
    granting("a.example", "*.example");
    expect(() =>
      checkReachesSources(program, owner("https://b.example/", "https://c.example/x")),
    ).not.toThrow();
  });

  it("that leaves one out is refused, with the hosts to name", () => {
    granting("localhost", "other.example");
    expect(() => checkReachesSources(program, owner("http://a.example/", "https://b.example/x"))).toThrow(
      expect.objectContaining({
        code: "source-not-granted",
        message: expect.stringContaining("does not grant a.example and b.example"),
      }),
    );
    manifest('{"Capabilities": {}}');
    expect(() => checkReachesSources(program, feed)).toThrow("does not grant updates.example");
  });

  it("needs no grant for a folder", () => {
    granting();
    expect(() => checkReachesSources(program, owner("file:///media/usb/feed/"))).not.toThrow();
  });

  it.each(["", "{", "[]", '{"Capabilities": {"AllowedConnections": "*"}}'])(
    "whose manifest is %j is left to its trial",
    (text) => {
      manifest(text);
      expect(() => checkReachesSources(program, feed)).not.toThrow();
      rmSync(join(program, "manifest"), { recursive: true });
      expect(() => checkReachesSources(program, feed)).not.toThrow();
    },
  );
});

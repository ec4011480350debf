import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { conditionsOf } from "../../../src/firmware/alerts/alert.ts";
import { readAlertFile, withAddress } from "../../../src/firmware/alerts/alert-file.ts";
import { faultCodes } from "../../../src/model/faults.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alert-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(content: unknown, mode = 0o600): void {
  const path = join(folder, "alerts.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  chmodSync(path, mode);
}
const problem = (): Promise<string> =>
  readAlertFile(folder).then(
    () => "none",
    (error: Error) => error.message,
  );

it("without a file there are no alerts", async () => {
  expect(await readAlertFile(folder)).toBeUndefined();
});

it("an address is enough; the rest has defaults", async () => {
  write({ url: "https://hooks.example/abc" });
  expect(await readAlertFile(folder)).toMatchObject({
    ...{ format: "json", offlineMinutes: 10, spacingMinutes: 10, maxPerHour: 20, ignore: [] },
  });
});

it.each([
  ["others can read it", { url: "https://hooks.example/s3cret" }, 0o644],
  ["the address is none", { url: "hooks.example/s3cret" }, 0o600],
  ["the address has a password in it", { url: "https://me:s3cret@hooks.example/" }, 0o600],
  ["the token has a line break", { url: "https://hooks.example/", token: "s3cret\nX: y" }, 0o600],
  ["a fault to ignore is unknown", { url: "https://hooks.example/s3cret", ignore: ["sensor"] }, 0o600],
  ["it is no JSON", '{"url": "https://hooks.example/s3cret"', 0o600],
])("it is refused where %s, without telling a secret", async (_, content, mode) => {
  write(content, mode);
  const said = await problem();
  expect(said).not.toBe("none");
  expect(said).not.toContain("s3cret");
});

it("another address keeps what else the file says", () => {
  const before = JSON.stringify({ url: "https://a.example/1", token: "t", ignore: ["hot-room"] });
  expect(JSON.parse(withAddress(before, "https://b.example/2", "ntfy") ?? "")).toEqual({
    ...{ url: "https://b.example/2", token: "t", ignore: ["hot-room"], format: "ntfy" },
  });
  expect(withAddress(undefined, "b.example", undefined)).toBeUndefined();
});

it("a person is told of every fault but that of the alerts themselves, and of those that are ignored", () => {
  const settings = { ignore: ["hot-room"] as const, offlineMinutes: 10 };
  const told = conditionsOf({ faults: faultCodes, link: "none" }, settings).map(({ code }) => code);
  expect(told).toEqual(faultCodes.filter((code) => code !== "hot-room" && code !== "alerts-failed"));
});

it("a link that is away is told; one that is not there by choice is not", () => {
  const codes = (link: "none" | "online" | "offline" | "connecting", offlineMinutes = 10) =>
    conditionsOf({ faults: [], link }, { ignore: [], offlineMinutes }).map(({ code }) => code);
  expect([codes("offline"), codes("connecting")]).toEqual([["offline"], ["offline"]]);
  expect([codes("none"), codes("online"), codes("offline", 0)]).toEqual([[], [], []]);
});

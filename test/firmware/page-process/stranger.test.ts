/** The page that is open to the house, as a stranger in its network asks it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../src/base/units.ts";
import { PasswordFile, storePassword } from "../../../src/firmware/page-process/password-file.ts";
import { systemClock } from "../../../src/firmware/process/system-clock.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import { temporaryFolder } from "../../hub/running-hub.ts";
import { devicePage } from "./rig.ts";

const secret = "correct horse battery";

/** A page with a password. */
async function lanPage() {
  const opened = await devicePage({ reach: "lan" });
  await storePassword(opened.data, secret);
  await systemClock.sleep(seconds(1.1));
  const signIn = async (password: string, headers = {}) =>
    await opened.to("POST", "/api/session", { body: { password }, headers });
  return { ...opened, signIn };
}

const reads = [
  "/api/hub",
  "/api/devices",
  "/api/devices/heater",
  "/api/devices/heater/history",
  "/api/devices/heater/history.csv",
  "/api/devices/heater/days",
  "/api/devices/heater/log",
  "/api/devices/heater/timeline",
  "/api/events",
  "/api/state",
] as const;

describe("a stranger", () => {
  it("reads nothing without the password", async () => {
    const { to } = await lanPage();
    for (const path of reads) expect([path, (await to("GET", path)).status]).toEqual([path, 401]);
    expect((await to("GET", "/metrics")).status).toBe(404);
    const { json } = await to("GET", "/api/session");
    expect(json).toEqual({
      passwordNeeded: true,
      signedIn: false,
      passwordSet: true,
      maySetPassword: false,
    });
  });

  it("changes nothing without the password", async () => {
    const { to, device } = await lanPage();
    const body = { properties: { targetTemperature: 30 } };
    expect((await to("PATCH", "/api/devices/heater/desired", { body })).status).toBe(401);
    const boost = { body: { name: "boost", payload: 30 } };
    expect((await to("POST", "/api/devices/heater/command", boost)).status).toBe(401);
    expect(
      (await to("POST", "/api/session/password", { body: { password: "my own password" } })).status,
    ).toBe(403);
    expect(device.inForce.values.targetTemperature).toBe(19);
  });

  it("who made up a session is none", async () => {
    const { to } = await lanPage();
    for (const cookie of ["hub-session=", "hub-session=undefined", `hub-session=${"A".repeat(43)}`])
      expect((await to("GET", "/api/hub", { headers: { cookie } })).status).toBe(401);
  });

  it("cannot use the browser of somebody who is signed in, from another site or another name", async () => {
    const { to, signIn, page, device } = await lanPage();
    const cookie = String((await signIn(secret)).headers["set-cookie"]).split(";")[0] ?? "";
    const change = async (headers: Record<string, string>) =>
      (
        await to("PATCH", "/api/devices/heater/desired", {
          body: { properties: { targetTemperature: 25 } },
          headers: { cookie, ...headers },
        })
      ).status;
    expect(await change({ origin: "http://evil.example" })).toBe(403);
    expect(await change({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await change({ host: "evil.example" })).toBe(403);
    expect(await change({ "content-type": "text/plain" })).toBe(400);
    expect(device.inForce.values.targetTemperature).toBe(19);
    expect(await change({ origin: `http://localhost:${page.port}` })).toBe(200);
  });
});

describe("the owner", () => {
  it("sets the first password on the machine itself, and is signed in", async () => {
    const { to, data, lines } = await devicePage({ reach: "lan" });
    expect((await to("GET", "/api/hub")).status).toBe(401);
    expect((await to("GET", "/api/session")).json).toMatchObject({
      passwordSet: false,
      maySetPassword: true,
    });
    const answer = await to("POST", "/api/session/password", { body: { password: secret } });
    const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
    expect((await to("GET", "/api/hub", { headers: { cookie } })).json).toMatchObject({ exposed: true });
    const file = join(data, "page", "password.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(secret);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  it("signs in, out, and must sign in again after another password was set", async () => {
    const { to, signIn, data } = await lanPage();
    expect((await signIn("wrong")).status).toBe(403);
    const cookieOf = async (password: string) =>
      String((await signIn(password)).headers["set-cookie"]).split(";")[0] ?? "";
    const status = async (cookie: string) => (await to("GET", "/api/hub", { headers: { cookie } })).status;
    const first = await cookieOf(secret);
    expect(await status(first)).toBe(200);
    await to("DELETE", "/api/session", { headers: { cookie: first } });
    expect(await status(first)).toBe(401);
    const second = await cookieOf(secret);
    await storePassword(data, "another password");
    await systemClock.sleep(seconds(1.1));
    expect(await status(second)).toBe(401);
    expect(await status(await cookieOf("another password"))).toBe(200);
  });
});

describe("the file of the password", () => {
  it("opens nothing when it is damaged", async () => {
    const data = await temporaryFolder();
    await storePassword(data, secret);
    const file = join(data, "page", "password.json");
    const whole = readFileSync(file, "utf8");
    for (const text of ["", "{}", whole.slice(0, 40), whole.replace(/"digest":"[^"]*"/, '"digest":""')]) {
      writeFileSync(file, text);
      const read = new PasswordFile(data, new VirtualClock());
      expect(read.edition).toBe("damaged");
      for (const tried of ["", secret]) expect(await read.isRight(tried)).toBe(false);
      await expect(read.setFirst(secret)).rejects.toThrow("there is a password already");
    }
  });

  it("takes each password, also of many bytes, and only that one", async () => {
    const data = await temporaryFolder();
    const password = `pässwörd ${"🔥".repeat(50)}`;
    await new PasswordFile(data, new VirtualClock()).setFirst(password);
    const read = new PasswordFile(data, new VirtualClock());
    expect(await read.isRight(password)).toBe(true);
    expect(await read.isRight(`${password} `)).toBe(false);
    expect(await read.isRight("")).toBe(false);
  });
});

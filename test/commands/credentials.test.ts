/** `credentials check | derive`, as it is built: what it prints, what it writes, and what it never shows. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeCredentials } from "../../src/azure/credentials/describe.ts";
import { Secret } from "../../src/azure/credentials/secret.ts";
import { wallMillis } from "../../src/base/units.ts";
import { readHiddenLine } from "../../src/commands/line/hidden-line.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/unit/credentials.ts";
import { certificates } from "../azure/rig.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
/** Published by Azure with DPS's symmetric key attestation. */
const groupKey = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
const device = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6";
const deviceKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grove-heater-credentials-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function credentials(args: readonly string[], { input = "", env = {} }: Given = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "credentials", ...args], {
    encoding: "utf8",
    input,
    env: { ...process.env, STATE_DIRECTORY: folder, ...env },
  });
  return { code: status, stdout, stderr };
}

const write = (content: object, mode = 0o600): void => {
  const file = join(folder, "credentials.json");
  writeFileSync(file, JSON.stringify(content));
  chmodSync(file, mode);
};
const configured = { type: "dps-symmetric-key", idScope: "0ne00123ABC", registrationId: device, deviceKey };

describe("credentials derive", () => {
  it("prints the device's key and nothing else, as in the vector that Azure published", () => {
    const derived = { code: 0, stdout: `${deviceKey}\n`, stderr: "" };
    expect(credentials(["derive", "--device", device], { input: `${groupKey}\n` })).toEqual(derived);
    const env = { GROVE_HEATER_GROUP_KEY: groupKey };
    expect(credentials(["derive", "--device", device], { env })).toEqual(derived);
  });

  it("takes the group's key out of the environment, of which a diagnostic report has a copy", async () => {
    vi.stubEnv("GROVE_HEATER_GROUP_KEY", groupKey);
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });
    expect(await verb.run(readArguments(verb, ["derive", "--device", device]))).toBe(0);
    expect(write).toHaveBeenCalledWith(`${deviceKey}\n`);
    expect(process.env["GROVE_HEATER_GROUP_KEY"]).toBeUndefined();
  });

  it("writes a private file that a device can be given, and never over another", () => {
    const out = join(folder, "credentials.json");
    const args = ["derive", "--device", device, "--id-scope", "0ne00123ABC", "--out", out];
    const { code, stdout } = credentials(args, { input: groupKey });
    expect(code).toBe(0);
    expect(stdout).not.toContain(deviceKey);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(configured);
    expect(credentials(["check"]).code).toBe(0);
    expect(credentials(args, { input: groupKey })).toMatchObject({ code: 74 });
  });

  it.each([
    ["a key on the command line", ["derive", "--device", device, groupKey], groupKey, "history"],
    ["a key for a flag", ["derive", "--device", device, `--key=${groupKey}`], groupKey, "'--key'"],
    ["no device", ["derive"], groupKey, "--device"],
    ["an id that is none", ["derive", "--device", "a b"], groupKey, "registration id"],
    ["no key", ["derive", "--device", device], "\n", "standard input"],
    ["a key that is none", ["derive", "--device", device], "secret-word", "base64"],
    ["a file without a scope", ["derive", "--device", device, "--out", "x.json"], groupKey, "--id-scope"],
    [
      "a scope without a file",
      ["derive", "--device", device, "--id-scope", "0ne00123ABC"],
      groupKey,
      "--out",
    ],
    [
      "a scope that is none",
      ["derive", "--device", device, "--id-scope", "a b", "--out", "x.json"],
      groupKey,
      "--id-scope",
    ],
  ])("refuses %s, says what to do, and quotes no key", (_what, args, input, says) => {
    const { code, stdout, stderr } = credentials(args, { input });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/8isrFI|secret-word|Jsm0/);
    expect(existsSync("x.json")).toBe(false);
  });
});

describe("credentials check", () => {
  it("says that there are none, and what run does in this case", () => {
    const { code, stdout } = credentials(["check"]);
    expect(code).toBe(0);
    expect(stdout).toContain("local hub");
  });

  it("says in words what is configured, and who may read it, without the key", () => {
    write(configured);
    const { code, stdout } = credentials(["check"]);
    expect(code).toBe(0);
    for (const said of ["0600", "0ne00123ABC", device, "global.azure-devices-provisioning.net"]) {
      expect(stdout).toContain(said);
    }
    expect(stdout).not.toContain("Jsm0");
    expect(JSON.parse(credentials(["check", "--json"]).stdout)).toMatchObject({
      configured: true,
      problems: [],
    });
  });

  it("takes the environment before the file", () => {
    write(configured);
    const connection = `HostName=hub.azure-devices.net;DeviceId=by-string;SharedAccessKey=${deviceKey}`;
    const env = {
      IOTHUB_DEVICE_SECURITY_TYPE: "connectionString",
      IOTHUB_DEVICE_CONNECTION_STRING: connection,
    };
    const { code, stdout } = credentials(["check"], { env });
    expect(code).toBe(0);
    expect(stdout).toContain("by-string");
    expect(stdout).not.toContain("Jsm0");
  });

  it.each<[string, object, number, string]>([
    ["a file that others may read", configured, 0o644, "chmod 600"],
    ["a host that the manifest does not name", { ...configured, endpoint: "example.org" }, 0o600, "Allowed"],
    ["a group's key on a device", { ...configured, groupKey }, 0o600, "Derive"],
    ["a key that is none", { ...configured, deviceKey: "short" }, 0o600, "base64"],
    ["a CA that is not there", { ...configured, caFile: "ca.pem" }, 0o600, "caFile"],
    ["a CA that is no certificate", { ...configured, caFile: "credentials.json" }, 0o600, "PEM"],
  ])("names %s and the next step: exit code 78", (_what, content, mode, says) => {
    write(content, mode);
    const { code, stdout, stderr } = credentials(["check"]);
    expect(code).toBe(78);
    expect(stdout + stderr).toContain(says);
    expect(stdout + stderr).not.toMatch(/8isrFI|Jsm0/);
  });
});

describe("a description of a certificate", () => {
  const target = {
    kind: "dps",
    endpoint: "localhost",
    idScope: "0ne00123ABC",
    registrationId: "heater-1",
  } as const;
  const day = 86_400_000;

  it("shows its subject and expiry, and what a service would reject", async () => {
    const { authority } = await certificates();
    const { cert, key } = await authority.issue("heater-1");
    const proof = { kind: "certificate", certificatePem: cert, keyPem: new Secret(key) } as const;
    const at = (ms: number) => wallMillis(Date.now() + ms);
    const good = describeCredentials({ target, proof, caPem: authority.cert }, at(0));
    expect(good.problems).toEqual([]);
    const hub = { kind: "hub", host: "hub.example", deviceId: "heater-1" } as const;
    expect(describeCredentials({ target: hub, proof }, at(0)).facts).toMatchObject({
      connects: "directly to the hub hub.example",
      "device id": "heater-1",
    });
    expect(good.facts).toMatchObject({
      connects: "through DPS at localhost",
      "id scope": "0ne00123ABC",
      "registration id": "heater-1",
    });
    expect(good.facts).toMatchObject({ proof: "a certificate for heater-1", trusts: "throw-away CA" });
    expect(describeCredentials({ target, proof }, at(3 * day)).problems).toHaveLength(1);
    expect(describeCredentials({ target, proof }, at(-3 * day)).problems).toHaveLength(1);
    const other = { ...target, registrationId: "heater-2" };
    expect(describeCredentials({ target: other, proof }, at(0)).problems[0]?.message).toContain("heater-2");
    expect(JSON.stringify(good)).not.toContain("PRIVATE");
  });
});

describe("a hidden line", () => {
  /** A terminal as far as the reader sees it. */
  class Terminal extends PassThrough {
    readonly isTTY = true;
    raw = false;
    wasRaw = false;
    setRawMode(raw: boolean): void {
      this.raw = raw;
      this.wasRaw ||= raw;
    }
  }
  const typed = async (keys: string) => {
    const terminal = new Terminal();
    const output = new PassThrough().setEncoding("utf8");
    terminal.write(keys);
    const line = await readHiddenLine(terminal as never, output, "Key: ");
    return { line, terminal, shown: output.read() };
  };

  it("is read up to Enter, fixed by backspace, and shown nowhere; the terminal is as it was", async () => {
    const { line, terminal, shown } = await typed("sexx\u007f\b\u007f\u007fsecret \r");
    expect({ line, shown }).toEqual({ line: "secret", shown: "Key: \n" });
    expect([terminal.wasRaw, terminal.raw]).toEqual([true, false]);
  });

  it("is undefined after Ctrl-C or an empty line", async () => {
    expect((await typed("half\u0003")).line).toBeUndefined();
    expect((await typed("\r")).line).toBeUndefined();
  });
});

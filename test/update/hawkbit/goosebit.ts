/**
 * PyPI's goosebit 0.2.12, a server for devices that we did not write, in a folder of its own on 127.0.0.1.
 * It listens on no other address: `python -m goosebit` would.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { freePort, untilAnswering } from "./server-process.ts";

const wanted = "goosebit==0.2.12";
/** Its own demand. */
const isNewEnough = "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)";
/** 60 packages, 100 MB: a minute where the line is good. */
const installLimitMs = 8 * 60_000;

export interface Device {
  readonly last_state: string;
  readonly sw_version: string | null;
}

export interface Goosebit {
  readonly url: string;
  /** A software image in a .swu, the only form that it takes. @returns its id */
  upload(version: string, image: Buffer): Promise<number>;
  addDevice(id: string, token: string): Promise<void>;
  assign(id: string, software: number): Promise<void>;
  device(id: string): Promise<Device>;
  log(id: string): Promise<string>;
  close(): Promise<void>;
}

/** @returns why it cannot be had here, or the running server */
export async function startGoosebit(): Promise<Goosebit | { readonly missing: string }> {
  const given = process.env["GOOSEBIT_PYTHON"];
  const python = [given, "python3.13", "python3.12", "python3.11", "python3"].find(
    (name) => name !== undefined && spawnSync(name, ["-c", isNewEnough]).status === 0,
  );
  if (python === undefined) return { missing: "no Python 3.11 or newer; name one in GOOSEBIT_PYTHON" };
  const folder = mkdtempSync(join(tmpdir(), "goosebit-"));
  const bin = hasGoosebit(python) ? dirname(python) : installed(python, join(folder, "venv"));
  if (typeof bin !== "string") {
    rmSync(folder, { recursive: true });
    return { missing: `${wanted} could not be installed from PyPI: ${bin.problem}` };
  }
  const inVenv = (name: string) => join(bin, name);
  const env = {
    ...process.env,
    GOOSEBIT_DB_URI: `sqlite://${join(folder, "db.sqlite3")}`,
    GOOSEBIT_ARTIFACTS_DIR: join(folder, "artifacts"),
    GOOSEBIT_DEVICE_AUTH__ENABLE: "true",
    GOOSEBIT_DEVICE_AUTH__MODE: "strict",
  };
  migrate(folder, inVenv, env);
  const port = await freePort();
  const args = ["goosebit:app", "--host", "127.0.0.1", "--port", String(port)];
  const child = spawn(inVenv("uvicorn"), args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(child, `${url}/setup`);
  return { ...(await administered(url)), url, close: () => ended(child, folder) };
}

/** A Python that was given, with the package in it. */
const hasGoosebit = (python: string): boolean => {
  const ask = "import importlib.metadata as m; print('goosebit==' + m.version('goosebit'))";
  return isAbsolute(python) && spawnSync(python, ["-c", ask]).stdout.toString().trim() === wanted;
};

/** @returns where its programs are, or why they are not: after a limit in any case */
function installed(python: string, venv: string): string | { readonly problem: string } {
  const bin = join(venv, "bin");
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", wanted];
  for (const [command, args] of [
    [python, ["-m", "venv", venv]],
    [join(bin, "python"), pip],
  ] as const) {
    const { status, signal, stderr } = spawnSync(command, args, {
      timeout: installLimitMs,
      killSignal: "SIGKILL",
    });
    if (signal !== null) return { problem: `not within ${installLimitMs / 60_000} minutes` };
    if (status !== 0) return { problem: String(stderr).trim().split("\n").at(-1) ?? "" };
  }
  return bin;
}

function migrate(folder: string, inVenv: (name: string) => string, env: NodeJS.ProcessEnv): void {
  const where = spawnSync(inVenv("python"), [
    "-c",
    "import importlib.util as u; print(u.find_spec('goosebit').submodule_search_locations[0])",
  ]);
  const lines = [
    "[tool.aerich]",
    'tortoise_orm = "goosebit.db.config.TORTOISE_CONF"',
    `location = "${where.stdout.toString().trim()}/db/migrations"`,
    'src_folder = "./."',
  ];
  writeFileSync(join(folder, "pyproject.toml"), `${lines.join("\n")}\n`);
  const made = spawnSync(inVenv("aerich"), ["upgrade"], { cwd: folder, env });
  if (made.status !== 0) throw new Error(`aerich: ${made.stderr}`);
}

async function ended(child: ChildProcess, folder: string): Promise<void> {
  const over = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGKILL");
  await over;
  rmSync(folder, { recursive: true, force: true });
}

async function administered(url: string): Promise<Omit<Goosebit, "url" | "close">> {
  const login = new URLSearchParams({ username: "admin@example.com", password: "admin" });
  const setup = await fetch(`${url}/setup`, { method: "POST", body: login });
  const { access_token: token } = (await setup.json()) as { access_token: string };
  const authorization = { authorization: `Bearer ${token}` };
  const call = async (method: string, path: string, body?: FormData | object): Promise<unknown> => {
    const isForm = body instanceof FormData;
    const type: Record<string, string> =
      isForm || body === undefined ? {} : { "content-type": "application/json" };
    const init: RequestInit = { method, headers: { ...authorization, ...type } };
    if (body !== undefined) init.body = isForm ? body : JSON.stringify(body);
    const answer = await fetch(`${url}/api/v1${path}`, init);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    async upload(version, image) {
      const form = new FormData();
      form.set("file", new Blob([new Uint8Array(inSwu(version, image))]), `heater-${version}.swu`);
      return ((await call("PUT", "/software", form)) as { id: number }).id;
    },
    async addDevice(id, secret) {
      await call("PUT", "/devices", { devices: [id], auth_token: secret });
    },
    async assign(id, software) {
      await call("PATCH", "/devices", { devices: [id], software: String(software) });
    },
    // The route of one device fails in this version.
    device: async (id) => {
      const { devices } = (await call("GET", "/devices")) as {
        devices: readonly (Device & { readonly id: string })[];
      };
      const found = devices.find((each) => each.id === id);
      if (found === undefined) throw new Error(`goosebit has no device ${id}`);
      return found;
    },
    log: async (id) => ((await call("GET", `/devices/${id}/log`)) as { log: string | null }).log ?? "",
  };
}

/** SWUpdate's form: a cpio archive ("new ASCII with CRC") of sw-description and the image. */
function inSwu(version: string, image: Buffer): Buffer {
  const description = `software =\n{\n  version = "${version}";\n  hardware-compatibility: [ "default" ];\n  images: ( { filename = "image"; } );\n}\n`;
  return Buffer.concat([
    cpioEntry("sw-description", Buffer.from(description)),
    cpioEntry("image", image),
    cpioEntry("TRAILER!!!", Buffer.alloc(0)),
  ]);
}

function cpioEntry(name: string, content: Buffer): Buffer {
  const sum = content.reduce((total, byte) => total + byte, 0);
  const isTrailer = name === "TRAILER!!!";
  const fields = [0, isTrailer ? 0 : 0o100_644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, sum];
  const header = `070702${fields.map((field) => (field >>> 0).toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.from(`${header}${name}\0`)), padded(content)]);
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

/** The image out of the .swu. */
export function imageInSwu(swu: Buffer): Buffer {
  const from = swu.indexOf("image\0");
  if (from < 0) return Buffer.alloc(0);
  const header = swu.lastIndexOf("070702", from);
  const size = Number.parseInt(swu.toString("latin1", header + 6 + 8 * 6, header + 6 + 8 * 7), 16);
  const start = header + Math.ceil((110 + "image\0".length) / 4) * 4;
  return swu.subarray(start, start + size);
}

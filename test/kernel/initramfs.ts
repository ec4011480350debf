/**
 * Makes the guest's whole file system: busybox, this very node with its libraries, the kernel modules, the built
 * firmware with the packages it needs at run time, and the guest's program.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { runtimePackages } from "../../src/firmware/service/program-files.ts";
import { Cpio } from "./cpio.ts";
import type { Tools } from "./prerequisites.ts";

export interface InitramfsParts {
  /** Root of the repository, with node_modules. */
  readonly root: string;
  readonly cache: string;
  readonly rigModule: string;
  /** The bundled guest program. */
  readonly guest: string;
}

/** To be run, not only read. */
const PROGRAM = "dist/native/relay-off";
/** Built or written by us, taken as they are. */
const FIRMWARE = ["dist", "boards", "manifest", "package.json"];
/** Of packages, only what node loads: sources, headers and documents stay out. */
const LOADABLE = new Set([".js", ".cjs", ".mjs", ".json", ".node"]);
const APPLETS = ["sh", "mount", "insmod", "rmmod", "poweroff", "stty", "ip", "sleep"];

/** Second serial port: results. First: the kernel's console. */
const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /tmp
ip link set lo up
stty -F /dev/ttyS1 raw -echo
insmod /modules/i2c-dev.ko
cd /app
/bin/node /app/guest/main.mjs >/dev/console 2>&1
echo "guest program ended: $?" >/dev/console
poweroff -f
`;

/** @returns path of the archive */
export function makeInitramfs(tools: Tools, parts: InitramfsParts): string {
  const archive = new Cpio()
    .device("/dev/console", 5, 1)
    .file("/init", INIT, 0o755)
    .file("/modules/i2c-dev.ko", readModule(tools, tools.kernel.i2cDev))
    .file("/modules/grove_rig.ko", readFileSync(parts.rigModule))
    .file("/app/guest/main.mjs", readFileSync(parts.guest));
  for (const folder of ["/proc", "/sys", "/tmp", "/run", "/run/lock"]) archive.folder(folder);
  addPrograms(archive, tools, parts.cache);
  for (const name of FIRMWARE)
    addTree(archive, join(parts.root, name), `/app/${name}`, (file) => !file.endsWith(".map"));
  for (const path of runtimePackages(parts.root)) {
    addTree(archive, join(parts.root, path), `/app/${path}`, (file) => LOADABLE.has(extname(file)));
  }
  const result = join(parts.cache, "initramfs.cpio");
  archive.writeTo(result);
  return result;
}

function readModule(tools: Tools, path: string): Uint8Array {
  if (!path.endsWith(".xz")) return readFileSync(path);
  return execFileSync(tools.xz, ["-dc", path], { maxBuffer: 64 << 20 });
}

function addPrograms(archive: Cpio, tools: Tools, cache: string): void {
  archive.file("/bin/busybox", readFileSync(tools.busybox), 0o755);
  for (const applet of APPLETS) archive.link(`/bin/${applet}`, "busybox");
  archive.file("/bin/node", readFileSync(strippedNode(tools, cache)), 0o755);
  // Debian's busybox has none.
  archive.file("/bin/flock", readFileSync(tools.flock), 0o755);
  const programs = [process.execPath, tools.busybox, tools.flock];
  const libraries = new Set(programs.flatMap(librariesOf));
  for (const path of libraries) archive.file(path, readFileSync(path), 0o755);
}

/** Node's symbol table is a sixth of its size and nobody reads it here; the dynamic symbols stay. */
export function strippedNode(tools: Tools, cache: string): string {
  const { size, mtimeMs } = statSync(process.execPath);
  const key = createHash("sha256")
    .update(`${process.execPath} ${size} ${mtimeMs}`)
    .digest("hex")
    .slice(0, 16);
  const result = join(cache, `node-${key}`);
  if (!existsSync(result)) execFileSync(tools.strip, ["-s", "-o", result, process.execPath]);
  return result;
}

function librariesOf(program: string): string[] {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  return [...(stdout ?? "").matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}

function addTree(archive: Cpio, from: string, to: string, wanted: (file: string) => boolean): void {
  if (!existsSync(from)) return;
  if (!statSync(from).isDirectory()) {
    if (wanted(from)) archive.file(to, readFileSync(from), from.endsWith(PROGRAM) ? 0o755 : 0o644);
    return;
  }
  for (const name of readdirSync(from)) {
    const intermediate = basename(from) === "Release" && name === "obj.target";
    if (intermediate) continue;
    addTree(archive, join(from, name), `${to}/${name}`, wanted);
  }
}

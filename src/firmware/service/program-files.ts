/**
 * Copies the program with its Node.js to where the service's user can read it.
 *
 * Guarantee: a new version is copied beside the one in use and synced to the disk; renaming one link then
 * makes it the current one. A power cut at any moment leaves the old version or the new one. Whatever the
 * modes of the source, every user may read the copy and only root may write it; no link leads out of the
 * source.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { renameOver } from "../../base/files/atomic-file.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { keysFolder } from "../update/places.ts";
import { readTrustedKeys } from "../update/trusted-keys.ts";
import { nodeIn, places, type System } from "./system.ts";

export interface Program {
  /** Folder of the package: dist/, boards/, manifest/, package.json, node_modules/. */
  readonly root: string;
  /** The node binary that the native packages are built for. */
  readonly node: string;
  readonly version: string;
  /** A board definition of the user's own. */
  readonly boardFile?: string | undefined;
  /**
   * Keys whose update images are accepted; default: those of the previous version, otherwise those of the source.
   */
  readonly keys?: readonly TrustedKey[] | undefined;
}

const parts = ["dist", "boards", "manifest", "package.json", "LICENSE"];
/** Which files of packages are copied: what Node.js loads, and what their licences require. */
const loadable = new Set([".js", ".cjs", ".mjs", ".json", ".node", ".wasm"]);
const licence = /^(licen[cs]e|notice|copying|authors)/i;
/** Build tools, never loaded on a device. */
const buildOnly = new Set(["esbuild", "nan", "node-addon-api", "node-api-headers", "prebuild-install"]);

/**
 * @returns the folder of the new version, which is not the current one yet
 * @throws StartupError (storage), the system's error
 */
export async function copyProgram(system: System, program: Program): Promise<string> {
  const { root, node, version, boardFile } = program;
  mkdirSync(system.at(places.program), { recursive: true, mode: 0o755 });
  chmodSync(system.at(places.program), 0o755);
  const id = freeName(system, version);
  const fresh = join(places.program, `${id}.new`);
  const to = system.at(fresh);
  checkSpace(to, statSync(node).size);
  rmSync(to, { recursive: true, force: true });
  stageProgram(root, to);
  if (boardFile !== undefined) copyTree(boardFile, join(to, "boards", basename(boardFile)), () => true);
  putKeys(to, program.keys ?? previousKeys(system, root));
  makeFolder(join(to, "bin"));
  copyTree(node, nodeIn(to), () => true);
  // All its bytes must be on the disk before it can become the current version.
  system.run("sync", ["-f", to], { limit: 300 });
  const folder = join(places.program, id);
  await renameOver(to, system.at(folder));
  return folder;
}

/** Keys that the owner has installed are kept at every upgrade. */
function previousKeys(system: System, root: string): readonly TrustedKey[] {
  const { keys, problems } = readTrustedKeys(keysFolder(system.at(places.current)));
  for (const problem of problems) system.print(`not kept: ${problem}`);
  return keys.length > 0 ? keys : readTrustedKeys(keysFolder(root)).keys;
}

/** Beside the program, where only root may write, and no update does. */
function putKeys(to: string, keys: readonly TrustedKey[]): void {
  const folder = keysFolder(to);
  if (keys.length > 0) makeFolder(folder);
  for (const { id, key } of keys) {
    const file = join(folder, `${id}.pub`);
    writeFileSync(file, key.export({ type: "spki", format: "pem" }));
    chmodSync(file, 0o644);
  }
}

/** Copies the program and the packages that it needs at run time to `to`. @throws the system's error */
export function stageProgram(root: string, to: string): void {
  makeFolder(to);
  for (const name of parts) copyTree(join(root, name), join(to, name), (file) => extname(file) !== ".map");
  makeFolder(join(to, "node_modules"));
  for (const path of runtimePackages(root)) copyTree(join(root, path), join(to, path), isNeededOfPackage);
}

/** From now on the service starts this version. */
export async function makeCurrent(system: System, folder: string): Promise<void> {
  const link = system.at(places.current);
  rmSync(`${link}.new`, { recursive: true, force: true });
  symlinkSync(basename(folder), `${link}.new`);
  await renameOver(`${link}.new`, link);
  system.run("sync", ["-f", dirname(link)]);
}

/**
 * Removes all but the current one. Call it only when the service runs from that: a guardian starts loops from
 * its folder.
 */
export function removeOldVersions(system: System, folder: string): void {
  for (const name of readdirSync(system.at(places.program))) {
    const isVersion = /-\d+(?:\.new)?$/.test(name);
    if (isVersion && name !== basename(folder))
      rmSync(system.at(join(places.program, name)), { recursive: true, force: true });
  }
}

/** `0.1.0-1`, `0.1.0-2`, … */
function freeName(system: System, version: string): string {
  for (let number = 1; ; number += 1) {
    const name = `${version}-${number}`;
    if (!existsSync(system.at(join(places.program, name)))) return name;
  }
}

/** Besides Node.js itself the program needs some tens of megabytes. */
function checkSpace(folder: string, nodeBytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(folder));
  const needed = nodeBytes + 60 * 2 ** 20;
  if (bavail * bsize >= needed) return;
  const mib = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;
  throw new StartupError(
    exitCodes.storage,
    `${dirname(folder)} has ${mib(bavail * bsize)} free, but the program needs ${mib(needed)}.`,
    "Free space on that disk, for example: sudo apt-get clean",
  );
}

function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o755);
}

function copyTree(from: string, to: string, wanted: (file: string) => boolean): void {
  if (!existsSync(from)) return;
  const stats = lstatSync(from).isSymbolicLink() ? statSync(from) : lstatSync(from);
  if (stats.isDirectory()) {
    makeFolder(to);
    for (const name of readdirSync(from)) {
      const path = join(from, name);
      // Links in .bin, and packages that npm links from elsewhere, are not part of the program.
      if (lstatSync(path).isSymbolicLink() || isIntermediate(from, name)) continue;
      copyTree(path, join(to, name), wanted);
    }
  } else if (stats.isFile() && wanted(from)) {
    copyFileSync(from, to);
    chmodSync(to, (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

/** Intermediate files of the compiler in a native package. */
const isIntermediate = (folder: string, name: string): boolean =>
  basename(folder) === "Release" && name === "obj.target";

function isNeededOfPackage(file: string): boolean {
  return loadable.has(extname(file)) || licence.test(basename(file));
}

interface PackageFile {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const packageFile = (folder: string): PackageFile =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/**
 * Folders of the firmware's dependencies and of theirs, relative to the root; optional ones only at the first
 * level, where we chose them. A package inside another one is copied with it.
 */
export function runtimePackages(root: string): Set<string> {
  const found = new Set<string>();
  const visit = (from: string, names: readonly string[]): void => {
    for (const name of names) {
      const folder = buildOnly.has(name) ? undefined : resolvePackage(root, from, name);
      if (folder === undefined || found.has(folder)) continue;
      found.add(folder);
      visit(folder, Object.keys(packageFile(join(root, folder)).dependencies ?? {}));
    }
  };
  const { dependencies, optionalDependencies } = packageFile(root);
  visit("", Object.keys({ ...dependencies, ...optionalDependencies }));
  return found;
}

/** As Node.js resolves it: in node_modules beside `from`, then in the parent folders. */
function resolvePackage(root: string, from: string, name: string): string | undefined {
  for (let parent = from; ; parent = dirname(parent)) {
    const folder = join(parent, "node_modules", name);
    if (existsSync(join(root, folder, "package.json"))) return folder;
    if (parent === "" || parent === ".") return undefined;
  }
}

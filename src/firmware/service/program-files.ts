/**
 * Copies the program with its Node.js to where the service's user can read it.
 *
 * Guarantee: a new version is copied beside the one in use, is on the disk, and becomes the current one by one rename of
 * a link: a power cut at any moment leaves the old one or the new one. Whatever the modes of the source, everybody may
 * read the copy and root alone may write it; no link is followed out of the source.
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
  /** The node binary, for which the native packages are built. */
  readonly node: string;
  readonly version: string;
  /** A board definition that is not among the shipped ones. */
  readonly boardFile?: string | undefined;
  /** Whose images of updates are taken; those of the version before, else of the source, when not given. */
  readonly keys?: readonly TrustedKey[] | undefined;
}

const parts = ["dist", "boards", "manifest", "package.json", "LICENSE"];
/** Of packages: what Node.js loads, and what their licences ask for. */
const loadable = new Set([".js", ".cjs", ".mjs", ".json", ".node", ".wasm"]);
const licence = /^(licen[cs]e|notice|copying|authors)/i;
/** Tools of the build, never loaded on a device. */
const buildOnly = new Set(["esbuild", "nan", "node-addon-api", "node-api-headers", "prebuild-install"]);

/** @returns the folder of the new version, which is not the current one yet. @throws StartupError (storage), the system's error */
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
  putKeys(to, program.keys ?? keysBefore(system, root));
  makeFolder(join(to, "bin"));
  copyTree(node, nodeIn(to), () => true);
  // Before it can become the current one, every byte of it is on the disk.
  system.run("sync", ["-f", to], { limit: 300 });
  const folder = join(places.program, id);
  await renameOver(to, system.at(folder));
  return folder;
}

/** Those that an owner pinned once stay over every upgrade. */
function keysBefore(system: System, root: string): readonly TrustedKey[] {
  const { keys, problems } = readTrustedKeys(keysFolder(system.at(places.current)));
  for (const problem of problems) system.say(`not kept: ${problem}`);
  return keys.length > 0 ? keys : readTrustedKeys(keysFolder(root)).keys;
}

/** Beside the program, where root alone writes and no update comes. */
function putKeys(to: string, keys: readonly TrustedKey[]): void {
  const folder = keysFolder(to);
  if (keys.length > 0) makeFolder(folder);
  for (const { id, key } of keys) {
    const file = join(folder, `${id}.pub`);
    writeFileSync(file, key.export({ type: "spki", format: "pem" }));
    chmodSync(file, 0o644);
  }
}

/** Copies the program with the packages that it needs at run time to `to`. @throws the system's error */
export function stageProgram(root: string, to: string): void {
  makeFolder(to);
  for (const name of parts) copyTree(join(root, name), join(to, name), (file) => extname(file) !== ".map");
  makeFolder(join(to, "node_modules"));
  for (const path of runtimePackages(root)) copyTree(join(root, path), join(to, path), isWantedOfPackage);
}

/** From now on the service starts this version. */
export async function makeCurrent(system: System, folder: string): Promise<void> {
  const link = system.at(places.current);
  rmSync(`${link}.new`, { recursive: true, force: true });
  symlinkSync(basename(folder), `${link}.new`);
  await renameOver(`${link}.new`, link);
  system.run("sync", ["-f", dirname(link)]);
}

/** All but the current one. Not before the service runs from that: a guardian starts its loop from its own folder. */
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

/** Beside Node.js itself the program takes some ten megabytes. */
function checkSpace(folder: string, nodeBytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(folder));
  const wanted = nodeBytes + 60 * 2 ** 20;
  if (bavail * bsize >= wanted) return;
  const mib = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;
  throw new StartupError(
    exitCodes.storage,
    `${dirname(folder)} has ${mib(bavail * bsize)} free, and the program takes ${mib(wanted)}.`,
    "Make room on that disk, for example: sudo apt-get clean",
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
      // The links of .bin, and what npm links from elsewhere, are not part of a program.
      if (lstatSync(path).isSymbolicLink() || isIntermediate(from, name)) continue;
      copyTree(path, join(to, name), wanted);
    }
  } else if (stats.isFile() && wanted(from)) {
    copyFileSync(from, to);
    chmodSync(to, (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

/** What the compiler leaves beside a native package. */
const isIntermediate = (folder: string, name: string): boolean =>
  basename(folder) === "Release" && name === "obj.target";

function isWantedOfPackage(file: string): boolean {
  return loadable.has(extname(file)) || licence.test(basename(file));
}

interface PackageFile {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const packageFile = (folder: string): PackageFile =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/**
 * Folders of the firmware's dependencies and theirs, relative to the root; optional ones only at the first level,
 * where we chose them. A package inside another one comes with that one.
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

/** As node looks for it: in node_modules beside `from`, then further out. */
function resolvePackage(root: string, from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(root, folder, "package.json"))) return folder;
    if (at === "" || at === ".") return undefined;
  }
}

